"""Whole arrays and rectangles: a draw, a shape and a stream become the array of the library that was asked for.

Four implementations give the same bits: NumPy's (the reference), compiled code (Numba), PyTorch tensor operations and
JAX. Each is one module with the functions of `Backend`, and loads when it is first used.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from headstart.draws.backends import numba_backend, numpy_backend
from headstart.draws.dtypes import dtype_name
from headstart.draws.matrices import MatrixDraw, draw_matrix
from headstart.draws.normal import UNIT
from headstart.draws.recipes import Recipe, check_finite, recipe
from headstart.draws.rectangles import Rectangle, Region, check_shape, rectangle
from headstart.draws.streams import Stream, stream, words_of_rows
from headstart.errors import InputError, unknown
from headstart.layout import LAYOUTS, Axes
from headstart.schemes.distributions import Constant, Draw, Normal, TruncatedNormal, Uniform

BACKENDS = ("numpy", "numba", "torch", "jax")
MASK = ":mask"  # ends the role of the stream that chooses a sparse weight's zeros


class Backend(Protocol):
    """What a backend's module offers."""

    def check(self, out: Any, shape: tuple[int, ...], dtype: str, device: Any) -> None:
        """Refuse a buffer, dtype or device that this library cannot use; nothing is written yet."""

    def elementwise(
        self, recipe: Recipe, source: Stream, where: Rectangle, out: Any, device: Any, threads: int | None
    ) -> Any:
        """The draws of a rectangle, written into `out` where it is given."""

    def place(self, values: NDArray[np.float64], shape: tuple[int, ...], dtype: str, out: Any, device: Any) -> Any:
        """Numbers made on the host in float64, converted, broadcast to the shape, written into `out` if given."""


def draw_array(
    draw: Draw,
    shape: Sequence[int],
    seed: int,
    name: str,
    role: str = "weight",
    dtype: Any = np.float32,
    *,
    layout: str | Axes = "out_in",
    region: Region | None = None,
    out: Any = None,
    backend: str = "numba",
    device: Any = None,
    threads: int | None = None,
) -> Any:
    """The numbers of one parameter: the same arguments give the same bits, on any backend and any machine.

    Args:
        draw: a complete distribution. Orthogonal draws are the same to 1e-12 (before rounding), not to the bit.
        shape: the weight's whole shape as it is stored; sizes may be 0.
        seed: 0 to 2^64 - 1.
        name: the parameter's name; other names give other numbers under the same seed.
        role: what the parameter is for ("weight", "bias").
        dtype: float32, float64, float16 or bfloat16. 16-bit results are the float32 result rounded; a float64 result
            is the same integer as the float32 one, not rounded to float32 before it is scaled.
        layout: "out_in", "in_out" or `Axes`: which axes are outputs and inputs; the numbers are the same, transposed.
        region: one (start, stop) or slice per axis: only this part, equal to that part of the whole.
        out: fill this array (or torch tensor) in place and return it; any strides.
        backend: "numpy", "numba" (both return NumPy arrays), "torch" or "jax".
        device: of the torch tensor; or the JAX device or sharding.
        threads: at most so many, for the compiled draws; the number changes no bit.

    Raises:
        InputError: an argument breaks these rules; `out` is unchanged then.

    >>> draw_array(Normal(0.1), (2, 3), seed=0, name="layers.0.weight")
    array([[-0.09374981,  0.02878802, -0.00183421],
           [-0.04859983,  0.05117696, -0.1434214 ]], dtype=float32)
    """
    kind = dtype_name(dtype)
    where = rectangle(shape, layout, region)
    source = stream(seed, name, role)
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise InputError(f"threads must be an integer of at least 1, got {threads!r}.")
    library = _library(backend)
    library.check(out, where.shape, kind, device)
    if isinstance(draw, (Normal, Uniform, TruncatedNormal)):
        return library.elementwise(recipe(draw, kind), source, where, out, device, threads)
    if isinstance(draw, Constant):
        values: NDArray[np.float64] = np.array(check_finite(draw.value, kind))
    else:
        mask_source = stream(seed, name, role + MASK)
        values = _matrix(draw, check_shape(shape), layout, where, source, mask_source, backend)
    return library.place(values, where.shape, kind, out, device)


def _library(backend: str) -> Backend:
    if backend == "numba":
        return cast(Backend, numba_backend)
    if backend == "numpy":
        return cast(Backend, numpy_backend)
    if backend not in BACKENDS:
        raise unknown("backend", str(backend), BACKENDS)
    try:
        return cast(Backend, importlib.import_module(f"headstart.draws.backends.{backend}_backend"))
    except ModuleNotFoundError as error:
        if error.name != backend:
            raise
        raise InputError(
            f"backend '{backend}' needs {backend}, which is not installed. Install headstart[{backend}]."
        ) from None


def _matrix(
    draw: MatrixDraw,
    shape: tuple[int, ...],
    layout: str | Axes,
    where: Rectangle,
    source: Stream,
    mask_source: Stream,
    backend: str,
) -> NDArray[np.float64]:
    """The rectangle of a draw that needs the whole weight, in the stored axis order."""
    axes = LAYOUTS[layout] if isinstance(layout, str) else layout
    canonical = tuple(shape[axis] for axis in where.order)
    outs, ins = len(axes.out_axes), len(axes.in_axes)
    collapsed = canonical
    if len(shape) >= 2:  # several output or input axes count as one
        collapsed = (math.prod(canonical[:outs]), math.prod(canonical[outs : outs + ins]), *canonical[outs + ins :])
    host = numpy_backend if backend == "numpy" else numba_backend
    single = Recipe("normal", UNIT, "float64")

    def normals(first: int, count: int) -> NDArray[np.float64]:
        standard: NDArray[np.float64] = host.elementwise(
            single, source, Rectangle((count,), (first,), (1,), (0,)), None, None, None
        )
        return standard

    def mask_words(first: int, count: int) -> NDArray[np.uint32]:
        words: NDArray[np.uint32] = words_of_rows(mask_source, np.array([first], np.uint64), count)[0]
        return words

    whole = draw_matrix(draw, collapsed, axes.groups, normals, mask_words).reshape(canonical)
    stored = whole.transpose([where.order.index(axis) for axis in range(len(shape))])
    return stored[tuple(slice(at, at + size) for at, size in zip(where.starts, where.shape, strict=True))]
