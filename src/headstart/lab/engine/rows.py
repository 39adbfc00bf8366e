"""Row functions: an activation and its slope, compiled to run over a contiguous row of numbers.

The training loop calls them by address, so it is compiled once for all activations, and each activation once per
element type. Parameters such as leaky ReLU's slope are passed at run time: another slope compiles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numba
import numpy as np

from headstart.lab.engine import arithmetic
from headstart.lab.engine.caching import c_function
from headstart.theory.activations import FORMULAS, Activation, rebound

MAX_PARAMETERS = 4


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


def row_functions(activation: Activation, dtype: np.dtype) -> RowFunctions:
    """The compiled row functions of a catalogued activation."""
    forward, backward = _compiled(activation.name, np.dtype(dtype))
    parameters = np.zeros(MAX_PARAMETERS, dtype)
    parameters[: len(activation.arguments)] = activation.arguments
    keeps_slope = activation.formula.slope_of_output is None
    return RowFunctions(forward, backward, keeps_slope, parameters)


@cache
def _compiled(name: str, dtype: np.dtype) -> tuple[int, int]:
    formula = FORMULAS[name]
    primitives = arithmetic.FLOAT32 if dtype == np.float32 else arithmetic.FLOAT64

    def scalar(function):
        return numba.njit(rebound(function, primitives, dtype.type), fastmath={"contract"}, error_model="numpy")

    count = len(formula.parameters)
    bound = {"value": scalar(formula.value), "slope": scalar(formula.derivative)}
    if formula.slope_of_output is None:
        bodies = _FORWARD_KEEPING_SLOPE[count], _backward_with_slope
    else:
        bound["slope_of_output"] = scalar(formula.slope_of_output)
        bodies = _FORWARD[count], _BACKWARD[count]
    forward, backward = (c_function(body, "ppnp", dtype, name=name, **bound) for body in bodies)
    return forward, backward


# The bodies. `value`, `slope` and `slope_of_output` are bound to one activation's functions by `_compile`; there is one
# body per number of parameters because compiled code has no variable argument lists.


def _forward_0(y, s, n, p):
    for i in range(n):
        y[i] = value(y[i])  # noqa: F821


def _forward_1(y, s, n, p):
    a = p[0]
    for i in range(n):
        y[i] = value(y[i], a)  # noqa: F821


def _forward_2(y, s, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        y[i] = value(y[i], a, b)  # noqa: F821


def _forward_keeping_slope_0(y, s, n, p):
    for i in range(n):
        z = y[i]
        s[i] = slope(z)  # noqa: F821
        y[i] = value(z)  # noqa: F821


def _forward_keeping_slope_1(y, s, n, p):
    a = p[0]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a)  # noqa: F821
        y[i] = value(z, a)  # noqa: F821


def _forward_keeping_slope_2(y, s, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a, b)  # noqa: F821
        y[i] = value(z, a, b)  # noqa: F821


def _backward_0(d, y, n, p):
    for i in range(n):
        d[i] *= slope_of_output(y[i])  # noqa: F821


def _backward_1(d, y, n, p):
    a = p[0]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a)  # noqa: F821


def _backward_2(d, y, n, p):
    a, b = p[0], p[1]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a, b)  # noqa: F821


def _backward_with_slope(d, s, n, p):
    for i in range(n):
        d[i] *= s[i]


_FORWARD = (_forward_0, _forward_1, _forward_2)
_FORWARD_KEEPING_SLOPE = (_forward_keeping_slope_0, _forward_keeping_slope_1, _forward_keeping_slope_2)
_BACKWARD = (_backward_0, _backward_1, _backward_2)
