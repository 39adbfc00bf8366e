"""HS604, HS605, HS609: weights of zeros, judged by what becomes of what they make.

What a zero weight makes is the same for every input. It is followed forward: where it is added to something alive it
delays its own branch and no more; where another weight takes it, all behind is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.flow import Flow
from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.signals.rule import Finding
from headstart.words import listed

_MOST = 0.75  # of the weights at zero are no recipe: Fixup's start has half of them
_FACTORS = ("multiply", "divide", "glu")  # element by element
_PRODUCTS = ("multiply", "divide", "matmul", "einsum", "attention", "glu")


@dataclass
class Fate:
    """What becomes of a value that does not depend on the input.

    Args:
        lost: a weight takes it. gated: it multiplied the signal away before that. pairs: zero weights that take it.
        absorbed: it is added to something alive. softmax: it makes shares. recurrence: it only carries a state.
        output: the model gives it back. unknown: an operation that nobody knows takes it.
        divided: it is divided by the weight's own size. alive: the model's output depends on the input all the same.
    """

    lost: bool = False
    gated: bool = False
    absorbed: bool = False
    output: bool = False
    unknown: bool = False
    divided: bool = False
    softmax: bool = False
    recurrence: bool = False
    alive: bool = True
    pairs: dict[str, None] = field(default_factory=dict)


def zeros(evidence: Evidence) -> Iterator[Finding]:
    """Every weight of zeros."""
    weights = list(evidence.weights())
    none = [tensor for tensor, look in weights if look.kind == "zeros"]
    flow = evidence.flow
    if flow is None:
        everywhere = len(none) > 1 and len(none) > _MOST * len(weights)
        for tensor in none:
            yield _without_graph(tensor, everywhere)
        return
    told: set[str] = set()
    fates = {tensor.name: fate_of(evidence, flow, tensor.name) for tensor in none}
    for pair in _pairs(evidence, flow, fates):
        told |= set(pair)
        for name in pair:
            others = [other for other in pair if other != name]
            yield found(
                "HS605", name, 0.0, f"Zero, and so is {listed(others)}, which it multiplies: neither gets a gradient."
            )
    for tensor in none:
        fate = fates[tensor.name]
        if tensor.name in told:
            continue
        if fate.lost and fate.gated and not fate.alive:
            yield from _input_lost(evidence, tensor)
        elif (fate.lost and not fate.gated) or fate.divided:
            yield found("HS604", tensor.name, 0.0, _lost_words(fate))
        else:
            yield found(
                "HS604",
                tensor.name,
                0.0,
                _recipe_words(tensor, fate),
                severity="remark",
                remedy="Nothing, if it is meant.",
            )


def _without_graph(tensor: Tensor, everywhere: bool) -> Finding:
    if everywhere:
        return found("HS604", tensor.name, 0.0, "All its values are zero, as those of most weights of the model are.")
    return found(
        "HS604", tensor.name, 0.0,
        "All its values are zero: right for the last weight of a residual branch or a head, wrong elsewhere. An "
        "example shows which it is.", severity="remark", remedy="Audit the model with an example.",
    )  # fmt: skip


def _lost_words(fate: Fate) -> str:
    if fate.divided:
        return "All its values are zero, and it is divided by its own size: not a number in the first pass."
    way = "nothing gets through its branch" if fate.alive else "no input gets through, no gradient gets back"
    return f"All its values are zero, and the next weight sees nothing else: {way}."


def _recipe_words(tensor: Tensor, fate: Fate) -> str:
    if tensor.parameter.ends_residual:
        return "All its values are zero: it ends a residual branch, which starts as nothing. A recipe."
    if fate.softmax:
        return "All its values are zero: a softmax starts with equal shares. A recipe."
    if fate.gated:
        return "All its values are zero: it is a factor, and its branch starts as nothing. A recipe."
    if fate.recurrence:
        return "All its values are zero: the state is not carried on at the start."
    if fate.absorbed:
        return "All its values are zero: what it makes is added to a signal, and starts as nothing. A recipe."
    if fate.output:
        return (
            "All its values are zero: the model answers the same at the start, whatever comes in. A recipe for heads."
        )
    return "All its values are zero, and what becomes of it is not known."


def _input_lost(evidence: Evidence, tensor: Tensor) -> Iterator[Finding]:
    message = "Its layer makes a factor of the signal, and the factor is zero: nothing of the input gets through."
    yield found("HS609", tensor.name, 0.0, message)
    for op in evidence.ops(tensor.name):
        for slot, value in op.inputs:
            other = evidence.tensor_of(value) if slot == "bias" else None
            if other is not None and other.is_zero:
                yield found(
                    "HS609", other.name, 0.0, f"Zero beside the zero weight {tensor.name}: at 1 the factor would be 1."
                )


def fate_of(
    evidence: Evidence, flow: Flow, name: str, slots: tuple[str, ...] = ("weight", "recurrent", "lookup")
) -> Fate:
    """What becomes of what a parameter of zeros makes."""
    fate = Fate()
    graph = flow.graph
    for op in evidence.ops(name, slots):
        if graph.values[op.outputs[0]].kind != "data":
            continue
        if op.name == "attention layer" and name not in graph.made_by(op, "out_proj_weight"):
            fate.lost = True  # the output's projection takes it
        elif op.name == "recurrent":
            carried = evidence.tensors[name].parameter.role == "recurrent"
            fate.recurrence, fate.lost = fate.recurrence or carried, fate.lost or not carried
        elif op.outputs[0] not in flow.signals:
            fate.unknown = True
            fate.divided |= _divided_by(graph, name)
        elif flow.is_dead(op.outputs[0]):
            _follow(evidence, flow, name, op, fate)
        else:
            fate.absorbed = True
    return fate


def _follow(evidence: Evidence, flow: Flow, name: str, start: Op, fate: Fate) -> None:
    """Go forward with what does not depend on the input because of this parameter, and because of it alone.

    Whether something else would bring the input along is asked of a flow in which no weight is zero.
    """
    graph, drawn = flow.graph, evidence.flow_if_drawn
    assert drawn is not None
    dead: dict[int, bool] = dict.fromkeys(start.outputs, False)  # value -> whether the signal was multiplied away
    behind: set[int] = set()  # what a weight made of it: lost already
    for op in graph.ops[start.index + 1 :]:
        given = [value for value in graph.data(op) if value in dead]
        if not given:
            continue
        zero = any(flow.is_zero(value) for value in given)
        gated = any(dead[value] for value in given)
        rest = [value for value in graph.data(op) if value not in dead]
        # a shift of zeros beside a factor of zeros does not bring the signal back
        alive = [value for value in rest if not (flow if gated else drawn).is_dead(value)]
        if all(value in behind for value in given):
            if not alive:
                dead |= dict.fromkeys(op.outputs, False)
                behind |= set(op.outputs)
        elif graph.is_weighted(op):
            none = [tensor.name for tensor in _weights_of(evidence, flow, op) if tensor.is_zero]
            if none and zero:
                fate.pairs |= dict.fromkeys(none)
            elif not alive:
                fate.lost, fate.gated = True, fate.gated or gated
                dead |= dict.fromkeys(op.outputs, False)
                behind |= set(op.outputs)
            else:
                fate.absorbed = True
        elif op.name == "divide" and _divided_by(graph, name):
            fate.divided = True
        elif op.name == "softmax" or (op.name == "attention" and op.operand("value") not in dead):
            fate.softmax = fate.absorbed = True
        elif op.outputs[0] not in flow.signals:
            fate.unknown = True
        elif not alive or (zero and op.name in _PRODUCTS):
            dead |= dict.fromkeys(op.outputs, gated or bool(alive and op.name in _FACTORS))
        else:
            fate.absorbed = True
    fate.output = any(output in dead and output not in behind for output in graph.outputs)
    fate.alive = any(output not in dead for output in graph.outputs)


def _pairs(evidence: Evidence, flow: Flow, fates: dict[str, Fate]) -> list[tuple[str, ...]]:
    """Zero weights that multiply one another, in groups: one takes what the other makes, or both make a product."""
    found = [(name, *fate.pairs) for name, fate in fates.items() if fate.pairs]
    graph = flow.graph
    sources: dict[int, set[str]] = {}
    for name, fate in fates.items():
        if not fate.pairs and not evidence.tensors[name].parameter.ends_residual:
            for op in evidence.ops(name):
                for out in op.outputs[:1]:
                    if flow.is_zero(out):
                        sources.setdefault(out, set()).add(name)
    for op in graph.ops:
        data = [value for value in graph.data(op) if flow.is_zero(value)]
        if graph.is_weighted(op) or not data:
            continue
        came = [sources[value] for value in data if value in sources]
        if op.name in _PRODUCTS and len(came) == 2 and came[0] != came[1]:
            found.append(tuple(sorted(came[0] | came[1])))
        elif came and op.name not in ("softmax", "norm"):
            for out in op.outputs:
                if flow.is_zero(out):
                    sources.setdefault(out, set()).update(*came)
    return _merged(found)


def _merged(groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Groups that share a name, as one."""
    found: list[dict[str, None]] = []
    for group in groups:
        joined = dict.fromkeys(group)
        rest = []
        for other in found:
            if joined.keys() & other.keys():
                joined = other | joined
            else:
                rest.append(other)
        found = [*rest, joined]
    return [tuple(group) for group in found]


def _weights_of(evidence: Evidence, flow: Flow, op: Op) -> list[Tensor]:
    found = []
    for slot, value in op.inputs:
        if flow.graph.values[value].kind == "weight" and "bias" not in slot:
            tensor = evidence.tensor_of(value)
            if tensor is not None:
                found.append(tensor)
    return found


def _divided_by(graph: Graph, name: str) -> bool:
    """Whether something is divided by a number that is computed from this parameter alone."""
    for op in graph.ops:
        if op.name != "divide" or len(op.inputs) < 2:
            continue
        stack, seen = [value for slot, value in op.inputs if slot == "other"], set[int]()
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            node = graph.values[value]
            if (
                node.kind == "weight"
                and node.parameters == {name}
                and node.op is not None
                and not graph.is_norm(graph.ops[node.op])
            ):
                return True
            maker = graph.maker(value)
            if maker is not None and maker.name in ("multiply", "pointwise", "reduce", "other", "reshape", "identity"):
                stack += [given for _, given in maker.inputs]
    return False
