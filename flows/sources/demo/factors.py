"""The story of the simulated market: what drives all its stocks, session by session."""

from datetime import date

import numpy as np

from flows.sources.demo.draws import Floats, Stream, normals
from flows.sources.demo.history import ANCHOR, History

SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)
TOLD = ("market", "size", "mega", "value")  # the factors whose course the story fixes
FACTORS = (*TOLD, *SECTORS, "Regional Banks", "Biotechnology")
YEARLY_VOLATILITY = np.array([0.14, 0.07, 0.08, 0.05, *[0.08] * len(SECTORS), 0.10, 0.18])
# Stocks that swing back gain when weighted equally; their factor gives that back.
BIOTECH_YEARLY_DRIFT = -0.08

# From this day on: yearly log drift of market, small-minus-large, mega-cap technology and value;
# volatility as a multiple of the usual. Shaped like the years it is dated in, and invented.
STORY = (
    (date(1990, 1, 1), 0.08, 0.01, 0.02, 0.00, 1.0),
    (date(2007, 10, 10), -0.40, -0.02, -0.02, -0.05, 1.9),
    (date(2009, 3, 10), 0.15, 0.02, 0.03, 0.00, 1.1),
    (date(2015, 1, 1), 0.08, -0.02, 0.05, -0.02, 0.9),
    (date(2020, 2, 20), -4.40, -1.00, 0.20, -0.80, 3.5),  # a shock: a third lost in five weeks
    (date(2020, 3, 24), 1.10, 0.15, 0.25, -0.10, 1.5),
    (date(2020, 9, 1), 0.20, 0.04, 0.04, 0.00, 0.9),
    (date(2022, 1, 3), -0.35, -0.02, -0.18, 0.12, 1.5),  # a bear market, the mega-caps first
    (date(2022, 10, 13), 0.14, -0.08, 0.17, -0.04, 0.85),  # mega-caps lead for years
    (date(2025, 7, 1), 0.10, 0.19, -0.06, 0.05, 0.9),  # the rotation into small companies
    (ANCHOR, 0.07, 0.02, 0.00, 0.01, 1.0),
)


def factor_moves(history: History, seed: int) -> Floats:
    """Daily log moves of FACTORS, sessions × factors, for every session of the history.

    Until the anchor each chapter's noise is centred, so the told factors end where the story says.
    """
    chapter = np.searchsorted(
        np.array([row[0] for row in STORY], dtype="datetime64[D]"), history.days, side="right"
    )
    told = np.array([row[1:] for row in STORY])[chapter - 1]
    noise = np.concatenate(
        [
            normals(seed, Stream.FACTOR, year, (span.stop - span.start, len(FACTORS) + 1))
            for year, span in history.years()
        ]
    )
    volatility = told[:, 4] * _clusters(noise[:, -1])
    moves: Floats = noise[:, :-1] * volatility[:, None] * YEARLY_VOLATILITY / np.sqrt(252)
    for number in range(1, len(STORY)):
        rows = chapter == number
        if rows.any():
            moves[rows, : len(TOLD)] -= moves[rows, : len(TOLD)].mean(axis=0)
    moves[:, : len(TOLD)] += told[:, : len(TOLD)] / 252
    moves[:, FACTORS.index("Biotechnology")] += BIOTECH_YEARLY_DRIFT / 252
    return moves


def _clusters(noise: Floats) -> Floats:
    """Volatility that comes in clusters: a multiple around one, persistent over some weeks."""
    state, states = 0.0, np.empty_like(noise)
    for index, shock in enumerate(noise):
        state = 0.96 * state + 0.28 * shock
        states[index] = state
    multiples: Floats = np.exp(0.25 * states)
    return multiples
