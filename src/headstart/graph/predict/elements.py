"""Rules for operations on elements, dropout, softmax over units, gated units and norms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import Axes
from headstart.graph.predict.moves import gathered, source_of
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.theory.laws import norms
from headstart.theory.laws.elements import applied, kept, sensitivity
from headstart.theory.laws.samples import Array, Wholes

Gradients = Sequence[Array | None]
HIDES = -1e4  # what is added to logits that no row shall see is below this
_NEUTRAL = {"add": 0.0, "subtract": 0.0, "multiply": 1.0, "divide": 1.0}


def pointwise(walk: Walk, op: Op) -> Step:
    """Any operation on elements: run on the samples themselves."""
    if op.replay is None:
        raise NoRule(f"{op.call} cannot be run again")
    masked = _masked(walk, op)
    if masked is not None:
        return masked
    operands: list[Any] = []
    by: list[int] = []
    most_units = max((walk.units(value) for value in walk.graph.data(op)), default=1)
    for place, (slot, value) in enumerate(op.inputs):
        found = walk.operand(value)
        if found is None and op.name in _NEUTRAL:
            found = np.asarray(np.float64(_NEUTRAL[op.name]))
        if found is None:
            raise NoRule(f"{op.call} with a constant that nobody knows")
        if slot == "slope":
            found = np.array([float(found.mean())])
        if walk.graph.values[value].kind == "data":
            by.append(place)
            if walk.places(value) == 1 and found.ndim == 2 and walk.size(value) < walk.size(op.outputs[0]):
                found = found[[0, 1, 0, 1]]
            if walk.size(value) < walk.size(op.outputs[0]) and walk.units(value) < most_units:
                walk.vague.add((op.index, value))
        operands.append(found)
    made = applied(_function(op), operands, by)
    if made is None:
        raise NoRule(f"{op.call} is no operation on elements here")
    slopes = {place: slope.astype(np.float32) for place, slope in zip(by, made.slopes, strict=True)}
    passes: dict[int, float] = {}
    for place in by:
        value = op.inputs[place][1]
        passes[value] = passes.get(value, 0.0) + sensitivity(
            made.samples, made.slopes[by.index(place)], operands[place]
        )

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = next(each for each in gradients if each is not None)
        found: dict[int, Array] = {}
        for place in by:
            value = op.inputs[place][1]
            own = _collected(walk, g * slopes[place], value, op.outputs[0])
            found[value] = found[value] + own if value in found else own
        return found

    return Step([made.samples] * len(op.outputs), back, passes, axes=(_axes(walk, op),) * len(op.outputs))


def dropout(walk: Walk, op: Op) -> Step:
    value = source_of(walk, op)
    rate = op.attributes.get("p", op.attributes.get("argument 1", 0.5))
    rate = float(rate) if isinstance(rate, (int, float)) else 0.5
    x = walk.signal(value)
    if "alpha" in op.call:
        raise NoRule("alpha dropout also shifts what is left")
    keep = kept(walk.draws.random, x, rate, channels=op.call in ("dropout1d", "dropout2d", "dropout3d"))
    return Step([x * keep], lambda gradients: {value: _given(gradients) * keep}, {value: 1.0})


def glu(walk: Walk, op: Op) -> Step:
    """a sigmoid(b), where a and b are the halves of one value."""
    value = source_of(walk, op)
    a = walk.signal(value)
    order = walk.order((value, "gate"))
    b = a[:, order]
    gate = 1 / (1 + np.exp(-np.clip(b, -700, 700)))
    by_b = a * gate * (1 - gate)
    out = walk.shape(op.outputs[0])

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = _given(gradients)
        first = walk.draws.random.permutation(np.arange(walk.draws.count) % 2 == 0)
        return {value: np.where(first, g * gate, (g * by_b)[:, np.argsort(order)])}

    made = a * gate
    passes = {value: sensitivity(made, gate, a) + sensitivity(made, by_b, b)}
    axes = walk.axes.get(value)
    return Step([made], back, passes, axes=(axis.resized(axes, out) if axes else None,))


def softmax_over_units(walk: Walk, op: Op) -> Step:
    """Of logits that are units: classes, experts, or what a layer computes. Samples are taken in groups."""
    value = source_of(walk, op)
    x, shape = walk.signal(value), walk.shape(value)
    if op.call not in ("softmax", "log_softmax", "softmin"):
        raise NoRule(f"{op.call} draws random numbers")
    length = shape[softmax_axis(op, len(shape))] if shape else 1
    sign = -1.0 if op.call == "softmin" else 1.0
    group = min(length, walk.draws.count)
    count = walk.draws.count // group
    whole = (sign * x)[:, : group * count].reshape(4, count, group)
    top = whole.max(-1, keepdims=True)
    totals = np.exp(whole - top).sum(-1) * (length / group)
    log_totals = np.log(totals) + top[..., 0]
    of_group = np.minimum(np.arange(walk.draws.count) // group, count - 1)
    logs = sign * x - log_totals[:, of_group]
    p = np.exp(np.minimum(logs, 0.0))
    made = logs if op.call == "log_softmax" else p

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = _given(gradients)
        if op.call == "log_softmax":
            return {value: g - p * walk.draws.shuffled(g).sum(1, keepdims=True) * (length / walk.draws.count)}
        mean = length * np.mean(p * g, axis=1, keepdims=True)
        return {value: sign * p * (g - mean)}

    return Step([made], back, {value: 0.0 if op.call != "log_softmax" else 1.0})


def softmax_axis(op: Op, rank: int) -> int:
    dim = op.attributes.get("dim", op.attributes.get("argument 1", -1))
    return dim % rank if isinstance(dim, int) and not isinstance(dim, bool) and rank else max(rank - 1, 0)


def norm(walk: Walk, op: Op) -> Step:
    """The library's own normalizations, with their scales and shifts."""
    value = op.operand("input")
    if value is None:
        raise NoRule("a norm of nothing")
    x, shape = walk.signal(value), walk.shape(value)
    eps = op.attributes.get("eps", 1e-5)
    eps = float(eps) if isinstance(eps, (int, float)) else 1e-5
    passes = 0.0
    kinds = walk.kinds.get(value)
    if op.call == "local_response_norm":
        raise NoRule("a response norm")
    if op.call in ("batch_norm", "instance_norm"):
        inputs, places = walk.batch_or_many if op.call == "batch_norm" else None, float(max(walk.places(value), 1))
        training = bool(op.attributes.get("training", op.attributes.get("use_input_stats", True)))
        if op.call == "batch_norm" and not training:
            normed, passes = _by_running(walk, op, x)
        else:
            normed = _by_kind(
                lambda part: (
                    norms.over_places(part, eps, places)
                    if inputs is None
                    else norms.over_inputs(part, eps, inputs, places)
                ),
                x,
                kinds,
            )

        def inner(g: Array) -> Array:
            if not training:
                return g * normed.slope
            if kinds is None:
                return norms.backward_alone(g, normed.samples, normed.slope, inputs, places)
            found = np.zeros_like(g)
            for kind in range(int(kinds.max()) + 1):
                mine = kinds == kind
                if mine.any():
                    slope = normed.slope[:, mine]
                    found[:, mine] = norms.backward_alone(g[:, mine], normed.samples[:, mine], slope, inputs, places)
            return found

    elif op.call == "normalize":
        over = shape[_normalized_axis(op, len(shape))] if shape else 1
        normed = norms.over_units(x * math.sqrt(over), centre=False, eps=0.0)
        normed = norms.Normed(normed.samples / math.sqrt(over), normed.slope)

        def inner(g: Array) -> Array:
            return norms.backward(g, normed.samples * math.sqrt(over), normed.slope, False)
    else:
        centre = op.call != "rms_norm"
        normed = norms.over_units(x, centre, eps)

        def inner(g: Array) -> Array:
            return norms.backward(g, normed.samples, normed.slope, centre)

    made = normed.samples
    scale, shift = _own(walk, op, "weight"), _own(walk, op, "bias")
    made = made if scale is None else made * scale
    made = made if shift is None else made + shift
    return Step(
        [made], lambda gradients: {value: inner(_given(gradients) * (1.0 if scale is None else scale))}, {value: passes}
    )


def _by_kind(law: Callable[[Array], norms.Normed], x: Array, kinds: Wholes | None) -> norms.Normed:
    """A norm of each unit by itself, where units of several kinds have sizes of their own."""
    if kinds is None:
        return law(x)
    made, slope = np.zeros_like(x), np.ones_like(x)
    for kind in range(int(kinds.max()) + 1):
        mine = kinds == kind
        if mine.any():
            made[:, mine], slope[:, mine] = law(x[:, mine])
    return norms.Normed(made, slope)


def _by_running(walk: Walk, op: Op, x: Array) -> tuple[norms.Normed, float]:
    """Batch norm in evaluation: as in training where the running statistics fit, else by what they are."""
    mean, variance = (op.operand(slot) for slot in ("running_mean", "running_var"))
    m = walk.operand(mean) if mean is not None else None
    v = walk.operand(variance) if variance is not None else None
    if m is None or v is None or (np.all(m == 0) and np.all(v == v.flat[0])):  # nothing was learned yet
        slope = np.full((4, 1), 1.0 if v is None else float((v.flat[0] + 1e-5) ** -0.5))
        return norms.Normed(x * slope, slope), 1.0
    return norms.over_inputs(x, 1e-5, walk.batch_or_many, max(walk.places(op.inputs[0][1]), 1)), 0.0


def _own(walk: Walk, op: Op, slot: str) -> Array | None:
    value = op.operand(slot)
    if value is None:
        return None
    found = walk.operand(value)
    if found is None:
        raise NoRule("the values of a norm's parameters are not known")
    return found


def _normalized_axis(op: Op, rank: int) -> int:
    dim = op.attributes.get("dim", 1)
    return dim % rank if isinstance(dim, int) and rank else 0


def _collected(walk: Walk, g: Array, value: int, out: int) -> Array:
    """The gradient of an operand that was broadcast: the sum over what it was broadcast to."""
    times = walk.size(out) / max(walk.size(value), 1)
    if times <= 1:
        return g
    over_places = walk.places(value) < walk.places(out)
    return gathered(walk, g, times, over_places)


def _masked(walk: Walk, op: Op) -> Step | None:
    """Logits that are hidden from some rows: they go on as they are, and what is hidden is noted for the softmax."""
    data = list(walk.graph.data(op))
    hides: tuple[bool, float] | None = None
    target = None
    for place, (_, value) in enumerate(op.inputs):
        found = walk.operand(value) if value not in walk.graph.numbers else None
        shape = walk.shape(value)
        if found is None and walk.graph.values[value].kind == "constant" and value not in walk.graph.numbers:
            if len(shape) > 1 and shape[-1] == shape[-2] > 1 and len(data) == 1 and walk.scores_like(data[0]):
                hides, target = (True, 1.0), data[0]  # nobody has seen it, and it has the shape of a causal one
            continue
        if found is None or found.ndim == 0:
            continue
        if op.name == "add" and found.dtype != bool and float(found.min()) < HIDES:
            hides = seen(found > HIDES, shape)
            target = next((given for at, (_, given) in enumerate(op.inputs) if at != place), None)
        elif found.dtype == bool and op.call in ("masked_fill", "masked_fill_", "where", "__setitem__"):
            fills = [walk.graph.numbers.get(given, 0.0) for _, given in op.inputs] + [
                float(each)
                for each in op.attributes.values()
                if isinstance(each, (int, float)) and not isinstance(each, bool)
            ]
            if min(fills, default=0.0) < HIDES or any(each == -math.inf for each in fills):
                hides = seen(found if op.call == "where" else np.logical_not(found), shape)
                target = next(
                    (
                        given
                        for given in data
                        if given != value and walk.samples.get(given) is not None and walk.samples[given].dtype != bool
                    ),
                    None,
                )
    if hides is None or target is None or target not in walk.samples or walk.graph.values[target].kind != "data":
        return None
    out = op.outputs[0]
    walk.masks[out] = hides
    walk.unsaid[out] = "most of it is a mask"
    return Step(
        [walk.samples[target]] * len(op.outputs),
        lambda gradients: {target: _given(gradients)},
        {target: 1.0},
        axes=(walk.axes.get(target),),
    )


def seen(visible: Any, shape: Sequence[int]) -> tuple[bool, float]:
    """Whether a mask is causal, and which share of the keys a row sees."""
    share = float(np.mean(visible))
    length = shape[-1] if shape else 1
    square = len(shape) > 1 and shape[-2] == length
    causal = square and length > 1 and abs(share - (length + 1) / (2 * length)) < 0.1
    return causal, max(share, 1 / max(length, 1))


def _axes(walk: Walk, op: Op) -> Axes | None:
    out = walk.shape(op.outputs[0])
    data = [
        value for value in walk.graph.data(op) if value in walk.axes and len(walk.axes[value]) == len(walk.shape(value))
    ]
    for value in data:
        if walk.shape(value) == out:
            return walk.axes[value]
    return (
        axis.joined([walk.axes[value] for value in data], [walk.shape(value) for value in data], out) if data else None
    )


def _function(op: Op) -> Callable[[Sequence[Any]], Any]:
    """The operation on NumPy arrays: those that need no framework are done at once."""
    assert op.replay is not None
    replay = op.replay
    slots = [slot for slot, _ in op.inputs]
    if (
        op.name in ("add", "multiply")
        and len(slots) == 2
        and not any(name in op.attributes for name in ("alpha", "argument 2"))
    ):
        return (lambda arrays: arrays[0] + arrays[1]) if op.name == "add" else (lambda arrays: arrays[0] * arrays[1])
    if op.call in ("relu", "relu_"):
        return lambda arrays: np.maximum(arrays[0], 0.0)
    return replay


def _given(gradients: Gradients) -> Array:
    found = next((each for each in gradients if each is not None), None)
    assert found is not None
    return found
