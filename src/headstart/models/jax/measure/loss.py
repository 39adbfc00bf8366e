"""What the backward pass starts from: the caller's loss, one that is named, or a random projection of the output."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.draws.sample import sample
from headstart.errors import InputError

Loss = str | Callable[..., Any] | None
NAMED = ("cross_entropy", "mse")


@dataclass(frozen=True)
class Objective:
    """A loss and its gradient at each output: kind, classes and guess are as in a Trace; None of a projection's value.

    Args:
        gradients: by the output's place, of those that have one.
    """

    value: float | None
    gradients: Mapping[int, Any]
    kind: str
    classes: int | None = None
    guess: float | None = None


@dataclass(frozen=True)
class Output:
    """What a model gave back.

    Args:
        leaves: its arrays, in the graph's order. structure: of what they are the leaves.
        differentiable: the places of those that a gradient could come from.
    """

    leaves: Sequence[Any]
    structure: Any
    differentiable: frozenset[int]

    @property
    def whole(self) -> Any:
        return self.filled(self.leaves)

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The same with other arrays."""
        return jax.tree.unflatten(self.structure, list(leaves))

    @property
    def floating(self) -> dict[str, int]:
        """The places of floating-point arrays by where they stand."""
        places = jax.tree_util.tree_flatten_with_path(self.filled(range(len(self.leaves))))[0]
        return {
            jax.tree_util.keystr(path, simple=True, separator=".") or "output": place
            for path, place in places if is_floating(self.leaves[place])
        }  # fmt: skip


def objective(output: Output, loss: Loss, target: Any, seed: int) -> Objective:
    """The loss of a model's output.

    Raises:
        InputError: it is no scalar, it does not depend on a parameter, or what it needs is not there.
    """
    if loss is None:
        return _projection(output, seed)
    if isinstance(loss, str):
        return _named(output, loss, target)
    function: Callable[..., Any] = loss
    more = () if target is None else (target,)

    def plain(made: Any) -> Any:
        found = function(made, *more)
        if not hasattr(found, "shape") and not isinstance(found, (int, float)):
            raise _Wrong(
                f"the loss must be an array of one number, got {type(found).__name__}. Return the number alone."
            )
        if math.prod(np.shape(found)) != 1:
            raise _Wrong(f"the loss must be one number, got shape {np.shape(found)}. Take its mean: loss.mean().")
        return jnp.reshape(found, ())

    try:
        value, gradients = _gradients(output, plain)
    except _Wrong as wrong:
        raise InputError(str(wrong)) from None
    except Exception as error:
        shapes = ", ".join(f"{name} {output.leaves[place].shape}" for name, place in output.floating.items())
        takes = "the output" if target is None else "the output and the target"
        raise InputError(
            f"the loss fails: {type(error).__name__}: {first_line(error)} It is called with {takes} of the model; the "
            f"output is a {type(output.whole).__name__} with {shapes or 'no floating-point array'}."
        ) from error
    return Objective(value, gradients, "given")


class _Wrong(Exception):
    """What the loss gave back is no loss."""


def no_path(kind: str) -> str:
    """What to tell where no gradient comes back to a parameter."""
    what = "the loss" if kind == "given" else "no output of the model"
    depends = "does not depend" if kind == "given" else "depends"
    return (
        f"{what} {depends} on a parameter by operations that have a derivative: rounding, argmax, stop_gradient, while "
        "loops and callbacks cut it off. Return an array that is computed without them."
    )


def first_line(error: Exception) -> str:
    """What an error says, in a line that ends as a sentence does."""
    said = str(error).strip().partition("\n")[0].rstrip()
    return said if said.endswith((".", "!", "?")) else f"{said}."


def is_floating(array: Any) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.inexact))


def _gradients(output: Output, function: Callable[[Any], Any]) -> tuple[float, dict[int, Any]]:
    """The value of a function of the output, and its gradient at each array that has one."""
    places = sorted(output.differentiable)

    def of(given: list[Any]) -> Any:
        leaves = list(output.leaves)
        for place, array in zip(places, given, strict=True):
            leaves[place] = array
        found = function(output.filled(leaves))
        return found.real if jnp.iscomplexobj(found) else found

    value, gradients = jax.value_and_grad(of)([output.leaves[place] for place in places])
    return float(value), dict(zip(places, gradients, strict=True))


def _projection(output: Output, seed: int) -> Objective:
    """sum r y with r from N(0, 1), of every output that has a gradient."""
    found = {}
    for name, place in output.floating.items():
        if place in output.differentiable:
            array = output.leaves[place]
            numbers = sample("normal(1)", (math.prod(array.shape),), seed, f"projection {name}")
            found[place] = jnp.asarray(np.asarray(numbers).reshape(array.shape), array.dtype)
    if not found:
        raise InputError(no_path("projection"))
    return Objective(None, found, "projection")


def _named(output: Output, loss: str, target: Any) -> Objective:
    if loss not in NAMED:
        raise InputError(f'a loss is "cross_entropy", "mse" or a function of the output, got {loss!r}.')
    if not hasattr(target, "shape") or not hasattr(target, "dtype"):
        raise InputError(f'loss "{loss}" needs a target, got {type(target).__name__}. Pass target=..., an array.')
    fits = _cross_entropy if loss == "cross_entropy" else _mse
    outputs = output.floating
    for name in sorted(outputs, key=lambda name: "logits" not in name):
        place = outputs[name]
        told = fits(output.leaves[place], np.asarray(target))
        if told is not None:
            function, classes, guess = told
            value, gradients = _gradients(output, functools.partial(_at, place, function))
            return Objective(value, gradients, loss, classes, guess)
    shapes = ", ".join(f"{name} {tuple(output.leaves[place].shape)}" for name, place in outputs.items()) or "none"
    raise InputError(
        f'loss "{loss}" does not fit: the target has shape {tuple(target.shape)} and type {target.dtype}, and the '
        f"outputs {shapes}. {_WANTED[loss]}"
    )


def _at(place: int, function: Callable[[Any], Any], made: Any) -> Any:
    return function(jax.tree.leaves(made)[place])


_WANTED = {
    "cross_entropy": "A target of classes has the output's shape without its axis of classes.",
    "mse": "The target has the output's shape.",
}
_Told = tuple[Callable[[Any], Any], int | None, float | None]


def _cross_entropy(logits: Any, target: Any) -> _Told | None:
    """Classes along the last axis, as JAX's libraries have it, or along the second, as torch does; or shares."""
    if target.dtype.kind == "f":
        if target.shape != logits.shape or logits.ndim < 1:
            return None
        axis = logits.ndim - 1
        return (
            lambda made: -(target * jax.nn.log_softmax(made.astype(jnp.float32), axis)).sum(axis).mean(),
            logits.shape[axis], math.log(logits.shape[axis]),
        )  # fmt: skip
    if logits.ndim > 0 and logits.shape[:-1] == target.shape:
        axis = logits.ndim - 1
    elif logits.ndim == target.ndim + 1 and logits.shape[:1] + logits.shape[2:] == target.shape:
        axis = 1
    else:
        return None
    classes = logits.shape[axis]
    kept = target != -100  # what torch leaves out
    some = target[kept]
    if some.size and not 0 <= int(some.min()) <= int(some.max()) < classes:
        raise InputError(
            f"a target of {classes} classes is from 0 to {classes - 1}, got {int(some.min())} to {int(some.max())}."
        )
    places = np.expand_dims(np.where(kept, target, 0), axis)

    def cost(made: Any) -> Any:
        logs = jax.nn.log_softmax(made.astype(jnp.float32), axis)
        own = jnp.take_along_axis(logs, places, axis).squeeze(axis)
        return -jnp.where(kept, own, 0).sum() / kept.sum()

    return cost, classes, math.log(classes)


def _mse(output: Any, target: Any) -> _Told | None:
    if output.shape != target.shape:
        return None
    spread = target.astype(np.float64).var(0, ddof=1).mean() if target.ndim and target.shape[0] > 1 else 0.0
    return lambda made: jnp.square(made - target.astype(made.dtype)).mean(), None, float(spread)
