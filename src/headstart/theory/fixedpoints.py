"""Fixed points of the variance: what the pre-activations' variance becomes in a deep network.

A layer with weights of variance sigma_w^2/fan_in and biases of variance sigma_b^2 maps the variance of the
pre-activations q -> sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2 (Poole et al. 2016, eq. 3). The map is searched on a
logarithmic grid of q from 1e-12 to 1e14, each root then found to rounding; touching the diagonal counts as a root.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from headstart.check import not_negative, positive
from headstart.errors import InputError
from headstart.theory.activations import Activation
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.gains import Moments, kinks_within, moments, panels_of, second_moment
from headstart.theory.panels import rule

PER_DECADE = 16  # grid points of q per factor of ten, where roots are searched
LOWEST, HIGHEST = -12, 14  # decades
ROUNDING = 3e-14  # relative size of what counts as rounding error
MARGINAL = 1e-9  # how near to 1 a slope counts as 1
_TOUCHES = 1e-11  # how near to the diagonal, relative to q, the variance map touches it
_WIDE = 16.0  # how far out an activation is looked at
_NEAR, _DENSE = 0.05, 65  # below this distance from the diagonal and from slope 1 it is sampled this densely

Sample = tuple[float, float, float]  # q, relative excess of the next layer's variance over q, map's slope minus 1


class NoFixedPoint(InputError):
    """The variance grows without bound, so nothing that is defined at a fixed point exists."""


@dataclass(frozen=True)
class FixedPoint:
    """A variance q that a layer maps to itself; `slope` is the variance map's there.

    `stable`: from nearby variances the network comes back to it. `kind` says more: "stable", "unstable", "half-stable"
    (attracts from one side only) or "marginal" (every q is a fixed point, as for ReLU at sigma_w^2 = 2).
    """

    q: float
    slope: float
    stable: bool
    kind: str


def fixed_points(activation: ActivationLike, sigma_w2: float, sigma_b2: float = 0.0) -> list[FixedPoint]:
    """Every variance that a layer keeps, smallest first; empty if the variance grows without bound from everywhere.

    Args:
        activation: a spec string, an activation or any element-wise function.
        sigma_w2: fan_in times the variance of the weights, positive.
        sigma_b2: variance of the biases, at least 0.

    Raises:
        InputError: a variance out of range, or an activation without Gaussian moments.

    >>> for point in fixed_points("gelu", 2.4):
    ...     print(f"{point.q:.6f} {point.slope:.6f} {point.kind}")
    0.000000 0.600000 stable
    0.872523 1.153873 unstable
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)

    def excess(q: float) -> float:
        return (sigma_w2 * second_moment(phi, q) - q + sigma_b2) / q

    if is_homogeneous(phi) and abs(sigma_w2 * second_moment(phi, 1.0) - 1) < MARGINAL:  # biases add up without end
        return [] if sigma_b2 else [FixedPoint(1.0, 1.0, False, "marginal")]
    roots = [0.0] if sigma_b2 == 0 and _size_at_zero(phi) == 0 else []
    samples = _search(phi, sigma_w2, sigma_b2)
    turns, touching = _turning_points(phi, sigma_w2, excess, samples)
    # Between neighbours the excess is monotone, so a change of sign holds one root. What touches is a root by itself.
    points = sorted([(q, e) for q, e, _ in samples if abs(e) > ROUNDING] + turns)
    for (left, before), (right, after) in itertools.pairwise(points):
        if before * after < 0 and not any(left < q < right for q in touching):
            roots.append(root(excess, left, right))
    return [_described(phi, sigma_w2, q, excess) for q in sorted(roots + touching)]


def settle(activation: ActivationLike, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """The variance that a deep network settles at when its first pre-activations have variance `start`.

    Raises:
        NoFixedPoint: it grows without bound.

    >>> round(settle("tanh", 25 / 9), 3)
    1.178
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    change = sigma_w2 * second_moment(phi, start) + sigma_b2 - start
    if abs(change) <= ROUNDING * start:
        return start
    reached = [point.q for point in fixed_points(phi, sigma_w2, sigma_b2) if (point.q > start) == (change > 0)]
    if not reached:
        raise NoFixedPoint(
            f"activation '{phi}' with sigma_w^2={sigma_w2:g}, sigma_b^2={sigma_b2:g} has no fixed point above "
            f"{start:g}: "
            "the variance grows without bound. Use a smaller sigma_w^2."
        )
    return min(reached) if change > 0 else max(reached)


def slope_moment(phi: AnyActivation, q: float) -> float:
    """E[phi'(sqrt(q) z)^2]; at q = 0 the mean of the squared slopes on both sides of 0."""
    if q > 0:
        return moments(phi, q).derivative_second_moment
    for at, _, _, left, right in kinks_within(phi, 1.0):
        if at == 0:
            return 0.5 * (left * left + right * right)
    return float(phi.derivative(np.zeros(1))[0] ** 2)


@lru_cache(maxsize=256)
def is_homogeneous(phi: AnyActivation) -> bool:
    """Whether phi(cz) = c phi(z) for all c > 0, as for ReLU, leaky ReLU, |z| and the identity."""
    z = np.array([-3.7, -1.1, -1e-3, 1e-3, 0.9, 4.2])
    with np.errstate(all="ignore"):
        if not np.allclose(phi(1e3 * z), 1e3 * phi(z), rtol=1e-12, atol=0):
            return False
        if isinstance(phi, Activation):
            return True
        # a user's function may have something narrow, of which the panels know
        z, _ = rule(np.concatenate([[-_WIDE], panels_of(phi).within(_WIDE), [_WIDE]]))
        straight = np.where(z > 0, z * phi(np.ones(1)), -z * phi(-np.ones(1)))
        return bool(np.allclose(phi(z), straight, rtol=1e-9, atol=0))


@lru_cache(maxsize=256)
def jumps(phi: AnyActivation) -> bool:
    """Whether phi itself is discontinuous (within |z| < 8)."""
    return any(abs(right - left) > 1e-9 * (1 + abs(left) + abs(right)) for _, left, right, *_ in kinks_within(phi, 8.0))


@lru_cache(maxsize=100_000)
def moments_on_grid(phi: AnyActivation, index: int) -> Moments | None:
    """The moments at the grid's q; None where they do not exist."""
    try:
        return moments(phi, grid_variance(index))
    except InputError:
        return None


def grid_variance(index: int) -> float:
    return float(10.0 ** (index / PER_DECADE))


def root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-300, rtol=8.9e-16, maxiter=500))


def checked(activation: ActivationLike, sigma_w2: Any, sigma_b2: Any) -> tuple[AnyActivation, float, float]:
    sigma_w2 = positive(sigma_w2, "sigma_w2", "1")
    return resolve(activation), sigma_w2, bias_variance(sigma_b2)


def bias_variance(sigma_b2: Any) -> float:
    """sigma_b2 as a float, or an error that says what it must be."""
    return not_negative(sigma_b2, "sigma_b2")


def _search(phi: AnyActivation, sigma_w2: float, sigma_b2: float) -> list[Sample]:
    """The variance map on a grid of q, upwards until no further fixed point can come, dense where it nearly touches."""

    def sample(at: Moments) -> Sample:
        return at.q, (sigma_w2 * at.second_moment - at.q + sigma_b2) / at.q, sigma_w2 * at.second_moment_slope - 1

    grid: list[Sample] = []
    top = 1e4 * max(1.0, sigma_b2, sigma_w2 * moments(phi).second_moment)
    for index in range(LOWEST * PER_DECADE, HIGHEST * PER_DECADE):
        at = moments_on_grid(phi, index)
        if at is None:
            break
        grid.append(sample(at))
        if at.q > top and grid[-1][1] < 0:
            break
    dense: list[Sample] = []
    for before, here, after in zip(grid, grid[1:], grid[2:], strict=False):
        nearest = abs(here[1]) <= min(abs(before[1]), abs(after[1])) and abs(here[1]) > ROUNDING
        if nearest and abs(here[1]) < _NEAR and abs(here[2]) < _NEAR:
            dense += [sample(moments(phi, float(q))) for q in np.geomspace(before[0], after[0], _DENSE)[1:-1]]
    return sorted(grid + dense)


def _turning_points(
    phi: AnyActivation, sigma_w2: float, excess: Callable[[float], float], samples: list[Sample]
) -> tuple[list[tuple[float, float]], list[float]]:
    """Where the variance map has slope 1: (q, excess) of those off the diagonal, and q of those that touch it."""
    turns: list[tuple[float, float]] = []
    touching: list[float] = []
    for (left, before, rise), (right, after, fall) in itertools.pairwise(samples):
        # of slopes that are 1 but for rounding, as GELU's at 1e10, a change of sign says nothing
        if rise * fall < 0 and max(abs(rise), abs(fall)) > ROUNDING and min(abs(before), abs(after)) < _NEAR:
            q = root(lambda q: sigma_w2 * moments(phi, q).second_moment_slope - 1, left, right)
            height = excess(q)
            if abs(height) > _TOUCHES:
                turns.append((q, height))
            elif max(abs(before), abs(after)) > ROUNDING:  # otherwise the map is the diagonal
                touching.append(q)
    return turns, touching


def _described(phi: AnyActivation, sigma_w2: float, q: float, excess: Callable[[float], float]) -> FixedPoint:
    slope = map_slope(phi, sigma_w2, q)
    if abs(abs(slope) - 1) > MARGINAL:
        return FixedPoint(q, slope, abs(slope) < 1, "stable" if abs(slope) < 1 else "unstable")
    # Slope 1: what attracts is decided further away, where the excess can be told from rounding.
    above = next((e for e in map(excess, _away(q, 1)) if abs(e) > ROUNDING), 0.0)
    below = next((e for e in map(excess, _away(q, -1)) if abs(e) > ROUNDING), 0.0) if q else 1.0
    if above < 0 < below:
        return FixedPoint(q, slope, True, "stable")
    return FixedPoint(q, slope, False, "unstable" if above > 0 and (q == 0 or below < 0) else "half-stable")


def _away(q: float, side: int) -> list[float]:
    if q == 0:
        return [10.0**k for k in range(-9, 3)]
    return [q * (1 + side * step) for step in (0.003, 0.01, 0.03, 0.1, 0.3)]


def map_slope(phi: AnyActivation, sigma_w2: float, q: float) -> float:
    return sigma_w2 * (moments(phi, q).second_moment_slope if q > 0 else slope_moment(phi, 0.0))


def _size_at_zero(phi: AnyActivation) -> float:
    """The limit of E[phi^2] as q -> 0: the mean of phi^2 on both sides of 0."""
    for at, left, right, *_ in kinks_within(phi, 1.0):
        if at == 0:
            return 0.5 * (left * left + right * right) if max(abs(left), abs(right)) > 1e-100 else 0.0
    return float(phi(np.zeros(1))[0] ** 2)
