"""Yahoo Finance through yfinance's own client: what an answer means, whatever it looks like."""

import logging
import time
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import yfinance
from curl_cffi.requests import RequestsError
from yfinance.cache import get_cookie_cache
from yfinance.data import YfData
from yfinance.exceptions import YFPricesMissingError, YFRateLimitError, YFTzMissingError

from flows.sources.live.asking import Trouble, jittered

P = ParamSpec("P")
R = TypeVar("R")

MOST_TRIES = 6
UNKNOWN_TRIES = 2  # a name that is unknown rests for a week; one stray 404 must not cause that
SOON = 3  # tries of one of a company's requests


def prepare(folder: Path) -> None:
    """Let yfinance keep cookies and time zones in `folder`, raise its errors and print nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(folder))
    yfinance.config.debug.hide_exceptions = False
    YfData.cache_get.cache_clear()  # of an earlier night in this process
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)
    # Pandas4Warning and the like are yfinance's to mend.
    warnings.filterwarnings("ignore", module="yfinance")


def answering(request: Callable[P, R]) -> Callable[P, R]:
    """`request`, with whatever goes wrong in it told as Trouble."""

    @wraps(request)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return request(*args, **kwargs)
        except Trouble:
            raise
        except YFRateLimitError:
            raise Trouble("rate_limited", "too many requests", tries=MOST_TRIES) from None
        except (YFPricesMissingError, YFTzMissingError) as error:
            raise _missing(error) from None
        except Exception as error:  # a broken answer breaks yfinance in many ways
            YfData.cache_get.cache_clear()  # which may keep that answer
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status == 404:
                words = "Yahoo does not know it"
                raise Trouble("unknown", words, tries=UNKNOWN_TRIES) from None
            if status == 401:
                get_cookie_cache().store("curlCffi", None)  # else it brings the refused one back
            raise Trouble("failed", _words(error, status), tries=MOST_TRIES) from None

    return asked


def steadfast(request: Callable[P, R]) -> Callable[P, R]:
    """`request` as `answering` has it, soon again where nothing came.

    A company takes several requests: failing as a whole, it would rarely be whole. Amid failures,
    an answer that lacks something is one of them.
    """
    asked = answering(request)

    @wraps(request)
    def insisted(*args: P.args, **kwargs: P.kwargs) -> R:
        met: list[Trouble] = []
        while len(met) < SOON:
            if met:
                time.sleep(jittered(len(met) - 1))
            try:
                return asked(*args, **kwargs)
            except Trouble as trouble:
                if trouble.outcome not in ("failed", "empty", "partial"):
                    raise
                met.append(trouble)
        raise next((trouble for trouble in met if trouble.outcome == "failed"), met[-1])

    return insisted


def _words(error: Exception, status: int | None) -> str:
    """What went wrong, without an address: that may hold a crumb."""
    if status:
        return f"Yahoo answered {status}"
    if isinstance(error, RequestsError):
        return f"Yahoo did not answer ({type(error).__name__})"
    return f"Yahoo gave no answer that can be read ({type(error).__name__})"


def _missing(error: YFPricesMissingError | YFTzMissingError) -> Trouble:
    reason = getattr(error, "yahoo_reason", None)
    if reason is None:
        return Trouble("empty", "an answer without any bar", tries=3)
    if "No data found" in reason or "delisted" in reason:
        return Trouble("unknown", reason, tries=UNKNOWN_TRIES)
    return Trouble("failed", reason, tries=MOST_TRIES)
