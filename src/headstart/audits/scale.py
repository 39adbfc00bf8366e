"""HS610, HS614-617, HS622, HS623: scales judged by what the signal is predicted to become on its way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.flow import Flow, Link, links
from headstart.graph.follow import follows
from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import RESHAPE
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding
from headstart.words import count, number, percent, times

Function = Callable[[np.ndarray], np.ndarray]
_SHRINKS, _ENLARGES = 0.8, 1.25  # what one weight has to do to be named for what many did together
_HEAD = 2.0  # factor by which a head enlarges what comes in
_MANY_SUMS = 12
_WIDER = 10.0


def scale(evidence: Evidence) -> Iterator[Finding]:
    """What the flow says of the weights' scales."""
    flow = evidence.flow
    if flow is None:
        return
    told = set[str]()
    for finding in _drift(flow):
        told.add(finding.layer or "")
        yield finding
    if not told:
        yield from _first_loss(evidence, flow)
        yield from _residual_ends(evidence, flow)
        yield from _wide_embedding(evidence, flow)
    yield from _following(evidence, flow)


# --- over the depth -------------------------------------------------------------------------------------------------


def _drift(flow: Flow) -> Iterator[Finding]:
    """HS614 and HS615: chains of weights from an input or a norm to an output."""
    low, high = BY_CODE["HS614"].limit, BY_CODE["HS615"].limit
    seen: set[str] = set()
    for output in flow.graph.outputs:
        chain = flow.chains.get(output)
        if chain is None:
            continue
        steps = links(chain)
        total = math.prod(step.factor for step in steps)
        if total < low and len(steps) > 1:  # a small head makes small scores, which is a recipe
            *steps, head = steps
            total /= head.factor
        if low <= total <= high:
            continue
        guilty = [step for step in steps if (step.factor < _SHRINKS if total < low else step.factor > _ENLARGES)]
        for step in guilty:
            for name in (scaled_by(flow, name) for name in step.names):
                if name not in seen:
                    seen.add(name)
                    yield _of_chain(name, step, total, steps, total < low)


def _of_chain(name: str, step: Link, total: float, steps: list[Link], shrinks: bool) -> Finding:
    names = [each for link in steps for each in link.names]
    word = "shrinks" if shrinks else "grows"
    message = (
        f"The signal {word} {times(step.factor)} here, and {times(total)} over the {count(len(steps), 'step')} from "
        f"{names[0]} to {names[-1]}."
    )
    return found("HS614" if shrinks else "HS615", name, total, message)


# --- the first loss -------------------------------------------------------------------------------------------------


def _first_loss(evidence: Evidence, flow: Flow) -> Iterator[Finding]:
    """HS616: scores that are sure before anything is learnt."""
    limit = BY_CODE["HS616"].limit
    seen: set[str] = set()
    for output in flow.graph.outputs:
        op = _behind_reshapes(flow.graph, output)
        if op is None or not flow.graph.is_weighted(op) or op.name in ("recurrent", "attention layer", "embedding"):
            continue
        shape = flow.graph.values[op.outputs[0]].shape
        classes = shape[1] if op.name == "convolution" and len(shape) > 2 else shape[-1] if shape else 1
        size, into = flow.before_bias.get(op.index), _size_of_input(flow, op)  # a bias alike for all costs nothing
        if classes < 2 or size is None or not into or size < _HEAD * into:
            continue
        guessing = math.log(classes)
        loss = cross_entropy(size, classes) / guessing
        for name in flow._names(op):
            if loss > limit and name not in seen:
                seen.add(name)
                message = (
                    f"The scores start with a standard deviation of {number(size, 3)}: a cross-entropy of "
                    f"about {number(loss * guessing, 3)} over {classes:,} classes; a guess costs {number(guessing, 3)}."
                )
                yield found("HS616", name, loss, message)


def cross_entropy(std: float, classes: int) -> float:
    """The mean cross-entropy of Gaussian scores of no use.

    E[log sum exp] of n scores of standard deviation s is about ln n + s²/2, and s sqrt(2 ln n) once the largest score
    decides alone (Derrida's random energy model, 1981).

    >>> round(cross_entropy(1.0, 1000), 2), round(cross_entropy(20.0, 1000), 1)
    (7.41, 74.3)
    """
    alone = math.sqrt(2 * math.log(classes))
    return math.log(classes) + std**2 / 2 if std < alone else std * alone


def _behind_reshapes(graph: Graph, value: int) -> Op | None:
    for _ in range(8):
        op = graph.maker(value)
        if op is None or op.name not in RESHAPE:
            return op
        value = op.inputs[0][1]
    return None


def _size_of_input(flow: Flow, op: Op) -> float | None:
    return next((size for value in flow.graph.data(op) if (size := flow.size(value)) is not None), None)


# --- residual streams -----------------------------------------------------------------------------------------------


def _residual_ends(evidence: Evidence, flow: Flow) -> Iterator[Finding]:
    """HS610: many sums in a row, none of them small."""
    if evidence.depth < _MANY_SUMS:
        return
    sums = [each for each in evidence.sums if not each.projected]
    if not sums:
        return
    first, last = flow.size(sums[0].skip), flow.size(flow.graph.ops[sums[-1].op].outputs[0])
    sizes = [flow.size(each.branch) for each in sums]
    if not first or not last or any(size is None for size in sizes):
        return
    growth, limit = last / first, BY_CODE["HS610"].limit
    if growth <= limit:
        return
    for name in dict.fromkeys(scaled_by(flow, name) for each in sums for name in each.ends):
        message = (
            f"It ends one of {count(evidence.depth, 'residual branch', 'residual branches')} in a row, and the stream "
            f"grows {times(growth)} over them."
        )
        yield found("HS610", name, growth, message)


def _wide_embedding(evidence: Evidence, flow: Flow) -> Iterator[Finding]:
    """HS622: a stream that starts so wide that its branches do not move it."""
    sums = evidence.sums
    others = [look.std for tensor, look in evidence.weights() if tensor.parameter.role == "weight" and look.std > 0]
    if (
        not sums
        or not others
        or any(evidence.tensors[name].is_zero for each in sums for name in each.ends if name in evidence.tensors)
    ):
        return
    start = flow.size(sums[0].skip)
    branches = [size for each in sums if (size := flow.size(each.branch)) is not None]
    if not start or len(branches) < len(sums):
        return
    moved = math.sqrt(sum(size**2 for size in branches)) / start
    limit, usual = BY_CODE["HS622"].limit, float(np.median(others))
    for tensor, look in evidence.of_roles("lookup", "tied lookup"):
        if moved < limit and look.std > _WIDER * usual and _starts_stream(flow, evidence, tensor, sums[0].skip):
            message = (
                f"Its standard deviation {number(look.std, 3)} is {times(look.std / usual)} that of the weights: all "
                f"{count(len(sums), 'branch', 'branches')} together move the stream by {percent(moved, 0)}."
            )
            yield found("HS622", tensor.name, moved, message)


def _starts_stream(flow: Flow, evidence: Evidence, tensor: Tensor, skip: int) -> bool:
    """Whether a table's rows come to a value with neither norm nor weight between."""
    stack, made = [skip], {out for op in evidence.ops(tensor.name) for out in op.outputs}
    while stack:
        value = stack.pop()
        if value in made:
            return True
        op = flow.graph.maker(value)
        if op is not None and not flow.graph.is_weighted(op) and not flow.graph.is_norm(op):
            stack += flow.graph.data(op)
    return False


def scaled_by(flow: Flow, name: str) -> str:
    """The parameter that sets the scale of what a weight makes: the scale of the norm behind it, if there is one."""
    if not flow.evidence.meets_norm(name):
        return name
    stack = [out for op in flow.evidence.ops(name) for out in op.outputs[:1]]
    while stack:
        for index in flow.graph.readers.get(stack.pop(), ()):
            op = flow.graph.ops[index]
            scale = op.operand("weight") if op.name == "norm" else None
            tensor = flow.evidence.tensor_of(scale) if scale is not None else None
            if tensor is not None:
                return tensor.name
            if op.name in RESHAPE | {"dropout"}:
                stack += op.outputs
    return name


# --- what follows ---------------------------------------------------------------------------------------------------


def _following(evidence: Evidence, flow: Flow) -> Iterator[Finding]:
    """HS617 and HS623: the activation that each weight meets, at the sums it is predicted to make."""
    seen: set[str] = set()
    for tensor, look in evidence.weights():
        if look.kind == "zeros":
            continue
        for use in evidence.uses(tensor.name):
            op = flow.graph.ops[use.op]
            if op.index not in flow.before_bias or tensor.name in seen:
                continue
            if op.name == "recurrent":
                finding = _flat_gates(tensor, flow.before_bias[op.index])
                if finding is not None and use.slot == "weight":
                    seen.add(tensor.name)
                    yield finding
                continue
            for met in follows(flow.graph, use, evidence.sums):
                if met.function is None or "norm" in met.via or "sum" in met.via:
                    continue
                z = flow.before_bias[op.index] * flow.normal  # a bias far off is no fault of the weights
                finding = _flat(tensor, met.word, met.function, z) or _slow(flow, op, tensor, met.function)
                if finding is not None:
                    seen.add(tensor.name)
                    yield finding
                    break


def _flat(tensor: Tensor, word: str, phi: Function, z: np.ndarray) -> Finding | None:
    """HS617, for activations that flatten at both ends."""
    ends = np.concatenate([np.linspace(-60, -50, 11), np.linspace(50, 60, 11)])
    middle = np.array([-0.5, 0.5])
    steepest = float(np.max(_slope(phi, np.linspace(-6, 6, 241))))
    if not steepest or np.max(_slope(phi, ends)) > 1e-3 * steepest or np.min(_slope(phi, middle)) < 0.25 * steepest:
        return None
    flat = float(np.mean(_slope(phi, z.ravel()) < 0.1 * steepest))
    if flat <= BY_CODE["HS617"].limit:
        return None
    size = float(np.sqrt(np.mean(z**2)))
    message = (
        f"{percent(flat, 0)} of the units start where {word} is flat: its sums have a standard deviation of "
        f"{number(size, 3)}."
    )
    return found("HS617", tensor.name, flat, message)


def _flat_gates(tensor: Tensor, size: float) -> Finding | None:
    """HS617, for the sigmoids of a recurrent layer: their slope falls to a tenth of the steepest at 3.64."""
    flat = math.erfc(3.64 / (size * math.sqrt(2))) if size > 0 else 0.0
    if flat <= BY_CODE["HS617"].limit:
        return None
    message = (
        f"{percent(flat, 0)} of the gates start closed or open: their sums have a standard deviation of "
        f"{number(size, 3)}."
    )
    return found("HS617", tensor.name, flat, message)


def _slope(phi: Function, z: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.abs(np.nan_to_num((phi(z + 1e-4) - phi(z - 1e-4)) / 2e-4))


def _slow(flow: Flow, op: Op, tensor: Tensor, phi: Function) -> Finding | None:
    """HS623, for a first layer before a function that swings."""
    if not any(_is_input(flow.graph, value) for value in flow.graph.data(op)):
        return None
    grid = np.linspace(-3, 3, 2001)
    with np.errstate(all="ignore"):
        values = phi(grid)
    turns = np.count_nonzero(np.diff(np.sign(np.diff(values))) != 0)
    if not np.all(np.isfinite(values)) or turns < 8:
        return None
    frequency = float(np.max(_slope(phi, grid)) / np.max(np.abs(values - values.mean())))
    phase, limit = frequency * flow.before_bias[op.index], BY_CODE["HS623"].limit
    if phase >= limit:
        return None
    fan = tensor.parameter.shape[1] if len(tensor.parameter.shape) > 1 else 1
    wanted = number(frequency / math.sqrt(3 * fan), 3)
    message = f"The phase of the first sine spreads over {number(phase, 3)} rad; U(±1/{fan}) would make it {wanted}."
    return found("HS623", tensor.name, phase, message)


def _is_input(graph: Graph, value: int) -> bool:
    while (op := graph.maker(value)) is not None and op.name in RESHAPE and op.inputs:
        value = op.inputs[0][1]
    return graph.values[value].source.startswith("input")
