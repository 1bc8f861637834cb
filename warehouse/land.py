"""Landing: what a source said, typed, timed and appended to `raw` where it is news."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from warehouse.dataset import CONFIRMATION, FOLLOWING, LAID_OUT, Dataset
from warehouse.judge import judge, with_row_numbers
from warehouse.refuse import Tally, require_few_bad, tally
from warehouse.restated import find_restatements
from warehouse.run import Run

NEVER = date.max  # the `since` of what has not changed
SLICE = 1_000_000  # rows that are judged at once, which fit into a run's memory
NO_BAR = "null::date, null::double"
BAR_BEFORE = """,
    case
        when adj_close is not null and lag(adj_close) over answer is not null
            then lag(session) over answer
    end as previous_session,
    lag(adj_close) over answer as previous_adj_close
"""
# The earliest session of each symbol of which `news` has a word.
CHANGED = "select symbol, min(session) as session from news group by symbol"
ANSWER = "window answer as (partition by symbol, coalesce(version, 1) order by session)"


@dataclass(frozen=True)
class Landed:
    """What became of one batch: rows received, appended, set aside.

    No row appended is dated, or was known, before the day `since`.
    """

    dataset: str
    received: int
    landed: int
    quarantined: int
    since: date


@dataclass(frozen=True)
class Found:
    """What was found in an answer: its rows counted, how many are news, the `since` of `Landed`.

    What was found in parts of it adds up.
    """

    counted: Tally = field(default_factory=Tally)
    news: int = 0
    since: date = NEVER

    def __add__(self, other: "Found") -> "Found":
        since = min(self.since, other.since)
        return Found(self.counted + other.counted, self.news + other.news, since)


def land(con: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, run: Run) -> Landed:
    """Append to `raw.<name>` what `frame` says that was not known, and note what changed.

    Columns are those of a folder source, optional ones may be absent; a `known_at` is naive UTC.
    Rows not yet known at the run's horizon wait for a later run. Bad rows go to `ops.quarantine`
    with a reason; where they are too many, Refused is raised and the transaction taken back.
    Quotes leave the earliest changed session of each symbol in the temporary table
    `changed(symbol, session)`.
    """
    dataset = Dataset.named(name)
    found, laid_out = Found(), LAID_OUT if dataset.has_bars else ""
    if dataset.has_bars:
        con.execute("create or replace temp table changed (symbol varchar, session date)")
    for part in find_news(con, dataset, frame, run):
        found += part
        con.execute("insert into ops.quarantine by name from aside")
        con.execute(f"insert into raw.{name} by name from news {laid_out}")
        if dataset.has_bars:
            con.execute("insert into ops.restatement by name from restated")
            con.execute(f"insert into changed {CHANGED}")
    require_few_bad(con, name, found.counted, run)
    return note_landed(name, len(frame), found, run)


def slices(dataset: Dataset, answer: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """An answer in parts of about SLICE rows, each of a range of symbols, say, in their order."""
    if len(answer) <= SLICE or dataset.named_by not in answer:
        yield answer
        return
    names, _ = pd.factorize(answer[dataset.named_by].astype("str").str.strip(), sort=True)
    numbered, part_of = with_row_numbers(answer), np.bincount(names + 1).cumsum() // SLICE
    falls_to = part_of[names + 1]
    for part in np.unique(falls_to):
        yield numbered[falls_to == part]


def find_news(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, answer: pd.DataFrame, run: Run
) -> Iterator[Found]:
    """Find what is new in an answer, a slice at a time; writes temporary tables alone.

    Until the next slice is asked for, `news`, `aside` and, of quotes, `restated` hold what the raw
    table, `ops.quarantine` and `ops.restatement` are to get.
    """
    first = f"min(least({dataset.dated_by}, known_at::date))"
    for part in slices(dataset, answer):
        judge(con, dataset, part, run)
        counted = tally(con)
        _find_news(con, dataset, run)
        con.execute("drop table typed")
        con.execute("drop table repeated")
        if dataset.has_bars:
            find_restatements(con, run)
        found = con.execute(f"select count(*), {first} from news").fetchone()
        assert found
        yield Found(counted, int(found[0]), found[1] or NEVER)
        for table in ("news", "aside", "restated"):
            con.execute(f"drop table if exists temp.{table}")


def note_landed(name: str, received: int, found: Found, run: Run) -> Landed:
    """Add to the run's counts what became of a batch."""
    bad = found.counted.bad.total()
    run.rows_landed += found.news
    run.rows_quarantined += bad
    return Landed(name, received, found.news, bad, found.since)


def _find_news(con: duckdb.DuckDBPyConnection, dataset: Dataset, run: Run) -> None:
    """Rows whose values differ from the version before theirs.

    A row with a known_at of its own follows the newest version known by then, one without
    follows the newest of all.
    """
    table, has_bars = dataset.declaration.name, dataset.has_bars
    keys, values = ", ".join(dataset.key), ", ".join(dataset.values)
    # That a source stands by its word is no new word.
    worded = [name for name in dataset.values if name != CONFIRMATION]
    # Of a part of an answer what is stored of others need not be read.
    name = dataset.named_by
    names = con.execute(f"select min({name}), max({name}) from typed").fetchone()
    assert names
    said_keys = ", ".join(f"said.{key}" for key in dataset.key)
    on_keys = " and ".join(f"said.{key} = stored.{key}" for key in dataset.key)
    bar = stored_bar = "null::ubigint"
    bar_before = answer = following = bar_of = ""
    if has_bars:
        bar_before, answer = BAR_BEFORE, ANSWER
        bar, stored_bar = _hash(FOLLOWING), _hash(FOLLOWING, "stored.")
        following = ", ".join(FOLLOWING) + ","
        bar_of = f"inner join (select {following} row_number from said) using (row_number)"
    con.execute(
        f"""
        create or replace temp table news as
        with said as materialized (
            select *, {bar} as bar
            from (
                select
                    {keys},
                    row_number,
                    typed.known_at,
                    coalesce(given_known_at, 'infinity'::timestamp) as place_in_time,
                    fingerprint
                    {bar_before}
                from typed left join repeated using (row_number)
                where reason is null
                {answer}
            )
        ),

        met as materialized (
            select
                {said_keys}, row_number,
                said.fingerprint as said_fingerprint, said.bar as said_bar, place_in_time,
                stored.known_at, stored.run_id,
                {_hash(dataset.values, "stored.")} as fingerprint,
                {stored_bar} as bar,
                {_hash(worded, "stored.")} as word
            from said
            left join {table} as stored
                on {on_keys} and stored.{name} between $first_name and $last_name
        ),

        -- A key that is stored once and said again is no news, one that was never stored is; of
        -- the others the versions decide.
        contested as (
            select row_number
            from met
            where
                known_at is not null
                and not (
                    said_fingerprint = fingerprint
                    and (said_bar = hash({NO_BAR}) or said_bar is not distinct from bar)
                    and place_in_time >= known_at
                )
            union
            select row_number
            from repeated
        ),

        versions as (
            select
                {keys}, row_number, known_at, place_in_time, '{run.run_id}' as run_id,
                false as is_stored, fingerprint, bar, word
            from said
            semi join contested using (row_number)
            inner join (select row_number, {_hash(worded)} as word from typed) using (row_number)
            union all
            select distinct
                {keys}, null::bigint, known_at, known_at, run_id,
                true, fingerprint, bar, word
            from met
            semi join contested using (row_number)
            where known_at is not null
        ),

        compared as (
            select
                *,
                lag(fingerprint) over version as fingerprint_before,
                lag(bar) over version as bar_before,
                lag(word) over version as word_before,
                lag(known_at) over version as known_before
            from versions
            window version as (
                partition by {keys} order by place_in_time, not is_stored, run_id
            )
        ),

        -- The first bar of an answer has none before it, which is no news of the one it had.
        fresh as (
            select
                row_number,
                known_before,
                word is not distinct from word_before and not is_bar_news as is_confirmed
            from (
                select
                    *,
                    bar <> hash({NO_BAR}) and bar is distinct from bar_before as is_bar_news
                from compared
            )
            where not is_stored and (fingerprint is distinct from fingerprint_before or is_bar_news)
            union all
            select row_number, null as known_before, false as is_confirmed
            from met anti join contested using (row_number)
            where known_at is null
        )

        select
            {values},
            {following}
            case
                when given_known_at is not null then given_known_at
                when known_before is null then known_at
                when is_confirmed then known_before
                else greatest($known_by, known_before)
            end as known_at,
            given_known_at is null
                and known_before is null
                and known_at < $known_by - interval 1 day as is_known_at_assumed,
            $source as source,
            $run_id as run_id
        from typed
        inner join fresh using (row_number)
        {bar_of}
        """,
        {
            "known_by": run.known_by,
            "source": run.source,
            "run_id": run.run_id,
            "first_name": names[0],
            "last_name": names[1],
        },
    )


def _hash(names: Sequence[str], of: str = "") -> str:
    return f"hash({', '.join(of + name for name in names)})"
