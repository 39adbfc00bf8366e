"""The reference: draws by NumPy's integer arithmetic, small and readable; the other backends must give its bits."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.buffers import check_array
from headstart.draws.dtypes import convert, numpy_dtype
from headstart.draws.normal import normal_integers, uniform_integers
from headstart.draws.parts import Part, fill_parts
from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream, words_of_rows
from headstart.errors import InputError

Array = NDArray[Any]
PART = 2**18  # elements drawn at once: the uint64 intermediates then take some 30 MB
FEW = 2**13  # single elements drawn at once: their intermediates stay in a core's cache


def check(out: Any, shape: tuple[int, ...], dtype: str, device: Any) -> None:
    """Refuse a buffer that cannot be filled, and devices, which NumPy arrays do not have."""
    if device is not None:
        raise InputError(f"device is for backends 'torch' and 'jax', got {device!r} with a NumPy backend.")
    if out is not None:
        check_array(out, shape, dtype)
    numpy_dtype(dtype)


def free(device: Any) -> None:
    """NumPy's arrays are in the host's memory."""


def hollow(shape: tuple[int, ...], dtype: str, device: Any) -> None:
    """NumPy's arrays always hold numbers."""


def elementwise(
    recipe: Recipe, source: Stream, where: Rectangle, out: Array | None, device: Any, threads: int | None
) -> Array:
    """The draws of a rectangle."""
    if out is None:
        out = np.empty(where.shape, numpy_dtype(recipe.dtype))
    for at, part in where.split(PART):
        out[at] = part.stored(_weights(recipe, source, part, out.dtype))
    return out


def _weights(recipe: Recipe, source: Stream, where: Rectangle, dtype: np.dtype[Any]) -> Array:
    """The same in canonical axis order."""
    return _numbers(recipe, words_of_rows(source, *where.rows())).astype(dtype, copy=False)


def numbers_at(recipe: Recipe, source: Stream, elements: NDArray[np.uint64]) -> Array:
    """The numbers of single elements, given by their indices in the stream: (n,) float32, or float64."""
    found = np.empty(len(elements), np.float64 if recipe.dtype == "float64" else np.float32)
    for begin in range(0, len(elements), FEW):
        part = slice(begin, begin + FEW)
        found[part] = _numbers(recipe, words_of_rows(source, elements[part], 1)[:, 0])
    return found


def _numbers(recipe: Recipe, words: NDArray[np.uint32]) -> Array:
    """Random words as weights; those of 16-bit types not rounded yet."""
    integers = uniform_integers(words) if recipe.kind == "uniform" else normal_integers(words, recipe.first_magnitude)
    if recipe.dtype == "float64":
        return integers * recipe.scale
    return integers.astype(np.float32) * np.float32(recipe.scale)


def place(values: NDArray[np.float64], shape: tuple[int, ...], dtype: str, out: Array | None, device: Any) -> Array:
    """Numbers made in float64, in their dtype, broadcast to the shape."""
    if out is None:
        out = np.empty(shape, numpy_dtype(dtype))
    out[...] = convert(values, dtype)
    return out


def assemble(
    parts: list[Part], shape: tuple[int, ...], dtype: str, out: Array | None, device: Any, threads: int | None
) -> Array:
    """Blocks and slices, each drawn into its place."""
    if out is None:
        out = np.empty(shape, numpy_dtype(dtype))
    fill_parts(sys.modules[__name__], parts, out, dtype, threads)
    return out
