"""What a watcher knows of a model's passes: the calls in their order, and which of them have a row.

It is learnt in one pass on the user's own inputs, as a probe's is, and the model is left as it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils import _pytree as pytree

from headstart.graph.residual import residual_sums
from headstart.models.torch import names
from headstart.models.torch.measure.checks import as_input, batch_of, tensors_of
from headstart.models.torch.measure.meter import Meter
from headstart.models.torch.ops import name_of
from headstart.models.torch.read import arrays_of, read
from headstart.models.torch.record import ForwardError, Tape, record
from headstart.models.torch.restore import left_as_found
from headstart.signals.measure.rows import rows_of_pass
from headstart.signals.measure.seen import Batch, Mixed
from headstart.signals.measure.shapes import Shape

COMPILED = "a part of the model is compiled, and shows nothing of its inside"
SHARED = "it runs in several processes, and cannot run a pass of its own"


class Looked(NamedTuple):
    """A row: its name, where its inputs lie, the form of its activation, and the axis of its units (from the end)."""

    name: str
    batch: Batch | None
    shape: Shape | None
    units: int = -1


@dataclass
class Learnt:
    """What is known of a pass.

    Args:
        rows: name -> kind, in order.
        calls: the names of all calls, in order. places: which of them have a row.
        inputs: the rows of the model's inputs, in order; None for one that has none.
        parameters: by name.
        note: why there are no rows.
        lost: whether a pass made other calls.
    """

    rows: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    places: dict[int, Looked] = field(default_factory=dict)
    inputs: list[Looked | None] = field(default_factory=list)
    parameters: dict[str, Tensor] = field(default_factory=dict)
    note: str = ""
    lost: bool = False


class _Counted(Tape):
    """A tape that knows which call made each operation."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.called: list[str] = []
        self.by: dict[int, int] = {}  # operation -> the call that made it

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        name = name_of(function)
        if name:
            self.called.append(name)
        before, call = len(self.ops), len(self.called) - 1
        result = super().__torch_function__(function, types, args, kwargs)
        self.by.update(dict.fromkeys(range(before, len(self.ops)), call))
        return result


def learn(
    outer: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], wanted: Callable[[str], bool]
) -> Learnt | None:
    """What a pass on these inputs is like; None where the model has no shape yet."""
    model = names.unwrapped(outer)
    if any(names.is_lazy(tensor) for tensor in model.parameters()):
        return None
    reading = read(model)
    found = Learnt(parameters={name: each for name, each in arrays_of(reading).items() if each.requires_grad})
    found.note = _silent(outer)
    if found.note:
        return found
    arrays = arrays_of(reading)
    tensors = [leaf for leaf in pytree.tree_leaves((args, dict(kwargs))) if isinstance(leaf, Tensor)]
    strict = all(tensor.dim() > 1 for tensor in tensors) and (batch_of(tensors, 1) or 0) > 1
    for axis, checked in ((0, strict), *(((1, True), (0, False)) if strict else ())):
        try:
            _pass(model, arrays, args, kwargs, batch_of(tensors, axis), axis, checked, wanted, found)
            break
        except Mixed:
            continue
    return found


def _pass(
    model: nn.Module, arrays: Mapping[str, Tensor], args: tuple[Any, ...], kwargs: Mapping[str, Any],
    inputs: int | None, axis: int, strict: bool, wanted: Callable[[str], bool], found: Learnt,
) -> None:  # fmt: skip
    tapes: list[_Counted] = []

    def tape(*given: Any) -> Tape:
        tapes.append(_Counted(*given))
        return tapes[-1]

    args, kwargs = pytree.tree_map(as_input, (args, dict(kwargs)))
    with left_as_found(model) as before, torch.enable_grad(), saved_tensors_hooks(_itself, _itself):
        meter = Meter(inputs, axis, strict)
        try:
            graph, output = record(model, args, kwargs, arrays, meter, True, before.about_to_write, tape)
        except ForwardError as failed:
            raise failed.error from None
        meter.finish(graph.outputs)
        meter.outputs(graph.outputs, tensors_of(output))
        del output
    rows = {row.value: row for row in rows_of_pass(graph, meter.passed, residual_sums(graph)) if wanted(row.name)}
    found.calls, by = tapes[0].called, tapes[0].by
    for op, seen in meter.seen.items():
        row = rows.get(seen.value)
        place = (
            None
            if row is None
            else Looked(row.name, seen.batch, seen.shape, meter.units_of(seen.value, len(row.shape)))
        )
        if op < 0:  # an input of the model
            found.inputs.append(place)
        elif place is not None:
            found.places[by[op]] = place
        if row is not None:
            found.rows[row.name] = row.kind


def _itself(tensor: Tensor) -> Tensor:
    """What this pass saves is its own: a checkpoint around the model counts what is saved."""
    return tensor


def _silent(model: nn.Module) -> str:
    """Why no pass of our own is run; "" if one can be."""
    if any(getattr(module, "_compiled_call_impl", None) is not None for module in model.modules()):
        return COMPILED
    if any(type(module).__name__ == "OptimizedModule" for module in model.modules()):
        return COMPILED
    shared = torch.distributed.is_available() and torch.distributed.is_initialized()
    if shared and torch.distributed.get_world_size() > 1:
        kinds = {type(module).__name__ for module in model.modules()}
        sharded = any(type(each).__name__ == "DTensor" for each in model.parameters())
        if sharded or kinds & {"SyncBatchNorm", "FullyShardedDataParallel"}:
            return SHARED
    return ""
