"""Batch norms as one operation: Keras writes them out in a dozen, of means and squares that no law can tell apart.

For the pass that is recorded they are PyTorch's own, which compute the same; the moving statistics stay as they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from torch import Tensor
from torch.nn import functional as F

from headstart.models.keras import names


@contextlib.contextmanager
def whole_batch_norms(model: Any) -> Iterator[None]:
    """Let the batch norms of a model run whole."""
    layers = [inside.layer for inside in names.layers(model) if _is_plain(inside.layer)]
    for layer in layers:
        layer.__dict__["call"] = partial(_batch_norm, layer)
    try:
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("call", None)


def _is_plain(layer: Any) -> bool:
    """Whether it is Keras's batch norm in single precision, with nothing that PyTorch's does not have."""
    kind = keras.layers.BatchNormalization
    own = isinstance(layer, kind) and type(layer).call is kind.call and "call" not in layer.__dict__
    return own and layer.compute_dtype == "float32" and not (layer.synchronized or getattr(layer, "renorm", False))


def _batch_norm(layer: Any, inputs: Tensor, training: Any = None, mask: Any = None) -> Any:
    if mask is not None:
        return type(layer).call(layer, inputs, training=training, mask=mask)
    axis = layer.axis % inputs.dim()
    x = inputs if axis == 1 else inputs.movedim(axis, 1)
    by_batch = bool(training and layer.trainable)
    mean, variance = (None, None) if by_batch else (layer.moving_mean.value, layer.moving_variance.value)
    scale = layer.gamma.value if layer.scale else None
    shift = layer.beta.value if layer.center else None
    made = F.batch_norm(x, mean, variance, scale, shift, by_batch, 0.0, layer.epsilon)
    return made if axis == 1 else made.movedim(1, axis)
