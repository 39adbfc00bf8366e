"""Canonical keys: what PyTorch calls a parameter of another library, by that library's table of names.

Works on names, shapes and layouts alone. Layers that PyTorch keeps otherwise (attention, recurrent cells) are found by
the names inside them, and their parameters become parts of PyTorch's weights; all others keep their place under
PyTorch's word for the leaf.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from headstart.layout import Layout, field_axes, stack_axes
from headstart.libraries.keys import Part, Structure, Table
from headstart.plans.parameter import Parameter
from headstart.plans.picks import pick_axis

Steps = tuple[str, ...]
_OF_KERAS = re.compile(r"(sequential|functional|model)(_\d+)?")
_NUMBERED = re.compile(r"(.+)_(\d+)")


@dataclass(frozen=True)
class Wishes:
    """What a caller may choose.

    Args:
        mirrored: whether transposed convolutions shall compute the same function, where the library's kernels lie
            mirrored against PyTorch's; else they hold the same numbers at the same index.
        cells: whether recurrent cells are PyTorch's cells (LSTMCell), not its layers (LSTM).
        lists: whether name_0, name_1 are a list.
        root: the model's own name, which may stand first.
        prefix: the base model's, which is left out; None to tell it by the table.
        chains: ways to modules that run others one after the other (Sequential), whose list has no name in PyTorch.
    """

    mirrored: bool = False
    cells: bool = False
    lists: bool = True
    root: str | None = None
    prefix: str | None = None
    chains: frozenset[Steps] = frozenset()


def canonical(parameters: Sequence[Parameter], table: Table, wishes: Wishes) -> list[Parameter]:
    """The parameters with the keys that PyTorch's layers have, and which part of them each is."""
    ways = _ways(parameters, table, wishes)
    tree = _Tree(parameters, ways, table, wishes)
    return [_keyed(parameter, *tree.key(at), table, wishes) for at, parameter in enumerate(parameters)]


def steps_of(name: str) -> Steps:
    """The steps of a name, without the collection that Linen's begin with; none of the model itself."""
    way = tuple(step for step in re.split(r"[./]", name) if step)
    return way[1:] if way[:1] == ("params",) else way


def _ways(parameters: Sequence[Parameter], table: Table, wishes: Wishes) -> list[Steps]:
    """The way to each parameter, without what means nothing."""
    ways = [tuple(step for step in re.split(r"[./]", each.key) if step not in table.dropped) for each in parameters]
    ways = [way[1:] if way[0] == "params" and len(way) > 1 else way for way in ways]
    first = {way[0] for way in ways}
    if (
        table.root
        and len(first) == 1
        and all(len(way) > 1 for way in ways)
        and _is_root(next(iter(first)), wishes.root)
    ):
        ways = [way[1:] for way in ways]
    prefix = _prefix(ways, table) if wishes.prefix is None else wishes.prefix
    inside = tuple(prefix.split(".")) if prefix and table.prefixes else ()
    return [
        way[len(inside) :] if inside and way[: len(inside)] == inside and len(way) > len(inside) else way
        for way in ways
    ]


def _is_root(step: str, name: str | None) -> bool:
    """Whether a first step is the model's name; one that is not known has one that Keras gives."""
    return step == name if name is not None else _OF_KERAS.fullmatch(step) is not None


def _prefix(ways: Sequence[Steps], table: Table) -> str:
    """The base model's name, if most parameters stand behind one."""
    for prefix in table.prefixes:
        if 2 * sum(way[0] == prefix and len(way) > 1 for way in ways) > len(ways):
            return prefix
    return ""


class _Tree:
    """The parameters by the modules that they stand in, and the structures found there."""

    def __init__(self, parameters: Sequence[Parameter], ways: Sequence[Steps], table: Table, wishes: Wishes) -> None:
        self.parameters, self.ways, self.table, self.wishes = parameters, ways, table, wishes
        self.children: dict[Steps, dict[str, None]] = {}
        for way in ways:
            for at in range(len(way)):
                self.children.setdefault(way[:at], {})[way[at]] = None
        self.parts: dict[int, tuple[Steps, Structure, Part]] = {}
        inside: dict[Steps, dict[str, int]] = {}
        for at, way in enumerate(ways):
            for depth in (1, 2):  # a layer's own parameters, and those of its layers
                if len(way) >= depth:
                    inside.setdefault(way[:-depth], {})[".".join(way[-depth:])] = at
        for place, names in inside.items():
            self._find(place, names)

    def _find(self, place: Steps, names: Mapping[str, int]) -> None:
        for structure in self.table.structures:
            found = {name: self.parameters[at] for name, at in names.items() if name in structure.parts}
            parts = _parts_of(structure, found)
            if parts is not None:
                for name, parameter in found.items():
                    part = Part("bias{l}") if structure.cell and _is_double_bias(parameter) else parts[name]
                    self.parts.setdefault(names[name], (place, structure, part))
                return

    def key(self, at: int) -> tuple[str, Part]:
        """The key of a parameter, and which part of that weight it is."""
        way = self.ways[at]
        if at not in self.parts:
            leaf = self.table.leaves.get(way[-1], way[-1])
            taken = leaf != way[-1] and any(
                other != way[-1] and self.table.leaves.get(other, other) == leaf and self._goes_before(other, way[-1])
                for other in self.children[way[:-1]]
            )
            return ".".join((*self._module(way[:-1]), way[-1] if taken else leaf)), Part("")
        place, structure, part = self.parts[at]
        layer = ""
        if structure.cell:
            place, layer = self._layer(place)
            layer = "" if self.wishes.cells else layer
        return ".".join((*self._module(place), part.key.replace("{l}", layer))), part

    def _goes_before(self, other: str, name: str) -> bool:
        """Whether another leaf has the better right to PyTorch's name."""
        order = list(self.table.leaves)
        return other not in order or order.index(other) < order.index(name)

    def _layer(self, cell: Steps) -> tuple[Steps, str]:
        """The recurrent layer that has a cell, and how PyTorch numbers it there."""
        number = 0
        while len(cell) > 1 and _fits(cell[-1], self.table.wrappers):
            beside = list(self.children[cell[:-1]])
            if len(beside) > 1 and not (len(cell) > 2 and _fits(cell[-2], self.table.wrappers)):
                break  # a module that has more than a cell is no wrapper
            number = max(number, beside.index(cell[-1]))
            cell = cell[:-1]
        beside = list(self.children[cell[:-1]]) if len(cell) > 1 else []
        both = all(
            any(_fits(each, patterns) for each in beside) for patterns in (self.table.forward, self.table.backward)
        )
        if both and _fits(cell[-1], (*self.table.forward, *self.table.backward)):
            return cell[:-1], f"_l{number}{'_reverse' if _fits(cell[-1], self.table.backward) else ''}"
        return cell, f"_l{number}"

    def _module(self, place: Steps) -> Steps:
        """The way to a module in PyTorch's words: a list's name and the index are two steps."""
        found: list[str] = []
        for at, step in enumerate(place):
            if place[:at] in self.wishes.chains and re.fullmatch(r"layers(_\d+)?", step):
                found += [step[7:]] if step != "layers" else []
                continue
            match = _NUMBERED.fullmatch(step) if self.table.numbered and self.wishes.lists else None
            if match and f"{match[1]}_0" in self.children[place[:at]] and match[1] not in self.children[place[:at]]:
                found += [match[1], match[2]]
            else:
                found.append(step)
        return tuple(found)


def _is_double_bias(parameter: Parameter) -> bool:
    """Whether it is a cell's biases of inputs and state in one array, as Keras's GRU has them: no part of either."""
    bias = parameter.role in ("bias", "forget bias", "unknown")
    return bias and len(parameter.shape) - len(parameter.layout.stack_axes) > 1


def _fits(step: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(step, pattern) for pattern in patterns)


def _parts_of(structure: Structure, found: Mapping[str, Parameter]) -> Mapping[str, Part] | None:
    """What the parameters found in a module are, if it is this layer; None if it is not."""
    if any(name not in found for name in structure.needs):
        return None
    first = found[structure.needs[0]]
    if structure.axes and len(first.shape) - len(first.layout.stack_axes) < structure.axes:
        return None
    if structure.gates:
        outputs, inputs = _sides(found[structure.state])
        if outputs != structure.gates * inputs:
            return None
    if structure.alike:
        sides = [_sides(found[name]) for name in structure.alike]
        if len({outputs for outputs, _ in sides}) > 1:
            return None
        if len({inputs for _, inputs in sides}) > 1:
            return {**structure.parts, **structure.apart}
    return structure.parts


def _sides(parameter: Parameter) -> tuple[int, int]:
    """How many outputs and inputs a weight has."""
    rank = len(parameter.shape)
    if any(not -rank <= axis < rank for axis in (*parameter.layout.out_axes, *parameter.layout.in_axes)):
        return 0, 0
    return (
        math.prod(parameter.shape[axis] for axis in parameter.layout.out_axes),
        math.prod(parameter.shape[axis] for axis in parameter.layout.in_axes),
    )


def _keyed(parameter: Parameter, key: str, part: Part, table: Table, wishes: Wishes) -> Parameter:
    """A parameter under its canonical key."""
    role = part.role if part.role and parameter.role in ("bias", "unknown") else parameter.role
    found = replace(parameter, key=key, role=role, layout=_of_bias(parameter))
    if role == "forget bias" != parameter.role and not part.picks:  # the gates of an LSTM lie side by side
        axis = pick_axis(len(found.shape), found.layout)
        found = replace(found, layout=Layout((axis,), stack_axes=found.layout.stack_axes, blocks=(axis, 4)))
    flip = wishes.mirrored and _is_mirrored(parameter, table)
    return replace(found, picks=part.picks, of=part.of, flip=flip) if part.picks or flip else found


def _of_bias(parameter: Parameter) -> Layout:
    """A bias counts its elements as it is stored, whatever its axes: (heads, size) as PyTorch's vector of both."""
    layout, rank = parameter.layout, len(parameter.shape)
    if parameter.role not in ("bias", "forget bias") or layout.blocks is not None or rank < 2:
        return layout
    stack = stack_axes(rank, layout) if layout.stack_axes else ()
    return Layout(tuple(axis for axis in range(rank) if axis not in stack), stack_axes=stack)


def _is_mirrored(parameter: Parameter, table: Table) -> bool:
    """Whether a transposed convolution's kernel lies mirrored against PyTorch's."""
    layout, rank = parameter.layout, len(parameter.shape)
    if not layout.transposed or not table.mirrored or not field_axes(rank, layout):
        return False
    ordinary = layout.in_axes[0] % rank < layout.out_axes[0] % rank
    return table.mirrored == "always" or ordinary
