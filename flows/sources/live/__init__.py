"""The live source: Yahoo Finance through yfinance, FRED, and the iShares holdings files."""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from flows.sources import OF_TODAY, Answer, Outcome
from flows.sources.live.settings import Settings

# Each client has its own name for the certificates to trust; behind a proxy one counts for all.
CERTIFICATES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
FRED_SECRET = "fred-api-key"
# That yfinance makes of one company's question: summary, quote, PEG ratio, consensus, calendar.
REQUESTS = {"estimate": 5}


@dataclass
class Live:
    """Three vendors as one source; what they are asked for is the night's business."""

    settings: Settings
    pace: Callable[[str, int], None] = lambda vendor, count: None
    infos: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)  # vendors that have answered something
    ends: dict[str, float] = field(default_factory=dict)  # on the monotonic clock, by vendor
    goes_on: Counter[bool] = field(default_factory=Counter)  # symbols, by trades after the night

    name: ClassVar[str] = "live"
    is_simulated: ClassVar[bool] = False

    @property
    def requests_per_second(self) -> float:
        return self.settings.requests_per_second

    @property
    def universe(self) -> dict[str, object]:
        return {
            "leave_out": sorted(self.settings.leave_out),
            "member_years": self.settings.member_years,
            "companies": self.settings.companies_per_night,
        }

    def check(self) -> None:
        """Nothing can be looked at before it is asked for."""

    def newest_session(self, completed: date) -> date:
        return completed

    def open(
        self,
        folder: Path,
        pace: Callable[[str, int], None],
        secret: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        from flows.sources.live.yahoo import prepare

        if given := next(filter(None, map(os.environ.get, CERTIFICATES)), None):
            for name in CERTIFICATES:
                os.environ.setdefault(name, given)
        prepare(folder)
        self.pace = pace
        if not self.settings.fred_api_key and (key := secret(FRED_SECRET)):
            self.settings = replace(self.settings, fred_api_key=key.strip())

    def ask(
        self, dataset: str, wanted: pd.DataFrame, until: date, tell: Callable[[int, int], None]
    ) -> Answer:
        """One of DATASETS; `wanted` has a row per name, in the order of asking.

        Its columns are, by dataset: quote (symbol, since, is_dead), rate (series_id, since),
        holding (fund, download_url), estimate and fundamental (symbol). Where most symbols have
        traded after `until`, what is said of companies today is not asked for.
        """
        from flows.sources.live.asking import Manners
        from flows.sources.live.quotes import GOES_ON

        if dataset in OF_TODAY and self.goes_on[True] > self.goes_on[False]:
            words = f"a session after {until} has begun: what is told now was not known then"
            names = wanted.iloc[:, 0]
            unasked = [Outcome(f"{dataset} {name}", "not_asked", 0, 0, words) for name in names]
            return Answer(pd.DataFrame(), unasked)
        vendor, request = self._request(dataset, wanted, until)
        ends = self.ends.setdefault(vendor, time.monotonic() + 60 * self.settings.minutes)
        is_up = vendor in self.answering
        pace = partial(self.pace, vendor)
        manners = Manners(pace, REQUESTS.get(dataset, 1), ends, tell, is_up)
        replies = manners.ask(list(wanted.iloc[:, 0]), request)
        if any(reply.outcome == "ok" for reply in replies.values()):
            self.answering.add(vendor)
        frames = [reply.value for reply in replies.values() if reply.value is not None]
        if dataset == "quote":
            self.goes_on.update(frame.attrs[GOES_ON] for frame in frames)
        return Answer(
            pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(),
            [
                Outcome(
                    key=f"{dataset} {name}",
                    outcome=reply.outcome,
                    attempts=reply.attempts,
                    rows=0 if reply.value is None else len(reply.value),
                    detail=reply.detail,
                )
                for name, reply in replies.items()
            ],
        )

    def _request(
        self, dataset: str, wanted: pd.DataFrame, until: date
    ) -> tuple[str, Callable[[str], pd.DataFrame]]:
        """Who is asked for a dataset, and how for one name of it."""
        from flows.sources.live.asking import Trouble
        from flows.sources.live.companies import fetch_estimates, fetch_fundamental
        from flows.sources.live.fred import fetch_graph, fetch_releases
        from flows.sources.live.funds import fetch_holdings
        from flows.sources.live.quotes import fetch_bars

        about = wanted.set_index(wanted.columns[0]).to_dict("index")

        def since(name: str) -> date | None:
            day = about[name]["since"]
            return None if pd.isna(day) else pd.Timestamp(day).date()

        def bars(symbol: str) -> pd.DataFrame:
            try:
                return fetch_bars(symbol, since(symbol), until)
            except Trouble as trouble:
                if about[symbol].get("is_dead") and trouble.value is None:
                    trouble.tries = 1
                raise

        match dataset:
            case "quote":
                return "yahoo", bars
            case "rate" if key := self.settings.fred_api_key:
                return "fred", lambda name: fetch_releases(name, since(name), until, key)
            case "rate":
                return "fred", lambda name: fetch_graph(name, until)
            case "holding":
                return "ishares", lambda fund: fetch_holdings(
                    fund, about[fund]["download_url"], until
                )
            case "estimate":
                return "yahoo", lambda symbol: fetch_estimates(symbol, self._info(symbol), until)
            case _:
                return "yahoo", lambda symbol: fetch_fundamental(symbol, self._info(symbol), until)

    def _info(self, symbol: str) -> Mapping[str, Any]:
        """A company's summary, kept where it is whole: estimates and fundamentals read the same."""
        from flows.sources.live.companies import fetch_info, is_whole

        info = self.infos.get(symbol) or fetch_info(symbol)
        if is_whole(info):
            self.infos[symbol] = info
        return info
