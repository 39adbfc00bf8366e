"""Keras on JAX: a pass is the model's `stateless_call`, recorded from its jaxpr; nothing in the model changes by it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import keras
import numpy as np

from headstart.audits.values import ArrayValues, Values
from headstart.draws.weights import draw_entry
from headstart.graph.graph import Graph
from headstart.models.jax.measure import trace_of
from headstart.models.jax.record import ForwardError
from headstart.models.jax.record import record as recorded
from headstart.models.jax.trees import Model, Place
from headstart.models.keras import names
from headstart.models.keras.inputs import forward_failed
from headstart.plans import Entry
from headstart.plans.verified import Held, Piece
from headstart.signals.trace import Trace

Call = Callable[..., Any]


def record(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
    """The graph of one pass; only shapes are traced."""
    call, tree = call_of(model)
    try:
        return recorded(call, tree, args, kwargs, names_of(tree, reading), separator="/").graph
    except ForwardError as failed:
        raise forward_failed(args, kwargs, failed.error) from failed.error


def trace(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any], **how: Any) -> Trace:
    """One pass forward and back, measured: the program is run, and not the model."""
    call, tree = call_of(model)
    weights = {name: tree[name] for name in reading.places}
    states = {name: value for name, value in tree.items() if name not in weights}

    def of_weights(given: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        return call({**states, **given}, *args, **kwargs)

    places = {name: Place(name, tuple(name.split("/")), value) for name, value in weights.items()}
    form = Model("keras", places, weights, lambda values: model, of_weights, states, True, model)
    known = [parameter for parameter in reading.parameters if parameter.name in weights]
    return trace_of(form, args, kwargs, known=known, **how)


def call_of(model: Any) -> tuple[Call, dict[str, Any]]:
    """The model as a function of its variables, and those by name: weights, states and seeds."""
    places = {place.name: place.variable for place in names.variables(model)}
    places |= {f"seed {number}": variable for number, variable in enumerate(names.seeds(model))}
    root = "" if names.is_functional(model) else model.name
    order = {id(variable): name for name, variable in places.items()}

    def call(tree: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        trainable = [tree[order[id(variable)]] for variable in model.trainable_variables]
        others = [tree[order[id(variable)]] for variable in model.non_trainable_variables]
        with jax.named_scope(root) if root else contextlib.nullcontext():  # Keras names what is inside
            return model.stateless_call(trainable, others, *args, **kwargs)[0]

    return call, {name: variable.value for name, variable in places.items()}


def names_of(tree: Mapping[str, Any], reading: Any) -> list[str | None]:
    """The names of the tree's leaves that are parameters, in JAX's order."""
    known = {parameter.name for parameter in reading.parameters}
    return [name if name in known else None for name in sorted(tree)]


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
