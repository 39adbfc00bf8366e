"""Haiku: a pair of functions without values, and parameters as a dict of dicts, one for each module by its path."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax

from headstart.errors import InputError
from headstart.models.jax import plain
from headstart.models.jax.trees import Model, Place, example_inputs, forward_failed, shape_of, stand_in, tree_of


def is_haiku(given: Any) -> bool:
    haiku = sys.modules.get("haiku")
    return haiku is not None and isinstance(given, (haiku.Transformed, haiku.TransformedWithState))


def model_of(transformed: Any, params: Any, example: Any) -> Model:
    """The model that a transform and its parameters are; without them their shapes come from `init` on the example."""
    if params is None:
        params = _shapes(transformed, example)
    state = None
    if has_state(transformed) and type(params) is tuple and len(params) == 2:
        params, state = params
    bare = plain.model_of(params)

    def call(values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        return _applied(transformed, bare.rebuild(values), state, args, kwargs)

    places = dict(bare.places)
    if example is not None:
        places = _owned(bare, call, example)
    return Model("haiku", places, tree_of(places), bare.rebuild, call, given=(transformed, params))


def has_state(transformed: Any) -> bool:
    return isinstance(transformed, sys.modules["haiku"].TransformedWithState)


def _shapes(transformed: Any, example: Any) -> Any:
    if example is None:
        raise InputError(
            "a Haiku transform holds no parameters: pass them as params=, or an example of its inputs, from which "
            "their shapes follow."
        )
    args, kwargs = example_inputs(example)
    try:
        made = jax.eval_shape(lambda *a, **k: transformed.init(jax.random.key(0), *a, **k), *args, **kwargs)
    except Exception as error:
        raise forward_failed("haiku", args, kwargs, error) from error
    return made[0] if has_state(transformed) else made


def _applied(transformed: Any, params: Any, state: Any, args: Any, kwargs: Any) -> Any:
    key = jax.random.key(0)
    keys = (key,) if takes_key(transformed) else ()
    if not has_state(transformed):
        return transformed.apply(params, *keys, *args, **kwargs)
    if state is None:
        state = transformed.init(key, *args, **kwargs)[1]
    state = jax.tree.map(lambda leaf: stand_in("", leaf), state)
    return transformed.apply(params, state, *keys, *args, **kwargs)[0]


def takes_key(transformed: Any) -> bool:
    """Whether apply takes a random key before the inputs: not where `haiku.without_apply_rng` made it."""
    return not getattr(transformed.apply, "__qualname__", "").startswith("without_apply_rng.")


def _owned(bare: Model, call: Any, example: Any) -> dict[str, Place]:
    """The places with the modules that own them, in the order of the pass."""
    haiku = sys.modules["haiku"]
    args, kwargs = example_inputs(example)
    modules: dict[str, Any] = {}
    lifted: list[str] = []  # inside a lifted stack modules are called by the end of their path alone

    def look(next_call: Any, call_args: Any, call_kwargs: Any, context: Any) -> Any:
        inner = context.module
        if context.method_name == "__init__":  # which gives it its name
            return next_call(*call_args, **call_kwargs)
        modules.setdefault("/".join((*lifted, inner.module_name)), inner)
        lifts = type(inner).__name__ == "LiftingModule"
        lifted.extend([inner.module_name] * lifts)
        try:
            return next_call(*call_args, **call_kwargs)
        finally:
            del lifted[len(lifted) - lifts :]

    def run(tree: Any, *inputs: Any, **named: Any) -> Any:
        if not hasattr(haiku, "intercept_methods"):
            return call(tree, *inputs, **named)
        with haiku.intercept_methods(look):
            return call(tree, *inputs, **named)

    shapes = {name: shape_of(place.shape, place.value.dtype) for name, place in bare.places.items()}
    try:
        jax.eval_shape(run, shapes, *args, **kwargs)
    except Exception as error:
        raise forward_failed("haiku", args, kwargs, error) from error
    order = {name: at for at, name in enumerate(modules)}
    found = {name: replace(place, owners=_owners(place, modules)) for name, place in bare.places.items()}
    return dict(sorted(found.items(), key=lambda item: order.get(item[1].steps[0], len(order))))


def _owners(place: Place, modules: Mapping[str, Any]) -> tuple[Any, ...]:
    """The module that a path names, or the end of it if it was lifted without a name, and the one around it."""
    if len(place.steps) != 2:
        return place.owners
    path = place.steps[0].split("/")
    for first in range(len(path)):
        known = "/".join(path[first:])
        if known in modules:
            around = "/".join(path[first:-1]).removesuffix("/~")
            return (modules.get(around, place.owners[0]), modules[known])
    return place.owners
