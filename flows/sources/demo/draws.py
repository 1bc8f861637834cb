"""Random numbers of the simulated market, keyed by what they are for and by calendar year."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
Days = NDArray[np.datetime64]


class Stream(IntEnum):
    """What a sequence of random numbers is for; one purpose never disturbs another."""

    CAST = 1
    FACTOR = 2
    OWN_MOVE = 3
    BAR = 4
    RATE = 5
    MACRO = 6
    COMPANY = 7
    REVISION = 8


def generator(seed: int, stream: Stream, year: int = 0) -> np.random.Generator:
    """The generator of one stream and year: a year's numbers do not depend on later years."""
    return np.random.default_rng([seed, int(stream), year])


def normals(seed: int, stream: Stream, year: int, shape: tuple[int, int]) -> Floats:
    """Standard normal numbers of one stream and year, of `shape` (rows in time, columns)."""
    return generator(seed, stream, year).standard_normal(shape)


def revert(noise: Floats, persistence: float, start: Floats) -> Floats:
    """First-order autoregression down the rows: x_t = persistence · x_{t−1} + noise_t."""
    path = np.empty_like(noise)
    level = start
    for row in range(len(noise)):
        level = persistence * level + noise[row]
        path[row] = level
    return path
