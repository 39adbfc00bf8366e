"""Functions that torch.compile leaves alone: it would trace NumPy's integers as tensors, and stop at what it knows not.

What such a function makes is a constant of its arguments; the compiled code goes on behind it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
_disabled: dict[Any, Callable[..., Any]] = {}


def untraced(function: Function) -> Function:
    """The function, called with torch's tracing switched off where torch's tracer is loaded at all."""

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        dynamo = sys.modules.get("torch._dynamo")
        if dynamo is None or not hasattr(dynamo, "disable"):  # not loaded, or just being loaded by another thread
            return function(*arguments, **keywords)
        if function not in _disabled:
            _disabled[function] = dynamo.disable(function)
        return _disabled[function](*arguments, **keywords)

    return call  # type: ignore[return-value]  # the same signature, by wraps
