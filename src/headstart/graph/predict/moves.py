"""Rules for what moves, picks, repeats or joins elements and changes none of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import INPUT, PLACE, UNIT, Atom, Axes
from headstart.graph.predict.walk import Back, NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.theory.laws.samples import Array, Bools, Pairs, Wholes, pairs_of

Gradients = Sequence[Array | None]
_ENDS = ("detach", "detach_", "data.__get__", "stop_gradient")


def passed_on(walk: Walk, op: Op) -> Step:
    """A copy, a cast, a reshape, a permutation."""
    value = source_of(walk, op)
    x, axes = walk.signal(value), walk.axes.get(value)
    shape = walk.shape(op.outputs[0])
    after: Axes | None = axes
    if axes is not None and op.name == "reshape":
        after = axis.reshaped(axes, shape)
        if after is None:
            after = axis.guessed(shape, channels_first=op.call.startswith("pixel"))
    elif axes is not None and op.name == "permute":
        after = axis.permuted(op, axes, shape)
    back: Back | None = None if op.call in _ENDS else lambda gradients: {value: _given(gradients[0])}
    return Step([x], back, {value: 1.0}, axes=(after,))


LOOP = 3  # single places taken one by one: more of them are the steps of a loop


def picked(walk: Walk, op: Op) -> Step:
    """A slice, or all parts of a split."""
    value = source_of(walk, op)
    if walk.places(value) > LOOP and _steps(walk, value) > LOOP:
        raise NoRule("it goes through places one by one, each step from the one before")
    x, shape = walk.signal(value), walk.shape(value)
    axes = walk.axes.get(value) or axis.guessed(shape, channels_first=False)
    made, after, orders, cuts = [], [], [], []
    for place, out in enumerate(op.outputs):
        found = _slice(walk, op, axes, shape, out)
        order = walk.order((value, place, walk.shape(out), found.start)) if UNIT in found.cut else None
        made.append(x if order is None else x[:, order])
        after.append(found.axes)
        orders.append(order)
        cuts.append(found.cut)

    def back(gradients: Gradients) -> Mapping[int, Array]:
        total: Array | float = 0.0
        for out, order, cut, gradient in zip(op.outputs, orders, cuts, gradients, strict=True):
            if gradient is None:
                continue
            share = walk.size(out) / max(walk.size(value), 1)
            g = gradient * math.sqrt(share)
            if PLACE in cut and len(op.outputs) == 1:  # at other places there is none
                pairs = pairs_of(g)
                g = walk.draws.of(Pairs(pairs.own, pairs.inputs, pairs.places * share, pairs.both * share))
            if order is not None:
                g = g[:, np.argsort(order)]
            total = total + g
        return {} if isinstance(total, float) else {value: total}

    return Step(made, back, {value: 1.0}, axes=after)


def repeated(walk: Walk, op: Op) -> Step:
    """expand and repeat: the same numbers at more places, or for more units."""
    value = source_of(walk, op)
    x, shape, out = walk.signal(value), walk.shape(value), walk.shape(op.outputs[0])
    axes = walk.axes.get(value)
    after = None
    if axes is not None:
        padded = ((),) * (len(out) - len(shape)) + axes
        if isinstance(places := op.attributes.get("places"), tuple) and len(places) == len(axes):
            known = dict(zip(places, axes, strict=True))
            padded = tuple(known.get(place, ()) for place in range(len(out)))
        more = UNIT if walk.places(value) > 1 else PLACE  # what has places already is repeated for more units: heads
        after = tuple(
            each
            if math.prod(a.size for a in each) == size
            else axis._resized(each, size)
            if each
            else _new(size, place, more)
            for place, (each, size) in enumerate(zip(padded, out, strict=False))
        )
        if walk.places(value) == 1:
            x = x[[0, 1, 0, 1]]
    times = walk.size(op.outputs[0]) / max(walk.size(value), 1)
    over_places = after is not None and axis.count(after, PLACE) > walk.places(value)
    return Step(
        [x],
        lambda gradients: {value: gathered(walk, _given(gradients[0]), times, over_places)},
        {value: 1.0},
        axes=(after,),
    )


def gathered(walk: Walk, gradient: Array, times: float, over_places: bool) -> Array:
    """The sum of the gradients of so many copies; at places of one input they may have something in common."""
    pairs = pairs_of(gradient)
    common = pairs.places if over_places else 0.0
    both = pairs.both if over_places else 0.0
    own = max(times * (pairs.own - common) + times**2 * common, 0.0)
    inputs = times * (pairs.inputs - both) + times**2 * both
    if over_places:
        return walk.draws.of(Pairs(own, inputs, own, inputs))
    return walk.draws.of(Pairs(own, inputs, times * pairs.places, times * pairs.both))


def joined(walk: Walk, op: Op) -> Step:
    """Concatenated or stacked: a mixture, in which each part has as many samples as it has elements."""
    given = [value for _, value in op.inputs if walk.size(value)]  # an empty cache has nothing to give
    found = [walk.operand(value) for value in given]
    if any(each is None for each in found):
        raise NoRule("it is joined with a constant that nobody knows")
    parts = [np.broadcast_to(each, (4, walk.draws.count)) for each in found if each is not None]
    sizes = [walk.size(value) for value in given]
    data = [value for value in given if walk.graph.values[value].kind == "data"]
    role, after = _joint(walk, op, given)
    return _mixture(walk, op, parts, sizes, given, data, role, after)


def padded(walk: Walk, op: Op) -> Step:
    """Zeros around, or what lies inside again."""
    value = source_of(walk, op)
    x, shape, out = walk.signal(value), walk.shape(value), walk.shape(op.outputs[0])
    axes = walk.axes.get(value) or axis.guessed(shape, channels_first=len(shape) > 2)
    after = axis.resized(axes, out)
    mode = next((each for each in op.attributes.values() if each in ("reflect", "replicate", "circular")), None)
    rest = walk.size(op.outputs[0]) - walk.size(value)
    if mode is not None or rest <= 0:
        share = walk.size(op.outputs[0]) / max(walk.size(value), 1)
        return Step(
            [x], lambda gradients: {value: math.sqrt(share) * _given(gradients[0])}, {value: 1.0}, axes=(after,)
        )
    grown = {atom.role for each, a, b in zip(axes, shape, out, strict=False) if a != b for atom in each}
    zeros = np.full_like(
        x, float(next((v for k, v in op.attributes.items() if k in ("value", "argument 3")), 0.0) or 0.0)
    )
    role = UNIT if UNIT in grown else PLACE
    return _mixture(walk, op, [x, zeros], [walk.size(value), rest], [value, -1], [value], role, after)


def written(walk: Walk, op: Op) -> Step:
    """Part of an array overwritten: the mixture of what was there and what came."""
    values = [value for slot, value in op.inputs if slot in ("input", "other")]
    other = op.operand("other")
    if other is None or walk.graph.values[other].kind != "data" or len(values) != 2 or op.call.startswith("index"):
        raise NoRule(f"{op.call} writes where nobody knows")
    before, x = walk.operand(values[0]), walk.signal(other)
    size, part = walk.size(op.outputs[0]), walk.size(other)
    if part >= size or before is None:
        return Step(
            [x] * len(op.outputs),
            lambda gradients: {other: _sum(gradients)},
            {other: 1.0},
            axes=(walk.axes.get(other),),
        )
    before = np.broadcast_to(before, x.shape)
    after = walk.axes.get(values[0]) or axis.resized(walk.axes.get(other) or (), walk.shape(op.outputs[0]))
    data = [value for value in values if walk.graph.values[value].kind == "data"]
    return _mixture(walk, op, [before, x], [size - part, part], values, data, PLACE, after)


def _mixture(
    walk: Walk, op: Op, parts: Sequence[Array], sizes: Sequence[int], given: Sequence[int], data: Sequence[int],
    role: str, after: Axes | None,
) -> Step:  # fmt: skip
    edges = np.cumsum(sizes) / max(sum(sizes), 1)
    even = (np.arange(walk.draws.count) + 0.5) / walk.draws.count
    which = np.searchsorted(edges, walk.draws.random.permutation(even))
    there = np.searchsorted(edges, walk.draws.random.permutation(even)) if role == PLACE else which
    if role == UNIT:
        for out in op.outputs:
            walk.kinds[out] = _kinds(walk, given, which)
    stacked = np.stack(parts)
    column = np.arange(walk.draws.count)
    made = np.concatenate([stacked[which, :2, column].T, stacked[there, 2:, column].T])
    total = float(np.mean(made**2))
    passes: dict[int, float] = {}
    for place, value in enumerate(given):
        if value in data and total > 0:
            share = sizes[place] / max(sum(sizes), 1) * float(np.mean(parts[place] ** 2)) / total
            passes[value] = passes.get(value, 0.0) + share

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = _given(gradients[0])
        found: dict[int, Array] = {}
        for place, value in enumerate(given):
            if value in data:
                part = np.concatenate([_own(g[:2], which == place), _own(g[2:], there == place)])
                found[value] = found[value] + part if value in found else part
        return found

    return Step([made] * len(op.outputs), back, passes, axes=(after,) * len(op.outputs))


def _kinds(walk: Walk, given: Sequence[int], which: NDArray[np.integer[Any]]) -> Wholes:
    """Which part each sample is of; parts of parts stay apart."""
    found = np.zeros(which.shape, np.int64)
    start = 0
    for place, value in enumerate(given):
        inside = walk.kinds.get(value, np.zeros_like(which))
        found = np.where(which == place, start + inside, found)
        start += int(inside.max()) + 1
    return np.asarray(np.unique(found, return_inverse=True)[1], np.int64)


def _own(g: Array, mine: Bools) -> Array:
    """The columns of one part at their places, and the same ones again where the other parts' were."""
    places = np.flatnonzero(mine)
    if not places.size:
        return np.zeros_like(g)
    index = np.where(mine, np.arange(g.shape[1]), np.resize(places, g.shape[1]))
    return np.asarray(g[:, index])


def _joint(walk: Walk, op: Op, given: Sequence[int]) -> tuple[str, Axes | None]:
    """Which role the joined axis has, and the axes of the whole."""
    out = walk.shape(op.outputs[0])
    known = next((walk.axes[value] for value in given if value in walk.axes), None)
    if known is None:
        return UNIT, None
    shapes = [walk.shape(value) for value in given]
    if op.name == "stack" or len(shapes[0]) != len(out) or len(known) != len(out):
        dim = op.attributes.get("dim", 0)
        place = dim % len(out) if isinstance(dim, int) and out else 0
        return UNIT, (*known[:place], (Atom(UNIT, out[place]),), *known[place:]) if len(known) + 1 == len(out) else None
    place = next((i for i in range(len(out)) if any(shape[i] != out[i] for shape in shapes)), 0)
    roles = {atom.role for atom in known[place]} or {
        atom.role for value in given if value in walk.axes for atom in walk.axes[value][place]
    }
    role = roles.pop() if len(roles) == 1 else (PLACE if not roles else UNIT)
    after = (*known[:place], (Atom(role, out[place]),), *known[place + 1 :])
    return (PLACE if role == INPUT else role), after


def source_of(walk: Walk, op: Op) -> int:
    data = walk.graph.data(op)
    if not data:
        raise NoRule("it takes no data")
    return data[0]


def _steps(walk: Walk, value: int) -> int:
    """How many single places of a value are taken by themselves."""
    whole, found = walk.places(value), 0
    units = walk.size(value) // whole
    for index in walk.graph.readers.get(value, ()):
        op = walk.graph.ops[index]
        if op.name in ("slice", "split"):
            found += sum(
                walk.size(out) == units and len(walk.shape(out)) < len(walk.shape(value)) for out in op.outputs
            )
    return found


def _slice(walk: Walk, op: Op, axes: Axes, shape: Sequence[int], out: int) -> axis.Sliced:
    if len(axes) != len(shape):
        axes = axis.guessed(shape, channels_first=False)
    if op.name == "slice":
        return axis.sliced(op, axes, shape, walk.shape(out))
    place = op.outputs.index(out)
    sizes = walk.shape(out)
    if len(sizes) == len(shape):
        cut = [i for i in range(len(shape)) if sizes[i] != shape[i]]
    else:  # unbind
        dim = next((op.attributes[name] for name in ("dim", "argument 1") if name in op.attributes), 0)
        cut = [dim % len(shape)] if isinstance(dim, int) and not isinstance(dim, bool) else [0]
    after = tuple(
        axis._resized(each, sizes[i]) if len(sizes) == len(shape) else each
        for i, each in enumerate(axes) if len(sizes) == len(shape) or i not in cut
    )  # fmt: skip
    return axis.Sliced(after, frozenset(atom.role for i in cut for atom in axes[i]), place)


def _new(size: int, place: int, role: str) -> tuple[Atom, ...]:
    """An axis that a repeat makes: inputs where it is the first."""
    return (Atom(INPUT if place == 0 else role, size),) if size > 1 else ()


def _given(gradient: Array | None) -> Array:
    assert gradient is not None
    return gradient


def _sum(gradients: Gradients) -> Array:
    return _given(next((each for each in gradients if each is not None), None))
