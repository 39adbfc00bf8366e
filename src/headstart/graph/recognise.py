"""Recognise an activation by what it computes: its values on a grid, compared with those of the catalogue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.theory.activations import Activation, activation
from headstart.theory.activations.catalogue import FORMULAS

Array = NDArray[np.float64]
CLOSE = 1e-5  # of the largest value: what float32 in between leaves
_RANDOM = frozenset({"rrelu"})


def is_affine(grid: Array, phi: Array) -> bool:
    """Whether values on a grid lie on a line.

    >>> z = np.linspace(-1, 1, 9)
    >>> is_affine(z, 3 * z + 1), is_affine(z, np.abs(z))
    (True, False)
    """
    if not np.all(np.isfinite(phi)):
        return False
    slope = (phi[-1] - phi[0]) / (grid[-1] - grid[0])
    line = phi[0] + slope * (grid - grid[0])
    return bool(np.max(np.abs(phi - line)) <= CLOSE * max(np.max(np.abs(phi)), 1e-12))


def recognised(grid: Array, phi: Array) -> str:
    """The spec string of the activation with these values, "" if the catalogue has none.

    >>> z = np.linspace(-4, 4, 81) + 0.01
    >>> recognised(z, np.where(z > 0, z, 0.3 * z)), recognised(z, z / (1 + np.exp(-1.702 * z)))
    ('leaky_relu(0.3)', 'quick_gelu')
    """
    if not np.all(np.isfinite(phi)):
        return ""
    for spec in _candidates(grid, phi):
        if _same(spec(grid), phi):
            return str(spec)
    return ""


def _candidates(grid: Array, phi: Array) -> list[Activation]:
    """Every activation at its defaults, and those with one parameter at what the values say it is."""
    found = [activation(name) for name, formula in FORMULAS.items() if name not in _RANDOM]
    slope = (phi[0] - phi[1]) / (grid[0] - grid[1])  # of the left end
    last = float(phi[0])
    guesses = {"leaky_relu": slope, "elu": -last / -np.expm1(grid[0]), "celu": -last, "relu": 1.0}
    for name, guess in guesses.items():
        if FORMULAS[name].parameters and np.isfinite(guess) and guess > 0:
            found.append(activation(f"{name}({float(f'{guess:.6g}')!r})"))
    low, high = float(np.min(phi)), float(np.max(phi))
    if low < 0 < high:
        found.append(activation(f"hardtanh({float(f'{low:.6g}')!r}, {float(f'{high:.6g}')!r})"))
    return found


def _same(values: Array, phi: Array) -> bool:
    return bool(np.max(np.abs(values - phi)) <= CLOSE * max(np.max(np.abs(phi)), 1e-12))
