"""Functions of a user's own, called: whatever takes numbers becomes a function of float64 arrays, or an InputError.

A function is tried with a whole array first: NumPy's, torch's, or as `numba.vectorize` and `jax.vmap` make one of a
function of one number; only then number by number. What `torch.compile` has wrapped is unwrapped.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.theory.activations.jets import Jet, derivative_of
from headstart.theory.activations.metered import PROBES, Foreign, Way, double, judged, short
from headstart.theory.search import Array

_JETS = "forward-mode differentiation of NumPy ufuncs"


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
        return judged(_torch(module), name)
    failures: list[Exception] = []
    for way in _ways(function):
        try:
            with np.errstate(all="ignore"), double():
                way.call(PROBES.copy())
        except Exception as error:  # what a foreign function raises on foreign input is not ours to foresee
            failures.append(error)
            if isinstance(error, InputError) or way.one_by_one:
                break
        else:
            return judged(way, name)
    failure = failures[-1]
    if isinstance(failure, InputError):
        raise failure
    raise InputError(
        f"activation {name} must be a function of one array that returns an array of the same shape; called with "
        f"{PROBES.size} numbers it raised {short(failure)}."
    ) from failure


def _unwrapped(function: Any) -> Callable[..., Any]:
    """What `torch.compile` has wrapped: it would compile anew for each shape, with and without gradients."""
    found: Callable[..., Any] = getattr(function, "_orig_mod", None) or getattr(
        function, "_torchdynamo_orig_callable", function
    )
    return found


def _ways(function: Callable[..., Any]) -> Iterator[Way]:
    """The ways to call it, the fastest first; each is only tried if those before it raised."""
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    found: list[Any] = []

    def array(z: Array) -> Any:
        found[:] = [function(z)]
        return found[0]

    failure: Exception | None = None
    try:
        with np.errstate(all="ignore"), double():
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
        yield Way(_raising(failure))
        if torch is not None:
            yield _torch(function)
        if isinstance(function, types.FunctionType) or hasattr(function, "py_func"):
            yield Way(_compiled(getattr(function, "py_func", function)))
        if jax is not None:
            with contextlib.suppress(Exception):
                if isinstance(function(np.float64(PROBES[0])), jax.Array):
                    yield _jax(jax.vmap(function))
        yield Way(_each(function, lambda number: number), one_by_one=True)
        if torch is not None:
            yield Way(_each(function, lambda number: torch.tensor(number, dtype=torch.float64)), one_by_one=True)


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
            raise InputError(f"an activation must return a number for a number, got {short(result)}.")
        return result.item() if hasattr(result, "item") else result

    return lambda z: np.array([one(number) for number in z])


def _numpy(function: Callable[..., Any]) -> Way:
    try:
        function(Jet(PROBES, np.ones_like(PROBES)))
    except Exception:  # an operation that jets do not know, in whatever words the function puts it
        return Way(function)
    return Way(function, lambda z: derivative_of(function, z), _JETS, any_size=True)


def _torch(function: Callable[..., Any]) -> Way:
    import torch

    def call(z: Array) -> Any:
        with torch.no_grad():
            result = function(torch.tensor(z))
        if not isinstance(result, torch.Tensor):
            raise InputError(f"a torch activation must return a tensor, got {short(result)}.")
        return result.detach().cpu().numpy()

    def slope(z: Array) -> Array:
        leaf = torch.tensor(z, requires_grad=True)
        with torch.enable_grad():
            result = function(leaf.clone())  # a copy, because the function may work in place
            if not result.requires_grad:
                return np.zeros_like(z)
            found = torch.autograd.grad(result.sum(), leaf, allow_unused=True)[0]
        return np.zeros_like(z) if found is None else np.array(found.numpy())

    return Way(call, slope, "torch autograd")


def _jax(function: Callable[..., Any]) -> Way:
    import jax

    def derivative(z: Any) -> Any:
        result, pull = jax.vjp(function, z)
        return pull(jax.numpy.ones_like(result))[0]

    compiled, compiled_derivative = jax.jit(lambda z: function(z)), jax.jit(derivative)

    def call(z: Array) -> Any:
        result = compiled(jax.numpy.asarray(z))
        return result if isinstance(result, (list, tuple)) else np.asarray(result)

    return Way(call, lambda z: np.asarray(compiled_derivative(jax.numpy.asarray(z))), "JAX automatic differentiation")
