"""What the axes of each value run over: inputs, places or units. Followed from the inputs on, by shapes and by replay.

An axis is a run of atoms, each a role and a size, so that merging and cutting axes loses nothing: (batch, heads, size).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE

INPUT, PLACE, UNIT = "input", "place", "unit"
LARGEST = 2**18  # elements of an array that is worth indexing to see what a slice takes


class Atom(NamedTuple):
    role: str
    size: int


Axis = tuple[Atom, ...]
Axes = tuple[Axis, ...]
CONVOLUTIONS = ("convolution", "transposed convolution")


def count(axes: Axes, role: str) -> int:
    """How many of a role there are."""
    return math.prod(atom.size for axis in axes for atom in axis if atom.role == role)


def plain(shape: Sequence[int], roles: Sequence[str]) -> Axes:
    return tuple((Atom(role, size),) for role, size in zip(roles, shape, strict=True))


def guessed(shape: Sequence[int], channels_first: bool) -> Axes:
    """Axes of an array that nothing is known of: inputs first, units last or second."""
    rank = len(shape)
    if rank == 0:
        return ()
    if rank == 1:
        return plain(shape, (UNIT,))
    if channels_first and rank > 2:
        return plain(shape, (INPUT, UNIT, *[PLACE] * (rank - 2)))
    return plain(shape, (INPUT, *[PLACE] * (rank - 2), UNIT))


def of_input(graph: Graph, value: int, whole_numbers: bool) -> Axes:
    """The axes of an input, by what reads it first."""
    shape = graph.values[value].shape
    if whole_numbers and len(shape) <= 2:
        return plain(shape, (INPUT, PLACE)[: len(shape)])
    stack, seen = [value], set[int]()
    while stack:
        here = stack.pop(0)
        for index in graph.readers.get(here, ()):
            op = graph.ops[index]
            placed = op.attributes.get("axes")
            if op.name in CONVOLUTIONS and isinstance(placed, tuple) and len(placed) == len(shape):
                roles = dict(zip(placed, (INPUT, UNIT, *[PLACE] * (len(shape) - 2)), strict=True))
                return plain(shape, [roles[place] for place in range(len(shape))])
            if op.name in CONVOLUTIONS or op.call in ("batch_norm", "instance_norm", "group_norm"):
                return guessed(shape, channels_first=True)
            if graph.is_weighted(op):
                return guessed(shape, channels_first=False)
            if op.name in POINTWISE | {"identity", "pad", "norm", "dropout"} and op.index not in seen:
                seen.add(op.index)
                stack += op.outputs
    return guessed(shape, channels_first=len(shape) > 3)


def reshaped(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The atoms in order, dealt out anew; None where a new axis cuts across them."""
    atoms = [atom for axis in axes for atom in axis if atom.size != 1]
    found: list[Axis] = []
    for size in shape:
        axis: list[Atom] = []
        need = size
        while need > 1:
            if not atoms:
                return None
            first = atoms.pop(0)
            if need % first.size == 0:
                axis.append(first)
                need //= first.size
            elif first.size % need == 0:
                axis.append(Atom(first.role, need))
                atoms.insert(0, Atom(first.role, first.size // need))
                need = 1
            else:
                return None
        found.append(tuple(axis))
    return None if atoms else tuple(found)


def permuted(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    """The same axes in another order, as the operation shows on an array whose sizes are all different."""
    rank = len(axes)
    if op.replay is None or rank < 2 or len(shape) != rank:
        return axes
    sizes = range(2, 2 + rank)
    try:
        made = op.replay([np.zeros(tuple(sizes))])
    except Exception:  # channels that must divide, as in a shuffle
        return axes
    order = [size - 2 for size in getattr(made, "shape", ())]
    return tuple(axes[place] for place in order) if sorted(order) == list(range(rank)) else axes


def kept_axes(shape: Sequence[int], out: Sequence[int], given: object = None) -> tuple[int, ...] | None:
    """Which axes a reduction leaves: those it was not told to take, or those that the shapes show; None if unclear."""
    rank = len(shape)
    dims = (given,) if isinstance(given, int) and not isinstance(given, bool) else given
    if isinstance(dims, tuple) and dims and all(isinstance(axis, int) and -rank <= axis < rank for axis in dims):
        gone = {axis % rank for axis in dims}
        return tuple(axis for axis in range(rank) if axis not in gone)
    if len(out) == rank:
        return tuple(axis for axis in range(rank) if out[axis] != 1 or shape[axis] == 1)
    for kept in itertools.combinations(range(rank), len(out)):  # the first: the last axes are taken
        if [shape[axis] for axis in kept] == list(out):
            return kept
    return None


def reduced(axes: Axes, kept: Sequence[int], out: Sequence[int]) -> Axes:
    """The axes that are left of a reduction; those of size 1 where it keeps them."""
    if len(out) == len(axes):
        return tuple(axis if place in kept else () for place, axis in enumerate(axes))
    return tuple(axes[place] for place in kept)


class Sliced(NamedTuple):
    """What a slice takes: the axes of its output, and which roles it cuts."""

    axes: Axes
    cut: frozenset[str]
    start: int  # the first element it takes, which tells slices apart


def sliced(op: Op, axes: Axes, shape: Sequence[int], out: Sequence[int]) -> Sliced:
    """The axes of a slice, found by slicing an array of places where that is not too large, else by the sizes."""
    matched, start = None, 0
    if op.replay is not None and 0 < math.prod(shape) <= LARGEST and len(op.inputs) == 1:
        matched, start = _by_places(op, shape, out)
    if matched is None:
        matched = _by_sizes(shape, out)
    found: list[Axis] = []
    for place, size in zip(matched, out, strict=True):
        found.append(() if place is None else _resized(axes[place], size))
    cut = set()
    for place, (axis, size) in enumerate(zip(axes, shape, strict=True)):
        left = out[matched.index(place)] if place in matched else 1
        if left != size:
            cut |= {atom.role for atom in axis}
    return Sliced(tuple(found), frozenset(cut), start)


def _by_places(op: Op, shape: Sequence[int], out: Sequence[int]) -> tuple[list[int | None] | None, int]:
    assert op.replay is not None
    try:
        made = op.replay([np.arange(math.prod(shape), dtype=np.float64).reshape(shape)])
    except Exception:  # an index that is no plain array
        return None, 0
    made = made[0] if isinstance(made, tuple) else made
    if not isinstance(made, np.ndarray) or made.shape != tuple(out) or made.size == 0:
        return None, 0
    matched: list[int | None] = []
    corner = np.array(np.unravel_index(int(made.flat[0]), shape))
    for axis in range(made.ndim):
        if made.shape[axis] == 1:
            matched.append(None)
            continue
        index = tuple(1 if place == axis else 0 for place in range(made.ndim))
        moved = np.array(np.unravel_index(int(made[index]), shape)) - corner
        changed = np.flatnonzero(moved)
        if len(changed) != 1 or int(changed[0]) in matched:
            return None, 0
        matched.append(int(changed[0]))
    return matched, int(made.flat[0])


def _by_sizes(shape: Sequence[int], out: Sequence[int]) -> list[int | None]:
    """Each axis of the output is the next one that is large enough, equal ones before larger ones."""
    matched: list[int | None] = []
    start = 0
    for size in out:
        places = range(start, len(shape))
        place = next((p for p in places if shape[p] == size), next((p for p in places if shape[p] >= size), None))
        matched.append(place)
        start = start if place is None else place + 1
    return matched


def _resized(axis: Axis, size: int) -> Axis:
    """An axis that is cut down or grown to another size; of one role where it has one."""
    if math.prod(atom.size for atom in axis) == size:
        return axis
    roles = {atom.role for atom in axis}
    return (Atom(roles.pop() if len(roles) == 1 else UNIT, size),)


def resized(axes: Axes, out: Sequence[int]) -> Axes | None:
    """Axes in the same order, of other sizes; None where their number differs."""
    if len(axes) != len(out):
        return None
    return tuple(_resized(axis, size) if axis else (Atom(PLACE, size),) for axis, size in zip(axes, out, strict=True))


def joined(all_axes: Sequence[Axes], shapes: Sequence[Sequence[int]], out: Sequence[int]) -> Axes:
    """Axes of operands that are broadcast together: for each axis those of the operand that has it whole."""
    found: list[Axis] = []
    for place in range(1, len(out) + 1):
        axis: Axis = ()
        for axes, shape in zip(all_axes, shapes, strict=True):
            if place <= len(shape) and shape[-place] == out[-place] and len(axes[-place]) > len(axis):
                axis = axes[-place]
        found.append(axis if axis or out[-place] == 1 else (Atom(PLACE, out[-place]),))
    return tuple(found[::-1])
