"""Activations that are the user's own functions: NumPy-like, torch functions or modules, JAX functions.

phi is evaluated in float64 by its own framework. phi' is, in this order: the derivative the caller gives; torch's or
JAX's automatic differentiation; forward-mode differentiation through NumPy and SciPy ufuncs (`jets`); otherwise the
derivative of the polynomials that represent phi on its panels (16 points each, resolved to 1e-13), which is good to
about 1e-10 of phi's size per unit of z. The first four are exact to rounding. Kinks and jumps are found by `panels`.
"""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from headstart.errors import InputError
from headstart.theory.activations import Activation, activation
from headstart.theory.activations.jets import Jet, derivative_of
from headstart.theory.panels import RESOLVED_FOR_DIFFERENTIATION, Array, Curve, Panels

# Irregular points, so that no pattern of a function can hide between them.
_PROBES = np.array([-2.718281, -1.324717, -0.577215, -0.114942, 0.261497, 0.915965, 1.618033, 3.359885])


@dataclass(frozen=True, eq=False)
class CustomActivation:
    """A user's function as an activation; the same surface as `Activation`, float64 and element-wise.

    `derivative_by` says where phi' comes from; `kinks` is None where they are to be found.
    """

    name: str
    value: Curve
    slope: Curve
    derivative_by: str
    kinks: tuple[float, ...] | None = None

    def __call__(self, z: ArrayLike) -> Array:
        return _shaped(self.value, z)

    def derivative(self, z: ArrayLike) -> Array:
        return _shaped(self.slope, z)

    @property
    def saturates(self) -> bool:
        """Whether the slope vanishes on both sides, as tanh's does and ReLU's does not."""
        with np.errstate(over="ignore"):  # exp grows past float64 there
            far = self.derivative(np.array([-1e3, 1e3]))
        return bool(np.all(np.abs(far) < 1e-5))

    def __str__(self) -> str:
        return self.name


AnyActivation = Activation | CustomActivation
ActivationLike = str | Activation | CustomActivation | Callable[..., Any]


def panels_of_slope(phi: AnyActivation) -> Panels | None:
    """The panels that phi' is computed on, where it is; phi's integrals must use the same."""
    slope = phi.slope if isinstance(phi, CustomActivation) else None
    return slope.panels if isinstance(slope, _PanelSlope) else None


def resolve(spec: ActivationLike) -> AnyActivation:
    """The activation of a spec string, of an Activation, or of any element-wise function.

    Raises:
        InputError: unknown name, or a function that is not element-wise, random, or not finite.

    >>> str(resolve("gelu")), resolve(np.arctan).derivative_by
    ('gelu', 'forward-mode differentiation of NumPy ufuncs')
    """
    if isinstance(spec, (Activation, CustomActivation)):
        return spec
    if callable(spec):
        return _remembered(spec) if _is_constant(spec) else custom(spec)
    return activation(spec)


def custom(
    function: Callable[..., Any],
    derivative: Callable[..., Any] | None = None,
    kinks: Iterable[float] | None = None,
    name: str | None = None,
) -> CustomActivation:
    """An element-wise function as an activation.

    Args:
        function: phi; takes a float64 array (NumPy), tensor (torch) or array (JAX) and returns as many values. A
            torch module is copied, in float64 and evaluation mode.
        derivative: phi', of the same kind; None to compute it.
        kinks: where the pieces of phi meet; None to find them.
        name: for tables and messages.

    Raises:
        InputError: not element-wise, random, below float64 precision, not finite, or a derivative that is not phi's.

    >>> bump = custom(lambda z: np.exp(-z * z), name="bump")
    >>> bump.derivative([0.5]).round(6)
    array([-0.778801])
    """
    name = name or _name_of(function)
    value, automatic, by = _backend(function, name)
    _check_elementwise(value, name)
    if derivative is not None:
        slope, by = _backend(derivative, f"derivative of {name}")[0], "given"
    elif automatic is not None and _agrees(value, automatic):
        slope = automatic
    else:
        slope, by = _PanelSlope(value, name), "polynomials on the panels"
    if derivative is not None and not _agrees(value, slope):
        raise InputError(
            f"the derivative given for activation {name} is not its slope: {slope(_PROBES[-1:])[0]:g} at "
            f"z = {_PROBES[-1]:g}, where phi rises by {_differences(value)[-1]:g} per unit. Leave it out to have it "
            "computed."
        )
    places = None if kinks is None else tuple(sorted(float(kink) for kink in kinks))
    return CustomActivation(name, value, slope, by, places)


@lru_cache(maxsize=128)
def _remembered(function: Callable[..., Any]) -> CustomActivation:
    return custom(function)


def _is_constant(function: Any) -> bool:
    """Whether the same object will always be the same function; a module's parameters can change."""
    try:
        hash(function)
    except TypeError:
        return False
    return not hasattr(function, "parameters") and not getattr(function, "__dict__", None)


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "custom" if name == "<lambda>" else str(name)


def _shaped(curve: Curve, z: ArrayLike) -> Array:
    points = np.asarray(z, dtype=np.float64)
    return curve(points.ravel()).reshape(points.shape)


def _backend(function: Callable[..., Any], name: str) -> tuple[Curve, Curve | None, str]:
    """phi as a NumPy curve, phi' by the framework's own differentiation where there is one, and its name."""
    torch = sys.modules.get("torch")  # never import what the user has not
    if torch is not None and isinstance(function, torch.nn.Module):
        return _torch(copy.deepcopy(function).double().eval().cpu(), name)
    failure: Exception | None = None
    try:
        with np.errstate(all="ignore"):
            result = function(_PROBES.copy())
    except Exception as error:  # what a foreign function raises on foreign input is not ours to foresee
        failure = error
    else:
        if _is_jax(result):
            return _jax(function, name)
        if torch is None or not isinstance(result, torch.Tensor):
            return _numpy(function, name)
    if torch is not None:
        with contextlib.suppress(Exception):
            if isinstance(function(torch.tensor(_PROBES)), torch.Tensor):
                return _torch(function, name)
    with contextlib.suppress(Exception):
        scalar = np.vectorize(function, otypes=[np.float64])
        scalar(_PROBES)
        return _numpy(scalar, name)
    raise InputError(
        f"activation {name} must be a function of one array that returns an array of the same shape; called with "
        f"{_PROBES.size} numbers it raised {failure!r}."
    ) from failure


def _is_jax(result: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(result, jax.Array)


def _numpy(function: Callable[..., Any], name: str) -> tuple[Curve, Curve | None, str]:
    def value(z: Array) -> Array:
        with np.errstate(all="ignore"):
            return _checked(function(z), z, name)

    def slope(z: Array) -> Array:
        return derivative_of(function, z)

    if isinstance(function, np.vectorize):
        return value, None, ""
    try:
        function(Jet(_PROBES, np.ones_like(_PROBES)))
    except Exception:  # an operation that jets do not know, in whatever words the function puts it
        return value, None, ""
    return value, slope, "forward-mode differentiation of NumPy ufuncs"


def _torch(function: Callable[..., Any], name: str) -> tuple[Curve, Curve, str]:
    import torch

    def value(z: Array) -> Array:
        with torch.no_grad():
            return _checked(function(torch.tensor(z)).numpy(), z, name)

    def slope(z: Array) -> Array:
        leaf = torch.tensor(z, requires_grad=True)
        with torch.enable_grad():
            result = function(leaf.clone())  # a copy, because the function may work in place
            if not result.requires_grad:
                return np.zeros_like(z)
            return np.array(torch.autograd.grad(result.sum(), leaf)[0].numpy())

    return value, slope, "torch autograd"


def _jax(function: Callable[..., Any], name: str) -> tuple[Curve, Curve, str]:
    import jax

    def derivative(z: Any) -> Any:
        result, pull = jax.vjp(function, z)
        return pull(jax.numpy.ones_like(result))[0]

    compiled, compiled_derivative = jax.jit(lambda z: function(z)), jax.jit(derivative)

    def in_float64(run: Callable[[Any], Any], z: Array) -> Array:
        padded = np.zeros(1 << max(8, int(z.size - 1).bit_length()))  # few sizes, because each is compiled once
        padded[: z.size] = z
        with jax.enable_x64(True):
            return np.asarray(run(jax.numpy.asarray(padded)))[: z.size]

    return (
        lambda z: _checked(in_float64(compiled, z), z, name),
        lambda z: in_float64(compiled_derivative, z),
        "JAX automatic differentiation",
    )


def _checked(result: Any, z: Array, name: str) -> Array:
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


def _check_elementwise(value: Curve, name: str) -> None:
    whole = value(_PROBES)
    if not np.array_equal(whole, value(_PROBES), equal_nan=True):
        raise InputError(f"activation {name} is random: two calls with the same z differ. Write its mean instead.")
    backwards, half = value(_PROBES[::-1].copy())[::-1], value(_PROBES[:3].copy())
    same = np.allclose(whole, backwards, rtol=1e-9, atol=1e-12, equal_nan=True) and np.allclose(
        whole[:3], half, rtol=1e-9, atol=1e-12, equal_nan=True
    )
    if not same:
        raise InputError(
            f"an activation must be element-wise, and {name} mixes the elements of its input (as softmax does). "
            "Write a function of one number, applied to each element."
        )


def _differences(value: Curve) -> Array:
    step = 1e-6
    with np.errstate(all="ignore"):
        return np.asarray((value(_PROBES + step) - value(_PROBES - step)) / (2 * step))


def _agrees(value: Curve, slope: Curve) -> bool:
    """Whether phi' is the slope of phi at most of the probes; one of them may stand on a kink."""
    expected, got = _differences(value), slope(_PROBES)
    with np.errstate(all="ignore"):
        near = np.abs(expected - got) <= 1e-5 * (1.0 + np.abs(expected))
    return bool(np.sum(~near) <= 1)


class _PanelSlope:
    """phi' from phi alone: on each panel phi is a polynomial of degree 15, and those are easy to differentiate."""

    def __init__(self, value: Curve, name: str) -> None:
        self.value = value
        self.panels = Panels((value,), None, name, RESOLVED_FOR_DIFFERENTIATION)

    def __call__(self, z: Array) -> Array:
        inner = self.panels.within(float(np.max(np.abs(z), initial=0.5)) * (1 + 1e-12))
        edges = np.concatenate([[-self.panels.reach], inner, [self.panels.reach]])
        which = np.clip(np.searchsorted(edges, z, side="right") - 1, 0, edges.size - 2)
        used, place = np.unique(which, return_inverse=True)
        left, right = edges[used], edges[used + 1]
        slopes = Panels.differentiate(self.value, left, right)
        t = (2 * z - (left + right)[place]) / (right - left)[place]
        return np.asarray(np.polynomial.legendre.legval(t, slopes[place].T, tensor=False))
