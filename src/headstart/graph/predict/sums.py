"""Rules for weighted operations: what they sum over, read from shapes, and the weights' moments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import PLACE, UNIT, Atom, Axes
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.theory.laws import sums
from headstart.theory.laws.lookups import picked
from headstart.theory.laws.samples import Array, Pairs, pairs_of


def linear(walk: Walk, op: Op) -> Step:
    """x W^T, x W or W x, with or without a bias."""
    data, weight = _operands(walk, op)
    shape = walk.shape(weight)
    first = walk.shape(op.inputs[_place(op, data)][1])
    left = op.name == "matmul" and op.operand("input") == weight and op.operand("other") == data  # W x
    over = (shape[-1] if shape else 1) if left else (first[-1] if first else 1)
    axes = walk.axes.get(data)
    contracted = axes[-2 if left and len(axes) > 1 else -1] if axes else ()
    found = _summed(walk, op, data, float(over), weight, contracted)
    if axes is not None and not found.axes:
        found.axes = (_after_linear(walk, op, axes, left),)
    return found


def einsum(walk: Walk, op: Op) -> Step:
    data, weight = _operands(walk, op)
    equation = op.attributes.get("equation")
    if not isinstance(equation, str) or "." in equation or len(op.inputs) != 2:
        raise NoRule("an einsum of more than two arrays, or without letters for its axes")
    terms, _, result = equation.replace(" ", "").partition("->")
    parts = terms.split(",")
    if "->" not in equation:
        result = "".join(sorted(letter for letter in set(terms) - {","} if terms.count(letter) == 1))
    sizes: dict[str, int] = {}
    for (_, value), part in zip(op.inputs, parts, strict=True):
        sizes |= dict(zip(part, walk.shape(value), strict=True))
    over = math.prod(size for letter, size in sizes.items() if letter not in result)
    own = parts[_place(op, data)]
    axes = walk.axes.get(data)
    known = dict(zip(own, axes, strict=True)) if axes is not None and len(axes) == len(own) else {}
    contracted = tuple(atom for letter in own if letter not in result for atom in known.get(letter, ()))
    found = _summed(walk, op, data, float(over), weight, contracted)
    found.axes = (tuple(known.get(letter, (Atom(UNIT, sizes[letter]),)) for letter in result),)
    return found


def convolution(walk: Walk, op: Op) -> Step:
    """Both kinds; the taps that meet the padding of zeros do not count."""
    data, weight = _operands(walk, op)
    placed = _placed(op)
    shape, out = walk.shape(data), walk.shape(op.outputs[0])
    if placed is not None:  # axes in an order of their own: as channels first from here on
        shape, out = (tuple(sizes[axis] for axis in axes) for sizes, axes in ((shape, placed[0]), (out, placed[2])))
    sizes = walk.shape(weight) if placed is None else tuple(walk.shape(weight)[axis] for axis in placed[1])
    kernel = sizes[2:]
    dims = len(kernel)
    stride, padding, dilation = (
        sums.per_axis(op.attributes.get(name, default), dims, default)
        for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    if op.attributes.get("padding") in ("same", "valid"):
        same = op.attributes["padding"] == "same"
        padding = tuple((d * (k - 1)) // 2 * same for d, k in zip(dilation or (1,) * dims, kernel, strict=True))
    if stride is None or padding is None or dilation is None:
        raise NoRule("a convolution with settings that are no numbers")
    groups = op.attributes.get("groups", 1)
    transposed = op.name == "transposed convolution"
    taps = sums.taps_landing if transposed else sums.taps_inside
    share = 1.0
    for place in range(dims):
        share *= taps(
            shape[place - dims], out[place - dims], kernel[place], stride[place], padding[place], dilation[place]
        )
    channels = sizes[1] if placed is not None or not transposed else sizes[0] / groups
    fan = channels * share * (1 if transposed else math.prod(kernel))
    _as_places(walk, data, dims, None if placed is None else placed[0])
    found = _summed(walk, op, data, fan, weight, ())
    axes = walk.axes[data]
    first = () if len(out) == dims + 1 else (axes[0 if placed is None else placed[0][0]],)
    after = (*first, (Atom(UNIT, out[-dims - 1]),), *((Atom(PLACE, size),) for size in out[-dims:]))
    found.axes = (after if placed is None else _in_order(after, placed[2]),)
    return found


def _placed(op: Op) -> tuple[tuple[int, ...], ...] | None:
    """Where a convolution has its axes: (inputs, channels, places) of the data, (outputs, inputs, places) of the weight,
    and of the result as of the data; None where that is their order."""
    named = [op.attributes.get(name) for name in ("axes", "weight_axes", "out_axes")]
    return tuple(named) if all(isinstance(axes, tuple) for axes in named) else None


def _in_order(axes: Axes, places: Sequence[int]) -> Axes:
    """Axes that stand in the order of channels first, put where they lie."""
    found = dict(zip(places, axes, strict=True))
    return tuple(found[place] for place in range(len(axes)))


def bilinear(walk: Walk, op: Op) -> Step:
    first, second, weight = (op.operand(slot) for slot in ("input1", "input2", "weight"))
    if first is None or second is None or weight is None or first == second:
        raise NoRule("a product of dependent values")
    x, z = walk.signal(first), walk.signal(second)
    moments, bias = walk.moments(weight), _bias(walk, op)
    fan = float(math.prod(walk.shape(weight)[1:]))
    a, b = pairs_of(x), pairs_of(z)
    made = walk.draws.of(Pairs(*(p * q * fan * moments.second for p, q in zip(a, b, strict=True)))) + bias

    def back(gradients: Sequence[Array | None]) -> Mapping[int, Array]:
        (g,) = gradients
        assert g is not None
        back_a = sums.backward(walk.draws, g, walk.shape(weight)[0] * walk.shape(weight)[2] * b.own, moments)
        back_b = sums.backward(walk.draws, g, walk.shape(weight)[0] * walk.shape(weight)[1] * a.own, moments)
        return {first: back_a, second: back_b}

    return Step([made], back, {first: 1.0, second: 1.0}, weighted=True, axes=(_last_unit(walk, op, first),))


def embedding(walk: Walk, op: Op) -> Step:
    """Rows picked by tokens; or, of constants, positions."""
    index, table = op.operand("input"), op.operand("weight")
    if index is None or table is None or op.name == "embedding bag":
        raise NoRule("bags of rows of unknown sizes")
    shape = walk.shape(index)
    data = walk.graph.values[index].kind == "data"
    rows = walk.operand(index) if data or index in walk.graph.numbers else walk.constant(index, places=True)
    if rows is None:  # positions that nobody has seen: each place its own row
        rows = np.stack([walk.draws.random.permutation(walk.draws.count) + 0.0 for _ in range(2)])[[0, 0, 1, 1]]
    if rows.ndim == 0:
        rows = np.broadcast_to(rows, (4, walk.draws.count))
    moments = walk.moments(table)
    made = picked(walk.draws, rows, moments.values(walk.draws), moments.alike)
    axes = walk.axes.get(index) or (axis.plain(shape, (axis.INPUT, *[PLACE] * (len(shape) - 1))) if shape else ())
    return Step([made], lambda _: {}, axes=((*axes, (Atom(UNIT, walk.shape(table)[-1]),)),))


def looked_up(walk: Walk, op: Op) -> Step:
    """Rows of a parameter taken by an array of indices."""
    table, index = op.inputs[0][1], next((value for _, value in op.inputs[1:]), None)
    rows = None
    if index is not None:
        data = walk.graph.values[index].kind == "data"
        rows = walk.signal(index) if data else walk.constant(index, places=True)
    if rows is None or rows.ndim == 0:
        raise NoRule("an index that nobody knows")
    moments = walk.moments(table)
    made = picked(walk.draws, rows, moments.values(walk.draws), moments.alike)
    return Step([made], lambda _: {})


# --- what they have in common ----------------------------------------------------------------------------------------


def _operands(walk: Walk, op: Op) -> tuple[int, int]:
    """The data and the weight of an operation that takes one of each."""
    heavy = [(slot, value) for slot, value in op.inputs if slot not in ("bias", "slope")]
    data = [value for _, value in heavy if walk.graph.values[value].kind == "data"]
    weights = [value for _, value in heavy if walk.graph.values[value].kind == "weight"]
    if len(data) != 1 or len(weights) != 1:
        raise NoRule("a product of more than one value and one weight")
    return data[0], weights[0]


def _place(op: Op, value: int) -> int:
    return next(place for place, (_, given) in enumerate(op.inputs) if given == value)


def _summed(walk: Walk, op: Op, data: int, fan: float, weight: int, contracted: tuple[Atom, ...]) -> Step:
    """The sum itself; over places it is one of several mixtures, which have nothing in common."""
    x, moments = walk.signal(data), walk.moments(weight)
    mixes = (
        bool(contracted)
        and all(atom.role == PLACE for atom in contracted)
        and math.prod(a.size for a in contracted) > 1
    )
    shares_places = mixes or (UNIT not in {atom.role for atom in contracted} and bool(contracted))
    alone = sums.weighted(walk.draws, walk.draws.at_other_places(x) if shares_places else x, fan, moments)
    y = alone + _bias(walk, op)
    fan_out = walk.size(op.outputs[0]) * fan / max(walk.size(data), 1)

    def back(gradients: Sequence[Array | None]) -> Mapping[int, Array]:
        (g,) = gradients[:1]
        assert g is not None
        g = walk.draws.at_other_places(g) if shares_places else g
        return {data: sums.backward(walk.draws, g, fan_out, moments)}

    size = float(np.mean(y**2))
    return Step([y], back, {data: float(np.mean(alone**2)) / size if size > 0 else 1.0}, weighted=True)


def _bias(walk: Walk, op: Op) -> Array | float:
    value = op.operand("bias")
    if value is None:
        return 0.0
    found = walk.operand(value)
    if found is None:
        raise NoRule("the values of a bias are not known")
    return found


def _as_places(walk: Walk, data: int, dims: int, order: Sequence[int] | None = None) -> None:
    """Let the last axes of a convolution's input be places: units that a reshape put there have nothing in common.

    order: where inputs, channels and places lie, if not in that order.
    """
    shape = walk.shape(data)
    axes = walk.axes.get(data)
    axes = axes if axes is not None and len(axes) == len(shape) else ()
    if order is not None:
        shape, axes = tuple(shape[place] for place in order), tuple(axes[place] for place in order) if axes else ()
    inside = axes[-dims:]
    if inside and any(atom.role == UNIT for each in inside for atom in each):
        walk.samples[data] = walk.draws.at_other_places(walk.signal(data))
    if not inside or any(atom.role != PLACE for each in inside for atom in each):
        first = axes[0] if inside and len(shape) > dims + 1 else (Atom(axis.INPUT, shape[0]),)
        places = ((Atom(PLACE, size),) for size in shape[-dims:])
        found = (*((first,) if len(shape) > dims + 1 else ()), (Atom(UNIT, shape[-dims - 1]),), *places)
        walk.axes[data] = found if order is None else _in_order(found, order)


def _after_linear(walk: Walk, op: Op, axes: Axes, left: bool) -> Axes | None:
    out = walk.shape(op.outputs[0])
    if left and len(axes) > 1:
        swapped = _contracted_role(axes[-2])
        return (*axes[:-2], (Atom(swapped, out[-2]),), axes[-1]) if len(out) == len(axes) else None
    if len(out) != len(axes):
        return None
    return (*axes[:-1], (Atom(_contracted_role(axes[-1]), out[-1]),))


def _contracted_role(contracted: Sequence[Atom]) -> str:
    """Of what a sum makes: places of a sum over places alone, else units."""
    sized = [atom for atom in contracted if atom.size > 1]
    return PLACE if sized and all(atom.role == PLACE for atom in sized) else UNIT


def _last_unit(walk: Walk, op: Op, value: int) -> Axes | None:
    axes, out = walk.axes.get(value), walk.shape(op.outputs[0])
    return (*axes[:-1], (Atom(UNIT, out[-1]),)) if axes is not None and len(axes) == len(out) else None
