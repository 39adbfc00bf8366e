"""Make the table of the integer inverse normal CDF, once and for all, with mpmath at 40 digits.

    python tools/make_normal_table.py            # print the SHA-256 and compare with the shipped file
    python tools/make_normal_table.py --write    # write src/headstart/draws/normal_table.npy

What a row means stands in `headstart.draws.normal`. Each segment's cubic interpolates -Phi^-1 at four Chebyshev nodes
stretched so that the outer two fall on the segment's ends: neighbouring segments then meet, which keeps the whole
function monotone, and the error is 1.4 times that of the best cubic.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

OCTAVES, PARTS = 32, 32  # by leading zeros of the 32-bit tail word, and by the five bits after the leading one
RESULT_BITS = 28  # results are multiples of 2^-28 sigma
GUARD_BITS = 6  # c1 has six more bits, c2 and c3 twelve
FILE = Path(__file__).parents[1] / "src" / "headstart" / "draws" / "normal_table.npy"

mp.mp.dps = 40
_stretched = [mp.cos((2 * k + 1) * mp.pi / 8) / mp.cos(mp.pi / 8) for k in range(4)]
NODES = [(1 - node) / 2 for node in _stretched]  # 0, 0.29, 0.71, 1
INTERPOLATE = mp.matrix([[node**power for power in range(4)] for node in NODES]) ** -1


def upper_quantile(p: mp.mpf) -> mp.mpf:
    """The z with P(Z > z) = p, for 0 < p <= 1/2: Newton's method on the tail probability from its asymptotic form."""
    if p > mp.mpf(2) ** -20:
        return mp.sqrt(2) * mp.erfinv(1 - 2 * p)
    z = mp.sqrt(-2 * mp.log(p))
    z -= (mp.log(z) + mp.log(2 * mp.pi) / 2) / z
    for _ in range(8):
        z += (mp.erfc(z / mp.sqrt(2)) / 2 - p) / mp.npdf(z)
    return z


def segment(octave: int, part: int) -> tuple[int, int, int, int]:
    """The row (c0, c1, c2, c3) of one segment: tail probabilities (32 + part + t) 2^(-7 - octave) for t in [0, 1)."""
    probabilities = [(32 + part + node) * mp.mpf(2) ** (-7 - octave) for node in NODES]
    values = mp.matrix([upper_quantile(p) * 2**RESULT_BITS for p in probabilities])
    b0, b1, b2, b3 = INTERPOLATE * values
    c0 = int(mp.nint(b0))
    # What c0 rounds away, and the half that turns a floor into a rounding, travel in the low bits of c3.
    rounding = min(2**GUARD_BITS - 1, int(mp.nint((c0 - b0 + mp.mpf(1) / 2) * 2**GUARD_BITS)))
    c1 = int(mp.nint(-b1 * 2**GUARD_BITS))
    c2 = int(mp.nint(b2 * 4**GUARD_BITS))
    c3 = int(mp.nint(-b3 * 2**GUARD_BITS)) * 2**GUARD_BITS + rounding
    return c0, c1, c2, c3


def make_table() -> NDArray[np.uint32]:
    """All rows, (1024, 4)."""
    rows = [segment(octave, part) for octave in range(OCTAVES) for part in range(PARTS)]
    return np.array(rows, np.dtype("<u4"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make or check the table of the integer inverse normal CDF.")
    parser.add_argument("--write", action="store_true", help="write the file instead of comparing with it")
    write = parser.parse_args().write
    table = make_table()
    print("SHA-256", hashlib.sha256(table.tobytes()).hexdigest())
    if write:
        np.save(FILE, table, allow_pickle=False)
        print("written to", FILE.name)
    else:
        same = np.array_equal(table, np.load(FILE, allow_pickle=False))
        print("equal to the shipped table" if same else "DIFFERENT from the shipped table")
        raise SystemExit(not same)
