"""The standard normal from one random word, in integers only: bits that no library, compiler or processor can change.

A word is a sign (bit 31) and a magnitude m (31 bits). The tail probability is p = (2m + 1) 2^-33, and the result is
-Phi^-1(p) as an integer in units of 2^-28 sigma. Over p, every octave is cut into 32 segments, found by the leading
one of 2m + 1 and the five bits after it; on each segment a cubic in t, the rest of the bits as a fraction, stands in
one row (c0, c1, c2, c3) of the table, evaluated by Horner's rule with high halves of 32-bit products:

    z = c0 - ((hi((c1 - hi((c2 - hi(c3 t)) t/64)) t) + c3 mod 64) >> 6),      hi(x) = x >> 32,  t in units of 2^-32

c1 has 6 guard bits, c2 and c3 have 12; the low 6 bits of c3 carry what rounding c0 lost. All inputs were tried: the
result never rises with m, the error is below 2.9e-9, E z^2 = 1 - 3e-10 and E z^4 = 3 - 3e-8; |z| <= 6.338.
The table is made by tools/make_normal_table.py.
"""

from __future__ import annotations

import functools
import hashlib
import io
import math
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNIT_BITS = 28
UNIT = 2.0**-UNIT_BITS  # of the integers, in standard deviations
LARGEST = 1701332580 * UNIT  # |z| of the rarest words
TABLE_SHA256 = "464dca5ff40ba19045297e7bec48fd7589093147d3e7367c38031190db69679a"
_FILE = Path(__file__).with_name("normal_table.npy")
_loading = threading.Lock()


def table() -> NDArray[np.uint32]:
    """The table, (1024, 4): row 32 e + j is the segment with e leading zeros and the five bits j after the one.

    One for the process, also where threads ask for it at once: compiled code keeps its address.
    """
    with _loading:
        return _load()


@functools.cache
def _load() -> NDArray[np.uint32]:
    rows = np.load(io.BytesIO(_FILE.read_bytes()), allow_pickle=False)
    found = hashlib.sha256(rows.astype("<u4").tobytes()).hexdigest()
    if found != TABLE_SHA256:
        raise RuntimeError(f"{_FILE.name} is damaged: its SHA-256 is {found}. Install headstart again.")
    aligned = np.empty(rows.size + 16, np.uint32)  # the compiled kernel loads a row as one 16-byte vector
    skip = -aligned.ctypes.data % 64 // 4
    result = aligned[skip : skip + rows.size].reshape(rows.shape)
    result[...] = rows
    result.flags.writeable = False
    return result


def upper_quantile(magnitudes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """z >= 0 with P(Z > z) = (2m + 1) 2^-33, in units of 2^-28, for magnitudes m below 2^31."""
    odd = 2 * magnitudes + np.uint64(1)
    zeros = (32 - np.frexp(odd.astype(np.float64))[1]).astype(np.uint64)  # leading zeros of 32 bits; exact
    normalized = odd << zeros
    segments = (normalized >> np.uint64(26)) - np.uint64(32) + np.uint64(32) * zeros
    c0, c1, c2, c3 = np.moveaxis(table().astype(np.uint64)[segments.astype(np.intp)], -1, 0)
    part = normalized & np.uint64(2**26 - 1)
    t = part << np.uint64(6)
    a = c2 - _high(c3 * t)
    a = c1 - _high(a * part)
    z: NDArray[np.int64] = (c0 - (_high(a * t) + (c3 & np.uint64(63)) >> np.uint64(6))).astype(np.int64)
    return z


def normal_integers(words: NDArray[np.uint32], first_magnitude: int = 0) -> NDArray[np.int32]:
    """The standard normal numbers of random words, int32 in units of 2^-28.

    With `first_magnitude` the magnitudes are squeezed into [first_magnitude, 2^31), which cuts the tails.
    """
    wide = words.astype(np.uint64)
    magnitudes = wide & np.uint64(2**31 - 1)
    magnitudes = np.uint64(first_magnitude) + (magnitudes * np.uint64(2**31 - first_magnitude) >> np.uint64(31))
    z = upper_quantile(magnitudes)
    return np.where(wide >> np.uint64(31) != 0, -z, z).astype(np.int32)


def uniform_integers(words: NDArray[np.uint32]) -> NDArray[np.int32]:
    """The upper 24 bits k of each word as the odd integer 2k + 1 - 2^24: uniform and symmetric in (-2^24, 2^24)."""
    return (2 * (words >> np.uint32(8)).astype(np.int32) + np.int32(1)) - np.int32(2**24)


@functools.lru_cache(maxsize=256)
def first_magnitude(cut: float) -> int:
    """The smallest magnitude whose |z| is below the cut (in standard deviations), by bisection.

    The limit is 2^-22 (relative) inside the cut, so that the three roundings to float32 cannot reach it.
    """
    if cut > LARGEST * 1.001:
        return 0
    limit = math.floor(cut * (1 - 2.0**-22) * 2**UNIT_BITS)
    low, high = 0, 2**31 - 1  # z falls with m: the answer is in [low, high]
    while low < high:
        middle = (low + high) // 2
        inside = int(upper_quantile(np.array([middle], np.uint64))[0]) <= limit
        low, high = (low, middle) if inside else (middle + 1, high)
    return low


def _high(product: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return product >> np.uint64(32)
