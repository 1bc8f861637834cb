"""The reference tables agree with their declarations, with each other and with FRED."""

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

import warehouse.reference
from warehouse.reference import ReferenceFileError, load_reference

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT / "warehouse" / "reference"
RATES = PROJECT.parent / "shared" / "data" / "drop" / "rates"
TABLES = sorted(path.stem for path in REFERENCE.glob("*.csv"))

# The default pairs of the contract; the sector funds follow the pattern xle_vs_market.
DEFAULT_PAIRS = {
    "small_vs_large": ("IWM", "SPY"),
    "small_vs_nasdaq": ("IWM", "QQQ"),
    "small_vs_mag7": ("IWM", "MAG7"),
    "russell_vs_sp500": ("^RUT", "^GSPC"),
    "nasdaq_vs_sp500": ("^IXIC", "^GSPC"),
    "equal_vs_cap": ("RSP", "SPY"),
    "value_vs_growth": ("IWD", "IWF"),
    "small_value_vs_small_growth": ("VBR", "VBK"),
    "quality_small_vs_small": ("IJR", "IWM"),
    "mag7_vs_sp500": ("MAG7", "SPY"),
    "old_economy_vs_mag7": ("OLD_ECONOMY", "MAG7"),
    "banks_vs_market": ("KRE", "SPY"),
    "biotech_vs_market": ("XBI", "SPY"),
    "credit_appetite": ("HYG", "IEF"),
}
SECTOR_FUNDS = ["XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY"]
MEGA_CAPS = {"AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA"}


def read(table: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{table}.csv", dtype=str, keep_default_na=False)


def declaration(table: str) -> dict:
    return yaml.safe_load((REFERENCE / f"{table}.yml").read_text(encoding="utf-8"))


def fed_decisions() -> pd.DataFrame:
    frame = read("fed_decision")
    return frame.assign(
        announced_at=pd.to_datetime(frame["announced_at"]),
        effective_date=pd.to_datetime(frame["effective_date"].replace("", None)),
        **{name: frame[name].astype(float) for name in ("lower_pct", "upper_pct", "change_bp")},
    )


def test_every_table_has_a_declaration_and_the_other_way_round() -> None:
    declared = {path.stem for path in REFERENCE.glob("*.yml")}
    assert declared == {*TABLES, "calendar_day"}  # the exchange's calendar makes that one


@pytest.mark.parametrize("table", TABLES)
def test_declared_columns_equal_the_header(table: str) -> None:
    declared = declaration(table)
    assert list(declared["columns"]) == list(read(table).columns)
    assert declared["description"].rsplit(". ", 1)[-1].startswith("One row per ")
    for column in declared["columns"].values():
        assert {"type", "unit", "meaning"} <= set(column)


@pytest.mark.parametrize("table", TABLES)
def test_grain_is_unique_and_only_optional_cells_are_blank(table: str) -> None:
    declared, frame = declaration(table), read(table)
    assert not frame.duplicated(declared["grain"]).any()
    for name, column in declared["columns"].items():
        if not column.get("optional"):
            assert (frame[name].str.strip() != "").all(), name


@pytest.mark.parametrize("table", TABLES)
def test_every_row_says_where_it_is_from_and_of_when(table: str) -> None:
    frame = read(table)
    assert {"source_url", "as_of"} <= set(frame.columns)
    assert pd.to_datetime(frame["as_of"], format="%Y-%m-%d").notna().all()


def test_the_default_pairs_are_present() -> None:
    expected = DEFAULT_PAIRS | {
        f"{symbol.lower()}_vs_market": (symbol, "SPY") for symbol in ["CAT", "ROK", *SECTOR_FUNDS]
    }
    pairs = read("pair").set_index("pair")
    actual = {
        name: (row["long_symbol"], row["short_symbol"])
        for name, row in pairs.iterrows()
        if name in expected
    }
    assert actual == expected


def test_instrument_kinds_and_sectors() -> None:
    instruments = read("instrument").set_index("symbol")
    assert set(instruments["kind"]) == {"etf", "index", "stock", "basket"}
    assert (instruments.loc[SECTOR_FUNDS, "sector"] != "").all()
    baskets = set(instruments.index[instruments["kind"] == "basket"])
    assert baskets == set(read("basket_member")["basket"])


def test_basket_members() -> None:
    members = read("basket_member").groupby("basket")
    symbols = members["symbol"].agg(set).to_dict()
    assert symbols["MAG7"] == MEGA_CAPS
    assert symbols["MAG7_HOLD"] == MEGA_CAPS
    assert symbols["OLD_ECONOMY"] == {"XLI", "XLE", "XLB", "KRE"}
    rebalance = members["rebalance"].agg(set).to_dict()
    assert rebalance["MAG7"] == {"session"}
    assert rebalance["OLD_ECONOMY"] == {"session"}
    assert rebalance["MAG7_HOLD"] == {"year"}


def test_cohorts_and_the_funds_that_fill_them() -> None:
    benchmark = read("cohort").set_index("cohort")["benchmark_symbol"].to_dict()
    expected = {"SMALL": "IWM", "LARGE": "SPY", "LARGE_EX_MAG7": "RSP", "MAG7": "MAG7"}
    assert expected.items() <= benchmark.items()
    fund = read("cohort_fund").set_index("fund")["cohort"].to_dict()
    assert {"IWM": "SMALL", "IVV": "LARGE", "SP500": "LARGE"}.items() <= fund.items()
    assert set(fund.values()) <= set(benchmark)


def test_spellings_differ_by_the_separator_alone() -> None:
    spellings = read("ticker_spelling")
    plain = spellings["ticker"].str.replace(".", "", regex=False)
    assert (plain == spellings["symbol"].str.replace("-", "", regex=False)).all()
    assert spellings["symbol"].str.contains("-", regex=False).all()
    assert not spellings["ticker"].isin(spellings["symbol"]).any()


def test_one_primary_class_per_issuer() -> None:
    classes = read("share_class")
    issuers = classes.assign(primary=classes["is_primary"] == "true").groupby("issuer")["primary"]
    assert (issuers.sum() == 1).all()
    assert (issuers.size() >= 2).all()
    primary = set(classes.loc[classes["is_primary"] == "true", "symbol"])
    assert {"GOOGL", "FOXA", "NWSA", "BRK-B"} <= primary


def test_fed_decisions_add_up() -> None:
    decisions = fed_decisions()
    assert decisions["announced_at"].is_monotonic_increasing
    # The target was 4.25 % when 2008 began.
    level = 4.25 + decisions["change_bp"].cumsum() / 100
    assert level.sub(decisions["upper_pct"]).abs().max() < 1e-9
    width = decisions["upper_pct"] - decisions["lower_pct"]
    assert set(width[decisions["announced_at"] < "2008-12-16"]) == {0.0}
    assert set(width[decisions["announced_at"] >= "2008-12-16"]) == {0.25}


def test_fed_decisions_take_effect_where_something_changed() -> None:
    decisions = fed_decisions()
    changed = decisions["change_bp"] != 0
    assert decisions["effective_date"].notna().equals(changed)
    wait = decisions["effective_date"] - decisions["announced_at"].dt.normalize()
    assert set(wait[changed].dt.days) <= {0, 1}


def test_fed_meets_eight_times_a_year_by_its_calendar() -> None:
    decisions = fed_decisions()
    scheduled = decisions[decisions["is_scheduled"] == "true"]
    per_year = scheduled.groupby(scheduled["announced_at"].dt.year).size()
    # The meeting of 17 and 18 March 2020 was brought forward to the 15th.
    expected = {year: 7 if year == 2020 else 8 for year in range(2008, 2026)}
    assert per_year.loc[:2025].to_dict() == expected
    unscheduled = decisions.loc[decisions["is_scheduled"] == "false", "announced_at"]
    days = ["2008-01-22", "2008-10-08", "2020-03-03", "2020-03-15"]
    assert list(unscheduled.dt.strftime("%Y-%m-%d")) == days


@pytest.mark.skipif(not RATES.is_dir(), reason="the shared data folder is not there")
@pytest.mark.parametrize(
    ("series_id", "column"), [("DFEDTARU", "upper_pct"), ("DFEDTARL", "lower_pct")]
)
def test_fed_decisions_reproduce_fred(series_id: str, column: str) -> None:
    observed = pd.read_csv(RATES / f"{series_id}.csv", index_col=0, parse_dates=True)[series_id]
    changes = fed_decisions().dropna(subset=["effective_date"])
    steps = changes.set_index("effective_date")[column]
    rebuilt = steps.reindex(observed.index.union(steps.index)).ffill().reindex(observed.index)
    assert (rebuilt == observed).all()


def test_releases_come_after_their_month_at_half_past_eight() -> None:
    calendar = read("release_calendar")
    released_at = pd.to_datetime(calendar["released_at"])
    new_york = released_at.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    assert set(new_york.dt.strftime("%H:%M")) == {"08:30"}
    assert (new_york.dt.day_of_week < 5).all()
    observation_date = pd.to_datetime(calendar["observation_date"])
    assert (observation_date.dt.day == 1).all()
    assert (released_at - observation_date).dt.days.between(29, 85).all()
    assert "2025-10-01" not in set(calendar["observation_date"])


ADDED = "a line that is added"


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        # a cell
        ("pair", "iwm_xyz,IWM,XYZ,x,y,2026-07-02", ADDED, "short_symbol: 'XYZ' must be in column"),
        ("pair", "iwm_iwm,IWM,IWM,x,y,2026-07-02", ADDED, "short_symbol: 'IWM' must be another"),
        ("pair", "iwm_spy,IWM,SPY,x,y,", ADDED, "as_of: must not be empty"),
        ("pair", "iwm_spy,IWM,SPY,x,y,soon", ADDED, "as_of: 'soon' must be a date"),
        ("pair", "small_vs_large,IWM,SPY,x,y,2026-07-02", ADDED, "pair: this key stands twice"),
        ("cohort_fund", "IWB,MIDDLE,,y,2026-07-02", ADDED, "cohort: 'MIDDLE' must be in column"),
        ("basket_member", "MAG7,AAPL,,session", "MAG7,AAPL,,daily", "rebalance: 'daily' must be"),
        ("basket_member", "MAG7,AAPL,,session", "MAG7,AAPL,,year", "rebalance: 'year' must be the"),
        ("scorecard_signal", ",1,0.14,", ",7,0.14,", "sign: '7' must be one of 1, -1"),
        ("scorecard_signal", ",1,0.14,", ",1,0.15,", "weight: '0.15' must be such that all"),
        (
            "floating_rate_share",
            "2000 companies,false",
            "2000 companies,true",
            "is_used: 'true' must be true in one",
        ),
        ("share_class", "GOOGL,true", "GOOGL,false", "is_primary: 'false' must be true in one"),
        ("claim", ",IWM,year to date", ",IWN,year to date", "symbol_or_pair: 'IWN' must be what"),
        ("claim", ",small_vs_large,21", ",IWM,21", "symbol_or_pair: 'IWM' must be what"),
        ("claim", "7.45,7.55", "7.55,7.45", "claimed_high: '7.45' must be at least"),
        ("claim", "quote.return_ytd_pct", "quote.return", "metric: 'quote.return' must be in"),
        ("index_target", "^RUT", "^RUTT", "symbol: '^RUTT' must be in column symbol of instrument"),
        # a whole line
        ("pair", "iwm_spy,IWM,SPY,one, two,y,2026-07-02", ADDED, "as_of: the line has 7 cells"),
        ("pair", "iwm_spy,IWM,SPY", ADDED, "short_symbol: the line has 3 cells instead of 6"),
    ],
)
def test_wrong_line_is_named_with_its_column(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    old: str,
    new: str,
    sentence: str,
) -> None:
    # given a wrong line behind a blank one, which counts as a line
    shutil.copytree(REFERENCE, tmp_path / "reference")
    monkeypatch.setattr(warehouse.reference, "FOLDER", tmp_path)
    file = tmp_path / "reference" / f"{table}.csv"
    header, rows = file.read_text(encoding="utf-8").split("\n", 1)
    rows = rows + old + "\n" if new == ADDED else rows.replace(old, new, 1)
    file.write_text(f"{header}\n\n{rows}", encoding="utf-8")
    lines = file.read_text(encoding="utf-8").split("\n")
    number = 1 + next(n for n, line in enumerate(lines) if (old if new == ADDED else new) in line)

    # when
    with duckdb.connect() as con:
        con.execute("create schema reference")
        with pytest.raises(ReferenceFileError) as raised:
            load_reference(con)

    # then
    assert str(raised.value).startswith(f"{table}.csv line {number}, column {sentence}")
    assert str(raised.value).endswith(".")
