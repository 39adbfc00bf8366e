"""Whole arrays: a draw, a shape and a stream become numbers."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import DTypeLike, NDArray

from headstart.draws.streams import standard_normal, uniform_open
from headstart.errors import InputError
from headstart.schemes.distributions import Constant, Draw, Normal, Orthogonal, TruncatedNormal, Uniform


def draw_array(
    draw: Draw, shape: tuple[int, ...], seed: int, name: str, role: str = "weight", dtype: DTypeLike = np.float32
) -> NDArray[np.floating]:
    """The numbers of one parameter: the same arguments give the same bits.

    Args:
        draw: a complete distribution.
        shape: (outputs, inputs, *receptive field), or any shape for draws that are independent per element.
        seed: 0 to 2^64 - 1.
        name: the parameter's name; other names give other numbers under the same seed.
        role: what the parameter is for ("weight", "bias").
        dtype: of the result.

    >>> from headstart.schemes import Normal
    >>> draw_array(Normal(0.1), (2, 3), seed=0, name="layers.0.weight").shape
    (2, 3)
    """
    if isinstance(draw, Constant):
        return np.full(shape, draw.value, dtype)
    if isinstance(draw, Normal):
        return (draw.std * standard_normal(seed, name, shape, role)).astype(dtype)
    if isinstance(draw, Uniform):
        return (draw.low + (draw.high - draw.low) * uniform_open(seed, name, shape, role)).astype(dtype)
    if isinstance(draw, TruncatedNormal):
        return _truncated(draw, uniform_open(seed, name, shape, role)).astype(dtype)
    if isinstance(draw, Orthogonal):
        return _orthogonal(draw.gain, shape, seed, name, role).astype(dtype)
    assert_never(draw)


def _truncated(draw: TruncatedNormal, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse CDF between the cuts; no rejection, so it cannot hang. The clip undoes the inverse CDF's last ulp."""
    from scipy import special

    low = special.ndtr(-draw.cut)
    standard = special.ndtri(low + (1 - 2 * low) * uniform)
    return draw.parent_std * np.clip(standard, -draw.cut, draw.cut)


def _orthogonal(gain: float, shape: tuple[int, ...], seed: int, name: str, role: str) -> NDArray[np.float64]:
    """QR of a Gaussian matrix, signs fixed by R's diagonal so that the result is Haar-distributed (Mezzadri 2007)."""
    if len(shape) < 2:
        raise InputError(f"an orthogonal weight needs at least two axes (outputs, inputs), got shape {shape}.")
    rows, columns = shape[0], int(np.prod(shape[1:]))
    tall, wide = max(rows, columns), min(rows, columns)
    q, r = np.linalg.qr(standard_normal(seed, name, (tall, wide), role))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return gain * (q if rows >= columns else q.T).reshape(shape)
