"""How an array is looked at: a strided sample, parts, and one pass for its extremes. Never a whole copy.

An adapter has its own `Values` for its library's arrays; `ArrayValues` is NumPy's, memory-mapped ones too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.signals.measure.moments import SAMPLED, stride

Array = NDArray[np.float64]
MOST = SAMPLED
_CHUNK = 1 << 20


class Extremes(NamedTuple):
    """The least and the largest finite value of the whole array, and how many values are not finite."""

    low: float
    high: float
    nonfinite: int = 0


class Values(Protocol):
    """An array that can be looked at."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> str: ...

    def sample(self, most: int = MOST) -> Array:
        """At most so many values, evenly spread."""

    def part(self, index: tuple[Any, ...]) -> Array:
        """What basic indexing gives."""

    def extremes(self) -> Extremes:
        """Over all values."""

    def same(self, other: Any) -> bool:
        """Whether another array of the same kind is equal, bit for bit."""

    def stored(self) -> NDArray[Any]:
        """All of it as it is stored, for a digest."""


class ArrayValues:
    """A NumPy array.

    Args:
        array: as it is stored.
        dtype: what its numbers are called; decode: makes numbers of what is stored, where NumPy has no such type.

    >>> values = ArrayValues(np.arange(6.0).reshape(2, 3))
    >>> values.extremes(), values.part((slice(None), 1)).tolist()
    (Extremes(low=0.0, high=5.0, nonfinite=0), [1.0, 4.0])
    """

    def __init__(
        self, array: NDArray[Any], dtype: str = "", decode: Callable[[NDArray[Any]], Any] | None = None
    ) -> None:
        self.array, self.dtype = array, dtype or str(array.dtype)
        self._decode = decode or (lambda stored: stored)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def sample(self, most: int = MOST) -> Array:
        flat = self.array.reshape(-1)
        return _numbers(self._decode(flat[:: stride(flat.size, self.shape, most)][:most]))

    def part(self, index: tuple[Any, ...]) -> Array:
        return _numbers(self._decode(self.array[index]))

    def extremes(self) -> Extremes:
        flat = self.array.reshape(-1)
        low, high, bad = math.inf, -math.inf, 0
        for start in range(0, flat.size, _CHUNK):
            piece = np.asarray(self._decode(flat[start : start + _CHUNK]))
            least, most = float(piece.min()), float(piece.max())
            if not (math.isfinite(least) and math.isfinite(most)):
                finite = piece[np.isfinite(piece)]
                bad += piece.size - finite.size
                if not finite.size:
                    continue
                least, most = float(finite.min()), float(finite.max())
            low, high = min(low, least), max(high, most)
        return Extremes(low, high, bad)

    def stored(self) -> NDArray[Any]:
        return self.array

    def same(self, other: Any) -> bool:
        return self.shape == other.shape and self.dtype == other.dtype and bool(np.array_equal(self.array, other.array))


def _numbers(found: Any) -> Array:
    return np.ascontiguousarray(found, dtype=np.float64)
