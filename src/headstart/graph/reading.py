"""What a pass says of a model's parameters besides their layers: unknown roles, what follows, which end a branch.

An adapter reads the parameters and records the graph; all that follows from both together is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headstart.graph.follow import Following, follows
from headstart.graph.graph import Graph
from headstart.graph.packed import packed
from headstart.graph.residual import ResidualSum
from headstart.graph.values import Use
from headstart.layout import LAYOUTS, Layout
from headstart.plans import Parameter


def informed(
    parameters: Sequence[Parameter], graph: Graph, sums: Sequence[ResidualSum], parts: Mapping[str, Sequence[str]]
) -> tuple[Parameter, ...]:
    """The parameters with what the pass says of them.

    Args:
        parts: name -> the names of what its values are computed from, of those that the graph can meet; a parameter
            that is not there is not met by any pass (packed, quantized), and stays as it is.
    """
    ends = {name for found in sums for name in found.ends}
    found = []
    for parameter in parameters:
        if parameter.name not in parts:
            found.append(parameter)
            continue
        known = (parameter.name, *parts[parameter.name])
        uses = tuple(use for name in known for use in graph.used.get(name, ()))
        if parameter.fixed and not uses:
            found.append(parameter)
            continue
        if not uses:
            note = "" if parameter.tied_to else "the pass on the example did not use it"
            found.append(replace(parameter, note="; ".join(filter(None, (parameter.note, note)))))
            continue
        if parameter.role == "unknown":
            parameter = from_uses(parameter, uses)
        elif parameter.role == "lookup" and any(use.slot == "weight" for use in uses):
            parameter = replace(parameter, role="tied lookup", layout=LAYOUTS["out_in"])
        heavy = [use for use in uses if use.slot in ("weight", "recurrent", "lookup")]
        met = tuple(dict.fromkeys(each for use in heavy for each in follows(graph, use, sums)))
        if len(heavy) == 1 and parameter.role in ("weight", "recurrent"):
            parameter = _with_blocks(parameter, packed(graph, graph.ops[heavy[0].op], {each.kind for each in met}))
        found.append(
            replace(
                parameter, ends_residual=any(name in ends for name in known), activation=_activation(met),
                function=_function(met), follows=tuple(dict.fromkeys(each.word for each in met)),
            )
        )  # fmt: skip
    return tuple(found)


def roles_of(parameters: Sequence[Parameter], graph: Graph) -> dict[str, str]:
    """What every parameter is for, by its layer, or by its uses in a pass."""
    found = {}
    for parameter in parameters:
        uses = graph.used.get(parameter.name, ())
        found[parameter.name] = (from_uses(parameter, uses) if parameter.role == "unknown" and uses else parameter).role
    return found


def _activation(met: Sequence[Following]) -> str | None:
    """The one activation that follows; identity where none does; None where it branches or is not known."""
    words = {each.activation for each in met if each.kind == "activation"}
    if not met or any(each.kind in ("unknown", "gate") for each in met):
        return None
    if not words:
        return "identity"
    return (
        words.pop() if len(words) == 1 and all(each.kind == "activation" for each in met) and "" not in words else None
    )


def _with_blocks(parameter: Parameter, sizes: tuple[int, ...] | None) -> Parameter:
    """A weight whose output is cut into the outputs of several layers."""
    layout = parameter.layout
    plain = layout.blocks is None and layout.groups == 1 and len(layout.out_axes) == 1 and not layout.stack_axes
    if sizes is None or not plain or sum(sizes) != parameter.shape[layout.out_axes[0]]:
        return parameter
    blocks = len(sizes) if len(set(sizes)) == 1 else sizes
    return replace(parameter, layout=replace(layout, blocks=(layout.out_axes[0], blocks)))


def _function(met: Sequence[Following]) -> Callable[..., Any] | None:
    """The one function that follows and has no name in the catalogue."""
    alone = len(met) == 1 and met[0].kind == "activation" and not met[0].activation
    return met[0].function if alone else None


_ROLES = {
    "weight": "weight", "recurrent": "recurrent", "lookup": "lookup", "bias": "bias", "scale": "layer scale",
    "norm scale": "norm scale",
    "shift": "norm shift", "slope": "slope", "table": "table", "token": "token", "other": "unknown",
}  # fmt: skip


def from_uses(parameter: Parameter, uses: Sequence[Use]) -> Parameter:
    """A role and a layout from how a bare parameter is used; unknown where its uses do not agree."""
    slots = {use.slot for use in uses}
    heavy = [use for use in uses if use.slot in ("weight", "recurrent", "lookup")]
    if heavy:
        notes = [use.note for use in heavy if use.note]
        heavy = [use for use in heavy if use.layout is not None] or heavy  # a product's use, before its factors'
        layouts = {use.layout for use in heavy}
        if {use.slot for use in heavy} == {"lookup", "weight"}:
            weight = next((use.layout for use in heavy if use.slot == "weight" and use.layout), None)
            return replace(parameter, role="tied lookup", layout=weight or LAYOUTS["out_in"])
        layout = layouts.pop() if len(layouts) == 1 else None
        if layout is None:
            return replace(parameter, note=notes[0] if notes else "it is used along different axes")
        layout = _with_parts(layout, heavy, parameter.shape)
        return replace(parameter, role=_ROLES[heavy[0].slot], layout=layout)
    role = _ROLES[slots.pop()] if len(slots) == 1 else "unknown"
    return replace(parameter, role=role, note=next((use.note for use in uses if use.note), ""))


def _with_parts(layout: Layout, uses: Sequence[Use], shape: tuple[int, ...]) -> Layout:
    """Parts of one weight that are used apart become its blocks, or slices of a stack."""
    parts = sorted({use.part for use in uses if use.part is not None})
    if len(parts) < 2 or len({part[0] for part in parts}) != 1:
        return layout
    axis = parts[0][0]
    edges = [part[1] for part in parts] + [parts[-1][2]]
    if (
        edges[0] != 0
        or edges[-1] != shape[axis]
        or any(part[2] != edge for part, edge in zip(parts, edges[1:], strict=True))
    ):
        return layout
    if axis not in layout.out_axes + layout.in_axes:
        return replace(layout, stack_axes=(*layout.stack_axes, axis)) if axis not in layout.stack_axes else layout
    return replace(layout, blocks=(axis, tuple(part[2] - part[1] for part in parts)))
