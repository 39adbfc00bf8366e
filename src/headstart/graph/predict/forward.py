"""The walk forward: which rule each operation has, and what is noted of what it makes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from headstart.graph.predict import attending, elements, means, moves, sums
from headstart.graph.predict.tracks import parted
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.theory.laws.samples import Array, Pairs

Rule = Callable[[Walk, Op], Step]

RULES: dict[str, Rule] = {
    "linear": sums.linear, "convolution": sums.convolution, "transposed convolution": sums.convolution,
    "bilinear": sums.bilinear, "attention": attending.attend, "attention layer": attending.layer,
    "softmax": attending.softmax, "norm": elements.norm, "dropout": elements.dropout, "glu": elements.glu,
    "pool": means.pool, "reduce": means.reduce, "concatenate": moves.joined, "stack": moves.joined,
    "choice": moves.joined,
    "pad": moves.padded, "write": moves.written, "expand": moves.repeated, "slice": moves.picked,
    "split": moves.picked, "reshape": moves.passed_on, "permute": moves.passed_on, "identity": moves.passed_on,
    **dict.fromkeys(sorted(POINTWISE), elements.pointwise),
}  # fmt: skip
_CARRIES = POINTWISE | {"reshape", "permute", "identity", "dropout", "expand", "slice", "split"}
_ALIGNED = POINTWISE | {"norm", "identity", "dropout"}  # samples stay those of the same units


def walk_forward(walk: Walk) -> None:
    """Every operation in order."""
    for op in walk.graph.ops:
        kind = walk.graph.values[op.outputs[0]].kind if op.outputs else "constant"
        if kind == "constant":
            walk.release(op)
            continue
        with np.errstate(all="ignore"):
            try:
                rule = _rule(walk, op)
                step = parted(walk, op, rule) or rule(walk, op)
                _note(walk, op, step)
            except NoRule as reason:
                for out in op.outputs:
                    walk.why[out] = _because(walk, op, str(reason))
                walk.back[op.index] = None
        walk.release(op)


def _because(walk: Walk, op: Op, reason: str) -> str:
    """The reason, with the operation's name unless it was inherited."""
    inherited = any(walk.why.get(value) == reason for value in walk.graph.data(op))
    return reason if inherited else f"{op.call} in {op.module or 'the model'}: {reason}"


def _rule(walk: Walk, op: Op) -> Rule:
    data, weights = walk.graph.data(op), walk.graph.weights(op)
    if op.name in ("embedding", "embedding bag"):
        return sums.embedding
    if op.name in ("matmul", "einsum"):
        if data and weights:
            return sums.linear if op.name == "matmul" else sums.einsum
        return attending.product if len(data) > 1 or not weights else _of_weights
    if op.name == "slice" and weights and not (data and op.inputs[0][1] in data):
        return sums.looked_up if len(op.inputs) > 1 else _part_of_weight
    if not data and op.name in _MOVES:
        return _part_of_weight
    found = RULES.get(op.name)
    if found is None:
        raise NoRule(f"nobody here knows {op.call}" if op.name == "other" else f"there is no law for {op.name}")
    return found


_MOVES = frozenset({"reshape", "permute", "slice", "split", "identity", "expand"})


def _part_of_weight(walk: Walk, op: Op) -> Step:
    """A view of a weight: the same numbers."""
    found = [walk.weight(out) for out in op.outputs]
    if any(each is None for each in found):
        source = walk.operand(op.inputs[0][1])
        if source is None:
            raise NoRule("the values of a computed weight are not known")
        found = [source for _ in op.outputs]
    return Step([each for each in found if each is not None])


def _of_weights(walk: Walk, op: Op) -> Step:
    """A product of two weights, as an adapter's: its elements are sums over the rank."""
    first, second = (walk.moments(value) for _, value in op.inputs[-2:])
    rank = walk.shape(op.inputs[-2][1])[-1]
    second_moment = rank * first.second * second.second
    return Step([walk.draws.of(Pairs(*[second_moment] * 4))])


def _note(walk: Walk, op: Op, step: Step) -> None:
    graph = walk.graph
    data = graph.data(op)
    inherited = sum(
        passes * _total(walk, value, step.weighted) for value, passes in step.passes.items() if value in walk.told
    )
    roots = _roots(walk, op)
    uneven = _uneven(walk, op, step)
    for place, out in enumerate(op.outputs):
        if place >= len(step.made):
            walk.why[out] = f"{op.call} in {op.module or 'the model'}: a second output"
            continue
        axes = step.axes[place] if place < len(step.axes) else None
        if axes is None and data:
            first = walk.axes.get(data[0])
            axes = first if first is not None and walk.shape(out) == walk.shape(data[0]) else None
        if axes is not None and len(axes) == len(walk.shape(out)):
            walk.axes[out] = axes
        walk.roots[out] = roots if len(op.outputs) == 1 else frozenset((root, place) for root in roots)
        walk.keep(out, step.made[place], inherited)
        walk.uneven[out] = uneven
        _carry(walk, op, out, step.made[place])
    walk.back[op.index] = step.back


_SUMS = ("add", "subtract", "concatenate", "stack", "write")


def _uneven(walk: Walk, op: Op, step: Step) -> tuple[float, float]:
    """How places differ: the signed deviation of the log of their second moments, and the log of what that adds to the
    mean of those beyond the samples, which know one size for all places: a square's mean square is larger for it.

    Taken as normal logs: a power p of numbers with deviation a has deviation p a, and (p^2 - p) a^2 / 2 more.
    """
    if step.uneven is not None:
        return step.uneven, 0.0
    known = [(passes, *walk.uneven.get(value, (0.0, 0.0))) for value, passes in step.passes.items()]
    deviation = sum(passes * a for passes, a, _ in known)
    if op.name in _SUMS:
        return deviation, sum(passes * more for passes, _, more in known)
    more = sum(passes * (more - a * a / 2) for passes, a, more in known) + deviation**2 / 2
    return min(max(deviation, -2.0), 2.0), min(max(more, -1.0), 1.0)


def _total(walk: Walk, value: int, weighted: bool) -> float:
    """The signed deviation that a value hands on: a sum with fresh weights sees its scatter too."""
    told = walk.told[value]
    if not weighted:
        return told.inherited
    return math.copysign(math.sqrt(told.inherited**2 + told.scatter), told.inherited or 1.0)


def _roots(walk: Walk, op: Op) -> frozenset[object]:
    """The weighted operations that something comes from directly; two values without a common one are independent."""
    if walk.graph.is_weighted(op):
        return frozenset({("op", op.index)})
    found = frozenset[object]().union(*(walk.roots.get(value, frozenset()) for value in walk.graph.data(op)))
    if op.name == "slice":
        found = frozenset((root, "slice", op.index) for root in found)
    return found


def _carry(walk: Walk, op: Op, out: int, made: Array) -> None:
    """What is known of logits goes along with them until the softmax."""
    first = next(iter(walk.graph.data(op)), None)
    if (
        first in walk.kinds
        and out not in walk.kinds
        and op.name in _ALIGNED
        and walk.shape(out)[1:2] == walk.shape(first)[1:2]
    ):
        walk.kinds[out] = walk.kinds[first]
    if op.name not in _CARRIES:
        return
    for value in walk.graph.data(op):
        if value in walk.masks and out not in walk.masks:
            walk.masks[out] = walk.masks[value]
            walk.unsaid.setdefault(out, walk.unsaid.get(value, "most of it is a mask"))
        if value in walk.shares and out not in walk.shares and op.name not in POINTWISE:
            walk.shares[out] = walk.shares[value]
        if value in walk.scores and out not in walk.scores:
            walk.came_from[out] = value
            walk.scores[out] = _scaled(walk, op, value, made)


def _scaled(walk: Walk, op: Op, value: int, made: Array) -> Pairs:
    logits, before = walk.scores[value], walk.told[value].pairs.own
    if op.name in ("multiply", "divide") and before > 0:
        return logits.times(float(np.mean(made**2)) / before)
    if op.name in ("add", "subtract") and walk.masks.get(op.outputs[0]) is None:
        more = max(float(np.mean(made**2)) - before, 0.0)  # a bias by position, the same for all inputs
        return Pairs(logits.own + more, logits.inputs + more, logits.places, logits.both)
    return logits
