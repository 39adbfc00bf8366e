"""Compiled code: C functions of pointers and whole numbers, kept on disk, called by their addresses.

Everything the training loop runs is such a function. None of them touches a Python object or an array object, so none
counts references (an atomic operation each, which on a small network cost a third of the step), none needs the
interpreter lock, and each is compiled once however many others call it.

Numba's own cache looks at the file of the function alone, so a changed activation or tile would go unnoticed in a
function that calls it. Every compiled name therefore holds a hash of all the sources it may be made from.
"""

from __future__ import annotations

import hashlib
import types as python_types
from functools import cache
from pathlib import Path

import numba
import numpy as np
from numba import types
from numba.core import sigutils
from numba.core.ccallback import CFunc

from headstart.draws.backends.compiler import compiles, kept
from headstart.errors import InputError
from headstart.experiments import optimizers
from headstart.theory.activations import catalogue, formula, piecewise, primitives, smooth

_DEFINITIONS = (catalogue, formula, piecewise, primitives, smooth, optimizers)  # of activations; codes
_kept: list[object] = []  # compiled functions must outlive their addresses

# letters of a signature: p pointer to the element type, d pointer to float64, i pointer to int64, n whole number
_LETTERS = {"d": types.CPointer(types.float64), "i": types.CPointer(types.int64), "n": types.int64}


def c_function(
    body, arguments: str, dtype: np.dtype, result: str = "", name: str = "", keep: bool = True, **bound
) -> int:
    """The address of a body compiled as a C function.

    Args:
        body: a Python function; the names in `bound`, and `real` (the element type), are globals to it.
        arguments: one letter per argument: p, d, i or n.
        dtype: the element type.
        result: "n" if it returns a whole number.
        name: tells apart what one body is compiled to with different bindings.
        keep: on disk; not for what is made of functions that are no source of ours.
    """
    dtype = np.dtype(dtype)
    letters = _LETTERS | {"p": types.CPointer(getattr(types, dtype.name))}
    signature = (letters[result] if result else types.void)(*(letters[letter] for letter in arguments))
    copy = python_types.FunctionType(body.__code__, {**body.__globals__, "real": dtype.type, **bound}, body.__name__)
    copy.__module__ = body.__module__
    copy.__qualname__ = "_".join(part for part in (body.__name__, name, dtype.name, source_hash()) if part)
    return compiler(copy, signature, keep)


def to_memory(body: python_types.FunctionType, signature, keep: bool) -> int:
    """Compile for this processor; the address."""
    # Nothing is assumed or fused: every multiply-add is written out (simd.fma), so bits depend on no compiler's choice.
    compiled = CFunc(body, sigutils.normalize_signature(signature), locals={}, options={"error_model": "numpy"})
    if keep:
        kept(compiled)
    compiled.compile()  # as numba.cfunc does, which cannot be told what to do where it cannot write
    _kept.append(compiled)
    return int(compiled.address or 0)


compiler = to_memory  # web/wasm, which makes WebAssembly of the same functions in a process of its own, has another


@cache
def source_hash() -> str:
    """Of Numba's version and every source that compiled code may be made from."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=6)
    for path in [*sorted(Path(__file__).parent.glob("*.py")), *(Path(str(module.__file__)) for module in _DEFINITIONS)]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def check_compiler() -> None:
    """Training is compiled: there is no other way.

    Raises:
        InputError: Numba's compiler is switched off.
    """
    if not compiles():
        raise InputError(
            "training needs Numba's compiler, which NUMBA_DISABLE_JIT=1 switches off. Unset NUMBA_DISABLE_JIT."
        )
