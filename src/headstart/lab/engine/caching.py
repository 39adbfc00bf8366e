"""Compiled code is cached on disk under a name that holds a hash of every source it was made from.

Numba's own cache looks at the file of the outermost function only, so a changed activation or tile would go unnoticed
in a kernel that calls it. With the hash in the name a change of any of these files, or of Numba, compiles anew.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import numba

from headstart.theory import activations

_FOLDER = Path(__file__).parent


@cache
def source_hash() -> str:
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=6)
    for path in [*sorted(_FOLDER.glob("*.py")), *sorted(Path(activations.__file__).parent.glob("*.py"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def named(function, *qualifiers: str):
    """Give a function the name its compiled code is cached under."""
    function.__qualname__ = "_".join([function.__name__, *qualifiers, source_hash()])
    return function


def kernel(function):
    """Compile a function of the training loop: cached, without the interpreter lock, NumPy's rules for 1/0."""
    return numba.njit(named(function), cache=cache_enabled(), nogil=True, error_model="numpy")


def cache_enabled() -> bool:
    """Caching needs a writable folder; NUMBA_DISABLE_CACHE=1 turns it off."""
    return os.environ.get("NUMBA_DISABLE_CACHE", "0") in ("", "0")
