"""Normalizations: what is divided by its own size, over units, over places, or over inputs.

Over units (layer and group norms) each row of samples is divided by its own root mean square. A norm over places, or
over inputs and places, takes from each unit what is common to all of those: the modes in which they agree shrink, and
the samples stay aligned with what they were.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from headstart.theory.laws.samples import MODES, Array, spectrum_of


class Normed(NamedTuple):
    """The normalized samples, and what they were multiplied with."""

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


def over_places(x: Array, eps: float, places: float) -> Normed:
    """Instance norm: a unit by its mean and size over the places of one input."""
    return _sized(without_common(x, None, places), eps)


def over_inputs(x: Array, eps: float, inputs: float, places: float) -> Normed:
    """Batch norm in training: a unit by its mean and size over so many inputs and places."""
    return _sized(without_common(x, inputs, places), eps)


def without_common(x: Array, inputs: float | None, places: float) -> Array:
    """What is left of each unit when its mean over places, or over inputs and places, is taken out.

    Args:
        inputs: how many there are; None where each input has a mean of its own. places: how many each input has.

    >>> x = np.random.default_rng(0).normal(size=(4, 4096)) + np.random.default_rng(1).normal(size=4096)
    >>> left = without_common(x, 1e9, 1e9)
    >>> abs(round(float(np.mean(left[0] * left[3])), 1)), round(float(np.mean(left**2)), 1)
    (0.0, 1.0)
    """
    modes = MODES @ (x - x.mean())
    variances = np.mean(modes**2, axis=1)
    mean, cross = _means(variances, inputs, places)
    modes[0] *= _shrink(variances[0] - 2 * mean - 2 * cross, variances[0])
    modes[2] *= _shrink(variances[2] - 2 * mean + 2 * cross, variances[2])
    return np.asarray(MODES @ modes)


def backward_alone(gradient: Array, normed: Array, slope: Array, inputs: float | None, places: float) -> Array:
    """The gradient before a norm of each unit by itself: without what would change the unit's mean or size."""
    g = without_common(gradient, inputs, places)
    along, _ = _means(spectrum_of(g * normed), inputs, places)
    size = float(np.mean(g**2))
    return np.asarray(g * slope * _shrink(size - along, size))


def _means(variances: Array, inputs: float | None, places: float) -> tuple[float, float]:
    """The mean square of a unit's mean over places, or inputs and places, and its product with another input's."""
    own, other, place, both = MODES @ variances / 2
    mean, cross = (own + (places - 1) * place) / places, (other + (places - 1) * both) / places
    if inputs is not None:
        mean = cross = (mean + (inputs - 1) * cross) / inputs
    return float(mean), float(cross)


def _sized(x: Array, eps: float) -> Normed:
    slope = np.broadcast_to(_rsqrt(np.mean(x**2, keepdims=True), eps), (4, 1))
    return Normed(x * slope, slope)


def backward(gradient: Array, normed: Array, slope: Array, centre: bool) -> Array:
    """The gradient before a norm over units: without what would change the mean or the size of the units.

    Of n units that takes 2/n of any gradient, which the scatter of 1/size over n numbers gives back.
    """
    g = gradient - normed * np.mean(gradient * normed, axis=1, keepdims=True)
    if centre:
        g = g - g.mean(1, keepdims=True)
    return np.asarray(g * slope)


def _rsqrt(variance: Array, eps: float) -> Array:
    return np.asarray(1 / np.sqrt(np.maximum(variance + eps, 1e-300)))


def _shrink(to: float, of: float) -> float:
    return (min(max(to, 0.0) / of, 1.0)) ** 0.5 if of > 0 else 0.0


def spread_over(x: Array) -> Array:
    """The variance of each row over units, as a number for each row."""
    return np.asarray(np.broadcast_to(x.var(axis=1, keepdims=True), x.shape))
