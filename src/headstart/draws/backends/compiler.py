"""Numba's compiler and its cache: what to do where one is switched off and the other has no place to write.

Numba refuses to compile a cached function where it finds no folder to write to, and fails on a full disk or a damaged
file. Compiled code on disk only saves time, so here it is made anew instead, and the program goes on.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

Compiled = TypeVar("Compiled")


def compiles() -> bool:
    """Whether Numba compiles at all: NUMBA_DISABLE_JIT=1, or its configuration file, switches it off."""
    import numba

    return not numba.config.DISABLE_JIT  # set when Numba is loaded


def keeps() -> bool:
    """NUMBA_DISABLE_CACHE=1 turns the cache off."""
    return os.environ.get("NUMBA_DISABLE_CACHE", "0") in ("", "0")


def kept(compiled: Compiled) -> Compiled:
    """A function of `numba.njit`, or a C callback that is not compiled yet, kept on disk where that can be."""
    function: Any = compiled
    if keeps() and hasattr(function, "enable_caching"):  # not where Numba leaves functions as they are
        try:
            function.enable_caching()
        except (RuntimeError, OSError):  # no folder can be written to
            return compiled
        function._cache = _Forgiving(function._cache)
    return compiled


class _Forgiving:
    """Numba's cache of one function, without its errors."""

    def __init__(self, cache: Any) -> None:
        self._kept = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    def load_overload(self, *arguments: Any) -> Any:
        """The compiled code, or None where it is not there or cannot be read."""
        try:
            return self._kept.load_overload(*arguments)
        except Exception:  # a file that was cut short or changed: pickle raises almost anything
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Write the compiled code, if there is room for it."""
        try:
            self._kept.save_overload(*arguments)
        except Exception:  # a full disk, a folder that is gone; an index that cannot be read is written by no one else
            self._kept.disable()
