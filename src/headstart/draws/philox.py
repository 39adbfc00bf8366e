"""Philox4x32: random words by encrypting a counter (Salmon, Moraes, Dror & Shaw 2011, section 3.3, table 2).

Each round multiplies two of the four counter words by constants and exchanges the halves of the products; the key is
bumped by a Weyl sequence between rounds. No state is carried from block to block, so any block can be made alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headstart.check import told, whole
from headstart.errors import InputError

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # golden ratio and sqrt(3) - 1, times 2^32
MASK = 0xFFFFFFFF


MOST_ROUNDS = 1000


def philox4x32(counter: ArrayLike, key: ArrayLike, rounds: int = ROUNDS) -> NDArray[np.uint32]:
    """The random block of a counter under a key.

    Args:
        counter: (..., 4) words c0 to c3, integers from 0 to 2^32 - 1.
        key: (..., 2) words k0 and k1, likewise; broadcast against the counters.
        rounds: 10 is the standard strength; the authors also publish vectors for 7.

    Returns:
        (..., 4) uint32 words.

    Raises:
        InputError: words that are not 32-bit, wrong last axis, or a negative number of rounds.

    >>> [f"{int(word):08x}" for word in philox4x32([0, 0, 0, 0], [0, 0])]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']

    References: Salmon et al. 2011, section 3.3.
    """
    rounds = whole(rounds, "rounds", 0, MOST_ROUNDS, example="10")
    counters, keys = _words(counter, 4, "counter"), _words(key, 2, "key")
    try:
        np.broadcast_shapes(counters.shape[:-1], keys.shape[:-1])
    except ValueError:
        raise InputError(
            f"counters and keys must broadcast against each other, got shapes {counters.shape} and {keys.shape}. "
            "Give one key, or one for each counter."
        ) from None
    c0, c1, c2, c3 = np.moveaxis(counters, -1, 0)
    k0, k1 = np.moveaxis(keys, -1, 0)
    blocks = philox_block(c0, c1, c2, c3, k0, k1, rounds)
    return np.stack(np.broadcast_arrays(*blocks), axis=-1).astype(np.uint32)


def philox_block(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any, rounds: int = ROUNDS) -> tuple[Any, ...]:
    """The four words of each block, as uint64 arrays below 2^32; the counter words are uint64 arrays or scalars."""
    mask, half = np.uint64(MASK), np.uint64(32)
    m0, m1 = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
    k0, k1 = np.asarray(k0, np.uint64), np.asarray(k1, np.uint64)
    for round_ in range(rounds):
        p0, p1 = m0 * c0, m1 * c2
        bump0, bump1 = (np.uint64(weyl * round_ & MASK) for weyl in WEYL)
        c0, c2 = (p1 >> half) ^ c1 ^ (k0 + bump0 & mask), (p0 >> half) ^ c3 ^ (k1 + bump1 & mask)
        c1, c3 = p1 & mask, p0 & mask
    return c0, c1, c2, c3


def _words(values: ArrayLike, count: int, what: str) -> NDArray[np.uint64]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"a {what} is an array of words, got rows of different lengths. Give {count} each.") from None
    if array.ndim == 0 or array.shape[-1] != count:
        raise InputError(f"a {what} has {count} words on its last axis, got shape {array.shape}.")
    if array.dtype.kind not in "iu" or (array.size and (int(array.min()) < 0 or int(array.max()) > MASK)):
        raise InputError(f"the words of a {what} must be integers from 0 to 2^32 - 1, got {told(values)}.")
    return array.astype(np.uint64)
