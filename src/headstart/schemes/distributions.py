"""Draws: complete distributions made of numbers, what a scheme becomes once a weight's fans are known.

A draw says everything needed to make the numbers, so nobody downstream has to know that a "bound" means [-b, b).
`std(shape, layout)` is always the standard deviation that the weights of that shape really have: the root mean square
about zero, which for random weights of mean 0 is the same. With blocks, each block is drawn so, and the standard
deviation is that of all of them together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from headstart.layout import Grid, Layout, block_grids, check_shape, layout_of

Shape = Sequence[int]


@dataclass(frozen=True)
class Constant:
    """Every weight is `value`."""

    value: float

    def std(self, shape: Shape = (), layout: str | Layout = "out_in") -> float:
        """0, about the value itself."""
        return 0.0


@dataclass(frozen=True)
class Normal:
    """N(0, sigma^2)."""

    sigma: float

    def std(self, shape: Shape = (), layout: str | Layout = "out_in") -> float:
        """sigma, whatever the shape."""
        return self.sigma


@dataclass(frozen=True)
class Uniform:
    """Uniform on the open interval (low, high)."""

    low: float
    high: float

    def std(self, shape: Shape = (), layout: str | Layout = "out_in") -> float:
        """(high - low)/sqrt(12), whatever the shape."""
        return (self.high / 4 - self.low / 4) / (math.sqrt(12) / 4)  # the difference itself may overflow


@dataclass(frozen=True)
class TruncatedNormal:
    """A normal cut at `cut` of its own standard deviations on both sides; `sigma` is what is left after the cut.

    >>> round(TruncatedNormal(sigma=1.0, cut=2.0).parent_std, 6)
    1.136847
    """

    sigma: float
    cut: float

    @property
    def parent_std(self) -> float:
        """Standard deviation of the normal before it is cut."""
        return self.sigma / truncated_std(self.cut)

    @property
    def bound(self) -> float:
        """The largest magnitude a weight can have."""
        return self.cut * self.parent_std

    def std(self, shape: Shape = (), layout: str | Layout = "out_in") -> float:
        """sigma, whatever the shape."""
        return self.sigma


class OfShape(ABC):
    """A draw whose size depends on the shape: its `scale` times the root of the mean square over the blocks."""

    def std(self, shape: Shape, layout: str | Layout = "out_in") -> float:
        """Root mean square of the weights of this shape.

        Raises:
            InputError: the shape has no outputs and inputs.
        """
        found = layout_of(layout)
        grids = block_grids(check_shape(shape, least=1), found)
        total = sum(sizes.size * self.mean_square(sizes, found) for sizes in grids)
        return self.scale * math.sqrt(total / sum(sizes.size for sizes in grids))

    @property
    @abstractmethod
    def scale(self) -> float:
        """What the multiplier multiplies: a gain, or the standard deviation of the weights that are not 0."""

    @abstractmethod
    def mean_square(self, sizes: Grid, layout: Layout) -> float:
        """Mean of the squared weights of one block, at scale 1: the square of a large scale is no number."""


@dataclass(frozen=True)
class Orthogonal(OfShape):
    """gain times a matrix with orthonormal rows or columns (whichever are fewer), Haar-distributed (Saxe et al. 2013).

    The weight is read as a matrix of (outputs, inputs x receptive field); of an embedding, (rows, outputs).

    >>> Orthogonal(1.0).std((64, 3, 3, 3))  # 27 columns of unit length: 1/sqrt(64)
    0.125
    """

    gain: float

    @property
    def scale(self) -> float:
        return self.gain

    def mean_square(self, sizes: Grid, layout: Layout) -> float:
        """The squares of the longer side's vectors sum to 1 each."""
        units, channels, field = matrix_of(sizes, layout)
        return 1 / max(units, channels * math.prod(field))


@dataclass(frozen=True)
class DeltaOrthogonal(OfShape):
    """A convolution whose centre tap is gain times an `Orthogonal` matrix of channels and whose other taps are 0.

    The centre of an axis of size k is (k - 1) // 2, where "same" padding puts it.

    >>> DeltaOrthogonal(2.0).std((4, 4, 2, 2)) == (4 * 2**2 / (4 * 4 * 4)) ** 0.5
    True
    """

    gain: float

    @property
    def scale(self) -> float:
        return self.gain

    def mean_square(self, sizes: Grid, layout: Layout) -> float:
        """The centre tap of each group has as many unit vectors as its shorter side."""
        return layout.groups * min(group_channels(sizes, layout)) / sizes.size


@dataclass(frozen=True)
class Identity(OfShape):
    """gain times the identity: W_ij = gain if i = j; of a convolution, the centre tap (k - 1) // 2 alone (dirac).

    >>> Identity(1.0).std((9, 9)), Identity(1.0).std((9, 4)) == (4 / 36) ** 0.5
    (0.3333333333333333, True)
    """

    gain: float

    @property
    def scale(self) -> float:
        return self.gain

    def mean_square(self, sizes: Grid, layout: Layout) -> float:
        """As many weights are 1 as the centre tap's shorter side has, in each group."""
        return layout.groups * min(group_channels(sizes, layout)) / sizes.size


@dataclass(frozen=True)
class Sparse(OfShape):
    """Of a unit's n incoming weights ceil(sparsity n), chosen at random, are 0; the others N(0, nonzero_std^2).

    >>> Sparse(0.75, 2.0).std((4, 8)), Sparse(0.75, 2.0).std((4, 3))  # 2 of 8 are left, and none of 3
    (1.0, 0.0)
    """

    sparsity: float
    nonzero_std: float

    @property
    def scale(self) -> float:
        return self.nonzero_std

    def mean_square(self, sizes: Grid, layout: Layout) -> float:
        """The share of weights that are left."""
        _, channels, field = matrix_of(sizes, layout)
        inputs = channels * math.prod(field)
        return 1 - self.zeros(inputs) / inputs

    def zeros(self, inputs: int) -> int:
        """How many of a unit's weights are 0: the ceiling of sparsity times inputs, of the sparsity as it is written.

        >>> Sparse(0.07, 1.0).zeros(100)  # in floating point 0.07 * 100 is above 7
        7
        """
        return math.ceil(_as_written(self.sparsity) * inputs)


Draw = Constant | Normal | Uniform | TruncatedNormal | Orthogonal | DeltaOrthogonal | Identity | Sparse
DRAWS: dict[str, type[Draw]] = {
    kind.__name__: kind
    for kind in (Constant, Normal, Uniform, TruncatedNormal, Orthogonal, DeltaOrthogonal, Identity, Sparse)
}


def matrix_of(sizes: Grid, layout: Layout) -> tuple[int, int, tuple[int, ...]]:
    """A block as (units, channels of one unit, receptive field): the matrix that orthogonal and sparse draws see.

    A unit is an output; of an embedding, a row.
    """
    if layout.lookup_axes:
        return sizes.rows, sizes.outs * sizes.ins, sizes.field
    return sizes.outs, sizes.ins, sizes.field


def group_channels(sizes: Grid, layout: Layout) -> tuple[int, int]:
    """The outputs and inputs of one group."""
    units, channels, _ = matrix_of(sizes, layout)
    if layout.groups_on == "out":
        return units // layout.groups, channels
    return units, channels // layout.groups


@lru_cache(maxsize=256)
def _as_written(number: float) -> Fraction:
    """The shortest decimal number that reads as this float, exactly."""
    return Fraction(repr(float(number)))


def truncated_std(cut: float) -> float:
    """Standard deviation of a standard normal truncated to [-cut, cut].

    sqrt(1 - 2 cut pdf(cut) / (2 cdf(cut) - 1)), which for small cuts loses its digits and is a series instead:
    cut/sqrt(3) sqrt(1 - 2 cut^2/15 + 2 cut^4/315 + ...).

    >>> truncated_std(2.0)
    0.8796256610342...
    """
    if cut < 0.03:  # the next term is below 1e-12 of the whole
        return cut / math.sqrt(3) * math.sqrt(1 - 2 * cut**2 / 15 + 2 * cut**4 / 315)
    mass = math.erf(cut / math.sqrt(2))
    density = math.exp(-cut * cut / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * cut * density / mass)
