"""Chosen elements of an entry, anywhere in it: each costs as much as one element, however large the whole is.

A check of a sharded model draws a few hundred thousand of some billion numbers again. They are made from their indices
in their streams, as every other draw is, so they are the bits of `draw_entry`. A matrix whose elements depend on each
other is made whole, slice by slice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from headstart.draws.backends.numpy_backend import numbers_at
from headstart.draws.recipes import check_finite, recipe
from headstart.draws.rectangles import Rectangle, whole_rectangle
from headstart.draws.streams import slice_name, stream
from headstart.draws.weights import draw_entry
from headstart.layout import blocks, field_axes
from headstart.plans import Entry
from headstart.schemes.distributions import Constant, Draw, OfShape

Places = NDArray[np.int64]


def draw_places(entry: Entry, seed: int, places: Places, dtype: str = "float32") -> NDArray[np.floating]:
    """The numbers that a plan gives a parameter at these places.

    Args:
        entry: of a plan.
        seed: 0 to 2^64 - 1.
        places: (n, axes) indices into the stored shape.
        dtype: "float32", from which 16-bit numbers are rounded, or "float64".

    Returns:
        (n,) numbers.

    Raises:
        InputError: as `draw_entry`.

    >>> from headstart.plans import Parameter, plan_parameters
    >>> entry = plan_parameters([Parameter("weight", (4, 3))], "he")["weight"]
    >>> bool((draw_places(entry, 0, np.array([[2, 1], [0, 0]])) == draw_entry(entry, 0)[[2, 0], [1, 0]]).all())
    True
    """
    found = np.empty(len(places), dtype)
    where = whole_rectangle(entry.shape, entry.layout)
    for chosen, index, draw, spans in _groups(entry, places, where):
        some = places[chosen]
        if isinstance(draw, Constant):
            found[chosen] = check_finite(draw.value, dtype)
        elif isinstance(draw, OfShape):
            region = _region(where, index, spans)
            whole = draw_entry(entry, seed, dtype, region=region)
            found[chosen] = whole[tuple((some - [start for start, _ in region]).T)]
        else:
            source = stream(seed, slice_name(entry.key, index), entry.stream_role)
            found[chosen] = numbers_at(recipe(draw, dtype), source, _elements(entry, some))
    return found


def _elements(entry: Entry, places: Places) -> NDArray[np.uint64]:
    """The indices of places in their slice's stream: of a mirrored weight, or a part of one, where it lies there."""
    places = places.copy()
    for axis in field_axes(len(entry.shape), entry.layout) if entry.flip else ():
        places[:, axis] = entry.shape[axis] - 1 - places[:, axis]
    part = entry.part
    if part is not None:
        run = np.searchsorted([run.stop for run in part.runs], places[:, part.axis], side="right")
        places[:, part.axis] += np.array([run.shift for run in part.runs], np.int64)[run]
    steps = whole_rectangle(entry.shape if part is None else part.shape, entry.layout).steps
    found: NDArray[np.uint64] = (places.astype(np.uint64) * np.array(steps, np.uint64)).sum(axis=1, dtype=np.uint64)
    return found


def whole_slices(entry: Entry) -> bool:
    """Whether some of its numbers can only be drawn with all the others of their slice."""
    return any(isinstance(draw, OfShape) for draw in entry.draws)


Group = tuple[NDArray[np.intp], tuple[int, ...], Draw, tuple[int, int, int] | None]


def _groups(entry: Entry, places: Places, where: Rectangle) -> Iterator[Group]:
    """The places of each slice and block: which, the slice's indices, the draw, the block's (axis, start, stop)."""
    cut = blocks(entry.shape, entry.layout) if len(set(entry.draws)) > 1 or whole_slices(entry) else ()
    labels = [places[:, axis] for axis in where.stack]
    if len(cut) > 1:
        labels.append(np.searchsorted([block.stop for block in cut], places[:, cut[0].axis], side="right"))
    if not labels:
        yield np.arange(len(places)), (), entry.draw, None
        return
    keys, group = np.unique(np.stack(labels, axis=1), axis=0, return_inverse=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    for key, chosen in zip(keys, np.split(order, np.cumsum(np.bincount(group.reshape(-1)))[:-1]), strict=True):
        index = tuple(map(int, key[: len(where.stack)]))
        block = cut[int(key[-1])] if len(cut) > 1 else None
        draw = entry.draws[int(key[-1])] if block is not None and len(entry.draws) > 1 else entry.draw
        yield chosen, index, draw, None if block is None else (block.axis, block.start, block.stop)


def _region(where: Rectangle, index: tuple[int, ...], block: tuple[int, int, int] | None) -> list[tuple[int, int]]:
    """The rectangle of one slice and block."""
    region = [(0, size) for size in where.shape]
    for axis, at in zip(where.stack, index, strict=True):
        region[axis] = (at, at + 1)
    if block is not None:
        region[block[0]] = block[1:]
    return region
