"""Call a model as its inputs ask for: one example or a batch of them, with the random keys that it wants.

Equinox's layers take one example. An example that the model does not take as it is, is taken for a batch and mapped
over; where both work, it is what the model takes as it is, unless a batch is what is asked for. What maps over its own
batch by name (batch norm) gets that name. A model that asks for a random key and was given none gets one, the same at
every call.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from headstart.models.jax.trees import Model

Call = Callable[..., Any]


class Fitted(NamedTuple):
    """How a model is called on its inputs.

    Args:
        call: call(tree, *args, **kwargs).
        kwargs: those that were given, and a key where one was missing.
        mapped: whether the model takes one example, and was mapped over the batch.
        alone: the model on one example of a batch: a call and its inputs, as shapes; None where it is not mapped, or
            needs the others.
    """

    call: Call
    kwargs: dict[str, Any]
    mapped: bool = False
    alone: tuple[Call, tuple[Any, ...], dict[str, Any]] | None = None


def fitted(model: Model, args: Sequence[Any], kwargs: Mapping[str, Any], batch: bool = False) -> Fitted:
    """How to call a model on these inputs.

    Args:
        batch: whether they are a batch: of what works, what is mapped over it comes first.

    Raises:
        Exception: whatever the model raises on them as they are, where there are other ways and none works.
    """
    assert model.call is not None
    named = dict(kwargs)
    first: Exception | None = None
    ways = _ways(model, model.call, args, named)
    if len(ways) == 1:  # whether it works is seen when it is called
        return ways[0]
    for found in sorted(ways, key=lambda way: not way.mapped) if batch else ways:
        try:
            _shapes(found.call, model.tree, args, found.kwargs)
        except Exception as error:
            first = error if first is None or not found.mapped else first
        else:
            return found
    assert first is not None
    raise first


def _ways(model: Model, call: Call, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Fitted]:
    if model.library != "equinox":
        return [Fitted(call, kwargs)]
    call = _stateless(call)
    ways = [Fitted(call, kwargs)]
    keyed = kwargs | {"key": jax.random.key(0)} if _takes_key(model.given) and kwargs.get("key") is None else None
    if keyed is not None:
        ways.append(Fitted(call, keyed))
    own = [arg for arg in args if not _is_state(arg)]
    if all(len(leaf.shape) > 0 for leaf in jax.tree.leaves(own) if _is_batched(leaf)):
        for named in (kwargs, keyed):
            if named is not None:
                ways.append(Fitted(_mapped(call, model, named), named, True, _alone(call, model, args, named)))
    return ways


def _mapped(call: Call, model: Model, kwargs: Mapping[str, Any]) -> Call:
    """The call over the first axis of every input but states and keys, which all examples share."""
    name = _axis_name(model.given)

    def run(tree: Any, *args: Any, **named: Any) -> Any:
        axes = tuple(jax.tree.map(lambda leaf: 0 if _is_batched(leaf) else None, arg) if not _is_state(arg) else None
                     for arg in args)  # fmt: skip
        by_name = {word: 0 if _is_batched(value) else None for word, value in named.items()}
        words = sorted(named)
        whole = jax.vmap(
            lambda given, inner: call(tree, *given, **dict(zip(words, inner, strict=True))),
            in_axes=(axes, tuple(by_name[word] for word in words)), axis_name=name,
        )  # fmt: skip
        return whole(args, tuple(named[word] for word in words))

    return run


def _stateless(call: Call) -> Call:
    """The call without the state that it gives back beside its output: statistics that no signal goes through."""

    def run(tree: Any, *args: Any, **kwargs: Any) -> Any:
        made = call(tree, *args, **kwargs)
        if not isinstance(made, tuple) or not any(_is_state(each) for each in made):
            return made
        kept = tuple(each for each in made if not _is_state(each))
        return kept[0] if len(kept) == 1 else kept

    return run


def _alone(
    call: Call, model: Model, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Call, tuple[Any, ...], dict[str, Any]] | None:
    if _axis_name(model.given) is not None:
        return None

    def one(leaf: Any) -> Any:
        return jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype) if _is_batched(leaf) else leaf

    first = tuple(arg if _is_state(arg) else jax.tree.map(one, arg) for arg in args)
    return call, first, {word: jax.tree.map(one, value) for word, value in kwargs.items()}


def _axis_name(module: Any) -> str | None:
    """The name that a module inside maps over its batch by."""
    equinox = sys.modules.get("equinox")
    if equinox is None:
        return None
    norms = [
        leaf
        for leaf in jax.tree.leaves(module, is_leaf=lambda node: hasattr(node, "axis_name"))
        if isinstance(getattr(leaf, "axis_name", None), str)
    ]
    return str(norms[0].axis_name) if norms else None


def _takes_key(module: Any) -> bool:
    try:
        return "key" in inspect.signature(module).parameters
    except (TypeError, ValueError):
        return False


def _is_batched(leaf: Any) -> bool:
    """Whether an input has one row for each example: an array that is no random key."""
    if not hasattr(leaf, "dtype") or not hasattr(leaf, "shape"):
        return False
    old_key = leaf.dtype == np.uint32 and tuple(leaf.shape) == (2,)
    return not old_key and not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _is_state(arg: Any) -> bool:
    return type(arg).__name__ == "State" and type(arg).__module__.startswith("equinox")


def _shapes(call: Call, tree: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Run a call on shapes alone."""
    leaves, structure = jax.tree.flatten((tree, tuple(args), dict(kwargs)))
    arrays = [place for place, leaf in enumerate(leaves) if hasattr(leaf, "dtype") and hasattr(leaf, "shape")]

    def run(given: Sequence[Any]) -> Any:
        filled = list(leaves)
        for place, array in zip(arrays, given, strict=True):
            filled[place] = array
        whole, positional, named = jax.tree.unflatten(structure, filled)
        made = call(whole, *positional, **named)
        return [leaf for leaf in jax.tree.leaves(made) if hasattr(leaf, "dtype")]

    jax.eval_shape(run, [leaves[place] for place in arrays])
