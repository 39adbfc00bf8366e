"""The bytes of an array, piece by piece in the order of the file, so that no array has to fit into memory.

A piece is a slab of consecutive bytes: some rows of the first axis, or of a row that is too large some of the next
one's. A weight whose numbers depend on each other is made a matrix at a time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.draws.dtypes import FORMATS, convert, numpy_dtype
from headstart.draws.weights import draw_entry
from headstart.models.checkpoints.bfloat16 import numpys, upper_halves
from headstart.models.checkpoints.contents import Content, leading_stack

Bytes = NDArray[np.uint8]


class Piece(NamedTuple):
    """A slab of an array: (start, stop) for each axis."""

    region: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(stop - start for start, stop in self.region)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def pieces(shape: tuple[int, ...], most: int) -> Iterator[Piece]:
    """An array in slabs of at most `most` elements, in the order of its memory.

    >>> [piece.region for piece in pieces((3, 4), 8)]
    [((0, 2), (0, 4)), ((2, 3), (0, 4))]
    >>> [piece.region for piece in pieces((2, 3), 2)]
    [((0, 1), (0, 2)), ((0, 1), (2, 3)), ((1, 2), (0, 2)), ((1, 2), (2, 3))]
    """
    if math.prod(shape) == 0:
        return
    whole = [(0, size) for size in shape]
    axis = next((axis for axis in range(len(shape)) if math.prod(shape[axis + 1 :]) <= most), len(shape))
    if axis == len(shape):  # a number alone
        yield Piece(tuple(whole))
        return
    height = max(1, most // math.prod(shape[axis + 1 :]))
    for outer in itertools.product(*map(range, shape[:axis])):
        for begin in range(0, shape[axis], height):
            rows = (begin, min(begin + height, shape[axis]))
            yield Piece((*((at, at + 1) for at in outer), rows, *whole[axis + 1 :]))


class Sink(Protocol):
    """Where bytes go, in order."""

    most: int

    def space(self, size: int) -> Bytes:
        """Memory for the next `size` bytes, of which there are at most `most`; to be filled before the next call."""


def fill(content: Content, seed: int, dtype: str, sink: Sink, threads: int | None = None) -> None:
    """Put all bytes of an array into a sink.

    Args:
        seed, dtype: as `draw_entry` has them.
        threads: at most so many.
    """
    width = FORMATS[dtype].bytes
    if content.is_matrix:
        for matrix in _matrices(content, seed, dtype, threads):
            for begin in range(0, len(matrix), sink.most):
                part = matrix[begin : begin + sink.most]
                sink.space(len(part))[...] = part
        return
    for piece in pieces(content.shape, sink.most // width):
        space = sink.space(piece.size * width)
        if content.entry is None:
            space[...] = np.tile(_one(content.value, dtype), piece.size)
        else:
            draw_piece(content, piece, seed, dtype, space, threads)


def draw_piece(content: Content, piece: Piece, seed: int, dtype: str, out: Bytes, threads: int | None = None) -> None:
    """Draw a slab into its bytes."""
    assert content.entry is not None
    drawn = numpys(dtype)
    values: NDArray[Any] = np.empty(piece.shape, np.float32) if drawn != dtype else _as(out, piece.shape, dtype)
    draw_entry(content.entry, seed, drawn, region=piece.region, out=values, threads=threads)
    _zero(values, content.entry.zero_row, piece)
    if drawn != dtype:
        _as(out, piece.shape, "uint16")[...] = upper_halves(values).reshape(piece.shape)


def _matrices(content: Content, seed: int, dtype: str, threads: int | None) -> Iterator[Bytes]:
    """Each slice of a stack, or the whole."""
    stack = leading_stack(content)
    inner = tuple((0, size) for size in content.shape[stack:])
    for index in itertools.product(*map(range, content.shape[:stack])):
        piece = Piece((*((at, at + 1) for at in index), *inner))
        whole = np.empty(piece.size * FORMATS[dtype].bytes, np.uint8)
        draw_piece(content, piece, seed, dtype, whole, threads)
        yield whole


def _one(value: float, dtype: str) -> Bytes:
    """The bytes of one number."""
    number = np.full(1, value)
    stored = upper_halves(number.astype(np.float32)) if numpys(dtype) != dtype else convert(number, dtype)
    return stored.view(np.uint8)


def _zero(values: NDArray[Any], row: int | None, piece: Piece) -> None:
    """Make a row zero, where the slab has it."""
    if row is not None and piece.region[0][0] <= row < piece.region[0][1]:
        values[row - piece.region[0][0]] = 0


def _as(out: Bytes, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    kind = np.dtype(np.uint16) if dtype == "uint16" else numpy_dtype(dtype)
    return out.view(kind).reshape(shape)
