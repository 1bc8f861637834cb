"""The sections of the page, in the order in which a reader meets them."""

from collections.abc import Callable

import duckdb

from flows.report import (
    breadth,
    claims,
    earnings,
    episodes,
    quadrants,
    rates,
    risks,
    signals,
    streaks,
    strength,
    value,
)
from flows.report.figure import Section

SECTIONS: tuple[Callable[[duckdb.DuckDBPyConnection], Section], ...] = (
    signals.section,
    strength.section,
    streaks.section,
    breadth.section,
    quadrants.section,
    earnings.section,
    rates.section,
    value.section,
    risks.section,
    episodes.section,
    claims.section,
)
