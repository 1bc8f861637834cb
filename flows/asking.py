"""A night's questions to a vendor: what is wanted, what came, what must be asked again."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

import duckdb
import pandas as pd

from flows.sources import Answer, Outcome, SourceError, Vendor
from warehouse.outcome import note_outcomes
from warehouse.restated import moved_symbols, rebased_bars, with_finality
from warehouse.run import Run
from warehouse.wanted import wanted

# Without any answer of these there is no night; companies' words can wait for another.
NEEDED = ("holding", "rate", "quote")

log = logging.getLogger("rotation")
progress_log = logging.getLogger("rotation.progress")


def ask(
    con: duckdb.DuckDBPyConnection,
    vendor: Vendor,
    dataset: str,
    run: Run,
    since: date | None = None,
) -> Answer:
    """Ask for what the warehouse lacks of one dataset, or for all of it `since` a day.

    What became of each name is noted. Raises SourceError where a needed dataset stays without any
    answer.
    """
    names = wanted(con, dataset, run, vendor.universe)
    if since and "since" in names:
        names["since"] = pd.Timestamp(since)
    answer = vendor.ask(dataset, names, run.session, _teller(dataset))
    if dataset == "quote" and len(answer.frame):
        answer = _ask_moved(con, vendor, answer, run)
        answer = Answer(with_finality(con, answer.frame, run), answer.outcomes)
    note_outcomes(con, run, answer.outcomes)
    if dataset in NEEDED:
        _require_answers(dataset, vendor, answer.outcomes)
    return answer


def counted(outcomes: Sequence[Outcome]) -> str:
    """How many names gave what, the commonest first."""
    words = Counter(outcome.outcome for outcome in outcomes).most_common()
    return ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in words) or "none"


def _ask_moved(con: duckdb.DuckDBPyConnection, vendor: Vendor, answer: Answer, run: Run) -> Answer:
    """Take all history of symbols whose landed closes were rewritten; without it, none of it."""
    moved = moved_symbols(con, answer.frame)
    if moved.empty:
        return answer
    whole = vendor.ask("quote", moved, run.session, _teller("rewritten quote"))
    again = {outcome.key: outcome for outcome in whole.outcomes}
    rest = answer.frame[~answer.frame["symbol"].isin(moved["symbol"])]
    frames = [rest, whole.frame]
    if len(whole.frame):
        frames.append(rebased_bars(con, whole.frame))
    frames = [frame for frame in frames if len(frame)]
    return Answer(
        pd.concat(frames, ignore_index=True) if frames else rest,
        [again.get(outcome.key, outcome) for outcome in answer.outcomes],
    )


def _require_answers(dataset: str, vendor: Vendor, outcomes: Sequence[Outcome]) -> None:
    if outcomes and not any(outcome.rows for outcome in outcomes):
        first = outcomes[0]
        raise SourceError(
            f"The source {vendor.name} gave no {dataset} ({counted(outcomes)}; {first.key}: "
            f"{first.detail}), so the last publication stays: run again later."
        )


def require_members(con: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome]) -> None:
    """Raise SourceError where a fund's holdings did not come, and none has landed for its cohort.

    What came and was not known by the night in the past that it is for, leaves the cohort out.
    """
    unknown = con.execute(
        """
        select fund, cohort
        from reference.cohort_fund
        where cohort not in (
            select f.cohort
            from raw.holding as h
            inner join reference.cohort_fund as f on h.fund = f.fund
        )
        """
    ).fetchall()
    missing = {f"holding {fund}": (fund, cohort) for fund, cohort in unknown}
    for outcome in outcomes:
        if outcome.key not in missing:
            continue
        fund, cohort = missing[outcome.key]
        if outcome.rows:
            log.warning("The holdings of %s were not known by then: %s has no member", fund, cohort)
        else:
            raise SourceError(
                f"The holdings of {fund} did not come ({outcome.detail}) and no member of {cohort} "
                "is known from before: run again later, or name the cohort in ROTATION_LEAVE_OUT."
            )


def _teller(what: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        progress_log.debug("ask    %s", what, extra={"done": done, "total": total})

    return tell
