"""Activations that are the user's own functions: NumPy-like, torch functions or modules, JAX functions.

phi is evaluated in float64 by its own framework. phi' is, in this order: the derivative the caller gives; torch's or
JAX's automatic differentiation; forward-mode differentiation through NumPy and SciPy ufuncs (`jets`); otherwise the
derivative of the polynomials that represent phi on its panels (16 points each, resolved to 1e-13), which is good to
about 1e-10 of phi's size per unit of z. The first four are exact to rounding. Kinks and jumps are found by `panels`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from headstart.check import finite
from headstart.errors import InputError
from headstart.theory.activations import Activation, activation
from headstart.theory.activations.foreign import adopted
from headstart.theory.activations.metered import PROBES
from headstart.theory.activations.own import OWN
from headstart.theory.activations.polynomials import Polynomials
from headstart.theory.panels import Array, Curve, Panels
from headstart.theory.search import CLOSE, Search


@dataclass(frozen=True, eq=False)
class CustomActivation:
    """A user's function as an activation; the same surface as `Activation`, float64 and element-wise.

    `derivative_by` says where phi' comes from; `kinks` is None where they are to be found. `search` says how closely
    phi is looked at: what is narrower than its `resolution` times the distance from 0 can go unseen (see `search`).
    `panels` are those that phi' is computed on, where it is; phi's integrals use the same.
    """

    name: str
    value: Curve
    slope: Curve
    derivative_by: str
    kinks: tuple[float, ...] | None = None
    search: Search = CLOSE
    panels: Panels | None = None

    @property
    def resolution(self) -> float:
        """The widest feature that can hide, as a part of its distance from 0 (or of sqrt(q), if that is more)."""
        return self.search.resolution

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


def resolve(spec: ActivationLike) -> AnyActivation:
    """The activation of a spec string, of an Activation, or of any element-wise function.

    Raises:
        InputError: unknown name, or a function that is not element-wise, random, or not finite.

    >>> str(resolve("gelu")), resolve(np.arctan).derivative_by
    ('gelu', 'forward-mode differentiation of NumPy ufuncs')
    """
    name = spec if isinstance(spec, str) else spec.name if isinstance(spec, Activation) else ""
    if name in OWN:
        own: CustomActivation = OWN[name][1]
        return own
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
    places = None if kinks is None else tuple(sorted(finite(kink, "a kink") for kink in kinks))
    found = adopted(function, name)
    value, slope, by, panels = found.value, found.slope, found.by, None
    if derivative is not None:
        slope, by = adopted(derivative, f"derivative of {name}").value, "given"
        if not _agrees(value, slope):
            raise InputError(
                f"the derivative given for activation {name} is not its slope: {slope(PROBES[-1:])[0]:g} at "
                f"z = {PROBES[-1]:g}, where phi rises by {_differences(value)[-1]:g} per unit. Leave it out to have it "
                "computed."
            )
    if slope is None or (found.slow and derivative is None) or (derivative is None and not _agrees(value, slope)):
        pieces = Polynomials(value, places, name, found.search)
        slope, by, panels = pieces.slope, "polynomials on the panels", pieces.panels
        value = pieces.value if found.slow else value
    return CustomActivation(name, value, slope, by, places, found.search, panels)


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


def _differences(value: Curve) -> Array:
    step = 1e-6
    with np.errstate(all="ignore"):
        return np.asarray((value(PROBES + step) - value(PROBES - step)) / (2 * step))


def _agrees(value: Curve, slope: Curve) -> bool:
    """Whether phi' is the slope of phi at most of the probes; one of them may stand on a kink."""
    try:
        expected, got = _differences(value), slope(PROBES)
    except Exception:  # a foreign function's automatic derivative may not exist, in whatever words
        return False
    with np.errstate(all="ignore"):
        near = np.abs(expected - got) <= 1e-5 * (1.0 + np.abs(expected))
    return bool(np.sum(~near) <= 1)
