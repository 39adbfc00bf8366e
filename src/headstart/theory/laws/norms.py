"""Normalizations: what is divided by its own size, over units, over places, or over inputs.

Over units (layer and group norms) each row of samples is divided by its own root mean square. A norm over places, or over
inputs and places, takes from each unit what is common to all of those: the modes in which they agree shrink, and the
samples stay aligned with what they were.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from headstart.theory.laws.samples import MODES, Array, spectrum_of


class Normed(NamedTuple):
    """The normalized samples, and what a gradient is multiplied with on its way back but for what the norm takes out."""

    samples: Array
    slope: Array


def over_units(x: Array, centre: bool, eps: float) -> Normed:
    """Layer norm, RMS norm and group norm: every row by its own mean and size.

    >>> x = np.random.default_rng(0).normal(3, 2, (4, 4096))
    >>> y = over_units(x, True, 0.0).samples
    >>> [round(float(value), 6) for value in (abs(y.mean()), np.mean(y**2))]
    [0.0, 1.0]
    """
    y = x - x.mean(1, keepdims=True) if centre else x
    slope = _rsqrt(np.mean(y**2, axis=1, keepdims=True), eps)
    return Normed(y * slope, slope)


def over_places(x: Array, eps: float) -> Normed:
    """Instance norm: a unit by its mean and size over the places of one input."""
    y = without_common(x, inputs=False)
    slope = np.broadcast_to(_rsqrt(np.mean(y**2, keepdims=True), eps), (4, 1))
    return Normed(y * slope, slope)


def over_inputs(x: Array, eps: float) -> Normed:
    """Batch norm in training: a unit by its mean and size over inputs and places."""
    y = without_common(x, inputs=True)
    slope = np.broadcast_to(_rsqrt(np.mean(y**2, keepdims=True), eps), (4, 1))
    return Normed(y * slope, slope)


def without_common(x: Array, inputs: bool) -> Array:
    """What is left of each unit when its mean over places, or over inputs and places, is taken out."""
    modes = MODES @ (x - x.mean())
    one, two, three, four = (float(value) for value in np.mean(modes**2, axis=1))
    if inputs:
        modes[0] *= _shrink(two + three - four, one)
    else:
        modes[0] *= _shrink(two, one)
        modes[2] *= _shrink(four, three)
    return np.asarray(MODES @ modes)


def backward(gradient: Array, normed: Array, slope: Array, centre: bool, units: int) -> Array:
    """The gradient before a norm over units: without what would change the mean or the size of the units."""
    g = gradient - normed * np.mean(gradient * normed, axis=1, keepdims=True)
    if centre:
        g = g - g.mean(1, keepdims=True)
    left = max(1 - (1 + centre) / max(units, 1), 0.0)  # of the few units there are; the samples are many
    return np.asarray(g * slope * left**0.5)


def _rsqrt(variance: Array, eps: float) -> Array:
    return np.asarray(1 / np.sqrt(np.maximum(variance + eps, 1e-300)))


def _shrink(to: float, of: float) -> float:
    return (min(max(to, 0.0) / of, 1.0)) ** 0.5 if of > 0 else 0.0


def spread_over(x: Array) -> Array:
    """The variance of each row over units, as a number for each row."""
    return np.asarray(np.broadcast_to(x.var(axis=1, keepdims=True), x.shape))


__all__ = ["Normed", "backward", "over_inputs", "over_places", "over_units", "spectrum_of", "spread_over", "without_common"]
