"""Sums with random weights: y_i = sum over j of w_ij x_j. Linear layers, convolutions of both kinds, experts.

For weights independent of x, y is Gaussian and the mean products of its rows are fan_in E[w^2] times those of x (Lee
et al. 2018, eq. 4); a mean of the weights adds fan_in E[w] E[x] to all units alike. Backward the same holds with
fan_out, and both fans count the same connections: numel(out) fan_in = numel(in) fan_out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.theory.laws.samples import Array, Draws, relative, spectrum_of

ALIKE = 0.02  # of the second moment: below that rows are independent but for chance


@dataclass(frozen=True)
class WeightMoments:
    """What is known of a parameter's values.

    Args:
        second: E[w^2]. mean: E[w].
        sample: some of the values, for what is not summed over: scales, biases, tables; None for Gaussian ones.
        rows: of a table, the mean product of two rows' entries in one column: 0 where they are independent.
    """

    second: float
    mean: float = 0.0
    sample: Array | None = None
    rows: float = 0.0

    @property
    def alike(self) -> float:
        """The correlation of two rows."""
        spread = self.second - self.mean**2
        return relative(self.rows - self.mean**2, spread) if abs(self.rows) > ALIKE * self.second else 0.0

    def values(self, draws: Draws) -> Array:
        """As many values as there are samples, with exactly this second moment."""
        if self.sample is None:
            spread = max(self.second - self.mean**2, 0.0) ** 0.5
            return np.asarray(self.mean + spread * draws.normal[0])
        found = np.resize(self.sample, draws.count).astype(np.float64)
        now = float(np.mean(found**2))
        return np.asarray(found * (self.second / now) ** 0.5) if now > 0 else found


def weighted(draws: Draws, x: Array, fan_in: float, weight: WeightMoments) -> Array:
    """What a weight makes of x, before its bias.

    >>> import numpy as np
    >>> y = weighted(Draws(), np.ones((4, 4096)), 50, WeightMoments(0.02))
    >>> bool(np.array_equal(y[0], y[3])), round(float(np.mean(y**2)), 6)
    (True, 1.0)
    """
    spread = max(weight.second - weight.mean**2, 0.0)
    y = draws.gaussian(fan_in * spread * spectrum_of(x))
    if weight.mean:
        middle = x.mean(1, keepdims=True)
        y = y + fan_in * weight.mean * middle
        y = y + draws.gaussian(fan_in * weight.mean**2 * spectrum_of(x - middle))
    return y


def backward(draws: Draws, gradient: Array, fan_out: float, weight: WeightMoments) -> Array:
    """What comes back through a weight: a sum over the units that one input feeds."""
    return draws.gaussian(fan_out * weight.second * spectrum_of(gradient))


def taps_inside(size: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> float:
    """The mean share of a convolution's taps that meet the input and not its padding of zeros, along one axis.

    >>> taps_inside(8, 8, kernel=3, stride=1, padding=1, dilation=1)  # 2 of 3 at both ends
    0.9166666666666666
    """
    places = stride * np.arange(out)[:, None] + dilation * np.arange(kernel) - padding
    return float(np.mean((places >= 0) & (places < size))) if places.size else 1.0


def taps_landing(size: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> float:
    """How many taps of a transposed convolution reach one output on average, along one axis.

    >>> taps_landing(4, 8, kernel=4, stride=2, padding=1, dilation=1)  # 2, but 1 at both ends
    1.75
    """
    places = stride * np.arange(size)[:, None] + dilation * np.arange(kernel) - padding
    return float(np.sum((places >= 0) & (places < out))) / max(out, 1)


def per_axis(given: object, axes: int, default: int) -> Sequence[int] | None:
    """A setting as one number per axis; None where it is neither a number nor a sequence of numbers."""
    if given is None:
        return (default,) * axes
    if isinstance(given, int):
        return (given,) * axes
    if isinstance(given, (tuple, list)) and all(isinstance(size, int) for size in given):
        return tuple(given) * axes if len(given) == 1 else tuple(given)
    return None
