"""Functions of a user's own, called: whatever takes numbers becomes a function of float64 arrays, or an InputError.

A function is tried with a whole array first: NumPy's, torch's, or as `numba.vectorize` and `jax.vmap` make one of a
function of one number; only then number by number. What may be compiled for every new shape sees four sizes alone,
and what `torch.compile` has wrapped is unwrapped. The pace is measured: it decides how closely the function is looked
at, and whether it is asked once per place and its polynomials after that. A function that takes a minute is refused.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.theory.activations.jets import Jet, derivative_of
from headstart.theory.search import CLOSE, COARSE, FEW_CALLS, Array, Curve, Search

# Irregular points, so that no pattern of a function can hide between them.
PROBES = np.array([-2.718281, -1.324717, -0.577215, -0.114942, 0.261497, 0.915965, 1.618033, 3.359885])
_SIZES = (256, 2048, 16384, 131072)  # of arrays, because a compiler may start anew for each
_SLOW, _VERY_SLOW = 5e-6, 2e-4  # seconds per number; far above what a loaded machine makes of NumPy, torch or JAX
_SLOW_CALL, _ENDLESS_CALL = 0.03, 1.0  # seconds per call, whatever it is given
MOST_SECONDS = 60.0  # that one slow function may take in all
_MOST_REMEMBERED = 1_000_000  # numbers
_JETS = "forward-mode differentiation of NumPy ufuncs"


@dataclass(frozen=True)
class Foreign:
    """A function of float64 arrays, its derivative where the framework has one, and how closely to look at it.

    `slow`: ask it once per place and use polynomials after that.
    """

    value: Curve
    slope: Curve | None
    by: str
    search: Search
    slow: bool


def adopted(function: Callable[..., Any], name: str) -> Foreign:
    """The function as one of float64 arrays.

    Raises:
        InputError: it raises, returns no array of the same shape in float64, is random, mixes the elements, or is
            too slow.
    """
    torch = sys.modules.get("torch")  # never import what the user has not
    function = _unwrapped(function)
    if torch is not None and isinstance(function, torch.nn.Module):
        try:
            module = copy.deepcopy(function).double().eval().cpu()
        except Exception as error:
            raise InputError(f"activation {name} could not be copied, which raised {error!r}.") from error
        return _judged(_torch(module), name)
    failures: list[Exception] = []
    for way in _ways(function):
        try:
            with np.errstate(all="ignore"), _double():
                way.call(PROBES.copy())
        except Exception as error:  # what a foreign function raises on foreign input is not ours to foresee
            failures.append(error)
            if isinstance(error, InputError) or way.one_by_one:
                break
        else:
            return _judged(way, name)
    failure = failures[-1]
    if isinstance(failure, InputError):
        raise failure
    raise InputError(
        f"activation {name} must be a function of one array that returns an array of the same shape; called with "
        f"{PROBES.size} numbers it raised {_short(failure)}."
    ) from failure


def _unwrapped(function: Any) -> Callable[..., Any]:
    """What `torch.compile` has wrapped: it would compile anew for each shape, with and without gradients."""
    found: Callable[..., Any] = getattr(function, "_orig_mod", None) or getattr(
        function, "_torchdynamo_orig_callable", function
    )
    return found


@dataclass
class _Way:
    """One way to call a function: with arrays of float64, of some size each."""

    call: Callable[[Array], Any]
    slope: Curve | None = None
    by: str = ""
    one_by_one: bool = False
    any_size: bool = False  # NumPy's functions are not compiled for a size


def _ways(function: Callable[..., Any]) -> Iterator[_Way]:
    """The ways to call it, the fastest first; each is only tried if those before it raised."""
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    found: list[Any] = []

    def array(z: Array) -> Any:
        found[:] = [function(z)]
        return found[0]

    failure: Exception | None = None
    try:
        with np.errstate(all="ignore"), _double():
            array(PROBES.copy())
    except Exception as error:
        failure = error
    if failure is None and jax is not None and isinstance(found[0], jax.Array):
        yield _jax(function)
    elif failure is None and torch is not None and isinstance(found[0], torch.Tensor):
        yield _torch(function)
    elif failure is None:
        yield _numpy(function)
    else:
        yield _Way(_raising(failure))
        if torch is not None:
            yield _torch(function)
        if isinstance(function, types.FunctionType) or hasattr(function, "py_func"):
            yield _Way(_compiled(getattr(function, "py_func", function)))
        if jax is not None:
            with contextlib.suppress(Exception):
                if isinstance(function(np.float64(PROBES[0])), jax.Array):
                    yield _jax(jax.vmap(function))
        yield _Way(_each(function, lambda number: number), one_by_one=True)
        if torch is not None:
            yield _Way(_each(function, lambda number: torch.tensor(number, dtype=torch.float64)), one_by_one=True)


def _compiled(function: Callable[..., Any]) -> Callable[[Array], Any]:
    """A function of one number, compiled by Numba at its first call.

    It raises where Numba does not know the code, or where Python does something else: 1/0 is no infinity there.
    """

    def call(z: Array) -> Any:
        import numba

        if not made:
            expected = [float(function(number)) for number in PROBES.tolist()]
            compiled = numba.vectorize(["float64(float64)"])(function)
            if not np.allclose(compiled(PROBES), expected, rtol=1e-12, equal_nan=True):
                raise ValueError("the compiled function is another one")
            made.append(compiled)
        return made[0](z)

    made: list[Any] = []
    return call


def _raising(error: Exception) -> Callable[[Array], Any]:
    def call(_: Array) -> Any:
        raise error

    return call


def _each(function: Callable[..., Any], converted: Callable[[np.float64], Any]) -> Callable[[Array], Array]:
    """The function asked number by number."""

    def one(number: np.float64) -> Any:
        result = function(converted(number))
        if isinstance(result, (list, tuple)):
            raise InputError(f"an activation must return a number for a number, got {_short(result)}.")
        return result.item() if hasattr(result, "item") else result

    return lambda z: np.array([one(number) for number in z])


def _remembering(call: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The same, each number asked once."""
    known: dict[float, float] = {}

    def remembered(z: Array) -> Array:
        new = np.array(sorted(set(z.tolist()) - known.keys()))
        if new.size:
            if len(known) > _MOST_REMEMBERED:
                known.clear()
                new = np.unique(z)
            known.update(zip(new.tolist(), np.asarray(call(new)).tolist(), strict=True))
        return np.array([known[number] for number in z.tolist()])

    return remembered


def _numpy(function: Callable[..., Any]) -> _Way:
    try:
        function(Jet(PROBES, np.ones_like(PROBES)))
    except Exception:  # an operation that jets do not know, in whatever words the function puts it
        return _Way(function)
    return _Way(function, lambda z: derivative_of(function, z), _JETS, any_size=True)


def _torch(function: Callable[..., Any]) -> _Way:
    import torch

    def call(z: Array) -> Any:
        with torch.no_grad():
            result = function(torch.tensor(z))
        if not isinstance(result, torch.Tensor):
            raise InputError(f"a torch activation must return a tensor, got {_short(result)}.")
        return result.detach().cpu().numpy()

    def slope(z: Array) -> Array:
        leaf = torch.tensor(z, requires_grad=True)
        with torch.enable_grad():
            result = function(leaf.clone())  # a copy, because the function may work in place
            if not result.requires_grad:
                return np.zeros_like(z)
            found = torch.autograd.grad(result.sum(), leaf, allow_unused=True)[0]
        return np.zeros_like(z) if found is None else np.array(found.numpy())

    return _Way(call, slope, "torch autograd")


def _jax(function: Callable[..., Any]) -> _Way:
    import jax

    def derivative(z: Any) -> Any:
        result, pull = jax.vjp(function, z)
        return pull(jax.numpy.ones_like(result))[0]

    compiled, compiled_derivative = jax.jit(lambda z: function(z)), jax.jit(derivative)

    def call(z: Array) -> Any:
        result = compiled(jax.numpy.asarray(z))
        return result if isinstance(result, (list, tuple)) else np.asarray(result)

    return _Way(call, lambda z: np.asarray(compiled_derivative(jax.numpy.asarray(z))), "JAX automatic differentiation")


def _double() -> Any:
    """JAX computes in float64 only where it is told to."""
    jax = sys.modules.get("jax")
    return contextlib.nullcontext() if jax is None else jax.enable_x64(True)


class _Metered:
    """A curve in few shapes, its errors in our words, and no more than `MOST_SECONDS` where it is slow."""

    def __init__(self, call: Callable[[Array], Any], name: str, any_size: bool) -> None:
        self.call, self.name, self.any_size = call, name, any_size
        self.slow, self.calls, self.seconds = False, 0, 0.0

    def __call__(self, z: Array) -> Array:
        if z.size == 0:
            return np.empty(0)
        if self.any_size:
            return self.once(z)
        parts, at = [], 0
        while at < z.size:
            size = next((size for size in _SIZES if size >= z.size - at), _SIZES[-1])
            part = z[at : at + size]
            # the last number again where the array is not full: it is one that the function knows
            full = np.concatenate([part, np.full(size - part.size, part[-1])])
            parts.append(self.once(full)[: part.size])
            at += size
        return np.concatenate(parts)

    def once(self, z: Array) -> Array:
        """One call, with a copy: a function may work in place."""
        if self.slow and self.seconds > MOST_SECONDS:
            raise InputError(
                f"activation {self.name} is too slow: {self.calls} calls took {self.seconds:.0f} s. If it is compiled "
                "anew in each call, compile it once outside; write it for whole arrays; or give its kinks to "
                "theory.custom."
            )
        began = time.perf_counter()
        try:
            with np.errstate(all="ignore"), _double():
                result = self.call(z.copy())
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"activation {self.name} raised {_short(error)} for {z.size} numbers from {z.min():.6g} to "
                f"{z.max():.6g}. Write a function that takes one array of any length, and is defined for all real z."
            ) from error
        finally:
            self.calls += 1
            self.seconds += time.perf_counter() - began
        return _checked(result, z, self.name)


def _judged(way: _Way, name: str) -> Foreign:
    """The way's curves, after they were seen to be element-wise and their pace was measured."""
    value = _Metered(way.call, name, way.any_size or way.one_by_one)
    slope = None if way.slope is None else _Metered(way.slope, f"the derivative of {name}", way.any_size)
    call, number = _pace(value, name, way.one_by_one)
    if way.one_by_one:
        value.call = _remembering(way.call)
    slow_number = _VERY_SLOW if way.one_by_one else _SLOW
    search = FEW_CALLS if number > _VERY_SLOW else COARSE if way.one_by_one or number > slow_number else CLOSE
    value.slow = way.one_by_one or search is not CLOSE or call > _SLOW_CALL
    if slope is not None:
        slope.slow = value.slow
    return Foreign(value, slope, way.by, search, value.slow)


def _pace(value: _Metered, name: str, one_by_one: bool) -> tuple[float, float]:
    """Seconds of a call and of a number in it, from the calls that see whether phi is element-wise."""
    seconds: dict[int, list[float]] = {}

    def timed(z: Array) -> Array:
        began = time.perf_counter()
        result = value.once(z)
        seconds.setdefault(z.size, []).append(time.perf_counter() - began)
        if len(seconds[z.size]) == 2 and min(seconds[z.size]) > _ENDLESS_CALL * (z.size if one_by_one else 1):
            raise InputError(
                f"activation {name} is too slow: a call with {z.size} numbers takes {min(seconds[z.size]):.2g} s. "
                "If it is compiled anew in each call, compile it once outside."
            )
        return result

    whole = timed(PROBES)
    if not np.array_equal(whole, timed(PROBES), equal_nan=True):
        raise InputError(f"activation {name} is random: two calls with the same z differ. Write its mean instead.")
    _check_double(whole, name)
    if one_by_one:  # nothing can mix
        return 0.0, min(seconds[PROBES.size]) / PROBES.size
    backwards = timed(PROBES[::-1].copy())[::-1]
    many = np.concatenate([PROBES, np.linspace(-3.1, 2.9, _SIZES[0] - PROBES.size)])
    among = timed(many)[: PROBES.size]
    if not all(np.allclose(whole, other, rtol=1e-9, atol=1e-12, equal_nan=True) for other in (backwards, among)):
        raise InputError(
            f"an activation must be element-wise, and {name} mixes the elements of its input (as softmax does). "
            "Write a function of one number, applied to each element."
        )
    number = 0.0
    for size in _SIZES[:2]:  # what seems slow is measured again, longer
        z = np.resize(many, size)
        for _ in range(3):
            timed(z)
        number = max(0.0, min(seconds[size]) - min(seconds[PROBES.size])) / (size - PROBES.size)
        if not _SLOW < number < _VERY_SLOW:
            break
    return min(seconds[PROBES.size]), number


def _checked(result: Any, z: Array, name: str) -> Array:
    if isinstance(result, (list, tuple)) or result is None:
        raise InputError(
            f"an activation must return an array of the same shape; {name} returned {_short(result)}. Return one array."
        )
    values = np.asarray(result)
    if values.shape != z.shape:
        raise InputError(
            f"an activation must be element-wise; {name} returned shape {values.shape} for {z.shape}. "
            "Write a function of one number, applied to each element."
        )
    if values.dtype.kind not in "fbiu" or (values.dtype.kind == "f" and values.dtype.itemsize < 8):
        raise InputError(
            f"activation {name} must compute in float64, got {values.dtype} for float64 input. Remove the conversion."
        )
    return values.astype(np.float64)


def _check_double(values: Array, name: str) -> None:
    """Values that all fit into float32, and not all into less, were computed in float32."""
    with np.errstate(all="ignore"):
        single = np.array_equal(values, values.astype(np.float32))
        fine = np.count_nonzero(values != values.astype(np.float16))
    if single and fine >= values.size // 2:
        raise InputError(
            f"activation {name} must compute in float64, got numbers of float32's precision. Remove the conversion."
        )


def _short(thing: Any) -> str:
    text = " ".join(repr(thing).split())
    return text if len(text) <= 120 else f"{text[:100]}..."
