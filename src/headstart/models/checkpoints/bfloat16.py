"""bfloat16 where NumPy has none: float32 numbers, rounded to their upper half as every 16-bit draw is."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray


@functools.cache
def has_bfloat16() -> bool:
    """Whether the package is there that adds bfloat16 to NumPy."""
    try:
        import ml_dtypes  # noqa: F401 - importing it is what adds the type
    except ImportError:
        return False
    return True


def numpys(dtype: str) -> str:
    """What NumPy draws for a file of this dtype: float32 for a bfloat16 that it does not have.

    >>> numpys("float16")
    'float16'
    """
    return "float32" if dtype == "bfloat16" and not has_bfloat16() else dtype


def upper_halves(values: NDArray[np.float32]) -> NDArray[Any]:
    """Finite float32 numbers as the 16 bits of the nearest bfloat16, ties to the even one.

    >>> [hex(bits) for bits in upper_halves(np.float32([1.0, -2.0, 1.00390625, 1.01171875]))]
    ['0x3f80', '0xc000', '0x3f80', '0x3f82']
    """
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + (np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1)))) >> 16).astype(np.uint16)
