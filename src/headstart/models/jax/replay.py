"""Run one recorded operation again: exactly, on JAX's arrays; in NumPy, on a grid or on samples of another shape.

On JAX's own arrays (traced ones too) the primitive itself runs, so that all replays in order are the model's program.
On NumPy arrays operations on elements take whatever shapes broadcast together and keep float64, as laws want it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend import core as jax_core
from scipy import special

Function = Callable[..., Any]


class Replay:
    """One equation of a jaxpr as a function of its arrays; its number of outputs decides array or tuple."""

    __slots__ = ("dtypes", "numpy", "params", "pointwise", "primitive")

    def __init__(
        self, primitive: Any, params: Mapping[str, Any], dtypes: Sequence[Any], pointwise: bool, numpy: Function | None
    ) -> None:
        self.primitive, self.params, self.dtypes = primitive, params, tuple(dtypes)
        self.pointwise, self.numpy = pointwise, numpy

    def __call__(self, arrays: Sequence[Any]) -> Any:
        if all(isinstance(array, (np.ndarray, np.generic, float, int)) for array in arrays) and arrays:
            return self._in_numpy(arrays)
        return self._run(arrays)

    def _run(self, arrays: Sequence[Any]) -> Any:
        shapes = {np.shape(array) for array in arrays}
        if self.pointwise and len(shapes) > 1:
            arrays = _broadcast(arrays)
        found = self.primitive.get_bind_params(self.params)
        functions, params = found if isinstance(found, tuple) else ((), found)  # older versions give a pair
        made = self.primitive.bind(*functions, *arrays, **params)
        if not self.primitive.multiple_results:
            return made
        return made[0] if len(made) == 1 else tuple(made)

    def _in_numpy(self, arrays: Sequence[Any]) -> Any:
        if self.numpy is not None:
            with np.errstate(all="ignore"):
                return self.numpy(self.params, *[np.asarray(array) for array in arrays])
        given = [jax.numpy.asarray(np.asarray(array), dtype) for array, dtype in zip(arrays, self.dtypes, strict=True)]
        return jax.tree.map(_as_numpy, self._run(given))


class Inside:
    """Several operations as one: a function that has a name, or a pattern that has one."""

    __slots__ = ("inputs", "known", "outputs", "steps")

    def __init__(
        self, steps: Sequence[tuple[Function, Sequence[int], Sequence[int]]], inputs: Sequence[int],
        outputs: Sequence[int], known: Mapping[int, Any] | None = None,
    ) -> None:  # fmt: skip
        """steps: (replay, values it takes, values it makes), in order; known: values of constants."""
        self.steps, self.inputs, self.outputs = tuple(steps), tuple(inputs), tuple(outputs)
        self.known = dict(known or {})

    def __call__(self, arrays: Sequence[Any]) -> Any:
        found = self.known | dict(zip(self.inputs, arrays, strict=True))
        for replay, given, made in self.steps:
            result = replay([found[value] for value in given])
            found.update(zip(made, result if len(made) > 1 else (result,), strict=True))
        outputs = tuple(found[value] for value in self.outputs)
        return outputs[0] if len(outputs) == 1 else outputs


def replay_of(primitive: Any, params: Mapping[str, Any], dtypes: Sequence[Any], pointwise: bool) -> Replay:
    """The equation as a function.

    Args:
        dtypes: of its operands.
        pointwise: whether it works element by element, on any shapes that broadcast together.
    """
    return Replay(primitive, params, dtypes, pointwise, NUMPY.get(primitive.name))


def call_replay(primitive: Any, params: Mapping[str, Any], closed: Any, dtypes: Sequence[Any]) -> Replay:
    """A function that has a name, of operations on elements alone: its own rules of differentiation are kept."""

    def run(_: Any, *arrays: Any) -> Any:
        made = in_numpy(closed, arrays)
        return made[0] if len(made) == 1 else tuple(made)

    return Replay(primitive, params, dtypes, False, run)


def in_numpy(closed: Any, arrays: Sequence[Any]) -> list[Any]:
    """Evaluate a jaxpr of operations on elements in NumPy."""
    found: dict[Any, Any] = dict(zip(closed.jaxpr.constvars, map(np.asarray, closed.consts), strict=True))
    found.update(zip(closed.jaxpr.invars, arrays, strict=True))

    def read(atom: Any) -> Any:
        return np.asarray(atom.val) if isinstance(atom, jax_core.Literal) else found[atom]

    for equation in closed.jaxpr.eqns:
        given = [read(atom) for atom in equation.invars]
        inner = inner_of(equation.params)
        if inner is not None:
            made = in_numpy(inner, given)
        elif equation.primitive.name == "broadcast_in_dim":  # of a number, which meets arrays of any shape
            made = given[:1]
        else:
            made = [NUMPY[equation.primitive.name](equation.params, *given)]
        found.update(zip(equation.outvars, made, strict=True))
    return [read(atom) for atom in closed.jaxpr.outvars]


def inner_of(params: Mapping[str, Any]) -> Any:
    """The closed jaxpr that an equation runs once; None where it has none."""
    for name in ("jaxpr", "call_jaxpr", "fun_jaxpr", "call"):
        inner = params.get(name)
        if isinstance(inner, jax_core.ClosedJaxpr):
            return inner
        if isinstance(inner, jax_core.Jaxpr):
            return jax_core.ClosedJaxpr(inner, ())
    return None


def _as_numpy(array: Any) -> Any:
    found = np.asarray(array)
    return found if found.dtype == bool else found.astype(np.float64)


def _broadcast(arrays: Sequence[Any]) -> list[Any]:
    shape = np.broadcast_shapes(*(np.shape(array) for array in arrays))
    return [array if np.shape(array) == shape else jax.numpy.broadcast_to(array, shape) for array in arrays]


# --- in NumPy: element by element, and what moves elements ----------------------------------------------------------


def _select(params: Any, which: Any, *cases: Any) -> Any:
    if which.dtype == bool and len(cases) == 2:
        return np.where(which, cases[1], cases[0])
    return np.choose(which.astype(int), cases)


def _dynamic_slice(params: Any, array: Any, *starts: Any) -> Any:
    index = []
    for start, size, whole in zip(starts, params["slice_sizes"], array.shape, strict=True):
        first = min(max(int(start), 0), whole - size)
        index.append(slice(first, first + size))
    return array[tuple(index)]


def _broadcast_in_dim(params: Any, array: Any, *_: Any) -> Any:
    shape = [1] * len(params["shape"])
    for place, axis in enumerate(params["broadcast_dimensions"]):
        shape[axis] = np.shape(array)[place]
    return np.broadcast_to(np.reshape(array, shape), params["shape"])


def _cast(params: Any, array: Any) -> Any:
    kind = np.dtype(params["new_dtype"]).kind if params["new_dtype"] != jax.numpy.bfloat16 else "f"
    if kind in "iu" and array.dtype.kind in "f":
        return np.trunc(array)
    return array.astype(bool) if kind == "b" else array.astype(np.float64) if array.dtype == bool else array


def _iota(params: Any, *_: Any) -> Any:
    sizes = [size if axis == params["dimension"] else 1 for axis, size in enumerate(params["shape"])]
    return np.broadcast_to(np.arange(params["shape"][params["dimension"]]).reshape(sizes), params["shape"])


def _pad(params: Any, array: Any, value: Any) -> Any:
    if any(low < 0 or high < 0 or inside for low, high, inside in params["padding_config"]):
        raise NotImplementedError("a padding that cuts or spreads")
    return np.pad(array, [(low, high) for low, high, _ in params["padding_config"]], constant_values=value)


def _unary(function: Function) -> Function:
    return lambda params, x: function(x)


def _binary(function: Function) -> Function:
    return lambda params, x, y: function(x, y)


def _reduce(function: Function) -> Function:
    return lambda params, x: function(x, axis=tuple(int(axis) for axis in params["axes"]))


def _logic(whole: Function, truth: Function) -> Function:
    return lambda params, *given: (truth if all(x.dtype == bool for x in given) else whole)(*map(_whole, given))


def _whole(x: Any) -> Any:
    return x if x.dtype.kind in "biu" else x.astype(np.int64)


@functools.cache
def _table() -> dict[str, Function]:
    found: dict[str, Function] = {
        name: _unary(getattr(np, of))
        for name, of in {
            "abs": "abs", "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh",
            "atan": "arctan", "atanh": "arctanh", "cbrt": "cbrt", "ceil": "ceil", "cos": "cos", "cosh": "cosh",
            "exp": "exp", "exp2": "exp2", "expm1": "expm1", "floor": "floor", "is_finite": "isfinite", "log": "log",
            "log1p": "log1p", "neg": "negative", "not": "logical_not", "sign": "sign", "sin": "sin",
            "sinh": "sinh", "sqrt": "sqrt", "square": "square", "tan": "tan", "tanh": "tanh", "real": "real",
            "imag": "imag", "copy": "asarray", "copy_p": "asarray", "stop_gradient": "asarray",
            "reduce_precision": "asarray", "name": "asarray", "sharding_constraint": "asarray",
            "device_put": "asarray", "pvary": "asarray", "mesh_cast": "asarray", "reshard": "asarray",
            "layout_constraint": "asarray",
        }.items()
    }  # fmt: skip
    found |= {
        name: _unary(getattr(special, of))
        for name, of in {
            "erf": "erf", "erfc": "erfc", "erf_inv": "erfinv", "logistic": "expit", "lgamma": "gammaln",
            "digamma": "digamma", "bessel_i0e": "i0e", "bessel_i1e": "i1e",
        }.items()
    }  # fmt: skip
    found |= {
        name: _binary(getattr(np, of))
        for name, of in {
            "add": "add", "add_any": "add", "sub": "subtract", "mul": "multiply", "max": "maximum", "min": "minimum",
            "pow": "power", "atan2": "arctan2", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal",
            "gt": "greater", "ge": "greater_equal", "rem": "fmod", "nextafter": "nextafter",
        }.items()
    }  # fmt: skip
    found |= {
        "and": _logic(np.bitwise_and, np.logical_and), "or": _logic(np.bitwise_or, np.logical_or),
        "xor": _logic(np.bitwise_xor, np.logical_xor),
        "div": lambda params, x, y: np.trunc(x / y) if x.dtype.kind in "iu" and y.dtype.kind in "iu" else x / y,
        "integer_pow": lambda params, x: x ** float(params["y"]) if x.dtype.kind == "f" else x ** params["y"],
        "rsqrt": _unary(lambda x: 1 / np.sqrt(x)),
        "round": _unary(np.round),
        "clamp": lambda params, low, x, high: np.clip(x, low, high),
        "select_n": _select, "iota": _iota, "pad": _pad, "convert_element_type": _cast,
        "broadcast_in_dim": _broadcast_in_dim, "dynamic_slice": _dynamic_slice,
        "reshape": lambda params, x, *_: np.reshape(x, params["new_sizes"]),
        "squeeze": lambda params, x: np.squeeze(x, tuple(params["dimensions"])),
        "expand_dims": lambda params, x: np.expand_dims(x, tuple(params["dimensions"])),
        "transpose": lambda params, x: np.transpose(x, params["permutation"]),
        "rev": lambda params, x: np.flip(x, tuple(params["dimensions"])),
        "slice": lambda params, x: x[tuple(
            slice(*each) for each in zip(params["start_indices"], params["limit_indices"],
                                         params["strides"] or (1,) * x.ndim, strict=True))],
        "split": lambda params, x: tuple(np.split(x, np.cumsum(params["sizes"])[:-1], params["axis"])),
        "concatenate": lambda params, *given: np.concatenate(given, params["dimension"]),
        "reduce_sum": _reduce(np.sum), "reduce_max": _reduce(np.max), "reduce_min": _reduce(np.min),
        "reduce_prod": _reduce(np.prod), "reduce_and": _reduce(np.all), "reduce_or": _reduce(np.any),
    }  # fmt: skip
    return found


NUMPY = _table()
