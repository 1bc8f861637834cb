"""How Yahoo writes a number that it also formats."""

from datetime import date
from typing import Any

from .hours import midnight

UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def number(value: float) -> dict[str, Any]:
    """A small number: raw, and formatted to two decimals."""
    return {"raw": value, "fmt": f"{value:.2f}"}


def percent(value: float) -> dict[str, Any]:
    """A share of one, formatted in percent."""
    return {"raw": round(value, 4), "fmt": f"{100 * value:.2f}%"}


def count(value: float) -> dict[str, Any]:
    """A whole number: raw, short and long; nought has no short form."""
    whole = round(value)
    unit = next(((size, sign) for size, sign in UNITS if abs(whole) >= size), (1, ""))
    short = f"{whole / unit[0]:.2f}{unit[1]}" if unit[1] else str(whole)
    return {"raw": whole, "fmt": short if whole else None, "longFmt": f"{whole:,}"}


def day(value: date) -> dict[str, Any]:
    """A day, as the second in UTC with which it begins."""
    return {"raw": midnight(value), "fmt": value.isoformat()}
