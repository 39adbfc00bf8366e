"""What this process holds of a model over JAX, to be compared with a plan: the parts that lie on its devices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.models.jax.trees import is_abstract, is_traced, model_of
from headstart.models.jax.write import place_of
from headstart.plans.verified import Held, Index, Piece


def held(model: Any, wanted: Iterable[str]) -> dict[str, Held]:
    """Name -> what this process holds, each of several replicas; names that the model does not have are left out."""
    found = model_of(model)
    known = {}
    for name in wanted:
        try:
            known[name] = place_of(name, found).value
        except InputError:
            continue
    return {name: _held(value) for name, value in known.items()}


def _held(value: Any) -> Held:
    shape, dtype = tuple(value.shape), str(value.dtype)
    if is_traced(value):
        return Held(shape, dtype, (), missing="it is traced by a transform of JAX, and has no values here")
    if is_abstract(value):
        return Held(shape, dtype, (), missing="it is a shape without values")
    if not isinstance(value, jax.Array):
        array = np.asarray(value)
        return Held(shape, dtype, (Piece(tuple((0, size) for size in shape), array.__getitem__),))
    if value.is_deleted():
        return Held(shape, dtype, (), missing="it was deleted or donated")
    return Held(shape, dtype, tuple(_piece(shard, shape) for shard in value.addressable_shards))


def _piece(shard: Any, shape: tuple[int, ...]) -> Piece:
    spans = tuple(part.indices(size)[:2] for part, size in zip(shard.index, shape, strict=True))

    def read(index: Index) -> NDArray[Any]:
        if shard.device.platform == "cpu":  # a view, no copy
            return np.asarray(np.asarray(shard.data)[index])
        return np.asarray(shard.data[index])

    return Piece(spans, read)
