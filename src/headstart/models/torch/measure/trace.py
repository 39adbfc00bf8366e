"""Measure one forward and one backward pass through a model: a row per operation, a record per weight.

The tape that records a forward pass shows each operation to a meter, which looks at its output while it lives and
leaves a hook for the gradient. Nothing is retained, and the model is left as it was found.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import _pytree as pytree

from headstart.check import not_negative, whole
from headstart.check import seed as checked_seed
from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.predict import WeightMoments
from headstart.graph.reading import roles_of
from headstart.graph.residual import longest_path, residual_sums
from headstart.models.torch import names
from headstart.models.torch.measure.alike import distinct_units
from headstart.models.torch.measure.checks import (
    as_input,
    batch_of,
    check_batch,
    check_devices,
    check_model,
    tensors_of,
)  # fmt: skip
from headstart.models.torch.measure.draws import drawn, plan_of
from headstart.models.torch.measure.gradients import Gradients, gradients_set_aside, leaves_of
from headstart.models.torch.measure.jacobian import singular_values
from headstart.models.torch.measure.loss import Loss, Objective, floating, no_path, objective
from headstart.models.torch.measure.meter import Meter
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.measure.predict import input_moments, weight_moments
from headstart.models.torch.read import Reading, arrays_of, forward_failed, informed, read
from headstart.models.torch.record import ForwardError, record
from headstart.models.torch.restore import Found, WritesSeen, has_accelerators, left_as_found
from headstart.plans import Plan
from headstart.signals.measure.asked import any_axis
from headstart.signals.measure.draws import with_spread
from headstart.signals.measure.predict import Theory, moments_of_draws, with_predictions
from headstart.signals.measure.rows import rows_of_pass
from headstart.signals.measure.seen import Mixed
from headstart.signals.measure.weights import relative_step
from headstart.signals.trace import Trace, Weight

Answer = TypeVar("Answer")


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
    reading: Reading | None = None,
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
        reading: of the model, by somebody who knows its layers better.

    Raises:
        InputError: the model, its inputs or its loss cannot be measured; nothing was changed.
    """
    draws, jacobian = whole(draws, "draws"), whole(jacobian, "jacobian", 0)
    if learning_rate is not None:
        learning_rate = not_negative(learning_rate, "the learning rate", "0.1")
    reading = reading or read(model)
    inside = names.unwrapped(model)
    check_model(reading, predict_only)
    question = Question(tuple(args), dict(kwargs or {}), loss, target, checked_seed(seed), learning_rate)
    check_devices(reading, question.tensors)
    if predict_only:
        trace, theory = _any_axis(question.tensors, partial(_predicted, inside, reading, question, plan))
    else:
        trace, theory = _drawn(inside, reading, question, plan, draws)
    if jacobian:
        values = _any_axis(question.tensors, partial(_spectrum, inside, question, jacobian))
        trace = replace(trace, singular_values=values)
    return with_predictions(trace, theory, question.seed)


def _drawn(model: nn.Module, reading: Reading, question: Question, plan: Any, draws: int) -> tuple[Trace, Theory]:
    """The weights as they are, or as a plan draws them; with what changes over several draws."""
    own = None if isinstance(plan, Plan) else _measured(model, reading, question)
    if plan is None and draws == 1:
        assert own is not None
        return own
    made = plan if own is None else plan_of(plan, reading, own[0].graph)
    found = []
    for draw in range(draws):
        with drawn(model, made, (question.seed + draw) % 2**64):
            found.append(_measured(model, reading, question))
    trace, theory = found[0] if plan is not None else own or found[0]
    if draws > 1:
        trace = replace(trace, rows=with_spread(trace.rows, [each.rows for each, _ in found]))
    return trace, theory


def _measured(model: nn.Module, reading: Reading, question: Question) -> tuple[Trace, Theory]:
    return _any_axis(question.tensors, partial(_pass, model, reading, question))


def _any_axis(tensors: Sequence[Tensor], ask: Callable[[int, bool], Answer]) -> Answer:
    return any_axis([tensor.shape for tensor in tensors], ask)


def _pass(model: nn.Module, reading: Reading, question: Question, axis: int, strict: bool) -> tuple[Trace, Theory]:
    inputs = batch_of(question.tensors, axis)
    if axis == 0:
        check_batch(model, inputs)
    arrays = arrays_of(reading)
    with left_as_found(model) as found, torch.inference_mode(False):
        meter = Meter(inputs, axis, strict)
        states = _seeded(question.seed)
        graph, output = _recorded(model, question, arrays, meter, found, True)
        drew = _states() != states
        with torch.enable_grad():
            goal = objective(output, question.loss, question.target, question.seed)
        del output
        _backward(model, goal, graph, arrays, meter.gradients)
    sums = residual_sums(graph)
    classes, guess = goal.classes, goal.guess
    if goal.kind == "given" and guess is None and meter.told is not None:
        classes, guess = meter.told
    weights, moments = _weights(reading, graph, arrays, meter.gradients, question.learning_rate)
    trace = Trace(
        graph=graph, sums=sums, depth=longest_path(graph, sums), rows=rows_of_pass(graph, meter.passed, sums),
        weights=weights, batch=inputs if meter.axes.known else None, loss=goal.value, loss_kind=goal.kind,
        classes=classes, loss_guess=guess, from_random=drew,
    )  # fmt: skip
    back = {out: meter.gradients.values[out][0] for out in graph.outputs if out in meter.gradients.values}
    return trace, Theory(moments, input_moments(graph, question.tensors), back)


def _recorded(
    model: nn.Module,
    question: Question,
    arrays: Mapping[str, Tensor],
    meter: Meter,
    found: Found,
    gradients: bool,
) -> tuple[Graph, Any]:
    args, kwargs = pytree.tree_map(as_input, (question.args, question.kwargs))
    try:
        graph, output = record(model, args, kwargs, arrays, meter, gradients, found.about_to_write)
    except ForwardError as failed:
        if isinstance(failed.error, Mixed):
            raise failed.error from None
        raise forward_failed(model, args, kwargs, failed) from failed.error
    meter.finish(graph.outputs)
    meter.outputs(graph.outputs, tensors_of(output))
    return graph, output


def _predicted(
    model: nn.Module, reading: Reading, question: Question, plan: Any, axis: int, strict: bool
) -> tuple[Trace, Theory]:
    """What theory alone needs: the pass is followed, and no number of it is looked at."""
    inputs, arrays = batch_of(question.tensors, axis), arrays_of(reading)
    with left_as_found(model) as found:
        meter = Meter(inputs, axis, strict, looks=False)
        graph, _ = _recorded(model, question, arrays, meter, found, False)
    known = informed(reading, graph)
    if plan is not None or any(tensor.is_meta for tensor in arrays.values()):
        moments = moments_of_draws(known.parameters, plan_of("gain" if plan is None else plan, reading, graph))
    else:
        moments = _weights(reading, graph, arrays, meter.gradients, None)[1]
    weights = {
        name: Weight(name=name, role=role, shape=tuple(arrays[name].shape), trainable=arrays[name].requires_grad,
                     rms=math.sqrt(moments[name].second) if name in moments else None)
        for name, role in roles_of(reading.parameters, graph).items() if name in arrays
    }  # fmt: skip
    trace = Trace(
        graph=graph, sums=known.sums, depth=known.depth, rows=rows_of_pass(graph, meter.passed, known.sums),
        weights=weights, batch=inputs if meter.axes.known else None, measured=False,
    )  # fmt: skip
    return trace, Theory(moments, input_moments(graph, question.tensors), None)


def _spectrum(model: nn.Module, question: Question, count: int, axis: int, strict: bool) -> tuple[float, ...]:
    """The singular values of the first input's output by it; the others stay as they are."""
    args, kwargs = pytree.tree_map(as_input, (question.args, question.kwargs))
    leaves, shape = pytree.tree_flatten((args, kwargs))
    place = next((i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.is_floating_point()), None)
    if place is None:
        raise InputError("a Jacobian needs an input of floating-point numbers, got tokens, which have no derivative.")
    x = leaves[place].detach()
    if axis >= x.dim():
        axis = 0

    def answer(first: Tensor) -> Tensor:
        leaves[place] = torch.cat([first.unsqueeze(axis), x.narrow(axis, 1, x.shape[axis] - 1)], axis)
        given, named = pytree.tree_unflatten(leaves, shape)
        output = next(iter(floating(model(*given, **named)).values()))
        same = output.dim() > axis and output.shape[axis] == x.shape[axis]
        return output.select(axis, 0) if same else output

    with (
        left_as_found(model) as found, torch.inference_mode(False), torch.compiler.set_stance("force_eager"),
        torch.backends.mkldnn.flags(enabled=False, deterministic=None, allow_tf32=None), sdpa_kernel(SDPBackend.MATH),
        WritesSeen(found),
    ):  # fmt: skip
        _seeded(question.seed)
        return singular_values(answer, x.select(axis, 0), count, question.seed)


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
            torch.autograd.backward(goal.tensor)
        except Exception as error:
            raise InputError(
                f"the backward pass fails: {type(error).__name__}: {error}. It has to run by loss.backward() alone."
            ) from error


def _weights(
    reading: Reading, graph: Graph, arrays: Mapping[str, Tensor], gradients: Gradients, learning_rate: float | None
) -> tuple[dict[str, Weight], dict[str, WeightMoments]]:
    roles = roles_of(reading.parameters, graph)
    found, moments = {}, {}
    for name, tensor in arrays.items():
        scale = root_mean_square(tensor)[0] if tensor.is_floating_point() or tensor.is_complex() else None
        told = None if scale is None else weight_moments(tensor, roles[name], scale)
        if told is not None:
            moments[name] = told
        gradient = gradients.parameters.get(name)
        update = relative_step(scale, gradient, learning_rate)
        found[name] = Weight(
            name=name, role=roles[name], shape=tuple(tensor.shape), rms=scale,
            grad_rms=None if gradient is None else gradient[0], grad_nonfinite=gradient[1] if gradient else 0,
            update=update, trainable=tensor.requires_grad, distinct=distinct_units(tensor, name, graph),
        )  # fmt: skip
    return found, moments


def _seeded(seed: int) -> list[Any]:
    """Let what the model draws come from the seed; the states of the generators then."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed % 2**63)
    if has_accelerators():
        torch.cuda.manual_seed_all(seed % 2**63)
    return _states()


def _states() -> list[Any]:
    accelerators = [bytes(state.numpy()) for state in torch.cuda.get_rng_state_all()] if has_accelerators() else []
    numpy = np.random.get_state()
    return [random.getstate(), bytes(numpy[1]), numpy[2], bytes(torch.get_rng_state().numpy()), accelerators]  # type: ignore[index]  # NumPy types it as a dict too
