"""Models of other libraries: an adapter reads them into parameters and a graph, and writes plans back.

The adapter is chosen by the model's type. No library is imported that the user has not loaded.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from headstart.errors import InputError

# library -> the class its models are of; on its backend torch, a Keras layer is a torch.nn.Module too
MODELS = {"keras": ("keras", "Layer"), "torch": ("torch.nn", "Module")}


def adapter_of(model: Any) -> ModuleType:
    """The adapter's module: `read(model, example)`, `write(plan, model, seed, threads)`.

    Raises:
        InputError: it is no model of a library that is known here.
    """
    for library, (module, name) in MODELS.items():
        loaded = sys.modules.get(module)
        kind = getattr(loaded, name, None)
        if kind is not None and isinstance(model, kind):
            return importlib.import_module(f"headstart.models.{library}")
    _check_keras(model)
    got = f"the class {model.__name__}: call it first" if isinstance(model, type) else f"{type(model).__name__}"
    raise InputError(f"a model is a torch.nn.Module or a keras.Model, got {got}. Pass the model itself.")


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
