"""`hs.sample`: the weights of one layer from a scheme, without any model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.draws.arrays import draw_array
from headstart.errors import unknown
from headstart.fans import LAYOUTS, fans
from headstart.schemes import Scheme, scheme


def sample(
    spec: str | Scheme, shape: Sequence[int], seed: int = 0, name: str = "w", layout: str = "out_in"
) -> NDArray[np.float32]:
    """The weights a scheme gives to a layer of this shape, as a float32 array.

    Args:
        spec: a scheme or its spec string.
        shape: the weight's shape, sizes at least 1.
        seed: 0 to 2^64 - 1; the same seed and name give the same weights.
        name: the parameter's name.
        layout: "out_in" (PyTorch) or "in_out" (JAX, Keras); the numbers are the same, transposed.

    Raises:
        InputError: unknown scheme or layout, a shape without fans for a scheme that needs them, a wrong seed.

    >>> weights = sample("he", (256, 128), seed=0)
    >>> weights.dtype, weights.shape, abs(float(weights.std()) - (2 / 128) ** 0.5) < 0.001
    (dtype('float32'), (256, 128), True)
    """
    rule = scheme(spec)
    shape = tuple(shape)
    if layout not in LAYOUTS:
        raise unknown("layout", str(layout), LAYOUTS)
    rank = len(shape)
    draw = rule.draw(fans(shape, layout) if rank >= 2 else None)
    if layout == "out_in" or rank < 2:
        return draw_array(draw, shape, seed, name).astype(np.float32, copy=False)
    # Canonical order is (out, in, *receptive field); in_out stores (*receptive field, in, out).
    to_canonical = (rank - 1, rank - 2, *range(rank - 2))
    canonical = draw_array(draw, tuple(shape[axis] for axis in to_canonical), seed, name)
    return np.ascontiguousarray(canonical.transpose(np.argsort(to_canonical))).astype(np.float32, copy=False)
