"""Features that a rule's nodes step over: a panel's polynomial is held against the curve itself at many more points.

A box, a step or a bump narrower than the gaps between the nodes leaves no trace in a panel's coefficients. So every
panel that looks resolved is tested at evenly spaced points and at its ends, `points` of them per octave of |z| on each
side of 0. What is wider than 1/points of its distance from 0 (or of the pre-activations' size, if that is more)
holds one of them: that is the resolution which is guaranteed. Halving a panel leaves its points where they were,
so what one point has seen is not lost again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]

DIFFERENT = 1e-7  # of a panel's largest value; what is smaller changes no moment by more than 1e-7 of the panel's part
_BLOCK = 2**17  # points evaluated at once


@dataclass(frozen=True)
class Search:
    """How closely an unknown curve is looked at.

    `points`: test points per octave of |z| and side, a power of two. `parts`: pieces that an unresolved panel is cut
    into; more of them need fewer calls and more points. `pieces`: panels of a shell to start with, at most. `near`:
    points that show the curve's size. `tolerance`: of panels that a derivative is taken from.
    """

    points: int
    parts: int = 2
    pieces: int = 64
    near: int = 129
    tolerance: float = 1e-13

    @property
    def resolution(self) -> float:
        """The widest feature that can hide, as a part of its distance from 0 (or of sqrt(q), if that is more)."""
        return 1 / self.points


CLOSE = Search(2**16, parts=8)  # functions of arrays: 2^17 evaluations per octave are some milliseconds
COARSE = Search(2**9)  # functions of one number
FEW_CALLS = Search(2**3, pieces=1, near=9, tolerance=1e-9)  # functions of which a number takes a millisecond or more


def spacing(search: Search, middle: Array, finest: float, done: Iterable[int]) -> Array:
    """Distance of the test points of the panels with these middles; infinite in octaves that are done."""
    exponents = np.floor(np.log2(np.maximum(np.abs(middle), finest)))
    gaps = 2.0**exponents / search.points
    known = np.array(sorted(done), dtype=np.float64)
    gaps[np.isin(exponents, known) & (np.abs(middle) >= finest)] = np.inf
    return np.asarray(gaps)


def overlooked(curve: Curve, left: Array, right: Array, coefficients: Array, gaps: Array, size: Array) -> Array:
    """Which panels' polynomials are not the curve at a test point: shape (panels,).

    Args:
        coefficients: (panels, degree + 1), of Legendre polynomials on each panel.
        gaps: distance of each panel's test points.
        size: what counts as different, per panel.
    """
    counts = np.ones(left.size)
    inside = np.isfinite(gaps)
    counts[inside] = 2.0 ** np.ceil(np.log2(np.maximum(1.0, (right - left)[inside] / gaps[inside])))
    found = np.zeros(left.size, dtype=bool)
    for count in np.unique(counts[inside]):
        places = np.flatnonzero(inside & (counts == count))
        number = int(count)
        for block in np.array_split(places, max(1, -(-places.size * number // _BLOCK))):
            t, polynomials = _points(number, coefficients.shape[1])
            z = 0.5 * (left + right)[block, None] + 0.5 * (right - left)[block, None] * t
            values = curve(z.ravel()).reshape(z.shape)
            with np.errstate(all="ignore"):  # of curves that grow past float64
                found[block] = _differ(values, coefficients[block] @ polynomials, size[block, None]).any(axis=1)
    return found


def torn_ends(
    curve: Curve, left: Array, right: Array, coefficients: Array, known: Array, size: Array
) -> NDArray[np.bool_]:
    """Which panels' polynomials are not the curve at an end that is no known kink."""
    ends = np.unique(np.concatenate([left, right]))
    values = curve(ends)
    values[np.isin(ends, known)] = np.nan
    signs = (-1.0) ** np.arange(coefficients.shape[1])
    with np.errstate(all="ignore"):
        at_left, at_right = coefficients @ signs, coefficients.sum(axis=1)
    return np.asarray(
        _differ(values[np.searchsorted(ends, left)], at_left, size)
        | _differ(values[np.searchsorted(ends, right)], at_right, size)
    )


def _differ(values: Array, expected: Array, size: Array) -> NDArray[np.bool_]:
    """Whether two values differ by more than the size; what is not finite says nothing."""
    with np.errstate(all="ignore"):
        return np.asarray(np.isfinite(values) & (np.abs(values - expected) > size))


@lru_cache(maxsize=32)
def _points(count: int, terms: int) -> tuple[Array, Array]:
    """The middles of `count` equal parts of [-1, 1], and the Legendre polynomials there: shape (terms, count)."""
    t = np.asarray((2 * np.arange(count) + 1) / count - 1, dtype=np.float64)
    return t, np.asarray(np.polynomial.legendre.legvander(t, terms - 1).T, dtype=np.float64)
