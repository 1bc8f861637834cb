"""What a user may set about the live source, all in the environment."""

import os
from dataclasses import dataclass, field

from flows.sources import SourceError


@dataclass(frozen=True)
class Settings:
    """How much to ask of the vendors, and how politely.

    `leave_out` names cohorts whose members are not asked for; `companies_per_night` bounds the
    estimates and fundamentals that one night refreshes; `minutes` is the time that one vendor
    may take.
    """

    member_years: int = 5
    leave_out: frozenset[str] = frozenset()
    companies_per_night: int = 250
    requests_per_second: float = 5.0
    minutes: float = 30.0
    fred_api_key: str | None = field(default=None, repr=False)  # nowhere to be read again

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises SourceError for a value that is no number above 0."""
        return cls(
            member_years=round(_number("ROTATION_MEMBER_YEARS", cls.member_years)),
            leave_out=frozenset(os.environ.get("ROTATION_LEAVE_OUT", "").replace(",", " ").split()),
            companies_per_night=round(
                _number("ROTATION_COMPANIES_PER_NIGHT", cls.companies_per_night)
            ),
            requests_per_second=_number("ROTATION_REQUESTS_PER_SECOND", cls.requests_per_second),
            minutes=_number("ROTATION_SOURCE_MINUTES", cls.minutes),
            fred_api_key=os.environ.get("FRED_API_KEY", "").strip() or None,
        )


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise SourceError(f"The setting {name} is {text[:40]!r}; give it a number above 0.")
    return value
