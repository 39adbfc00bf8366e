"""What is passed to a pass: a model with its inputs, or a function or module with its parameters before them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from headstart.errors import InputError
from headstart.models import MODELS, adapter_of


def passed(model: Any, inputs: tuple[Any, ...]) -> tuple[ModuleType, Any, tuple[Any, ...]]:
    """The adapter, the model as it takes it, and the inputs that are left.

    A function, a Linen module and a Haiku transform hold no parameters: the first input is theirs.

    Raises:
        InputError: no model, or one without its parameters.
    """
    if not needs_parameters(model):
        return adapter_of(model), model, inputs
    given = with_parameters(model, inputs[0] if inputs else None)
    return adapter_of(given), given, inputs[1:]


def with_parameters(model: Any, params: Any) -> tuple[Any, Any]:
    """A function or module over JAX and its parameters, as its adapter takes them.

    Raises:
        InputError: they are no tree of arrays.
    """
    from headstart.models.jax.trees import has_arrays

    if sys.modules.get("jax") is None or not has_arrays(params):
        name = getattr(model, "__name__", type(model).__name__)
        got = "nothing" if params is None else f"{type(params).__name__} without arrays"
        raise InputError(
            f"{name} holds no parameters, and is given them as a tree of JAX arrays, got {got}. Pass "
            "(function, params, inputs), or a module that holds its own."
        )
    if hasattr(params, "shape") and _takes_trees(model):
        raise InputError(
            f"this {type(model).__name__} holds no parameters, and is given them before its inputs as init made them, "
            f"got an array of shape {tuple(params.shape)}. Pass (module, params, inputs); a factory gives back "
            "(module, params)."
        )
    return model, params


def _takes_trees(model: Any) -> bool:
    """Whether its parameters are never one array alone: a function's may be."""
    from headstart.models.jax import haiku, linen

    return linen.is_linen(model) or haiku.is_haiku(model)


def needs_parameters(model: Any) -> bool:
    """Whether a model over JAX is a function of its parameters, and they stand apart."""
    if sys.modules.get("jax") is None:
        return False
    from headstart.models.jax import haiku, linen

    if linen.is_linen(model) or haiku.is_haiku(model):
        return True
    return callable(model) and not isinstance(model, type) and not is_model(model)


def is_model(found: Any) -> bool:
    """Whether this is a model of a library that is known here and loaded; a function or a class is none by itself."""
    if isinstance(found, type):
        return False
    for module, name in MODELS.values():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(found, getattr(loaded, name)):
            return True
    if sys.modules.get("jax") is None:
        return False
    from headstart.models.jax import trees

    return trees.is_model(found)
