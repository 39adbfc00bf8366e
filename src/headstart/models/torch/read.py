"""Read a PyTorch model: its parameters with role, layout, ties, and what follows each weight. It is left as it is.

The class of a layer says what its parameters are for; where it does not, the forward pass on an example does. Without
an example what only a pass can show stays unknown, and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.reading import informed as said_by_pass
from headstart.graph.residual import ResidualSum, longest_path, residual_sums
from headstart.layout import LAYOUTS
from headstart.models.torch import names
from headstart.models.torch.fsdp import refuse_flattened, refuse_sharded_pass
from headstart.models.torch.layers import Kind, kind_of
from headstart.models.torch.record import ForwardError, record
from headstart.models.torch.restore import left_as_found
from headstart.models.torch.starts import start_of
from headstart.plans import Parameter
from headstart.plans.starts import UNKNOWN


@dataclass(frozen=True)
class Reading:
    """What was read.

    Args:
        parameters: in the model's order.
        places: a parameter's name -> where it stands.
        buffers: likewise, of buffers.
        graph: of the pass on the example; None without one.
        sums: the graph's residual sums. depth: how many lie one behind the other.
    """

    parameters: tuple[Parameter, ...]
    places: Mapping[str, names.Place]
    buffers: Mapping[str, names.Place]
    graph: Graph | None = None
    sums: tuple[ResidualSum, ...] = ()
    depth: int = 0


def read(model: nn.Module, example: Any = None) -> Reading:
    """The parameters of a model.

    Args:
        example: a tensor, a tuple of positional inputs, or a dict of inputs by name; None to read the layers alone.

    Raises:
        InputError: it is no module, its parameters are flattened, or its forward pass fails on the example.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"a PyTorch model is a torch.nn.Module, got {type(model).__name__}. Pass the module itself.")
    refuse_flattened(model)
    inside = names.unwrapped(model)
    found = names.parameters(inside)
    places = {place.name: place for place in found}
    parameters = [*_parameters(found), *_packed(inside)]
    buffers = {place.name: place for place in names.buffers(inside)}
    if example is not None:
        refuse_sharded_pass(model, (place.tensor for place in found))
    if example is None or any(names.is_lazy(place.tensor) for place in found):  # a pass would give those their shapes
        return Reading(tuple(parameters), places, buffers)
    reading = Reading(tuple(parameters), places, buffers)
    return informed(reading, _recorded(inside, example, arrays_of(reading)))


def informed(reading: Reading, graph: Graph) -> Reading:
    """What the layers say, and what a pass says besides."""
    sums = residual_sums(graph)
    parts = {name: place.parts if place.effective else () for name, place in reading.places.items()}
    parameters = said_by_pass(reading.parameters, graph, sums, parts)
    return Reading(parameters, reading.places, reading.buffers, graph, sums, longest_path(graph, sums))


def arrays_of(reading: Reading) -> dict[str, Tensor]:
    """The parameters that a pass can meet, each array once: by name."""
    return {
        parameter.name: reading.places[parameter.name].tensor
        for parameter in reading.parameters
        if parameter.name in reading.places
        and not parameter.tied_to
        and reading.places[parameter.name].effective is None
    }


def example_inputs(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the named inputs of an example."""
    if isinstance(example, Mapping):
        return (), dict(example)
    return (tuple(example), {}) if isinstance(example, (tuple, list)) else ((example,), {})


def _parameters(places: Sequence[names.Place]) -> list[Parameter]:
    """What the layers alone say."""
    found: list[Parameter] = []
    by_array: dict[Any, str] = {}
    for place in places:
        tensor = place.tensor
        kind = kind_of(place.module, place.attribute) or Kind("unknown")
        if place.parts and place.effective is None:
            found.append(
                Parameter(place.name, tuple(tensor.shape), "unknown", owner=type(place.module).__name__,
                          trainable=tensor.requires_grad,
                          fixed=f"{place.parts[0]} is computed from it, and written through")
            )  # fmt: skip
            continue
        first = by_array.setdefault(id(tensor), place.name)
        shared = names.same_memory(tensor)
        if shared is not None:
            first = by_array.setdefault(shared, first)
        shape = () if names.is_lazy(tensor) else tuple(tensor.shape)
        found.append(
            Parameter(
                place.name, shape, kind.role, kind.layout or LAYOUTS["out_in"],
                tied_to=None if first == place.name else first, owner=type(place.module).__name__,
                trainable=tensor.requires_grad, fixed=_fixed(place),
                note="; ".join(filter(None, (kind.note, _computed(place)))),
                start=UNKNOWN if place.effective else start_of(place.module, place.attribute, tensor, kind),
                zero_row=getattr(place.module, "padding_idx", None) if kind.role == "lookup" else None,
            )
        )  # fmt: skip
    return found


def _packed(model: nn.Module) -> Iterator[Parameter]:
    """Quantized layers, whose weights are no parameters any more."""
    for name, module in names.modules(model):
        if type(module).__module__.startswith("torch.ao.nn.") and callable(getattr(module, "weight", None)):
            yield Parameter(
                f"{name}.weight" if name else "weight", (), "unknown", owner=type(module).__name__,
                fixed="it is quantized and packed",
            )  # fmt: skip


def _computed(place: names.Place) -> str:
    if place.effective is None or place.effective.free:
        return ""
    return f"{place.effective.by} changes its scale afterwards"


def _fixed(place: names.Place) -> str:
    """Why a parameter cannot be drawn; "" if it can."""
    tensor = place.tensor
    if place.effective is not None and place.effective.by == "an orthogonal parametrization":
        return "an orthogonal parametrization keeps it orthogonal, whatever is drawn"
    if names.is_lazy(tensor):
        return "it has no shape before the first batch: run one batch through the model first"
    if tensor.is_quantized or not tensor.is_floating_point():
        return f"its numbers are of type {str(tensor.dtype).removeprefix('torch.')}"
    if tensor.layout != torch.strided:
        return f"its layout is {str(tensor.layout).removeprefix('torch.')}"
    if tensor.dtype not in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        return f"its numbers are of type {str(tensor.dtype).removeprefix('torch.')}"
    return ""


def _recorded(model: nn.Module, example: Any, arrays: Mapping[str, Tensor]) -> Graph:
    args, kwargs = example_inputs(example)
    with left_as_found(model) as found:
        try:
            return record(model, args, kwargs, arrays, about_to_write=found.about_to_write)[0]
        except ForwardError as failed:
            raise forward_failed(model, args, kwargs, failed) from failed.error


def forward_failed(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], failed: ForwardError
) -> InputError:
    """What to tell of a forward pass that raised: on which shapes, and in which module."""
    shapes = ", ".join(str(tuple(x.shape)) for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
    module = {**dict(model.named_modules()), **dict(names.modules(model))}.get(failed.module)
    where = f", in {failed.module} ({type(module).__name__})" if failed.module else ""
    example = f"the example of shape {shapes}" if shapes else "an example without tensors"
    return InputError(
        f"the model's forward pass fails on {example}{where}: "
        f"{type(failed.error).__name__}: {failed.error}. Pass inputs that the model takes."
    )
