"""Statistics over seeds: intervals by bootstrap, and the probability that one choice beats another.

Runs with the same seed share their random numbers, so comparisons are paired by seed. A value that is not finite is
worse than every other: a diverged run counts against its choice and never vanishes from a median.

An interval is a function of what was measured and not of the order in which it stands: of the values, of the pairs, of
the clusters. Where all resamples can be counted they are, so that no chance is left in it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95  # of every interval
# Seeds that all agree do so by chance with probability 2 ** -seeds at each side: that is rare enough from six on.
FEWEST = math.ceil(-math.log2((1 - LEVEL) / 2))
RESAMPLES = 4000  # where not all are counted; the ends of an interval are then known to about 0.3 % of its level
COUNTED = 8  # so many pairs or clusters have 6,435 different resamples, and all of them are counted
RARE = 1e-12  # ranks that are drawn more seldom are left out

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

    Exact: it counts all resamples there are, by the ranks in their middle. The same values give the same interval in
    any order.

    Args:
        values: one per seed; NaN counts as +infinity. For a score, pass its negative.
        level: share of the medians inside the interval.

    >>> median_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    >>> low, high = median_interval(list(range(16)))
    >>> low < 7.5 < high
    True
    """
    return median_intervals([values], level)[0]


def difference_interval(first: Values, second: Values, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of median(first) - median(second), both resampled by the same seeds.

    The same pairs give the same interval in any order, and exchanged they give its negative. Two infinite medians
    differ by 0.

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
    pairs, turned = sorted(zip(a, b, strict=True)), sorted(zip(b, a, strict=True))
    if turned < pairs:
        low, high = difference_interval(b, a, level)
        return 0.0 - high, 0.0 - low
    picks, weights = _resamples(len(pairs))
    above, below = (_medians(costs[picks]) for costs in np.transpose(pairs))
    with np.errstate(invalid="ignore"):
        differences = np.where(above == below, 0.0, above - below)
    return _intervals(differences[None, :], weights, level)[0]


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
    """`median_interval` of each sample, many hundreds of samples at once.

    A resample's median is fixed by the two middle ranks it drew, so samples of one size share the odds of those.

    Args:
        samples: each at least one value; NaN counts as +infinity. For scores, pass their negatives.
        level: share of the medians inside each interval.

    >>> median_intervals([[1.0, 1.0, 1.0], [3.0, 1.0, 2.0]]) == [(1.0, 1.0), median_interval([1.0, 2.0, 3.0])]
    True
    """
    found: list[tuple[float, float]] = [(math.nan, math.nan)] * len(samples)
    for size in sorted({len(values) for values in samples}):
        places = [index for index, values in enumerate(samples) if len(values) == size]
        ordered = np.sort(_costs(np.array([samples[index] for index in places], np.float64)), axis=1)
        below, above, odds = _middle_ranks(size)
        intervals = _intervals(_midpoints(ordered[:, below], ordered[:, above]), odds, level)
        for index, interval in zip(places, intervals, strict=True):
            found[index] = interval
    return found


def clustered_interval(values: Values, clusters: Sequence[int], level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of the median of values that come in clusters, such as all the runs of one seed.

    Whole clusters are drawn with replacement (Davison & Hinkley 1997, section 3.8): runs that share a seed are no
    independent evidence, so ten times as many runs of the same seeds do not make the interval narrower. The same
    clusters give the same interval, whatever they are called and in whatever order they stand.

    Args:
        values: at least one; NaN counts as +infinity. For a score, pass its negative.
        clusters: the cluster of each value.
        level: share of the medians inside the interval.

    >>> low, high = clustered_interval([1.0, 2.0, 3.0] * 10, [1, 2, 3] * 10)
    >>> low, high
    (1.0, 3.0)
    """
    costs = _costs(values)
    order = np.argsort(costs, kind="stable")
    costs, cluster = costs[order], _canonical(costs[order], np.asarray(clusters)[order])
    count = int(cluster.max()) + 1
    if count == len(costs):
        return median_interval(costs, level)
    drawn, weights = _multiplicities(count)
    below_or_equal = np.zeros((len(costs) + 1, count), np.int64)  # of the lowest j costs, how many in each cluster
    np.cumsum(cluster[:, None] == np.arange(count), axis=0, out=below_or_equal[1:])
    total = drawn @ below_or_equal[-1]

    def at_rank(rank: NDArray[np.int64]) -> NDArray[np.float64]:
        """Each resample's value of that rank, by bisection: the first cost with more than `rank` drawn up to it."""
        low, high = np.zeros(len(drawn), np.int64), np.full(len(drawn), len(costs) - 1)
        while np.any(low < high):
            middle = (low + high) // 2
            enough = np.einsum("rc,rc->r", below_or_equal[middle + 1], drawn) > rank
            low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
        return np.asarray(costs[low])

    medians = _midpoints(at_rank((total - 1) // 2), at_rank(total // 2))
    return _intervals(medians[None, :], weights, level)[0]


def _canonical(ordered: NDArray[np.float64], clusters: NDArray[Any]) -> NDArray[np.intp]:
    """The cluster of each of the ordered costs, clusters counted in the order of what they hold."""
    names, cluster = np.unique(clusters, return_inverse=True)
    held = [tuple(ordered[cluster == name]) for name in range(len(names))]
    return np.asarray(np.argsort(sorted(range(len(names)), key=held.__getitem__))[cluster])


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
def _resamples(count: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The items of each resample with replacement, (resamples, count), and how often it comes: all, or some of many."""
    if count > COUNTED:
        picks = np.random.default_rng([count, RESAMPLES]).integers(count, size=(RESAMPLES, count))
        return picks, np.ones(RESAMPLES, np.int64)
    combinations = itertools.combinations_with_replacement(range(count), count)
    picks = np.array(list(combinations), np.intp).reshape(-1, count)
    factorials = np.array([math.factorial(k) for k in range(count + 1)])
    orders = math.factorial(count) // np.prod(factorials[_tally(picks)], axis=1)
    return picks, orders


def _tally(picks: NDArray[np.intp]) -> NDArray[np.int64]:
    """(resamples, count): how often each resample has each item."""
    found = np.zeros(picks.shape, np.int64)
    np.add.at(found, (np.arange(len(picks))[:, None], picks), 1)
    return found


@functools.lru_cache(maxsize=64)
def _multiplicities(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`_resamples`, with how often each has each item in place of the items."""
    picks, weights = _resamples(count)
    return _tally(picks), weights


@functools.lru_cache(maxsize=64)
def _middle_ranks(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The pairs of middle ranks that resamples of a sorted sample draw, below and above, and the odds of each.

    Of n draws from n ranks, the r-th lowest is i and the next one j > i with C(n, r) P(the highest of r is i)
    P(the lowest of n - r is j); both are i with what is left of P(the r-th lowest is i).
    """
    from scipy.special import bdtrc, gammaln

    half, edges = count // 2, np.arange(count + 1) / count
    marginal = np.diff(bdtrc((count - 1) // 2, count, edges))
    ranks = np.flatnonzero(marginal > RARE)
    if count % 2:
        return ranks, ranks, marginal[ranks]
    with np.errstate(divide="ignore"):
        highest = half * np.log(edges[ranks + 1]) + np.log1p(-((edges[ranks] / edges[ranks + 1]) ** half))
        lowest = half * np.log1p(-edges[ranks]) + np.log1p(-(((1 - edges[ranks + 1]) / (1 - edges[ranks])) ** half))
    logs = gammaln(count + 1) - 2 * gammaln(half + 1) + highest[:, None] + lowest
    apart = np.exp(np.where(np.triu(np.ones_like(logs), 1), logs, -np.inf))
    table = apart + np.diag(marginal[ranks] - apart.sum(axis=1))
    below, above = np.nonzero(table > RARE)
    return ranks[below], ranks[above], table[below, above]


def _intervals(values: NDArray[np.float64], weights: NDArray[Any], level: float) -> list[tuple[float, float]]:
    """The middle `level` of each row, as order statistics, which stay right where some are infinite.

    Args:
        values: (rows, values).
        weights: how often each value of a row comes.
    """
    order = np.argsort(values, axis=1)
    ordered, often = np.take_along_axis(values, order, axis=1), weights[order]
    outside = (1 - level) / 2 * weights.sum()
    low = (np.cumsum(often, axis=1) > outside).argmax(axis=1)
    high = values.shape[1] - 1 - (np.cumsum(often[:, ::-1], axis=1) > outside).argmax(axis=1)
    rows = np.arange(len(values))
    return [(float(a), float(b)) for a, b in zip(ordered[rows, low], ordered[rows, high], strict=True)]
