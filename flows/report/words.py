"""Numbers and labels as a reader sees them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

MISSING = "–"

NAMES = {
    "SMALL": "Small companies",
    "LARGE": "Large companies",
    "LARGE_EX_MAG7": "Large without the seven",
    "MAG7": "Magnificent Seven",
    "rotation": "Rotation to small companies",
    "mega_cap_leadership": "Mega-cap leadership",
    "neutral": "Neutral",
    "0q": "this quarter",
    "+1q": "next quarter",
    "0y": "this fiscal year",
    "+1y": "next fiscal year",
    "NTM": "next 12 months",
    "not_measurable": "not measurable",
    "definition_dependent": "open to definition",
}


SPOKEN = {
    "SMALL": "small companies",
    "LARGE": "large companies",
    "MAG7": "the seven",
}


def named(label: object) -> str:
    """A label of the warehouse in a reader's words."""
    return NAMES.get(str(label), str(label).replace("_", " "))


def number(value: Any, decimals: int = 1, unit: str = "", *, signed: bool = False) -> str:
    """`value` with its unit, a typographic minus, and a dash where there is none."""
    if value is None or pd.isna(value):
        return MISSING
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:  # no signed nought
        text = text.lstrip("+-")
    return text.replace("-", "−") + (f" {unit}" if unit else "")


def change(value: Any, decimals: int = 1, unit: str = "") -> str:
    """`value` with its sign."""
    return number(value, decimals, unit, signed=True)


def dollars(value: Any) -> str:
    """An amount in billions or millions of dollars, with its sign."""
    if value is None or pd.isna(value):
        return MISSING
    large = abs(value) >= 1e9
    return change(value / (1e9 if large else 1e6), 1, "bn $" if large else "m $")


def day(value: Any) -> str:
    """A day as 2026-06-30."""
    return MISSING if value is None or pd.isna(value) else f"{value:%Y-%m-%d}"


def short_day(value: Any) -> str:
    """A day of this year as 30 Jun."""
    return MISSING if value is None or pd.isna(value) else f"{value.day} {value:%b}"


def long_day(value: date) -> str:
    """A day as Tuesday, 30 June 2026."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def listed(words: Iterable[str]) -> str:
    """Words as one enumeration."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def sentence(text: str) -> str:
    """Text with a capital first letter."""
    return text[:1].upper() + text[1:]
