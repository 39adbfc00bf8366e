"""Twenty draws and the SHA-256 of their bits, which every backend, machine and version must give.

They may change only together with `headstart.draws.FORMAT_VERSION`.
"""

from __future__ import annotations

import hashlib

import numpy as np

from headstart.draws import FORMAT_VERSION
from headstart.schemes import Normal, TruncatedNormal, Uniform

GOLDEN_FORMAT_VERSION = 1

# draw, shape, seed, name, dtype, first 16 hexadecimal digits of the hash of the little-endian bits
GOLDEN = [
    (Normal(0.5), (1000,), 0, "w", "float32", "b36dfaff5e758620"),
    (Normal(0.02), (64, 3, 5, 5), 1, "conv1.weight", "float32", "cf5ad5e22d1195ea"),
    (Normal(10.0), (), 7, "scale", "float32", "a67f28992356f664"),
    (Normal(1e-29), (33, 7), 18446744073709551615, "tiny", "float32", "89eedc34349d3997"),
    (Normal(1.0), (129,), 3, "layers.0.weight", "float64", "0fb0bff7f773ddc2"),
    (Normal(1.0), (129,), 3, "layers.0.weight", "float16", "344aeda4a6f340e3"),
    (Normal(1.0), (129,), 3, "layers.0.weight", "bfloat16", "f71878b224e4ec00"),
    (Normal(0.0001), (100, 10), 4, "nearly.subnormal", "float16", "c9f80ef2e96dab3b"),
    (Normal(1e37), (50,), 5, "huge", "bfloat16", "3f783470a8278ea0"),
    (Uniform(-0.1, 0.1), (1001,), 0, "w", "float32", "546c31833ea8722f"),
    (Uniform(-3.0, 3.0), (12, 12), 6, "Gewicht.ö", "float32", "8c2a29c37ac0858b"),
    (Uniform(-1.0, 1.0), (77,), 8, "w", "float64", "c3cc93175fa3e483"),
    (Uniform(-1.0, 1.0), (77,), 8, "w", "float16", "96a941b15b9afb6f"),
    (Uniform(-1.0, 1.0), (77,), 8, "w", "bfloat16", "fb9afe7c1978d8eb"),
    (TruncatedNormal(0.02, 2.0), (256, 9), 0, "embedding", "float32", "8fc75734b604e145"),
    (TruncatedNormal(1.0, 0.5), (300,), 9, "w", "float32", "37f67e8a60faf577"),
    (TruncatedNormal(1.0, 6.5), (300,), 9, "w", "float64", "582610f02750248f"),
    (TruncatedNormal(1.0, 3.0), (300,), 9, "w", "float16", "e4c46a91f04effb7"),
    (TruncatedNormal(1.0, 3.0), (300,), 9, "w", "bfloat16", "021a15de1744e0ed"),
    (TruncatedNormal(1.0, 0.0001), (300,), 9, "w", "float32", "085dccf74ec28160"),
]


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]


def differing(backend: str, dtypes: tuple[str, ...] = ("float32", "float64", "float16", "bfloat16")) -> int:
    """How many of the twenty (of these dtypes) differ on a backend; what the tests run in other processes too."""
    from draws_bits import bits

    from headstart.draws import draw_array

    assert FORMAT_VERSION == GOLDEN_FORMAT_VERSION
    cases = [case for case in GOLDEN if case[4] in dtypes]
    return sum(
        digest(bits(draw_array(draw, shape, seed, name, dtype=dtype, backend=backend))) != expected
        for draw, shape, seed, name, dtype, expected in cases
    )
