"""Statistics over seeds: intervals by bootstrap, and the probability that one choice beats another.

Runs with the same seed share their random numbers, so comparisons are paired by seed. A value that is not finite is
worse than every other: a diverged run counts against its choice and never vanishes from a median.
"""

from __future__ import annotations

import functools
import math
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
    a, b = _costs(first), _costs(second)
    if a.shape != b.shape or not len(a):
        raise ValueError(f"paired values need the same seeds, at least one; got {len(a)} and {len(b)}")
    wins, losses = int(np.sum(a < b)), int(np.sum(a > b))
    halves = 2 * wins + (len(a) - wins - losses)
    low, high = _lowest_share(halves // 2, len(a), level), 1 - _lowest_share(len(a) + (-halves // 2), len(a), level)
    return Beats(halves / (2 * len(a)), low, high, len(a))


def median_intervals(samples: Sequence[Values], level: float = LEVEL) -> list[tuple[float, float]]:
    """`median_interval(sorted(values))` of each sample, many hundreds of samples at once.

    A resample's median is fixed by the two middle ranks it drew, so samples of one size share the count of those.

    Args:
        samples: each at least one value; NaN counts as +infinity. For scores, pass their negatives.
        level: share of the medians inside each interval.

    >>> median_intervals([[1.0, 1.0, 1.0], [3.0, 1.0, 2.0]]) == [(1.0, 1.0), median_interval([1.0, 2.0, 3.0])]
    True
    """
    outside = int((1 - level) / 2 * RESAMPLES)
    found: list[tuple[float, float]] = [(math.nan, math.nan)] * len(samples)
    for size in sorted({len(values) for values in samples}):
        places = [index for index, values in enumerate(samples) if len(values) == size]
        ordered = np.sort(_costs(np.array([samples[index] for index in places], np.float64)), axis=1)
        (below, above), counts = _middle_ranks(size)
        medians = _midpoints(ordered[:, below], ordered[:, above])
        order = np.argsort(medians, axis=1)
        medians, reached = np.take_along_axis(medians, order, axis=1), np.cumsum(counts[order], axis=1)
        ends = [(reached > rank).argmax(axis=1) for rank in (outside, RESAMPLES - 1 - outside)]
        for row, index in enumerate(places):
            found[index] = (float(medians[row, ends[0][row]]), float(medians[row, ends[1][row]]))
    return found


def clustered_interval(values: Values, clusters: Sequence[int], level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of the median of values that come in clusters, such as all the runs of one seed.

    Whole clusters are drawn with replacement (Davison & Hinkley 1997, section 3.8): runs that share a seed are no
    independent evidence, so ten times as many runs of the same seeds do not make the interval narrower.

    Args:
        values: at least one; NaN counts as +infinity. For a score, pass its negative.
        clusters: the cluster of each value.
        level: share of the medians inside the interval.

    >>> low, high = clustered_interval([1.0, 2.0, 3.0] * 10, [1, 2, 3] * 10)
    >>> low, high
    (1.0, 3.0)
    """
    costs = _costs(values)
    names, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    order = np.argsort(costs, kind="stable")
    costs, cluster = costs[order], cluster[order]
    drawn = _multiplicities(len(names))
    below_or_equal = np.zeros((len(costs) + 1, len(names)), np.int64)  # of the lowest j costs, how many in each cluster
    np.cumsum(cluster[:, None] == np.arange(len(names)), axis=0, out=below_or_equal[1:])
    total = drawn @ below_or_equal[-1]

    def at_rank(rank: NDArray[np.int64]) -> NDArray[np.float64]:
        """Each resample's value of that rank, by bisection: the first cost with more than `rank` drawn up to it."""
        low, high = np.zeros(RESAMPLES, np.int64), np.full(RESAMPLES, len(costs) - 1)
        while np.any(low < high):
            middle = (low + high) // 2
            enough = np.einsum("rc,rc->r", below_or_equal[middle + 1], drawn) > rank
            low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
        return np.asarray(costs[low])

    return _interval(_midpoints(at_rank((total - 1) // 2), at_rank(total // 2)), level)


def _lowest_share(wins: int, count: int, level: float) -> float:
    """The lower end of Clopper and Pearson's interval for a share, a quantile of the beta distribution."""
    from scipy.special import betaincinv  # scipy.stats has it in words, and takes a second to load

    return float(betaincinv(wins, count - wins + 1, (1 - level) / 2)) if wins else 0.0


def _costs(values: Values) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    return np.where(np.isnan(array), np.inf, array)


def _medians(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each row; between two equal infinities, that infinity."""
    ordered = np.sort(rows, axis=1)
    return _midpoints(ordered[:, (rows.shape[1] - 1) // 2], ordered[:, rows.shape[1] // 2])


def _midpoints(below: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
    """(below + above)/2; of two equal infinities, that infinity."""
    with np.errstate(invalid="ignore"):
        return np.where(below == above, below, (below + above) / 2)


@functools.lru_cache(maxsize=64)
def _resamples(count: int) -> NDArray[np.intp]:
    """(resamples, count): the seeds of each sample with replacement; the same for the same count."""
    return np.random.default_rng([count, RESAMPLES]).integers(count, size=(RESAMPLES, count))


@functools.lru_cache(maxsize=64)
def _multiplicities(count: int) -> NDArray[np.int64]:
    """(resamples, count): how often each resample has each seed."""
    found = np.zeros((RESAMPLES, count), np.int64)
    np.add.at(found, (np.arange(RESAMPLES)[:, None], _resamples(count)), 1)
    return found


@functools.lru_cache(maxsize=64)
def _middle_ranks(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of middle ranks that the resamples of a sorted sample draw, (2, pairs), and how often each."""
    ranks = np.sort(_resamples(count), axis=1)
    middle = np.stack([ranks[:, (count - 1) // 2], ranks[:, count // 2]])
    pairs, counts = np.unique(middle, axis=1, return_counts=True)
    return pairs, counts


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The middle `level` of the values, as order statistics, which stay right where some are infinite."""
    ordered = np.sort(values)
    outside = int((1 - level) / 2 * len(ordered))
    return float(ordered[outside]), float(ordered[len(ordered) - 1 - outside])
