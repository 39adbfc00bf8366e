"""What the backward pass starts from: the caller's loss, one that is named, or a random projection of the output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from headstart.draws.sample import sample
from headstart.errors import InputError
from headstart.models.torch.record import plain_result

Loss = str | Callable[..., Any] | None
NAMED = ("cross_entropy", "mse")


@dataclass(frozen=True)
class Objective:
    """A loss: kind, classes and guess are as in a Trace; a projection has no value to tell."""

    tensor: Tensor
    kind: str
    classes: int | None = None
    guess: float | None = None

    @property
    def value(self) -> float | None:
        return None if self.kind == "projection" else float(self.tensor.detach())


def objective(output: Any, loss: Loss, target: Any, seed: int) -> Objective:
    """The loss of a model's output.

    Raises:
        InputError: it is no scalar, or what it needs is not there.
    """
    if loss is None:
        return _projection(output, seed)
    if isinstance(loss, str):
        return _named(output, loss, target)
    seen = _Losses()
    try:
        with seen:
            found = loss(output) if target is None else loss(output, target)
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in floating(output).items())
        takes = "the output" if target is None else "the output and the target"
        raise InputError(
            f"the loss fails: {type(error).__name__}: {error}. It is called with {takes} of the model; the output is a "
            f"{type(output).__name__} with {shapes or 'no floating-point tensor'}."
        ) from error
    if not isinstance(found, Tensor):
        raise InputError(f"the loss must be a tensor of one number, got {type(found).__name__}. Return the tensor.")
    if found.numel() != 1:
        raise InputError(f"the loss must be one number, got shape {tuple(found.shape)}. Take its mean: loss.mean().")
    return Objective(found.reshape(()), "given", seen.classes, seen.guess)


class _Losses(TorchFunctionMode):
    """Sees which of torch's losses a function calls first."""

    classes: int | None = None
    guess: float | None = None
    met = False

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if not self.met and (found := told_by(getattr(function, "__name__", ""), args, kwargs or {})):
            self.met = True
            self.classes, self.guess = found
        return function(*args, **(kwargs or {}))


def told_by(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[int | None, float | None] | None:
    """The classes of one of torch's losses, and what the best answer that ignores the inputs costs."""
    given = dict(zip(("input", "target"), args, strict=False)) | dict(kwargs)
    output, target = given.get("input"), given.get("target")
    if not isinstance(output, Tensor) or not isinstance(target, Tensor) or given.get("reduction", "mean") != "mean":
        return None
    if name in ("cross_entropy", "nll_loss") and output.dim() > 0:
        classes = output.shape[1 if output.dim() > 1 else 0]
        return classes, math.log(classes)
    if name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        return None, _coin(target)
    return (None, _variance(target)) if name == "mse_loss" and target.shape == output.shape else None


def _coin(target: Tensor) -> float:
    """The entropy of the target's mean: a constant answer's cost."""
    share = min(max(float(target.detach().double().mean()), 0.0), 1.0)
    return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)


def floating(output: Any) -> dict[str, Tensor]:
    """The floating-point tensors of a model's output, by where they stand in it."""
    found: dict[str, Tensor] = {}
    for path, leaf in pytree.tree_flatten_with_path(plain_result(output))[0]:
        if isinstance(leaf, Tensor) and (leaf.is_floating_point() or leaf.is_complex()):
            found[pytree.keystr(path).strip("[]'").replace("']['", ".").replace("][", ".") or "output"] = leaf
    return found


def _projection(output: Any, seed: int) -> Objective:
    """sum r y with r from N(0, 1), of every output that has a gradient."""
    parts = []
    for name, tensor in floating(output).items():
        if tensor.requires_grad:
            numbers = torch.from_numpy(np.asarray(sample("normal(1)", (tensor.numel(),), seed, f"projection {name}")))
            direction = numbers.to(tensor.device, tensor.real.dtype if tensor.is_complex() else tensor.dtype)
            flat = tensor.reshape(-1)
            parts.append((flat.real if flat.is_complex() else flat) @ direction)
    if not parts:
        raise InputError(no_path("projection"))
    return Objective(torch.stack([part.float() for part in parts]).sum(), "projection")


def no_path(kind: str) -> str:
    """What to tell where no gradient comes back to a parameter."""
    what = "the loss" if kind == "given" else "no output of the model"
    depends = "does not depend" if kind == "given" else "depends"
    return (
        f"{what} {depends} on a parameter by operations that have a derivative: rounding, argmax, detach, no_grad and "
        "NumPy cut it off. Return a tensor that has a grad_fn."
    )


def _named(output: Any, loss: str, target: Any) -> Objective:
    if loss not in NAMED:
        raise InputError(f'a loss is "cross_entropy", "mse" or a function of the output, got {loss!r}.')
    if not isinstance(target, Tensor):
        raise InputError(f'loss "{loss}" needs a target, got {type(target).__name__}. Pass target=..., a tensor.')
    fits = _cross_entropy if loss == "cross_entropy" else _mse
    outputs = floating(output)
    order = sorted(outputs, key=lambda name: "logits" not in name)
    for name in order:
        found = fits(outputs[name], target)
        if found is not None:
            return found
    shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in outputs.items()) or "none"
    raise InputError(
        f'loss "{loss}" does not fit: the target has shape {tuple(target.shape)} and type {target.dtype}, and the '
        f"outputs {shapes}. {_WANTED[loss]}"
    )


_WANTED = {
    "cross_entropy": "A target of classes has the output's shape without its axis of classes.",
    "mse": "The target has the output's shape.",
}


def _cross_entropy(logits: Tensor, target: Tensor) -> Objective | None:
    """Classes along the second axis, as torch has it, or along the last, as models of language do; or shares."""
    if target.is_floating_point():
        if target.shape != logits.shape or logits.dim() < 1:
            return None
        classes = logits.shape[1 if logits.dim() > 1 else 0]
        return Objective(F.cross_entropy(logits, target.to(logits.dtype)), "cross_entropy", classes, math.log(classes))
    if logits.dim() > 1 and logits.shape[:-1] == target.shape:
        logits, target = logits.reshape(-1, logits.shape[-1]), target.reshape(-1)
    elif logits.dim() != target.dim() + 1 or logits.shape[:1] + logits.shape[2:] != target.shape:
        return None
    classes = logits.shape[1]
    _check_classes(target, classes)
    return Objective(F.cross_entropy(logits, target.long()), "cross_entropy", classes, math.log(classes))


def _check_classes(target: Tensor, classes: int) -> None:
    kept = target[target != -100]  # what torch leaves out
    if kept.numel() and not 0 <= int(kept.min()) <= int(kept.max()) < classes:
        raise InputError(
            f"a target of {classes} classes is from 0 to {classes - 1}, got {int(kept.min())} to {int(kept.max())}."
        )


def _mse(output: Tensor, target: Tensor) -> Objective | None:
    if output.shape != target.shape:
        return None
    wanted = target.to(output.dtype)
    return Objective(F.mse_loss(output, wanted), "mse", None, _variance(wanted))


def _variance(target: Tensor) -> float:
    """Of the target, each unit around its own mean over the batch."""
    if target.dim() < 1 or target.shape[0] < 2:
        return 0.0
    return float(target.detach().double().var(0).mean())
