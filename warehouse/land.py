"""Landing: what a source said, typed, timed and appended to `raw` where it is news."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from warehouse.connect import FOLDER
from warehouse.declaration import Column, Declaration, read_declaration
from warehouse.run import Run

# Filled in by landing, not by the source.
STAMPS = ("source", "run_id", "known_at", "is_known_at_assumed")
# Follow from the bar before in the same answer, where an answer has more than one.
FOLLOWING = ("previous_session", "previous_adj_close")
NO_BAR = "null::date, null::double"
BAR_BEFORE = """,
    case
        when
            adj_close is not null
            and lag(adj_close) over (partition by symbol, version order by session) is not null
            then lag(session) over (partition by symbol, version order by session)
    end as previous_session,
    lag(adj_close) over (partition by symbol, version order by session) as previous_adj_close
"""

# What makes a row bad on its own, beyond a missing key and text in a number.
REASONS = {
    "quote": {
        "the close is missing": "close is null",
        "the symbol is the name of a basket": (
            "symbol in (select basket from reference.basket_member)"
        ),
        "it was known before its session": "given_known_at < session",
        "a price is not positive": "least(open, high, low, close, adj_close) <= 0",
        "the high is below the low": "high < low",
        "the date is no session of the exchange": (
            "session not in (select day from reference.calendar_day where is_session)"
        ),
    },
    "rate": {"the value is missing": "value_pct is null"},
    "holding": {
        "the line has no ticker": "ticker = '-'",
        "it was known before its date": "given_known_at < holdings_date",
    },
    "estimate": {
        "it was known before its date": "given_known_at < snapshot_date",
        "the horizon is none of 0q, +1q, 0y, +1y": "horizon not in ('0q', '+1q', '0y', '+1y')",
    },
    "fundamental": {"it was known before its date": "given_known_at < snapshot_date"},
}

# When a value counts as known where the source does not say so: CONTRACT.md's table.
KNOWN_AT = {
    "quote": "session + interval 22 hour",
    "holding": """coalesce(
        (select next_session from reference.calendar_day where day = row.holdings_date),
        holdings_date + interval 1 day
    ) + interval 13 hour""",
    "estimate": "snapshot_date + interval 22 hour",
    "fundamental": "snapshot_date + interval 22 hour",
    "rate": """case
        when series_id in (
            select s.series_id from reference.rate_series as s where s.frequency = 'policy'
        ) then coalesce(
            (
                select max(d.announced_at)
                from reference.fed_decision as d
                where d.effective_date = row.observation_date and d.change_bp <> 0
            ),
            observation_date::timestamp
        )
        when series_id in (
            select s.series_id from reference.rate_series as s where s.frequency = 'monthly'
        ) then coalesce(
            (
                select min(r.released_at)
                from reference.release_calendar as r
                where r.series_id = row.series_id and r.observation_date = row.observation_date
            ),
            date_trunc('month', observation_date)
            + interval 1 month + interval 19 day + interval 22 hour
        )
        else coalesce(
            (select next_session from reference.calendar_day where day = row.observation_date),
            observation_date + interval 1 day
        ) + interval 22 hour
    end""",
}


@dataclass(frozen=True)
class Landed:
    """What became of one batch: rows received, appended, set aside."""

    dataset: str
    received: int
    landed: int
    quarantined: int


def declared(dataset: str) -> Declaration:
    """The declaration of `raw.<dataset>`."""
    return read_declaration(FOLDER / "raw" / f"{dataset}.yml")


def land(con: duckdb.DuckDBPyConnection, dataset: str, frame: pd.DataFrame, run: Run) -> Landed:
    """Append to `raw.<dataset>` what `frame` says that was not known, and note what changed.

    Columns are those of CONTRACT.md's folder source, optional ones may be absent; a `known_at` is
    naive UTC. Rows not yet known at the run's horizon wait for a later run. Bad rows go to
    `ops.quarantine` with a reason. Quotes leave the earliest changed session of each symbol in the
    temporary table `changed(symbol, session)`.
    """
    declaration = declared(dataset)
    key = [name for name in declaration.grain if name not in ("known_at", "run_id")]
    _type_rows(con, declaration, key, frame, run)
    _settle_repeated(con, key)
    _quarantine(con, dataset, run)
    _append_news(con, declaration, key, run)
    received = len(frame)
    landed = con.execute("select count(*) from news").fetchone()
    quarantined = con.execute("select count(*) from typed where reason is not null").fetchone()
    assert landed
    assert quarantined
    if dataset == "quote":
        con.execute(
            "create or replace temp table changed as "
            "select symbol, min(session) as session from news group by symbol"
        )
    con.unregister("answer")
    for table in ("typed", "repeated", "news"):
        con.execute(f"drop table {table}")
    run.rows_landed += landed[0]
    run.rows_quarantined += quarantined[0]
    return Landed(dataset, received, landed[0], quarantined[0])


def _type_rows(
    con: duckdb.DuckDBPyConnection,
    declaration: Declaration,
    key: list[str],
    frame: pd.DataFrame,
    run: Run,
) -> None:
    """Make `typed`: each row cast, with its place, given known_at and the reason it is bad."""
    # DuckDB guesses the type of a column of objects from a sample; as text it keeps every cell.
    objects = {name: "str" for name, kind in frame.dtypes.items() if kind == "object"}
    numbered = frame.astype(objects).assign(row_number=np.arange(1, len(frame) + 1))
    con.register("answer", numbered)
    given = [column for column in declaration.columns if column.name in frame.columns]
    values = _values(declaration)
    given = [column for column in given if column.name in values]
    absent = [c for c in declaration.columns if c.name in values and c not in given]
    casts = [f'answer."{c.name}" as given_{c.name}, {_cast(c)} as {c.name}' for c in given]
    casts += [f"null::{c.type} as {c.name}" for c in absent]
    reasons = [(f"{c.name} is not a {c.type}", wrong) for c in given if (wrong := _wrong(c))]
    reasons += [(f"{name} is missing", f"{name} is null") for name in key]
    reasons += REASONS[declaration.table].items()
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
                coalesce(given_known_at, {KNOWN_AT[declaration.table]}) as known_at
            from typed as row
        )

        select
            row_number, given_known_at, {", ".join(values)}, reason, known_at,
            hash({", ".join(values)}) as fingerprint
        from judged
        where coalesce(known_at, '-infinity') <= $known_by
        """,
        {"known_by": run.known_by},
    )


def _settle_repeated(con: duckdb.DuckDBPyConnection, key: list[str]) -> None:
    """Of rows with one key and time, keep one where they are equal and none where they differ.

    Leaves `repeated`, which numbers the versions of a key that come at several times.
    """
    keys = ", ".join(key)
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
            dense_rank() over (partition by {keys} order by given_known_at) as version
        from typed semi join several using ({keys})
        where reason is null
        window same as (partition by {keys}, given_known_at)
        """
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


def _values(declaration: Declaration) -> list[str]:
    return [name for name in declaration.column_names if name not in (*STAMPS, *FOLLOWING)]


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


def _quarantine(con: duckdb.DuckDBPyConnection, dataset: str, run: Run) -> None:
    """Keep bad rows as they came, each once."""
    con.execute(
        """
        insert into ops.quarantine
        with said as (
            select row_number, answer_row as row
            from (select row_number, answer as answer_row from answer)
        )

        select $run_id, $dataset, bad.row_number, bad.reason, bad.row
        from (
            select typed.row_number, typed.reason, to_json(said.row) as row
            from typed inner join said using (row_number)
            where typed.reason is not null
        ) as bad
        anti join ops.quarantine as seen
            on seen.dataset = $dataset
            and seen.reason = bad.reason
            and (seen.row->>'$') = (bad.row->>'$')
        """,
        {"run_id": run.run_id, "dataset": dataset},
    )


def _append_news(
    con: duckdb.DuckDBPyConnection, declaration: Declaration, key: list[str], run: Run
) -> None:
    """Append rows whose values differ from the version before theirs; keep them in `news`.

    A row with a known_at of its own follows the newest version known by then, one without
    follows the newest of all.
    """
    keys = ", ".join(key)
    values = ", ".join(_values(declaration))
    has_bars = FOLLOWING[0] in declaration.column_names
    bar_before = BAR_BEFORE if has_bars else ""
    bar = f"hash({', '.join(FOLLOWING)})" if has_bars else "null::ubigint"
    con.execute(
        f"""
        create or replace temp table news as
        with sound as (
            select
                typed.*,
                coalesce(repeated.version, 1) as version,
                coalesce(given_known_at, 'infinity'::timestamp) as place_in_time
            from typed left join repeated using (row_number)
            where reason is null
        ),

        said as (
            select * {bar_before}
            from sound
        ),

        stored as (
            from {declaration.name} semi join sound using ({keys})
        ),

        versions as (
            select
                {keys}, row_number, known_at, place_in_time, '{run.run_id}' as run_id,
                false as is_stored, fingerprint, {bar} as bar
            from said
            union all
            select
                {keys}, null, known_at, known_at, run_id,
                true, hash({values}), {bar}
            from stored
        ),

        compared as (
            select
                *,
                lag(fingerprint) over version as fingerprint_before,
                lag(bar) over version as bar_before,
                lag(known_at) over version as known_before
            from versions
            window version as (
                partition by {keys} order by place_in_time, not is_stored, run_id
            )
        ),

        -- The first bar of an answer has none before it, which is no news of the one it had.
        fresh as (
            select row_number, known_before
            from compared
            where
                not is_stored
                and (
                    fingerprint is distinct from fingerprint_before
                    or (bar <> hash({NO_BAR}) and bar is distinct from bar_before)
                )
        )

        select
            {values},
            {", ".join(FOLLOWING) + "," if has_bars else ""}
            case
                when given_known_at is not null then given_known_at
                when known_before is null then known_at
                else greatest($known_by, known_before)
            end as known_at,
            given_known_at is null
                and known_before is null
                and known_at < $known_by - interval 1 day as is_known_at_assumed
        from said
        inner join fresh using (row_number)
        """,
        {"known_by": run.known_by},
    )
    con.execute(
        f"""
        insert into {declaration.name} by name
        select *, $source as source, $run_id as run_id
        from news
        """,
        {"source": run.source, "run_id": run.run_id},
    )
