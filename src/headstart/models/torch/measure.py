"""Measure one forward and one backward pass through a model: a row per operation, a record per weight.

The tape that records a forward pass shows each operation to a meter, which looks at its output while it lives and
leaves a hook for the gradient. Nothing is retained, and the model is left as it was found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.residual import longest_path, residual_sums
from headstart.graph.values import Kind, Op
from headstart.graph.words import RESHAPE
from headstart.models.torch import names
from headstart.models.torch.measure_gradients import Gradients
from headstart.models.torch.measure_loss import Loss, Objective, objective
from headstart.models.torch.measure_moments import Batch, Moments, moments, root_mean_square
from headstart.models.torch.measure_rows import names_of, parameters_of
from headstart.models.torch.read import Reading, arrays_of, forward_failed, read, roles_of
from headstart.models.torch.record import ForwardError, Given, Made, record
from headstart.models.torch.restore import left_as_found
from headstart.signals.trace import Row, Trace, Weight


class Meter:
    """Looks at every operation of a pass while its tensors live."""

    def __init__(self, batch: int | None) -> None:
        self.batch = batch
        self.gradients = Gradients()
        self.seen: dict[int, tuple[int, Moments, Batch | None, str]] = {}  # op -> value, moments, batch, note

    def before(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        pass

    def saw(self, op: Op, kind: Kind, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], call: Made) -> None:
        if kind != "data" or op.name in RESHAPE:
            return
        for value, tensor in made:
            if tensor.is_floating_point() or tensor.is_complex():
                self.look(op.index, value, tensor)
                return

    def look(self, op: int, value: int, tensor: Tensor) -> None:
        axis = Batch(0, 1, self.batch, 1) if self.batch and tensor.dim() and tensor.shape[0] == self.batch else None
        note = ""
        if tensor.requires_grad:
            self.gradients.watch(value, tensor)
        elif not torch.is_grad_enabled():
            note = "made without gradients: under no_grad, or in a reentrant checkpoint"
        else:
            note = "nothing that is trained comes before it"
        self.seen[op] = value, moments(tensor, axis), axis, note


def trace_of(
    model: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Loss = None,
    target: Any = None,
    draws: int = 1,
    seed: int = 0,
    learning_rate: float | None = None,
    jacobian: int = 0,
    plan: Any = None,
    predict_only: bool = False,
) -> Trace:
    """What one forward and one backward pass show.

    Raises:
        InputError: the model or its inputs cannot be measured; nothing was changed.
    """
    inside = names.unwrapped(model)
    reading = read(inside)
    given, named = pytree.tree_map_only(Tensor, lambda tensor: tensor.detach().clone(), (tuple(args), dict(kwargs or {})))
    with left_as_found(inside):
        return _measured(inside, reading, given, named, loss, target, seed, learning_rate)


def _measured(
    model: nn.Module, reading: Reading, args: Sequence[Any], kwargs: Mapping[str, Any], loss: Loss, target: Any,
    seed: int, learning_rate: float | None,
) -> Trace:  # fmt: skip
    arrays = arrays_of(reading)
    tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    batch = next((tensor.shape[0] for tensor in tensors if tensor.dim()), None)
    meter = Meter(batch)
    try:
        graph, output = record(model, args, kwargs, arrays, meter)
    except ForwardError as failed:
        raise forward_failed(model, args, kwargs, failed) from failed.error
    goal = objective(output, loss, target, seed)
    often = [name for name, uses in graph.used.items() if len({use.op for use in uses}) > 1]
    with meter.gradients.of_parameters(arrays, often):
        goal.tensor.backward()
    sums = residual_sums(graph)
    rows = _rows(graph, meter)
    return Trace(
        graph=graph, sums=sums, depth=longest_path(graph, sums), rows=rows,
        weights=_weights(reading, graph, arrays, meter.gradients, learning_rate), batch=batch, loss=goal.value,
        loss_kind=goal.kind, classes=goal.classes, loss_guess=goal.guess,
    )  # fmt: skip


def _rows(graph: Graph, meter: Meter) -> tuple[Row, ...]:
    ops = [graph.ops[index] for index in meter.seen]
    words = {op.index: op.call.strip("_") if op.name in ("pointwise", "other") else op.name for op in ops}
    called = names_of(graph, ops, words)
    rows = []
    for op in ops:
        value, found, axis, note = meter.seen[op.index]
        gradient = meter.gradients.values.get(value)
        rows.append(
            Row(
                op=op.index, value=value, name=called[op.index], kind=words[op.index], module=op.module,
                parameters=parameters_of(graph, op), shape=graph.values[value].shape,
                batch_axis=None if axis is None else axis.axis, per_input=1 if axis is None else axis.per_input,
                rms=found.rms, mean=found.mean, batch_std=found.batch_std, cosine=found.cosine,
                nonfinite=found.nonfinite, grad_rms=None if gradient is None else gradient[0],
                grad_note=note or ("" if gradient is not None else "the loss does not depend on it"),
            )
        )  # fmt: skip
    return tuple(rows)


def _weights(
    reading: Reading, graph: Graph, arrays: Mapping[str, Tensor], gradients: Gradients, learning_rate: float | None
) -> dict[str, Weight]:
    roles = roles_of(reading, graph)
    found = {}
    for name, tensor in arrays.items():
        scale = root_mean_square(tensor)[0]
        gradient = gradients.parameters.get(name)
        update = None
        if learning_rate is not None and gradient is not None:
            update = learning_rate * gradient[0] / scale if scale > 0 else math.inf
        found[name] = Weight(
            name=name, role=roles[name], shape=tuple(tensor.shape), rms=scale,
            grad_rms=None if gradient is None else gradient[0], grad_nonfinite=gradient[1] if gradient else 0,
            update=update, trainable=tensor.requires_grad,
        )  # fmt: skip
    return found
