"""The part of a plan that is for a part of a model: a pipeline's stage, or the experts that one process keeps.

A stage has parameters of its own alone, and often counts its layers from 0 again. What it gets follows from the names
in the whole model, never from the order: an entry keeps its key, by which its numbers are drawn, and takes the name
that the parameter has in the part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from headstart.errors import InputError
from headstart.plans.parameter import Parameter
from headstart.plans.plan import Entry, LeftAlone, Plan

Names = str | Mapping[str, str] | Callable[[str], str] | None


def part_of(plan: Plan, parameters: Iterable[Parameter], names: Names = None) -> Plan:
    """What a plan of a whole model is for a part of it.

    Args:
        plan: of the whole model.
        parameters: of the part.
        names: of the part's parameters in the whole model: the name there of the module that the part is; a mapping
            from names in the part to names in the whole, of parameters or of modules; a function; None where they are
            the same.

    Raises:
        InputError: a parameter that the plan does not have, or two that are the same one of the plan.

    >>> from headstart.plans import plan_parameters
    >>> whole = plan_parameters([Parameter("layers.0.weight", (5, 8)), Parameter("layers.1.weight", (5, 5))], "he")
    >>> [(entry.name, entry.key) for entry in part_of(whole, [Parameter("0.weight", (5, 5))], {"0": "layers.1"})]
    [('0.weight', 'layers.1.weight')]
    """
    entries = {entry.name: entry for entry in plan.entries}
    left = {each.name: each for each in plan.left_alone}
    whole = {parameter.name: _name(parameter.name, names) for parameter in parameters}
    found: list[Entry] = []
    alone: list[LeftAlone] = []
    first: dict[str, str] = {}  # a name in the whole model -> the parameter of the part that is drawn for it
    for parameter in parameters:
        name, there = parameter.name, whole[parameter.name]
        if there not in entries and there not in left:
            told = f"{name!r} of the part, which is {there!r} of the whole model," if there != name else f"{name!r}"
            raise InputError(
                f"{told} is no parameter of the plan. Say with names= what the part's modules are called in the whole "
                "model, such as names={'0': 'layers.4'}."
            )
        each = left.get(there)
        there = each.tied_to if each is not None and each.tied_to in entries else there
        if parameter.tied_to is not None or (there in first and each is not None):
            tied = parameter.tied_to or first[there]
            alone.append(LeftAlone(name, parameter.role, f"the same array as {tied}", tied_to=tied))
        elif there in first:
            raise InputError(f"{first[there]!r} and {name!r} are both {there!r} of the plan. Give each its own name.")
        elif there in entries:
            first[there] = name
            found.append(replace(entries[there], name=name))
        else:
            assert each is not None
            alone.append(replace(each, name=name))
    return Plan(tuple(found), tuple(alone))


def _name(name: str, names: Names) -> str:
    """The name in the whole model."""
    if names is None:
        return name
    if isinstance(names, str):
        return f"{names}.{name}" if names else name
    if callable(names):
        return names(name)
    steps = name.split(".")
    for count in range(len(steps), 0, -1):
        prefix = ".".join(steps[:count])
        if prefix in names:
            return ".".join(filter(None, [names[prefix], *steps[count:]]))
    return name
