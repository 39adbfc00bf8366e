"""Streams: random words that are a pure function of (seed, parameter name, role, element index), with no state.

A 16-byte BLAKE2b digest of the format version, the seed, the length-prefixed name and the role gives the Philox key
(8 bytes) and the counter words c2 and c3 (8 bytes); element i is word i mod 4 of block i div 4, whose number is in
c0 and c1. So neighbouring seeds and names share nothing, ("ab", "c") differs from ("a", "bc"), and any element can be
made without those before it. What is promised, and how to keep it when parameters are renamed: docs/draws.md.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import memory
from headstart.check import seed as check_seed
from headstart.check import whole
from headstart.draws.philox import MASK, philox_block
from headstart.errors import InputError

FORMAT_VERSION = 1  # changes if any bit of any draw ever changes
MAX_INDEX = 2**63  # element indices are below this
LARGE = 2**20  # words that repay loading the compiled kernel


class Stream(NamedTuple):
    """What Philox needs to make the words of one parameter: the key (k0, k1) and counter words c2, c3."""

    k0: int
    k1: int
    c2: int
    c3: int


def stream(seed: int, name: str, role: str = "weight") -> Stream:
    """The stream of one parameter.

    Args:
        seed: 0 to 2^64 - 1.
        name: the parameter's name, not empty, in Unicode's NFC form (so that names that look alike are alike).
        role: what the parameter is for ("weight", "bias").

    Raises:
        InputError: a seed or a name that breaks these rules.

    >>> stream(0, "w")
    Stream(k0=2532177273, k1=4294950808, c2=3838318286, c3=1936789837)
    """
    digest = hashlib.blake2b(
        FORMAT_VERSION.to_bytes(4, "little")
        + check_seed(seed).to_bytes(8, "little")
        + _length_prefixed(name, "a parameter's name")
        + _length_prefixed(role, "a parameter's role"),
        digest_size=16,
    ).digest()
    return Stream(*(int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8, 12)))


def slice_name(name: str, indices: tuple[int, ...]) -> str:
    """The key of one slice of a stacked weight: each `*` in the name, or the end of a name without, takes an index.

    So that a stack of layers has the weights of a loop over them: "layers.*.weight" is drawn as "layers.0.weight",
    "layers.1.weight" and so on; "experts.weight" as "experts.weight.0" and so on.

    Raises:
        InputError: a name with another number of `*` than the stack has axes.

    >>> slice_name("layers.*.weight", (3,)), slice_name("experts.weight", (2, 0)), slice_name("w", ())
    ('layers.3.weight', 'experts.weight.2.0', 'w')
    """
    if not indices:
        return name
    parts = name.split("*") if isinstance(name, str) else [""]
    if len(parts) == 1:
        return f"{name}.{'.'.join(map(str, indices))}"
    if len(parts) != len(indices) + 1:
        raise InputError(
            f"a stacked weight's name has one * per stack axis or none, got {name!r} for {len(indices)} of them. "
            "Write, for example, 'layers.*.weight'."
        )
    return parts[0] + "".join(f"{index}{part}" for index, part in zip(indices, parts[1:], strict=True))


def stream_words(seed: int, name: str, start: int, count: int, role: str = "weight") -> NDArray[np.uint32]:
    """The raw random words of elements start to start + count - 1 of a parameter, uniform over all 32-bit numbers.

    Args:
        seed: 0 to 2^64 - 1.
        name: the parameter's name.
        start: index of the first element, at least 0; indices go up to 2^63 - 1.
        count: how many words.
        role: what the parameter is for ("weight", "bias").

    Returns:
        (count,) uint32.

    Raises:
        InputError: a wrong seed or name, or indices outside 0 to 2^63 - 1.

    >>> stream_words(0, "w", 0, 3).tolist()
    [2939792756, 993783360, 4029992620]
    >>> bool((stream_words(0, "w", 0, 9)[5:] == stream_words(0, "w", 5, 4)).all())
    True
    """
    source = stream(seed, name, role)
    start, count = whole(start, "the first of the element indices", 0), whole(count, "the count of elements", 0)
    if start + count > MAX_INDEX:
        raise InputError(f"element indices go from 0 to 2^63 - 1, got start={start}, count={count}.")
    if count > LARGE:
        memory.require(4 * count, f"the words of {count:,} elements", "Ask for fewer at a time.")
        from headstart.draws.backends import numba_backend

        return numba_backend.words(source, start, count)
    row: NDArray[np.uint32] = words_of_rows(source, np.array([start], np.uint64), count)[0]
    return row


def words_of_rows(source: Stream, starts: NDArray[np.uint64], length: int) -> NDArray[np.uint32]:
    """The words of many runs of equal length: row r holds the elements starts[r] to starts[r] + length - 1."""
    blocks = np.add.outer(starts >> np.uint64(2), np.arange((length + 6) // 4, dtype=np.uint64))  # (rows, blocks)
    c0, c1 = blocks & np.uint64(MASK), blocks >> np.uint64(32)
    c2, c3 = np.full_like(c0, source.c2), np.full_like(c0, source.c3)
    words = np.stack(philox_block(c0, c1, c2, c3, source.k0, source.k1), axis=-1).astype(np.uint32)
    words = words.reshape(
        blocks.shape[0], 4 * blocks.shape[1]
    )  # (rows, 4 blocks), the first up to three words of a row not asked for
    skips = starts & np.uint64(3)
    if len(starts) == 0 or (skips == skips[0]).all():
        skip = int(skips[0]) if len(starts) else 0
        return words[:, skip : skip + length]
    return np.take_along_axis(words, skips.astype(np.intp)[:, None] + np.arange(length), axis=1)


def _length_prefixed(text: str, what: str) -> bytes:
    if not isinstance(text, str) or not text:
        raise InputError(f"{what} must be a string that is not empty, got {text!r}.")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise InputError(
            f"{what} must be in Unicode's NFC form, got {text!r}. Pass unicodedata.normalize('NFC', name)."
        )
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what} must be valid Unicode text, got {text!r} with a lone surrogate.") from None
    return len(encoded).to_bytes(8, "little") + encoded
