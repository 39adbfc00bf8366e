"""Gaussian moments of an activation, and the gain curve that follows from them.

For pre-activations sqrt(q) z, z ~ N(0, 1), with q their variance (the operating point): E[phi], E[phi^2], E[phi'],
E[phi'^2], E[z phi phi'], E[phi phi''], each the integral of a piecewise smooth function. The line is cut at phi's
kinks and wherever phi or the Gaussian changes (see `panels`), with 16-point Gauss-Legendre on each piece, outwards
until the integrand is below 1e-17 of the whole.

The gain at q keeps the second moment of the signal: weights of variance gain^2/fan_in turn pre-activations of
variance q into pre-activations of variance q (He et al. 2015, eq. 8-10, for ReLU; here for every phi and q).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from headstart.check import positive
from headstart.errors import InputError, unknown
from headstart.theory.activations import Activation
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.panels import Array, Panels, rule

Direction = Literal["forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")

# How far out the integral goes, in standard deviations: on to the next only if the integrand still counts there.
_REACHES = (12.0, 20.0, 30.0, 40.0, 52.0)
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True)
class Moments:
    """Gaussian moments of phi at the operating point q: expectations of phi(sqrt(q) z) and its derivatives.

    phi' is the derivative that back-propagation uses: where phi jumps, the jump does not count. All else follows:

    - `gain_forward` = sqrt(q / E[phi^2]), `gain_backward` = 1 / sqrt(E[phi'^2]);
    - `variance_slope`: slope of the variance map q -> gain_forward^2 E[phi^2] at its fixed point q. Below 1 the fixed
      point is stable, above 1 small errors grow by this factor per layer;
    - `chi_1` = gain_forward^2 E[phi'^2]: growth of the squared gradient per layer under gain_forward.
    """

    q: float
    mean: float
    second_moment: float
    derivative_mean: float
    derivative_second_moment: float
    z_value_derivative: float
    """E[z phi phi']"""
    value_second_derivative: float
    """E[phi phi''], kinks included as the delta functions they are in phi''; NaN where phi jumps"""
    second_moment_slope: float
    """d E[phi^2] / dq, jumps included"""

    @property
    def gain_forward(self) -> float:
        return math.sqrt(self.q / self._positive(self.second_moment, "phi"))

    @property
    def gain_backward(self) -> float:
        return 1 / math.sqrt(self._positive(self.derivative_second_moment, "phi'"))

    @property
    def variance_slope(self) -> float:
        return self.q * self.second_moment_slope / self._positive(self.second_moment, "phi")

    @property
    def chi_1(self) -> float:
        return self.q * self.derivative_second_moment / self._positive(self.second_moment, "phi")

    @property
    def stability(self) -> str:
        """What the gain's fixed point does to a small error of the variance: "stable", "marginal" or "unstable"."""
        slope = abs(self.variance_slope)
        return "marginal" if abs(slope - 1) < 1e-9 else "stable" if slope < 1 else "unstable"

    def _positive(self, moment: float, what: str) -> float:
        if moment > 0:
            return moment
        raise InputError(
            f"no gain exists at q={self.q:g}: {what} is 0 wherever pre-activations of this variance are, so nothing "
            "can "
            "be scaled up. Use a larger q."
        )


@overload
def moments(activation: ActivationLike, q: float = 1.0) -> Moments: ...


@overload
def moments(activation: ActivationLike, q: Sequence[float] | NDArray[Any]) -> list[Moments]: ...


def moments(activation: ActivationLike, q: float | Sequence[float] | NDArray[Any] = 1.0) -> Moments | list[Moments]:
    """The Gaussian moments of an activation at pre-activation variance q, or at each of several.

    Args:
        activation: a spec string ("gelu", "leaky_relu(0.1)"), an activation, or any element-wise NumPy-like, torch
            or JAX function.
        q: variance of the pre-activations, positive; a list or array of them gives a list of moments.

    Raises:
        InputError: q is not positive, phi is not element-wise or not finite, or it grows too fast for the moments to
            exist.

    >>> m = moments("tanh")
    >>> round(m.second_moment, 12), round(m.derivative_second_moment, 12)
    (0.394294490398, 0.464402902448)
    """
    phi = resolve(activation)
    several = _several(q)
    if several is None or several.ndim == 0:
        return _moments(phi, positive(q if several is None else several[()], "q", "1"))
    return [_moments(phi, positive(one, "each q", "1")) for one in several.ravel().tolist()]


def _several(q: Any) -> NDArray[Any] | None:
    """A list or array of variances as an array; None for a number."""
    if isinstance(q, str) or (not hasattr(q, "__len__") and not hasattr(q, "__array__")):
        return None
    try:
        found = np.asarray(q)
    except ValueError as error:  # rows of different lengths
        raise InputError(f"q must be a number, or an array of numbers, got {q!r}. Write, say, [0.1, 1, 4].") from error
    if found.dtype.kind not in "fiu" and found.size:
        raise InputError(f"q must be a number, or an array of numbers, got {q!r}. Write, for example, [0.1, 1, 4].")
    return found


def _moments(phi: AnyActivation, q: float) -> Moments:
    z, h, value, slope = _samples(phi, q)
    root = math.sqrt(q)
    with np.errstate(all="ignore"):
        second_moment, slope_moment = float(value @ value), float(slope @ slope)
        z_value_derivative = _sum(z * value, slope)
    _require_finite(phi, q, second_moment, slope_moment, z_value_derivative)
    if isinstance(phi, Activation):
        with np.errstate(all="ignore"):
            value_curvature = _sum(value, phi.second_derivative(root * z) * h) + _kinks_in_curvature(phi, q)
    else:  # Stein's lemma: E[z g] = E[g'] for g = phi phi', kinks included
        value_curvature = z_value_derivative / root - slope_moment
    jumps = _jumps(phi, q)
    return Moments(
        q=q,
        mean=_sum(value, h),
        second_moment=second_moment,
        derivative_mean=_sum(slope, h),
        derivative_second_moment=slope_moment,
        z_value_derivative=z_value_derivative,
        value_second_derivative=math.nan if jumps else value_curvature,
        second_moment_slope=z_value_derivative / root
        + 0.5 * sum(step * at / q * density for at, step, density in jumps),
    )


@overload
def gain(activation: ActivationLike, q: float = 1.0, direction: Direction = "forward") -> float: ...


@overload
def gain(
    activation: ActivationLike, q: Sequence[float] | NDArray[Any], direction: Direction = "forward"
) -> NDArray[np.float64]: ...


def gain(
    activation: ActivationLike, q: float | Sequence[float] | NDArray[Any] = 1.0, direction: Direction = "forward"
) -> float | NDArray[np.float64]:
    """What an activation needs so that the second moment of the signal (or of the gradient) is kept.

    forward: sqrt(q / E[phi(sqrt(q) z)^2]); backward: 1 / sqrt(E[phi'(sqrt(q) z)^2]). Weights of standard deviation
    gain/sqrt(fan_in) (backward: gain/sqrt(fan_out)) keep it.

    Args:
        activation: as for `moments`.
        q: variance of the pre-activations, the operating point. Only for ReLU and its kind does the gain not depend
            on it. A list or array of them gives an array of gains of the same shape.
        direction: "forward" keeps the signal, "backward" the gradient.

    Raises:
        InputError: as for `moments`; an unknown direction; or phi is zero where the pre-activations are.

    >>> round(gain("relu"), 12), round(gain("tanh"), 12), round(gain("tanh", q=4), 12)
    (1.414213562373, 1.592537419723, 2.509307118525)
    >>> gain("tanh", [0.1, 1, 4]).round(4)
    array([1.0897, 1.5925, 2.5093])

    References: He et al. 2015, eq. 10 and 14 (ReLU).
    """
    if direction not in DIRECTIONS:
        raise unknown("direction", str(direction), DIRECTIONS)
    several = _several(q)
    at = moments(activation, q if several is None or several.ndim == 0 else several.ravel())
    if isinstance(at, Moments):
        return at.gain_forward if direction == "forward" else at.gain_backward
    gains = [each.gain_forward if direction == "forward" else each.gain_backward for each in at]
    return np.array(gains, dtype=np.float64).reshape(np.shape(q))


def expectation(activation: ActivationLike, q: float, function: Callable[[Array, Array], Array]) -> float:
    """E[f(phi, phi')] for pre-activations of variance q; f takes the arrays phi(sqrt(q) z) and phi'(sqrt(q) z).

    >>> expectation("relu", 1.0, lambda value, slope: value**4)
    1.5
    """
    phi, q = resolve(activation), positive(q, "q", "1")
    z, h, *_ = _samples(phi, q)
    with np.errstate(all="ignore"):
        result = float(function(phi(math.sqrt(q) * z), phi.derivative(math.sqrt(q) * z)) @ (h * h))
    _require_finite(phi, q, result)
    return result


def second_moment(phi: AnyActivation, q: float) -> float:
    """E[phi(sqrt(q) z)^2] alone, for the solvers that need nothing else; 0 at q = 0 means phi(0)^2."""
    if q == 0:
        return float(phi(np.zeros(1))[0] ** 2)
    value = _samples(phi, q)[2]
    return float(value @ value)


@lru_cache(maxsize=256)
def panels_of(phi: AnyActivation) -> Panels:
    """The cuts of the line for this activation; made once."""
    if isinstance(phi, Activation):
        return Panels((phi, phi.derivative), phi.kinks, str(phi), search=None)
    return phi.panels or Panels((phi, phi.derivative), phi.kinks, str(phi), search=phi.search)


def kinks_within(phi: AnyActivation, reach: float) -> tuple[tuple[float, float, float, float, float], ...]:
    """(place, phi left, phi right, phi' left, phi' right) wherever phi or phi' is not continuous in (-reach, reach)."""
    if isinstance(phi, Activation):
        return _kinks(phi, tuple(kink for kink in phi.kinks if -reach < kink < reach))
    return _kinks(phi, tuple(panels_of(phi).breaks(reach).tolist()))  # more of them once more has been found


@lru_cache(maxsize=256)
def _kinks(phi: AnyActivation, cuts: tuple[float, ...]) -> tuple[tuple[float, float, float, float, float], ...]:
    """Those of the cuts where phi or phi' is not continuous, with their sides."""
    if not cuts:
        return ()
    places = np.array(cuts)
    # The sides one float away, if the place is exact; otherwise as far away as places are found to.
    step = 2e-13 * np.maximum(1.0, np.abs(places))
    far = _sides(phi, places - step, places + step)
    near = _sides(phi, np.nextafter(places, -np.inf), np.nextafter(places, np.inf))
    exact = np.all(np.abs((near[1::2] - near[::2]) - (far[1::2] - far[::2])) <= 1e-9 * (1 + np.abs(far[::2])), axis=0)
    sides = np.where(exact, near, far)
    if not isinstance(phi, Activation):
        _level_slopes(phi, places, step, sides)
    tolerance = 1e-14 if isinstance(phi, Activation) else 1e-9
    size = tolerance * (1 + np.abs(sides).max(axis=0)) + 8 * np.finfo(float).eps * np.abs(places)
    broken = np.any(np.abs(sides[1::2] - sides[::2]) > size, axis=0)
    return tuple((float(at), *map(float, side)) for at, side in zip(places[broken], sides.T[broken], strict=True))  # type: ignore[misc]  # five


def _level_slopes(phi: AnyActivation, places: Array, step: Array, sides: Array) -> None:
    """Make both sides equal, in place, where phi (or phi') is only steep: what rises doubles with the distance."""
    further = _sides(phi, places - 8 * step, places + 8 * step)
    for row in (0, 2):
        rise = np.abs(sides[row + 1] - sides[row])
        steep = np.abs(further[row + 1] - further[row]) > 4 * rise
        sides[row : row + 2, steep] = 0.5 * (sides[row] + sides[row + 1])[steep]


def _sides(phi: AnyActivation, left: Array, right: Array) -> Array:
    """Rows phi left, phi right, phi' left, phi' right."""
    return np.array([phi(left), phi(right), phi.derivative(left), phi.derivative(right)])


def _samples(phi: AnyActivation, q: float) -> tuple[Array, Array, Array, Array]:
    """Nodes z, the roots h of their weights, phi h and phi' h, so that E[f g] = sum (f h)(g h).

    Half of the weight goes to each factor, because phi^2 may overflow where phi^2 times the Gaussian is small.
    """
    root, panels = math.sqrt(q), panels_of(phi)
    panels.look(root)
    for reach in _REACHES:
        cuts = panels.within(reach * root) / root
        z, weights = rule(np.sort(np.concatenate([_GRIDS[reach], cuts])))
        with np.errstate(all="ignore"):
            h = np.exp(-0.25 * z * z) * np.sqrt(weights / math.sqrt(2 * math.pi))
            value, slope = phi(root * z) * h, phi.derivative(root * z) * h
            outside = np.abs(z) > 0.85 * reach
            sizes = [(float(part @ part), float(part[outside] @ part[outside])) for part in (value, slope)]
        if all(tail <= _NEGLIGIBLE * whole for whole, tail in sizes) and sizes[0][0] > 0:
            return z, h, value, slope
    if all(tail <= _NEGLIGIBLE * whole for whole, tail in sizes):  # zero wherever there is mass
        return z, h, value, slope
    raise InputError(
        f"activation '{phi}' has no Gaussian moments at q={q:g}, or they exceed float64: it grows too fast "
        "(only growth slower than exp(z^2/(4q)) has them). Use a smaller q, or an activation that grows more slowly."
    )


_GRIDS = {reach: np.linspace(-reach, reach, 17 if reach == _REACHES[0] else int(4 * reach) + 1) for reach in _REACHES}


def _kinks_in_curvature(phi: AnyActivation, q: float) -> float:
    """phi'' holds a delta function wherever phi' steps: the sum of phi [phi'] N(kink; 0, q)."""
    total = 0.0
    for at, left, right, slope_left, slope_right in kinks_within(phi, _kink_reach(phi, q)):
        value = 0.5 * (left + right)
        if abs(value) > 4 * np.finfo(float).eps * abs(at):  # otherwise phi is 0 at the kink
            total += value * (slope_right - slope_left) * _density(at, q)
    return total


def _jumps(phi: AnyActivation, q: float) -> list[tuple[float, float, float]]:
    """(place, step of phi^2, Gaussian density there) of every jump of phi."""
    return [
        (at, right * right - left * left, _density(at, q))
        for at, left, right, *_ in kinks_within(phi, _kink_reach(phi, q))
        if abs(right - left) > 1e-9 * (1 + abs(right) + abs(left))
    ]


def _kink_reach(phi: AnyActivation, q: float) -> float:
    """How far out kinks matter; a power of two where they are searched for, because what is found is remembered."""
    if isinstance(phi, Activation):
        return math.inf
    return float(2.0 ** math.ceil(math.log2(_REACHES[0] * math.sqrt(q))))


def _density(at: float, q: float) -> float:
    return math.exp(-at * at / (2 * q)) / math.sqrt(2 * math.pi * q)


def _sum(a: Array, b: Array) -> float:
    """The inner product; exactly 0 where only the rounding errors of a sum that cancels are left, as in E[tanh]."""
    products = a * b
    total = float(products.sum())
    return 0.0 if abs(total) <= 1e-15 * float(np.abs(products).sum()) else total


def _require_finite(phi: AnyActivation, q: float, *results: float) -> None:
    if not all(math.isfinite(result) for result in results):
        raise InputError(
            f"the Gaussian moments of activation '{phi}' at q={q:g} exceed float64: it grows too fast. Use a smaller q."
        )
