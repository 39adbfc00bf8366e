"""What PyTorch, JAX and Keras would use for an activation, and what mean-field theory says that does over depth.

Square layers, so that fan_in = fan_out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from headstart.errors import InputError
from headstart.libraries.layers import RULES, TORCH_GAINS
from headstart.theory.activations import Activation
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.fixedpoints import MARGINAL, NoFixedPoint, is_homogeneous, map_slope, settle, slope_moment
from headstart.theory.gains import gain
from headstart.theory.passage import passage


@dataclass(frozen=True)
class Practice:
    """One library's rule for an activation and its effect; None where the library has no rule or nothing exists.

    `forward_factor` and `backward_factor` are those of the variance and of the mean squared gradient over the
    depth, for first pre-activations of variance 1; `q_star` is the variance it settles at, `chi_1` the gradient's
    growth there.
    """

    call: str
    weight_variance: float | None
    q_star: float | None
    chi_1: float | None
    forward_factor: float | None
    backward_factor: float | None
    words: str


def practices(activation: ActivationLike, depth: int = 50) -> dict[str, Practice]:
    """Each library's rule by name, and last headstart's `gain`.

    >>> torch = practices("tanh")["PyTorch calculate_gain"]
    >>> round(torch.q_star, 3), round(torch.chi_1, 2), torch.words
    (1.178, 1.21, 'settles at q*=1.178; squared gradients grow ×1.21 per layer')

    >>> practices("gelu")["PyTorch kaiming"].words
    'the variance dies, ×0.5 per layer; squared gradients shrink ×0.5 per layer'
    """
    phi = resolve(activation)
    rows = {"PyTorch calculate_gain": _calculate_gain(phi, depth)}
    rows |= {name: _effect(phi, call, variance, depth) for name, (call, variance) in RULES.items()}
    try:
        rows["headstart gain"] = _effect(phi, "gain", gain(phi) ** 2, depth)
    except InputError as error:
        rows["headstart gain"] = Practice("gain", None, None, None, None, None, str(error))
    return rows


def torch_gain(activation: ActivationLike) -> float | None:
    """torch.nn.init.calculate_gain for this activation; None where it refuses.

    >>> torch_gain("tanh"), torch_gain("gelu")
    (1.6666666666666667, None)
    """
    phi = resolve(activation)
    if isinstance(phi, Activation) and phi.name == "leaky_relu":
        return math.sqrt(2 / (1 + phi.arguments[0] ** 2))
    return TORCH_GAINS.get(str(phi))


def _calculate_gain(phi: AnyActivation, depth: int) -> Practice:
    value = torch_gain(phi)
    if value is None:
        return Practice("calculate_gain", None, None, None, None, None, "refused: no gain for this activation")
    return _effect(phi, f"calculate_gain = {value:.6g}", value**2, depth)


def _effect(phi: AnyActivation, call: str, variance: float, depth: int) -> Practice:
    path = passage(phi, variance, depth=depth)
    factors = path.forward_factor, path.backward_factor
    try:
        q = settle(phi, variance)
    except NoFixedPoint:
        if path.q == math.inf:
            return Practice(
                call, variance, None, None, *factors, "the variance explodes, and squared gradients with it"
            )
        growth = path.growth if depth > 1 else path.chi
        words = f"the variance grows {_per_layer(growth)}; {_gradients(path.chi)}"
        return Practice(call, variance, None, None, *factors, words)
    chi = variance * slope_moment(phi, q)
    return Practice(call, variance, q, chi, *factors, f"{_variance(phi, variance, q)}; {_gradients(chi)}")


def _variance(phi: AnyActivation, variance: float, q: float) -> str:
    slope = map_slope(phi, variance, q)
    if q == 0:
        return f"the variance dies, {_per_layer(slope)}" if slope < 1 - MARGINAL else "the variance dies slowly"
    if abs(slope) > 1 + MARGINAL:
        return f"q={q:.4g} is kept, but unstably: errors grow {_per_layer(abs(slope))}"
    return "every q is kept" if is_homogeneous(phi) else f"settles at q*={q:.4g}"


def _gradients(chi: float) -> str:
    if abs(chi - 1) < MARGINAL:
        return "gradients keep their size"
    return f"squared gradients {'grow' if chi > 1 else 'shrink'} {_per_layer(chi)}"


def _per_layer(factor: float) -> str:
    return f"×{factor:.3g} per layer"
