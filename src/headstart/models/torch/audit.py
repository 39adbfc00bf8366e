"""Audit a PyTorch model: what its parameters and buffers hold, as evidence for the checks. The model is not changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from headstart.audits import evidence as audit
from headstart.audits.evidence import Evidence, Ignored
from headstart.audits.look import look_at
from headstart.audits.recipes import fitting
from headstart.models.torch import names
from headstart.models.torch.read import Reading, read
from headstart.models.torch.restore import left_as_found
from headstart.models.torch.shards import is_sharded, local, shards_of
from headstart.models.torch.values import missing, values_of
from headstart.plans import Parameter


def evidence_of(model: nn.Module, example: Any = None) -> Evidence:
    """What an audit sees of a model.

    Args:
        example: inputs for one forward pass; not used while a parameter is lazy, since a pass would give it its shape.

    Raises:
        InputError: it is no module, or its forward pass fails on the example.
    """
    reading = read(model)
    if example is not None and not any(names.is_lazy(place.tensor) for place in reading.places.values()):
        reading = read(model, example)
    inside = names.unwrapped(model)
    with left_as_found(inside):
        weights = {place.name: _effective(place) for place in reading.places.values() if place.effective is not None}
    tensors = {found.name: found for found in (*_parameters(reading, weights), *_buffers(reading.buffers))}
    return Evidence(
        tensors,
        reading.graph,
        reading.sums,
        reading.depth,
        _computed(reading.places),
        tuple(_ignored(reading.places, weights)),
    )


def _parameters(reading: Reading, weights: Mapping[str, Tensor | None]) -> Iterator[audit.Tensor]:
    padding = _padding(reading.places)
    for parameter in reading.parameters:
        place = reading.places[parameter.name]
        if parameter.tied_to is not None:
            yield audit.Tensor(parameter)
            continue
        if place.parts and place.effective is None:  # a part of a computed weight: not judged by itself
            parameter = replace(parameter, role="unknown")
        tensor = weights.get(parameter.name, place.tensor)
        tensor = place.tensor if tensor is None else tensor
        row = padding.get(id(place.tensor))
        if is_sharded(tensor):
            parameter, row = _as_held(parameter, tensor, row)
        yield replace(_looked_at(parameter, tensor, reading.depth, _beside(place)), padding=row)


def _as_held(parameter: Parameter, tensor: Tensor, row: int | None) -> tuple[Parameter, int | None]:
    """A parameter of which this process holds a shard, and where its padding row is there.

    Its shape, and so its fans, stay those of the whole; its blocks are not looked at, since a shard cuts through them.
    """
    if missing(local(tensor)) or local(tensor).shape == tensor.shape:
        return parameter, row
    shards = shards_of(tensor, parameter.name)
    role = "bias" if parameter.role == "forget bias" else parameter.role
    parameter = replace(parameter, role=role, layout=replace(parameter.layout, blocks=None))
    start, stop = shards[0].spans[0] if len(shards) == 1 and shards[0].spans else (0, 0)
    return parameter, None if row is None or not start <= row < stop else row - start


def _looked_at(parameter: Parameter, tensor: Tensor, sums: int, beside: tuple[int, ...] = ()) -> audit.Tensor:
    dtype = str(tensor.dtype).removeprefix("torch.")
    values = values_of(tensor)
    if values is None:
        return audit.Tensor(parameter, dtype, missing=missing(tensor))
    look = look_at(values, parameter.layout if parameter.what.fans else None)
    return audit.Tensor(parameter, dtype, values, look, fitting(look, parameter, sums, beside))


def _beside(place: names.Place) -> tuple[int, ...]:
    """The shape of the weight that stands beside a bias."""
    weight = place.module._parameters.get("weight") if place.attribute == "bias" else None
    return () if weight is None or names.is_lazy(weight) else tuple(weight.shape)


def _buffers(places: Mapping[str, names.Place]) -> Iterator[audit.Tensor]:
    for name, place in places.items():
        shape = () if names.is_lazy(place.tensor) else tuple(place.tensor.shape)
        found = _looked_at(Parameter(name, shape, "unknown", owner=type(place.module).__name__), place.tensor, 0)
        yield replace(found, buffer=True, recipes=(), missing="")


def _padding(places: Mapping[str, names.Place]) -> dict[int, int]:
    """Table -> its padding row; a tied table's, wherever it is an embedding."""
    found = {}
    for place in places.values():
        row = getattr(place.module, "padding_idx", None)
        if isinstance(place.module, (nn.Embedding, nn.EmbeddingBag)) and isinstance(row, int):
            found[id(place.tensor)] = row
    return found


def _computed(places: Mapping[str, names.Place]) -> dict[frozenset[str], str]:
    """The parts of each computed weight -> its name; each part alone too."""
    found: dict[frozenset[str], str] = {}
    for place in places.values():
        if place.effective is not None:
            found[frozenset(place.parts)] = place.name
    return found


def _effective(place: names.Place) -> Tensor | None:
    """The weight that a layer computes from its parts."""
    assert place.effective is not None
    module, name = place.module, place.effective.attribute
    with torch.no_grad():
        hooks: list[Any] = list(module._forward_pre_hooks.values())
        for hook in hooks:
            if getattr(hook, "name", None) == name and type(hook).__name__ == "WeightNorm":
                return hook.compute_weight(module).clone()  # type: ignore[no-any-return]  # hooks have no type
            if getattr(hook, "name", None) == name and type(hook).__name__ == "SpectralNorm":
                return hook.compute_weight(module, do_power_iteration=module.training).clone()  # type: ignore[no-any-return]
        found = getattr(module, name)
    return found if isinstance(found, Tensor) else None


def _ignored(places: Mapping[str, names.Place], weights: Mapping[str, Tensor | None]) -> Iterator[Ignored]:
    """Weights that somebody wrote where weight norm keeps what it computed; its own parts are as they were made."""
    for place in places.values():
        used = weights.get(place.name)
        if place.effective is None or used is None or place.effective.by != "weight norm":
            continue
        name = place.effective.attribute
        stands, direction = place.module.__dict__.get(name), place.module._parameters.get(f"{name}_v")
        if (
            not isinstance(stands, Tensor)
            or direction is None
            or values_of(stands) is None
            or stands.shape != used.shape
        ):
            continue
        size = float(used.norm())
        untouched = size > 0 and float((used - direction.detach()).norm()) < 1e-4 * size
        difference = float((stands.detach() - used).norm()) / size if size > 0 else 0.0
        if untouched and difference > 1e-3:
            yield Ignored(place.name, place.effective.by, difference)
