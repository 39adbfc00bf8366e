"""Trees of arrays: dicts, lists, tuples, registered dataclasses and Equinox modules, which are trees themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import jax
from jax.tree_util import DictKey, FlattenedIndexKey, GetAttrKey, SequenceKey

from headstart.models.jax.trees import Model, Place, by_name, is_array, joined, stand_in, tree_of, why_fixed


def model_of(tree: Any, function: Callable[..., Any] | None = None) -> Model:
    """The model that a tree is; called by a function of it, or by itself if it is a module."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    found = [_place(tree, path, leaf) for path, leaf in leaves if is_array(leaf)]
    of_leaf = iter(found)
    names = [next(of_leaf).name if is_array(leaf) else None for _, leaf in leaves]
    buffers = {place.name: place.value for place in found if is_statistic(place)}
    places = by_name([place for place in found if place.name not in buffers])
    places = {**places, **tied(tree, places)}

    def rebuild(values: Mapping[str, Any]) -> Any:
        kept = [values.get(name, leaf) if name else leaf for name, (_, leaf) in zip(names, leaves, strict=True)]
        return jax.tree_util.tree_unflatten(structure, kept)

    def filled(values: Mapping[str, Any]) -> Any:
        others = {
            name: stand_in(name, leaf)
            for name, (_, leaf) in zip(names, leaves, strict=True)
            if name and name not in values
        }
        return rebuild({**others, **values})

    call: Callable[..., Any] | None = None
    if function is not None:
        whole = function

        def call(values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
            return whole(filled(values), *args, **kwargs)
    elif is_equinox(tree) and callable(tree):

        def call(values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
            return filled(values)(*args, **kwargs)

    library = "equinox" if is_equinox(tree) else "tree"
    return Model(library, places, tree_of(places), rebuild, call, buffers, given=tree)


def is_equinox(given: Any) -> bool:
    equinox = sys.modules.get("equinox")
    return equinox is not None and isinstance(given, equinox.Module)


def _place(tree: Any, path: tuple[Any, ...], leaf: Any) -> Place:
    steps, owners = _way(tree, path)
    steps, owners = steps or ("value",), owners or (None,)
    return Place(joined(steps), steps, leaf, owners, fixed=why_fixed(leaf))


def _way(tree: Any, path: tuple[Any, ...]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The way to a leaf in words, and what stands at each step."""
    steps, owners = [], []
    at: Any = tree
    for key in path:
        if not (_is_box(at) and isinstance(key, GetAttrKey)):
            owners.append(at)
            steps.append(_word(key))
        at = _inside(at, key)
    return tuple(steps), tuple(owners)


def _word(key: Any) -> str:
    if isinstance(key, SequenceKey):
        return str(key.idx)
    return str(key.name if isinstance(key, GetAttrKey) else key.key)


def _inside(at: Any, key: Any) -> Any:
    """What stands behind a key; None where the tree does not tell."""
    if at is None or isinstance(key, FlattenedIndexKey):
        return None
    if isinstance(key, GetAttrKey):
        return getattr(at, key.name, None)
    try:
        return at[key.key if isinstance(key, DictKey) else key.idx]
    except (KeyError, IndexError, TypeError):
        return None


def _is_box(owner: Any) -> bool:
    """Whether this is a box of Flax around one array, whose own attribute is no step of the name."""
    for library, kind in (("flax.core.meta", "AxisMetadata"), ("flax.nnx", "Variable")):
        loaded = sys.modules.get(library)
        if loaded is not None and hasattr(loaded, kind) and isinstance(owner, getattr(loaded, kind)):
            return True
    return False


def is_statistic(place: Place) -> bool:
    """Whether this is state that training does not learn: statistics of batches, caches, an Equinox state's start."""
    if place.steps[0] in COLLECTIONS and len(place.steps) > 1 and isinstance(place.owners[0], Mapping):
        return "params" in place.owners[0]
    return any(type(owner).__name__ == "StateIndex" for owner in place.owners)


COLLECTIONS = ("batch_stats", "cache", "intermediates", "spectral_stats")


def tied(tree: Any, places: Mapping[str, Place]) -> dict[str, Place]:
    """The places that Equinox's `Shared` took out of the tree: name -> what stands there when it is called."""
    equinox = sys.modules.get("equinox")
    if equinox is None or not hasattr(equinox.nn, "Shared"):
        return {}
    found: dict[str, Place] = {}

    def is_shared(node: Any) -> bool:
        return isinstance(node, equinox.nn.Shared)

    for path, node in jax.tree_util.tree_flatten_with_path(tree, is_leaf=is_shared)[0]:
        if is_shared(node):
            found |= _tied_in(_way(tree, path), node, places)
    return found


def _tied_in(
    way: tuple[tuple[str, ...], tuple[Any, ...]], shared: Any, places: Mapping[str, Place]
) -> dict[str, Place]:  # fmt: skip
    """What a `Shared` puts back: each place of it that holds a parameter which stands elsewhere."""
    by_array = {id(place.value): place.name for place in places.values()}
    leaves = jax.tree_util.tree_flatten_with_path(shared.pytree)[0]
    gaps = [path for path, leaf in leaves if type(leaf).__name__ == "SharedNode"]
    whole, found = shared(), {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(whole)[0]:
        if id(leaf) in by_array and any(path[: len(gap)] == gap for gap in gaps):
            steps, owners = _way(whole, path)
            steps, owners = (*way[0], "pytree", *steps), (*way[1], shared, *owners)
            found[joined(steps)] = Place(joined(steps), steps, leaf, owners, tied_to=by_array[id(leaf)])
    return found
