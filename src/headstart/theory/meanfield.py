"""Mean-field theory of deep networks at initialization: phases and depth scales.

With weights of variance sigma_w^2/fan_in and biases of variance sigma_b^2 the variance of the pre-activations settles
at q* (see `fixedpoints`). There squared gradients grow by chi_1 = sigma_w^2 E[phi'(sqrt(q*) z)^2] per layer, and so do
small differences between two inputs: chi_1 < 1 is the ordered phase (gradients vanish), chi_1 > 1 the chaotic one
(they explode), chi_1 = 1 critical (Poole et al. 2016; Schoenholz et al. 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from headstart.check import is_number, whole
from headstart.errors import InputError
from headstart.theory.activations.callables import ActivationLike, AnyActivation
from headstart.theory.correlation import covariance, half_square_difference, slope_covariance
from headstart.theory.fixedpoints import (
    MARGINAL,
    ROUNDING,
    NoFixedPoint,
    checked,
    is_homogeneous,
    jumps,
    map_slope,
    root,
    settle,
    slope_moment,
)
from headstart.theory.gains import moments, second_moment

TRAINABLE = 6  # depths up to about 6 xi_c can be trained (Schoenholz et al. 2017, section 5)


@dataclass(frozen=True)
class DepthScale:
    """How far signals and differences reach at the fixed point q*: they decay as exp(-layer/xi).

    `xi_q` is for the variance, `xi_c` for the correlation of two inputs; inf means no exponential decay. `chi_c` is the
    slope of the correlation map at its stable fixed point `c_star`; `slope` that of the variance map at `q`.
    """

    q: float
    chi_1: float
    slope: float
    c_star: float
    chi_c: float
    phase: str

    @property
    def xi_q(self) -> float:
        return _scale_of(self.slope)

    @property
    def xi_c(self) -> float:
        return math.inf if self.phase == "critical" else _scale_of(self.chi_c)

    @property
    def trainable_depth(self) -> float:
        """About 6 xi_c layers (Schoenholz et al. 2017, section 5)."""
        return TRAINABLE * self.xi_c


def chi1(activation: ActivationLike, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """chi_1 = sigma_w^2 E[phi'(sqrt(q*) z)^2]: growth of the squared gradient per layer, at the q* a network settles at
    from the variance `start`.

    The gradient of a network of L layers grows by chi_1^L in expectation of its square.

    Raises:
        NoFixedPoint: the variance grows without bound and chi_1 depends on it.

    >>> round(chi1("tanh", 25 / 9), 4)
    1.2098
    >>> chi1("relu", 2.0)
    1.0

    References: Schoenholz et al. 2017, eq. 8.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    try:
        return sigma_w2 * slope_moment(phi, settle(phi, sigma_w2, sigma_b2, start))
    except NoFixedPoint:
        if is_homogeneous(phi):  # E[phi'^2] is the same at every q
            return sigma_w2 * slope_moment(phi, 1.0)
        raise


def depth_scale(activation: ActivationLike, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> DepthScale:
    """Depth scales and phase: xi_q = -1/log|slope of the variance map|, xi_c = -1/log chi(c*).

    c* is the correlation that any two inputs end up with: 1 in the ordered phase, below 1 in the chaotic one. Where
    there are several fixed points, it is the one reached from the variance `start`.

    Raises:
        NoFixedPoint: the variance grows without bound.

    >>> scale = depth_scale("tanh", 1.5, 0.05)
    >>> scale.phase, round(scale.xi_q, 6), round(scale.xi_c, 6), scale.c_star
    ('ordered', 1.682828, 15.790994, 1.0)

    References: Schoenholz et al. 2017, eq. 5-9.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    q = settle(phi, sigma_w2, sigma_b2, start)
    slope, chi = map_slope(phi, sigma_w2, q), sigma_w2 * slope_moment(phi, q)
    if jumps(phi) and q > 0:
        # Near c = 1 the map rises with infinite slope: two inputs that differ at all fall on both sides of a jump.
        c, chi_c = _chaotic_fixed_point(phi, sigma_w2, sigma_b2, q)
        return DepthScale(q, chi, slope, c, chi_c, "chaotic")
    if chi < 1 + MARGINAL:
        return DepthScale(q, chi, slope, 1.0, chi, "ordered" if chi < 1 - MARGINAL else "critical")
    if q == 0:
        raise NoFixedPoint(
            f"activation '{phi}' with sigma_w^2={sigma_w2:g} settles at q=0 with chi_1={chi:g}: no correlation is "
            "defined "
            "there. Use a positive sigma_b^2."
        )
    c, chi_c = _chaotic_fixed_point(phi, sigma_w2, sigma_b2, q)
    return DepthScale(q, chi, slope, c, chi_c, "chaotic")


def correlation_map(
    activation: ActivationLike, sigma_w2: float, sigma_b2: float, q: float, c: float, q_next: float | None = None
) -> float:
    """The correlation of two inputs one layer on: (sigma_w^2 E[phi(u1) phi(u2)] + sigma_b^2)/q_next.

    Args:
        q: variance of the pre-activations of both inputs.
        c: their correlation, from -1 to 1.
        q_next: the variance one layer on; None to compute it.

    >>> round(correlation_map("relu", 2.0, 0.0, q=1.0, c=0.0), 12)
    0.318309886184

    References: Poole et al. 2016, eq. 5.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    if not -1 <= c <= 1:
        raise InputError(f"a correlation must be from -1 to 1, got {c:g}.")
    after = sigma_w2 * second_moment(phi, q) + sigma_b2 if q_next is None else q_next
    if after == 0:
        raise InputError("no correlation is defined where the variance is 0. Use a positive sigma_b^2.")
    if c > 0.5:  # the difference keeps its digits as c -> 1
        return 1 - sigma_w2 * half_square_difference(phi, q, 1 - c) / after
    return (sigma_w2 * covariance(phi, q, c) + sigma_b2) / after


def tat_leaky_relu(depth: int, eta: float) -> float:
    """The negative slope a of a leaky ReLU for which `depth` correlation maps in a row take 0 to eta.

    C_a(c) = c + (1 - a)^2 / (pi (1 + a^2)) (sqrt(1 - c^2) - c arccos c); solves C_a(C_a(...C_a(0))) = eta for a
    between 0 (ReLU) and 1 (linear). Deep networks without shortcuts then keep their inputs apart.

    Args:
        depth: how many nonlinear layers in a row, at least 1.
        eta: the correlation at the end of inputs that were uncorrelated at the start, between 0 and 1.

    Raises:
        InputError: out of range, or eta is more than ReLU itself reaches over that depth.

    >>> round(tat_leaky_relu(50, 0.9), 6)
    0.430523

    References: Zhang, Botev & Martens 2022, section 4.1 (tailored activation transformation).
    """
    depth = whole(depth, "depth")
    if not is_number(eta) or not 0 < float(eta) < 1:
        raise InputError(f"eta, a correlation, must be between 0 and 1, got {eta!r}.")

    def shortfall(slope: float) -> float:
        return eta - leaky_relu_correlation(slope, depth)

    if shortfall(0.0) > 0:
        raise InputError(
            f"no negative slope exists: over {depth} layers ReLU itself takes correlation 0 to "
            f"{eta - shortfall(0.0):.6g}, and leaky ReLUs to less, below eta={eta:g}. Use a smaller eta or more layers."
        )
    return root(shortfall, 0.0, 1.0)


def leaky_relu_correlation(slope: float, depth: int, c: float = 0.0) -> float:
    """What `depth` layers of variance-preserving leaky ReLU make of the correlation c of two inputs.

    >>> round(leaky_relu_correlation(0.0, 1), 12)
    0.318309886184
    """
    strength = (1 - slope) ** 2 / (math.pi * (1 + slope**2))
    for _ in range(depth):
        c = min(1.0, c + strength * (math.sqrt(max(0.0, 1 - c * c)) - c * math.acos(c)))
    return c


def _chaotic_fixed_point(phi: AnyActivation, sigma_w2: float, sigma_b2: float, q: float) -> tuple[float, float]:
    """(c*, slope of the correlation map there) in the chaotic phase.

    The map is a power series in c with no negative coefficient, so it meets the diagonal once below c = 1.
    """
    at_zero = sigma_w2 * moments(phi, q).mean ** 2 + sigma_b2
    if at_zero <= ROUNDING * q:
        c = 0.0
    else:

        def shrinking(t: float) -> float:
            return 1 - sigma_w2 * half_square_difference(phi, q, math.exp(t)) / (q * math.exp(t))

        c = 1 - math.exp(root(shrinking, math.log(1e-13), 0.0))
    if not jumps(phi):
        return c, sigma_w2 * slope_covariance(phi, q, c)
    # phi' does not hold the jumps; the map's own slope does. Central differences of fourth order.
    h = 2e-3 * (1 - c)
    values = [covariance(phi, q, c + k * h) for k in (-2, -1, 1, 2)]
    return c, sigma_w2 * (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h * q)


def _scale_of(slope: float) -> float:
    if slope == 0:
        return 0.0
    return math.inf if abs(slope) >= 1 - MARGINAL else -1 / math.log(abs(slope))
