"""Models of other libraries: an adapter reads them into parameters and a graph, and writes plans back.

The adapter is chosen by the model's type. No library is imported that the user has not loaded.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from headstart.errors import InputError

# library -> the class its models are of; on its backend torch, a Keras layer is a torch.nn.Module too
MODELS = {"keras": ("keras", "Layer"), "torch": ("torch.nn", "Module")}


def adapter_of(model: Any) -> ModuleType:
    """The adapter's module: `read(model, example)`, `write(plan, model, seed, threads)`, `locked(model, names)`.

    Raises:
        InputError: it is no model of a library that is known here.
    """
    for library, (module, name) in MODELS.items():
        loaded = sys.modules.get(module)
        kind = getattr(loaded, name, None)
        if kind is not None and isinstance(model, kind):
            return importlib.import_module(f"headstart.models.{library}")
    _check_keras(model)
    if sys.modules.get("jax") is not None:  # whose models are any tree of arrays: asked last
        trees = importlib.import_module("headstart.models.jax.trees")
        if trees.is_model(model) or isinstance(model, (Mapping, list, tuple)) or is_function(model):
            return importlib.import_module("headstart.models.jax")
    got = f"the class {model.__name__}: call it first" if isinstance(model, type) else f"{type(model).__name__}"
    raise InputError(
        f"a model is a torch.nn.Module, a keras.Model, or a Flax or Equinox module or a tree of arrays where JAX is "
        f"loaded, got {got}. Pass the model itself."
    )


def is_function(model: Any) -> bool:
    """Whether this can be called and is no class: over JAX a model whose parameters come apart."""
    return callable(model) and not isinstance(model, type)


def adapted(model: Any, params: Any = None, example: Any = None) -> tuple[ModuleType, Any]:
    """The adapter, and the model as it takes it: one that does not hold its parameters together with them.

    Raises:
        InputError: no model, or params for one that holds its own.
    """
    if params is not None:
        if sys.modules.get("jax") is None:
            raise InputError("params= go with a module or a function over JAX, and JAX is not loaded. Leave them out.")
        return importlib.import_module("headstart.models.jax"), _formed(model, params, example)
    adapter = adapter_of(model)
    return (adapter, _formed(model, None, example)) if adapter.__name__.endswith(".jax") else (adapter, model)


def makes_new(given: Any) -> bool:
    """Whether writing makes a new model, of what `adapted` gave, rather than change the one that is there."""
    trees = sys.modules.get("headstart.models.jax.trees")
    return trees is not None and isinstance(given, trees.Model) and not given.in_place


def _formed(model: Any, params: Any, example: Any) -> Any:
    return importlib.import_module("headstart.models.jax.trees").model_of(model, params, example)


def _check_keras(model: Any) -> None:
    """Refuse models of Keras 2, whose classes have the same names."""
    for kind in type(model).__mro__:
        package = kind.__module__.partition(".")[0]
        if kind.__name__ in ("Layer", "Model") and package in ("keras", "tf_keras", "tensorflow"):
            raise InputError(
                f"{type(model).__name__} is a model of Keras 2 ({kind.__module__}), and headstart reads those of Keras "
                "3. Build it with keras>=3, whose backend may be TensorFlow too: unset TF_USE_LEGACY_KERAS and import "
                "keras in place of tf_keras or tensorflow.keras."
            )
