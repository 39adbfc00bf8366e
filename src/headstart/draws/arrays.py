"""Whole arrays and rectangles: a draw, a shape and a stream become the array of the library that was asked for.

Four implementations give the same bits: NumPy's (the reference), compiled code (Numba), PyTorch tensor operations and
JAX. Each is one module with the functions of `Backend`, and loads when it is first used.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from headstart.check import whole
from headstart.draws.backends import numba_backend, numpy_backend
from headstart.draws.choice import BACKENDS, backend_for
from headstart.draws.cost import check_memory, check_pieces
from headstart.draws.dtypes import dtype_name
from headstart.draws.matrices import MatrixDraw, check_matrix, draw_matrix
from headstart.draws.normal import UNIT
from headstart.draws.parts import Index, Part, Values
from headstart.draws.recipes import Recipe, check_finite, recipe
from headstart.draws.rectangles import Rectangle, Region, rectangle, whole_rectangle
from headstart.draws.streams import Stream, slice_name, stream, words_of_rows
from headstart.draws.untraced import untraced
from headstart.errors import InputError
from headstart.layout import Block, Layout, block_shape, blocks, check_shape, grid, layout_of
from headstart.schemes.distributions import Constant, Draw, Normal, OfShape, TruncatedNormal, Uniform

__all__ = ["BACKENDS", "Backend", "draw_array"]

MASK = ":mask"  # ends the role of the stream that chooses a sparse weight's zeros
_SINGLE = Recipe("normal", UNIT, "float64")  # standard normal numbers


class Backend(Protocol):
    """What a backend's module offers."""

    def check(self, out: Any, shape: tuple[int, ...], dtype: str, device: Any) -> None:
        """Refuse a buffer, dtype or device that this library cannot use; nothing is written yet."""

    def free(self, device: Any) -> int | None:
        """Bytes that a device of its own memory leaves; None for the host."""

    def hollow(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        """A result without numbers, where that is what is asked for (a meta device); otherwise None."""

    def elementwise(
        self, recipe: Recipe, source: Stream, where: Rectangle, out: Any, device: Any, threads: int | None
    ) -> Any:
        """The draws of a rectangle of one slice, written into `out` where it is given."""

    def place(self, values: NDArray[np.float64], shape: tuple[int, ...], dtype: str, out: Any, device: Any) -> Any:
        """Numbers made on the host in float64, converted, broadcast to the shape, written into `out` if given."""

    def assemble(
        self, parts: list[Part], shape: tuple[int, ...], dtype: str, out: Any, device: Any, threads: int | None
    ) -> Any:
        """Blocks and slices put together, written into `out` if given."""


@untraced
def draw_array(
    draw: Draw | Sequence[Draw],
    shape: Sequence[int],
    seed: int,
    name: str,
    role: str = "weight",
    dtype: Any = np.float32,
    *,
    layout: str | Layout = "out_in",
    region: Region | None = None,
    out: Any = None,
    backend: str | None = None,
    device: Any = None,
    threads: int | None = None,
) -> Any:
    """The numbers of one parameter: the same arguments give the same bits, on any backend and any machine.

    Args:
        draw: a complete distribution; or one per block of the layout. Orthogonal draws are the same to 1e-12 (before
            rounding), not to the bit.
        shape: the weight's whole shape as it is stored; sizes may be 0.
        seed: 0 to 2^64 - 1.
        name: the parameter's name; other names give other numbers under the same seed. Of a stacked weight, see
            `streams.slice_name`.
        role: what the parameter is for ("weight", "bias").
        dtype: float32, float64, float16 or bfloat16. 16-bit results are the float32 result rounded; a float64 result
            is the same integer as the float32 one, not rounded to float32 before it is scaled.
        layout: a name in `layout.LAYOUTS` or a `Layout`: which axes are outputs, inputs and stack, and the blocks; the
            numbers are the same, transposed.
        region: one (start, stop) or slice per axis: only this part, equal to that part of the whole.
        out: fill this array (or torch tensor) in place and return it; any strides.
        backend: "numpy", "numba" (both return NumPy arrays), "torch" or "jax"; None for the library that `out` or
            `device` belongs to, or else "numba".
        device: of the torch tensor; or the JAX device or sharding.
        threads: at most so many, for the compiled draws; the number changes no bit.

    Raises:
        InputError: an argument breaks these rules; `out` is unchanged then.

    >>> draw_array(Normal(0.1), (2, 3), seed=0, name="layers.0.weight")
    array([[-0.09374981,  0.02878802, -0.00183421],
           [-0.04859983,  0.05117696, -0.1434214 ]], dtype=float32)
    """
    kind, found = dtype_name(dtype), layout_of(layout)
    where = rectangle(shape, found, region)
    chosen = backend_for(backend, out, device)
    library = _library(chosen)
    source = stream(seed, name, role)  # checks all three
    threads = None if threads is None else whole(threads, "threads")
    library.check(out, where.shape, kind, device)
    shape = check_shape(shape)
    hollow = library.hollow(where.shape, kind, device) if out is None else None
    if hollow is None:
        check_memory(draw, shape, where, kind, chosen, filled=out is not None, free=library.free(device))
    if isinstance(draw, (Normal, Uniform, TruncatedNormal)) and not found.stack_axes:
        made = recipe(draw, kind)
        return hollow if hollow is not None else library.elementwise(made, source, where, out, device, threads)
    job = _Job(shape, found, source, seed, name, role, kind, numpy_backend if chosen == "numpy" else numba_backend)
    parts = job.parts(draw, where)
    if hollow is not None:
        return hollow
    if len(parts) == 1 and not where.stack and parts[0].values is not None:
        return library.place(parts[0].values((), where), where.shape, kind, out, device)
    return library.assemble(parts, where.shape, kind, out, device, threads)


def _library(backend: str) -> Backend:
    if backend == "numba":
        return cast(Backend, numba_backend)
    if backend == "numpy":
        return cast(Backend, numpy_backend)
    try:
        return cast(Backend, importlib.import_module(f"headstart.draws.backends.{backend}_backend"))
    except ModuleNotFoundError as error:
        if error.name != backend:
            raise
        raise InputError(
            f"backend '{backend}' needs {backend}, which is not installed. Install headstart[{backend}]."
        ) from None


@dataclass(frozen=True)
class _Job:
    """One call's weight, cut into the parts that its blocks and draws make; `source` is its stream if no stack."""

    shape: tuple[int, ...]
    layout: Layout
    source: Stream
    seed: int
    name: str
    role: str
    dtype: str
    host: Any

    def streams(self, index: Index, suffix: str = "") -> Stream:
        """The stream of a slice."""
        if not index and not suffix:
            return self.source
        return stream(self.seed, slice_name(self.name, index), self.role + suffix)

    def parts(self, draw: Draw | Sequence[Draw], where: Rectangle) -> list[Part]:
        """The parts of a rectangle; every draw is checked, and the name too, before anything is written."""
        slice_name(self.name, (0,) * len(self.layout.stack_axes))
        cut = blocks(self.shape, self.layout)
        check_pieces(draw, where, cut, self.layout)
        draws = (draw,) * max(len(cut), 1) if not isinstance(draw, Sequence) else tuple(draw)
        if len(draws) != max(len(cut), 1):
            raise InputError(f"a weight of {max(len(cut), 1)} blocks has as many draws, got {len(draws)}.")
        if not cut or (len(set(draws)) == 1 and not isinstance(draws[0], OfShape)):  # blocks are all the same
            return [self._part(draws[0], None, (slice(None),) * len(self.shape), where)]
        found = []
        for block, one in zip(cut, draws, strict=True):
            inside = where.within(block)
            part = self._part(one, block, *(inside or ((), where)))  # checked, though nothing of it is asked for
            found += [part] if inside else []
        return found

    def _part(self, draw: Draw, block: Block | None, place: tuple[slice, ...], where: Rectangle) -> Part:
        if isinstance(draw, (Normal, Uniform, TruncatedNormal)):
            return Part(place, where, self.streams, recipe=recipe(draw, self.dtype))
        if isinstance(draw, Constant):
            value: NDArray[np.float64] = np.array(check_finite(draw.value, self.dtype))
            return Part(place, where, self.streams, values=lambda index, where: value)
        return Part(place, where, self.streams, values=self._matrices(draw, block))

    def _matrices(self, draw: MatrixDraw, block: Block | None) -> Values:
        """The function from a slice of the stack and a rectangle of it to the numbers there."""
        if len(self.shape) - len(self.layout.stack_axes) < 2:
            raise InputError(
                f"{_noun(draw)} weight needs at least two axes (outputs, inputs), got shape {self.shape}. "
                "Draw vectors from a normal or uniform scheme."
            )
        shape = self.shape if block is None else block_shape(self.shape, block)
        sizes = grid(shape, self.layout)
        check_matrix(draw, sizes, self.layout, self.dtype)
        whole = whole_rectangle(self.shape, self.layout)
        inside = whole.within(block) if block is not None else None
        of_block = whole if inside is None else inside[1]

        def values(index: Index, where: Rectangle) -> NDArray[np.float64]:
            one = of_block.at(index)
            normals = functools.partial(self._normals, self.streams(index), one)
            words = functools.partial(self._words, index, one)
            made = draw_matrix(draw, sizes, self.layout, normals, words)
            part: NDArray[np.float64] = where.cut(one, one.stored(made))
            return part

        return values

    def _normals(self, source: Stream, block: Rectangle, first: int, count: int) -> NDArray[np.float64]:
        """Standard normal numbers of a block's elements in canonical order, from its `first`."""
        starts, _ = block.rows()
        one_run = Rectangle((count,), (int(starts[0]) + first,), (1,), (0,))
        run = one_run if len(starts) == 1 else block.canonical()
        made: NDArray[np.float64] = self.host.elementwise(_SINGLE, source, run, None, None, None)
        return made if len(starts) == 1 else made.reshape(-1)[first : first + count]

    def _words(self, index: Index, block: Rectangle, first: int, count: int) -> NDArray[np.uint32]:
        """Random words that choose among a block's elements in canonical order, from its `first`."""
        source = self.streams(index, MASK)
        starts, length = block.rows()
        if len(starts) == 1:
            row: NDArray[np.uint32] = words_of_rows(source, starts + np.uint64(first), count)[0]
            return row
        return words_of_rows(source, starts, length).reshape(-1)[first : first + count]


def _noun(draw: MatrixDraw) -> str:
    return {"Orthogonal": "an orthogonal", "DeltaOrthogonal": "a delta-orthogonal", "Identity": "an identity",
            "Sparse": "a sparse"}[type(draw).__name__]  # fmt: skip


def draw_streams(
    draw: Draw | Sequence[Draw],
    shape: tuple[int, ...],
    streams: Callable[[Index, str], Stream],
    dtype: str,
    layout: Layout,
    region: Region | None = None,
) -> NDArray[Any]:
    """The numbers of one parameter from streams that are given, not named: for callers with random keys of their own.

    Args:
        streams: from a slice of the stack and "" or `MASK`, for what chooses a sparse weight's zeros, to its stream.
        draw, shape, dtype, layout, region: as `draw_array` has them.

    Returns:
        A NumPy array.
    """
    where = rectangle(shape, layout, region)
    check_memory(draw, shape, where, dtype, "numba", filled=False, free=None)
    job = _Streamed(check_shape(shape), layout, Stream(0, 0, 0, 0), 0, "given", "weight", dtype, numba_backend, streams)
    made: NDArray[Any] = numba_backend.assemble(job.parts(draw, where), where.shape, dtype, None, None, None)
    return made


@dataclass(frozen=True)
class _Streamed(_Job):
    """A job whose streams are given."""

    given: Callable[[Index, str], Stream]

    def streams(self, index: Index, suffix: str = "") -> Stream:
        return self.given(index, suffix)
