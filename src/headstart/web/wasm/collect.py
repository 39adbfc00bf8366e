"""Numba's part: each function's LLVM IR, before any optimization for this processor.

The engine compiles through `caching.compiler`. Here that is a `Collector`, which gives a number in the module's table
where the native compiler gives an address; the engine calls by one as by the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
from numba import types

# letters of an argument in LLVM: p pointer, n int64, x float64
_LETTERS = {types.int64: "n", types.float64: "x"}


@dataclass(frozen=True)
class Collected:
    """One compiled function: its IR, the name of its C entry in there, its arguments by letter, its result."""

    name: str
    ir: str
    entry: str
    arguments: str
    returns: bool


class Collector:
    """Compiles what the engine asks for to IR, in the order it asks."""

    def __init__(self) -> None:
        self.functions: list[Collected] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._bodies: list[Any] = []  # kept, so that no identity is used twice

    def __call__(self, body: Any, signature: Any, keep: bool = False) -> int:
        """The function's number in the module's table, from 1 on; one code bound to the same things is one function."""
        key = (body.__code__, tuple(id(body.__globals__.get(name)) for name in body.__code__.co_names))
        self._bodies.append(body)
        if key not in self._numbers:
            compiled = numba.cfunc(signature, cache=False, error_model="numpy")(body)
            arguments = "".join(_LETTERS.get(kind, "p") for kind in signature.args)
            number = len(self.functions) + 1
            self.functions.append(
                Collected(
                    f"f{number}", compiled._library.get_llvm_str(), compiled._wrapper_name, arguments,
                    signature.return_type != types.void,
                )
            )  # fmt: skip
            self._numbers[key] = number
        return self._numbers[key]
