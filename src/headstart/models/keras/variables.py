"""What a variable of Keras is: in older versions the public class is a child of the one that layers' own are of."""

from __future__ import annotations

from typing import Any

import keras

_KIND: type = next(kind for kind in reversed(keras.Variable.__mro__) if kind.__module__.startswith("keras."))


def is_variable(given: Any) -> bool:
    """Whether this is a variable of Keras, on any backend."""
    return isinstance(given, _KIND)
