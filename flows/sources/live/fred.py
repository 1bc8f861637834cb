"""FRED by HTTP: the graph's CSV, or with a key the API, which knows when a value came out."""

import json
from datetime import date, timedelta

import pandas as pd

from flows.sources import SourceError
from flows.sources.fred import MISSING, read_graph_csv
from flows.sources.live.asking import Trouble
from flows.sources.live.vendor import MOST_TRIES, get_text

GRAPH = "https://fred.stlouisfed.org/graph/fredgraph.csv"
API = "https://api.stlouisfed.org/fred/series/observations"
ROWS = 100_000  # that one answer of the API may have
VINTAGE_YEARS = 5  # of releases in one question; more than 2,000 releases are refused
FIRST_RELEASE = date(1990, 1, 1)
DAILY = pd.Timedelta(days=5)  # at most, between two values of a daily series
STALE = pd.Timedelta(days=10)  # as long as a daily rate may be carried
RELEASED_AT = pd.Timedelta(hours=22)  # UTC; a release has a date, by then it is out


def fetch_graph(series_id: str, today: date) -> pd.DataFrame:
    """The whole series as it stands: series_id, observation_date, value_pct.

    Raises Trouble: "stale" with the series where a daily one ends long before `today`.
    """
    text = get_text(GRAPH, {"id": series_id}, vendor="FRED")
    if not text.endswith("\n"):
        raise Trouble("failed", f"FRED's {series_id} was cut", tries=MOST_TRIES)
    try:
        frame = read_graph_csv(text, series_id)
    except SourceError as error:
        raise Trouble("failed", str(error), tries=MOST_TRIES) from None
    if frame.empty:
        raise Trouble("empty", "FRED gave no observation", tries=2)
    days = pd.to_datetime(frame["observation_date"], errors="coerce").dropna()
    newest, is_daily = days.max(), days.diff().median() < DAILY
    if is_daily and newest < pd.Timestamp(today) - STALE:
        raise Trouble("stale", f"newest value {newest:%Y-%m-%d}", tries=2, value=frame)
    return frame


def fetch_releases(series_id: str, since: date | None, today: date, key: str) -> pd.DataFrame:
    """Every value released from `since` on, or ever, with the `known_at` of its release.

    What the archive's first release tells is older than the archive: unless it was revised since,
    it has no known_at. Raises Trouble.
    """
    parts: list[pd.DataFrame] = []
    first, end = since or FIRST_RELEASE, today
    while first <= end:
        start = max(first, date(end.year - VINTAGE_YEARS + 1, 1, 1))
        try:
            part = _observations(series_id, start, end, key)
        except Trouble as trouble:
            if trouble.outcome == "refused" and parts:
                break  # the archive does not go back so far
            raise
        parts.append(part)
        if part.empty:
            break
        end = start - timedelta(days=1)
    told = pd.concat(parts, ignore_index=True)
    if told.empty:
        raise Trouble("empty", "FRED gave no observation", tries=2)
    told = told.sort_values(["observation_date", "known_at"], kind="stable", ignore_index=True)
    # Each span tells again what stands when it begins.
    told = told[told["value_pct"].ne(told.groupby("observation_date")["value_pct"].shift())]
    if since is None:
        is_later = told["known_at"] > told["known_at"].min()
        is_revised = told.duplicated("observation_date", keep=False)
        told["known_at"] = told["known_at"].where(is_later | is_revised)
    return told[told["value_pct"].ne(MISSING[1])].reset_index(drop=True)


def _observations(series_id: str, start: date, end: date, key: str) -> pd.DataFrame:
    """What was released from `start` to `end`; the first day tells all that stands then."""
    rows: list[dict[str, str]] = []
    while True:
        parameters = {
            "series_id": series_id,
            "api_key": key,
            "file_type": "json",
            "realtime_start": str(start),
            "realtime_end": str(end),
            "limit": str(ROWS),
            "offset": str(len(rows)),
        }
        text = get_text(API, parameters, vendor="FRED")
        try:
            page = json.loads(text)
            rows += page["observations"]
            count = int(page["count"])
        except (ValueError, KeyError, TypeError):
            raise Trouble("failed", "FRED's answer is no JSON of it", tries=MOST_TRIES) from None
        if len(rows) >= count or not page["observations"]:
            break
    frame = pd.DataFrame(rows, columns=["date", "value", "realtime_start"], dtype="str")
    return pd.DataFrame(
        {
            "series_id": series_id,
            "observation_date": frame["date"],
            "value_pct": frame["value"],
            "known_at": pd.to_datetime(frame["realtime_start"]) + RELEASED_AT,
        }
    )
