"""Row functions: an activation and its slope, compiled to run over a contiguous row of numbers.

The training loop calls them by address, so it is compiled once for all activations, and each activation once per
element type. Parameters such as leaky ReLU's slope are passed at run time: another slope compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np

from headstart.errors import InputError
from headstart.experiments.engine import arithmetic
from headstart.experiments.engine.caching import c_function
from headstart.experiments.engine.casts import cast_number
from headstart.theory.activations import FORMULAS, Activation, rebound
from headstart.theory.activations.formula import Formula

MAX_PARAMETERS = 3


@dataclass(frozen=True)
class RowFunctions:
    """Addresses of an activation's compiled functions, and whether its slope is kept in an array of its own.

    forward(y, s, n, p): y holds z and becomes phi(z); s becomes phi'(z) where `keeps_slope`.
    backward(d, s, n, p): d *= phi'; s holds the slope where `keeps_slope`, else phi(z).
    """

    forward: int
    backward: int
    keeps_slope: bool
    parameters: np.ndarray  # padded to MAX_PARAMETERS


@dataclass(frozen=True)
class CompiledFormula(Formula):
    """A user's activation, given as compiled scalar functions of z."""

    compiled: tuple[Callable[..., float], Callable[..., float]] = (float, float)


def njit_activation(value, derivative, name: str = "custom") -> Activation:
    """An activation of a user's own `numba.njit` functions of one number, for `Network`.

    Args:
        value: phi(z).
        derivative: phi'(z).
        name: how it is called in tables and messages; not one of the catalogue's.

    Raises:
        InputError: not compiled functions, or a name that is taken.
    """
    if name in FORMULAS:
        raise InputError(f"the name {name!r} is the catalogue's. Choose another.")
    for function in (value, derivative):
        if not hasattr(function, "py_func"):
            raise InputError(f"an activation for the engine is made of numba.njit functions, got {function!r}.")
    phi, slope_of_z = (numba.vectorize(function.py_func) for function in (value, derivative))
    return Activation(CompiledFormula(name, phi, slope_of_z, compiled=(value, derivative)), ())


def row_functions(activation: Activation, dtype: np.dtype) -> RowFunctions:
    """The compiled row functions of an activation."""
    if len(activation.arguments) > MAX_PARAMETERS:
        raise InputError(
            f"an activation for the engine has at most {MAX_PARAMETERS} parameters, got {activation}. "
            "Write some of them as numbers in its definition."
        )
    keeps_slope = not _output_tells_slope(activation)
    forward, backward = compiled(activation.formula, keeps_slope, np.dtype(dtype))
    parameters = np.zeros(MAX_PARAMETERS, dtype)
    for place, argument in enumerate(activation.arguments):
        parameters[place] = cast_number(argument, dtype, f"a parameter of {activation}")
    return RowFunctions(forward, backward, keeps_slope, parameters)


def _output_tells_slope(activation: Activation) -> bool:
    """Whether phi' follows from phi(z) at these parameters: not where elu's alpha is negative and phi falls first."""
    slope_of_output = activation.formula.slope_of_output
    if slope_of_output is None:
        return False
    z = np.array([-1.3, 0.7])
    return np.allclose(slope_of_output(activation(z), *activation.arguments), activation.derivative(z))


@cache
def compiled(formula: Formula, keeps_slope: bool, dtype: np.dtype) -> tuple[int, int]:
    """The addresses of an activation's forward and backward; whether its slope is kept is the caller's to say."""
    primitives = arithmetic.FLOAT32 if dtype == np.float32 else arithmetic.FLOAT64

    def scalar(function):
        return numba.njit(rebound(function, primitives, dtype.type), error_model="numpy")

    if isinstance(formula, CompiledFormula):
        found: dict[str, Any] = dict(zip(("value", "slope"), formula.compiled, strict=True))
        bodies = _FORWARD_KEEPING_SLOPE[0], _backward_with_slope
    else:
        count = len(formula.parameters)
        found = {"value": scalar(formula.value), "slope": scalar(formula.derivative)}
        bodies = _FORWARD_KEEPING_SLOPE[count], _backward_with_slope
        if _has_far_branch(formula) and dtype == np.float32 and keeps_slope:
            primitives = arithmetic.FLOAT32_NEAR
            found |= {"value_near": scalar(formula.value), "slope_near": scalar(formula.derivative)}
            bodies = _forward_near_or_far, _backward_with_slope
        if not keeps_slope:
            found["slope_of_output"] = scalar(formula.slope_of_output)
            bodies = _FORWARD[count], _BACKWARD[count]
    keep = not isinstance(formula, CompiledFormula)
    forward, backward = (c_function(body, "ppnp", dtype, name=formula.name, keep=keep, **found) for body in bodies)
    return forward, backward


def _has_far_branch(formula: Formula) -> bool:
    """Whether a definition uses sin or cos, whose branch for large numbers would keep a loop from being vectorised."""
    names = {*formula.value.__code__.co_names, *formula.derivative.__code__.co_names}
    return not formula.parameters and bool(names & {"sin", "cos"})


# The bodies. `value`, `slope` and `slope_of_output` are bound to one activation's functions by `_compile`; there is one
# body per number of parameters because compiled code has no variable argument lists.
value = slope = slope_of_output = value_near = slope_near = None


def _forward_0(y, s, n, p):
    for i in range(n):
        y[i] = value(y[i])


def _forward_1(y, s, n, p):
    a = p[0]
    for i in range(n):
        y[i] = value(y[i], a)


def _forward_2(y, s, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        y[i] = value(y[i], a, b)


def _forward_3(y, s, n, p):
    a, b, c = p[0], p[1], p[2]
    for i in range(n):
        y[i] = value(y[i], a, b, c)


def _forward_keeping_slope_0(y, s, n, p):
    for i in range(n):
        z = y[i]
        s[i] = slope(z)
        y[i] = value(z)


def _forward_keeping_slope_1(y, s, n, p):
    a = p[0]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a)
        y[i] = value(z, a)


def _forward_keeping_slope_2(y, s, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a, b)
        y[i] = value(z, a, b)


def _forward_keeping_slope_3(y, s, n, p):
    a, b, c = p[0], p[1], p[2]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a, b, c)
        y[i] = value(z, a, b, c)


def _forward_near_or_far(y, s, n, p):
    """The branch is taken once for all numbers where all are near; each number's bits are the same either way."""
    far = False
    for i in range(n):
        far |= not abs(y[i]) <= arithmetic.NEAR
    if far:
        for i in range(n):
            z = y[i]
            s[i] = slope(z)
            y[i] = value(z)
    else:
        for i in range(n):
            z = y[i]
            s[i] = slope_near(z)
            y[i] = value_near(z)


def _backward_0(d, y, n, p):
    for i in range(n):
        d[i] *= slope_of_output(y[i])


def _backward_1(d, y, n, p):
    a = p[0]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a)


def _backward_2(d, y, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a, b)


def _backward_3(d, y, n, p):
    a, b, c = p[0], p[1], p[2]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a, b, c)


def _backward_with_slope(d, s, n, p):
    for i in range(n):
        d[i] *= s[i]


_FORWARD = (_forward_0, _forward_1, _forward_2, _forward_3)
_FORWARD_KEEPING_SLOPE = (
    _forward_keeping_slope_0, _forward_keeping_slope_1, _forward_keeping_slope_2, _forward_keeping_slope_3,
)  # fmt: skip
_BACKWARD = (_backward_0, _backward_1, _backward_2, _backward_3)
