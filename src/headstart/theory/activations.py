"""The activations: one definition of phi and phi' each, for every part of the project that needs them.

A definition is a plain function of z (and of the activation's parameters) written with the primitives below: exp,
tanh, where, ... Here they are NumPy's, so a definition works on float64 arrays as it stands. `rebound` gives the same
code other primitives and another type of constant: the engine compiles it in float32 from polynomials. So theory and
training can never disagree about what an activation is.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headstart.errors import InputError, unknown
from headstart.spec import format_value, parse

Function = Callable[..., Any]


def erf(z: Any) -> Any:
    from scipy import special  # loaded at first use: importing headstart must load NumPy only

    return special.erf(z)


def logistic(z: Any) -> Any:
    from scipy import special

    return special.expit(z)


exp, expm1, log1p, tanh, sin, cos, absolute, where = (
    np.exp, np.expm1, np.log1p, np.tanh, np.sin, np.cos, np.abs, np.where,
)  # fmt: skip
PRIMITIVES = ("erf", "logistic", "exp", "expm1", "log1p", "tanh", "sin", "cos", "absolute", "where")

SQRT_HALF = math.sqrt(0.5)
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
SELU_ALPHA = 1.67326324235437728  # Klambauer et al. 2017, eq. 14
SELU_LAMBDA = 1.05070098735548049


@dataclass(frozen=True)
class Formula:
    """One entry of the catalogue: phi and phi' as functions of (z, *parameters).

    `slope_of_output` is phi' as a function of (phi(z), *parameters) where that is possible: the engine then keeps one
    array per layer instead of two. `kinks` are the points where phi or phi' is not smooth.
    """

    name: str
    value: Function
    derivative: Function
    parameters: tuple[tuple[str, float], ...] = ()
    slope_of_output: Function | None = None
    kinks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Activation:
    """An activation with its parameters. Call it for phi(z); `derivative(z)` is phi'(z). Float64, element-wise.

    >>> activation("leaky_relu(0.1)")([-1.0, 2.0])
    array([-0.1,  2. ])
    """

    formula: Formula
    arguments: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.formula.name

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.formula.value(np.asarray(z, dtype=np.float64), *self.arguments))

    def derivative(self, z: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.formula.derivative(np.asarray(z, dtype=np.float64), *self.arguments))

    @property
    def saturates(self) -> bool:
        """Whether the slope vanishes on both sides, as tanh's does and ReLU's does not."""
        far = self.derivative(np.array([-1e3, 1e3]))
        return bool(np.all(np.abs(far) < 1e-5))

    def __str__(self) -> str:
        defaults = tuple(default for _, default in self.formula.parameters)
        if self.arguments == defaults:
            return self.name
        return f"{self.name}({', '.join(format_value(a) for a in self.arguments)})"


def activation(spec: str | Activation) -> Activation:
    """The activation a spec string names: `relu`, `leaky_relu(0.1)`, `elu(alpha=2)`.

    Raises:
        InputError: malformed, unknown name, or wrong parameters.

    >>> str(activation("leaky_relu(0.2)"))
    'leaky_relu(0.2)'
    """
    if isinstance(spec, Activation):
        return spec
    parsed = parse(spec, "activation", "leaky_relu(0.1)")
    if parsed.name not in FORMULAS:
        raise unknown("activation", parsed.name, FORMULAS)
    formula = FORMULAS[parsed.name]
    names = [name for name, _ in formula.parameters]
    if parsed.multiplier is not None or len(parsed.positional) > len(names):
        takes = f"takes {', '.join(names)}" if names else "takes no parameters"
        raise InputError(f"activation '{formula.name}' {takes}, and no multiplier; got {spec!r}.")
    values = dict(formula.parameters)
    values.update(zip(names, parsed.positional, strict=False))  # type: ignore[arg-type]  # words are refused below
    for name, value in parsed.keywords.items():
        if name not in values:
            raise unknown(f"parameter of activation '{formula.name}'", name, names or ["none"])
        values[name] = value  # type: ignore[assignment]  # likewise
    for name, value in values.items():
        if isinstance(value, (str, bool)):
            raise InputError(f"{name} of activation '{formula.name}' must be a number, got {value!r}.")
    return Activation(formula, tuple(float(value) for value in values.values()))


def rebound(function: Function, primitives: Mapping[str, Any], number: Callable[[float], Any]) -> Function:
    """The same definition with other primitives, and with its constants converted by `number`.

    Without the conversion one float64 constant would turn a whole float32 expression into float64.
    """
    code = function.__code__
    constants = tuple(number(c) if isinstance(c, float) else c for c in code.co_consts)
    named = {
        name: number(value) if isinstance(value, float) else value
        for name, value in function.__globals__.items()
        if name in code.co_names
    }
    bound = {**named, **{name: primitives[name] for name in code.co_names if name in primitives}}
    bound["__name__"] = function.__module__  # compiled code on disk finds its module by this name
    return types.FunctionType(code.replace(co_consts=constants), bound, function.__name__)


# --- the definitions ------------------------------------------------------------------------------------------------
# Comparisons are written so that NaN passes through: a diverged network must show.


def _identity(z: Any) -> Any:
    return z


def _one(z: Any) -> Any:
    return where(z == z, 1.0, z)


def _relu(z: Any) -> Any:
    return where(z <= 0.0, 0.0, z)


def _relu_slope(z: Any) -> Any:
    return where(z > 0.0, 1.0, 0.0)


def _leaky_relu(z: Any, slope: Any) -> Any:
    return where(z <= 0.0, slope * z, z)


def _leaky_relu_slope(z: Any, slope: Any) -> Any:
    return where(z > 0.0, 1.0, slope)


def _elu(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, alpha * expm1(where(z <= 0.0, z, 0.0)), z)


def _elu_slope(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, alpha * exp(where(z <= 0.0, z, 0.0)), 1.0)


def _elu_slope_of_output(y: Any, alpha: Any) -> Any:
    return where(y <= 0.0, y + alpha, 1.0)


def _selu(z: Any) -> Any:
    return SELU_LAMBDA * where(z <= 0.0, SELU_ALPHA * expm1(where(z <= 0.0, z, 0.0)), z)


def _selu_slope(z: Any) -> Any:
    return SELU_LAMBDA * where(z <= 0.0, SELU_ALPHA * exp(where(z <= 0.0, z, 0.0)), 1.0)


def _selu_slope_of_output(y: Any) -> Any:
    return where(y <= 0.0, y + SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)


def _gelu(z: Any) -> Any:
    return 0.5 * z * (1.0 + erf(SQRT_HALF * z))


def _gelu_slope(z: Any) -> Any:
    return 0.5 * (1.0 + erf(SQRT_HALF * z)) + z * INV_SQRT_2PI * exp(-0.5 * z * z)


def _gelu_tanh(z: Any) -> Any:
    return 0.5 * z * (1.0 + tanh(SQRT_2_OVER_PI * (z + 0.044715 * z * z * z)))


def _gelu_tanh_slope(z: Any) -> Any:
    t = tanh(SQRT_2_OVER_PI * (z + 0.044715 * z * z * z))
    return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * SQRT_2_OVER_PI * (1.0 + 0.134145 * z * z)


def _silu(z: Any) -> Any:
    return z * logistic(z)


def _silu_slope(z: Any) -> Any:
    s = logistic(z)
    return s * (1.0 + z * (1.0 - s))


def _softplus(z: Any) -> Any:
    return where(z > 0.0, z, 0.0) + log1p(exp(-absolute(z)))


def _softplus_slope(z: Any) -> Any:
    return logistic(z)


def _softplus_slope_of_output(y: Any) -> Any:
    return -expm1(-y)


def _mish(z: Any) -> Any:
    return z * tanh(where(z > 0.0, z, 0.0) + log1p(exp(-absolute(z))))


def _mish_slope(z: Any) -> Any:
    t = tanh(where(z > 0.0, z, 0.0) + log1p(exp(-absolute(z))))
    return t + z * (1.0 - t * t) * logistic(z)


def _softsign(z: Any) -> Any:
    return z / (1.0 + absolute(z))


def _softsign_slope(z: Any) -> Any:
    return 1.0 / ((1.0 + absolute(z)) * (1.0 + absolute(z)))


def _softsign_slope_of_output(y: Any) -> Any:
    return (1.0 - absolute(y)) * (1.0 - absolute(y))


def _tanh(z: Any) -> Any:
    return tanh(z)


def _tanh_slope(z: Any) -> Any:
    return 1.0 - tanh(z) * tanh(z)


def _tanh_slope_of_output(y: Any) -> Any:
    return 1.0 - y * y


def _sigmoid(z: Any) -> Any:
    return logistic(z)


def _sigmoid_slope(z: Any) -> Any:
    return logistic(z) * logistic(-z)


def _sigmoid_slope_of_output(y: Any) -> Any:
    return y * (1.0 - y)


def _hardtanh(z: Any) -> Any:
    return where(z > 1.0, 1.0, where(z < -1.0, -1.0, z))


def _hardtanh_slope(z: Any) -> Any:
    return where(absolute(z) < 1.0, 1.0, 0.0)


def _hardswish(z: Any) -> Any:
    return where(z <= -3.0, 0.0, where(z >= 3.0, z, z * (z + 3.0) * (1.0 / 6.0)))


def _hardswish_slope(z: Any) -> Any:
    return where(z <= -3.0, 0.0, where(z >= 3.0, 1.0, (2.0 * z + 3.0) * (1.0 / 6.0)))


def _erf(z: Any) -> Any:
    return erf(z)


def _erf_slope(z: Any) -> Any:
    return 2.0 * SQRT_HALF * SQRT_2_OVER_PI * exp(-z * z)


def _sin(z: Any) -> Any:
    return sin(z)


def _sin_slope(z: Any) -> Any:
    return cos(z)


FORMULAS: dict[str, Formula] = {
    formula.name: formula
    for formula in (
        Formula("identity", _identity, _one, slope_of_output=_one),
        Formula("relu", _relu, _relu_slope, slope_of_output=_relu_slope, kinks=(0.0,)),
        Formula(
            "leaky_relu", _leaky_relu, _leaky_relu_slope, (("slope", 0.01),), kinks=(0.0,)
        ),
        Formula("elu", _elu, _elu_slope, (("alpha", 1.0),), _elu_slope_of_output, kinks=(0.0,)),
        Formula("selu", _selu, _selu_slope, slope_of_output=_selu_slope_of_output, kinks=(0.0,)),
        Formula("gelu", _gelu, _gelu_slope),
        Formula("gelu_tanh", _gelu_tanh, _gelu_tanh_slope),
        Formula("silu", _silu, _silu_slope),
        Formula("mish", _mish, _mish_slope),
        Formula("softplus", _softplus, _softplus_slope, slope_of_output=_softplus_slope_of_output),
        Formula("softsign", _softsign, _softsign_slope, slope_of_output=_softsign_slope_of_output, kinks=(0.0,)),
        Formula("tanh", _tanh, _tanh_slope, slope_of_output=_tanh_slope_of_output),
        Formula("sigmoid", _sigmoid, _sigmoid_slope, slope_of_output=_sigmoid_slope_of_output),
        Formula("hardtanh", _hardtanh, _hardtanh_slope, slope_of_output=_hardtanh_slope, kinks=(-1.0, 1.0)),
        Formula("hardswish", _hardswish, _hardswish_slope, kinks=(-3.0, 3.0)),
        Formula("erf", _erf, _erf_slope),
        Formula("sin", _sin, _sin_slope),
    )
}  # fmt: skip
