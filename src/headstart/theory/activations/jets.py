"""Jets: exact derivatives of anything written with NumPy, by forward-mode differentiation.

A `Jet` carries an array and its derivative with respect to z. It overrides NumPy's ufuncs (`np.tanh`, `+`, SciPy's
`special.erf`) and the few functions that choose between pieces (`np.where`, `np.clip`, `np.select`), so calling an
activation with a jet gives phi and phi' to rounding error, with no step size. A function that leaves this ground
(an unknown ufunc, a Python loop over elements) raises `NotDifferentiable`, and the caller takes another way.

At a kink the result is the one-sided derivative of the piece that the comparison selects.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class NotDifferentiable(TypeError):
    """The function uses an operation that jets do not know."""


class Jet(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of values and the array of their derivatives; two jets combine by the rules of calculus."""

    def __init__(self, value: Any, slope: Any) -> None:
        if np.iscomplexobj(value) or np.iscomplexobj(slope):
            raise NotDifferentiable("a function left the real numbers")
        self.value = np.asarray(value, dtype=np.float64)
        self.slope = np.broadcast_to(np.asarray(slope, dtype=np.float64), self.value.shape)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Jet:
        return Jet(self.value[key], self.slope[key])

    def copy(self) -> Jet:
        return Jet(self.value.copy(), self.slope.copy())

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotDifferentiable("a function turned its argument into a plain array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or {name for name, value in options.items() if value is not None}:
            raise NotDifferentiable(f"numpy.{ufunc.__name__}.{method} with options")
        if ufunc.__name__ in _WITHOUT_SLOPE:
            return ufunc(*(_value(x) for x in inputs))
        if ufunc.__name__ not in _RULES:
            raise NotDifferentiable(f"no derivative is known for {ufunc.__name__}")
        values = [_value(x) for x in inputs]
        with np.errstate(all="ignore"):
            result = ufunc(*values)
            parts = _RULES[ufunc.__name__](result, *values)
            terms = [_times(part, x.slope) for part, x in zip(parts, inputs, strict=True) if isinstance(x, Jet)]
        return Jet(result, sum(terms[1:], terms[0]))

    def __array_function__(self, function: Any, _: Any, args: Any, options: Any) -> Any:
        if function.__name__ not in _FUNCTIONS:
            raise NotDifferentiable(f"no derivative is known for numpy.{function.__name__}")
        return _FUNCTIONS[function.__name__](*args, **options)


def derivative_of(function: Callable[[Any], Any], z: Array) -> Array:
    """The derivative of `function` at every element of z.

    Raises:
        NotDifferentiable: the function uses an operation that jets do not know.

    >>> derivative_of(lambda x: np.where(x > 0, x * x, np.sin(x)), np.array([-1.0, 3.0])).round(6)
    array([0.540302, 6.      ])
    """
    result = function(Jet(z, np.ones_like(z)))
    if isinstance(result, Jet):
        return np.array(result.slope)
    if np.ndim(result) == 0 or np.shape(result) == np.shape(z):  # z did not enter: a constant
        return np.zeros_like(z)
    raise NotDifferentiable("the function did not return one value per element")


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Jet) else x


def _slope(x: Any) -> Any:
    return x.slope if isinstance(x, Jet) else 0.0


def _times(part: Any, slope: Array) -> Array:
    """part * slope, where a zero slope wins over an infinite or undefined part (d/dz of sqrt(0*z))."""
    return np.where(slope == 0.0, 0.0, part * slope)


def _where(condition: Any, a: Any, b: Any) -> Jet:
    test = _value(condition)
    return Jet(np.where(test, _value(a), _value(b)), np.where(test, _slope(a), _slope(b)))


def _clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
    x = x if low is None else _where(_value(x) < _value(low), low, x)
    return x if high is None else _where(_value(x) > _value(high), high, x)


def _select(conditions: Any, choices: Any, default: Any = 0.0) -> Any:
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        default = _where(condition, choice, default)
    return default


def _like(fill: float) -> Callable[..., Array]:
    return lambda x, *_, **__: np.full(x.shape, fill)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "clip": _clip,
    "select": _select,
    "zeros_like": _like(0.0),
    "ones_like": _like(1.0),
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "sinc": lambda x: Jet(np.sinc(x.value), _sinc_slope(x.value) * x.slope),
    "copy": lambda x, **_: x.copy(),
}

_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
_TESTS = ("isfinite", "isnan", "isinf", "signbit", "logical_not", "logical_and", "logical_or", "logical_xor")
_WITHOUT_SLOPE = frozenset(_COMPARISONS + _TESTS)


def _sinc_slope(x: Array) -> Array:
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 0.0, (np.cos(np.pi * safe) - np.sinc(safe)) / safe)


def _power(y: Any, x: Any, n: Any) -> tuple[Any, Any]:
    return np.where(n == 0, 0.0, n * np.power(np.asarray(x, dtype=np.float64), n - 1.0)), y * np.log(x)


# ufunc -> partial derivatives with respect to each input, as functions of (result, *inputs)
_RULES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "add": lambda y, a, b: (1.0, 1.0),
    "subtract": lambda y, a, b: (1.0, -1.0),
    "multiply": lambda y, a, b: (b, a),
    "divide": lambda y, a, b: (1.0 / b, -y / b),
    "true_divide": lambda y, a, b: (1.0 / b, -y / b),
    "power": _power,
    "float_power": _power,
    "negative": lambda y, x: (-1.0,),
    "positive": lambda y, x: (1.0,),
    "absolute": lambda y, x: (np.where(x < 0, -1.0, 1.0),),
    "fabs": lambda y, x: (np.where(x < 0, -1.0, 1.0),),
    "sign": lambda y, x: (0.0,),
    "floor": lambda y, x: (0.0,),
    "ceil": lambda y, x: (0.0,),
    "rint": lambda y, x: (0.0,),
    "trunc": lambda y, x: (0.0,),
    "heaviside": lambda y, x, h: (0.0, 0.0),
    "maximum": lambda y, a, b: (np.where(a >= b, 1.0, 0.0), np.where(a >= b, 0.0, 1.0)),
    "minimum": lambda y, a, b: (np.where(a <= b, 1.0, 0.0), np.where(a <= b, 0.0, 1.0)),
    "fmax": lambda y, a, b: (np.where(a >= b, 1.0, 0.0), np.where(a >= b, 0.0, 1.0)),
    "fmin": lambda y, a, b: (np.where(a <= b, 1.0, 0.0), np.where(a <= b, 0.0, 1.0)),
    "clip": lambda y, x, a, b: (np.where((x >= a) & (x <= b), 1.0, 0.0), np.where(x < a, 1.0, 0.0), 1.0 * (x > b)),
    "square": lambda y, x: (2.0 * x,),
    "sqrt": lambda y, x: (0.5 / y,),
    "cbrt": lambda y, x: (1.0 / (3.0 * y * y),),
    "reciprocal": lambda y, x: (-y * y,),
    "exp": lambda y, x: (y,),
    "exp2": lambda y, x: (y * math.log(2),),
    "expm1": lambda y, x: (np.exp(x),),
    "log": lambda y, x: (1.0 / x,),
    "log2": lambda y, x: (1.0 / (x * math.log(2)),),
    "log10": lambda y, x: (1.0 / (x * math.log(10)),),
    "log1p": lambda y, x: (1.0 / (1.0 + x),),
    "logaddexp": lambda y, a, b: (np.exp(a - y), np.exp(b - y)),
    "sin": lambda y, x: (np.cos(x),),
    "cos": lambda y, x: (-np.sin(x),),
    "tan": lambda y, x: (1.0 + y * y,),
    "arcsin": lambda y, x: (1.0 / np.sqrt(1.0 - x * x),),
    "arccos": lambda y, x: (-1.0 / np.sqrt(1.0 - x * x),),
    "arctan": lambda y, x: (1.0 / (1.0 + x * x),),
    "arctan2": lambda y, a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
    "hypot": lambda y, a, b: (a / y, b / y),
    "sinh": lambda y, x: (np.cosh(x),),
    "cosh": lambda y, x: (np.sinh(x),),
    "tanh": lambda y, x: (1.0 - y * y,),
    "arcsinh": lambda y, x: (1.0 / np.sqrt(x * x + 1.0),),
    "arccosh": lambda y, x: (1.0 / np.sqrt(x * x - 1.0),),
    "arctanh": lambda y, x: (1.0 / (1.0 - x * x),),
    "erf": lambda y, x: (2.0 / math.sqrt(math.pi) * np.exp(-x * x),),
    "erfc": lambda y, x: (-2.0 / math.sqrt(math.pi) * np.exp(-x * x),),
    "expit": lambda y, x: (y * np.exp(-np.logaddexp(0.0, x)),),
    "log_expit": lambda y, x: (np.exp(-np.logaddexp(0.0, x)),),
    "ndtr": lambda y, x: (np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),),
}
