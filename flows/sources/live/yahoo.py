"""Yahoo Finance through yfinance's own client: what an answer means, whatever it looks like."""

import logging
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import yfinance
from yfinance.cache import get_cookie_cache
from yfinance.data import YfData
from yfinance.exceptions import YFPricesMissingError, YFRateLimitError, YFTzMissingError

from flows.sources.live.asking import Trouble

P = ParamSpec("P")
R = TypeVar("R")

MOST_TRIES = 6
AT_ONCE = 3  # tries of one of a company's requests


def prepare(folder: Path) -> None:
    """Let yfinance keep cookies and time zones in `folder`, raise its errors and print nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(folder))
    yfinance.config.debug.hide_exceptions = False
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
                raise Trouble("unknown", "Yahoo does not know it", tries=1) from None
            if status == 401:
                get_cookie_cache().store("curlCffi", None)  # else it brings the refused one back
            words = f"{type(error).__name__}: {error}"
            raise Trouble("failed", words, tries=MOST_TRIES) from None

    return asked


def steadfast(request: Callable[P, R]) -> Callable[P, R]:
    """`request` as `answering` has it, at once again where nothing came.

    A company takes several requests: failing as a whole, it would rarely be whole.
    """
    asked = answering(request)

    @wraps(request)
    def insisted(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(AT_ONCE - 1):
            try:
                return asked(*args, **kwargs)
            except Trouble as trouble:
                if trouble.outcome not in ("failed", "empty"):
                    raise
        return asked(*args, **kwargs)

    return insisted


def _missing(error: YFPricesMissingError | YFTzMissingError) -> Trouble:
    reason = getattr(error, "yahoo_reason", None)
    if reason is None:
        return Trouble("empty", "an answer without any bar", tries=3)
    if "No data found" in reason or "delisted" in reason:
        return Trouble("unknown", reason, tries=1)
    return Trouble("failed", reason, tries=MOST_TRIES)
