"""Flax Linen: modules without values, and their variables. A pass with empty arrays says which module owns which."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax

from headstart.errors import InputError
from headstart.models.jax import plain
from headstart.models.jax.trees import Model, Place, example_inputs, forward_failed, shape_of, stand_in, tree_of


def is_linen(given: Any) -> bool:
    linen = sys.modules.get("flax.linen")
    return linen is not None and isinstance(given, linen.Module)


def model_of(module: Any, variables: Any, example: Any) -> Model:
    """The model that a module and its variables (or its parameters alone) are.

    Without variables their shapes come from `module.init` on the example.
    """
    if variables is None:
        variables = _shapes(module, example)
    bare = plain.model_of(variables)
    alone = not (isinstance(variables, Mapping) and "params" in variables)

    def whole(values: Mapping[str, Any]) -> Any:
        others = {name: stand_in(name, value) for name, value in bare.buffers.items()}
        others |= {name: place.value for name, place in bare.places.items() if place.fixed}
        built = bare.rebuild({**others, **values})
        return {"params": built} if alone else built

    def call(values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        return _applied(module, whole(values), args, kwargs)

    places = dict(bare.places)
    if example is not None:
        places = _owned(module, bare, alone, example)
    return Model("linen", places, tree_of(places), bare.rebuild, call, bare.buffers, given=(module, variables))


def _shapes(module: Any, example: Any) -> Any:
    if example is None:
        raise InputError(
            f"a Linen module holds no parameters: pass those of this {type(module).__name__} as params=, or an example "
            "of its inputs, from which their shapes follow."
        )
    args, kwargs = example_inputs(example)
    try:
        return jax.eval_shape(lambda *a, **k: module.init(_keys(), *a, **k), *args, **kwargs)
    except Exception as error:
        raise forward_failed("linen", args, kwargs, error) from error


def _keys() -> dict[str, Any]:
    return {name: jax.random.key(at) for at, name in enumerate(("params", "dropout", "default"))}


def _applied(module: Any, variables: Any, args: Any, kwargs: Any) -> Any:
    """The module's output; what it changes besides is dropped."""
    core = sys.modules["flax.core"]
    made, _ = module.apply(variables, *args, rngs=_keys(), mutable=core.DenyList("params"), **kwargs)
    return made


def _owned(module: Any, bare: Model, alone: bool, example: Any) -> dict[str, Place]:
    """The places with the modules that own them and the stack axes that transforms say, in the order of the pass."""
    args, kwargs = example_inputs(example)
    seen: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}
    modules: dict[tuple[str, ...], Any] = {}
    linen = sys.modules["flax.linen"]
    if not hasattr(linen, "intercept_methods"):
        return dict(bare.places)
    box = _box()

    def look(next_call: Any, call_args: Any, call_kwargs: Any, context: Any) -> Any:
        made = next_call(*call_args, **call_kwargs)
        inner = context.module
        if inner.scope is not None:
            _note(modules, inner)
            for value in dict(inner.scope.variables().get("params", {})).values():
                if isinstance(value, box):
                    seen.setdefault(value.name, (tuple(inner.path), value.stack))
        return made

    shapes = {name: shape_of(place.shape, place.value.dtype) for name, place in bare.places.items()}
    names = {id(shape): name for name, shape in shapes.items()}
    empty = jax.tree.map(
        lambda leaf: box(leaf, names[id(leaf)], tuple(range(leaf.ndim)), ()) if id(leaf) in names else leaf,
        _unboxed(bare.rebuild(shapes)),
    )
    if alone:
        empty = {"params": empty}

    def run(tree: Any, *inputs: Any, **named: Any) -> Any:
        with linen.intercept_methods(look):
            return _applied(module, tree, inputs, named)

    try:
        jax.eval_shape(run, empty, *args, **kwargs)
    except Exception:
        return _owned_by_paths(bare, modules, seen, run, (args, kwargs), alone)
    order = {name: at for at, name in enumerate(seen)}
    return {
        name: _with_owner(place, seen[name], modules, 0 if alone else 1) if name in seen else place
        for name, place in sorted(bare.places.items(), key=lambda item: order.get(item[0], len(order)))
    }


def _owned_by_paths(
    bare: Model, modules: dict[tuple[str, ...], Any], seen: dict[str, Any], run: Any, inputs: Any, alone: bool
) -> dict[str, Place]:
    """The places with the modules that their paths name, for modules that make something of the tree's own paths.

    WeightNorm names its scales by them, and a box is one step more.
    """
    modules.clear()
    seen.clear()
    args, kwargs = inputs
    shapes = {name: shape_of(place.shape, place.value.dtype) for name, place in bare.places.items()}
    tree = _unboxed(bare.rebuild(shapes))
    try:
        jax.eval_shape(run, {"params": tree} if alone else tree, *args, **kwargs)
    except Exception as error:
        raise forward_failed("linen", args, kwargs, error) from error
    first = 0 if alone else 1
    return {
        name: replace(_with_owner(place, (place.steps[first:-1], ()), modules, first), stack=place.stack)
        for name, place in bare.places.items()
    }


def _note(modules: dict[tuple[str, ...], Any], inner: Any) -> None:
    """Note where a module stands. Inside a transform it is called with the place of what is around it: not noted."""
    path = tuple(inner.path)
    if not path:
        modules[()] = inner  # the outermost is called last
    elif path[-1] == inner.name:
        modules.setdefault(path, inner)


def _with_owner(
    place: Place, told: tuple[tuple[str, ...], tuple[int, ...]], modules: Mapping[Any, Any], first: int
) -> Place:
    """A place with its owners; `first` steps stand before the module's own."""
    path, stack = told
    owners = [None] * len(place.steps)
    for at in range(first, len(place.steps)):
        owners[at] = modules.get(path[: at - first]) if at - first <= len(path) else modules.get(path)
    return Place(place.name, place.steps, place.value, tuple(owners), stack, place.tied_to, place.fixed)


def _unboxed(variables: Any) -> Any:
    meta = sys.modules.get("flax.core.meta")
    return variables if meta is None else meta.unbox(variables)


def _box() -> Any:
    """A box that notes which axes Flax's transforms take off; they tell every box."""
    meta = sys.modules["flax.core.meta"]
    global _BOX
    if _BOX is None:

        class Noted(meta.AxisMetadata):  # type: ignore[misc, name-defined]  # Flax is not imported for it
            def __init__(self, value: Any, name: str, axes: tuple[int, ...], stack: tuple[int, ...]) -> None:
                self.value, self.name, self.axes, self.stack = value, name, axes, stack

            def unbox(self) -> Any:
                return self.value

            def replace_boxed(self, value: Any) -> Any:
                return Noted(value, self.name, self.axes, self.stack)

            def add_axis(self, index: int, params: Any) -> Any:
                return self

            def remove_axis(self, index: int, params: Any) -> Any:
                axes = list(self.axes)
                return Noted(self.value, self.name, tuple(axes), (*self.stack, axes.pop(index)))

        jax.tree_util.register_pytree_node(
            Noted, lambda box: ((box.value,), (box.name, box.axes, box.stack)), lambda aux, inner: Noted(inner[0], *aux)
        )
        _BOX = Noted
    return _BOX


_BOX: Any = None
