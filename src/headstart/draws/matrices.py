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

from headstart.draws.orthogonal import orthonormal_columns
from headstart.errors import InputError
from headstart.schemes.distributions import DeltaOrthogonal, Identity, Orthogonal, Sparse

MatrixDraw = Orthogonal | DeltaOrthogonal | Identity | Sparse
Normals = Callable[[int, int], NDArray[np.float64]]  # (first element, count) -> standard normal numbers of the stream
Words = Callable[[int, int], NDArray[np.uint32]]
Matrix = NDArray[np.float64]


def draw_matrix(draw: MatrixDraw, shape: tuple[int, ...], groups: int, normals: Normals, mask_words: Words) -> Matrix:
    """The whole weight in canonical order, (outputs, inputs, *receptive field).

    Args:
        groups: of a grouped convolution; the input axis holds the channels of one group.
        normals: the parameter's standard normal numbers.
        mask_words: the random words that choose a sparse weight's zeros, a stream of their own.

    Raises:
        InputError: a shape that such a weight cannot have.
    """
    if len(shape) < 2:
        raise InputError(
            f"{_noun(draw)} weight needs at least two axes (outputs, inputs), got shape {shape}. "
            "Draw vectors from a normal or uniform scheme."
        )
    if groups < 1 or shape[0] % groups:
        raise InputError(f"groups must divide the {shape[0]} outputs of shape {shape}, got groups={groups}.")
    if math.prod(shape) == 0:
        return np.zeros(shape)
    matrix = (shape[0], math.prod(shape[1:]))
    if isinstance(draw, Orthogonal):
        return _check_gain(draw.gain) * orthogonal(matrix, normals).reshape(shape)
    if isinstance(draw, DeltaOrthogonal):
        return _check_gain(draw.gain) * _delta_orthogonal(shape, groups, normals)
    if isinstance(draw, Identity):
        eye = np.eye(shape[0] // groups, shape[1])
        return _check_gain(draw.gain) * _centre_tap(np.tile(eye, (groups, 1)), shape)
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


def _delta_orthogonal(shape: tuple[int, ...], groups: int, normals: Normals) -> Matrix:
    """One orthogonal matrix per group at the centre tap (Xiao et al. 2018)."""
    rows, columns = shape[0] // groups, shape[1]
    if len(shape) < 3:
        raise InputError(f"a delta-orthogonal weight is a convolution of rank 3 or more, got {shape}. Use orthogonal.")
    if rows < columns:
        raise InputError(
            f"a delta-orthogonal weight keeps the signal only if each group has at least as many outputs as inputs, "
            f"got {rows} outputs and {columns} inputs per group in shape {shape}. Use orthogonal."
        )
    blocks = [orthogonal((rows, columns), normals, group * rows * columns) for group in range(groups)]
    return _centre_tap(np.concatenate(blocks), shape)


def _centre_tap(channels: Matrix, shape: tuple[int, ...]) -> Matrix:
    """A convolution that is 0 but for this matrix at the centre of its receptive field."""
    weight = np.zeros(shape)
    centre: tuple[Any, ...] = (slice(None), slice(None), *((size - 1) // 2 for size in shape[2:]))
    weight[centre] = channels
    return weight


def _sparse(draw: Sparse, shape: tuple[int, int], normals: Normals, mask_words: Words) -> Matrix:
    """The weights of the plain normal draw, but 0 where a unit's mask words are its smallest (Martens 2010)."""
    units, inputs = shape
    if not 0 < draw.sparsity < 1 or not (math.isfinite(draw.nonzero_std) and draw.nonzero_std > 0):
        raise InputError(
            f"a sparse draw needs a sparsity between 0 and 1 and a positive nonzero_std, got {draw.sparsity!r} and "
            f"{draw.nonzero_std!r}. Write, for example, sparse(0.9, nonzero_std=0.01)."
        )
    zeros = math.ceil(draw.sparsity * inputs)
    smallest = np.argsort(mask_words(0, units * inputs).reshape(shape), axis=1, kind="stable")[:, :zeros]
    weights = normals(0, units * inputs).reshape(shape) * draw.nonzero_std
    np.put_along_axis(weights, smallest, 0.0, axis=1)
    return weights


def _check_gain(gain: float) -> float:
    if isinstance(gain, bool) or not isinstance(gain, (int, float)) or not (math.isfinite(gain) and gain > 0):
        raise InputError(f"a gain must be a positive, finite number, got {gain!r}. Write, for example, 1.0.")
    return gain


def _noun(draw: MatrixDraw) -> str:
    return {Orthogonal: "an orthogonal", DeltaOrthogonal: "a delta-orthogonal", Identity: "an identity",
            Sparse: "a sparse"}[type(draw)]  # fmt: skip
