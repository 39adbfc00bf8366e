"""Measure one forward and one backward pass through a model: a row per operation, a record per weight.

The tape that records a forward pass shows each operation to a meter, which looks at its output while it lives and
leaves a hook for the gradient. Nothing is retained, and the model is left as it was found.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from headstart.check import not_negative, whole
from headstart.check import seed as checked_seed
from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.residual import longest_path, residual_sums
from headstart.models.torch import names
from headstart.models.torch.measure_alike import distinct_units
from headstart.models.torch.measure_axis import Mixed
from headstart.models.torch.measure_checks import as_inputs, batch_of, check_batch, check_devices, check_model
from headstart.models.torch.measure_gradients import Gradients, gradients_set_aside, leaves_of
from headstart.models.torch.measure_loss import Loss, Objective, no_path, objective
from headstart.models.torch.measure_meter import Meter
from headstart.models.torch.measure_moments import root_mean_square
from headstart.models.torch.measure_rows import rows_of_pass
from headstart.models.torch.read import Reading, arrays_of, forward_failed, read, roles_of
from headstart.models.torch.record import ForwardError, record
from headstart.models.torch.restore import left_as_found
from headstart.signals.trace import Trace, Weight


@dataclass(frozen=True)
class Question:
    """What is asked of a model: its inputs, its loss, and the seed of all that is drawn in the pass."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    loss: Loss
    target: Any
    seed: int
    learning_rate: float | None

    @property
    def tensors(self) -> list[Tensor]:
        return [leaf for leaf in pytree.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, Tensor)]


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
    """What one forward and one backward pass show. The model is left as it was found, when it raises too.

    Args:
        model: a torch.nn.Module; compiled, it is run uncompiled.
        args, kwargs: its inputs, at least two of them in a batch.
        loss: a function of the output, or of the output and the target; "cross_entropy" or "mse"; None for a random
            projection of the output, sum r y with r from N(0, 1).
        target: of the loss.
        draws: over so many draws of the weights from the plan the spread of each number is told; 1 for none.
        seed: 0 to 2^64 - 1, of the projection, the draws, and what the model itself draws.
        learning_rate: for the update of each weight relative to it.
        jacobian: how many singular values of the derivative of the output by the input are taken.
        plan: of the draws: a plan or a scheme.
        predict_only: whether nothing is measured, and theory alone speaks; the model may be on the meta device.

    Raises:
        InputError: the model, its inputs or its loss cannot be measured; nothing was changed.
    """
    draws, jacobian = whole(draws, "draws"), whole(jacobian, "jacobian", 0)
    if learning_rate is not None:
        learning_rate = not_negative(learning_rate, "the learning rate", "0.1")
    reading = read(model)
    inside = names.unwrapped(model)
    check_model(reading, predict_only)
    question = Question(tuple(args), dict(kwargs or {}), loss, target, checked_seed(seed), learning_rate)
    check_devices(reading, question.tensors)
    return measured(inside, reading, question)


def measured(model: nn.Module, reading: Reading, question: Question) -> Trace:
    """One pass, with the batch along the axis that no operation mixes: the first, or the second, or the first again."""
    tensors = question.tensors
    axes = [axis for axis in (0, 1) if batch_of(tensors, axis) is not None]
    if len(axes) > 1 and all(tensor.dim() > 1 for tensor in tensors) and (batch_of(tensors, 1) or 0) > 1:
        for axis in axes:
            try:
                return _pass(model, reading, question, axis, strict=True)
            except Mixed:
                continue
    return _pass(model, reading, question, 0, strict=False)


def _pass(model: nn.Module, reading: Reading, question: Question, axis: int, strict: bool) -> Trace:
    inputs = batch_of(question.tensors, axis)
    if axis == 0:
        check_batch(model, inputs)
    arrays = arrays_of(reading)
    args, kwargs = pytree.tree_map(as_inputs, (question.args, question.kwargs))
    with left_as_found(model) as found, torch.inference_mode(False), torch.enable_grad():
        meter = Meter(inputs, axis, strict, found)
        states = _seeded(question.seed)
        try:
            graph, output = record(model, args, kwargs, arrays, meter)
        except ForwardError as failed:
            if isinstance(failed.error, Mixed):
                raise failed.error from None
            raise forward_failed(model, args, kwargs, failed) from failed.error
        meter.finish(graph.outputs)
        drew = _states() != states
        del args, kwargs
        goal = objective(output, question.loss, question.target, question.seed)
        del output
        _backward(model, goal, graph, arrays, meter.gradients)
    sums = residual_sums(graph)
    classes, guess = goal.classes, goal.guess
    if goal.kind == "given" and guess is None and meter.told is not None:
        classes, guess = meter.told
    return Trace(
        graph=graph, sums=sums, depth=longest_path(graph, sums), rows=rows_of_pass(graph, meter, sums),
        weights=_weights(reading, graph, arrays, meter.gradients, question.learning_rate),
        batch=inputs if meter.axes.known else None, loss=goal.value, loss_kind=goal.kind,
        classes=classes, loss_guess=guess, from_random=drew,
    )  # fmt: skip


def _backward(
    model: nn.Module, goal: Objective, graph: Graph, arrays: Mapping[str, Tensor], gradients: Gradients
) -> None:
    leaves, hides = leaves_of(goal.tensor)
    own = {id(tensor) for tensor in model.parameters()}
    if not hides and not own & set(leaves):
        raise InputError(no_path(goal.kind))
    often = [name for name, uses in graph.used.items() if len({use.op for use in uses}) > 1]
    others = [tensor for key, tensor in leaves.items() if key not in own]
    with gradients_set_aside(others), gradients.of_parameters(model, arrays, often):
        try:
            goal.tensor.backward()
        except Exception as error:
            raise InputError(
                f"the backward pass fails: {type(error).__name__}: {error}. It has to run by loss.backward() alone."
            ) from error


def _weights(
    reading: Reading, graph: Graph, arrays: Mapping[str, Tensor], gradients: Gradients, learning_rate: float | None
) -> dict[str, Weight]:
    roles = roles_of(reading, graph)
    found = {}
    for name, tensor in arrays.items():
        scale = root_mean_square(tensor)[0] if tensor.is_floating_point() or tensor.is_complex() else None
        gradient = gradients.parameters.get(name)
        update = None
        if learning_rate is not None and gradient is not None and scale is not None:
            update = learning_rate * gradient[0] / scale if scale > 0 else math.inf if gradient[0] > 0 else 0.0
        found[name] = Weight(
            name=name, role=roles[name], shape=tuple(tensor.shape), rms=scale,
            grad_rms=None if gradient is None else gradient[0], grad_nonfinite=gradient[1] if gradient else 0,
            update=update, trainable=tensor.requires_grad,
            distinct=distinct_units(tensor, name, graph),
        )  # fmt: skip
    return found


def _seeded(seed: int) -> list[Any]:
    """Let what the model draws come from the seed; the states of the generators then."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed % 2**63)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed % 2**63)
    return _states()


def _states() -> list[Any]:
    accelerators = [bytes(state.numpy()) for state in torch.cuda.get_rng_state_all()] if torch.cuda.is_initialized() else []
    numpy = np.random.get_state()
    return [random.getstate(), bytes(numpy[1]), numpy[2], bytes(torch.get_rng_state().numpy()), accelerators]  # type: ignore[index, arg-type]  # NumPy types its state as a dict too
