"""Leave a Keras model as it was found: the variables that a pass itself changes are put back.

Those are moving statistics, and the generators of dropout's numbers; Keras's own global generator too. What a layer
does to its weights in training mode (spectral normalization divides its kernel) is put back as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from headstart.models.keras import names


@contextlib.contextmanager
def left_as_found(model: Any) -> Iterator[None]:
    """Put back what is changed inside."""
    written = _written(model)
    kept = [place.variable for place in names.variables(model) if place.state or id(place.variable) in written]
    kept += names.seeds(model)
    before = [(variable, keras.ops.copy(variable.value)) for variable in kept]
    flags = [(inside.layer, inside.layer._called) for inside in names.layers(model) if hasattr(inside.layer, "_called")]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
        for layer, called in flags:
            layer._called = called


def _written(model: Any) -> set[int]:
    """The ids of weights that a wrapper writes in training mode."""
    wrappers = [
        inside.layer for inside in names.layers(model) if type(inside.layer).__name__ == "SpectralNormalization"
    ]
    return {id(variable) for wrapper in wrappers for variable in wrapper._trainable_variables}
