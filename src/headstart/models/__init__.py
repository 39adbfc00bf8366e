"""Models of other libraries: an adapter reads them into parameters and a graph, and writes plans back.

The adapter is chosen by the model's type. No library is imported that the user has not loaded.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from headstart.errors import InputError

# library -> the class its models are of
MODELS = {"torch": ("torch.nn", "Module")}


def adapter_of(model: Any) -> ModuleType:
    """The adapter's module: `read(model, example)`, `write(plan, model, seed, threads)`.

    Raises:
        InputError: it is no model of a library that is known here.
    """
    for library, (module, name) in MODELS.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(model, getattr(loaded, name)):
            return importlib.import_module(f"headstart.models.{library}")
    got = f"the class {model.__name__}: call it first" if isinstance(model, type) else f"{type(model).__name__}"
    raise InputError(f"a model is a torch.nn.Module, got {got}. Pass the module itself.")
