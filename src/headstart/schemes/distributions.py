"""Draws: complete distributions made of numbers, what a scheme becomes once a weight's fans are known.

A draw says everything needed to make the numbers, so nobody downstream has to know that a "bound" means [-b, b).
`std` is always the standard deviation that the weights really have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """Every weight is `value`."""

    value: float

    @property
    def std(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Normal:
    """N(0, std^2)."""

    std: float


@dataclass(frozen=True)
class Uniform:
    """Uniform on the open interval (low, high)."""

    low: float
    high: float

    @property
    def std(self) -> float:
        return (self.high - self.low) / math.sqrt(12)


@dataclass(frozen=True)
class TruncatedNormal:
    """A normal cut at `cut` of its own standard deviations on both sides; `std` is what is left after the cut.

    >>> round(TruncatedNormal(std=1.0, cut=2.0).parent_std, 6)
    1.136847
    """

    std: float
    cut: float

    @property
    def parent_std(self) -> float:
        """Standard deviation of the normal before it is cut."""
        return self.std / truncated_std(self.cut)

    @property
    def bound(self) -> float:
        """The largest magnitude a weight can have."""
        return self.cut * self.parent_std


@dataclass(frozen=True)
class Orthogonal:
    """gain times a matrix with orthonormal rows or columns (whichever are fewer), Haar-distributed (Saxe et al. 2013).

    The weight is read as a matrix of (outputs, inputs x receptive field).
    """

    gain: float


@dataclass(frozen=True)
class DeltaOrthogonal:
    """A convolution whose centre tap is gain times an `Orthogonal` matrix of channels and whose other taps are 0.

    The centre of an axis of size k is (k - 1) // 2, where "same" padding puts it.
    """

    gain: float


@dataclass(frozen=True)
class Identity:
    """gain times the identity: W_ij = gain if i = j; of a convolution, the centre tap (k - 1) // 2 alone (dirac)."""

    gain: float


@dataclass(frozen=True)
class Sparse:
    """Of a unit's n incoming weights ceil(sparsity n), chosen at random, are 0; the others N(0, nonzero_std^2)."""

    sparsity: float
    nonzero_std: float

    @property
    def std(self) -> float:
        """Of all the weights, zeros included; ceil makes the true one smaller where n is small."""
        return self.nonzero_std * math.sqrt(1 - self.sparsity)


Draw = Constant | Normal | Uniform | TruncatedNormal | Orthogonal | DeltaOrthogonal | Identity | Sparse


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
