"""A request as a vendor sees it, and what it says to it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

JSON = "application/json;charset=utf-8"
HTML = "text/html; charset=utf-8"
CSV = "text/csv;charset=UTF-8"


@dataclass
class Request:
    """One request that arrived; `fault` and `status` say what became of it."""

    number: int
    at: float  # seconds on the monotonic clock
    host: str
    path: str
    query: str
    cookie: str = ""
    fault: str = ""
    status: int = 0

    @property
    def parameters(self) -> dict[str, str]:
        """The query's names and values, the last of each."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass
class Answer:
    """What goes back over the wire."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def as_json(value: Any, status: int = 200) -> Answer:
    """An answer of JSON; missing numbers (NaN) become null."""
    return Answer(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY), status)


def page(title: str, body: str = "", status: int = 200) -> Answer:
    """A web page."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{body}</body></html>"
    return Answer(text.encode(), status, HTML)


def cookie(name: str, value: str, domain: str) -> tuple[str, str]:
    """A Set-Cookie header that lasts a year."""
    year = datetime.now(UTC).year + 1
    return (
        "set-cookie",
        f"{name}={value}; Expires=Fri, 31 Dec {year} 23:59:59 GMT; Max-Age=31557600; "
        f"Domain={domain}; Path=/; SameSite=None; Secure; HttpOnly",
    )
