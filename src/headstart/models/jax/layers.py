"""What a parameter of a layer over JAX is for, and which axes its weight has: by the module that owns it, or by names.

A module's class decides, subclasses included (`kinds_flax`, `kinds_equinox`, `kinds_haiku`). Axes that a leaf has
beyond those of its layer are a stack, put there by a transform (scan, vmap). A bare tree has no modules: only what a
library's own names and shapes leave no doubt about is taken from them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from headstart.layout import LAYOUTS, Layout
from headstart.models.jax import kinds_equinox, kinds_flax, kinds_haiku, kinds_names
from headstart.models.jax.kind import Kind
from headstart.models.jax.trees import Model, Place
from headstart.plans import Parameter
from headstart.plans.starts import UNKNOWN, constant_of, is_kept

UNFIT = "its shape is not the one that its layer has"


def parameters(model: Model) -> list[Parameter]:
    """Every parameter, with what its layer says of it."""
    kinds = kinds_of(model)
    stacks = {name: stack_of(place, kinds[name]) for name, place in model.places.items()
              if kinds[name].sizes is not None or place.stack is not None}  # fmt: skip
    return [_parameter(place, kinds[name], stacks, model) for name, place in model.places.items()]


def starts(model: Model) -> dict[str, float]:
    """What layers put into parameters that no scheme is for: name -> value, where the layer is known."""
    found = {name: kind.start for name, kind in kinds_of(model).items()}
    return {name: start for name, start in found.items() if start is not None}


def kinds_of(model: Model) -> dict[str, Kind]:
    """What every parameter is for."""
    tree = kinds_names.Neighbours(model.places)
    return {name: kind_of(place, tree) for name, place in model.places.items()}


def kind_of(place: Place, tree: kinds_names.Neighbours) -> Kind:
    """What a parameter is for; unknown where nothing says it."""
    for by_class in (kinds_flax.kind_of, kinds_equinox.kind_of, kinds_haiku.kind_of):
        kind = by_class(place)
        if kind is not None:
            return kind
    return kinds_names.kind_of(place, tree) or Kind("unknown")


def stack_of(place: Place, kind: Kind) -> tuple[int, ...] | None:
    """The axes that a transform put before the layer's own; None where the shape is not the layer's."""
    if place.stack is not None:
        rest = _without(place.shape, place.stack)
        return place.stack if kind.sizes is None or _fits(rest, kind.sizes) else None
    if kind.sizes is None:
        return ()
    extra = len(place.shape) - len(kind.sizes)
    if extra < 0:
        return None
    for axes in itertools.combinations(range(len(place.shape)), extra):  # the leading ones first
        if _fits(_without(place.shape, axes), kind.sizes):
            return axes
    return None


def _parameter(
    place: Place, kind: Kind, stacks: Mapping[str, tuple[int, ...] | None], model: Model
) -> Parameter:  # fmt: skip
    stack = stacks.get(place.name, ())
    if stack is None:
        kind, stack = Kind("unknown", note=UNFIT), ()
    return Parameter(
        place.name, place.shape, kind.role, stacked(kind, len(place.shape), stack),
        key=key_of(place, stack, stacks, model),
        tied_to=place.tied_to, owner=kind.owner or _owner(place), fixed=place.fixed, note=kind.note,
        start=_start(model.tree.get(place.name), kind),
    )  # fmt: skip


def _start(leaf: Any, kind: Kind) -> float:
    """The number that its layer filled it with, or would; nan where it is not one, or nobody knows."""
    if not is_kept(kind.role):
        return UNKNOWN
    if isinstance(leaf, (np.ndarray, jax.Array)) and not isinstance(leaf, jax.core.Tracer):
        return constant_of(leaf) if getattr(leaf, "is_fully_addressable", True) else UNKNOWN
    return UNKNOWN if kind.start is None else kind.start


def stacked(kind: Kind, rank: int, stack: Iterable[int]) -> Layout:
    """A kind's layout, whose axes are those of one slice, in the axes of the whole."""
    taken = tuple(stack)
    if not taken:
        return kind.layout or LAYOUTS["out_in"]
    own = [axis for axis in range(rank) if axis not in taken]
    layout = kind.layout or Layout(out_axes=tuple(range(len(own))))

    def moved(axes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(own[axis] for axis in axes)

    return replace(
        layout, out_axes=moved(layout.out_axes), in_axes=moved(layout.in_axes), lookup_axes=moved(layout.lookup_axes),
        stack_axes=(*taken, *moved(layout.stack_axes)),
        blocks=None if layout.blocks is None else (own[layout.blocks[0]], layout.blocks[1]),
    )  # fmt: skip


def key_of(
    place: Place, stack: tuple[int, ...], stacks: Mapping[str, tuple[int, ...] | None], model: Model
) -> str:  # fmt: skip
    """The name that streams are drawn from: without Linen's collection, and a * where a loop over layers has its index.

    The * of a stack stands behind the outermost module all of whose parameters have that stack. stacks: of those whose
    own shape is known; the others have the stack if their shape can have it.
    """
    first = (
        1 if place.steps[0] == "params" and len(place.steps) > 1 and isinstance(place.owners[0], Mapping | None) else 0
    )
    steps = list(place.steps[first:])
    if not stack:
        return ".".join(steps)
    found: list[str] = []
    depth, starred = 0, 0
    for at, step in enumerate(steps):
        found.append(step)
        depth = at + 1
        if depth == len(steps):
            break
        prefix = place.steps[: first + depth]
        shared = min(
            len(stacks[name] or ()) if name in stacks else _shared(other.shape, place.shape, stack)
            for name, other in model.places.items() if other.steps[: len(prefix)] == prefix
        )  # fmt: skip
        while starred < min(shared, len(stack)):
            found.append("*")
            starred += 1
    if starred < len(stack):
        found[-1:] = ["*"] * (len(stack) - starred) + found[-1:]
    return ".".join(found)


def _shared(other: tuple[int, ...], shape: tuple[int, ...], stack: tuple[int, ...]) -> int:
    """How many axes of a stack another shape can have, the outermost first."""
    fits = (axis < len(other) and other[axis] == shape[axis] for axis in stack)
    return sum(1 for _ in itertools.takewhile(bool, fits))


def _owner(place: Place) -> str:
    """The class of the nearest module, for rules by kind."""
    modules = place.modules
    return type(modules[-1]).__name__ if modules else ""


def _without(shape: tuple[int, ...], axes: Iterable[int]) -> tuple[int, ...]:
    gone = set(axes)
    return tuple(size for axis, size in enumerate(shape) if axis not in gone)


def _fits(shape: tuple[int, ...], sizes: tuple[int | None, ...]) -> bool:
    return len(shape) == len(sizes) and all(b is None or a == b for a, b in zip(shape, sizes, strict=True))
