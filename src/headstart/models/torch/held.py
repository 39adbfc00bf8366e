"""What this process holds of a model's parameters, to be compared with a plan: whole tensors, or its own shards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.models.torch import names
from headstart.models.torch.ranks import gathered, mesh_of
from headstart.models.torch.shards import Shard, is_sharded, local, shards_of
from headstart.models.torch.values import missing
from headstart.plans.verified import Held, Index, Piece

COMPUTED = 1e-4  # standard deviations that a weight may be off that its layer computes from a direction and a length


def held(model: nn.Module, wanted: Iterable[str]) -> dict[str, Held]:
    """Name -> what this process holds; names that the model does not have are left out."""
    places = {place.name: place for place in names.parameters(names.unwrapped(model))}
    return {name: held_of(places[name]) for name in wanted if name in places}


def exchanged(model: nn.Module, value: Any, group: Any) -> dict[int, Any]:
    """What every process of a group tells: rank -> value; the group as `write` takes it.

    Raises:
        InputError: it is no group of processes.
    """
    places = names.parameters(names.unwrapped(model))
    return gathered(value, mesh_of(place.tensor for place in places) if group == "mesh" else group)


def held_of(place: names.Place) -> Held:
    """What this process holds of one parameter."""
    tensor = place.tensor
    dtype = str(tensor.dtype).removeprefix("torch.")
    why = missing(tensor if names.is_lazy(tensor) else local(tensor))
    if why:
        return Held(() if names.is_lazy(tensor) else tuple(tensor.shape), dtype, (), missing=why)
    shape = tuple(tensor.shape)
    if place.effective is not None:
        return _computed(place, shape, dtype)
    pieces = tuple(_piece(shard) for shard in shards_of(tensor, place.name))
    row = names.padding_row(place)
    zeros = () if row is None else (((row, row + 1), (0, shape[1])),)
    return Held(shape, dtype, pieces, zeros=zeros)


def _computed(place: names.Place, shape: tuple[int, ...], dtype: str) -> Held:
    """A weight that its layer computes: what the layer uses."""
    assert place.effective is not None
    if not place.effective.free:
        return Held(shape, dtype, (), changed=f"{place.effective.by} changes it")
    if is_sharded(place.tensor):
        return Held(shape, dtype, (), changed=f"{place.effective.by} computes it from sharded parameters")
    used = getattr(place.module, place.effective.attribute).detach()
    return Held(shape, dtype, (_piece(Shard(tuple((0, size) for size in shape), used)),), close=COMPUTED)


def _piece(shard: Shard) -> Piece:
    memory = shard.memory
    bits = memory.view(torch.int16) if memory.dtype == torch.bfloat16 else memory

    def read(index: Index) -> NDArray[Any]:
        found = bits[tuple(_index(one, bits.device) for one in index)]
        made: NDArray[Any] = found.cpu().numpy()
        return made

    return Piece(shard.spans, read)


def _index(one: Any, device: torch.device) -> Any:
    return torch.from_numpy(one).to(device) if isinstance(one, np.ndarray) else one
