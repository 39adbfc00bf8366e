"""Statistics over seeds: intervals by bootstrap, and the probability that one choice beats another.

Runs with the same seed share their random numbers, so comparisons are paired by seed. A value that is not finite is
worse than every other: a diverged run counts against its choice and never vanishes from a median.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95  # of every interval
RESAMPLES = 4000  # the ends of an interval are then known to about 0.3 % of its level

Values = Sequence[float] | NDArray[np.floating]


@dataclass(frozen=True)
class Beats:
    """How often A beats B, paired by seed: wins plus half the ties over the pairs, and its interval."""

    probability: float
    low: float
    high: float
    pairs: int

    @property
    def told_apart(self) -> bool:
        """Whether the seeds tell A from B: the interval leaves out one half."""
        return self.low > 0.5 or self.high < 0.5


def median(values: Values) -> float:
    """The median, NaN counting as +infinity; infinities stay exact.

    >>> median([3.0, 1.0, float("nan")])
    3.0
    """
    return float(_medians(_costs(values)[None, :])[0])


def median_interval(values: Values, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of the median: quantiles of the medians of samples drawn with replacement (Efron 1979).

    Args:
        values: one per seed; NaN counts as +infinity. For a score, pass its negative.
        level: share of the medians inside the interval.

    >>> median_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    >>> low, high = median_interval(list(range(16)))
    >>> low < 7.5 < high
    True
    """
    costs = _costs(values)
    return _interval(_medians(costs[_resamples(len(costs))]), level)


def difference_interval(first: Values, second: Values, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of median(first) - median(second), both resampled by the same seeds.

    Two infinite medians differ by 0.

    Args:
        first, second: one value per seed, in the same order of seeds; NaN counts as +infinity.
        level: share of the differences inside the interval.

    >>> low, high = difference_interval([2.0, 2.1, 2.2], [1.0, 1.1, 1.2])
    >>> round(low, 1), round(high, 1)
    (1.0, 1.0)
    """
    a, b = _costs(first), _costs(second)
    if a.shape != b.shape:
        raise ValueError(f"paired values need the same seeds, got {len(a)} and {len(b)}")
    picks = _resamples(len(a))
    above, below = _medians(a[picks]), _medians(b[picks])
    with np.errstate(invalid="ignore"):
        return _interval(np.where(above == below, 0.0, above - below), level)


def beats(first: Values, second: Values, level: float = LEVEL) -> Beats:
    """The probability that the first is lower than the second for the same seed, ties counting half.

    The interval is Clopper and Pearson's (1934), which is exact for few seeds; an odd tie is a win for one end of it
    and a loss for the other.

    Args:
        first, second: costs, one per seed, in the same order of seeds; for scores, pass their negatives.
        level: coverage of the interval.

    >>> beats([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]).probability
    1.0
    >>> beats([1.0, 1.0], [2.0, 2.0]).told_apart  # two seeds tell nothing apart
    False
    """
    from scipy.stats import binomtest

    a, b = _costs(first), _costs(second)
    if a.shape != b.shape or not len(a):
        raise ValueError(f"paired values need the same seeds, at least one; got {len(a)} and {len(b)}")
    wins, losses = int(np.sum(a < b)), int(np.sum(a > b))
    halves = 2 * wins + (len(a) - wins - losses)
    low = binomtest(halves // 2, len(a)).proportion_ci(level, "exact").low
    high = binomtest(-(-halves // 2), len(a)).proportion_ci(level, "exact").high
    return Beats(halves / (2 * len(a)), float(low), float(high), len(a))


def _costs(values: Values) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    return np.where(np.isnan(array), np.inf, array)


def _medians(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each row; between two equal infinities, that infinity."""
    ordered = np.sort(rows, axis=1)
    below, above = ordered[:, (rows.shape[1] - 1) // 2], ordered[:, rows.shape[1] // 2]
    with np.errstate(invalid="ignore"):
        return np.where(below == above, below, (below + above) / 2)


@functools.lru_cache(maxsize=64)
def _resamples(count: int) -> NDArray[np.intp]:
    """(resamples, count): the seeds of each sample with replacement; the same for the same count."""
    return np.random.default_rng([count, RESAMPLES]).integers(count, size=(RESAMPLES, count))


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The middle `level` of the values, as order statistics, which stay right where some are infinite."""
    ordered = np.sort(values)
    outside = int((1 - level) / 2 * len(ordered))
    return float(ordered[outside]), float(ordered[len(ordered) - 1 - outside])
