"""Many small arrays at once: one parameter of many networks, each with its own seed and draw.

A call per array costs a hundred microseconds, more than training some networks takes; here the compiled code is called
once for all. The bits are those of `draw_array`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.arrays import draw_array
from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numba_backend import table_address
from headstart.draws.recipes import check_finite, recipe
from headstart.draws.streams import stream
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


def _fill(
    draws: Sequence[Any], shape: tuple[int, ...], seeds: Sequence[int], name: str, role: str, out: NDArray[Any]
) -> None:
    if not compiles():
        for row, draw, seed in zip(out, draws, seeds, strict=True):
            row[:] = draw_array(draw, shape, seed, name, role, out.dtype).reshape(-1)
        return
    from headstart.draws.backends import kernels

    recipes = [recipe(draw, out.dtype.name) for draw in draws]
    kinds = [kernels.UNIFORM if r.kind == "uniform" else kernels.TRUNCATED if r.first_magnitude else kernels.NORMAL
             for r in recipes]  # fmt: skip
    kernels.fill_streams(
        np.empty(kernels.GROUP, kernels.NUMBA_VIEWS[out.dtype.name]), np.array(kinds, np.int64),
        out.__array_interface__["data"][0], out.strides[0], math.prod(shape),
        np.array([stream(seed, name, role) for seed in seeds], np.int64), table_address(),
        np.array([r.scale for r in recipes], np.float64), np.array([r.first_magnitude for r in recipes], np.int64),
    )  # fmt: skip
