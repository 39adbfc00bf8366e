"""Draws of whole matrices: orthogonal, delta-orthogonal, identity and sparse weights, made on the host in float64.

Their elements depend on each other, so a region of them costs as much as the whole. Identity and sparse weights are
exact. Orthogonal ones come from linear algebra whose last digits differ between processors and libraries: they are
promised to a tolerance (1e-12 before the result is rounded to its dtype), not to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from headstart.check import is_number, positive
from headstart.draws.dtypes import FORMATS
from headstart.draws.normal import LARGEST
from headstart.draws.orthogonal import orthonormal_columns
from headstart.errors import InputError
from headstart.layout import Grid, Layout
from headstart.schemes.distributions import DeltaOrthogonal, Identity, Orthogonal, Sparse, group_channels, matrix_of

MatrixDraw = Orthogonal | DeltaOrthogonal | Identity | Sparse
Normals = Callable[[int, int], NDArray[np.float64]]  # (first element, count) -> standard normal numbers of the stream
Words = Callable[[int, int], NDArray[np.uint32]]
Matrix = NDArray[np.float64]


def check_matrix(draw: MatrixDraw, sizes: Grid, layout: Layout, dtype: str) -> None:
    """Refuse a weight that such a draw cannot make, before anything is written.

    Raises:
        InputError: a gain or a sparsity outside its range, a size that the dtype cannot hold, or a delta-orthogonal
            weight that cannot keep the signal.
    """
    if isinstance(draw, Sparse):
        positive(draw.nonzero_std, "nonzero_std", "0.01")
        _check_size(draw.nonzero_std, "nonzero_std", dtype, LARGEST)
        if not is_number(draw.sparsity) or not 0 < draw.sparsity < 1:
            raise InputError(
                f"a sparse draw needs a sparsity between 0 and 1, got {draw.sparsity!r}. Write, for example, 0.9."
            )
        return
    positive(draw.gain, "a gain", "1.0")
    _check_size(draw.gain, "a gain", dtype)
    if not isinstance(draw, DeltaOrthogonal) or sizes.size == 0:
        return
    outputs, inputs = group_channels(sizes, layout)
    if not sizes.field:
        raise InputError(
            f"a delta-orthogonal weight is a convolution of rank 3 or more, got {outputs} outputs and {inputs} inputs "
            "without a receptive field. Use orthogonal."
        )
    if outputs < inputs:
        raise InputError(
            f"a delta-orthogonal weight keeps the signal only if each group has at least as many outputs as inputs, "
            f"got {outputs} outputs and {inputs} inputs per group. Use orthogonal."
        )


def _check_size(size: float, what: str, dtype: str, largest: float = 1.0) -> None:
    """Refuse what overflows or vanishes in the dtype; `largest` is the largest weight of size 1."""
    limits = FORMATS[dtype]
    if not limits.smallest <= size <= limits.largest / largest:
        raise InputError(
            f"{what} must be from {limits.smallest:.3g} to {limits.largest / largest:.3g} in {dtype}, which holds no "
            f"other weights, got {size:g}. Write a number nearer 1."
        )


def draw_matrix(draw: MatrixDraw, sizes: Grid, layout: Layout, normals: Normals, mask_words: Words) -> Matrix:
    """One whole block in canonical order, (units, channels, *receptive field); `check_matrix` has let it pass.

    Args:
        normals: the block's standard normal numbers.
        mask_words: the random words that choose a sparse weight's zeros, a stream of their own.
    """
    units, channels, field = matrix_of(sizes, layout)
    shape, matrix = (units, channels, *field), (units, channels * math.prod(field))
    if sizes.size == 0:
        return np.zeros(shape)
    if isinstance(draw, Orthogonal):
        return draw.gain * orthogonal(matrix, normals).reshape(shape)
    if isinstance(draw, DeltaOrthogonal):
        return draw.gain * _delta_orthogonal(shape, sizes, layout, normals)
    if isinstance(draw, Identity):
        group = np.eye(*group_channels(sizes, layout))
        return draw.gain * _centre_tap(np.concatenate([group] * layout.groups, _groups_axis(layout)), shape)
    if isinstance(draw, Sparse):
        return _sparse(draw, matrix, normals, mask_words).reshape(shape)
    assert_never(draw)


def orthogonal(shape: tuple[int, int], normals: Normals, first: int = 0) -> Matrix:
    """A matrix with orthonormal rows or columns, whichever are fewer: the Q of a normal matrix's QR decomposition.

    The normal matrix is (larger, smaller) size, row-major from element `first` on. Signs are fixed so that R's diagonal
    is positive, which makes Q unique and its distribution uniform (Haar).

    References: Mezzadri 2007, section 5; Saxe, McClelland & Ganguli 2013.
    """
    rows, columns = shape
    tall, wide = max(shape), min(shape)
    q = orthonormal_columns(normals(first, tall * wide).reshape(tall, wide))
    return q if rows >= columns else q.T


def _delta_orthogonal(shape: tuple[int, ...], sizes: Grid, layout: Layout, normals: Normals) -> Matrix:
    """One orthogonal matrix per group at the centre tap (Xiao et al. 2018)."""
    rows, columns = group_channels(sizes, layout)
    blocks = [orthogonal((rows, columns), normals, group * rows * columns) for group in range(layout.groups)]
    return _centre_tap(np.concatenate(blocks, _groups_axis(layout)), shape)


def _groups_axis(layout: Layout) -> int:
    """The axis of (outputs, inputs) along which the groups lie side by side."""
    return 0 if layout.groups_on == "out" else 1


def _centre_tap(channels: Matrix, shape: tuple[int, ...]) -> Matrix:
    """A convolution that is 0 but for this matrix at the centre of its receptive field."""
    weight = np.zeros(shape)
    centre: tuple[Any, ...] = (slice(None), slice(None), *((size - 1) // 2 for size in shape[2:]))
    weight[centre] = channels
    return weight


def _sparse(draw: Sparse, shape: tuple[int, int], normals: Normals, mask_words: Words) -> Matrix:
    """The weights of the plain normal draw, but 0 where a unit's mask words are its smallest (Martens 2010)."""
    units, inputs = shape
    zeros = draw.zeros(inputs)
    smallest = np.argsort(mask_words(0, units * inputs).reshape(shape), axis=1, kind="stable")[:, :zeros]
    weights = normals(0, units * inputs).reshape(shape) * draw.nonzero_std
    np.put_along_axis(weights, smallest, 0.0, axis=1)
    return weights
