"""The holdings file of an iShares fund by HTTP."""

from datetime import date

import pandas as pd

from flows.sources import SourceError
from flows.sources.ishares import is_cut, read_holdings
from flows.sources.live.asking import Trouble
from flows.sources.live.vendor import MOST_TRIES, get_text

LEAST_WEIGHT_PCT = 95  # of a whole file's lines together; a cut one has less
EARLY_TRIES = 2


def fetch_holdings(fund: str, url: str, today: date) -> pd.DataFrame:
    """The fund's newest file, one row per line of its table.

    Raises Trouble: "early" with the file where it is dated after `today`.
    """
    parameters = {"fileType": "csv", "fileName": f"{fund}_holdings", "dataType": "fund"}
    text = get_text(url, parameters, vendor="iShares")
    try:
        frame = read_holdings(text, fund, today)
    except SourceError as error:
        raise Trouble("failed", str(error), tries=MOST_TRIES) from None
    if is_cut(text):
        raise Trouble(
            "failed", f"{fund}'s file ends within its table: it was cut", tries=MOST_TRIES
        )
    weight = pd.to_numeric(frame["weight_pct"], errors="coerce").sum()
    if weight < LEAST_WEIGHT_PCT:
        words = f"the weights of {fund}'s file sum to {weight:.0f} %: it was cut"
        raise Trouble("failed", words, tries=MOST_TRIES)
    day = frame["holdings_date"].iloc[0].date()
    if day > today:
        raise Trouble("early", f"the file is as of {day}", tries=EARLY_TRIES, value=frame)
    return frame
