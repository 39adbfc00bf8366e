"""A user's own function as an activation that can be trained with: NumPy's, torch's, JAX's, or of one number.

The compiled loop cannot call into another library for each number. It need not: theory represents the function by
polynomials of degree 15 on its panels, to 1e-13 of its size, and those are compiled. Beyond the last panel, at |z| of
a thousand where the function allows it, it goes on straight. A pair of `numba.njit` functions is compiled as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from headstart.errors import InputError
from headstart.experiments.engine.rows import CompiledFormula, njit_activation
from headstart.theory.activations import Activation
from headstart.theory.activations.callables import CustomActivation, custom, resolve
from headstart.theory.activations.own import OWN, own_name
from headstart.theory.activations.polynomials import Polynomials
from headstart.theory.panels import Array

_REACHES = (1024.0, 128.0, 16.0)  # how far out the table goes: less where the function oscillates
_MOST_PANELS = 4000


def own_activation(given: Any) -> Activation:
    """The activation of a user's own function, or of a pair (phi, phi').

    Raises:
        InputError: it is no element-wise function (see `theory.custom`), or has too fine a structure for a table.
    """
    value, slope = given if isinstance(given, (tuple, list)) and len(given) == 2 else (given, None)
    if (not isinstance(value, CustomActivation) and not callable(value)) or not (slope is None or callable(slope)):
        raise InputError(
            f"an activation is a name, a function of one array, or a pair of phi and phi', got {given!r}. Write, for "
            "example, 'gelu'."
        )
    phi = _theory(value, slope)
    name = own_name(phi.name, phi)
    if name not in OWN:
        compiled = all(hasattr(function, "py_func") for function in (value, slope))
        made = njit_activation(value, slope, name) if compiled else _tabled(phi, name)
        OWN[name] = (
            made,
            CustomActivation(name, phi.value, phi.slope, phi.derivative_by, phi.kinks, phi.search, phi.panels),
        )
    activation: Activation = OWN[name][0]
    return activation


def _theory(value: Any, slope: Callable[..., Any] | None) -> CustomActivation:
    if slope is not None:
        return custom(value, slope)
    found = resolve(value)
    if isinstance(found, CustomActivation):
        return found
    raise InputError(f"an activation of the catalogue goes by its name: write {str(found)!r}.")


def _tabled(phi: CustomActivation, name: str) -> Activation:
    value, slope = _compiled(phi, *_table(phi))
    whole, slopes = numba.vectorize(value.py_func), numba.vectorize(slope.py_func)
    return Activation(CompiledFormula(name, whole, slopes, compiled=(value, slope)), ())


def _table(phi: CustomActivation) -> tuple[Array, Array]:
    """The edges of the panels, and the coefficients of phi on each: (panels, 16)."""
    failure: InputError | None = None
    for reach in _REACHES:
        try:
            panels = phi.panels or Polynomials(phi.value, phi.kinks, phi.name, phi.search).panels
            inner = panels.within(reach)
        except InputError as error:
            failure = error
            continue
        if inner.size < _MOST_PANELS:
            edges = np.unique([-reach, *inner, reach])
            coefficients = panels.represent(phi.value, edges[:-1], edges[1:])[0]
            if np.isfinite(coefficients).all():
                return edges, coefficients
    raise failure or InputError(
        f"activation {phi.name} has too fine a structure, or grows too fast, to be trained with. Write a smoother one."
    )


def _compiled(phi: CustomActivation, edges: Array, coefficients: Array) -> tuple[Any, Any]:
    """phi and phi' of one number, compiled; straight beyond the edges."""
    panels, terms = coefficients.shape
    half = 0.5 * np.diff(edges)
    slopes = np.zeros_like(coefficients)
    slopes[:, :-1] = np.polynomial.legendre.legder(coefficients.T).T / half[:, None]
    ends = [[float(np.polynomial.legendre.legval(side, row[at])) for row in (coefficients, slopes)]
            for side, at in ((-1.0, 0), (1.0, -1))]  # fmt: skip
    (low_value, low_slope), (high_value, high_slope) = ends
    exact = phi(edges)  # where phi jumps it belongs to one side
    low, high = float(edges[0]), float(edges[-1])

    @numba.njit
    def panel(z):
        """The panel that z is on, by halving."""
        left, right = 0, panels - 1
        while left < right:
            middle = (left + right + 1) // 2
            if edges[middle] <= z:
                left = middle
            else:
                right = middle - 1
        return left

    @numba.njit
    def polynomial(table, left, z):
        t = (2 * z - edges[left] - edges[left + 1]) / (edges[left + 1] - edges[left])
        total, before, now = table[left, 0], 1.0, t
        for k in range(1, terms):  # Legendre's recurrence
            total += table[left, k] * now
            before, now = now, ((2 * k + 1) * t * now - k * before) / (k + 1)
        return total

    @numba.njit
    def value(number):
        z = float(number)
        if z < low:
            return low_value + low_slope * (z - low) if low_slope != 0.0 else low_value
        if z > high:
            return high_value + high_slope * (z - high) if high_slope != 0.0 else high_value
        if z != z:
            return math.nan
        at = panel(z)
        return exact[at] if z == edges[at] else polynomial(coefficients, at, z)

    @numba.njit
    def slope(number):
        z = float(number)
        if z < low:
            return low_slope
        if z > high:
            return high_slope
        return polynomial(slopes, panel(z), z) if z == z else math.nan

    return value, slope
