"""Picks: a parameter that is some blocks, in some order, of a weight that another framework keeps as one.

PyTorch keeps an LSTM's gates in one matrix and attention's query, key and value in one; others keep each alone, or the
gates in another order. Numbers are drawn by the weight that the key names, so a part of it must know which part it is.
The weight is `of` equal blocks along its first output axis; a parameter holds those that it picks.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from headstart.check import whole
from headstart.errors import InputError
from headstart.layout import Layout, blocks


class Run(NamedTuple):
    """Neighbouring blocks of the whole weight that are neighbours in the parameter too.

    Args:
        start, stop: where they lie along the parameter's axis.
        shift: how much further along they lie in the whole weight.
    """

    start: int
    stop: int
    shift: int


class Picked(NamedTuple):
    """A parameter as a part of a whole weight.

    Args:
        axis: along which the blocks lie, as it is stored.
        shape: of the whole weight, its axes as the parameter stores them.
        runs: the pieces of the parameter, in order.
    """

    axis: int
    shape: tuple[int, ...]
    runs: tuple[Run, ...]


def check_picks(picks: Any, of: Any, name: str = "a parameter") -> tuple[tuple[int, ...], int]:
    """Picks as they are kept: none, of 1, where the parameter is the whole weight in order.

    Raises:
        InputError: a block that there is not, or one that is picked twice.

    >>> check_picks((1, 0, 2), 3), check_picks((0, 1), 2)
    (((1, 0, 2), 3), ((), 1))
    """
    of = whole(of, "of, the number of blocks of the whole weight")
    if isinstance(picks, (str, bytes)) or not isinstance(picks, Sequence):
        raise InputError(f"{name}: picks are numbers of blocks, got {picks!r}. Write, for example, picks=(0,), of=4.")
    found = tuple(whole(pick, "the number of a block", 0) for pick in picks)
    if len(set(found)) < len(found) or any(pick >= of for pick in found):
        raise InputError(
            f"{name}: picks are different blocks, from 0 to {of - 1} of {of}, got {found}. "
            "Write, for example, picks=(0,), of=4."
        )
    return ((), 1) if not found or found == tuple(range(of)) else (found, of)


@functools.lru_cache(maxsize=4096)
def picked(shape: tuple[int, ...], layout: Layout, picks: tuple[int, ...], of: int) -> Picked:
    """How a parameter of this shape lies in its whole weight.

    Args:
        picks, of: as `check_picks` gives them, not empty.

    Raises:
        InputError: blocks that do not fill the axis, or a layout that cuts through them.

    >>> picked((8, 5), Layout((0,), (1,)), (1, 0), 3)
    Picked(axis=0, shape=(12, 5), runs=(Run(start=0, stop=4, shift=4), Run(start=4, stop=8, shift=-4)))
    """
    if not shape or layout.groups > 1:
        what = "a number" if not shape else f"a weight of {layout.groups} groups"
        raise InputError(f"{what} is no part of a weight of {of} blocks. Leave picks out.")
    axis, size = pick_axis(len(shape), layout), 0
    if shape[axis] % len(picks):
        raise InputError(
            f"{len(picks)} picked blocks must fill axis {axis} of shape {shape}, got its size {shape[axis]}. "
            "Pick as many blocks as the weight holds."
        )
    size = shape[axis] // len(picks)
    own = blocks(shape, layout)
    edges = {edge for block in own for edge in (block.start, block.stop)}
    inside = own and (own[0].axis != axis or not edges.issuperset(range(0, shape[axis] + 1, size)))
    if inside:
        raise InputError(
            f"blocks of a layout lie within the picked ones, along axis {axis}, got blocks {layout.blocks} of shape "
            f"{shape} and {len(picks)} picks. Write blocks=({axis}, {len(picks)})."
        )
    runs: list[Run] = []
    for at, pick in enumerate(picks):
        shift = (pick - at) * size
        if runs and runs[-1].shift == shift:
            runs[-1] = runs[-1]._replace(stop=(at + 1) * size)
        else:
            runs.append(Run(at * size, (at + 1) * size, shift))
    return Picked(axis, (*shape[:axis], of * size, *shape[axis + 1 :]), tuple(runs))


def pick_axis(rank: int, layout: Layout) -> int:
    """The stored axis along which blocks lie: the first output axis; of a vector, its only one."""
    first = next((axis for axis in layout.out_axes if -rank <= axis < rank), None)
    if first is not None:
        return first % rank
    stack = {axis % rank for axis in layout.stack_axes if -rank <= axis < rank}
    return next(axis for axis in itertools.chain(range(rank)) if axis not in stack) if len(stack) < rank else 0


def parted(layout: Layout, rank: int, picks: tuple[int, ...]) -> Layout:
    """A layout whose picked blocks are layers of their own, as they are in the whole weight."""
    if len(picks) < 2 or layout.blocks is not None or not layout.out_axes:
        return layout
    return replace(layout, blocks=(pick_axis(rank, layout), len(picks)))


def part_words(key: str, picks: tuple[int, ...], of: int) -> str:
    """Which part of which weight, in words.

    >>> part_words("lstm.weight_ih_l0", (1,), 4), part_words("gru.weight_ih_l0", (1, 0, 2), 3)
    ('block 2 of 4 of lstm.weight_ih_l0', 'blocks 2, 1, 3 of 3 of gru.weight_ih_l0')
    """
    numbers = ", ".join(str(pick + 1) for pick in picks)
    return f"{'block' if len(picks) == 1 else 'blocks'} {numbers} of {of} of {key}"
