"""Critical initializations: weight and bias variances for which gradients neither vanish nor explode.

chi_1 = 1 and q* = q give sigma_w^2 = 1/E[phi'^2] and sigma_b^2 = q - E[phi^2]/E[phi'^2], expectations at q: a line
with parameter q (Schoenholz et al. 2017). Where also the variance map has slope 1, E[phi phi''] = 0: the half-stable
critical point of GELU and SiLU (Roberts, Yaida & Hanin 2022, section 5.3.4). Each may fail to exist, and says so.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from headstart.check import positive
from headstart.errors import InputError
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.fixedpoints import (
    LOWEST,
    MARGINAL,
    PER_DECADE,
    ROUNDING,
    FixedPoint,
    bias_variance,
    fixed_points,
    is_homogeneous,
    jumps,
    moments_on_grid,
    root,
    slope_moment,
)
from headstart.theory.gains import Moments, moments

_TOP = 8  # decades of q that are searched: 1e-12 to 1e8
_HALF_STABLE = 1e-12  # |E[phi phi'']| below this part of E[phi'^2] is rounding


class NoCriticalPoint(InputError):
    """None exists, and why."""


@dataclass(frozen=True)
class CriticalPoint:
    """Weight variance (times fan_in), bias variance, and the fixed point q with chi_1 = 1 that they give.

    `slope` is the variance map's at q; `stable` whether the network comes back to q from nearby variances.
    """

    sigma_w2: float
    sigma_b2: float
    q: float
    slope: float
    stable: bool


def critical(activation: ActivationLike, sigma_b2: float | None = None, q: float | None = None) -> CriticalPoint:
    """The point of the critical line with a given bias variance, or with a given fixed point.

    Args:
        activation: a spec string, an activation or any element-wise function.
        sigma_b2: variance of the biases, at least 0; 0 if neither is given.
        q: the fixed point that the variance of the pre-activations shall have, positive.

    Where several points have this bias variance: the one with the smallest q. For ReLU and its kind every q will do,
    and q is given as 1.

    Raises:
        NoCriticalPoint: none exists, with the reason.
        InputError: both are given, or out of range.

    >>> point = critical("tanh", sigma_b2=0.05)
    >>> round(point.sigma_w2, 10), round(point.q, 10)
    (1.7609546396, 0.5700478816)

    References: Schoenholz et al. 2017, section 3; Pennington et al. 2017, section 2.
    """
    phi = resolve(activation)
    if sigma_b2 is not None and q is not None:
        raise InputError(f"a critical point is fixed by sigma_b2 or by q, got both ({sigma_b2!r}, {q!r}). Give one.")
    if jumps(phi):
        raise NoCriticalPoint(
            f"'{phi}' has no critical point, because it jumps: two inputs that differ by any amount fall on both "
            "sides of "
            "a jump, so differences always grow (chaotic), while the gradients know nothing of the jump."
        )
    if q is not None:
        return _at_variance(phi, positive(q, "q", "1"))
    return _at_bias(phi, 0.0 if sigma_b2 is None else bias_variance(sigma_b2))


def half_stable(activation: ActivationLike) -> CriticalPoint:
    """The critical point where the variance map has slope 1 too: chi_1 = 1 and E[phi phi''] = 0, with sigma_b^2 >= 0.

    Raises:
        NoCriticalPoint: none exists, with the reason.

    >>> point = half_stable("gelu")
    >>> round(point.sigma_w2, 6), round(point.sigma_b2, 6), round(point.q, 6)
    (1.983058, 0.172922, 3.561553)

    References: Roberts, Yaida & Hanin 2022, section 5.3.4 and eq. 5.101-5.102.
    """
    phi = resolve(activation)
    if jumps(phi):
        raise NoCriticalPoint(f"'{phi}' has no half-stable critical point, because it jumps and has no critical point.")
    if is_homogeneous(phi):
        return CriticalPoint(1 / slope_moment(phi, 1.0), 0.0, 1.0, 1.0, False)
    indices, ratios = _curvatures(phi)
    known = np.flatnonzero(np.abs(ratios) > _HALF_STABLE)
    if known.size == 0:  # phi'' only where phi is 0: slope 1 all along the critical line
        point = _at_variance(phi, 1.0)
        return CriticalPoint(point.sigma_w2, point.sigma_b2, point.q, point.slope, False)
    found: list[float] = []
    for left, right in itertools.pairwise(known):
        if ratios[left] * ratios[right] < 0:
            low, high = (float(10.0 ** (indices[k] / PER_DECADE)) for k in (left, right))
            found.append(root(lambda q: moments(phi, q).value_second_derivative, low, high))
    points = [_point(moments(phi, q)) for q in found]
    for point in points:
        if point.sigma_b2 >= 0:
            return CriticalPoint(point.sigma_w2, point.sigma_b2, point.q, point.slope, False)
    if points:
        raise NoCriticalPoint(
            f"'{phi}' has no half-stable critical point, because at q={points[0].q:.6g}, where chi_1 = 1 and variance "
            f"slope 1 meet, the bias variance would have to be {points[0].sigma_b2:.6g}."
        )
    sign = "negative" if ratios[known][0] < 0 else "positive"
    limit = " Only the limit q -> 0 has both." if _size_at_origin(phi) == 0 and slope_moment(phi, 0.0) > 0 else ""
    raise NoCriticalPoint(
        f"'{phi}' has no half-stable critical point, because E[phi phi''] is {sign} at every q, so the variance slope "
        f"is {'below' if sign == 'negative' else 'above'} 1 wherever chi_1 = 1.{limit}"
    )


def critical_line(activation: ActivationLike, low: float = 1e-4, high: float = 1e3) -> list[CriticalPoint]:
    """Points of the critical line with sigma_b^2 >= 0 for fixed points q from low to high, in order of q.

    >>> line = critical_line("tanh", 0.1, 1.0)
    >>> len(line), all(point.stable for point in line)
    (17, True)
    """
    phi = resolve(activation)
    if jumps(phi):
        return []
    first, last = (round(PER_DECADE * math.log10(positive(q, "q", "1"))) for q in (low, high))
    at_all = (moments_on_grid(phi, index) for index in range(first, last + 1))
    points = [_point(at) for at in at_all if at is not None and at.derivative_second_moment > 0]
    return [point for point in points if point.sigma_b2 >= 0]


def _point(at: Moments) -> CriticalPoint:
    """The point of the critical line (perhaps with a negative bias variance) whose fixed point is at.q."""
    sigma_w2 = 1 / at.derivative_second_moment
    sigma_b2 = at.q - sigma_w2 * at.second_moment
    slope = sigma_w2 * at.second_moment_slope
    sigma_b2 = 0.0 if abs(sigma_b2) <= ROUNDING * at.q else sigma_b2
    return CriticalPoint(sigma_w2, sigma_b2, at.q, slope, abs(slope) < 1 - MARGINAL)


def _at_variance(phi: AnyActivation, q: float) -> CriticalPoint:
    at = moments(phi, q)
    if at.derivative_second_moment == 0:
        raise NoCriticalPoint(f"'{phi}' has no critical point with q={q:g}, because phi' is 0 wherever z has mass.")
    point = _point(at)
    if point.sigma_b2 >= 0:
        return point
    raise NoCriticalPoint(
        f"'{phi}' has no critical point with q={q:g}, because chi_1 = 1 needs sigma_w^2 = {point.sigma_w2:.6g}, which "
        f"makes variance {point.sigma_w2 * at.second_moment:.6g} of q even without biases: sigma_b^2 would have to be "
        f"{point.sigma_b2:.6g}."
    )


def _at_bias(phi: AnyActivation, sigma_b2: float) -> CriticalPoint:
    if is_homogeneous(phi) and sigma_b2 == 0:
        return CriticalPoint(1 / slope_moment(phi, 1.0), 0.0, 1.0, 1.0, False)

    def missing(q: float) -> float:
        return (_point(moments(phi, q)).sigma_b2 - sigma_b2) / q

    points: list[CriticalPoint] = []
    if sigma_b2 == 0 and _size_at_origin(phi) == 0 and slope_moment(phi, 0.0) > 0:
        points.append(_at_origin(phi))
    line = _line(phi)
    values = np.array([(point.sigma_b2 - sigma_b2) / point.q for point in line])
    known = np.flatnonzero(np.abs(values) > ROUNDING)
    for left, right in itertools.pairwise(known):
        if values[left] * values[right] < 0:
            points.append(_point(moments(phi, root(missing, line[left].q, line[right].q))))
    if points:
        chosen = min(points, key=lambda point: point.q)
        return CriticalPoint(chosen.sigma_w2, sigma_b2, chosen.q, chosen.slope, chosen.stable)
    if is_homogeneous(phi):
        raise NoCriticalPoint(
            f"'{phi}' has no critical point with sigma_b^2={sigma_b2:g}, because with chi_1 = 1 it keeps every "
            "variance, and "
            "biases would add to it in each layer. Use sigma_b2=0."
        )
    best = max(line, key=lambda point: point.sigma_b2 / point.q)
    if best.sigma_b2 <= 0:
        raise NoCriticalPoint(
            f"'{phi}' has no critical point, because wherever chi_1 = 1 the variance of the signal alone already "
            "exceeds "
            f"q: sigma_b^2 would have to be negative at every q (at best {best.sigma_b2:.3g}, at q={best.q:.3g})."
        )
    reached = [point.sigma_b2 for point in line if point.sigma_b2 >= 0]
    raise NoCriticalPoint(
        f"'{phi}' has no critical point with sigma_b^2={sigma_b2:g}, because its critical line has sigma_b^2 from "
        f"{min(reached):.6g} to {max(reached):.6g} for q from {line[0].q:g} to {line[-1].q:g}."
    )


def _at_origin(phi: AnyActivation) -> CriticalPoint:
    """The critical point with q* = 0: sigma_w^2 = 1/phi'(0)^2."""
    sigma_w2 = 1 / slope_moment(phi, 0.0)
    at_zero: FixedPoint = fixed_points(phi, sigma_w2, 0.0)[0]
    return CriticalPoint(sigma_w2, 0.0, 0.0, at_zero.slope, at_zero.stable)


def _size_at_origin(phi: AnyActivation) -> float:
    return float(abs(phi(np.zeros(1))[0]))


@lru_cache(maxsize=256)
def _line(phi: AnyActivation) -> list[CriticalPoint]:
    line = []
    for index in range(LOWEST * PER_DECADE, _TOP * PER_DECADE + 1):
        at = moments_on_grid(phi, index)
        if at is None:
            break
        if at.derivative_second_moment > 0 and 1 / at.derivative_second_moment < math.inf:
            line.append(_point(at))
    if not line:
        raise NoCriticalPoint(f"'{phi}' has no critical point, because its slope is 0 wherever a Gaussian has mass.")
    return line


@lru_cache(maxsize=256)
def _curvatures(phi: AnyActivation) -> tuple[np.ndarray, np.ndarray]:
    """(grid index, E[phi phi'']/E[phi'^2]) wherever both exist, from q = 1e-6 to 1e6."""
    rows = []
    for index in range(-6 * PER_DECADE, 6 * PER_DECADE + 1):
        at = moments_on_grid(phi, index)
        if at is None:
            break
        if at.derivative_second_moment > 0:
            rows.append((index, at.value_second_derivative / at.derivative_second_moment))
    table = np.array(rows).reshape(-1, 2)
    return table[:, 0], table[:, 1]
