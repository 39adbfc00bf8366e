"""The numbers of one entry of a plan, or of a part of it: what every adapter and every file of weights holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.draws.arrays import draw_array
from headstart.draws.rectangles import Rectangle, Region, rectangle
from headstart.draws.untraced import untraced
from headstart.layout import field_axes
from headstart.plans import Entry


@untraced
def draw_entry(
    entry: Entry,
    seed: int,
    dtype: Any = "float32",
    *,
    region: Region | None = None,
    out: Any = None,
    backend: str | None = None,
    device: Any = None,
    threads: int | None = None,
) -> Any:
    """The numbers that a plan gives a parameter: the same bits whoever asks, and however it is cut.

    Args:
        entry: of a plan.
        seed, dtype, region, out, backend, device, threads: as `draw_array` has them; a region is of the stored shape.

    Raises:
        InputError: as `draw_array`, with the parameter's name.

    >>> from headstart.plans import Parameter, plan_parameters
    >>> entry = plan_parameters([Parameter("weight", (4, 3))], "he")["weight"]
    >>> bool((draw_entry(entry, 0, region=[(1, 2), (0, 3)]) == draw_entry(entry, 0)[1:2]).all())
    True
    """
    draws = entry.draws if len(entry.draws) > 1 else entry.draw
    mirrored = field_axes(len(entry.shape), entry.layout) if entry.flip else ()
    if not mirrored:
        return draw_array(
            draws, entry.shape, seed, entry.key, entry.stream_role, dtype, layout=entry.layout, region=region, out=out,
            backend=backend, device=device, threads=threads, part=entry.part,
        )  # fmt: skip
    other = None if region is None else _mirrored(rectangle(entry.shape, entry.layout, region), entry.shape, mirrored)
    made = draw_array(
        draws, entry.shape, seed, entry.key, entry.stream_role, dtype, layout=entry.layout, region=other, out=out,
        backend=backend, device=device, threads=threads, part=entry.part,
    )  # fmt: skip
    turned = _turned(made, mirrored)
    if out is None:
        return turned
    out[...] = turned
    return out


def _mirrored(where: Rectangle, shape: tuple[int, ...], axes: tuple[int, ...]) -> list[tuple[int, int]]:
    """The region whose mirror image a rectangle is."""
    spans = [(start, start + size) for start, size in zip(where.starts, where.shape, strict=True)]
    for axis in axes:
        start, stop = spans[axis]
        spans[axis] = (shape[axis] - stop, shape[axis] - start)
    return spans


def _turned(values: Any, axes: tuple[int, ...]) -> Any:
    """An array or tensor of any library mirrored along some axes, in memory of its own."""
    if isinstance(values, np.ndarray):
        return np.flip(values, axes).copy()
    if type(values).__module__.partition(".")[0] == "torch" or hasattr(values, "data_ptr"):
        return values.flip(axes)  # a copy, as PyTorch has no negative strides
    return values[tuple(slice(None, None, -1) if axis in axes else slice(None) for axis in range(values.ndim))]
