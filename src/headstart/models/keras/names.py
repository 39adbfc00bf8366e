"""Names of a Keras model's layers and variables, and the keys that their numbers are drawn from.

A name is the variable's own path ("sequential/dense_3/kernel"), with #2, #3, ... where another one has it already.
Keras numbers what nobody named through the whole process, so the same model built again has other paths; a key counts
within the model instead: the names of the layers inside it, those that Keras numbered counted anew among their
neighbours ("dense/kernel", "dense_1/kernel"). It does not hold the model's own name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from headstart.models.keras.layers import kind_of

_NUMBERED = re.compile(r"_\d+$")
# what backends call a variable that nobody named
_UNNAMED = re.compile(r"((jax|nnx)_)?variable(_\d+)?$")


class Place(NamedTuple):
    """Where a variable is.

    Args:
        name, key: as above. variable: itself. layer: the one that it belongs to. state: whether training never
            changes it by a gradient (a moving mean).
    """

    name: str
    key: str
    variable: Any
    layer: Any
    state: bool = False


class Inside(NamedTuple):
    """A layer of a model: its name and its key, "" for the model itself if no path has its name."""

    name: str
    key: str
    layer: Any


def layers(model: Any) -> list[Inside]:
    """The model and every layer inside, each once, in the model's order."""
    found: list[Inside] = []
    seen: set[int] = set()

    def walk(layer: Any, name: str, key: str) -> None:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        found.append(Inside(_path(layer) or name, key, layer))
        children = list(layer._layers)
        for child, told in zip(children, counted([(each.name, type(each).__name__) for each in children]), strict=True):
            walk(child, join(name, child.name), join(key, told))

    walk(model, "" if is_functional(model) else model.name, "")
    return found


def variables(model: Any) -> list[Place]:
    """Every variable of every layer, each once: no seeds, metrics or an optimizer's."""
    owners: dict[int, list[tuple[Inside, Any, bool]]] = {}
    for inside in layers(model):
        layer = inside.layer
        for state, own in ((False, layer._trainable_variables), (True, layer._non_trainable_variables)):
            for variable in own:
                owners.setdefault(id(variable), []).append((inside, variable, state))
    found = []
    names: dict[str, int] = {}
    keys: dict[str, int] = {}
    for places in owners.values():
        # a wrapper may hold what a layer inside it made
        inside, variable, state = next((each for each in places if _knows(*each)), places[-1])
        own = own_names([*inside.layer._trainable_variables, *inside.layer._non_trainable_variables])[id(variable)]
        name, key = _once(str(variable.path), names), _once(join(inside.key, own), keys)
        found.append(Place(name, key, variable, inside.layer, state))
    return found


def seeds(model: Any) -> list[Any]:
    """The states of the generators of random numbers inside (dropout's)."""
    weights = {id(place.variable) for place in variables(model)}
    return [variable for variable in model.variables if id(variable) not in weights]


def unbuilt(model: Any) -> list[str]:
    """The names of the layers that have no variables yet, because nobody has said for what shape."""
    return [inside.name or inside.layer.name for inside in layers(model) if not inside.layer.built]


def counted(siblings: Sequence[tuple[str, str]]) -> list[str]:
    """The names of neighbours, each with its class: those that were numbered by their class are counted anew.

    >>> counted([("dense_7", "Dense"), ("head", "Dense"), ("conv2d_4", "Conv2D"), ("dense_8", "Dense")])
    ['dense', 'head', 'conv2d', 'dense_1']
    """
    bases = [_base(name, kind) for name, kind in siblings]
    taken = {name for (name, _), base in zip(siblings, bases, strict=True) if base is None}
    found, numbers = [], dict[str, int]()
    for (name, _), base in zip(siblings, bases, strict=True):
        told = name
        while base is not None:
            number = numbers.get(base, 0)
            numbers[base] = number + 1
            told = f"{base}_{number}" if number else base
            if told not in taken:
                break
        found.append(told)
    return found


def is_functional(model: Any) -> bool:
    """Whether its layers were there before it, so that no path of a variable has its name."""
    return any(kind.__name__ == "Functional" and kind.__module__.startswith("keras.") for kind in type(model).__mro__)


def join(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix and name else prefix or name


def _base(name: str, kind: str) -> str | None:
    """A name without its number, if it is the class's own ("dense_3", "forward_lstm_2"); None of one that was given."""
    base = _NUMBERED.sub("", name)
    of_class = kind.lower().replace("_", "")
    return base if of_class and base.replace("_", "").endswith(of_class) else None


def own_names(own: Sequence[Any]) -> dict[int, str]:
    """The names of a layer's own variables, by their id; those that nobody named are counted."""
    found, number = {}, 0
    for variable in own:
        name = str(variable.name)
        if _UNNAMED.match(name):
            name, number = f"variable_{number}" if number else "variable", number + 1
        found[id(variable)] = name
    return found


def _knows(inside: Inside, variable: Any, state: bool) -> bool:
    return state or kind_of(inside.layer, str(variable.name), tuple(variable.shape)) is not None


def _path(layer: Any) -> str:
    """A layer's path as its own variables have it."""
    for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
        path, _, _ = str(variable.path).rpartition("/")
        if path.rpartition("/")[2] == layer.name:
            return path
    return ""


def _once(name: str, met: dict[str, int]) -> str:
    """The name, or name#2, name#3, ... when it was met before."""
    met[name] = met.get(name, 0) + 1
    return name if met[name] == 1 else f"{name}#{met[name]}"
