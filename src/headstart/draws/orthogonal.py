"""QR decomposition in float64 by blocked Householder reflections (Schreiber & Van Loan 1989, the compact WY form).

LAPACK's own routine works in panels of 32 columns, too narrow for today's matrix products; here panels of 128 columns
go to LAPACK and everything else is matrix products, which take most of the time at full speed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PANEL = 128  # columns
SMALL = 384  # up to here LAPACK alone is as fast

Matrix = NDArray[np.float64]


def orthonormal_columns(matrix: Matrix) -> Matrix:
    """The Q of matrix = Q R with R's diagonal positive.

    Args:
        matrix: (m, n) with m >= n and full rank, float64; the blocked method overwrites it.

    Returns:
        (m, n) with orthonormal columns, float64.
    """
    if matrix.shape[1] <= SMALL:
        q, r = np.linalg.qr(matrix)
        return q * _signs(np.diag(r))
    reflectors, diagonal = _factor(matrix)
    return _accumulate(matrix.shape, reflectors) * _signs(diagonal)


def _factor(a: Matrix) -> tuple[list[tuple[Matrix, Matrix]], Matrix]:
    """(V, T) of every panel, Q = product of I - V T V^T, and R's diagonal; a is overwritten."""
    columns = a.shape[1]
    reflectors, diagonal = [], np.empty(columns)
    for start in range(0, columns, PANEL):
        stop = min(start + PANEL, columns)
        packed, tau = np.linalg.qr(a[start:, start:stop], mode="raw")  # packed is transposed: (width, rows)
        width = stop - start
        diagonal[start:stop] = packed[np.arange(width), np.arange(width)]
        v = np.ascontiguousarray(np.tril(packed.T, -1))
        v[np.arange(width), np.arange(width)] = 1.0
        t = _triangle(v, tau)
        rest = a[start:, stop:]
        rest -= v @ (t.T @ (v.T @ rest))  # from the left by the transposed block reflector
        reflectors.append((v, t))
    return reflectors, diagonal


def _triangle(v: Matrix, tau: Matrix) -> Matrix:
    """The upper triangular T with H_1 ... H_k = I - V T V^T; its inverse is the upper part of V^T V, diagonal 1/tau."""
    inverse = np.triu(v.T @ v, 1)
    # tau = 0 stands for H = I, which only the last reflector of a square matrix is: a vanishing column of T.
    inverse[np.diag_indices(len(tau))] = 1 / np.where(tau == 0, 1e-300, tau)
    return np.linalg.inv(inverse).astype(np.float64, copy=False)


def _accumulate(shape: tuple[int, ...], reflectors: list[tuple[Matrix, Matrix]]) -> Matrix:
    """Q's first columns: the block reflectors applied to the identity, last first, where it is not 0 any more."""
    q = np.eye(shape[0], shape[1])
    for panel in range(len(reflectors) - 1, -1, -1):
        v, t = reflectors[panel]
        part = q[panel * PANEL :, panel * PANEL :]
        part -= v @ (t @ (v.T @ part))
    return q


def _signs(diagonal: Matrix) -> Matrix:
    signs: Matrix = np.where(diagonal < 0, -1.0, 1.0)
    return signs
