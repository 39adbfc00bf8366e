"""What a prediction starts from: the inputs' own numbers where there are any, else standard normal ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.graph.predict.axes import INPUT, PLACE, UNIT, Axes
from headstart.theory.laws.samples import Array, Draws, Pairs, Wholes


@dataclass(frozen=True)
class InputMoments:
    """What is known of one input of a model.

    Args:
        second: E[x^2]. mean: E[x].
        inputs, places, both: mean products of a unit in two inputs; at two places of one input; in two inputs at two.
        whole: whether it holds whole numbers: tokens.
        array: the input's own numbers, which then say all of that.
    """

    second: float = 1.0
    mean: float = 0.0
    inputs: float = 0.0
    places: float = 0.0
    both: float = 0.0
    whole: bool = False
    array: Any = None


def start(given: InputMoments, axes: Axes, shape: Sequence[int], draws: Draws, rows: int) -> Array:
    """Samples of an input. rows: how many rows a table has that its numbers pick from."""
    if given.array is not None and np.size(given.array) and np.shape(given.array) == tuple(shape):
        return _picked(np.asarray(given.array), axes, draws)
    if given.whole or rows:
        high = rows or 1 << 20
        return draws.random.integers(0, high, (4, draws.count)).astype(np.float64)
    middle = given.mean**2
    centred = Pairs(given.second - middle, given.inputs - middle, given.places - middle, given.both - middle)
    return np.asarray(given.mean + draws.of(centred._replace(own=max(centred.own, 0.0))))


def _picked(array: Array, axes: Axes, draws: Draws) -> Array:
    """Numbers picked from an array: a unit at random, in two inputs, at two places; all of it has its exact size."""
    if not axes:
        return np.full((4, draws.count), float(array))
    here = [_index(axis, draws) for axis in axes]
    second = [_other(index, axis, INPUT, draws) for index, axis in zip(here, axes, strict=True)]
    there = [_other(index, axis, PLACE, draws) for index, axis in zip(here, axes, strict=True)]
    if not any(atom.role == PLACE and atom.size > 1 for axis in axes for atom in axis):
        there = [_other(index, axis, UNIT, draws) for index, axis in zip(here, axes, strict=True)]
    both = [np.where(b != h, b, t) for h, b, t in zip(here, second, there, strict=True)]
    single = not any(atom.role == INPUT and atom.size > 1 for axis in axes for atom in axis)
    rows = [array[tuple(index)].astype(np.float64) for index in (here, second, there, both)]
    found = np.stack(rows)
    if single:  # nothing to compare with: another input would be another draw
        found[1], found[3] = draws.random.permutation(found[0]), draws.random.permutation(found[2])
    if np.issubdtype(array.dtype, np.floating):
        now, size = float(np.mean(found**2)), float(np.mean(np.square(array, dtype=np.float64)))
        found = found * math.sqrt(size / now) if now > 0 else found
    return found


def _index(axis: Sequence[Any], draws: Draws) -> Wholes:
    return draws.random.integers(0, max(math.prod(atom.size for atom in axis), 1), draws.count)


def _other(index: Wholes, axis: Sequence[Any], role: str, draws: Draws) -> Wholes:
    """Other numbers along the axes of a role, the same ones along the others."""
    size = math.prod(atom.size for atom in axis)
    if size < 2 or not any(atom.role == role for atom in axis):
        return index
    return np.asarray((index + draws.random.integers(1, size, draws.count)) % size, np.int64)
