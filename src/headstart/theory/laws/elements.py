"""Operations on elements, by running them on the samples themselves; their slopes by finite differences.

One rule covers every activation, sum, product, gate and mask, and whatever was written by hand: what the samples of two
operands have in common is in them already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headstart.theory.laws.samples import Array

Function = Callable[[Sequence[Any]], Any]
STEP = 1e-5  # of an operand's size: its rounding and its curvature err alike


class Made(NamedTuple):
    """What an operation makes of samples, and its slope by each operand that was asked for."""

    samples: Array
    slopes: tuple[Array, ...]


def applied(function: Function, operands: Sequence[Any], by: Sequence[int]) -> Made | None:
    """Run an operation on samples and on samples a step away; None where it cannot be run on such arrays.

    Args:
        function: of all operands; element by element.
        operands: samples, or numbers.
        by: the places of the operands whose slopes are wanted; operands may be the same array.

    >>> x = np.linspace(-1, 1, 4096).reshape(4, 1024)
    >>> made = applied(lambda arrays: arrays[0] ** 3, [x], [0])
    >>> bool(np.allclose(made.slopes[0], 3 * x**2, atol=1e-4))
    True
    """
    plain = _run(function, operands)
    if plain is None:
        return None
    slopes = []
    for place in by:
        x = operands[place]
        if x.dtype == bool or plain.dtype == bool:
            slopes.append(np.zeros(np.shape(plain)))
            continue
        step = STEP * (float(np.sqrt(np.mean(x**2))) or 1.0)
        stepped = list(operands)
        stepped[place] = np.stack([x + step, x - step])
        both = _run(function, stepped, (2, *np.shape(plain)))
        if both is None:
            return None
        slopes.append((both[0] - both[1]) / (2 * step))
    return Made(plain, tuple(slopes))


def _run(function: Function, operands: Sequence[Any], shape: tuple[int, ...] | None = None) -> Array | None:
    try:
        with np.errstate(all="ignore"):
            made = function(operands)
    except Exception:  # whatever a framework's function does not like about these arrays
        return None
    largest = max((np.shape(x) for x in operands), key=lambda size: (len(size), size))
    if not isinstance(made, np.ndarray) or made.shape != (largest if shape is None else shape):
        return None
    return made if made.dtype == bool else np.asarray(made, np.float64)


def sensitivity(made: Array, slope: Array, x: Array) -> float:
    """How the result's second moment follows the operand's: d log E[y^2] / d log E[x^2]."""
    size = float(np.mean(made**2))
    return float(np.mean(made * slope * x)) / size if size > 0 else 0.0


def kept(draws_random: np.random.Generator, x: Array, rate: float, channels: bool) -> Array:
    """What dropout multiplies by: 0, or 1/(1 - rate); whole channels are dropped at all places alike."""
    keep = draws_random.random(x.shape) >= rate
    if channels:
        keep[2:] = keep[:2]
    return np.asarray(keep / max(1 - rate, 1e-12), np.float64)
