"""Row functions: an activation and its slope, compiled to run over a contiguous row of numbers.

The training loop calls them by address, so it is compiled once for all activations, and each activation once per
element type. Parameters such as leaky ReLU's slope are passed at run time: another slope compiles nothing.
"""

from __future__ import annotations

import types as python_types
from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
from numba import carray, types

from headstart.lab.engine import arithmetic
from headstart.lab.engine.caching import cache_enabled, named
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
    forward, backward = _compiled(activation.name, np.dtype(dtype).name)
    parameters = np.zeros(MAX_PARAMETERS, dtype)
    parameters[: len(activation.arguments)] = activation.arguments
    keeps_slope = activation.formula.slope_of_output is None
    return RowFunctions(forward.address, backward.address, keeps_slope, parameters)


@cache
def _compiled(name: str, dtype_name: str):
    formula = FORMULAS[name]
    number = np.dtype(dtype_name).type
    primitives = arithmetic.FLOAT32 if dtype_name == "float32" else arithmetic.FLOAT64

    def scalar(function):
        return numba.njit(rebound(function, primitives, number), fastmath={"contract"}, error_model="numpy")

    count = len(formula.parameters)
    made_of = {"value": scalar(formula.value), "slope": scalar(formula.derivative), "carray": carray}
    if formula.slope_of_output is None:
        bodies = _FORWARD_KEEPING_SLOPE[count], _backward_with_slope
    else:
        made_of["slope_of_output"] = scalar(formula.slope_of_output)
        bodies = _FORWARD[count], _BACKWARD[count]
    return tuple(_compile(body, name, dtype_name, made_of) for body in bodies)


def _compile(body, name: str, dtype_name: str, made_of):
    """A copy of a body bound to one activation's functions, compiled as a C function of pointers."""
    function = python_types.FunctionType(body.__code__, made_of, body.__name__)
    function.__module__ = __name__
    scalar = getattr(types, dtype_name)
    pointer = types.CPointer(scalar)
    signature = types.void(pointer, pointer, types.int64, pointer)
    compile_it = numba.cfunc(signature, cache=cache_enabled(), error_model="numpy", fastmath={"contract"})
    return compile_it(named(function, name, dtype_name))


# The bodies. `value`, `slope` and `slope_of_output` are bound to one activation's functions by `_compile`; there is one
# body per number of parameters because compiled code has no variable argument lists.


def _forward_0(y, s, n, p):
    y = carray(y, n)
    for i in range(n):
        y[i] = value(y[i])  # noqa: F821


def _forward_1(y, s, n, p):
    y = carray(y, n)
    a = p[0]
    for i in range(n):
        y[i] = value(y[i], a)  # noqa: F821


def _forward_2(y, s, n, p):
    y = carray(y, n)
    a, b = p[0], p[1]
    for i in range(n):
        y[i] = value(y[i], a, b)  # noqa: F821


def _forward_keeping_slope_0(y, s, n, p):
    y = carray(y, n)
    s = carray(s, n)
    for i in range(n):
        z = y[i]
        s[i] = slope(z)  # noqa: F821
        y[i] = value(z)  # noqa: F821


def _forward_keeping_slope_1(y, s, n, p):
    y = carray(y, n)
    s = carray(s, n)
    a = p[0]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a)  # noqa: F821
        y[i] = value(z, a)  # noqa: F821


def _forward_keeping_slope_2(y, s, n, p):
    y = carray(y, n)
    s = carray(s, n)
    a, b = p[0], p[1]
    for i in range(n):
        z = y[i]
        s[i] = slope(z, a, b)  # noqa: F821
        y[i] = value(z, a, b)  # noqa: F821


def _backward_0(d, y, n, p):
    d = carray(d, n)
    y = carray(y, n)
    for i in range(n):
        d[i] *= slope_of_output(y[i])  # noqa: F821


def _backward_1(d, y, n, p):
    d = carray(d, n)
    y = carray(y, n)
    a = p[0]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a)  # noqa: F821


def _backward_2(d, y, n, p):
    d = carray(d, n)
    y = carray(y, n)
    a, b = p[0], p[1]
    for i in range(n):
        d[i] *= slope_of_output(y[i], a, b)  # noqa: F821


def _backward_with_slope(d, s, n, p):
    d = carray(d, n)
    s = carray(s, n)
    for i in range(n):
        d[i] *= s[i]


_FORWARD = (_forward_0, _forward_1, _forward_2)
_FORWARD_KEEPING_SLOPE = (_forward_keeping_slope_0, _forward_keeping_slope_1, _forward_keeping_slope_2)
_BACKWARD = (_backward_0, _backward_1, _backward_2)
