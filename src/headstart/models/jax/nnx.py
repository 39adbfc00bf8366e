"""Flax NNX: modules that hold their parameters as variables, and are updated in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from headstart.errors import InputError
from headstart.models.jax.trees import Model, Place, by_name, is_array, joined, stand_in, tree_of, why_fixed


def is_nnx(given: Any) -> bool:
    nnx = sys.modules.get("flax.nnx")
    return nnx is not None and isinstance(given, nnx.Module)


def model_of(module: Any) -> Model:
    """The model that a module is."""
    nnx = sys.modules["flax.nnx"]
    for needed in ("Param", "Variable", "split", "merge", "update"):
        if not hasattr(nnx, needed):
            raise InputError(f"this version of Flax has no nnx.{needed}. Install a newer one: pip install -U flax.")
    variables: dict[str, Any] = {}
    places, buffers = [], {}
    first: dict[int, str] = {}
    for steps, owners, variable in _variables(module, nnx, (), (), set()):
        name = joined(steps)
        value = value_of(variable)
        if not isinstance(variable, nnx.Param):
            buffers[name], variables[name] = value, variable
            continue
        if not is_array(value):
            continue
        tied_to = first.setdefault(id(variable), name)
        places.append(
            Place(name, steps, value, owners, _told(variable), None if tied_to == name else tied_to, why_fixed(value))
        )
        variables[name] = variable
    found = by_name(places)

    def rebuild(values: Mapping[str, Any]) -> Any:
        for name, value in values.items():
            set_value(variables[name], value)
        return module

    def call(values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        return _copied(nnx, module, found, values)(*args, **kwargs)

    return Model(
        "nnx", found, tree_of(found), rebuild, call if callable(module) else None, buffers, in_place=True, given=module
    )


def _copied(nnx: Any, module: Any, places: Mapping[str, Place], values: Mapping[str, Any]) -> Any:
    """A module of its own with these values, so that a pass changes nothing that the user holds."""
    graph, state = nnx.split(module)
    copied = nnx.merge(graph, jax.tree.map(lambda leaf: stand_in("", leaf), state))
    for steps, _, variable in _variables(copied, nnx, (), (), set()):
        name = joined(steps)
        if name in values and (name not in places or not places[name].tied_to):
            set_value(variable, values[name])
    return copied


def value_of(variable: Any) -> Any:
    """The array in a variable."""
    return variable.get_value() if hasattr(variable, "get_value") else variable.value


def set_value(variable: Any, value: Any) -> None:
    if hasattr(variable, "set_value"):
        variable.set_value(value)
    else:
        variable.value = value


def _told(variable: Any) -> tuple[int, ...] | None:
    """Stack axes by metadata: none is told by Flax's own, but for a box whose axes are named."""
    return None


def _variables(
    node: Any, nnx: Any, steps: tuple[str, ...], owners: tuple[Any, ...], inside: set[int]
) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...], Any]]:
    """Every variable at every place it stands, in the order of definition; modules that hold themselves are not lost in."""
    if isinstance(node, nnx.Variable):
        yield steps, owners, node
        return
    if id(node) in inside:
        return
    children = _children(node, nnx)
    for word, child in children:
        yield from _variables(child, nnx, (*steps, word), (*owners, node), inside | {id(node)})


def _children(node: Any, nnx: Any) -> list[tuple[str, Any]]:
    if isinstance(node, Mapping):
        return [(str(key), child) for key, child in node.items()]
    if isinstance(node, (list, tuple)):
        return [(str(at), child) for at, child in enumerate(node)]
    bases = tuple(getattr(nnx, name) for name in ("Pytree", "Object", "Module") if hasattr(nnx, name))
    if isinstance(node, bases):
        return [(key, child) for key, child in vars(node).items() if not key.startswith(("_pytree__", "_object__"))]
    return []
