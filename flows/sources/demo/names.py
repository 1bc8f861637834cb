"""Named companies, sectors and industries of the simulated market. Figures are round and invented
in their course; only their order of magnitude is that of the companies they are named after."""

from datetime import date
from typing import NamedTuple


class Company(NamedTuple):
    """A stock that goes by its real ticker; price and shares are those at the story's end."""

    symbol: str
    name: str
    sector: str
    industry: str
    price: float
    shares: float
    market: float  # exposure to the market
    mega: float  # exposure to mega-cap technology
    own_volatility: float  # daily
    dividend_yield: float  # a year
    fiscal_month: int
    price_to_earnings: float


IT, COMMUNICATION, DISCRETIONARY = (
    "Information Technology",
    "Communication Services",
    "Consumer Discretionary",
)
HARDWARE = "Technology Hardware, Storage & Peripherals"
MEDIA = "Interactive Media & Services"
MACHINERY = "Construction Machinery & Heavy Transportation Equipment"
SEVEN = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")

# fmt: off
NAMED = (
    Company("AAPL", "Apple", IT, HARDWARE,
            260, 14.7e9, 1.05, 0.8, 0.010, 0.004, 9, 31),
    Company("MSFT", "Microsoft", IT, "Systems Software",
            480, 7.4e9, 1.0, 0.8, 0.009, 0.007, 6, 30),
    Company("GOOGL", "Alphabet Class A", COMMUNICATION, MEDIA,
            330, 5.8e9, 1.05, 0.9, 0.011, 0.003, 12, 24),
    Company("GOOG", "Alphabet Class C", COMMUNICATION, MEDIA,
            330, 5.4e9, 1.05, 0.9, 0.0015, 0.003, 12, 24),
    Company("AMZN", "Amazon", DISCRETIONARY, "Broadline Retail",
            240, 10.7e9, 1.15, 1.0, 0.012, 0.0, 12, 31),
    Company("META", "Meta Platforms", COMMUNICATION, MEDIA,
            670, 2.5e9, 1.15, 1.1, 0.014, 0.003, 12, 24),
    Company("NVDA", "Nvidia", IT, "Semiconductors",
            190, 24.3e9, 1.4, 1.6, 0.016, 0.0002, 1, 34),
    Company("TSLA", "Tesla", DISCRETIONARY, "Automobile Manufacturers",
            430, 3.3e9, 1.5, 1.3, 0.022, 0.0, 12, 120),
    Company("CAT", "Caterpillar", "Industrials", MACHINERY,
            600, 0.47e9, 1.1, -0.2, 0.011, 0.012, 12, 22),
    Company("ROK", "Rockwell Automation", "Industrials", "Electrical Components & Equipment",
            400, 0.11e9, 1.1, -0.2, 0.012, 0.014, 9, 26),
)

# The kinds that invented large companies take in turn, so that any size has all of them.
LARGE_PATTERN = (
    (IT, "Semiconductors"),
    ("Financials", "Diversified Banks"),
    ("Health Care", "Pharmaceuticals"),
    ("Consumer Staples", "Packaged Foods & Meats"),
    ("Energy", "Integrated Oil & Gas"),
    ("Utilities", "Electric Utilities"),
    ("Real Estate", "Industrial REITs"),
    ("Materials", "Specialty Chemicals"),
    ("Industrials", "Aerospace & Defense"),
    (DISCRETIONARY, "Restaurants"),
    (COMMUNICATION, "Integrated Telecommunication Services"),
    (IT, "Application Software"),
    ("Financials", "Property & Casualty Insurance"),
    ("Health Care", "Biotechnology"),
    ("Industrials", "Rail Transportation"),
    ("Energy", "Oil & Gas Exploration & Production"),
    (COMMUNICATION, "Movies & Entertainment"),
    ("Consumer Staples", "Household Products"),
    (DISCRETIONARY, "Home Improvement Retail"),
    ("Materials", "Industrial Gases"),
    ("Real Estate", "Retail REITs"),
    ("Utilities", "Multi-Utilities"),
    ("Health Care", "Health Care Equipment"),
    (IT, "IT Consulting & Other Services"),
)
SMALL_PATTERN = (
    ("Financials", "Regional Banks"),
    ("Health Care", "Biotechnology"),
    ("Industrials", "Industrial Machinery & Supplies & Components"),
    (IT, "Application Software"),
    ("Financials", "Regional Banks"),
    (DISCRETIONARY, "Apparel Retail"),
    ("Energy", "Oil & Gas Exploration & Production"),
    ("Health Care", "Biotechnology"),
    ("Real Estate", "Office REITs"),
    ("Industrials", "Building Products"),
    ("Financials", "Regional Banks"),
    ("Materials", "Specialty Chemicals"),
    (IT, "Semiconductors"),
    ("Health Care", "Health Care Equipment"),
    ("Consumer Staples", "Packaged Foods & Meats"),
    ("Financials", "Regional Banks"),
    ("Industrials", "Aerospace & Defense"),
    (DISCRETIONARY, "Restaurants"),
    ("Health Care", "Biotechnology"),
    (COMMUNICATION, "Cable & Satellite"),
    ("Utilities", "Gas Utilities"),
    ("Energy", "Oil & Gas Equipment & Services"),
    (IT, "Electronic Components"),
)
# fmt: on

SPLITS = (
    ("AAPL", date(2020, 8, 31), 4.0),
    ("TSLA", date(2020, 8, 31), 5.0),
    ("NVDA", date(2021, 7, 20), 4.0),
    ("AMZN", date(2022, 6, 6), 20.0),
    ("GOOGL", date(2022, 7, 18), 20.0),
    ("GOOG", date(2022, 7, 18), 20.0),
    ("TSLA", date(2022, 8, 25), 3.0),
    ("NVDA", date(2024, 6, 10), 10.0),
)
