"""A recommendation: which weight and bias variance for an activation and a depth, and why. Honest where none exists.

The rule: gradients must keep their size (chi_1 = 1) at a variance that the signal keeps too.

- ReLU and its kind keep every variance at once.
- Where E[phi phi''] changes sign (GELU, SiLU, Mish) both slopes are 1 at the half-stable point, with biases.
- tanh and its kind are critical along a line that starts at q = 0; the nearer to it, the more nearly linear the layer
  and the less the Jacobian spreads. q is chosen so that over this depth orthogonal weights spread it by 1 at most.
- Anything else has no such point, or only one where the units are saturated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from headstart.check import whole
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.criticality import (
    CriticalPoint,
    NoCriticalPoint,
    critical,
    critical_line,
    half_stable,
)
from headstart.theory.fixedpoints import MARGINAL, is_homogeneous, jumps, root
from headstart.theory.gains import moments
from headstart.theory.jacobian import JacobianMoments, jacobian
from headstart.theory.passage import DEEPEST, passage, power
from headstart.theory.propagation import WEIGHTS, Weights, spread_over_draws

_SPREAD = 1.0  # variance of the squared singular values that is still harmless: their mean is 1
_MOST_PER_LAYER = 1.0 + 1e-6  # orthogonal ReLU's spread per layer; a point that spreads more is not worth having
_HIGHEST_Q = 1.0
_DRAWS, _MOST_DRAWN = 1000, 10**8  # networks drawn for the spread between draws; random numbers, some seconds


@dataclass(frozen=True)
class Recommendation:
    """What to initialize with; the numbers are None where nothing suitable exists, and `why` says why not.

    `weight_variance` is fan_in times the variance of the weights; `q` the variance of the pre-activations that it
    keeps, `input_variance` the mean square of the inputs that starts there. The factors are predicted for variance
    and mean squared gradient over the depth; `jacobian_mean` and `jacobian_variance` for the squared singular values;
    `draw_spread` is E[M^2]/E[M]^2 over draws at the given width.
    """

    activation: str
    depth: int
    exists: bool
    why: str
    weight_variance: float | None = None
    bias_variance: float | None = None
    weights: Weights | None = None
    q: float | None = None
    input_variance: float | None = None
    forward_factor: float | None = None
    backward_factor: float | None = None
    variance_slope: float | None = None
    jacobian_mean: float | None = None
    jacobian_variance: float | None = None
    draw_spread: float | None = None

    @property
    def scheme(self) -> str | None:
        """The scheme for the weights as a spec string."""
        if self.weight_variance is None:
            return None
        base = "orthogonal" if self.weights == "orthogonal" else "xavier"
        factor = math.sqrt(self.weight_variance)
        return base if factor == 1 else f"{base}*{factor:.9g}"

    def __str__(self) -> str:
        if not self.exists:
            return f"{self.activation}, {self.depth} layers: none exists, because {self.why}"
        lines = [
            f"{self.activation}, {self.depth} layers: weights {self.scheme} "
            f"(variance {self.weight_variance:.6g}/fan_in), biases of variance {self.bias_variance:.6g}",
            f"inputs of mean square {self.input_variance:.4g}, so that pre-activations have variance {self.q:.4g}",
            f"predicted over {self.depth} layers: variance ×{self.forward_factor:.3g}, squared gradient "
            f"×{self.backward_factor:.3g}, squared singular values {self.jacobian_mean:.3g} ± "
            f"{math.sqrt(self.jacobian_variance or 0):.2g}",
            f"why: {self.why}",
        ]
        if self.draw_spread is not None:
            lines.insert(3, f"between draws at this width: E[M²]/E[M]² = {self.draw_spread:.3g}")
        return "\n".join(lines)


def recommend(activation: ActivationLike, depth: int, width: int | None = None, biases: bool = True) -> Recommendation:
    """Weight variance, bias variance and kind of weights for a plain network of this depth, and why.

    Args:
        activation: a spec string, an activation or any element-wise function.
        depth: number of layers, from 1 to 10^9.
        width: units per layer; given, the spread between draws is predicted too, where that takes seconds.
        biases: whether biases may be random.

    Raises:
        InputError: depth or width is not positive, or the activation has no Gaussian moments.

    >>> advice = recommend("gelu", 50)
    >>> round(advice.weight_variance, 4), round(advice.bias_variance, 4), advice.weights
    (1.9831, 0.1729, 'orthogonal')
    >>> recommend("softplus", 50).exists
    False

    References: Pennington et al. 2017; Schoenholz et al. 2017; Roberts, Yaida & Hanin 2022, chapter 5.
    """
    phi, depth = resolve(activation), whole(depth, "depth", most=DEEPEST, example="50")
    try:
        point, why = _point(phi, depth, biases)
    except NoCriticalPoint as missing:
        return Recommendation(str(phi), depth, False, f"{_reason(phi, str(missing), biases)} {_least_bad(phi, depth)}")
    start = point.q if point.q > 0 else _harmless_q(phi, depth, _near_origin(phi))
    weights, spectrum, reason = _weights(phi, point, depth, start)
    path = passage(phi, point.sigma_w2, point.sigma_b2, depth, start)
    return Recommendation(
        activation=str(phi),
        depth=depth,
        exists=True,
        why=why + reason,
        weight_variance=point.sigma_w2,
        bias_variance=point.sigma_b2,
        weights=weights,
        q=start,
        input_variance=(start - point.sigma_b2) / point.sigma_w2,
        forward_factor=path.forward_factor,
        backward_factor=path.backward_factor,
        variance_slope=point.slope,
        jacobian_mean=spectrum.mean,
        jacobian_variance=spectrum.variance,
        draw_spread=None if width is None else _draw_spread(phi, depth, width, point),
    )


def _draw_spread(phi: AnyActivation, depth: int, width: int, point: CriticalPoint) -> float | None:
    """The spread between draws; None where finding it would take minutes."""
    if not is_homogeneous(phi):
        if 0 < point.slope < 1:  # what a layer did is forgotten after so many
            depth = min(depth, 1 + math.ceil(math.log(1e-3) / math.log(point.slope)))
        if depth * whole(width, "width") * _DRAWS > _MOST_DRAWN:
            return None
    return spread_over_draws(phi, depth, width, point.sigma_w2, point.sigma_b2, draws=_DRAWS)


def _weights(phi: AnyActivation, point: CriticalPoint, depth: int, q: float) -> tuple[Weights, JacobianMoments, str]:
    """Orthogonal weights where Gaussian ones would spread the squared singular values, with the reason."""
    gaussian, orthogonal = (jacobian(phi, point.sigma_w2, point.sigma_b2, depth, kind, q=q) for kind in WEIGHTS)
    if gaussian.variance <= _SPREAD:
        return "gaussian", gaussian, ""
    return (
        "orthogonal",
        orthogonal,
        (
            "; orthogonal, because Gaussian weights would give the squared singular values variance "
            f"{gaussian.variance:.3g}, not {orthogonal.variance:.3g}"
        ),
    )


def _point(phi: AnyActivation, depth: int, biases: bool) -> tuple[CriticalPoint, str]:
    """The critical point to use, and why it; NoCriticalPoint where there is none worth having."""
    if is_homogeneous(phi):
        point = replace(critical(phi), q=critical(phi).sigma_w2)  # any q will do; this one comes from inputs of size 1
        return point, "it keeps every variance, and gradients, with this weight variance and no biases"
    if not biases:
        point = critical(phi, sigma_b2=0.0)
        if point.q == 0 and point.stable:
            return point, (
                "without biases chi_1 = 1 holds in the limit q -> 0 only; small inputs stay near it, because the "
                "variance shrinks slowly there"
            )
        raise NoCriticalPoint("the points with chi_1 = 1 and no biases are unstable or saturated.")
    try:
        return half_stable(phi), (
            "gradients keep their size (chi_1 = 1) and a small error of the variance neither grows nor dies (slope 1): "
            "the half-stable critical point"
        )
    except NoCriticalPoint:
        stable = [p for p in critical_line(phi) if p.stable]
        if all(_spread_per_layer(phi, p) > _MOST_PER_LAYER for p in stable):
            raise
    q = _harmless_q(phi, depth, stable)
    return critical(phi, q=q), (
        f"gradients keep their size (chi_1 = 1) at a stable variance; q={q:.4g} is the largest at which {depth} "
        "orthogonal layers spread the squared singular values by no more than 1"
        if depth * _spread_per_layer(phi, critical(phi, q=q)) <= _SPREAD * (1 + 1e-9)
        else "gradients keep their size (chi_1 = 1) at a stable variance"
    )


def _near_origin(phi: AnyActivation) -> list[CriticalPoint]:
    return [p for p in critical_line(phi) if p.q <= _HIGHEST_Q]


def _harmless_q(phi: AnyActivation, depth: int, points: list[CriticalPoint]) -> float:
    """The largest q up to 1 at which this depth spreads orthogonal weights' Jacobian by no more than 1."""
    spreads = [(p.q, depth * _spread_per_layer(phi, p)) for p in points]
    harmless = [q for q, spread in spreads if spread <= _SPREAD and q <= _HIGHEST_Q]
    if not harmless:
        return min(spreads, key=lambda row: (row[1] > 0 and row[0] > _HIGHEST_Q, row[1]))[0]
    low = max(harmless)
    above = [q for q, spread in spreads if low < q <= _HIGHEST_Q and spread > _SPREAD]
    if not above:
        return low

    def excess(q: float) -> float:
        return depth * _spread_per_layer(phi, critical(phi, q=q)) - _SPREAD

    return root(excess, low, min(above)) if excess(low) < 0 else low


def _spread_per_layer(phi: AnyActivation, point: CriticalPoint) -> float:
    """Variance that one layer of orthogonal weights gives the squared singular values."""
    return jacobian(phi, point.sigma_w2, point.sigma_b2, 1, "orthogonal", q=point.q).variance


def _reason(phi: AnyActivation, reason: str, biases: bool) -> str:
    if jumps(phi):
        return (
            "it jumps: two inputs that differ at all end up on both sides of a jump, while gradients see nothing of it."
        )
    if not biases:
        return f"{reason.partition('because ')[2] or reason} Random biases may help: biases=True."
    try:
        point = critical(phi, sigma_b2=0.0)
    except NoCriticalPoint:
        return "wherever gradients would keep their size (chi_1 = 1) the variance of the signal grows or is unstable."
    return (
        f"gradients would keep their size (chi_1 = 1) only from weight variance {point.sigma_w2:.4g} "
        f"at q={point.q:.4g}, where small errors of the variance change by ×{point.slope:.3g} per layer and the "
        "squared singular values "
        f"spread by {_spread_per_layer(phi, point) if point.q else 0:.3g} per layer."
    )


def _least_bad(phi: AnyActivation, depth: int) -> str:
    """What keeping the variance at q = 1 costs, in words."""
    at = moments(phi)
    if at.second_moment == 0:
        return ""
    growth = power(at.chi_1, depth)
    change = (
        ""
        if abs(at.variance_slope) <= 1 + MARGINAL
        else f" and small errors of the variance by ×{at.variance_slope:.3g}"
    )
    return (
        f"The least bad is gain({phi}), weight variance {at.gain_forward**2:.6g}: it keeps variance 1, and squared "
        f"gradients change by ×{at.chi_1:.3g} per layer{change}, ×{growth:.2g} over {depth}."
    )
