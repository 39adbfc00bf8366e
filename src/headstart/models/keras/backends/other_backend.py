"""A backend that nobody records (TensorFlow): variables are written and looked at through NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import keras
import numpy as np

from headstart.audits.values import ArrayValues, Values
from headstart.draws.weights import draw_entry
from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.models.keras.names import Place
from headstart.plans import Entry
from headstart.plans.verified import Held, Piece
from headstart.signals.trace import Trace


def record(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
    """Refuse: nobody records a pass here."""
    _refuse("a pass is recorded", "Leave the example out, and the layers alone are read")


def trace(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any], **how: Any) -> Trace:
    """Refuse: nobody measures a pass here."""
    _refuse("a pass is measured", "Run the same model on one of those")


def put(entries: Sequence[tuple[Entry, Place]], seed: int, threads: int | None) -> None:
    """Draw every entry on the host and assign it."""
    for entry, place in entries:
        dtype = str(keras.backend.standardize_dtype(place.variable.dtype))
        place.variable.assign(draw_entry(entry, seed, dtype, threads=threads))


def values(variable: Any) -> Values:
    """A variable's numbers."""
    return ArrayValues(np.asarray(keras.ops.convert_to_numpy(variable.value)))


def held(variable: Any) -> Held:
    """What this process holds of a variable: all of it."""
    array = np.asarray(keras.ops.convert_to_numpy(variable.value))
    whole = tuple((0, size) for size in array.shape)
    return Held(tuple(array.shape), str(array.dtype), (Piece(whole, lambda index: array[index]),))


def _refuse(what: str, remedy: str) -> NoReturn:
    raise InputError(
        f"{what} on the backends torch and jax, got {keras.backend.backend()}. {remedy}: set KERAS_BACKEND before "
        "keras is imported."
    )
