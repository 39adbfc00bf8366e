"""Build a model that a command names: `package.module:function` or `file.py:function`, with arguments as key=value."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from headstart.errors import InputError, unknown
from headstart.models.passes import is_model

REMEDY = "Write package.module:function, or file.py:function"
EXTRAS = ("torch", "jax", "keras")  # libraries that are extras of headstart by their own names


def build(target: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """The model that a factory makes.

    Args:
        target: where the factory is: a function, a class, or a model itself.
        arguments: for the factory, by name.

    Raises:
        InputError: there is no such module or name, it needs other arguments, it raises, or it makes no model.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise InputError(f"a model is named by where its factory is, got {target!r}. {REMEDY}.")
    found: Any = _module(place)
    for step in name.split("."):
        if not hasattr(found, step):
            raise unknown(f"name in {place}", step, [key for key in vars(found) if not key.startswith("_")] or ["none"])
        found = getattr(found, step)
    if is_model(found):
        if arguments:
            raise InputError(f"{target} is a model already, and takes no {', '.join(arguments)}. Leave --arg out.")
        return found
    if not callable(found):
        raise InputError(f"{target} is no function that makes a model, it is {type(found).__name__}. {REMEDY}.")
    model = _called(target, found, arguments or {})
    if not is_model(model):
        raise InputError(
            f"{target} makes a model, a torch.nn.Module or one over JAX; it gave {type(model).__name__}. Return the "
            "model; a function of its parameters together with them: (function, params)."
        )
    return model


def _module(place: str) -> Any:
    """A module, by its name or as a file."""
    try:
        if place.endswith(".py"):
            return _file(Path(place))
        if "" not in sys.path:  # a console script has its own folder there, not the one it is called in
            sys.path.insert(0, "")
        return importlib.import_module(place)
    except InputError:
        raise
    except ModuleNotFoundError as error:
        extra = error.name if error.name in EXTRAS else None
        remedy = f"Install it: pip install 'headstart[{extra}]'" if extra else REMEDY
        raise InputError(f"cannot import {place!r}: {error}. {remedy}.") from None
    except Exception as error:  # the module's own code
        raise InputError(f"importing {place!r} raises {type(error).__name__}: {error}.") from error


def _file(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}. {REMEDY}.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # for dataclasses and pickles in it
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # for its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def _called(target: str, factory: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        try:
            signature.bind(**arguments)
        except TypeError as error:
            wanted = [
                name
                for name, parameter in signature.parameters.items()
                if parameter.default is parameter.empty and parameter.kind in (0, 1, 3) and name not in arguments
            ]
            remedy = f"Give it: {' '.join(f'--arg {name}=VALUE' for name in wanted)}." if wanted else ""
            raise InputError(f"{target}{signature} cannot be called so: {error}. {remedy}".rstrip()) from None
    try:
        return factory(**arguments)
    except Exception as error:  # the factory's own code
        raise InputError(f"{target} raises {type(error).__name__}: {error}.") from error
