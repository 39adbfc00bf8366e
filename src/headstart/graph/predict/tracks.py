"""Places that differ: a token that is put before a sequence, and what comes of both apart from one another.

Where a parameter is joined to data along places (a class token), each part is walked as a track of its own, through all
that keeps places apart: a norm divides each by its own size. What mixes places takes the mixture of both. A slice that
takes the token alone takes its track, and its gradient goes back along it: a token near zero before a norm has a
gradient that nobody would see in the mixture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import PLACE, UNIT
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.theory.laws.samples import Array

Rule = Callable[[Walk, Op], Step]
_APART = POINTWISE | {"norm", "dropout", "identity", "reshape", "permute", "split", "slice", "linear", "matmul", "glu"}
FEW = 4  # places of a part that is walked by itself


@dataclass(frozen=True)
class Split:
    """Where each part lies along the axis of places, in order."""

    bounds: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        ends = (0, *self.bounds)
        return tuple((b - a) / self.bounds[-1] for a, b in itertools.pairwise(ends))


@dataclass(frozen=True)
class Tracks:
    """Samples of each part of a value."""

    split: Split
    parts: tuple[Array, ...]


def parted(walk: Walk, op: Op, rule: Rule) -> Step | None:
    """Walk an operation for each part by itself; None where it mixes them, or there are none."""
    if op.name == "concatenate":
        return _put_together(walk, op, rule)
    data = walk.graph.data(op)
    tracked = [value for value in data if value in walk.tracks]
    if not tracked or op.name not in _APART:
        return None
    split = walk.tracks[tracked[0]].split
    if any(walk.tracks[value].split != split for value in tracked) or _mixes(walk, op, tracked[0]):
        return None
    if any(value not in walk.samples for value in tracked):  # nothing is known of it: a weight that is no number
        return None
    if op.name in ("slice", "split") and len(op.inputs) == 1:
        taken = _taken(walk, op, tracked[0], split)
        if taken is not None:
            return taken
    return _each(walk, op, rule, tracked, split)


def _mixes(walk: Walk, op: Op, value: int) -> bool:
    """Whether an operation sums over places, or cuts them other than along the parts."""
    axes = walk.axes.get(value)
    if axes is None:
        return True
    if op.name in ("linear", "matmul"):
        left = op.name == "matmul" and op.inputs[0][1] != value
        return left or not walk.graph.is_weighted(op) or any(a.role == PLACE and a.size > 1 for a in axes[-1])
    if op.name == "norm":
        return op.call not in ("layer_norm", "rms_norm", "normalize")
    if op.name in ("slice", "split"):
        return len(op.inputs) > 1
    return False


def _each(walk: Walk, op: Op, rule: Rule, tracked: Sequence[int], split: Split) -> Step | None:
    whole = {value: walk.samples[value] for value in tracked}
    steps: list[Step] = []
    try:
        for part in range(len(split.bounds)):
            walk.samples |= {value: walk.tracks[value].parts[part] for value in tracked}
            steps.append(rule(walk, op))
    finally:
        walk.samples |= whole
    first = steps[0]
    if any(step.back is None for step in steps):
        return None
    made = [mixture(walk, [step.made[place] for step in steps], split) for place in range(len(first.made))]
    for place, out in enumerate(op.outputs[: len(first.made)]):
        walk.tracks[out] = Tracks(split, tuple(step.made[place] for step in steps))

    def back(gradients: Sequence[Sequence[Array | None]]) -> Mapping[int, Sequence[Array | None] | Array]:
        found: dict[int, list[Array | None] | Array] = {}
        for part, step in enumerate(steps):
            own = [gradient[part] for gradient in gradients]
            assert step.back is not None
            sent = {} if all(each is None for each in own) else step.back(own)
            for value in walk.graph.data(op):
                g = sent.get(value)
                if value in tracked:
                    parts = found.setdefault(value, [None] * len(steps))
                    assert isinstance(parts, list)
                    parts[part] = g
                elif g is not None:
                    scaled = g * math.sqrt(split.shares[part])
                    before = found.get(value)
                    found[value] = scaled if before is None else before + scaled  # type: ignore[operator]  # no list: not tracked
        return found

    walk.parted[op.index] = back
    return Step(made, first.back, first.passes, first.weighted, first.axes)


def _taken(walk: Walk, op: Op, value: int, split: Split) -> Step | None:
    """A slice that lies within one part."""
    if op.name == "split":
        return None
    axes, shape, out = walk.axes[value], walk.shape(value), op.outputs[0]
    found = axis.sliced(op, axes, shape, walk.shape(out))
    if PLACE not in found.cut:
        return None
    place = next((i for i, each in enumerate(axes) if any(a.role == PLACE and a.size > 1 for a in each)), None)
    if place is None or shape[place] != split.bounds[-1] or UNIT in found.cut:
        return None
    first = int(np.unravel_index(found.start, shape)[place])
    last = first + max(axis.count(found.axes, PLACE), 1)
    ends = (0, *split.bounds)
    part = next((i for i in range(len(split.bounds)) if ends[i] <= first and last <= ends[i + 1]), None)
    if part is None:
        return None
    share = math.sqrt((last - first) / (ends[part + 1] - ends[part]))
    count = len(split.bounds)

    def back(gradients: Sequence[Sequence[Array | None]]) -> Mapping[int, Sequence[Array | None]]:
        g = gradients[0][0]
        return {value: [None if i != part or g is None else g * share for i in range(count)]}

    walk.parted[op.index] = back
    return Step([walk.tracks[value].parts[part]], lambda _: {}, {value: 1.0}, axes=(found.axes,))


def _put_together(walk: Walk, op: Op, rule: Rule) -> Step | None:
    """Join parts along places, of which one is a parameter of few places."""
    given = [value for _, value in op.inputs if walk.size(value)]
    kinds = [walk.graph.values[value].kind for value in given]
    if kinds.count("data") != 1 or "weight" not in kinds or any(value in walk.tracks for value in given):
        return None
    shapes = [walk.shape(value) for value in given]
    place = next((i for i in range(len(shapes[0])) if len({shape[i] for shape in shapes}) > 1), None)
    axes = walk.axes.get(given[kinds.index("data")])
    if place is None or axes is None or {a.role for a in axes[place] if a.size > 1} != {PLACE}:
        return None
    if any(shape[place] > FEW for shape, kind in zip(shapes, kinds, strict=True) if kind == "weight"):
        return None
    step = rule(walk, op)
    parts = [walk.operand(value) for value in given]
    if any(part is None for part in parts):
        raise NoRule("it is joined with a constant that nobody knows")
    split = Split(tuple(int(end) for end in np.cumsum([shape[place] for shape in shapes])))
    walk.tracks[op.outputs[0]] = Tracks(split, tuple(np.asarray(part) for part in parts))
    data = given[kinds.index("data")]
    number = kinds.index("data")

    def back(gradients: Sequence[Sequence[Array | None]]) -> Mapping[int, Array]:
        g = gradients[0][number]
        return {} if g is None else {data: g}

    walk.parted[op.index] = back
    return step


def mixture(walk: Walk, parts: Sequence[Array], split: Split) -> Array:
    """Samples of the whole: of each part as many as it has places; the other place is of any part."""
    edges, column = np.cumsum(split.shares), np.arange(walk.draws.count)
    even, stacked = (column + 0.5) / walk.draws.count, np.stack(parts)
    here, there = (
        np.minimum(np.searchsorted(edges, even[walk.order((split, place))]), len(parts) - 1) for place in (0, 1)
    )
    return np.concatenate([stacked[here, :2, column].T, stacked[there, 2:, column].T])
