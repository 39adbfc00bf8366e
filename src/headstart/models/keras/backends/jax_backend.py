"""Keras on JAX: a pass is the model's `stateless_call`, recorded from its jaxpr; nothing in the model changes by it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import keras
import numpy as np

from headstart.audits.values import ArrayValues, Values
from headstart.draws.weights import draw_entry
from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.models.keras import names
from headstart.models.keras.inputs import forward_failed
from headstart.plans import Entry
from headstart.plans.verified import Held, Piece
from headstart.signals.trace import Trace


def put(entries: Sequence[tuple[Entry, names.Place]], seed: int, threads: int | None) -> None:
    """Draw every entry where its variable is: on the host for a CPU alone, else each device its own part."""
    for entry, place in entries:
        dtype = str(keras.backend.standardize_dtype(place.variable.dtype))
        sharding = place.variable.value.sharding
        if len(sharding.device_set) == 1 and next(iter(sharding.device_set)).platform == "cpu":
            made = draw_entry(entry, seed, dtype, threads=threads)
        else:
            made = draw_entry(entry, seed, dtype, backend="jax", device=sharding, threads=threads)
        place.variable.assign(made)


def values(variable: Any) -> Values:
    """A variable's numbers."""
    array = np.asarray(variable.value)
    if array.dtype.name == "bfloat16":
        return ArrayValues(array.view(np.int16), "bfloat16", lambda stored: stored.view(array.dtype).astype(np.float32))
    return ArrayValues(array)


def held(variable: Any) -> Held:
    """What this process holds of a variable: the shards on its own devices."""
    array = variable.value
    pieces = []
    for shard in array.addressable_shards:
        spans = tuple(
            (index.start or 0, size if index.stop is None else index.stop)
            for index, size in zip(shard.index, array.shape, strict=True)
        )
        pieces.append(Piece(spans, lambda index, data=shard.data: np.asarray(data)[index]))  # type: ignore[misc]
    return Held(tuple(array.shape), str(array.dtype), tuple(pieces))
