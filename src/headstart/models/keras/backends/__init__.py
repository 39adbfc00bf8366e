"""What differs between Keras's backends: how a pass is recorded and measured, and how numbers come into a variable.

Each module has the same functions: `record`, `trace`, `put`, `values` and `held`. A backend without a module of its own
is written to and looked at through NumPy, and its passes are not recorded.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import keras

RECORDED = ("torch", "jax")


def backend() -> ModuleType:
    """The module of the backend that Keras runs on."""
    name = keras.backend.backend()
    return importlib.import_module(f"headstart.models.keras.backends.{name if name in RECORDED else 'other'}_backend")
