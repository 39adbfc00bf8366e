"""Keras on JAX: a pass is the model's `stateless_call`, recorded from its jaxpr; nothing in the model changes by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from headstart.audits.values import ArrayValues, Values
from headstart.draws.weights import draw_entry
from headstart.models.keras import names
from headstart.plans import Entry


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
