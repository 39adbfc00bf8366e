"""Rectangles: which elements of a weight are asked for, and where each stands in the canonical row-major order.

Element indices count through the logical, global, unpadded weight in the axis order (outputs, inputs, receptive
field), however a framework stores it; of a stack, through each slice anew. A rectangle is the part of a weight between
a start and a stop on every axis.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.check import index, told
from headstart.errors import InputError
from headstart.layout import Block, Layout, canonical_order, check_shape, layout_of, stack_axes

Region = Sequence["slice | tuple[int, int]"]


@dataclass(frozen=True)
class Rectangle:
    """Elements base + sum of k_a steps[a], for k_a from 0 to shape[a] - 1 on each stored axis a.

    `starts` is the rectangle's first corner, at element `base`; `order` lists the stored axes in canonical order:
    stack, outputs, inputs, receptive field. Stack axes have step 0: each of their slices has a stream of its own.
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

    @property
    def stack(self) -> tuple[int, ...]:
        """The stack axes."""
        return tuple(axis for axis in self.order if self.steps[axis] == 0)

    def slices(self) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...], Rectangle]]:
        """Each slice of the stack: its indices, where it stands in the rectangle, and the rectangle of it alone."""
        stack = self.stack
        firsts = [self.starts[axis] for axis in stack]
        for steps in itertools.product(*(range(self.shape[axis]) for axis in stack)):
            place = [slice(None)] * len(self.shape)
            for axis, step in zip(stack, steps, strict=True):
                place[axis] = slice(step, step + 1)
            index = tuple(map(operator.add, firsts, steps))
            yield index, tuple(place), self.at(index)

    def at(self, index: tuple[int, ...]) -> Rectangle:
        """One slice of the stack, given by its indices."""
        shape, starts = list(self.shape), list(self.starts)
        for axis, at in zip(self.stack, index, strict=True):
            shape[axis], starts[axis] = 1, at
        return Rectangle(tuple(shape), tuple(starts), self.steps, self.order)

    def cut(self, whole: Rectangle, values: Any) -> Any:
        """This rectangle's part of the values of a rectangle that holds it."""
        offsets = map(operator.sub, self.starts, whole.starts)
        return values[tuple(slice(at, at + size) for at, size in zip(offsets, self.shape, strict=True))]

    def within(self, block: Block) -> tuple[tuple[slice, ...], Rectangle] | None:
        """The part that lies in a block: where it stands in the rectangle, and the part; None if there is none."""
        axis, first = block.axis, self.starts[block.axis]
        start, stop = max(first, block.start), min(first + self.shape[axis], block.stop)
        if start >= stop:
            return None
        shape, starts, place = list(self.shape), list(self.starts), [slice(None)] * len(self.shape)
        shape[axis], starts[axis], place[axis] = stop - start, start, slice(start - first, stop - first)
        return tuple(place), Rectangle(tuple(shape), tuple(starts), self.steps, self.order)

    def canonical(self) -> Rectangle:
        """The same elements stored in canonical axis order."""
        shape, starts, steps = (
            tuple(row[axis] for axis in self.order) for row in (self.shape, self.starts, self.steps)
        )
        return Rectangle(shape, starts, steps, tuple(range(len(self.order))))

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


def rectangle(shape: Sequence[int], layout: str | Layout = "out_in", region: Region | None = None) -> Rectangle:
    """The rectangle of a weight, by default the whole of it.

    Args:
        shape: the weight's whole shape as it is stored.
        layout: which axes are outputs, inputs and stack; of weights of rank 0 and 1 there is only one order.
        region: one `slice(start, stop)` or `(start, stop)` per axis of the shape.

    Raises:
        InputError: a wrong shape, an unknown layout, or a region that is not inside the shape.

    >>> rectangle((4, 10), region=[(1, 3), slice(2, 7)])
    Rectangle(shape=(2, 5), starts=(1, 2), steps=(10, 1), order=(0, 1))
    """
    whole = whole_rectangle(check_shape(shape), layout_of(layout))
    if region is None:
        return whole
    spans = _spans(region, whole.shape)
    sizes = tuple(stop - start for start, stop in spans)
    return Rectangle(sizes, tuple(start for start, _ in spans), whole.steps, whole.order)


@functools.lru_cache(maxsize=1024)
def whole_rectangle(sizes: tuple[int, ...], layout: Layout) -> Rectangle:
    """All of a weight whose shape has been checked."""
    order = canonical_order(len(sizes), layout)
    stack = stack_axes(len(sizes), layout) if layout.stack_axes else ()
    steps, step = [0] * len(sizes), 1
    for axis in reversed(order[len(stack) :]):
        steps[axis] = step
        step *= max(sizes[axis], 1)
    return Rectangle(sizes, (0,) * len(sizes), tuple(steps), order)


def _spans(region: Region, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """(start, stop) of every axis, checked against the shape."""
    spans = list(region) if isinstance(region, Sequence) and not isinstance(region, str) else None
    if spans is None or len(spans) != len(sizes):
        raise InputError(f"a region has one (start, stop) per axis of shape {sizes}, got {told(region)}.")
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
                raise InputError(f"a region has one (start, stop) per axis, got {told(span)} on axis {axis}.") from None
        try:
            start, stop = index(start), index(stop)
        except TypeError:
            raise InputError(f"a region's limits are integers, got {told(span)} on axis {axis}.") from None
        if not 0 <= start <= stop <= size:
            raise InputError(
                f"a region must lie inside the shape: 0 <= start <= stop <= {size} on axis {axis}, got {told(span)}."
            )
        found.append((start, stop))
    return found
