"""What an array's values look like: a law recognised by its sorted sample, or a pattern by its elements.

Normal, uniform and truncated normal are compared by the Kolmogorov-Smirnov distance to the law with the sample's own
mean and width. The extremes are those of the whole array: a million normal numbers without one beyond 2.3 standard
deviations are no normal numbers.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from headstart.audits.values import Array, Extremes, Values
from headstart.layout import Layout

Kind = Literal[
    "zeros",
    "constant",
    "normal",
    "uniform",
    "truncated",
    "orthogonal",
    "identity",
    "unknown",
    "too few to tell",
    "empty",
]
FEW = 50  # below, three laws fit any sample
# Of D sqrt(n): a sample of the law itself passes it once in some ten thousand (Lilliefors 1967, where mean and width
# are fitted).
_KS_NORMAL, _KS_GIVEN = 1.4, 2.2
_NEVER = math.log(1e-6)
_SURE, _MANY = 2.0, 512  # of a logarithm of likelihoods; values from which the sign of it is enough


@dataclass(frozen=True)
class Look:
    """What an array's values look like.

    Args:
        kind: the law or the pattern.
        mean, std: of the sample. low, high: of the whole array. size: of the whole. sampled: how many were looked at.
        nonfinite: how many values are no numbers, in the whole array.
        cut: of a truncated law, the cut in the parent's standard deviations.
        zeros: share of the sample that is exactly zero.
        random: whether the values look drawn: of either sign, all different, in no order.
    """

    kind: Kind
    mean: float
    std: float
    low: float
    high: float
    size: int
    sampled: int
    nonfinite: int = 0
    cut: float = math.inf
    zeros: float = 0.0
    random: bool = False

    @property
    def rms(self) -> float:
        """Root of the mean square."""
        return math.hypot(self.mean, self.std)

    @property
    def is_constant(self) -> bool:
        return self.kind in ("zeros", "constant")


def look_at(values: Values, layout: Layout | None = None) -> Look:
    """What an array looks like.

    Args:
        layout: of a weight, for what a matrix can be: orthogonal, identity.

    >>> from headstart.audits.values import ArrayValues
    >>> look_at(ArrayValues(np.random.default_rng(0).uniform(-0.1, 0.1, (40, 50)))).kind
    'uniform'
    """
    size = math.prod(values.shape)
    if size == 0:
        return Look("empty", 0.0, 0.0, 0.0, 0.0, 0, 0)
    extremes = values.extremes()
    sample = values.sample()
    finite = sample[np.isfinite(sample)] if extremes.nonfinite else sample
    if not finite.size:
        return Look("unknown", math.nan, math.nan, extremes.low, extremes.high, size, 0, extremes.nonfinite)
    mean = float(finite.mean())
    found = Look(
        "unknown", mean, float(np.sqrt(np.mean((finite - mean) ** 2))), extremes.low, extremes.high, size, finite.size,
        extremes.nonfinite, zeros=float(np.mean(finite == 0)), random=_drawn(finite),
    )  # fmt: skip
    if extremes.nonfinite:
        return found
    if extremes.low == extremes.high:
        kind: Kind = "zeros" if extremes.low == 0 else "constant"
        return replace(found, kind=kind, mean=extremes.low, std=0.0)
    if layout is not None and (pattern := _pattern(values, layout)) is not None:
        return replace(found, kind=pattern)
    if size < FEW:
        return replace(found, kind="too few to tell")
    return _law(found, np.sort(finite), extremes)


def _drawn(sample: Array) -> bool:
    """Whether values look drawn at random and not computed: a table is sorted, of one sign, or repeats itself."""
    if sample.size < 8:
        return False
    negative = float(np.mean(sample < 0))
    steps = np.diff(sample[:512])
    turns = float(np.mean(steps[1:] * steps[:-1] < 0))  # 2/3 in a random order
    distinct = np.unique(sample).size / sample.size
    return bool(0.1 < negative < 0.9 and turns > 0.4 and distinct > 0.2)


def _law(look: Look, ordered: Array, extremes: Extremes) -> Look:
    """The law of a sorted sample."""
    n, mean, std = ordered.size, look.mean, look.std
    if std == 0 or look.zeros > 0.01:
        return look
    limit, given = _KS_NORMAL / math.sqrt(n), _KS_GIVEN / math.sqrt(n)
    low, high = extremes.low, extremes.high
    reach = max(high - mean, mean - low) / std
    if _distance((ordered - low) / (high - low)) < given:
        if _distance(_normal((ordered - mean) / std)) >= limit:
            return replace(look, kind="uniform")
        # a small sample passes as both: how much likelier is it as uniform, log 1/width against log 1/(s sqrt(2 pi e))
        likelier = n * (0.5 * math.log(2 * math.pi * math.e) - math.log((high - low) / std))
        if abs(likelier) < _SURE and n < _MANY:
            return replace(look, kind="too few to tell")
        if likelier > 0:
            return replace(look, kind="uniform")
    inside = math.log1p(-2 * _tail(reach)) * look.size if reach < 8 else 0.0
    if inside < _NEVER:  # no normal sample is as short-tailed as this
        cut = _cut(reach)
        if cut is not None and _distance(_truncated((ordered - mean) / std, cut, reach)) < given:
            return replace(look, kind="truncated", cut=cut)
        return look
    return replace(look, kind="normal") if _distance(_normal((ordered - mean) / std)) < limit else look


def _distance(probabilities: Array) -> float:
    """Kolmogorov-Smirnov: the largest distance of a sorted sample's probabilities from even ones."""
    n = probabilities.size
    even = np.arange(n) / n
    return float(max(np.max(probabilities - even), np.max(even + 1 / n - probabilities)))


def _normal(z: Array) -> Array:
    from scipy.special import ndtr

    found: Array = ndtr(z)
    return found


def _tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def _truncated(z: Array, cut: float, reach: float) -> Array:
    """Probabilities under a standardized normal law that is cut at `reach` of its own standard deviations."""
    low, high = _tail(cut), 1 - _tail(cut)
    return np.asarray(np.clip((_normal(z * (cut / reach)) - low) / (high - low), 0, 1), np.float64)


@functools.lru_cache(maxsize=256)
def _cut(reach: float) -> float | None:
    """The cut, in the parent's standard deviations, of a law that reaches so many of its own from its middle."""
    if not 1.8 < reach < 6:
        return None
    low, high = 0.2, 6.0
    for _ in range(60):
        cut = (low + high) / 2
        low, high = (cut, high) if cut / truncated_std(cut) < reach else (low, cut)
    return low


def truncated_std(cut: float) -> float:
    """The standard deviation of a standard normal law that is cut at +-cut.

    >>> round(truncated_std(2.0), 4)
    0.8796
    """
    inside = 1 - 2 * _tail(cut)
    return math.sqrt(1 - 2 * cut * math.exp(-cut * cut / 2) / math.sqrt(2 * math.pi) / inside)


def _pattern(values: Values, layout: Layout) -> Kind | None:
    """Whether a weight is the identity or orthogonal, seen in a few of its rows."""
    shape = values.shape
    if len(shape) < 2 or layout.lookup_axes or layout.stack_axes or layout.blocks is not None:
        return None
    if len(shape) == 2 and shape[0] == shape[1]:
        row = values.part((shape[0] // 2,))
        if np.count_nonzero(row) == 1 and row[shape[0] // 2] != 0:
            whole = values.part(()) if shape[0] <= 4096 else None
            if whole is not None and np.array_equal(whole, row[shape[0] // 2] * np.eye(shape[0])):
                return "identity"
    rows = math.prod(shape[1:]) >= shape[0]
    if min(shape[0], math.prod(shape[1:])) < 4:  # two short vectors are orthogonal by chance
        return None
    few = _vectors(values, 2, rows)
    if not _orthonormal(few):
        return None
    return "orthogonal" if _orthonormal(_vectors(values, 16, rows)) else None


def _vectors(values: Values, many: int, rows: bool) -> Array:
    shape = values.shape
    if rows:
        return values.part((slice(0, many),)).reshape(min(many, shape[0]), -1)
    return (
        values.part(()).reshape(shape[0], -1)[:, :many].T
        if len(shape) > 2
        else values.part((slice(None), slice(0, many))).T
    )


def _orthonormal(vectors: Array) -> bool:
    gram = vectors @ vectors.T
    scale = float(np.mean(np.diag(gram)))
    return scale > 0 and bool(np.max(np.abs(gram / scale - np.eye(len(gram)))) < 2e-3)
