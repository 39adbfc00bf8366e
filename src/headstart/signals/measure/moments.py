"""The moments of one NumPy array in two passes over it: scale, mean, and what differs between the inputs of a batch.

With the batch as rows, y is (inputs, rest). The norms of the rows are one pass; the product of the two rows 1/B and
1/|y_i| with y is the other. From them follow the second moment, the deviation across the batch, and the mean cosine
between pairs of inputs, (|sum_i y_i/|y_i||^2 - B) / (B (B - 1)), without the matrix of all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.signals.measure.seen import Batch, Measured, Moments

Array = NDArray[Any]
RANKED = 32  # inputs whose rank is taken
SAMPLED = 16384  # values of a sample: uniform, normal and truncated are told apart 100 times in 100
_CHUNK = 1 << 18  # elements that are looked at together in double precision: what bounds the memory


def plain(y: Any) -> Array:
    """An array as real floating-point numbers; those of types that NumPy has not, as single precision."""
    found = np.asarray(y)
    if found.dtype.kind == "c":
        return np.stack([found.real, found.imag], -1)
    return found if found.dtype in (np.float32, np.float64) else found.astype(np.float32)


def root_mean_square(y: Any) -> Measured:
    """The root of the second moment of all elements, and how many of them are not finite.

    >>> scale, not_finite = root_mean_square(np.array([3e30, -4e30, 0.0, 0.0], np.float32))
    >>> f"{scale:.4g}", not_finite
    ('2.5e+30', 0)
    """
    y = plain(y)
    if y.size == 0:
        return 0.0, 0
    square = 0.0
    with np.errstate(all="ignore"):
        for piece in _pieces(y):
            square += float(np.dot(piece, piece))
    if math.isfinite(square):
        return math.sqrt(square / y.size), 0
    return math.sqrt(square / y.size) if not math.isnan(square) else math.nan, y.size - _finite(y)


def moments(y: Any, batch: Batch | None, silent: bool = False) -> Moments:
    """The moments of an array.

    Args:
        batch: where its inputs lie; None where that is not known.
        silent: whether to look for units that are zero for every input.

    >>> found = moments(np.array([[3.0, 0.0], [0.0, 3.0]]), Batch(0, 1, 2, 1))
    >>> round(found.rms, 4), found.batch_std, found.cosine
    (2.1213, 1.5, 0.0)
    """
    y = plain(y)
    scale, bad = root_mean_square(y)
    mean = _mean(y)
    if batch is None or batch.inputs < 2 or bad or y.size == 0:
        return Moments(scale, mean, bad)
    squares = np.zeros(batch.inputs)
    for piece in _columns(rows_of(y, batch)):
        squares += np.einsum("oij,oij->i", piece, piece)
    lengths = np.sqrt(squares)
    weights = np.full((2, batch.inputs), 1 / batch.inputs)
    weights[1] = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    across = together = 0.0
    quiet = []
    for piece in _columns(rows_of(y, batch)):
        sums = weights @ piece  # (outer, 2, inner)
        away = (piece - sums[:, :1]).reshape(-1)
        across += float(np.dot(away, away))
        together += float(np.square(sums[:, 1]).sum())
        if silent:
            quiet.append(~piece.any(1))
    units = np.concatenate(quiet, _AXIS[rows_of(y, batch).shape[0] == 1]) if silent else None
    alive = int(np.count_nonzero(squares))
    return Moments(scale, mean, 0, math.sqrt(across / y.size), _cosine(together, alive), units)


_AXIS = {True: 1, False: 0}  # along which pieces were taken


def products(y: Any, batch: Batch | None, most: int = RANKED) -> NDArray[np.float64] | None:
    """The inner products of pairs of inputs, of the first so many; None where the inputs are not known."""
    y = plain(y)
    if batch is None or batch.inputs < 2 or y.size == 0:
        return None
    rows = rows_of(y, batch)[:, :most]
    found = np.zeros((rows.shape[1], rows.shape[1]))
    for piece in _columns(rows):
        found += (piece @ np.swapaxes(piece, -1, -2)).sum(0)
    return found


def effective_rank(pairs: NDArray[np.float64]) -> float | None:
    """exp of the entropy of the eigenvalues' shares: 1 where all inputs are alike up to a factor.

    >>> round(effective_rank(np.eye(4)), 6), round(effective_rank(np.ones((4, 4))), 6)
    (4.0, 1.0)
    """
    trace = float(np.trace(pairs))
    if not np.isfinite(pairs).all() or trace <= 0:
        return None
    shares = np.linalg.eigvalsh(pairs / trace)
    shares = shares[shares > 0] / shares[shares > 0].sum()
    return math.exp(float(-(shares * np.log(shares)).sum()))


def rows_of(y: Array, batch: Batch) -> Array:
    """An array as (outer, inputs, inner)."""
    outer = math.prod(y.shape[: batch.axis]) * batch.outer
    return y.reshape(outer, batch.inputs, batch.inner * math.prod(y.shape[batch.axis + 1 :]))


def dead_share(shape: tuple[int, ...], batch: Batch, silent: NDArray[np.bool_], axis: int) -> float:
    """The share of units, along an axis, that are zero for every input, and at every position.

    Args:
        shape: of the array. silent: what its moments say, (outer, inner).
    """
    if axis == batch.axis or (len(shape) == 2 and batch.per_input == 1):
        return float(np.count_nonzero(silent)) / silent.size
    at = batch.axis
    whole = silent.reshape(*shape[:at], batch.outer, batch.inner, *shape[at + 1 :])
    unit = axis if axis < at else axis + 1
    dead = whole.all(tuple(each for each in range(whole.ndim) if each != unit))
    return float(np.count_nonzero(dead)) / dead.size


def stride(size: int, shape: tuple[int, ...], most: int = SAMPLED) -> int:
    """Steps for a sample of at most so many values, that share no factor with the last axis: not one column alone.

    >>> stride(100, (100,)), stride(4096 * 4096, (4096, 4096))
    (1, 1025)
    """
    step = -(-size // most)
    while step > 1 and math.gcd(step, shape[-1] if shape else 1) > 1:
        step += 1
    return max(step, 1)


def _cosine(together: float, inputs: int) -> float | None:
    """The mean over pairs, from the square of the sum of directions."""
    if inputs < 2:
        return None
    return min(1.0, max(-1.0, (together - inputs) / (inputs * (inputs - 1))))


def _mean(y: Array) -> float:
    with np.errstate(all="ignore"):
        return float(y.mean(dtype=np.float64)) if y.size else 0.0


def _finite(y: Array) -> int:
    return int(np.count_nonzero(np.isfinite(y)))


def _pieces(y: Array) -> Iterator[Array]:
    flat = y.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        yield flat[start : start + _CHUNK].astype(np.float64)


def _columns(rows: Array) -> Iterator[Array]:
    """Parts that hold all inputs of some units, in double precision."""
    outer, inputs, inner = rows.shape
    if outer == 1:
        step = max(1, _CHUNK // inputs)
        for start in range(0, inner, step):
            yield rows[:, :, start : start + step].astype(np.float64)
    else:
        step = max(1, _CHUNK // max(inputs * inner, 1))
        for start in range(0, outer, step):
            yield rows[start : start + step].astype(np.float64)
