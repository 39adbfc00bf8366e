"""Samples of a signal: many numbers of one kind of unit, for two inputs at two places, aligned.

An array of samples has the shape (4, n). A column is one unit; its rows are what that unit is for input a at a place p,
for input b at p, for a at another place p', and for b at p'. A place is a position in a sequence or an image. So the
rows hold what decides everything that follows: the second moment, and what is common to two inputs, to two places of
one input, and to both.

By symmetry the covariance of the rows is diagonal in four fixed directions, the modes: sums and differences of rows.
Sizes are read off the modes, never by subtracting moments: a difference of 1e-9 between inputs is not lost beside 1,
and rows that are equal stay exactly equal.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Wholes = NDArray[np.int64]
ROWS = 4
COUNT = 4096  # of samples: a second moment is good to about 1 %
MODES = 0.5 * np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], np.float64)  # its own inverse


class Pairs(NamedTuple):
    """Mean products of a unit's number with itself, with another input's, with another place's, and with both other."""

    own: float
    inputs: float
    places: float
    both: float

    def times(self, factor: float) -> Pairs:
        return Pairs(*(factor * value for value in self))

    def spectrum(self) -> Array:
        """The variances of the modes; what no covariance can have is cut off."""
        return np.asarray(np.maximum(2 * MODES @ np.array(self), 0.0))


def spectrum_of(x: Array) -> Array:
    """The mean squares of the four modes."""
    return np.asarray(np.mean((MODES @ x) ** 2, axis=1))


def pairs_of(x: Array) -> Pairs:
    """The mean products of the rows.

    >>> pairs_of(np.ones((4, 8)))
    Pairs(own=1.0, inputs=1.0, places=1.0, both=1.0)
    """
    own, inputs, places, both = (float(value) for value in MODES @ spectrum_of(x) / 2)
    return Pairs(own, inputs, places, both)


def second_moment(x: Array) -> float:
    return float(np.mean(x**2))


def across_inputs(x: Array) -> float:
    """The variance between inputs at one place: half the mean square of their difference."""
    return float(np.mean((x[[0, 2]] - x[[1, 3]]) ** 2) / 2)


class Draws:
    """Fresh samples; everything random in a prediction, from one seed.

    Args:
        count: how many columns.
    """

    def __init__(self, count: int = COUNT, seed: int = 2026) -> None:
        self.count = count
        self.random = np.random.default_rng(seed)
        self.normal = _even_normals(count)

    def gaussian(self, spectrum: Array) -> Array:
        """Gaussian samples whose modes have these variances, independent of all others."""
        z = self.normal[:, self.random.permutation(self.count)]
        return np.asarray(MODES @ (np.sqrt(spectrum)[:, None] * z))

    def of(self, pairs: Pairs) -> Array:
        """Gaussian samples with these mean products."""
        return self.gaussian(pairs.spectrum())

    def shared(self, values: Array, places: bool, alike: float = 0.0) -> Array:
        """Values that no input changes, as a bias or a table has; one for each place, or the same at all of them.

        Args:
            alike: the correlation of two places.
        """
        here = self.random.permutation(np.resize(values, self.count))
        there = self.alongside(here, alike) if places else here
        return np.stack([here, here, there, there])

    def alongside(self, x: Array, alike: float) -> Array:
        """Other numbers of the same distribution (where alike is 0) or size, with this correlation."""
        other = self.random.permutation(x)
        if not alike:
            return other
        middle = x.mean()
        return np.asarray(middle + alike * (x - middle) + math.sqrt(1 - alike**2) * (other - middle))

    def shuffled(self, x: Array) -> Array:
        """The same units in another order: independent of what stood beside them."""
        return x[:, self.random.permutation(self.count)]

    def at_other_places(self, x: Array) -> Array:
        """The same samples, with places that have nothing in common."""
        return np.concatenate([x[:2], x[:2, self.random.permutation(self.count)]])


def _even_normals(count: int) -> Array:
    """Four rows of normal numbers, evenly spread together (Roberts' sequence), of mean 0, variance 1, uncorrelated."""
    from scipy.special import ndtri

    root = 1.0
    for _ in range(64):  # the positive solution of root^5 = root + 1
        root = (1 + root) ** (1 / (ROWS + 1))
    steps = root ** -np.arange(1.0, ROWS + 1)
    even = (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0
    z = ndtri(even).T
    z -= z.mean(1, keepdims=True)
    values, vectors = np.linalg.eigh(z @ z.T / count)
    return np.asarray(vectors @ ((vectors.T @ z) / np.sqrt(values)[:, None]))


def relative(x: float, to: float) -> float:
    """x / to, within -1 and 1; 0 where there is nothing to compare with."""
    return 0.0 if to <= 0 or not math.isfinite(x / to) else min(max(x / to, -1.0), 1.0)
