"""Inputs of a Keras model: how an example is handed to it, and building a model that has no variables yet.

A Sequential or functional model takes one argument, which may be a list or a dict of inputs. Of any other layer a
tuple is its positional arguments, and a dict whose keys are arguments of its `call` those by name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from headstart.errors import InputError
from headstart.models.keras import names

_FLAGS = ("training", "mask")  # what every call takes besides
_BOLD = re.compile(r"\x1b\[\d*m")


def inputs_of(model: Any, example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the named inputs of an example."""
    if takes_one(model):
        return (as_one(model, converted(example, model)),), {}
    if isinstance(example, Mapping) and example and set(example) <= set(_parameters(model)):
        return (), {name: converted(value, model) for name, value in example.items()}
    args = example if isinstance(example, tuple) else (example,)
    return tuple(converted(value, model) for value in args), {}


def called_with(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs as a caller wrote them: several of a model that takes one argument are a list of them."""
    if takes_one(model) and not args:  # the names are those of its inputs
        args = ({name: each for name, each in kwargs.items() if name not in _FLAGS},)
        kwargs = {name: each for name, each in kwargs.items() if name in _FLAGS}
    elif takes_one(model):
        args = (as_one(model, list(args) if len(args) > 1 else args[0]),)
    return tuple(converted(each, model) for each in args), {key: converted(each, model) for key, each in kwargs.items()}


def takes_one(model: Any) -> bool:
    """Whether all inputs are one argument."""
    return names.is_functional(model) or isinstance(model, keras.Sequential)


def as_one(model: Any, example: Any) -> Any:
    """The one argument as the model declares it: a list of one input is that input, a tuple of several a list of them.

    Keras takes both too, but warns of it, and its warning would tell of what a user never wrote.
    """
    declared = getattr(model, "input", None) if model.built else None
    if not isinstance(example, (list, tuple)) or isinstance(declared, Mapping):
        return example
    if isinstance(declared, (list, tuple)):
        return type(declared)(example) if type(declared) in (list, tuple) else example
    return example[0] if len(example) == 1 else example


def takes_training(model: Any) -> bool:
    """Whether its call is told whether it runs in training."""
    return "training" in _parameters(model) or takes_one(model)


def converted(value: Any, model: Any) -> Any:
    """Arrays as the backend's, floating-point ones of the type that the model takes; symbolic ones are zeros."""
    if isinstance(value, (list, tuple)):
        return type(value)(converted(each, model) for each in value)
    if isinstance(value, Mapping):
        return {key: converted(each, model) for key, each in value.items()}
    if isinstance(value, keras.KerasTensor):
        value = np.zeros([2 if size is None else size for size in value.shape], value.dtype)
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return value
    try:
        dtype = keras.backend.standardize_dtype(value.dtype)
    except ValueError:  # words
        return value
    floats = "float" in dtype and "float" in str(model.input_dtype)
    return keras.ops.convert_to_tensor(value, model.input_dtype if floats else None)


def build(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Let a model whose layers have no variables yet make them, as its first call does.

    Raises:
        InputError: it fails on these inputs.
    """
    if not names.unbuilt(model):
        return
    try:
        model(*args, **kwargs)
    except Exception as error:
        raise forward_failed(args, kwargs, error) from error


def check_built(model: Any) -> None:
    """Whether every layer has its variables.

    Raises:
        InputError: one has not.
    """
    missing = names.unbuilt(model)
    if missing:
        raise InputError(
            f"{missing[0]} has no weights yet, because nobody has said what shape its inputs have. Pass an example of "
            "the model's inputs, which builds it as its first call does, or call model.build(input_shape) first."
        )


def forward_failed(args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception, where: str = "") -> InputError:
    """What to tell of a forward pass that raised: on which shapes."""
    shapes = ", ".join(_shapes((*args, *kwargs.values())))
    example = f"the example of shape {shapes}" if shapes else "an example without tensors"
    told = _said(error)
    return InputError(
        f"the model's forward pass fails on {example}{f', in {where}' if where else ''}: {type(error).__name__}: "
        f"{told}. Pass inputs that the model takes."
    )


def _said(error: Exception) -> str:
    """The first line of what an error says itself; Keras writes where it was before it, in bold letters."""
    lines = [line.strip() for line in _BOLD.sub("", str(error)).splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith("Exception encountered when calling")]
    return (own or lines or [""])[0].rstrip(".")


def _shapes(values: Any) -> list[str]:
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, (list, tuple)):
        return [shape for value in values for shape in _shapes(value)]
    return [str(tuple(values.shape))] if hasattr(values, "shape") else []


def _parameters(model: Any) -> list[str]:
    return list(inspect.signature(model.call).parameters)
