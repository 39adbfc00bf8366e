"""Write a plan into a Keras model's variables: all is checked before the first is written.

A variable keeps its type, and on JAX its sharding; what an optimizer holds stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras

from headstart.draws.dtypes import FORMATS
from headstart.draws.weights import draw_entry
from headstart.errors import InputError, unknown
from headstart.models.keras import names
from headstart.models.keras.backends import backend
from headstart.models.keras.inputs import check_built
from headstart.models.keras.read import check_model
from headstart.plans import Entry, Plan


@dataclass(frozen=True)
class Written:
    """The names of the variables that were written; nothing in Keras changes them on the way."""

    names: tuple[str, ...]
    changed: dict[str, float] = field(default_factory=dict)


def write(plan: Plan, model: Any, seed: int, threads: int | None = None) -> Written:
    """Give every variable of a plan its numbers.

    Raises:
        InputError: the model does not have what the plan speaks of, or a variable cannot be written; nothing was.
    """
    check_model(model)
    check_built(model)
    chosen = paired(plan, names.variables(model))
    for entry, place in chosen:
        _check(entry, place)
        _rehearse(entry, place, seed)
    backend().put(chosen, seed, threads)
    return Written(tuple(place.name for _, place in chosen))


def paired(plan: Plan, places: list[names.Place]) -> list[tuple[Entry, names.Place]]:
    """Each entry with its variable: by names where all of them fit; else by keys, which any copy of the model has.

    Keras numbers layers through the whole process: a plan of the same model built before has other names.

    Raises:
        InputError: the model does not have one of them.
    """
    weights = [place for place in places if not place.state]
    by_name, by_key = {place.name: place for place in weights}, {place.key: place for place in weights}
    told = {*(entry.name for entry in plan.entries), *(left.name for left in plan.left_alone)}
    keys = [entry.key for entry in plan.entries]
    if not told <= set(by_name) and set(keys) <= set(by_key) and len(set(keys)) == len(keys):
        return [(entry, by_key[entry.key]) for entry in plan.entries]
    for entry in plan.entries:
        if entry.name not in by_name:
            raise unknown("parameter", entry.name, list(by_name) or ["none"])
    return [(entry, by_name[entry.name]) for entry in plan.entries]


def _check(entry: Entry, place: names.Place) -> None:
    """Whether a variable can be written."""
    shape = tuple(int(size) for size in place.variable.shape)
    dtype = str(keras.backend.standardize_dtype(place.variable.dtype))
    if shape != entry.shape:
        raise InputError(f"{place.name} has shape {shape}, and the plan was made for {entry.shape}. Plan again.")
    if dtype not in FORMATS:
        raise InputError(
            f"{place.name} is of {dtype}: weights are drawn in float32, float64, float16 or bfloat16. Leave it out of "
            "the plan by a rule 'keep'."
        )


def _rehearse(entry: Entry, place: names.Place, seed: int) -> None:
    """Let every draw that may be refused be refused before anything is written: an empty part of it is drawn."""
    dtype = str(keras.backend.standardize_dtype(place.variable.dtype))
    try:
        draw_entry(entry, seed, dtype, region=[(0, 0)] * len(entry.shape))
    except InputError as error:
        raise InputError(f"{place.name}: {error}") from None
