"""Wrong arguments: the message says the rule, and a buffer is as it was."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pytest
import torch

import headstart as hs
from headstart.draws import draw_array
from headstart.schemes import Constant, Normal, Sparse, TruncatedNormal, Uniform
from headstart.schemes.distributions import truncated_std

GOOD: dict[str, Any] = {"draw": Normal(1.0), "shape": (4,), "seed": 0, "name": "w"}
strided = np.lib.stride_tricks.as_strided


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"draw": Normal(-1.0)}, "standard deviation must be a positive, finite number, got -1.0"),
        ({"draw": Normal(float("nan"))}, "positive, finite number, got nan"),
        ({"draw": Normal(float("inf"))}, "positive, finite number, got inf"),
        ({"draw": Normal(0.0)}, "positive, finite number, got 0.0"),
        ({"draw": Normal(1e-40)}, "at least 3.16e-30 in float32.*subnormal"),
        ({"draw": Normal(1e-6), "dtype": "float16"}, "at least 6.1e-05 in float16"),
        ({"draw": Normal(1e38)}, "every weight finite in float32"),
        ({"draw": Normal(20000.0), "dtype": "float16"}, "every weight finite in float16"),
        ({"draw": Uniform(-1.0, 2.0)}, "must be symmetric"),
        ({"draw": TruncatedNormal(1.0, 0.0)}, "cut must be a positive"),
        ({"draw": TruncatedNormal(1.0, -2.0)}, "cut must be a positive"),
        ({"draw": TruncatedNormal(1.0, float("nan"))}, "cut must be a positive"),
        ({"draw": Constant(float("inf"))}, "constant must be a finite number, got inf"),
        ({"draw": Constant(1e5), "dtype": "float16"}, "constant must be finite in float16"),
        ({"draw": Sparse(1.0, 0.1), "shape": (4, 4)}, "sparsity between 0 and 1"),
        ({"shape": (-1, 3)}, "size of a shape must be an integer of at least 0"),
        ({"shape": (2.5,)}, "sequence of integers"),
        ({"shape": (True, 2)}, "sequence of integers"),
        ({"shape": 5}, "sequence of integers"),
        ({"shape": (2**40, 2**40)}, "fewer than 2\\^63"),
        ({"shape": (2**63,)}, "fewer than 2\\^63"),
        ({"shape": (0, 2**70)}, "fewer than 2\\^63"),
        ({"shape": (10**5000,)}, "fewer than 2\\^63"),
        ({"shape": (1,) * 70}, "at most 32 axes"),
        ({"shape": {3, 4}}, "sequence of integers"),
        ({"shape": iter((3, 4))}, "sequence of integers"),
        ({"shape": np.ones((2, 2), int)}, "sequence of integers"),
        ({"layout": ["out_in"]}, "unknown layout"),
        ({"region": [(True, 2)]}, "limits are integers"),
        ({"seed": -1}, "whole number from 0 to 2\\^64 - 1, got -1"),
        ({"seed": 2**64}, "whole number from 0 to 2\\^64 - 1"),
        ({"seed": True}, "whole number from 0 to 2\\^64 - 1, got True"),
        ({"seed": 1.0}, "whole number from 0 to 2\\^64 - 1, got 1.0"),
        ({"seed": "0"}, "whole number from 0 to 2\\^64 - 1, got '0'"),
        ({"name": ""}, "not empty"),
        ({"name": unicodedata.normalize("NFD", "é")}, "NFC form"),
        ({"name": "\ud800"}, "lone surrogate"),
        ({"name": None}, "must be a string"),
        ({"dtype": "int32"}, "unknown dtype 'int32'"),
        ({"dtype": None}, "unknown dtype 'None'"),
        ({"dtype": ">f4"}, "byte order"),
        ({"region": [(0, 5)]}, "inside the shape"),
        ({"region": [(-1, 2)]}, "inside the shape"),
        ({"region": [(3, 2)]}, "inside the shape"),
        ({"region": [(0, 1), (0, 1)]}, "one \\(start, stop\\) per axis"),
        ({"region": [slice(0, 4, 2)]}, "step 1"),
        ({"region": [(0.5, 2)]}, "limits are integers"),
        ({"layout": "oi"}, "unknown layout"),
        ({"backend": "numbra"}, "Did you mean 'numba'"),
        ({"threads": 0}, "threads must be"),
        ({"device": "cpu", "backend": "numba"}, "device is for backends"),
        ({"backend": "torch", "device": "nowhere"}, "must be a torch device"),
        ({"backend": "jax", "device": "cpu"}, "JAX device or sharding"),
        (
            {"backend": "jax", "out": np.zeros(4, np.float32)},
            "one library, got backend='jax' and out=ndarray",
        ),
        ({"backend": "jax", "dtype": "float64"}, "jax_enable_x64"),
        ({"out": [0.0] * 4}, "must be a NumPy array"),
        ({"out": torch.zeros(4), "backend": "numba"}, "must mean one library, got backend='numba' and out=Tensor"),
        ({"out": np.zeros(5, np.float32)}, "shape of the result"),
        ({"out": np.zeros(4)}, "must hold float32, got float64. Pass dtype='float64'"),
        ({"out": strided(np.zeros(1, np.float32), (4,), (0,))}, "overlap itself"),
        ({"out": strided(np.zeros(9, np.float32), (3, 3), (4, 4)), "shape": (3, 3)}, "overlap itself"),
        ({"out": torch.zeros(1).expand(4), "backend": "torch"}, "overlap itself"),
        ({"out": torch.zeros(4, dtype=torch.int32), "backend": "torch"}, "must hold float32"),
        ({"out": torch.zeros(4, dtype=torch.float64), "backend": "torch"}, "Pass dtype='float64'"),
        ({"out": torch.zeros(4).to_sparse(), "backend": "torch"}, "must be a strided tensor"),
        ({"out": torch.zeros(5), "backend": "torch"}, "shape of the result"),
        ({"out": np.zeros(4, np.float32), "backend": "torch"}, "got backend='torch' and out=ndarray"),
        ({"out": [0.0] * 4, "backend": "torch"}, "must be a torch tensor"),
        ({"out": np.zeros((4, 1), np.float32)}, "shape of the result"),
        ({"out": torch.zeros(4), "backend": "torch", "device": "meta"}, "on the device asked for"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_arguments(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        draw_array(**{**GOOD, **changed})


def test_a_read_only_buffer() -> None:
    out = np.zeros(4, np.float32)
    out.flags.writeable = False
    with pytest.raises(hs.InputError, match="read-only"):
        hs.sample("normal(1)", (4,), out=out)


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"name": ""}, {"region": [(0, 9)]}, {"spec": "normal(1e-40)"}, {"spec": "orthogonal"}]
)
def test_the_buffer_is_unchanged_after_an_error(wrong: dict[str, Any]) -> None:
    for backend, out in (("numba", np.full(4, 7.0, np.float32)), ("torch", torch.full((4,), 7.0))):
        with pytest.raises(hs.InputError):
            hs.sample(**{"spec": "normal(1)", "shape": (4,), "out": out, "backend": backend, **wrong})
        assert (out == 7).all()


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
def test_sizes_of_zero_give_empty_arrays(backend: str) -> None:
    for spec in ("he", "normal(1)", "orthogonal"):
        assert tuple(hs.sample(spec, (3, 0, 2), backend=backend).shape) == (3, 0, 2)
    assert tuple(draw_array(Normal(1.0), (3, 0), 0, "w", backend=backend).shape) == (3, 0)
    assert tuple(hs.sample("normal(1)", (5,), region=[(2, 2)], backend=backend).shape) == (0,)


def test_words_and_counters() -> None:
    with pytest.raises(hs.InputError, match="element indices"):
        hs.stream_words(0, "w", -1, 3)
    with pytest.raises(hs.InputError, match="element indices"):
        hs.stream_words(0, "w", 2**63 - 1, 2)
    with pytest.raises(hs.InputError, match="must be a whole number"):
        hs.stream_words(0, "w", 0, 1.5)
    with pytest.raises(hs.InputError, match="4 words"):
        hs.philox4x32([0, 0, 0], [0, 0])
    for word in (2**32, -1, 0.5):
        with pytest.raises(hs.InputError, match="from 0 to 2\\^32 - 1"):
            hs.philox4x32([0, 0, 0, word], [0, 0])
    for rounds in (-1, 2**40):
        with pytest.raises(hs.InputError, match="rounds must be a whole number from 0 to 1,000"):
            hs.philox4x32([0, 0, 0, 0], [0, 0], rounds=rounds)
    with pytest.raises(hs.InputError, match="must broadcast"):
        hs.philox4x32(np.zeros((2, 4), int), np.zeros((3, 2), int))
    with pytest.raises(hs.InputError, match="rows of different lengths"):
        hs.philox4x32([[0, 0, 0, 0], [0]], [0, 0])
    with pytest.raises(hs.InputError, match=r"the words of .* elements needs"):
        hs.stream_words(0, "w", 0, 2**62)


def test_new_schemes_by_name_and_string() -> None:
    assert hs.siren.std(6, 1) == pytest.approx(1 / 30 / 3**0.5)
    assert hs.scheme("siren(first=true)").std(10, 1) == pytest.approx(0.1 / 3**0.5)
    assert hs.sparse(0.9) == hs.scheme("sparse(0.9)")
    with pytest.raises(hs.InputError, match="positive and below 1"):
        hs.sparse(1.0)


def test_std_of_small_cuts_keeps_its_digits() -> None:
    """The series meets the closed form at 0.03, and a tiny cut leaves a uniform distribution's cut/sqrt(3)."""
    assert truncated_std(0.03 - 1e-12) == pytest.approx(truncated_std(0.03), rel=1e-10)
    assert truncated_std(1e-8) == pytest.approx(1e-8 / 3**0.5, rel=1e-12)
