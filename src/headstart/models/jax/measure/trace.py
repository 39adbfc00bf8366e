"""Measure one forward and one backward pass of a model over JAX: a row per operation, a record per weight.

The pass is recorded as a program, and the program is run operation by operation on the arrays as they are. Nothing of
the model is called with numbers, so that nothing it holds can change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.check import not_negative, whole
from headstart.check import seed as checked_seed
from headstart.errors import InputError
from headstart.graph.predict import InputMoments, WeightMoments
from headstart.graph.values import Op
from headstart.models.jax.measure.jacobian import spectrum
from headstart.models.jax.measure.loss import Loss, Objective, Output, first_line, no_path, objective
from headstart.models.jax.measure.question import Asked, arrays_of, asked
from headstart.models.jax.measure.run import Run, is_key, is_on_data
from headstart.models.jax.measure.same import identity_of
from headstart.models.jax.trees import is_abstract
from headstart.models.jax.weights import drawn
from headstart.plans import Plan
from headstart.signals.measure.asked import any_axis, batch_size, check_batch
from headstart.signals.measure.draws import plan_from, with_spread
from headstart.signals.measure.meter import ArrayMeter, Facts
from headstart.signals.measure.moments import root_mean_square
from headstart.signals.measure.predict import (
    Theory,
    input_of,
    moments_of_draws,
    weight_moments,
    with_predictions,
)  # fmt: skip
from headstart.signals.measure.rows import rows_of_pass
from headstart.signals.measure.seen import Measured
from headstart.signals.measure.weights import weight_of
from headstart.signals.trace import Trace, Weight

_CUTS = frozenset({"stop_gradient", "pure_callback", "io_callback", "debug_callback"})


@dataclass(frozen=True)
class Question:
    """What is asked besides the model and its inputs; the seed is of all that is drawn."""

    loss: Loss
    target: Any
    seed: int
    learning_rate: float | None


def trace_of(
    model: Any,
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

    Args:
        model: any form that `trees.model_of` takes and that can be called.
        args, kwargs: its inputs, at least two of them in a batch.
        loss: a function of the output, or of the output and the target; "cross_entropy" or "mse"; None for a random
            projection of the output, sum r y with r from N(0, 1).
        target: of the loss.
        draws: over so many draws of the weights from the plan the spread of each number is told; 1 for none.
        seed: 0 to 2^64 - 1, of the projection and the draws.
        learning_rate: for the update of each weight relative to it.
        jacobian: how many singular values of the derivative of the output by the input are taken.
        plan: of the draws: a plan or a scheme.
        predict_only: whether nothing is measured, and theory alone speaks; parameters may be `ShapeDtypeStruct`s.

    Raises:
        InputError: the model, its inputs or its loss cannot be measured.
    """
    draws, jacobian = whole(draws, "draws"), whole(jacobian, "jacobian", 0)
    if learning_rate is not None:
        learning_rate = not_negative(learning_rate, "the learning rate", "0.1")
    found = asked(model, args, kwargs or {}, predict_only)
    question = Question(loss, target, checked_seed(seed), learning_rate)
    if predict_only:
        trace, theory = any_axis(found.shapes, partial(_predicted, found, plan))
    else:
        trace, theory = _drawn(found, question, plan, draws)
    if jacobian:
        values = any_axis(found.shapes, lambda axis, strict: spectrum(found, axis, jacobian, question.seed))
        trace = replace(trace, singular_values=values)
    return with_predictions(trace, theory, question.seed)


def measured(found: Asked, question: Question, values: Mapping[str, Any]) -> tuple[Trace, Theory]:
    """The program run on these values of its parameters."""
    return any_axis(found.shapes, partial(_pass, found, question, values))


def _drawn(found: Asked, question: Question, plan: Any, draws: int) -> tuple[Trace, Theory]:
    """The weights as they are, or as a plan draws them; with what changes over several draws."""
    own = None if isinstance(plan, Plan) else measured(found, question, found.model.tree)
    if plan is None and draws == 1:
        assert own is not None
        return own
    made = plan_of(plan, found)
    several = [
        measured(found, question, drawn(found.model, made, (question.seed + draw) % 2**64)) for draw in range(draws)
    ]
    trace, theory = several[0] if plan is not None else own or several[0]
    if draws > 1:
        trace = replace(trace, rows=with_spread(trace.rows, [each.rows for each, _ in several]))
    return trace, theory


def plan_of(given: Any, found: Asked) -> Plan:
    """A plan as it is given, or made from a scheme; None for normal draws of the sizes that the weights have."""
    tree = found.model.tree
    return plan_from(given, found.parameters, found.depth, lambda name: root_mean_square(tree[name])[0])


def _pass(found: Asked, question: Question, values: Mapping[str, Any], axis: int, strict: bool) -> tuple[Trace, Theory]:
    graph, inputs = found.recorded.graph, batch_size(found.shapes, axis)
    if axis == 0:
        check_batch(inputs)
    facts = partial(_facts, found)
    probe = Run(found.recorded, arrays_of(found, values), frozenset())
    meter = ArrayMeter(graph, facts(probe), inputs, axis, strict)  # before constants are computed: for what is trained
    run = Run(found.recorded, arrays_of(found, values), meter.differentiable)
    run.before_data()
    meter = ArrayMeter(graph, facts(run), inputs, axis, strict)
    for value in found.recorded.inputs:
        meter.input(value)
    run.on_data(meter.saw)
    goal = _objective(found, question, run)
    gradients = _backward(goal, graph.outputs, run, frozenset(seen.value for seen in meter.seen.values()), found)
    weights, moments = _weights(found, values, gradients, question.learning_rate)
    trace = Trace(
        graph=graph, sums=found.sums, depth=found.depth,
        rows=rows_of_pass(graph, meter.passed(gradients), found.sums), weights=weights,
        batch=inputs if meter.batches.known else None, loss=goal.value, loss_kind=goal.kind, classes=goal.classes,
        loss_guess=goal.guess, from_random=found.draws_numbers,
    )  # fmt: skip
    back = {out: gradients[out][0] for out in graph.outputs if out in gradients}
    return trace, Theory(moments, _inputs(found), back)


def _objective(found: Asked, question: Question, run: Run) -> Objective:
    leaves, outputs = run.outputs(), found.recorded.graph.outputs
    structure = found.recorded.outputs
    if structure is None or structure.num_leaves != len(leaves):
        structure = jax.tree.structure(tuple(leaves))
    differentiable = frozenset(place for place, value in enumerate(outputs) if value in run.differentiable)
    if not differentiable:
        raise InputError(no_path("projection"))
    return objective(Output(leaves, structure, differentiable), question.loss, question.target, question.seed)


def _backward(
    goal: Objective, outputs: Sequence[int], run: Run, seen: frozenset[int], found: Asked
) -> dict[int, Measured]:
    """The gradients at what was seen, at the outputs and at parameters; those of values that are cut off are none."""
    at: dict[int, Any] = {}
    for place, gradient in goal.gradients.items():
        value = outputs[place]
        at[value] = at[value] + gradient if value in at else gradient
    wanted = (seen | frozenset(outputs) | found.trained) & run.differentiable
    try:
        return run.backward(at, wanted)
    except Exception as error:
        raise InputError(
            f"the backward pass fails: {type(error).__name__}: {first_line(error)} Every operation needs a derivative."
        ) from error


def _predicted(found: Asked, plan: Any, axis: int, strict: bool) -> tuple[Trace, Theory]:
    """What theory alone needs: the pass is followed, and no number of it is looked at."""
    graph, inputs = found.recorded.graph, batch_size(found.shapes, axis)
    run = Run(found.recorded, _constants(found), frozenset())
    for op in graph.ops:
        if all(value in run.held for _, value in op.inputs) and not is_on_data(graph, op):
            run.run(op)
    meter = ArrayMeter(graph, _facts(found, run), inputs, axis, strict, looks=False)
    for value in found.recorded.inputs:
        meter.input(value)
    for op in graph.ops:
        if is_on_data(graph, op):
            meter.saw(op)
    tree = found.model.tree
    if plan is not None or any(is_abstract(value) for value in tree.values()):
        moments = moments_of_draws(found.parameters, plan_of("gain" if plan is None else plan, found))
    else:
        moments = _weights(found, tree, {}, None)[1]
    weights = {
        parameter.name: Weight(
            name=parameter.name, role=found.roles[parameter.name], shape=parameter.shape,
            trainable=parameter.trainable,
            rms=math.sqrt(moments[parameter.name].second) if parameter.name in moments else None,
        )
        for parameter in found.parameters if parameter.name in tree
    }  # fmt: skip
    trace = Trace(
        graph=graph, sums=found.sums, depth=found.depth, rows=rows_of_pass(graph, meter.passed({}), found.sums),
        weights=weights, batch=inputs if meter.batches.known else None, measured=False,
    )  # fmt: skip
    return trace, Theory(moments, _inputs(found), None)


def _constants(found: Asked) -> dict[int, Any]:
    held = {value: array for value, array in found.recorded.constants.items() if not is_abstract(array)}
    return {value: jnp.asarray(array) if isinstance(array, np.ndarray) else array for value, array in held.items()}


def _facts(found: Asked, run: Run) -> Facts:
    """What the recording says of values and operations."""
    dtypes = found.recorded.dtypes

    def kind_of(value: int) -> str:
        dtype = dtypes[value]
        if jnp.issubdtype(dtype, jnp.inexact):
            return "f"
        return "b" if jnp.issubdtype(dtype, jnp.bool_) else "i"

    return Facts(
        kind_of=kind_of, array_of=run.array_of, trained=found.trained, cuts=partial(_cuts, found), same=identity_of,
        softmax_axis=lambda op: int(op.attributes.get("dim", -1)),
        channels=lambda op: op.attributes["out_axes"][1] if "out_axes" in op.attributes else None,
    )  # fmt: skip


def _cuts(found: Asked, op: Op) -> bool:
    """Whether an operation has no derivative; of one that nobody knows, whether JAX finds it."""
    if op.call in _CUTS:
        return True
    replay = op.replay
    if op.name != "other" or replay is None:
        return False
    graph, dtypes = found.recorded.graph, found.recorded.dtypes
    shape_of: Any = jax.ShapeDtypeStruct  # which has no types of its own
    shapes = [shape_of(graph.values[value].shape, dtypes[value]) for _, value in op.inputs]
    places = [place for place, shape in enumerate(shapes) if jnp.issubdtype(shape.dtype, jnp.inexact)]

    def pulled(arrays: list[Any]) -> Any:
        def some(*given: Any) -> Any:
            filled = list(arrays)
            for place, array in zip(places, given, strict=True):
                filled[place] = array
            made = replay(filled)
            made = made if isinstance(made, (tuple, list)) else (made,)
            return [each for each in made if jnp.issubdtype(each.dtype, jnp.inexact)]

        made, back = jax.vjp(some, *(arrays[place] for place in places))
        return back(made)

    try:
        jax.eval_shape(pulled, shapes)
    except Exception:  # whatever has no derivative: callbacks, while loops
        return True
    return False


def _weights(
    found: Asked, values: Mapping[str, Any], gradients: Mapping[int, Measured], learning_rate: float | None
) -> tuple[dict[str, Weight], dict[str, WeightMoments]]:
    weights, moments = {}, {}
    for parameter in found.parameters:
        name = parameter.name
        if name not in values:
            continue
        array = np.asarray(values[name])
        rms = root_mean_square(array)[0]
        told = weight_moments(array, found.roles[name], rms)
        if told is not None:
            moments[name] = told
        gradient = gradients.get(found.recorded.parameters.get(name, -1))
        weights[name] = weight_of(
            parameter, found.roles[name], array, rms, gradient, learning_rate, found.recorded.graph
        )
    return weights, moments


def _inputs(found: Asked) -> dict[int, InputMoments]:
    moments = {}
    for value, array in zip(found.recorded.inputs, found.inputs, strict=True):
        is_whole = not jnp.issubdtype(array.dtype, jnp.inexact)
        held = None if is_abstract(array) or is_key(array) else np.asarray(array)
        moments[value] = input_of(held, is_whole)
    return moments
