"""Episodes in which a pair's long side led: from a low of the ratio to the high that followed."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

CONFIRMED = 1.10  # of the trough: the rise that makes an episode
ENDED = 0.95  # of the peak: the fall that ends it
ROUNDING = 1e-12  # keeps a move of exactly 10 or 5 % from depending on the last bit


def episode(rotation_relative_strength: pd.DataFrame) -> pd.DataFrame:
    """Cut each pair's ratio by price into episodes.

    Takes the ratio per pair, basis and session; gives a row per confirmed episode, the newest of
    a pair open where its ratio has not fallen 5 % from the peak yet.
    """
    price = rotation_relative_strength["basis"] == "price"
    strength = rotation_relative_strength[price].sort_values(["pair", "session"])
    rows = []
    for pair, own in strength.groupby("pair"):
        sessions, ratio = own["session"].array, own["ratio"].to_numpy()
        for trough, confirmed, peak, end in _turns(ratio):
            row = {
                "pair": pair,
                "trough_session": sessions[trough],
                "confirmed_session": sessions[confirmed],
                "peak_session": sessions[peak],
                "end_session": pd.NaT if end is None else sessions[end],
                "gain_pct": 100 * (ratio[peak] / ratio[trough] - 1),
                "duration_sessions": peak - trough,
                "is_open": end is None,
                "history_start": sessions[0],
            }
            rows.append(row)
    columns = ["trough_session", "confirmed_session", "peak_session", "end_session"]
    table = pd.DataFrame(
        rows,
        columns=["pair", *columns, "gain_pct", "duration_sessions", "is_open", "history_start"],
    )
    days = dict.fromkeys([*columns, "history_start"], "datetime64[us]")
    table = table.astype({**days, "pair": str, "gain_pct": float})
    ranks = table.groupby("pair")["gain_pct"].rank(method="min", ascending=False)
    return table.assign(rank_by_gain=ranks)


def _turns(ratio: npt.NDArray[np.float64]) -> Iterator[tuple[int, int, int, int | None]]:
    """Positions of trough, confirmation, peak and end of each episode, in order."""
    start = 0
    while True:
        low = np.minimum.accumulate(ratio[start:])
        confirmed = _first(ratio[start:] >= CONFIRMED * (1 - ROUNDING) * low, start)
        if confirmed is None:
            return
        trough = start + int(ratio[start : confirmed + 1].argmin())
        high = np.maximum.accumulate(ratio[confirmed:])
        end = _first(ratio[confirmed:] <= ENDED * (1 + ROUNDING) * high, confirmed)
        peak = confirmed + int(ratio[confirmed : None if end is None else end + 1].argmax())
        yield trough, confirmed, peak, end
        if end is None:
            return
        start = end


def _first(is_reached: npt.NDArray[np.bool_], offset: int) -> int | None:
    return offset + int(is_reached.argmax()) if is_reached.any() else None
