"""Which axes of a parameter a view of it shows: read from strides and offset, which a meta tensor has too.

An axis of the view may be a piece of one of the parameter's axes (a reshape into heads), or several of them in one (a
flattened kernel). Axes of size 1 show nothing, so they belong to none.
"""

from __future__ import annotations

from collections.abc import Sequence

from headstart.graph.uses import View


def view_of(
    shape: Sequence[int], strides: Sequence[int], offset: int, of_shape: Sequence[int], of_strides: Sequence[int],
    of_offset: int,
) -> View | None:  # fmt: skip
    """How a view lies in a parameter of the same storage; None where its axes cannot be told.

    >>> view_of((8, 6), (1, 8), 0, (6, 8), (8, 1), 0).axes  # a transposition
    ((1,), (0,))
    >>> view_of((4, 8), (8, 1), 32, (12, 8), (8, 1), 0).part  # the second of three blocks
    (0, 4, 8)
    >>> view_of((2, 3, 8), (24, 8, 1), 0, (6, 8), (8, 1), 0).axes  # heads
    ((0,), (0,), (1,))
    """
    places = [
        (stride, size, axis) for axis, (stride, size) in enumerate(zip(of_strides, of_shape, strict=True)) if size > 1
    ]
    axes: list[tuple[int, ...]] = []
    covered: dict[int, int] = {}
    for size, stride in zip(shape, strides, strict=True):
        found: tuple[int, ...] = ()
        if size > 1 and stride > 0:
            run = _run(size, stride, places)
            if run is None:
                return None
            found = tuple(axis for axis, _ in run)
            for axis, count in run:
                covered[axis] = covered.get(axis, 1) * count
        axes.append(found)
    starts = _starts(offset - of_offset, places)
    missing = [axis for _, size, axis in places if covered.get(axis, 1) != size]
    if len(missing) > 1 or starts is None:
        return View(tuple(axes), None, False)
    if not missing:
        return View(tuple(axes), None, not any(starts.values()))
    axis = missing[0]
    start, count = starts.get(axis, 0), covered.get(axis, 1)
    stepped = any(
        found == (axis,) and stride not in _steps(axis, places, shape, strides, axes)
        for found, stride in zip(axes, strides, strict=True)
    )
    if stepped or any(place for other, place in starts.items() if other != axis):
        return View(tuple(axes), None, False)
    return View(tuple(axes), (axis, start, start + count), True)


def _run(size: int, stride: int, places: list[tuple[int, int, int]]) -> list[tuple[int, int]] | None:
    """(axis, how many of its elements) that an axis of the view runs over, the innermost first."""
    run = []
    while size > 1:
        inside = [(of, count, axis) for of, count, axis in places if of <= stride < of * count and stride % of == 0]
        if len(inside) != 1:
            return None
        of, count, axis = inside[0]
        room = count * of // stride
        if size <= room:
            run.append((axis, size))
            return run
        if size % room or room * stride != count * of:
            return None
        run.append((axis, room))
        size, stride = size // room, count * of
    return run


def _steps(
    axis: int,
    places: list[tuple[int, int, int]],
    shape: Sequence[int],
    strides: Sequence[int],
    axes: list[tuple[int, ...]],
) -> set[int]:
    """The strides that pieces of an axis have where nothing between them is left out."""
    own = next(of for of, _, found in places if found == axis)
    steps = set()
    pieces = sorted(
        (stride, size) for size, stride, found in zip(shape, strides, axes, strict=True) if found == (axis,)
    )
    for stride, size in pieces:
        if stride != own:
            break
        steps.add(stride)
        own *= size
    return steps


def _starts(offset: int, places: list[tuple[int, int, int]]) -> dict[int, int] | None:
    """How far along each axis an offset lies; None where it lies outside."""
    starts = {}
    for of, count, axis in sorted(places, reverse=True):
        starts[axis], offset = divmod(offset, of)
        if not 0 <= starts[axis] < count:
            return None
    return starts if offset == 0 else None
