"""A plan's entries in another library's names and axes: the same numbers, where that library has such a parameter.

The way leads over PyTorch's names: parts of one weight are put together there, and weights that others keep apart are
cut again. What a library keeps in a way that names and shapes do not tell (how many heads, which cell) is left out and
said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from headstart.errors import InputError
from headstart.layout import LAYOUTS, Layout, canonical_order
from headstart.plans import Entry, Parameter, Plan, keyed
from headstart.plans.picks import picked
from headstart.schemes import Draw

Missing = list[tuple[str, str]]
# what a weight, a bias, a table of rows and a norm's scale and shift are called
_LEAVES = {
    "flax": {"weight": "kernel", "lookup": "embedding", "norm": "scale", "norm bias": "bias"},
    "keras": {"weight": "kernel", "lookup": "embeddings", "norm": "gamma", "norm bias": "beta"},
}
_WORDS = {"kernel", "embedding", "embeddings", "scale", "gamma", "beta", "recurrent_kernel"}


def translated(plan: Plan, library: str) -> tuple[tuple[Entry, ...], Missing]:
    """The entries as a library's model has them, and what it does not have, each with the reason.

    NumPy takes the names and axes of the plan's own model.
    """
    own = library_of(plan)
    if library in ("numpy", own) or (library == "equinox" and own == "torch" and not _kept_together(plan)):
        return plan.entries, []
    if library == "torch" and own == "equinox" and not any(entry.picks for entry in plan):
        return plan.entries, []
    entries, missing = (plan.entries, []) if own == "torch" else _to_torch(plan, own)
    if library == "torch":
        return entries, missing
    ranks = {entry.name.removesuffix(".weight"): len(entry.shape) for entry in entries}
    found = []
    for entry in entries:
        try:
            found += _from_torch(entry, library, ranks.get(entry.name.removesuffix(".bias"), 2))
        except InputError as reason:
            missing.append((entry.name, str(reason)))
    return tuple(found), missing


def library_of(plan: Plan) -> str:
    """The library whose model a plan was made for, by its names: keras, flax, equinox or torch."""
    names = [entry.name for entry in plan]
    if any("/" in name and "~" not in name for name in names):
        return "keras"
    if any(name.rpartition(".")[2] in _WORDS for name in names):
        return "flax"
    apart = ("query_proj.weight", "weight_ih", "weight_hh")
    if any(entry.picks or (entry.key != entry.name and entry.name.endswith(apart)) for entry in plan):
        return "equinox"
    return "torch"


def _kept_together(plan: Plan) -> bool:
    return any(entry.name.endswith(("in_proj_weight", "weight_ih_l0")) for entry in plan)


def _to_torch(plan: Plan, own: str) -> tuple[tuple[Entry, ...], Missing]:
    """The entries as PyTorch has them; parts of one weight are one."""
    parameters = [
        Parameter(e.name, e.shape, e.role, e.layout, key=e.key, picks=e.picks, of=e.of) for e in plan
    ]  # fmt: skip
    together: dict[str, list[Entry]] = {}
    missing: Missing = []
    for entry, known in zip(plan, keyed(parameters, own), strict=True):
        if known.picks != entry.picks:
            missing.append((entry.name, f"it is a part of {known.key}, and drawn under a name of its own"))
        elif entry.flip or entry.layout.stack_axes:
            missing.append((entry.name, "it is mirrored" if entry.flip else "it is a stack of layers"))
        else:
            together.setdefault(known.key, []).append(entry)
    found = []
    for name, parts in together.items():
        try:
            found.append(_joined(name, parts))
        except InputError as reason:
            missing += [(part.name, str(reason)) for part in parts]
    return tuple(found), missing


def _joined(name: str, parts: Sequence[Entry]) -> Entry:
    """One parameter of PyTorch from those that are its parts."""
    flat = [_flat(part) for part in parts]
    if not any(part.picks for part in flat):
        return replace(flat[0], name=name)
    of = flat[0].of
    draws = {pick: _draw(part, at) for part in flat for at, pick in enumerate(part.picks)}
    if len(draws) < of:
        raise InputError(f"the other parts of {name} are not in the plan")
    whole = picked(flat[0].shape, flat[0].layout, flat[0].picks, of).shape
    layout = replace(flat[0].layout, blocks=(0, of))
    made = tuple(draws[pick] for pick in range(of))
    return replace(flat[0], name=name, shape=whole, layout=layout, draws=made, picks=(), of=1)


def _draw(part: Entry, at: int) -> Draw:
    """The draw of one picked block."""
    return part.draws[at * len(part.draws) // len(part.picks)]


def _flat(entry: Entry) -> Entry:
    """An entry with PyTorch's axes: (outputs, inputs, receptive field), each one axis; a bias is a vector."""
    layout, rank = entry.layout, len(entry.shape)
    if rank < 2 or not entry.fans:
        size = math.prod(entry.shape)
        axis = None if layout.blocks is None or rank > 1 else (0, layout.blocks[1])
        shape = (size,) if rank else ()
        return replace(entry, shape=shape, layout=Layout((0,), blocks=axis) if axis else LAYOUTS["out_in"])
    order = canonical_order(rank, layout)
    rows, outs = len(layout.lookup_axes), len(layout.out_axes)
    ends = (rows, rows + outs, rows + outs + len(layout.in_axes))
    sizes = [entry.shape[axis] for axis in order]
    field = tuple(sizes[ends[2] :])
    out, into = math.prod(sizes[rows : ends[1]]), math.prod(sizes[ends[1] : ends[2]])
    if rows:
        return replace(entry, shape=(*sizes[:rows], out), layout=LAYOUTS["rows_out"])
    if layout.blocks is not None and layout.blocks[0] % rank not in {axis % rank for axis in layout.out_axes}:
        raise InputError("its blocks lie along its inputs")
    blocks = None if layout.blocks is None else (0, layout.blocks[1])
    if layout.transposed:
        plain = replace(layout, out_axes=(1,), in_axes=(0,), groups_on="in")
        return replace(entry, shape=(into, out, *field), layout=plain)
    plain = replace(layout, out_axes=(0,), in_axes=(1,) if layout.in_axes else (), blocks=blocks)
    if not layout.in_axes:  # depthwise: one input per output
        raise InputError("its channels have one input each, which PyTorch keeps with an axis of size 1")
    return replace(entry, shape=(out, into, *field), layout=plain)


def _from_torch(entry: Entry, library: str, rank: int) -> list[Entry]:
    """An entry of PyTorch as another library has it; attention's query, key and value are three.

    Args:
        rank: how many axes the layer's weight has.

    Raises:
        InputError: that cannot be told from names and shapes.
    """
    steps, leaf = entry.name.split(".")[:-1], entry.name.rpartition(".")[2]
    if library == "equinox":
        return _equinox(entry, steps, leaf, rank)
    if leaf.startswith("in_proj") or steps[-1:] == ["out_proj"]:
        raise InputError(f"{library} splits it by heads, whose number its shape does not tell")
    if leaf.startswith(("weight_", "bias_")) or entry.role in ("gate weight", "recurrent", "forget bias"):
        raise InputError(f"it belongs to a recurrent cell, which {library} keeps otherwise")
    words, joint = _LEAVES[library], "/" if library == "keras" else "."
    if leaf not in ("weight", "bias") or entry.layout.stack_axes:
        raise InputError(f"{library} has no such parameter")
    kind = "bias" if leaf == "bias" else "lookup" if "lookup" in entry.role else "weight"
    if entry.role.startswith("norm"):
        kind = "norm" if leaf == "weight" else "norm bias"
    if library == "keras":
        steps = _numbered(steps)
    name = joint.join((*steps, words.get(kind, "bias")))
    if kind != "weight" or len(entry.shape) < 2:
        return [replace(entry, name=name)]
    return [_forward(replace(entry, name=name), library)]


def _numbered(steps: Sequence[str]) -> list[str]:
    """A list's name and the index as one step: layers_0."""
    found: list[str] = []
    for step in steps:
        if step.isdecimal() and found:
            found[-1] += f"_{step}"
        else:
            found.append(step)
    return found


def _forward(entry: Entry, library: str) -> Entry:
    """A weight as (receptive field, inputs, outputs), of Keras's transposed convolutions (…, outputs, inputs)."""
    layout, rank = entry.layout, len(entry.shape)
    out, into = layout.out_axes[0], layout.in_axes[0]
    if len(layout.out_axes) > 1 or len(layout.in_axes) > 1:
        raise InputError(f"{library} has no weight with several axes of inputs")
    order = canonical_order(rank, layout)
    field = order[len(layout.lookup_axes) + 2 :]
    last = (out, into) if layout.transposed and library == "keras" else (into, out)
    axes = (*field, *last)
    shape = tuple(entry.shape[axis] for axis in axes)
    places = {axis: at for at, axis in enumerate(axes)}
    blocks = None if layout.blocks is None else (places[layout.blocks[0] % rank], layout.blocks[1])
    moved = replace(layout, out_axes=(places[out],), in_axes=(places[into],), blocks=blocks)
    return replace(entry, shape=shape, layout=moved)


def _equinox(entry: Entry, steps: Sequence[str], leaf: str, rank: int) -> list[Entry]:
    if leaf in ("in_proj_weight", "in_proj_bias"):
        size, word = entry.shape[0] // 3, leaf.rpartition("_")[2]
        rest = entry.shape[1:]
        plain = replace(entry.layout, blocks=None)
        return [
            replace(
                entry, name=".".join((*steps, f"{layer}_proj", word)), shape=(size, *rest), layout=plain,
                draws=(entry.draws[at * len(entry.draws) // 3],), picks=(at,), of=3,
            )
            for at, layer in enumerate(("query", "key", "value"))
        ]  # fmt: skip
    if leaf.startswith(("weight_", "bias_")):
        raise InputError("it belongs to a recurrent layer, which equinox keeps as a cell")
    if steps[-1:] == ["out_proj"]:
        steps = [*steps[:-1], "output_proj"]
    if entry.role == "bias" and entry.shape:  # a convolution's is (outputs, 1, 1)
        return [replace(entry, name=".".join((*steps, leaf)), shape=entry.shape + (1,) * max(rank - 2, 0))]
    return [replace(entry, name=".".join((*steps, leaf)), layout=_equinox_layout(entry), shape=_equinox_shape(entry))]


def _equinox_shape(entry: Entry) -> tuple[int, ...]:
    """Equinox stores transposed convolutions as ordinary ones: (outputs, inputs, receptive field)."""
    if not entry.layout.transposed:
        return entry.shape
    return (entry.shape[1], entry.shape[0], *entry.shape[2:])


def _equinox_layout(entry: Entry) -> Layout:
    return replace(entry.layout, out_axes=(0,), in_axes=(1,)) if entry.layout.transposed else entry.layout
