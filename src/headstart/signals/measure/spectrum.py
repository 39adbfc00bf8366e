"""The largest singular values of a matrix that is known by its products with vectors alone.

Golub and Kahan's bidiagonalization with full orthogonalization: each step is one product with the matrix and one with
its transpose; the matrix itself is never made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_EXTRA = 12  # steps beyond the values that are wanted: the largest converge first
_STEPS = 80


def singular_values(
    times: Callable[[Array], Array], transposed: Callable[[Array], Array], rows: int, columns: int, count: int,
    seed: int,
) -> tuple[float, ...]:  # fmt: skip
    """The largest singular values, the largest first; as many as there are, at most.

    Args:
        times, transposed: products with a vector of so many columns, and of so many rows.
        seed: of the vector that it starts from.

    >>> matrix = np.diag([3.0, 2.0, 1.0])
    >>> [round(value, 4) for value in singular_values(lambda v: matrix @ v, lambda u: u @ matrix, 3, 3, 2, 0)]
    [3.0, 2.0]
    """
    most = min(rows, columns)
    steps = min(most, count + _EXTRA, _STEPS) if count + _EXTRA < most else most if most <= _STEPS else count + _EXTRA
    v = transposed(np.random.default_rng(seed).normal(size=rows))  # of the row space, so that it ends with the rank
    if np.linalg.norm(v) == 0:
        return (0.0,) * min(count, most)
    rights, lefts = [v / np.linalg.norm(v)], list[Array]()
    diagonal, beside = list[float](), list[float]()
    for step in range(steps):
        u = times(rights[-1]) - (beside[-1] * lefts[-1] if lefts else 0)
        u, size = _orthogonal(u, lefts)
        diagonal.append(size)
        if size == 0:
            break
        lefts.append(u)
        v = transposed(u) - size * rights[-1]
        v, size = _orthogonal(v, rights)
        if size <= 1e-12 * max(diagonal) or step == steps - 1:
            break
        beside.append(size)
        rights.append(v)
    matrix = np.diag(diagonal) + np.diag(beside[: len(diagonal) - 1], 1)
    found = np.linalg.svd(matrix, compute_uv=False)
    return tuple(float(value) for value in found[:count])


def _orthogonal(vector: Array, others: list[Array]) -> tuple[Array, float]:
    """A unit vector orthogonal to others, and the length of what was left."""
    for _ in range(2):  # twice is enough (Kahan)
        for other in others:
            vector = vector - (vector @ other) * other
    size = float(np.linalg.norm(vector))
    return (vector / size if size > 0 else vector), size
