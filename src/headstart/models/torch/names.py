"""Names of a model's modules and parameters: without the prefixes of wrappers, each array once.

A wrapper is known by its type and stands at a wrapper's place; a user's own attribute called `module` keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from headstart.models.torch.parametrized import Effective, effective_weights

# wrapper class -> the attribute that holds what it wraps
WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "CheckpointWrapper": "_checkpoint_wrapped_module",
    "AveragedModel": "module",
}


class Place(NamedTuple):
    """Where a parameter or buffer is.

    Args:
        module, attribute: its module, and the name there. name: the whole name.
        tensor: itself; of a weight that is computed, the parameter that has its shape.
        effective: how it is computed, if it is. parts: the whole names of what it is computed from.
    """

    module: nn.Module
    attribute: str
    name: str
    tensor: Tensor
    effective: Effective | None = None
    parts: tuple[str, ...] = ()


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own module inside wrappers at the top."""
    while (attribute := _wraps(model)) is not None:
        model = getattr(model, attribute)
    return model


def modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every module once, with its name."""
    seen: set[int] = set()

    def walk(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
        if id(module) in seen:
            return
        seen.add(id(module))
        attribute = _wraps(module)
        if attribute is None:
            yield name, module
        for child, inner in module.named_children():
            yield from walk(inner, name if child == attribute else f"{name}.{child}" if name else child)

    yield from walk(model, "")


def parameters(model: nn.Module) -> list[Place]:
    """Every parameter at every place it stands, tied ones several times; in the model's order.

    A weight that its layer computes stands there under the name that the layer uses, before its parts.
    """
    found = []
    inside: dict[int, Place] = {}  # the parts of computed weights, whose modules come later
    for name, module in modules(model):
        own = {key: value for key, value in module._parameters.items() if value is not None}
        for effective in effective_weights(module):
            parts = {part: _at(module, part) for part in effective.parts}
            whole = max(parts.values(), key=lambda tensor: -1 if is_lazy(tensor) else tensor.numel())
            names = tuple(_join(name, part) for part in parts)
            found.append(Place(module, effective.attribute, _join(name, effective.attribute), whole, effective, names))
            inside |= {id(tensor): found[-1] for tensor in parts.values()}
        found += [Place(module, key, _join(name, key), value) for key, value in own.items()]
    return [
        place
        if place.effective or id(place.tensor) not in inside
        else place._replace(parts=(inside[id(place.tensor)].name,))
        for place in found
    ]


def _at(module: nn.Module, path: str) -> Tensor:
    for step in path.split("."):
        module = getattr(module, step)
    assert isinstance(module, Tensor)
    return module


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def buffers(model: nn.Module) -> list[Place]:
    """Every buffer, likewise."""
    return [
        Place(module, attribute, _join(name, attribute), tensor)
        for name, module in modules(model)
        for attribute, tensor in module._buffers.items()
        if tensor is not None
    ]


def is_lazy(tensor: Tensor) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return isinstance(tensor, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer))


def padding_row(place: Place) -> int | None:
    """The row of an embedding that stands for no word, and is zero whatever is drawn."""
    row = getattr(place.module, "padding_idx", None)
    return row if isinstance(row, int) and place.attribute == "weight" and place.tensor.dim() == 2 else None


def same_memory(tensor: Tensor) -> tuple[int, ...] | None:
    """What two tensors share that are one array; None where that cannot be told."""
    if (
        is_lazy(tensor)
        or tensor.layout != torch.strided
        or tensor.is_meta
        or type(tensor) not in (Tensor, nn.Parameter)
    ):
        return None
    if tensor.numel() == 0:
        return None
    return (tensor.data_ptr(), *tensor.shape, *tensor.stride())


def _wraps(module: nn.Module) -> str | None:
    for kind in type(module).__mro__:
        attribute = WRAPPERS.get(kind.__name__)
        if attribute is not None and kind.__module__.startswith("torch."):
            return attribute
    return None
