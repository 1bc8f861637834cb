"""One fund of iShares and what it holds."""

from dataclasses import dataclass, field


@dataclass
class Holding:
    """One line of the holdings file; `symbol` is Yahoo's, where the price comes from there."""

    ticker: str
    name: str
    shares: float
    symbol: str = ""
    price: float = 0.0  # where Yahoo has none
    sector: str = "Industrials"
    asset_class: str = "Equity"
    exchange: str = "NASDAQ"
    currency: str = "USD"


@dataclass
class Fund:
    """A fund under its symbol; `product` is the number in its address at iShares."""

    symbol: str
    name: str
    product: str
    inception: str  # as the file writes it: May 22, 2000
    holdings: list[Holding] = field(default_factory=list)

    def leave(self, ticker: str) -> None:
        """Take a holding out."""
        self.holdings = [holding for holding in self.holdings if holding.ticker != ticker]
