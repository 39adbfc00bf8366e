"""How an operation uses its weights: which axes are outputs, inputs, stack and rows, read from the equation's settings.

Every weight is followed as a view of its parameter through what moves and cuts it, so that a bare tree has roles and
layouts by what is done with it alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from headstart.graph.uses import Axes, translated
from headstart.graph.values import Op, Use
from headstart.models.jax.program import Equation, Program
from headstart.models.jax.views import Lie, whole

COMPUTED = "its values are computed from parameters, so it has no axes of its own"
Lies = dict[str, Lie]  # parameter -> how a value lies in it


def uses_of(program: Program) -> list[Use]:
    """The uses of parameters in every operation, in order."""
    lies: dict[int, Lies] = {}
    for value in program.values:
        if value.source.startswith("parameter"):
            (name,) = value.parameters
            lies[value.number] = {name: whole(value.shape)}
    carried = _carried(program)
    found = []
    for op in program.ops:
        if program.values[op.outputs[0]].kind == "weight":
            _follow(program, op, lies)
        for place, (slot, value) in enumerate(op.inputs):
            if program.values[value].kind == "weight":
                axes = _axes(program, op, slot, place, carried)
                if axes is not None:
                    found += _uses(program, op, value, axes, lies.get(value))
    return found


def _uses(program: Program, op: Op, value: int, axes: Axes, lies: Lies | None) -> list[Use]:
    found = []
    for parameter in sorted(program.values[value].parameters):
        lie = lies.get(parameter) if lies is not None else None
        if lie is None:
            found.append(Use(parameter, op.index, axes.slot, None, None, COMPUTED))
        else:
            view = lie.view()
            layout, note = translated(axes, view)
            found.append(Use(parameter, op.index, axes.slot, layout, view.part, note or axes.note))
    return found


# --- views ----------------------------------------------------------------------------------------------------------


def _follow(program: Program, op: Op, lies: dict[int, Lies]) -> None:
    """Note how what an operation makes of weights alone lies in their parameters."""
    equation = program.equations[op.index]
    if equation.name in ("concatenate", "stack"):
        joined: Lies = {}
        for _, value in op.inputs:
            own = lies.get(value, {})
            if program.values[value].kind == "weight" and (not own or not joined.keys().isdisjoint(own)):
                return
            more = equation.name == "stack"
            joined |= {name: lie.within(0) if more else lie for name, lie in own.items()}
        lies[op.outputs[0]] = joined
        return
    source = lies.get(op.inputs[0][1])
    if source is None:
        return
    for place, out in enumerate(op.outputs):
        made = {name: _moved(program, op, equation, lie, place) for name, lie in source.items()}
        if all(lie is not None for lie in made.values()):
            lies[out] = {name: lie for name, lie in made.items() if lie is not None}


def _moved(program: Program, op: Op, equation: Equation, lie: Lie, place: int) -> Lie | None:
    """A view behind one operation; None where that is no view."""
    name, params = equation.name, equation.params
    shape = program.values[op.outputs[place]].shape
    if op.name == "identity" or name == "rev":
        return lie
    if op.name == "reshape":
        return lie.reshaped(shape)
    if name == "transpose":
        return lie.permuted(params["permutation"])
    if name == "broadcast_in_dim":
        return lie.broadcast(shape, params["broadcast_dimensions"])
    if name == "slice":
        steps = params["strides"] or (1,) * len(shape)
        for axis, (start, size, step) in enumerate(zip(params["start_indices"], shape, steps, strict=True)):
            lie = lie.sliced(axis, int(start), size, int(step))
        return lie
    if name == "dynamic_slice":
        return _sliced(program, op, lie, shape)
    if name == "gather":
        return None
    if name == "split":
        start = sum(params["sizes"][:place])
        return lie.sliced(params["axis"], start, params["sizes"][place])
    if name == "step":
        return lie.sliced(0, params["at"], 1).without((0,))
    if name == "loop":
        return lie.taken(0).without((0,))
    return None


def _sliced(program: Program, op: Op, lie: Lie, shape: tuple[int, ...]) -> Lie:
    """A slice whose start is a number, or one place that a counter says."""
    whole_shape = program.values[op.inputs[0][1]].shape
    for axis, ((_, start), size) in enumerate(zip(op.inputs[1:], shape, strict=True)):
        if size == whole_shape[axis]:
            continue
        if start in program.numbers:
            first = min(max(int(program.numbers[start]), 0), whole_shape[axis] - size)
            lie = lie.sliced(axis, first, size)
        elif size == 1:
            lie = lie.taken(axis)
        else:
            lie = lie._replace(torn=True)
    return lie


# --- what operations do with weights --------------------------------------------------------------------------------


def _axes(program: Program, op: Op, slot: str, place: int, carried: Mapping[int, frozenset[int]]) -> Axes | None:
    """What an operation does with one of its weights; None for what only passes it on."""
    data = [value for _, value in op.inputs if program.values[value].kind == "data"]
    shape = program.values[op.inputs[place][1]].shape
    if op.name in ("linear", "einsum"):
        return _product(program, op, place, carried)
    if op.name in ("convolution", "transposed convolution"):
        return _convolution(op) if slot == "weight" else None
    if not data:
        return None
    if op.name == "matmul":  # rows sorted by which of the matrices they are for: (stack, in, out)
        return Axes(out=(2,), ins=(1,), stack=(0,)) if len(shape) == 3 else Axes(out=(1,), ins=(0,))
    if op.name == "embedding":
        axis = int(op.attributes["axis"])
        rest = tuple(other for other in range(len(shape)) if other != axis)
        index = op.operand("input")
        read = index is not None and program.values[index].kind == "data"
        return Axes("lookup" if read else "table", out=rest, lookup=(axis,))
    if op.name == "norm":
        return {"weight": Axes("norm scale"), "bias": Axes("shift")}.get(slot)
    if op.name in ("multiply", "divide"):
        return Axes("slope" if slot == "slope" else "scale")
    if op.name in ("add", "subtract"):
        return Axes("bias" if _is_bias(program, op, shape, data) else "table")
    if op.name == "pointwise":
        return Axes("slope")
    if op.name in ("concatenate", "stack", "write", "choice"):
        return Axes("token")
    if op.name == "slice" and slot == "input":
        return Axes("lookup", out=tuple(range(1, len(shape))), lookup=(0,))
    return Axes("other", note=f"used by {op.call}, which nobody here knows") if op.name == "other" else None


def _product(program: Program, op: Op, place: int, carried: Mapping[int, frozenset[int]]) -> Axes:
    """By the letters of its axes: in the result alone, in both, or summed over."""
    terms, _, result = op.attributes["equation"].partition("->")
    parts = terms.split(",")
    own, other = parts[place], parts[1 - place]
    kinds = [program.values[value].kind for _, value in op.inputs]
    if kinds[1 - place] == "constant":
        return Axes("other", note="multiplied with constants")
    sides = [program.values[value].parameters for _, value in op.inputs]
    if kinds[1 - place] == "weight" and sides[0] == sides[1]:
        return Axes("other", note="multiplied with itself")
    found: dict[str, list[int]] = {"out": [], "in": [], "stack": []}
    for axis, letter in enumerate(own):
        found["in" if letter not in result else "stack" if letter in other else "out"].append(axis)
    if kinds[1 - place] == "weight" and place == 0:  # x (A B): A sums over what it shows outside
        found["out"], found["in"] = found["in"], found["out"]
    slot = "recurrent" if op.index in carried and _is_square(op, own, program, place, carried) else "weight"
    return Axes(slot, out=tuple(found["out"]), ins=tuple(found["in"]), stack=tuple(found["stack"]))


def _convolution(op: Op) -> Axes:
    out, into = op.attributes["weight_axes"][:2]
    stride = op.attributes["stride"]
    rest: dict[str, Any] = {"stride": stride[0] if len(set(stride)) == 1 else stride, "groups": op.attributes["groups"]}
    if not stride:
        rest.pop("stride")
    if op.name == "transposed convolution":
        rest["transposed"] = True
    return Axes(out=(out,), ins=(into,), rest=rest)


def _is_bias(program: Program, op: Op, shape: tuple[int, ...], data: list[int]) -> bool:
    """Whether what is added has one number for each unit, not one for each place: units of heads have two axes."""
    sized = [axis - len(shape) for axis, size in enumerate(shape) if size > 1]
    if len(sized) <= 1:
        return True
    value = data[0]
    while (maker := program.maker(value)) is not None and maker.name == "identity":
        value = maker.inputs[0][1]
    if maker is None or maker.name not in ("linear", "einsum"):
        return False
    terms, _, result = maker.attributes["equation"].partition("->")
    weights = [p for p, (_, v) in enumerate(maker.inputs) if program.values[v].kind == "weight"]
    if len(weights) != 1:
        return False
    own = terms.split(",")[weights[0]]
    return all(result[axis] in own for axis in sized)


# --- recurrences ----------------------------------------------------------------------------------------------------


def _carried(program: Program) -> dict[int, frozenset[int]]:
    """Operations that take what a loop carries, and nothing else, while the loop goes along data of its own.

    -> sizes of the axes of what is carried.
    """
    starts = {value for value in program.again.values() if program.values[value].kind == "data"}
    along = any(
        program.equations[op.index].name == "loop" and program.values[op.outputs[0]].kind == "data"
        for op in program.ops
    )
    found: dict[int, frozenset[int]] = {}
    if not starts or not along:
        return found
    for op in program.ops:
        if op.name in ("linear", "einsum"):
            for _, value in op.inputs:
                here = value
                while here not in starts and (maker := program.maker(here)) is not None:
                    if maker.name not in ("identity", "reshape", "permute", "expand"):
                        break
                    here = maker.inputs[0][1]
                if here in starts:
                    found[op.index] = frozenset(program.values[here].shape)
    return found


def _is_square(op: Op, own: str, program: Program, place: int, carried: Mapping[int, frozenset[int]]) -> bool:
    """Whether a weight makes of what is carried as much again, or several times as much: gates side by side."""
    result = op.attributes["equation"].partition("->")[2]
    shape = program.values[op.inputs[place][1]].shape
    ins = math.prod(size for letter, size in zip(own, shape, strict=True) if letter not in result)
    outs = math.prod(size for letter, size in zip(own, shape, strict=True) if letter in result)
    return ins > 0 and outs % ins == 0 and outs // ins <= 8
