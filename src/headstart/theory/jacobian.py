"""The input-output Jacobian's singular values: predicted mean and variance of their squares.

J = D_L W_L ... D_1 W_1 with D the diagonal of phi'. For L layers at a fixed point the squared singular values have
mean chi^L and variance chi^(2L) L (mu_2/mu_1^2 - 1 - s_1), mu_k = E[phi'^(2k)], s_1 = -1 for Gaussian and 0 for
orthogonal weights (Pennington, Schoenholz & Ganguli 2017, eq. 17-22). Mean and variance 1 and 0 is dynamical isometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.check import positive, whole
from headstart.errors import unknown
from headstart.theory.activations.callables import ActivationLike
from headstart.theory.fixedpoints import checked, settle, slope_moment
from headstart.theory.gains import expectation
from headstart.theory.passage import DEEPEST, power
from headstart.theory.propagation import WEIGHTS, Weights

_S1 = {"gaussian": -1.0, "orthogonal": 0.0}


@dataclass(frozen=True)
class JacobianMoments:
    """Mean and variance of the squared singular values of the Jacobian of `depth` layers."""

    mean: float
    variance: float


def jacobian(
    activation: ActivationLike,
    sigma_w2: float,
    sigma_b2: float = 0.0,
    depth: int = 1,
    weights: Weights = "gaussian",
    q: float | None = None,
) -> JacobianMoments:
    """Predicted mean and variance of the squared singular values, in the limit of infinite width.

    Args:
        activation: a spec string, an activation or any element-wise function.
        sigma_w2, sigma_b2: fan_in times the variance of the weights; variance of the biases.
        depth: number of layers, up to 10^9.
        weights: "gaussian" or "orthogonal".
        q: variance of the pre-activations in every layer; None for the fixed point that the network settles at.

    Raises:
        InputError: out of range, or q is None and there is no fixed point.

    >>> jacobian("relu", 2.0, depth=10), jacobian("identity", 1.0, depth=10, weights="orthogonal")
    (JacobianMoments(mean=1.0, variance=20.0), JacobianMoments(mean=1.0, variance=0.0))

    References: Pennington, Schoenholz & Ganguli 2017, eq. 17-22.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth = whole(depth, "depth", most=DEEPEST, example="50")
    if weights not in WEIGHTS:
        raise unknown("kind of weights", str(weights), WEIGHTS)
    q = settle(phi, sigma_w2, sigma_b2) if q is None else positive(q, "q", "1")
    mean = power(sigma_w2 * slope_moment(phi, q), depth)
    if q > 0:
        second, fourth = slope_moment(phi, q), expectation(phi, q, lambda _, slope: slope**4)
    else:  # only the slopes on both sides of 0 are left
        tiny = np.array([-1e-30, 1e-30])
        second, fourth = (float(np.mean(phi.derivative(tiny) ** power)) for power in (2, 4))
    if second == 0:
        return JacobianMoments(0.0, 0.0)
    spread = fourth / second**2 - 1 - _S1[weights]
    return JacobianMoments(mean, mean * mean * depth * spread if spread > 0 else 0.0)
