"""What can be refused before a pass: models and inputs that cannot be measured, each with its reason and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from headstart.errors import InputError
from headstart.models.torch import names
from headstart.models.torch.read import Reading
from headstart.models.torch.record import plain_result
from headstart.signals.measure import asked
from headstart.signals.measure.asked import batch_size


def check_model(reading: Reading, predict_only: bool) -> None:
    """Whether the parameters can be measured.

    Raises:
        InputError: a parameter has no shape or no memory, or none is trained.
    """
    tensors = {name: place.tensor for name, place in reading.places.items()}
    for name, tensor in tensors.items():
        if names.is_lazy(tensor):
            raise InputError(
                f"{name} has no shape before the first batch. Run one batch through the model, then probe."
            )
    if not any(tensor.requires_grad for tensor in tensors.values()):
        count = f"all {len(tensors)} are frozen" if tensors else "it has none"
        raise InputError(
            f"a probe needs a parameter that is trained, and {count}. Call requires_grad_() on what is to be trained."
        )
    if predict_only:
        return
    for name, tensor in tensors.items():
        if tensor.is_meta or type(tensor).__name__ == "FakeTensor":
            raise InputError(
                f"{name} is on the meta device and has no values. Call model.to_empty(device='cpu') and initialize it, "
                "or predict only: predict_only=True."
            )
        if tensor.is_inference():
            raise InputError(f"{name} was made in inference mode and has no gradient. Build the model outside of it.")


def check_devices(reading: Reading, tensors: Sequence[Tensor]) -> None:
    """Whether the inputs are where the model is.

    Raises:
        InputError: they are elsewhere.
    """
    devices = {place.tensor.device for place in reading.places.values()}
    if len(devices) != 1:
        return
    (device,) = devices
    for tensor in tensors:
        if tensor.device != device and tensor.dim() > 0:
            raise InputError(
                f"the inputs must be where the model is, on {device}, got one of shape {tuple(tensor.shape)} on "
                f"{tensor.device}. Move it: x.to('{device}')."
            )


def batch_of(tensors: Sequence[Tensor], axis: int) -> int | None:
    """How many inputs there are: the size that most tensors have along an axis, the first one's where that is a tie."""
    return batch_size([tensor.shape for tensor in tensors], axis)


def check_batch(model: nn.Module, inputs: int | None) -> None:
    """Whether there are two inputs to compare.

    Raises:
        InputError: there is one, or none.
    """
    if inputs is None or inputs > 1:
        return
    norms = [
        f"{name or 'the model'} ({type(module).__name__})" for name, module in names.modules(model)
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training
    ]  # fmt: skip
    besides = f" In training mode {norms[0]} takes its mean over the batch, and needs two as well." if norms else ""
    asked.check_batch(inputs, besides)


def tensors_of(output: Any) -> list[Tensor]:
    """The tensors of a model's output, in the graph's order."""
    return [leaf for leaf in pytree.tree_leaves(plain_result(output)) if isinstance(leaf, Tensor)]


def as_input(value: Any) -> Any:
    """A copy of a tensor that the pass may write into; whether it asks for a gradient is kept."""
    if not isinstance(value, Tensor):
        return value
    with torch.no_grad():
        copied = value.detach().clone()
    return copied.requires_grad_() if value.requires_grad else copied
