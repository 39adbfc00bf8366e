"""Leave a model as it was found: all that a pass through it may change is put back, when it raises too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from headstart.models.torch import names


@contextlib.contextmanager
def left_as_found(model: nn.Module) -> Iterator[None]:
    """Put back what a forward pass changes: buffers, attributes, gradients and the generators of random numbers."""
    buffers = [
        (place, place.tensor, None if place.tensor.is_meta else place.tensor.clone()) for place in names.buffers(model)
    ]
    attributes = [(module, dict(module.__dict__)) for _, module in names.modules(model)]
    import random

    import numpy as np

    python, numpy, own = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        for module, before in attributes:
            for name in set(module.__dict__) - set(before):
                del module.__dict__[name]
            module.__dict__.update(before)
        with torch.no_grad():
            for place, tensor, values in buffers:
                place.module._buffers[place.attribute] = tensor
                if values is not None:
                    tensor.copy_(values)
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(own)
