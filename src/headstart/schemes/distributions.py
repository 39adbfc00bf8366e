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


Draw = Constant | Normal | Uniform | TruncatedNormal | Orthogonal


def truncated_std(cut: float) -> float:
    """Standard deviation of a standard normal truncated to [-cut, cut].

    sqrt(1 - 2 cut pdf(cut) / (2 cdf(cut) - 1)).

    >>> truncated_std(2.0)
    0.8796256610342...
    """
    mass = math.erf(cut / math.sqrt(2))
    density = math.exp(-cut * cut / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * cut * density / mass)
