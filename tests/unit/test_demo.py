"""The simulated market: the same every time, extended and never rewritten, coherent in itself."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.sources import DATASETS, SourceError
from flows.sources.demo import Demo

REFERENCE = Path(__file__).parents[2] / "warehouse" / "reference"
UNTIL = date(2026, 7, 31)
SEVEN = ["AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA"]
KEYS = {
    "quote": ["session", "symbol"],
    "rate": ["series_id", "observation_date"],
    "holding": ["holdings_date", "fund", "ticker"],
    "estimate": ["snapshot_date", "symbol", "horizon"],
    "fundamental": ["snapshot_date", "symbol"],
}
DATED = {
    "quote": "session",
    "rate": "observation_date",
    "holding": "holdings_date",
    "estimate": "snapshot_date",
    "fundamental": "snapshot_date",
}


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    demo = Demo.parse("demo")
    return {dataset: demo.fetch(dataset, None, UNTIL) for dataset in DATASETS}


@pytest.fixture(scope="module")
def closes(market: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Closes, sessions x symbols."""
    wide = market["quote"].pivot(index="session", columns="symbol", values="close")
    wide.columns = wide.columns.astype("str")
    return wide


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        left.reset_index(drop=True), right.reset_index(drop=True), check_exact=True
    )


def on(frame: pd.DataFrame, day: str, **labels: str) -> pd.DataFrame:
    """The rows dated `day` whose columns have these labels."""
    kept = frame[frame.columns[frame.columns.isin(DATED.values())][0]] == pd.Timestamp(day)
    for column, label in labels.items():
        kept &= frame[column] == label
    return frame[kept]


def reference(table: str, *columns: str) -> set[str]:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return {row[column] for row in csv.DictReader(lines) for column in columns}


# The source


def test_a_spec_says_how_many_symbols_and_years() -> None:
    assert Demo.parse("demo") == Demo(symbols=300, years=8)
    assert Demo.parse("demo:5000x20") == Demo(symbols=5000, years=20)
    assert Demo.parse("demo").name == "demo"
    assert Demo.parse("demo").is_simulated


@pytest.mark.parametrize(
    "spec",
    ["demo:", "demo:x", "demo:300", "demo:300x", "demo:-300x8", "demo:300x8 ", "demo:300X8",
     "demo:3e2x8", "demo:5x8", "demo:300x0", "demo:300x99", "demo:99999999x8", "demo:٣٠٠x8"],
)  # fmt: skip
def test_a_malformed_spec_is_refused_in_one_sentence(spec: str) -> None:
    with pytest.raises(SourceError) as refusal:
        Demo.parse(spec)
    message = str(refusal.value)
    assert message.endswith(".")
    assert "\n" not in message


def test_newest_session_is_the_last_one_completed() -> None:
    demo = Demo(symbols=60, years=1)
    assert demo.newest_session(date(2026, 7, 2)) == date(2026, 7, 2)
    assert demo.newest_session(date(2026, 7, 5)) == date(2026, 7, 2)  # 3 July is a holiday
    with pytest.raises(SourceError, match="starts on 2025-07-01"):
        demo.newest_session(date(2025, 6, 30))


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(SourceError, match="weather"):
        Demo(symbols=60, years=1).fetch("weather", None, UNTIL)


# The same every time, and extended without being rewritten


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_seed_gives_the_same_market(dataset: str) -> None:
    until = date(2025, 9, 30)
    first, again, other = (
        Demo(symbols=60, years=2, seed=seed).fetch(dataset, None, until) for seed in (1, 1, 2)
    )
    same(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    ("until", "later"),
    [
        (date(2025, 3, 11), date(2025, 4, 10)),
        (date(2026, 6, 22), date(2026, 7, 22)),
        (date(2026, 12, 29), date(2027, 1, 28)),
    ],
)
def test_fetching_more_rewrites_nothing(dataset: str, until: date, later: date) -> None:
    demo = Demo(symbols=60, years=2)
    until_then, extended = (demo.fetch(dataset, None, day) for day in (until, later))
    overlap = extended[extended[DATED[dataset]] <= pd.Timestamp(until)]
    moving = ["adj_close"] if dataset == "quote" else []  # a later dividend moves it
    same(until_then.drop(columns=moving), overlap.drop(columns=moving))
    assert until_then[DATED[dataset]].max() <= pd.Timestamp(until)


@pytest.mark.parametrize("dataset", ["quote", "rate", "estimate", "fundamental"])
@pytest.mark.parametrize("since", [date(2025, 9, 10), UNTIL])
def test_since_leaves_out_what_is_earlier(dataset: str, since: date) -> None:
    demo = Demo(symbols=60, years=2)
    whole, tail = demo.fetch(dataset, None, UNTIL), demo.fetch(dataset, since, UNTIL)
    same(whole[whole[DATED[dataset]] >= pd.Timestamp(since)], tail)


@pytest.mark.parametrize("dataset", DATASETS)
def test_before_the_history_there_is_nothing(dataset: str) -> None:
    demo = Demo(symbols=60, years=1)
    empty, full = (demo.fetch(dataset, None, day) for day in (date(2024, 1, 5), UNTIL))
    assert empty.empty
    assert list(empty.columns) == list(full.columns)


def test_keys_are_unique(market: dict[str, pd.DataFrame]) -> None:
    for dataset, frame in market.items():
        assert not frame.duplicated(KEYS[dataset]).any(), dataset


# Quotes


def test_bars_are_possible(market: dict[str, pd.DataFrame]) -> None:
    bars = market["quote"]
    assert (bars["low"] > 0).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert bars["volume"].dtype == np.int64
    assert (bars["volume"] >= 0).all()


def test_every_pair_basket_and_quadrant_member_is_quoted_throughout(closes: pd.DataFrame) -> None:
    wanted = reference("pair", "long_symbol", "short_symbol") | reference("basket_member", "symbol")
    wanted |= reference("quadrant_member", "symbol", "benchmark")
    wanted -= reference("basket_member", "basket")
    assert closes[sorted(wanted)].notna().all(axis=None)


def test_indices_have_neither_dividends_nor_adjusted_closes(
    market: dict[str, pd.DataFrame],
) -> None:
    bars = market["quote"]
    is_index = bars["symbol"].astype("str").str.startswith("^")
    assert bars.loc[is_index, ["adj_close", "dividend"]].isna().all(axis=None)
    assert bars.loc[~is_index, ["adj_close", "dividend"]].notna().all(axis=None)


def test_adjusted_closes_tell_the_same_total_return_as_dividends(
    market: dict[str, pd.DataFrame],
) -> None:
    bars = market["quote"]
    for symbol in ("SPY", "AAPL", "HYG"):
        line = bars[bars["symbol"] == symbol]
        # Vendors scale earlier closes by 1 - dividend / close before, which is not quite the
        # reinvested return; over a day the difference is the product of two small numbers.
        by_dividend = (line["close"] + line["dividend"]) / line["close"].shift() - 1
        by_adj_close = line["adj_close"].pct_change()
        assert (line["dividend"] > 0).sum() > 20
        assert (by_dividend - by_adj_close).abs().max() < 2e-3
    newest = bars[bars["session"] == bars["session"].max()].dropna(subset="adj_close")
    assert (newest["close"] == newest["adj_close"]).all()


def test_splits_are_marked_and_leave_closes_continuous(
    market: dict[str, pd.DataFrame], closes: pd.DataFrame
) -> None:
    splits = market["quote"].dropna(subset="split_ratio").set_index(["symbol", "session"])
    assert splits.loc[("AAPL", pd.Timestamp("2020-08-31")), "split_ratio"] == 4.0
    assert len(splits) > len(SEVEN)
    day = closes["AAPL"].pct_change().loc["2020-08-31"]
    assert abs(day) < 0.1


def test_some_small_stocks_come_late_go_early_and_miss_bars(closes: pd.DataFrame) -> None:
    small = closes.loc[:, closes.columns.str.fullmatch(r"S\d+")]
    is_seen = small.notna()
    assert (~is_seen.iloc[0]).sum() >= 3
    assert (~is_seen.iloc[-10:].any()).sum() >= 3
    gaps = ~is_seen & small.ffill().notna() & small.bfill().notna()
    assert 0 < gaps.to_numpy().mean() < 0.001


# Funds and members


def test_iwm_is_the_weighted_sum_of_its_members(
    market: dict[str, pd.DataFrame], closes: pd.DataFrame
) -> None:
    held = on(market["holding"], "2025-12-31", fund="IWM")
    stocks = held[held["asset_class"] == "Equity"].set_index("ticker")
    assert held["weight_pct"].sum() == pytest.approx(100, abs=0.01)
    assert len(held) == len(stocks) + 1  # a line of cash
    moves = closes.loc["2026-01-02"] / closes.loc["2025-12-31"] - 1
    weighted = (moves[stocks.index] * stocks["weight_pct"]).sum() / stocks["weight_pct"].sum()
    assert moves["IWM"] == pytest.approx(weighted, abs=1e-5)
    assert moves["^RUT"] == pytest.approx(weighted, abs=1e-5)


def test_rsp_is_the_plain_mean_and_spy_the_weighted_sum_of_large_members(
    market: dict[str, pd.DataFrame], closes: pd.DataFrame
) -> None:
    held = on(market["holding"], "2025-06-30", fund="SP500")
    weights = held.set_index("ticker")["weight_pct"] / 100
    moves = closes.loc["2025-07-01"] / closes.loc["2025-06-30"] - 1
    assert moves["RSP"] == pytest.approx(moves[weights.index].mean(), abs=2e-5)
    assert moves["SPY"] == pytest.approx((moves[weights.index] * weights).sum(), abs=1e-5)


def test_membership_changes_a_little_and_contains_the_named(
    market: dict[str, pd.DataFrame],
) -> None:
    files = market["holding"].groupby(["fund", "holdings_date"])["ticker"].agg(set)
    assert files.index.get_level_values("holdings_date").min() == pd.Timestamp("2024-06-28")
    for fund in ("IWM", "SP500"):
        first, last = files[fund].iloc[0], files[fund].iloc[-1]
        assert 0 < len(first ^ last) < 0.2 * len(first)
    assert files["SP500"].iloc[-1] >= {*SEVEN, "GOOG", "CAT", "ROK"}
    assert market["holding"]["name"].str.contains("(simulated)", regex=False).all()


def test_the_story_is_mega_cap_leadership_then_a_rotation(closes: pd.DataFrame) -> None:
    ratio = closes["IWM"] / closes["SPY"]
    start, turn, end = ratio.iloc[0], ratio.loc["2025-06-30"], ratio.loc["2026-06-30"]
    assert turn / start < 0.85
    assert end / turn > 1.08
    fall = closes["SPY"] / closes["SPY"].cummax() - 1
    assert fall.loc["2020-02-20":"2020-04-30"].min() < -0.25
    assert fall.loc["2022-01-03":"2022-12-31"].min() < -0.20
    moves = closes[["GOOGL", "GOOG", "SPY", "IWM"]].pct_change()
    assert moves["GOOGL"].corr(moves["GOOG"]) > 0.95
    assert 0.6 < moves["SPY"].corr(moves["IWM"]) < 0.97


# Rates


def test_rates_fit_each_other(market: dict[str, pd.DataFrame]) -> None:
    wide = market["rate"].pivot(index="observation_date", columns="series_id", values="value_pct")
    assert set(wide.columns) == {
        "DGS3MO", "DGS2", "DGS5", "DGS10", "DGS30", "T10Y2Y", "T10Y3M", "DFF", "EFFR", "SOFR",
        "DFEDTARL", "DFEDTARU", "BAMLH0A0HYM2", "T10YIE", "CPIAUCSL", "UNRATE",
    }  # fmt: skip
    yields = wide.dropna(subset="DGS10")
    for short, slope in (("DGS2", "T10Y2Y"), ("DGS3MO", "T10Y3M")):
        assert np.allclose(yields[slope], yields["DGS10"] - yields[short], atol=1e-9)
    target = wide["DFEDTARU"].dropna()
    assert target.loc["2024-09-18"] == 5.50
    assert target.loc["2024-09-19"] == 5.00
    assert wide["DFF"].dropna().between(target - 0.25, target).all()
    assert pd.DatetimeIndex(wide["CPIAUCSL"].dropna().index).is_month_start.all()
    assert yields["T10Y2Y"].min() < 0 < yields["T10Y2Y"].iloc[-1]  # inverted once, normal again


# Estimates and company facts


def test_estimates_remember_what_they_said(market: dict[str, pd.DataFrame]) -> None:
    frame = market["estimate"]
    key = ["symbol", "horizon", "fiscal_period_end"]
    week, next_week = (on(frame, day).set_index(key) for day in ("2026-07-10", "2026-07-17"))
    both = next_week.join(week["eps_avg"].rename("eps_then"), how="inner")
    assert len(both) > 900
    assert (both["eps_7d_ago"] == both["eps_then"]).all()
    assert (frame["eps_low"] <= frame["eps_avg"]).all()
    assert (frame["eps_high"] >= frame["eps_avg"]).all()
    assert (frame["report_date"] > frame["snapshot_date"]).all()
    assert (frame["up_30d"] + frame["down_30d"] <= frame["analysts"]).all()


def test_small_companies_lose_money_more_often_and_grow_faster_in_2026(
    market: dict[str, pd.DataFrame],
) -> None:
    frame = on(market["estimate"], "2026-06-30", horizon="0y")
    shares = on(market["fundamental"], "2026-06-30").set_index("symbol")
    frame = frame.set_index("symbol").join(shares["shares_outstanding"])
    earnings = frame[["eps_avg", "eps_year_ago"]].mul(frame["shares_outstanding"], axis=0)
    is_small = frame.index.str.fullmatch(r"S\d+")
    small, seven = earnings[is_small].sum(), earnings.loc[SEVEN].sum()
    growth = [
        100 * (float(sums["eps_avg"]) / float(sums["eps_year_ago"]) - 1) for sums in (small, seven)
    ]
    assert 20 < growth[0] < 60
    assert 10 < growth[1] < 30
    assert 0.1 < (frame.loc[is_small, "eps_avg"] < 0).mean() < 0.45
    assert (frame.loc[~is_small, "eps_avg"] > 0).all()


def test_company_facts_fit_quotes(market: dict[str, pd.DataFrame], closes: pd.DataFrame) -> None:
    facts = on(market["fundamental"], "2026-03-31").set_index("symbol")
    value = facts["shares_outstanding"] * closes.loc["2026-03-31"].reindex(facts.index)
    ratio = (facts["market_cap_usd"] / value).dropna()  # a bar may be missing
    assert len(ratio) > 0.99 * len(facts)
    assert np.allclose(ratio, 1, rtol=1e-6)
    assert facts.loc[["GOOGL", "GOOG"], "shares_outstanding"].nunique() == 1
    assert facts["total_debt_usd"].isna().any()
    profit = facts["net_income_usd"] > 0
    assert (facts.loc[profit, "operating_income_usd"] > facts.loc[profit, "net_income_usd"]).all()
    assert facts["name"].str.contains("(simulated)", regex=False).all()
    seven = facts.loc[SEVEN, "forward_pe"]
    assert seven.between(5, 150).all()
