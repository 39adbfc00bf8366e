"""Streams: random numbers that are a pure function of (seed, parameter name), with no global state.

A 16-byte BLAKE2b digest of the format version, the seed, the length-prefixed name and the role keys NumPy's Philox
counter generator, so that neighbouring seeds and names share nothing.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError

FORMAT_VERSION = 1


def standard_normal(seed: int, name: str, shape: tuple[int, ...], role: str = "weight") -> NDArray[np.float64]:
    """Independent N(0, 1) numbers in float64, the same for the same seed, name, shape and role.

    >>> standard_normal(0, "w", (2,)).tolist() == standard_normal(0, "w", (2,)).tolist()
    True
    """
    return _generator(seed, name, role).standard_normal(shape)


def uniform_open(seed: int, name: str, shape: tuple[int, ...], role: str = "weight") -> NDArray[np.float64]:
    """Independent uniform numbers in the open interval (0, 1) in float64."""
    words = _generator(seed, name, role).integers(0, 2**52, size=shape, dtype=np.uint64)
    return (words.astype(np.float64) + 0.5) * 2.0**-52


def _generator(seed: int, name: str, role: str) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise InputError(f"a seed must be an integer from 0 to 2^64 - 1, got {seed!r}.")
    if not isinstance(name, str) or not name:
        raise InputError(f"a parameter's name must be a string that is not empty, got {name!r}.")
    digest = hashlib.blake2b(digest_size=16)
    digest.update(FORMAT_VERSION.to_bytes(4, "little") + seed.to_bytes(8, "little"))
    for text in (name, role):
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest.digest(), "little")))
