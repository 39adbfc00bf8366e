"""JAX's arrays as an audit looks at them: a strided sample, parts, and one pass for the extremes, shard by shard."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from headstart.audits.values import MOST, Array, ArrayValues, Extremes
from headstart.models.jax.trees import is_abstract, is_traced
from headstart.signals.measure.moments import stride

LOOKED_AT = ("float32", "float64", "float16", "bfloat16")


class TreeValues:
    """An array that holds numbers; of one on several devices no more than what is looked at is brought together."""

    def __init__(self, array: Any) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def dtype(self) -> str:
        return str(self.array.dtype)

    def sample(self, most: int = MOST) -> Array:
        step = stride(self.array.size, self.shape, most)
        if _is_whole(self.array):
            return _numbers(np.asarray(self.array).reshape(-1)[::step][:most])
        places = np.unravel_index(np.arange(0, self.array.size, step)[:most], self.shape)
        return _numbers(self.array[tuple(map(jnp.asarray, places))])

    def part(self, index: tuple[Any, ...]) -> Array:
        return _numbers(np.asarray(self.array)[index] if _is_whole(self.array) else self.array[index])

    def extremes(self) -> Extremes:
        low, high, bad = math.inf, -math.inf, 0
        for piece in _pieces(self.array):
            found = ArrayValues(piece, decode=_plain).extremes() if piece.size else Extremes(math.inf, -math.inf)
            low, high, bad = min(low, found.low), max(high, found.high), bad + found.nonfinite
        return Extremes(low, high, bad)

    def stored(self) -> NDArray[Any]:
        found = np.asarray(self.array)
        return found if found.dtype.kind in "biufc" else found.view(np.int16)

    def same(self, other: Any) -> bool:
        if self.shape != other.shape or self.dtype != other.dtype:
            return False
        return bool(np.array_equal(np.asarray(self.array), np.asarray(other.array)))


def missing(array: Any) -> str:
    """Why an array has no values; "" if it has, or if its kind of numbers is not looked at."""
    if is_abstract(array):
        return "it is a jax.ShapeDtypeStruct, which has no memory"
    if is_traced(array):
        return "it is being traced, and has no values yet"
    if isinstance(array, jax.Array) and array.is_deleted():
        return "it was deleted or donated"
    return ""


def values_of(array: Any) -> TreeValues | None:
    """An array's values; None where there are none, or none that are looked at: whole numbers, keys, complex ones."""
    if missing(array) or str(array.dtype) not in LOOKED_AT:
        return None
    if isinstance(array, jax.Array) and not array.is_fully_addressable:  # of one that other processes share, our part
        array = array.addressable_shards[0].data
    return TreeValues(array)


def _is_whole(array: Any) -> bool:
    """Whether it lies in one piece."""
    return not isinstance(array, jax.Array) or len(array.sharding.device_set) == 1


def _pieces(array: Any) -> list[Any]:
    """Every part of it once."""
    if _is_whole(array):
        return [np.asarray(array)]
    return [np.asarray(shard.data) for shard in array.addressable_shards if shard.replica_id == 0]


def _plain(array: Any) -> Any:
    return array if array.dtype.kind == "f" else np.asarray(array, np.float32)


def _numbers(found: Any) -> Array:
    return np.ascontiguousarray(np.asarray(found), dtype=np.float64)
