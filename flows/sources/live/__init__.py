"""The live source: Yahoo Finance through yfinance, FRED, and the iShares holdings files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from flows.sources import Answer, Outcome
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

        Its columns are, by dataset: quote (symbol, since), rate (series_id, since), holding (fund,
        download_url), estimate and fundamental (symbol).
        """
        from flows.sources.live.asking import Manners

        vendor, request = self._request(dataset, wanted, until)
        pace, minutes = partial(self.pace, vendor), self.settings.minutes
        is_up = vendor in self.answering
        manners = Manners(pace, REQUESTS.get(dataset, 1), minutes, tell, is_up)
        replies = manners.ask(list(wanted.iloc[:, 0]), request)
        if any(reply.outcome == "ok" for reply in replies.values()):
            self.answering.add(vendor)
        frames = [reply.value for reply in replies.values() if reply.value is not None]
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
        from flows.sources.live.companies import fetch_estimates, fetch_fundamental
        from flows.sources.live.fred import fetch_graph, fetch_releases
        from flows.sources.live.funds import fetch_holdings
        from flows.sources.live.quotes import fetch_bars

        about = dict(zip(wanted.iloc[:, 0], wanted.iloc[:, -1], strict=True))

        def since(name: str) -> date | None:
            return None if pd.isna(about[name]) else pd.Timestamp(about[name]).date()

        match dataset:
            case "quote":
                return "yahoo", lambda symbol: fetch_bars(symbol, since(symbol), until)
            case "rate" if key := self.settings.fred_api_key:
                return "fred", lambda name: fetch_releases(name, since(name), until, key)
            case "rate":
                return "fred", lambda name: fetch_graph(name, until)
            case "holding":
                return "ishares", lambda fund: fetch_holdings(fund, about[fund], until)
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
