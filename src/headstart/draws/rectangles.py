"""Rectangles: which elements of a weight are asked for, and where each stands in the canonical row-major order.

Element indices count through the logical, global, unpadded weight in the axis order (outputs, inputs, receptive
field), however a framework stores it. A rectangle is the part of it between a start and a stop on every axis.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.streams import MAX_INDEX
from headstart.errors import InputError, unknown
from headstart.layout import LAYOUTS, Axes

Region = Sequence["slice | tuple[int, int]"]


@dataclass(frozen=True)
class Rectangle:
    """Elements base + sum of k_a steps[a], for k_a from 0 to shape[a] - 1 on each stored axis a.

    `starts` is the rectangle's first corner, at element `base`; `order` lists the stored axes in canonical order:
    outputs, inputs, receptive field.
    """

    shape: tuple[int, ...]
    starts: tuple[int, ...]
    steps: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def base(self) -> int:
        return sum(map(operator.mul, self.starts, self.steps))

    def rows(self) -> tuple[NDArray[np.uint64], int]:
        """The rectangle as runs of consecutive elements in canonical order: their first indices, and their length."""
        if self.size == 0:
            return np.zeros(0, np.uint64), 0
        axes = [(self.shape[axis], self.steps[axis]) for axis in self.order if self.shape[axis] > 1]
        length = 1
        while axes and axes[-1][1] == length:
            length *= axes.pop()[0]
        starts = np.array([self.base], np.uint64)
        for size, step in axes:
            starts = (starts[:, None] + np.arange(size, dtype=np.uint64) * np.uint64(step)).reshape(-1)
        return starts, length

    def split(self, limit: int) -> Iterator[tuple[tuple[slice, ...], Rectangle]]:
        """The rectangle in parts of at most `limit` elements: where each part stands in it, and the part."""
        if self.size <= limit:
            yield tuple(slice(0, size) for size in self.shape), self
            return
        axis = next(axis for axis in self.order if self.shape[axis] > 1)  # the outermost, so that rows stay long
        height = max(1, limit // (self.size // self.shape[axis]))
        for begin in range(0, self.shape[axis], height):
            size = min(height, self.shape[axis] - begin)
            shape, starts = list(self.shape), list(self.starts)
            shape[axis], starts[axis] = size, starts[axis] + begin
            part = Rectangle(tuple(shape), tuple(starts), self.steps, self.order)
            for place, piece in part.split(limit):
                at = list(place)
                at[axis] = slice(begin + place[axis].start, begin + place[axis].stop)
                yield tuple(at), piece

    def stored(self, canonical: Any) -> Any:
        """An array in canonical axis order as a view in the stored order (NumPy and JAX arrays)."""
        shape = [self.shape[axis] for axis in self.order]
        return canonical.reshape(shape).transpose([self.order.index(axis) for axis in range(len(shape))])


def rectangle(shape: Sequence[int], layout: str | Axes = "out_in", region: Region | None = None) -> Rectangle:
    """The rectangle of a weight, by default the whole of it.

    Args:
        shape: the weight's whole shape as it is stored.
        layout: which axes are outputs and inputs; of weights of rank 0 and 1 there is only one order.
        region: one `slice(start, stop)` or `(start, stop)` per axis of the shape.

    Raises:
        InputError: a wrong shape, an unknown layout, or a region that is not inside the shape.

    >>> rectangle((4, 10), region=[(1, 3), slice(2, 7)])
    Rectangle(shape=(2, 5), starts=(1, 2), steps=(10, 1), order=(0, 1))
    """
    sizes = check_shape(shape)
    order = canonical_order(len(sizes), layout)
    steps, step = [0] * len(sizes), 1
    for axis in reversed(order):
        steps[axis] = step
        step *= max(sizes[axis], 1)
    spans = [(0, size) for size in sizes] if region is None else _spans(region, sizes)
    shape_of_part = tuple(stop - start for start, stop in spans)
    return Rectangle(shape_of_part, tuple(start for start, _ in spans), tuple(steps), order)


def canonical_order(rank: int, layout: str | Axes) -> tuple[int, ...]:
    """The stored axes in canonical order: outputs, inputs, the others."""
    if not isinstance(layout, Axes) and str(layout) not in LAYOUTS:
        raise unknown("layout", str(layout), LAYOUTS)
    axes = LAYOUTS[str(layout)] if not isinstance(layout, Axes) else layout
    named = (*axes.out_axes, *axes.in_axes)
    if rank < 2 or any(not -rank <= axis < rank for axis in named):
        return tuple(range(rank))  # a vector, or a weight that has no such axes: stored order
    first = tuple(axis % rank for axis in named)
    return (*first, *(axis for axis in range(rank) if axis not in first))


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape as a tuple of sizes of at least 0, with fewer than 2^63 elements."""
    try:
        if isinstance(shape, (str, bytes)) or any(isinstance(size, (bool, np.bool_)) for size in shape):
            raise TypeError
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        raise InputError(
            f"a shape is a sequence of integers, got {shape!r}. Write, for example, (64, 3, 5, 5)."
        ) from None
    if any(size < 0 for size in sizes):
        raise InputError(f"every size of a shape must be at least 0, got {sizes}.")
    if math.prod(size for size in sizes if size) >= MAX_INDEX:
        raise InputError(f"a weight has fewer than 2^63 elements, got shape {sizes}.")
    return sizes


def _spans(region: Region, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """(start, stop) of every axis, checked against the shape."""
    spans = list(region) if isinstance(region, Sequence) and not isinstance(region, str) else None
    if spans is None or len(spans) != len(sizes):
        raise InputError(f"a region has one (start, stop) per axis of shape {sizes}, got {region!r}.")
    found = []
    for axis, (span, size) in enumerate(zip(spans, sizes, strict=True)):
        if isinstance(span, slice):
            if span.step not in (None, 1):
                raise InputError(f"a region's slices have step 1, got {span} on axis {axis}.")
            start, stop = 0 if span.start is None else span.start, size if span.stop is None else span.stop
        else:
            try:
                start, stop = span
            except (TypeError, ValueError):
                raise InputError(f"a region has one (start, stop) per axis, got {span!r} on axis {axis}.") from None
        try:
            start, stop = operator.index(start), operator.index(stop)
        except TypeError:
            raise InputError(f"a region's limits are integers, got {span!r} on axis {axis}.") from None
        if not 0 <= start <= stop <= size:
            raise InputError(
                f"a region must lie inside the shape: 0 <= start <= stop <= {size} on axis {axis}, got {span!r}."
            )
        found.append((start, stop))
    return found
