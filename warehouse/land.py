"""Landing: what a source said, typed, timed and appended to `raw` where it is news."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from warehouse.connect import FOLDER
from warehouse.declaration import Column, Declaration, read_declaration
from warehouse.run import Run

# Filled in by landing, not by the source.
STAMPS = ("source", "run_id", "known_at", "is_known_at_assumed", "previous_adj_close")

# What makes a row bad on its own, beyond a missing key and text in a number.
REASONS = {
    "quote": {
        "the close is missing": "close is null",
        "a price is not positive": "least(open, high, low, close, adj_close) <= 0",
        "the high is below the low": "high < low",
        "the date is no session of the exchange": (
            "session not in (select day from reference.calendar_day where is_session)"
        ),
    },
    "rate": {"the value is missing": "value_pct is null"},
    "holding": {"the line has no ticker": "ticker = '-'"},
    "estimate": {
        "the horizon is none of 0q, +1q, 0y, +1y": "horizon not in ('0q', '+1q', '0y', '+1y')"
    },
    "fundamental": {},
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
            observation_date + interval 1 month + interval 19 day + interval 22 hour
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
    con.execute("drop table typed")
    con.execute("drop table news")
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
    con.register("answer", frame.assign(row_number=np.arange(1, len(frame) + 1)))
    given = [column for column in declaration.columns if column.name in frame.columns]
    given = [column for column in given if column.name not in STAMPS]
    values = [name for name in declaration.column_names if name not in STAMPS]
    absent = [c for c in declaration.columns if c.name in values and c not in given]
    casts = [f'answer."{c.name}" as given_{c.name}, {_cast(c)} as {c.name}' for c in given]
    casts += [f"null::{c.type} as {c.name}" for c in absent]
    reasons = [(f"{c.name} is not a {c.type}", wrong) for c in given if (wrong := _wrong(c))]
    reasons += [(f"{name} is missing", f"{name} is null") for name in key]
    reasons += REASONS[declaration.table].items()
    known_at = "known_at::timestamp" if "known_at" in frame.columns else "null::timestamp"
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
                case {" ".join(f"when {test} then '{reason}'" for reason, test in reasons)} end
                    as reason,
                coalesce(given_known_at, {KNOWN_AT[declaration.table]}) as known_at
            from typed as row
        )

        select
            row_number, given_known_at, {", ".join(values)}, reason, known_at,
            hash({", ".join(values)}) as fingerprint
        from judged
        where reason is not null or known_at <= $known_by
        """,
        {"known_by": run.known_by},
    )
    con.execute(
        f"""
        update typed set reason = 'the same key came twice with different values'
        where reason is null and row_number in (
            select unnest(list(row_number))
            from typed
            where reason is null
            group by {", ".join(key)}, given_known_at
            having count(distinct fingerprint) > 1
        )
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
            return f"{name} is not null and ({number} is null or isinf({number}))"
        case _:
            return f"{name} is not null and {column.name} is null"


def _quarantine(con: duckdb.DuckDBPyConnection, dataset: str, run: Run) -> None:
    """Keep bad rows as they came, each once."""
    con.execute(
        """
        insert into ops.quarantine
        select $run_id, $dataset, bad.row_number, bad.reason, bad.row
        from (
            select typed.row_number, typed.reason, to_json(answer)::json as row
            from typed inner join answer using (row_number)
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
    values = [name for name in declaration.column_names if name not in STAMPS]
    previous = (
        "lag(adj_close) over (partition by symbol, version order by session)"
        if declaration.table == "quote"
        else "null::double"
    )
    stored_previous = "previous_adj_close" if declaration.table == "quote" else "null::double"
    con.execute(
        f"""
        create or replace temp table news as
        with sound as (
            select distinct on ({keys}, given_known_at)
                * exclude (reason),
                row_number() over (partition by {keys} order by given_known_at) as version
            from typed
            where reason is null
        ),

        said as (
            select
                *,
                {previous} as previous_adj_close,
                false as is_stored,
                '{run.run_id}' as run_id,
                coalesce(given_known_at, 'infinity'::timestamp) as place_in_time
            from sound
        ),

        stored as (
            select
                raw.*,
                hash({", ".join("raw." + name for name in values)}) as fingerprint
            from {declaration.name} as raw
            semi join sound using ({keys})
        ),

        versions as (
            select
                {keys}, place_in_time, is_stored, run_id, row_number,
                fingerprint, known_at, previous_adj_close
            from said
            union all
            select
                {keys}, known_at, true, run_id, 0,
                fingerprint, known_at, {stored_previous}
            from stored
        ),

        compared as (
            select
                *,
                lag(fingerprint) over version as version_before,
                lag(known_at) over version as known_before,
                lag(previous_adj_close) over version as previous_before
            from versions
            window version as (
                partition by {keys} order by place_in_time, not is_stored, run_id
            )
        ),

        fresh as (
            select row_number, known_before, previous_adj_close
            from compared
            where
                not is_stored
                and (
                    fingerprint is distinct from version_before
                    or (
                        previous_adj_close is not null
                        and previous_adj_close is distinct from previous_before
                    )
                )
        )

        select
            {", ".join("typed." + name for name in values)},
            fresh.previous_adj_close,
            case
                when typed.given_known_at is not null then typed.given_known_at
                when fresh.known_before is null then typed.known_at
                else greatest($known_by, fresh.known_before)
            end as known_at,
            typed.given_known_at is null
                and fresh.known_before is null
                and typed.known_at < $known_by - interval 1 day as is_known_at_assumed
        from typed
        inner join fresh using (row_number)
        """,
        {"known_by": run.known_by},
    )
    con.execute(
        f"""
        insert into {declaration.name} by name
        select * {"" if declaration.table == "quote" else "exclude (previous_adj_close)"},
            $source as source, $run_id as run_id
        from news
        """,
        {"source": run.source, "run_id": run.run_id},
    )
