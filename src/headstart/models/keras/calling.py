"""Which variable an initializer is called for, and which layer's it is.

Keras hands an initializer a shape and a type alone. The variable and its layers are those whose methods are running:
the stack of calls has them, on every backend, also where a variable was made in a symbolic pass and gets its numbers
after it. A variable is known by its path in the outermost of these layers that has it, counted as `names` counts.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import keras

from headstart.models.keras import names
from headstart.models.keras.variables import is_variable

_DEEPEST = 400  # calls that are looked through


class Called(NamedTuple):
    """What an initializer is called for.

    Args:
        key: what the numbers are drawn from: the path in the model, with the model's own name.
        variable: itself. layer: whose it is; None where the stack does not show it.
        placeholder: whether a symbolic pass asks for something of this shape, whatever its numbers.
    """

    key: str
    variable: Any
    layer: Any
    placeholder: bool


def called() -> Called | None:
    """The variable that is made now; None outside of Keras's own making of variables."""
    variable, placeholder = None, False
    running: list[tuple[Any, bool]] = []  # the layers whose methods run, and whether one makes a variable
    frame, depth = sys._getframe(1), 0
    while frame is not None and depth < _DEEPEST:
        first = frame.f_code.co_varnames[:1]
        owner = frame.f_locals.get(first[0]) if frame.f_code.co_argcount and first else None
        if variable is None:
            if is_variable(owner):
                variable, placeholder = owner, frame.f_code.co_name == "value"
        elif isinstance(owner, keras.Layer) and all(owner is not each for each, _ in running):
            running.append((owner, frame.f_code.co_name == "add_weight"))
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]  # None at the end
    if variable is None:
        return None
    key, layer = str(variable.path), next((layer for layer, adds in running if adds), None)
    for outer, _ in running:  # the innermost first: what is found last is found in the outermost
        found = _place_in(outer, variable, layer)
        if found is not None:
            inside, key = found
            layer = inside
    return Called(key, variable, layer, placeholder)


def _place_in(outer: Any, variable: Any, layer: Any) -> tuple[Any, str] | None:
    """The layer inside another one that has a variable, or is making it, and the variable's key."""
    if getattr(outer, "_layers", None) is None:  # it is being made itself
        return None
    for inside in names.layers(outer):
        found = inside.layer
        if found is layer or any(variable is own for own in _own(found)):
            return found, names.join(names.join(outer.name, inside.key), _name(found, variable))
    return None


def _own(layer: Any) -> list[Any]:
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def _name(layer: Any, variable: Any) -> str:
    """A variable's own name; one that nobody named is counted, and not among the layer's yet while it is made."""
    told = names.own_names([*(each for each in _own(layer) if each is not variable), variable])
    met = names.own_names(_own(layer))
    return met.get(id(variable), told[id(variable)])
