"""Judging an answer: each row typed and timed, and set aside with a reason where it is bad."""

from datetime import datetime

import duckdb
import numpy as np
import pandas as pd

from warehouse.dataset import Dataset
from warehouse.declaration import Column
from warehouse.known_at import KNOWN_AT
from warehouse.run import Run

LIVE = "live"  # the source whose answers are of the moment
ROW_NUMBER = "row_number"

# A name that is one: a vendor may quote what nobody holds, but spaces, markup, paths, control
# characters, look-alikes and a megabyte of text name nothing that is traded.
NAME = r"\^?[A-Za-z0-9][A-Za-z0-9.=_&-]{0,23}"
OLDER = "the date lies before the first day of the calendar"
NO_TICKER = "the line has no ticker"
# What a sound answer has too: an index's bars since 1927, a fund's claims and rights.
USUAL = (OLDER, NO_TICKER)

# What makes a row bad on its own, beyond a missing key and text in a number.
REASONS = {
    "quote": {
        "the symbol is unknown: no name of a security": f"not regexp_full_match(symbol, '{NAME}')",
        "the close is missing": "close is null",
        "the symbol is the name of a basket": (
            "symbol in (select basket from reference.basket_member)"
        ),
        "it was known before its session": "given_known_at < session",
        "a price is not positive": "least(open, high, low, close, adj_close) <= 0",
        "the high is below the low": "high < low",
        OLDER: "session < (select min(day) from reference.calendar_day)",
        "the date is no session of the exchange": (
            "session not in (select day from reference.calendar_day where is_session)"
        ),
    },
    "rate": {
        "the series is unknown: no name of a series": (
            f"not regexp_full_match(series_id, '{NAME}')"
        ),
        "the value is missing": "value_pct is null",
    },
    "holding": {
        NO_TICKER: "ticker = '-'",
        # Files for other readers write BRK.B as BRK/B or with a space.
        "the ticker is unknown: no name of a security": (
            f"not regexp_full_match(regexp_replace(ticker, '[ /*]', '', 'g'), '{NAME}')"
        ),
        "it was known before its date": "given_known_at < holdings_date",
    },
    "estimate": {
        "the symbol is unknown: no name of a security": f"not regexp_full_match(symbol, '{NAME}')",
        "it was known before its date": "given_known_at < snapshot_date",
        "the horizon is none of 0q, +1q, 0y, +1y": "horizon not in ('0q', '+1q', '0y', '+1y')",
    },
    "fundamental": {
        "the symbol is unknown: no name of a security": f"not regexp_full_match(symbol, '{NAME}')",
        "it was known before its date": "given_known_at < snapshot_date",
    },
}


def judge(con: duckdb.DuckDBPyConnection, dataset: Dataset, frame: pd.DataFrame, run: Run) -> None:
    """Make the temporary tables `typed`, `repeated` and `aside` of an answer.

    `typed` has each row known by the run's horizon, cast as declared, with its place in the answer
    (the frame's `row_number`, where it is a share of one), the known_at it was given, a hash of its
    values and the reason that it is bad; `repeated` numbers the versions of a key that come at
    several times; `aside` is what `ops.quarantine` is to get.
    """
    _type_rows(con, dataset, frame, run)
    _settle_repeated(con, dataset, run)
    _set_aside(con, dataset.name, run)
    con.unregister("answer")


def with_row_numbers(answer: pd.DataFrame) -> pd.DataFrame:
    """An answer whose rows keep their place in it, whatever part of it they go to."""
    if ROW_NUMBER in answer:
        return answer
    return answer.assign(**{ROW_NUMBER: np.arange(1, len(answer) + 1)})


def _type_rows(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, frame: pd.DataFrame, run: Run
) -> None:
    # DuckDB guesses the type of a column of objects from a sample; as text it keeps every cell.
    objects = {name: "str" for name, kind in frame.dtypes.items() if kind == "object"}
    answer = frame.reset_index(drop=True).astype(objects)  # an index would be one more column
    con.register("answer", with_row_numbers(answer))
    columns = [c for c in dataset.declaration.columns if c.name in dataset.values]
    given = [column for column in columns if column.name in frame.columns]
    absent = [column for column in columns if column.name not in frame.columns]
    casts = [f'answer."{c.name}" as given_{c.name}, {_cast(c)} as {c.name}' for c in given]
    casts += [f"null::{c.type} as {c.name}" for c in absent]
    reasons = [(f"{c.name} is not a {c.type}", wrong) for c in given if (wrong := _wrong(c))]
    reasons += [(f"{name} is missing", f"{name} is null") for name in dataset.key]
    reasons += REASONS[dataset.name].items()
    known_at = "null::timestamp"
    if "known_at" in frame.columns:
        known_at = "try_cast(known_at as timestamp)"
        casts.append("answer.known_at as said_known_at")
        wrong = "said_known_at is not null and given_known_at is null"
        reasons.append(("known_at is not a timestamp", wrong))
    cases = " ".join(f"when {test} then '{reason}'" for reason, test in reasons)
    con.execute(
        f"""
        create or replace temp table typed as
        with typed as (
            select row_number, {known_at} as given_known_at, {", ".join(casts)}
            from answer
        ),

        judged as (
            select
                *,
                case {cases} end as reason,
                {KNOWN_AT[dataset.name]} as usual_known_at
            from typed as row
        ),

        timed as (
            select
                *,
                coalesce(
                    given_known_at,
                    case
                        when usual_known_at > $seen_at then greatest($seen_at, {dataset.dated_by})
                        else usual_known_at
                    end
                ) as known_at
            from judged
        )

        select
            row_number, given_known_at, {", ".join(dataset.values)}, reason, known_at,
            hash({", ".join(dataset.values)}) as fingerprint
        from timed
        where coalesce(known_at, '-infinity') <= $known_by
        """,
        {"known_by": run.known_by, "seen_at": _seen_at(dataset, run)},
    )


def _seen_at(dataset: Dataset, run: Run) -> datetime:
    """When the run has a vendor's holdings in hand; a folder's file does not say since when.

    A rate that is told before its release is a mistake, and waits.
    """
    is_in_hand = run.source == LIVE and dataset.name == "holding"
    return run.started_at if is_in_hand else datetime.max


def _settle_repeated(con: duckdb.DuckDBPyConnection, dataset: Dataset, run: Run) -> None:
    """Of rows with one key and time, keep one where they are equal and none where they differ.

    A row without a time of its own is a word of the run's.
    """
    keys = ", ".join(dataset.key)
    con.execute(
        f"""
        create or replace temp table repeated as
        with several as (
            select {keys}
            from typed
            where reason is null
            group by {keys}
            having count(*) > 1
        )

        select
            row_number,
            count(distinct fingerprint) over same > 1 as is_contradicted,
            row_number() over (same order by row_number) > 1 as is_copy,
            dense_rank() over (partition by {keys} order by told_at) as version
        from (select *, coalesce(given_known_at, $known_by) as told_at from typed)
        semi join several using ({keys})
        where reason is null
        window same as (partition by {keys}, told_at)
        """,
        {"known_by": run.known_by},
    )
    con.execute(
        """
        update typed set reason = 'the same key came twice with different values'
        from repeated
        where typed.row_number = repeated.row_number and is_contradicted
        """
    )
    con.execute(
        """
        delete from typed using repeated
        where typed.row_number = repeated.row_number and is_copy and not is_contradicted
        """
    )


def _cast(column: Column) -> str:
    """The SQL that types a cell as it came; what is no such value becomes NULL."""
    name = f'answer."{column.name}"'
    number = f"try_cast({name} as double)"
    match column.type:
        case "varchar":
            return f"nullif(trim({name}::varchar), '')"
        case "double":
            return f"case when isfinite({number}) then {number} end"
        case "bigint":
            return f"try_cast(case when isfinite({number}) then {number} end as bigint)"
        case "date":
            day = f"try_cast({name} as date)"
            return f"case when {day} between '1900-01-01' and '2199-12-31' then {day} end"
        case _:
            return f"try_cast({name} as {column.type})"


def _wrong(column: Column) -> str:
    """The SQL that says whether a cell held something else than its type; NaN is just missing."""
    name = f"given_{column.name}"
    match column.type:
        case "varchar":
            return ""
        case "double" | "bigint":
            number = f"try_cast({name} as double)"
            return f"{name} is not null and {column.name} is null and not isnan({number}) is true"
        case _:
            return f"{name} is not null and {column.name} is null"


def _set_aside(con: duckdb.DuckDBPyConnection, name: str, run: Run) -> None:
    """Bad rows as they came, each by the run that saw it first."""
    con.execute(
        """
        create or replace temp table aside as
        with bad as (
            select row_number, reason
            from typed
            where reason is not null
        ),

        came as (
            select
                answer.row_number,
                json_merge_patch(to_json(answer), '{"row_number": null}') as row
            from answer semi join bad using (row_number)
        )

        select
            $run_id as run_id,
            $dataset as dataset,
            bad.row_number,
            bad.reason,
            came.row
        from bad
        inner join came using (row_number)
        anti join ops.quarantine as seen
            on seen.dataset = $dataset
            and seen.reason = bad.reason
            and (seen.row->>'$') = (came.row->>'$')
        """,
        {"run_id": run.run_id, "dataset": name},
    )
