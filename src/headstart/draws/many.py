"""Many small arrays at once: one parameter of many networks, each with its own seed and draw.

A call per array costs a hundred microseconds, more than training some networks takes; here the compiled code is called
once for all. The bits are those of `draw_array`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.draws.arrays import draw_array
from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numba_backend import BLOCK, kind_of, run_blocks, table_address
from headstart.draws.dtypes import FORMATS
from headstart.draws.recipes import Recipe, check_finite, recipe
from headstart.draws.streams import Stream, stream
from headstart.schemes.distributions import Constant, Draw, Normal, TruncatedNormal, Uniform


def draw_many(
    draws: Sequence[Draw], shape: tuple[int, ...], seeds: Sequence[int], name: str, role: str, out: NDArray[Any]
) -> None:
    """Row i of `out` becomes the i-th draw of this parameter under the i-th seed.

    Args:
        draws, seeds: one per row.
        shape: of the parameter, whose axes are (out, in).
        name, role: of the parameter.
        out: (rows, elements) float32 or float64, the elements of a row side by side in memory.

    Raises:
        InputError: as `draw_array`; what is written by then is unspecified.

    >>> rows = np.empty((2, 6), np.float32)
    >>> draw_many([Normal(0.1), Normal(0.2)], (2, 3), [0, 0], "w", "weight", rows)
    >>> bool((rows[1] == 2 * rows[0]).all())
    True
    """
    elementwise = [i for i, draw in enumerate(draws) if isinstance(draw, (Normal, Uniform, TruncatedNormal))]
    if len(elementwise) == len(draws):
        _fill(draws, shape, seeds, name, role, out)
        return
    for i, (draw, seed) in enumerate(zip(draws, seeds, strict=True)):
        if isinstance(draw, Constant):
            out[i] = check_finite(draw.value, out.dtype.name)
        elif i not in elementwise:
            out[i] = draw_array(draw, shape, seed, name, role, out.dtype).reshape(-1)
    if elementwise:  # fancy indexing copies, so these rows are made apart
        rows = np.empty((len(elementwise), out.shape[1]), out.dtype)
        _fill([draws[i] for i in elementwise], shape, [seeds[i] for i in elementwise], name, role, rows)
        out[elementwise] = rows


class Target(NamedTuple):
    """Consecutive memory that becomes the elements of one stream, in order.

    Args:
        address: of the first element.
        size: how many elements.
        recipe: how they are made; its dtype is the memory's.
        source: their stream.
    """

    address: int
    size: int
    recipe: Recipe
    source: Stream


def fill_targets(targets: Sequence[Target], threads: int | None = None) -> None:
    """Write many arrays of any sizes, whole ones and parts of large ones side by side on several threads."""
    from headstart.draws.backends import kernels

    for dtype in dict.fromkeys(target.recipe.dtype for target in targets):
        chosen = [target for target in targets if target.recipe.dtype == dtype]
        pieces = [
            (i, begin, min(BLOCK, target.size - begin))
            for i, target in enumerate(chosen)
            for begin in range(0, target.size, BLOCK)
        ]
        place, begins, counts = np.array(pieces, np.int64).reshape(-1, 3).T
        width = FORMATS[dtype].bytes
        addresses = np.array([target.address for target in chosen], np.int64)[place] + begins * width
        keys = np.array([target.source for target in chosen], np.int64)[place]
        kinds = np.array([kind_of(target.recipe) for target in chosen], np.int64)[place]
        scales = np.array([target.recipe.scale for target in chosen], np.float64)[place]
        firsts = np.array([target.recipe.first_magnitude for target in chosen], np.int64)[place]
        # neighbours are one piece of work until they are as large as a block
        ends = np.flatnonzero(np.diff(np.cumsum(counts) // BLOCK)) + 1
        edges = [0, *ends.tolist(), len(counts)]

        def work(
            piece: int, edges: Any = edges, given: Any = (kinds, addresses, begins, counts, keys, scales, firsts),
            view: Any = kernels.NUMBA_VIEWS[dtype],
        ) -> None:  # fmt: skip
            cut = slice(edges[piece], edges[piece + 1])
            kind, address, begin, count, key, scale, first = (array[cut] for array in given)
            kernels.fill_streams(
                np.empty(kernels.GROUP, view), kind, address, begin, count, key, table_address(), scale, first
            )

        run_blocks(work, len(edges) - 1, threads, 1)


def _fill(
    draws: Sequence[Any], shape: tuple[int, ...], seeds: Sequence[int], name: str, role: str, out: NDArray[Any]
) -> None:
    if not compiles():
        for row, draw, seed in zip(out, draws, seeds, strict=True):
            row[:] = draw_array(draw, shape, seed, name, role, out.dtype).reshape(-1)
        return
    size, address, step = math.prod(shape), out.__array_interface__["data"][0], out.strides[0]
    recipes = {draw: recipe(draw, out.dtype.name) for draw in dict.fromkeys(draws)}
    targets = [
        Target(address + i * step, size, recipes[draw], stream(seed, name, role))
        for i, (draw, seed) in enumerate(zip(draws, seeds, strict=True))
    ]
    fill_targets(targets, threads=1)
