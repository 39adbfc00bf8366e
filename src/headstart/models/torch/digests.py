"""Digests of a model's parameters, as a lock keeps them: of the weights that the layers use, wherever they are."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from headstart.errors import InputError, unknown
from headstart.models.torch import names
from headstart.models.torch.shards import local
from headstart.plans.lock import Locked, digest


def locked(model: nn.Module, wanted: Iterable[str]) -> dict[str, Locked]:
    """The shape, type and digest of these parameters.

    Raises:
        InputError: the model does not have one of them, it has no values, or this process holds a shard alone.
    """
    places = {place.name: place for place in names.parameters(names.unwrapped(model))}
    found = {}
    for name in wanted:
        if name not in places:
            raise unknown("parameter", name, list(places) or ["none"])
        place = places[name]
        if names.is_lazy(place.tensor) or place.tensor.is_meta:
            raise InputError(f"{name} has no values yet. Give the model memory and apply the plan first.")
        tensor = place.tensor if place.effective is None else getattr(place.module, place.effective.attribute)
        memory = local(tensor)
        if memory.shape != tensor.shape:
            raise InputError(
                f"{name} is sharded, and a digest is of the whole. Check the shards with plan.verify(model), or lock a "
                "model that one process holds."
            )
        values = memory.cpu().contiguous()
        stored = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
        dtype = str(tensor.dtype).removeprefix("torch.")
        found[name] = Locked(name, tuple(tensor.shape), dtype, digest(stored.numpy()))
    return found
