"""Rates and decisions of the Fed as a test says them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
from market import Market, exchange_days

FREQUENCIES = {"CPIAUCSL": "monthly", "DFEDTARL": "policy", "DFEDTARU": "policy"}
SERIES = (
    *("DFEDTARL", "DFEDTARU", "DFF", "DGS3MO", "DGS2", "DGS10", "DGS30"),
    *("BAMLH0A0HYM2", "T10YIE", "CPIAUCSL"),
)


def give_series(market: Market) -> None:
    market.give(
        "reference.rate_series",
        [{"series_id": name, "frequency": FREQUENCIES.get(name, "daily")} for name in SERIES],
    )


def give_sessions(market: Market, days: Sequence[date]) -> None:
    market.give("core.session", [{"session": day} for day in days])


def give_rate(
    market: Market, series_id: str, values: dict[date, float], known_at: datetime | None = None
) -> None:
    """Observations, each known at 22:00 on the next session unless given."""
    following = exchange_days().set_index("day")["next_session"].dt.date
    market.give(
        "raw.rate",
        pd.DataFrame(
            {
                "series_id": series_id,
                "observation_date": list(values),
                "value_pct": list(values.values()),
                "known_at": [
                    known_at or datetime.combine(following[str(day)], time(22)) for day in values
                ],
                "run_id": "first" if known_at is None else f"second {known_at}",
            }
        ),
    )


def give_decisions(market: Market, *decisions: tuple[str, float, float]) -> None:
    """Scheduled decisions: day (announced at 19:00), upper end, change; the range is 25 bp wide."""
    market.give(
        "reference.fed_decision",
        [
            {
                "announced_at": datetime.fromisoformat(f"{day} 19:00"),
                "effective_date": date.fromisoformat(day) + timedelta(1) if change else None,
                "lower_pct": upper - 0.25,
                "upper_pct": upper,
                "change_bp": change,
                "is_scheduled": True,
            }
            for day, upper, change in decisions
        ],
    )
