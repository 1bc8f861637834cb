"""Risk and episodes on the real input, against a second computation in plain pandas."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import recompute

from warehouse.connect import FOLDER

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def quotes() -> pd.DataFrame:
    """Quotes and baskets of the drop's funds, indices and followed stocks, computed once more."""
    instruments = recompute.read_reference(FOLDER / "reference", "instrument")
    own = recompute.read_quotes(DROP)
    own = own[own["symbol"].isin(instruments["symbol"])]
    return recompute.quote(own, recompute.read_reference(FOLDER / "reference", "basket_member"))


def read(con: duckdb.DuckDBPyConnection, table: str, key: list[str]) -> pd.DataFrame:
    return con.execute(f"from {table} order by {', '.join(key)}").df()


def test_every_symbol_has_the_risk_of_the_contract(
    built: duckdb.DuckDBPyConnection, quotes: pd.DataFrame
) -> None:
    # given
    key = ["symbol", "session"]
    risk = read(built, "rotation.risk", key)
    closes = {symbol: own.set_index("session")["close"] for symbol, own in quotes.groupby("symbol")}
    rows = [
        measured(close.sort_index(), closes["SPY"].sort_index()).assign(symbol=symbol)
        for symbol, close in closes.items()
        if symbol in set(risk["symbol"])
    ]
    expected = pd.concat(rows).reset_index().sort_values(key, ignore_index=True)

    # then funds, indices, baskets and the seven are measured, stocks of single pairs are not
    symbols = set(risk["symbol"])
    assert {"IWM", "SPY", "^RUT", "MAG7", "MAG7_HOLD", "GOOGL", "NVDA"} <= symbols
    assert not {"CAT", "ROK", "AMD"} & symbols
    assert len(risk) == len(expected)
    assert list(risk["session"]) == list(expected["session"])
    for column in expected.columns.difference([*key, "history_start"]):
        np.testing.assert_allclose(risk[column], expected[column], rtol=1e-7, atol=1e-9)
    assert list(risk["history_start"]) == list(expected["history_start"])


def measured(close: pd.Series, market: pd.Series) -> pd.DataFrame:
    """One symbol's risk from its closes and those of SPY, by rolling windows of pandas."""
    returns = 100 * close.pct_change()
    both = pd.DataFrame({"own": close, "market": market}).dropna().pct_change()
    table = pd.DataFrame({"drawdown_pct": 100 * (close / close.expanding().max() - 1)})
    for count in (21, 63, 252):
        table[f"vol_{count}d_pct"] = returns.rolling(count).std() * 252**0.5
    pairs = both.rolling(252)
    table["beta_252d"] = pairs.cov().xs("own", level=1)["market"] / pairs["market"].var()
    table["corr_63d"] = both["own"].rolling(63).corr(both["market"])
    table["max_drawdown_252d_pct"] = np.nan
    if len(close) >= 252:
        windows = np.lib.stride_tricks.sliding_window_view(close.to_numpy(), 252)
        falls = windows / np.maximum.accumulate(windows, axis=1) - 1
        table.iloc[251:, table.columns.get_loc("max_drawdown_252d_pct")] = 100 * falls.min(axis=1)
    return table.assign(history_start=close.index[0])


def test_every_pair_has_the_episodes_of_the_contract(built: duckdb.DuckDBPyConnection) -> None:
    # given
    key = ["pair", "trough_session"]
    episode = read(built, "rotation.episode", key)
    strength = read(built, "rotation.relative_strength", ["pair", "session"])
    price = strength[strength["basis"] == "price"]
    expected = pd.concat(
        walked(own.set_index("session")["ratio"]).assign(pair=pair)
        for pair, own in price.groupby("pair")
    ).sort_values(key, ignore_index=True)

    # then
    labels = [
        "pair", "trough_session", "confirmed_session", "peak_session", "end_session",
        "duration_sessions", "rank_by_gain",
    ]  # fmt: skip
    for label in labels:
        assert episode[label].equals(expected[label].astype(episode[label].dtype)), label
    np.testing.assert_allclose(episode["gain_pct"], expected["gain_pct"], rtol=1e-9)
    assert list(episode["is_open"]) == list(expected["end_session"].isna())


def walked(ratio: pd.Series) -> pd.DataFrame:
    """One pair's episodes, by going through its sessions."""
    days, values = list(ratio.index), list(ratio)
    rows: list[dict] = []
    is_seeking, trough, peak = True, 0, 0
    for n, value in enumerate(values):
        if is_seeking:
            trough = n if value < values[trough] else trough
            if value / values[trough] >= 1.10:
                is_seeking, peak = False, n
                rows.append({"trough": trough, "confirmed_session": days[n]})
        else:
            peak = n if value > values[peak] else peak
        if not is_seeking:
            ended = value / values[peak] <= 0.95
            rows[-1] |= {"peak": peak, "end_session": days[n] if ended else pd.NaT}
            if ended:
                is_seeking, trough = True, n
    table = pd.DataFrame(rows, columns=["trough", "peak", "confirmed_session", "end_session"])
    table["trough_session"] = [days[n] for n in table["trough"]]
    table["peak_session"] = [days[n] for n in table["peak"]]
    table["gain_pct"] = [
        100 * (values[p] / values[t] - 1)
        for t, p in zip(table["trough"], table["peak"], strict=True)
    ]
    table["duration_sessions"] = table["peak"] - table["trough"]
    table["rank_by_gain"] = table["gain_pct"].rank(method="min", ascending=False)
    return table


def test_newest_episodes_of_small_companies(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select trough_session, confirmed_session, peak_session, end_session, is_open
        from rotation.episode
        where pair = 'small_vs_large'
        order by trough_session desc
        limit 2
        """
    ).fetchall()
    assert rows == [
        (date(2026, 3, 12), date(2026, 6, 26), date(2026, 6, 26), None, True),
        (date(2025, 4, 11), date(2026, 1, 14), date(2026, 1, 22), date(2026, 3, 12), False),
    ]
