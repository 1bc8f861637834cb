"""The companies of the simulated market: who they are, what they are exposed to, when they list."""

from dataclasses import dataclass

import numpy as np

from flows.sources.demo.draws import Counts, Flags, Floats, Stream, generator
from flows.sources.demo.factors import FACTORS, SECTORS
from flows.sources.demo.history import History
from flows.sources.demo.listings import draw_listings, draw_memberships, draw_splits
from flows.sources.demo.names import LARGE_PATTERN, NAMED, SEVEN, SMALL_PATTERN

MARK = "(simulated)"  # part of every name, so that whatever shows a name says what it is
LARGE_OTHERS_CAP_USD = 40e12  # with the seven's 21 trillion: they are a third of the large ones
SMALL_MEDIAN_CAP_USD = 2e9
TECH = ("Information Technology", "Communication Services", "Consumer Discretionary")


@dataclass(frozen=True, eq=False)
class Cast:
    """One value per stock, in the order of `symbols`; prices are those at the anchor, in USD."""

    symbols: list[str]
    names: list[str]
    sectors: list[str]
    industries: list[str]
    is_large: Flags  # at the start; a few change sides later
    is_seven: Flags  # the seven, both share classes of Alphabet
    traits: dict[str, Flags]
    loadings: Floats  # stocks × FACTORS
    own_volatility: Floats  # daily, of the log price
    price: Floats
    shares: Floats  # of the line
    issuer_shares: Floats  # of the company, all classes
    dividend_yield: Floats
    ex_phase: Counts  # dividends go ex where session index mod 63 equals this
    listed_from: Counts  # session index; 0 where listed all along
    listed_until: Counts  # first session index without it; NEVER where it stays
    member_span: dict[str, tuple[Counts, Counts]]  # cohort: first file in, first file out again
    splits: list[tuple[int, int, float]]  # session index, stock, new shares per old one

    def is_listed(self, index: int) -> Flags:
        """Which stocks trade on the session of that index."""
        return (self.listed_from <= index) & (index < self.listed_until)

    def is_member(self, cohort: str, file_number: int, file_index: int) -> Flags:
        """Whom the holdings file of that number, dated that session, lists for LARGE or SMALL."""
        first, end = self.member_span[cohort]
        inside: Flags = (first <= file_number) & (file_number < end)
        return inside & self.is_listed(file_index)

    @property
    def cohort(self) -> Counts:
        """0 for the seven, 1 for other large ones, 2 for small ones."""
        return np.where(self.is_seven, 0, np.where(self.is_large, 1, 2))


def draw_cast(symbols: int, history: History, seed: int) -> Cast:
    """The cast of `symbols` stocks, the same for every `until`."""
    rng = generator(seed, Stream.CAST)
    large_count = max(len(NAMED) + len(LARGE_PATTERN), symbols // 3)
    invented_large, small_count = large_count - len(NAMED), symbols - large_count
    width = max(3, len(str(symbols)))
    tickers = [company.symbol for company in NAMED]
    tickers += [f"L{number:0{width}d}" for number in range(1, invented_large + 1)]
    tickers += [f"S{number:0{width}d}" for number in range(1, small_count + 1)]
    kinds = [(company.sector, company.industry) for company in NAMED]
    kinds += [LARGE_PATTERN[number % len(LARGE_PATTERN)] for number in range(invented_large)]
    kinds += [SMALL_PATTERN[number % len(SMALL_PATTERN)] for number in range(small_count)]
    names = [f"{company.name} {MARK}" for company in NAMED]
    names += [
        f"{kind[1]} Company {tickers[len(NAMED) + number]} {MARK}"
        for number, kind in enumerate(kinds[len(NAMED) :])
    ]

    is_large = np.arange(symbols) < large_count
    is_seven = np.array([ticker in SEVEN or ticker == "GOOG" for ticker in tickers])
    sectors, industries = [kind[0] for kind in kinds], [kind[1] for kind in kinds]
    price = np.where(is_large, 120, 28) * np.exp(rng.normal(0, 0.6, symbols))
    cap = np.exp(rng.normal(0, 0.9, symbols))
    others = is_large & (np.arange(symbols) >= len(NAMED))
    cap *= np.where(is_large, LARGE_OTHERS_CAP_USD / cap[others].sum(), SMALL_MEDIAN_CAP_USD)
    is_value = rng.random(symbols) < 0.5
    is_value &= ~np.isin(sectors, ["Information Technology"]) & ~is_seven
    is_loss_maker = ~is_large & (rng.random(symbols) < 0.22)
    is_loss_maker |= (
        ~is_large & np.isin(industries, ["Biotechnology"]) & (rng.random(symbols) < 0.6)
    )
    own_volatility = np.where(
        is_large, rng.uniform(0.009, 0.014, symbols), rng.uniform(0.013, 0.024, symbols)
    ) * np.where(np.isin(industries, ["Biotechnology"]), 1.4, 1.0)
    yearly_yield = rng.uniform(0.01, 0.035, symbols)
    yearly_yield *= rng.random(symbols) < np.where(is_large, 0.8, 0.4)
    yearly_yield[is_loss_maker] = 0
    ex_phase = rng.integers(0, 63, symbols)
    market = np.where(is_large, rng.normal(0.97, 0.15, symbols), rng.normal(1.1, 0.2, symbols))
    loadings = _loadings(market, is_large, is_value, sectors, industries)
    for row, company in enumerate(NAMED):
        price[row], cap[row] = company.price, company.price * company.shares
        own_volatility[row], yearly_yield[row] = company.own_volatility, company.dividend_yield
        loadings[row, :3] = company.market, 0.0, company.mega
    classes = [tickers.index("GOOGL"), tickers.index("GOOG")]
    ex_phase[classes] = ex_phase[classes[0]]
    issuer_shares = cap / price
    issuer_shares[classes] = issuer_shares[classes].sum()
    listed_from, listed_until = draw_listings(rng, is_large, history)
    return Cast(
        symbols=tickers,
        names=names,
        sectors=sectors,
        industries=industries,
        is_large=is_large,
        is_seven=is_seven,
        traits={
            "value": is_value,
            "growth": ~is_value,
            "profitable": ~is_loss_maker,
            "tech": np.isin(sectors, TECH) & ~is_value,
            "nasdaq": is_seven | (np.isin(sectors, (*TECH, "Health Care")) & ~is_value),
        },
        loadings=loadings,
        own_volatility=own_volatility,
        price=price,
        shares=cap / price,
        issuer_shares=issuer_shares,
        dividend_yield=yearly_yield,
        ex_phase=ex_phase,
        listed_from=listed_from,
        listed_until=listed_until,
        member_span=draw_memberships(rng, is_large),
        splits=draw_splits(rng, tickers, history),
    )


def _loadings(
    market: Floats, is_large: Flags, is_value: Flags, sectors: list[str], industries: list[str]
) -> Floats:
    """Exposure of each stock to each factor, stocks × FACTORS."""
    loadings = np.zeros((len(market), len(FACTORS)))
    loadings[:, 0] = market
    loadings[:, 1] = np.where(is_large, 0.15, 1.0)
    loadings[:, 2] = np.where(is_large & np.isin(sectors, TECH) & ~is_value, 0.3, 0.0)
    loadings[:, 3] = np.where(is_value, 0.5, -0.5)
    for number, names in ((4, sectors), (4 + len(SECTORS), industries)):
        for column, factor in enumerate(FACTORS[number : number + len(SECTORS)], start=number):
            loadings[:, column] += np.array(names) == factor
    return loadings
