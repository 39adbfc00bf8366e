"""What this process holds of a model's parameters, to be compared with a plan: whole tensors, or its own shards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from headstart.models.torch import names
from headstart.models.torch.values import missing
from headstart.plans.verified import Held, Index, Piece, Spans

COMPUTED = 1e-4  # standard deviations that a weight may be off that its layer computes from a direction and a length


def held(model: nn.Module, wanted: Iterable[str]) -> dict[str, Held]:
    """Name -> what this process holds; names that the model does not have are left out."""
    places = {place.name: place for place in names.parameters(names.unwrapped(model))}
    return {name: held_of(places[name]) for name in wanted if name in places}


def held_of(place: names.Place) -> Held:
    """What this process holds of one parameter."""
    tensor = place.tensor
    dtype = str(tensor.dtype).removeprefix("torch.")
    why = missing(tensor)
    if why:
        return Held(() if names.is_lazy(tensor) else tuple(tensor.shape), dtype, (), missing=why)
    shape = tuple(tensor.shape)
    if place.effective is not None:
        if not place.effective.free:
            return Held(shape, dtype, (), changed=f"{place.effective.by} changes it")
        used = getattr(place.module, place.effective.attribute).detach()
        return Held(shape, dtype, (_piece(used, _whole(shape)),), close=COMPUTED)
    return Held(shape, dtype, (_piece(tensor, _whole(shape)),), zeros=_padding(place))


def _whole(shape: tuple[int, ...]) -> Spans:
    return tuple((0, size) for size in shape)


def _padding(place: names.Place) -> tuple[Spans, ...]:
    """The row of an embedding that stands for no word."""
    row = getattr(place.module, "padding_idx", None)
    if row is None or place.attribute != "weight":
        return ()
    return (((row, row + 1), *_whole(tuple(place.tensor.shape)[1:])),)


def _piece(tensor: Tensor, spans: Spans) -> Piece:
    plain = tensor.detach()
    bits = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain

    def read(index: Index) -> NDArray[Any]:
        found = bits[tuple(_index(one, bits.device) for one in index)]
        made: NDArray[Any] = found.cpu().numpy()
        return made

    return Piece(spans, read)


def _index(one: Any, device: torch.device) -> Any:
    return torch.from_numpy(one).to(device) if isinstance(one, np.ndarray) else one
