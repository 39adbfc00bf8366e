"""Measure one pass of a Keras model forward and back, on the backend that it runs on. The model is left as found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from headstart.errors import InputError
from headstart.models.keras.backends import backend
from headstart.models.keras.found import left_as_found
from headstart.models.keras.inputs import build, called_with, takes_training
from headstart.models.keras.read import check_model, without_pass
from headstart.signals.trace import Trace


def trace_of(
    model: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, *, loss: Any = None, target: Any = None,
    **how: Any,
) -> Trace:  # fmt: skip
    """What one forward and one backward pass show, as it would run in training.

    Args:
        model: a keras.Model or a layer; one without variables is built by the inputs.
        args, kwargs: its inputs; several of a functional model are a list. `training=False` measures it as it answers.
        loss: as every adapter's has it; or one of Keras's own losses, which take the target first.
        target: of the loss; an array of any kind.
        how: draws, seed, learning_rate, jacobian, plan, predict_only, as every adapter's has them.

    Raises:
        InputError: the model, its inputs or its loss cannot be measured; nothing was changed.
    """
    check_model(model)
    given, named = called_with(model, args, kwargs or {})
    if not given and not named:
        raise InputError("a probe needs the model's inputs. Pass a batch of them: hs.probe(model, x).")
    build(model, given, named)
    if takes_training(model):
        named.setdefault("training", True)
    with left_as_found(model):
        found: Trace = backend().trace(
            model, without_pass(model), given, named, loss=_loss(loss), target=_target(target), **how
        )
    return found


def _loss(loss: Any) -> Any:
    """A loss as a function of the output and the target."""
    if not isinstance(loss, keras.losses.Loss):
        return loss
    return lambda output, target: loss(target, output)


def _target(target: Any) -> Any:
    if target is None or not hasattr(target, "dtype"):
        return target
    return keras.ops.convert_to_tensor(target)
