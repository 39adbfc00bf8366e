"""Which part of a parameter this process holds: a plain tensor is all of it, of a DTensor each process has its shard.

A DTensor's placements cut the whole once for each axis of the mesh, from left to right: `Shard` by the rule of
torch.chunk (equal parts, the last ones smaller or empty), `_StridedShard` as if axes further right had cut before,
which is how FSDP over tensor parallel comes about. What a process holds of an axis is then a few spans of the whole's
indices, and nothing has to be asked of any other process.

References: PyTorch's documentation of torch.distributed.tensor, "Placements"; torch.chunk.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from headstart.errors import InputError
from headstart.plans.verified import Spans


class Shard(NamedTuple):
    """A rectangle of a parameter: where it stands in the whole, and the memory that holds it here."""

    spans: Spans
    memory: Tensor


def is_sharded(tensor: Tensor) -> bool:
    """Whether this is a DTensor; nothing is imported to find out."""
    loaded = sys.modules.get("torch.distributed.tensor")
    return loaded is not None and isinstance(tensor, loaded.DTensor)


def local(tensor: Tensor) -> Tensor:
    """The memory that this process holds of a tensor: its own, or its shard's."""
    if not is_sharded(tensor):
        return tensor.detach()
    sharded: Any = tensor
    with torch.no_grad():
        found: Tensor = sharded.to_local()
    return found.detach()


def shards_of(tensor: Tensor, name: str) -> list[Shard]:
    """The rectangles that this process holds of a tensor with memory; none where it holds nothing.

    Raises:
        InputError: values that are not summed up yet, a placement that nobody knows, or a shard that is not as large as
            its mesh says.
    """
    memory = local(tensor)
    if not is_sharded(tensor):
        return [Shard(tuple((0, size) for size in tensor.shape), memory)]
    sharded: Any = tensor
    mesh, placements, shape = sharded.device_mesh, tuple(sharded.placements), tuple(tensor.shape)
    coordinate = mesh.get_coordinate()
    if coordinate is None:  # this process is not in the mesh
        return []
    cuts = [_cut(placement, name) for placement in placements]
    for order in (from_the_right, from_the_left):
        axes = order(shape, cuts, tuple(mesh.shape), tuple(coordinate))
        if axes is not None and tuple(map(_length, axes)) == tuple(memory.shape):
            return _rectangles(axes, memory)
    raise InputError(
        f"{name} of shape {shape} is placed {placements} on a mesh of {tuple(mesh.shape)}, and what this "
        f"process holds has shape {tuple(memory.shape)}, which is no such part of it. Shard it with distribute_tensor, "
        "fully_shard or parallelize_module, or pass from_local the whole shape."
    )


class Cut(NamedTuple):
    """What one axis of a mesh does to a tensor: nothing (axis None), or a cut along an axis of it.

    `factor` is in how many parts axes further right have cut that axis before.
    """

    axis: int | None
    factor: int = 1


def _cut(placement: Any, name: str) -> Cut:
    kind = type(placement).__name__
    if kind == "Replicate":
        return Cut(None)
    if kind == "Shard":
        return Cut(placement.dim)
    if kind == "_StridedShard":
        return Cut(placement.dim, int(placement.split_factor))
    if placement.is_partial():
        raise InputError(
            f"{name} is placed {placement}: what each process holds is a part of a sum, and no plan says which. "
            "Redistribute it to Replicate() or Shard(...) first."
        )
    raise InputError(f"{name} is placed {placement}, and what that holds is not known. Use Shard(...) or Replicate().")


Axes = list[tuple[tuple[int, int], ...]]  # of each axis of the tensor the spans that are held, in order


def from_the_left(
    shape: Sequence[int], cuts: Sequence[Cut], mesh: Sequence[int], coordinate: Sequence[int]
) -> Axes | None:
    """What a process holds by the definition of the placements.

    >>> from_the_left((10, 4), [Cut(0), Cut(1)], (4, 2), (3, 1))
    [((9, 10),), ((2, 4),)]
    >>> from_the_left((9,), [Cut(0, 2)], (4,), (1,))
    [((2, 4), (6, 7))]
    """
    axes: Axes = [((0, size),) for size in shape]
    for (axis, factor), parts, index in zip(cuts, mesh, coordinate, strict=True):
        if axis is not None:
            pieces = (_chunk(_chunk(axes[axis], factor, part), parts, index) for part in range(factor))
            axes[axis] = _joined(itertools.chain.from_iterable(pieces))
    return axes


def from_the_right(
    shape: Sequence[int], cuts: Sequence[Cut], mesh: Sequence[int], coordinate: Sequence[int]
) -> Axes | None:
    """What a process holds where axes further right really have cut before: FSDP over tensor parallel.

    The definition says the same but for sizes that the mesh does not divide. None where the placements are of another
    kind.

    >>> from_the_right((8,), [Cut(0, 2), Cut(0)], (2, 2), (0, 1))
    [((4, 6),)]
    >>> strided = [Cut(0, 2), Cut(0)]
    >>> from_the_right((9,), strided, (4, 2), (3, 0)), from_the_left((9,), strided, (4, 2), (3, 0))
    ([()], [((8, 9),)])
    """
    axes: Axes = [((0, size),) for size in shape]
    cut_before = [1] * len(shape)
    for (axis, factor), parts, index in reversed(list(zip(cuts, mesh, coordinate, strict=True))):
        if axis is None:
            continue
        if factor != cut_before[axis]:
            return None
        axes[axis] = _chunk(axes[axis], parts, index)
        cut_before[axis] *= parts
    return axes


def _chunk(spans: Sequence[tuple[int, int]], parts: int, index: int) -> tuple[tuple[int, int], ...]:
    """One of the parts that torch.chunk makes of indices."""
    size = _length(spans)
    each = -(-size // parts)
    first, last = min(each * index, size), min(each * (index + 1), size)
    found, before = [], 0
    for start, stop in spans:
        begin, end = max(first - before, 0), min(last - before, stop - start)
        if begin < end:
            found.append((start + begin, start + end))
        before += stop - start
    return tuple(found)


def _joined(spans: Any) -> tuple[tuple[int, int], ...]:
    """Spans that meet are one."""
    found: list[tuple[int, int]] = []
    for start, stop in spans:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return tuple(found)


def _length(spans: Sequence[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in spans)


def _rectangles(axes: Axes, memory: Tensor) -> list[Shard]:
    """Each combination of the axes' spans, with its part of the memory."""
    if math.prod(memory.shape) == 0:
        return []
    found = []
    for spans in itertools.product(*axes):
        place = []
        for span, held in zip(spans, axes, strict=True):
            before = _length(held[: held.index(span)])
            place.append(slice(before, before + span[1] - span[0]))
        found.append(Shard(tuple(spans), memory[tuple(place)]))
    return found
