"""Compiled draws: writes into given memory, in parallel, with no temporary of its size.

The work is cut into blocks of elements that threads take one after another; since every element is a function of its
index, neither the number of threads nor the size of the blocks can change a bit.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.backends import numpy_backend
from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numpy_backend import check, free, hollow, place
from headstart.draws.dtypes import numpy_dtype
from headstart.draws.normal import table
from headstart.draws.parts import Part, fill_parts
from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream, words_of_rows

__all__ = ["assemble", "check", "elementwise", "fill", "fill_at", "free", "hollow", "place", "table_address", "words"]

BLOCK = 2**20  # elements a thread takes at once: 0.4 to 1.5 ms of work
SMALL = 4096  # elements that do not repay loading Numba: NumPy draws them until something else has loaded it
_CONSECUTIVE = np.zeros((0, 3), np.int64)


def elementwise(
    recipe: Recipe, source: Stream, where: Rectangle, out: NDArray[Any] | None, device: Any, threads: int | None
) -> NDArray[Any]:
    """The draws of a rectangle."""
    if (where.size <= SMALL and "numba" not in sys.modules) or not compiles():
        return numpy_backend.elementwise(recipe, source, where, out, device, threads)
    if out is None:
        out = np.empty(where.shape, numpy_dtype(recipe.dtype))
    fill(out, recipe, source, where, threads)
    return out


def assemble(
    parts: list[Part], shape: tuple[int, ...], dtype: str, out: NDArray[Any] | None, device: Any, threads: int | None
) -> NDArray[Any]:
    """Blocks and slices, each drawn into its place."""
    if out is None:
        out = np.empty(shape, numpy_dtype(dtype))
    fill_parts(sys.modules[__name__], parts, out, dtype, threads)
    return out


def fill(
    out: NDArray[Any],
    recipe: Recipe,
    source: Stream,
    where: Rectangle,
    threads: int | None = None,
    block: int = BLOCK,
) -> None:
    """Write a rectangle's draws into an array of the rectangle's shape, with any strides.

    Args:
        out: memory of the recipe's dtype (16-bit types: any array of that width), not overlapping itself.
        threads: at most so many; by default one per processor this process may use, for arrays that repay them.
        block: elements a thread takes at once.
    """
    if where.size == 0:
        return
    address = out.__array_interface__["data"][0]
    outer, length, step = _rows(where, out.strides, out.itemsize)
    fill_at(address, recipe, source, where.base, outer, length, step, where.size, threads, block)


def fill_at(
    address: int,
    recipe: Recipe,
    source: Stream,
    base: int,
    outer: NDArray[np.int64],
    length: int,
    step: int,
    size: int,
    threads: int | None = None,
    block: int = BLOCK,
) -> None:
    """The same for memory given by its address; the rows as `kernels.fill_rows` takes them."""
    from headstart.draws.backends import kernels

    kind, view = kind_of(recipe), kernels.NUMBA_VIEWS[recipe.dtype]

    def work(begin: int) -> None:
        kernels.fill_rows(
            np.empty(kernels.GROUP, view), kind, address, base, outer, length, step, begin, min(begin + block, size),
            *source, table_address(), recipe.scale, recipe.first_magnitude,
        )  # fmt: skip

    run_blocks(work, size, threads, block)


def kind_of(recipe: Recipe) -> int:
    """The kernel's number for a recipe's kind."""
    from headstart.draws.backends import kernels

    if recipe.kind == "uniform":
        return kernels.UNIFORM
    return kernels.TRUNCATED if recipe.first_magnitude else kernels.NORMAL


def is_consecutive(where: Rectangle, strides: tuple[int, ...], itemsize: int) -> bool:
    """Whether a rectangle's elements lie in memory in their canonical order, without a gap."""
    outer, length, step = _rows(where, strides, itemsize)
    return len(outer) == 0 and length == where.size and step == itemsize


def words(source: Stream, start: int, count: int) -> NDArray[np.uint32]:
    """The raw words of consecutive elements."""
    out = np.empty(count, np.uint32)
    if not compiles():
        for begin in range(0, count, numpy_backend.PART):
            length = min(numpy_backend.PART, count - begin)
            out[begin : begin + length] = words_of_rows(source, np.array([start + begin], np.uint64), length)[0]
        return out
    from headstart.draws.backends import kernels

    kernels.fill_words(np.empty(kernels.GROUP, np.uint32), out.ctypes.data, start, count, *source)
    return out


def run_blocks(work: Any, size: int, threads: int | None, block: int) -> None:
    """Call work(begin) for every block of `size` elements, on several threads where there are several blocks."""
    begins = range(0, size, block)
    workers = min(threads or usable_processors(), len(begins))
    if workers <= 1:
        for begin in begins:
            work(begin)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, begins):
            pass


def usable_processors() -> int:
    """Processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _rows(where: Rectangle, strides: tuple[int, ...], itemsize: int) -> tuple[NDArray[np.int64], int, int]:
    """The axes above the rows (size, index step, byte step), the rows' length and their byte step.

    Neighbouring axes that run on both in index and in memory become one.
    """
    axes: list[tuple[int, int, int]] = []
    for axis in where.order:
        size, step, stride = where.shape[axis], where.steps[axis], strides[axis]
        if size == 1:
            continue
        if axes and axes[-1][1] == size * step and axes[-1][2] == size * stride:
            size *= axes.pop()[0]
        axes.append((size, step, stride))
    length, stride = 1, itemsize
    if axes and axes[-1][1] == 1:
        length, _, stride = axes.pop()
    return np.array(axes, np.int64).reshape(-1, 3) if axes else _CONSECUTIVE, length, stride


@functools.cache
def table_address() -> int:
    """Where the table of the inverse CDF lies."""
    return int(table().ctypes.data)
