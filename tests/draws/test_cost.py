"""What a draw takes is asked about first; what overflows or vanishes in its dtype is refused; so are endless pieces."""

from __future__ import annotations

import tracemalloc
from typing import Any

import jax
import numpy as np
import pytest

import headstart as hs
from headstart import memory
from headstart.draws.cost import MATRIX_BYTES, MOST_PIECES
from headstart.draws.dtypes import FORMATS
from headstart.layout import block_fans

HUGE = (2**20, 2**20)
SPECS = ("he", "zeros", "orthogonal", "identity", "sparse(0.5)")


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
@pytest.mark.parametrize("spec", SPECS)
def test_more_than_memory_holds_is_refused_with_the_size(spec: str, backend: str) -> None:
    hs.sample(spec, (4, 4), backend=backend)
    tracemalloc.start()
    try:
        with pytest.raises(hs.InputError, match=r"of shape \(1048576, 1048576\) in float32 needs [\d.]+ TiB"):
            hs.sample(spec, HUGE, backend=backend)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_limit_counts_the_bytes_of_the_dtype(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 2**21 * FORMATS[dtype].bytes
    monkeypatch.setenv(memory.VARIABLE, str(needed))
    assert hs.sample("he", (2**11, 2**10), dtype=dtype).nbytes == needed
    monkeypatch.setenv(memory.VARIABLE, str(needed - 1))
    with pytest.raises(hs.InputError, match="more than the limit"):
        hs.sample("he", (2**11, 2**10), dtype=dtype)
    assert hs.sample("he", (2**11, 2**10), dtype=dtype, out=np.empty((2**11, 2**10), dtype)).shape == (2**11, 2**10)
    assert hs.sample("he", (2**11, 2**10), dtype=dtype, region=[(0, 2**10), (0, 2**10)]).shape == (2**10, 2**10)


def test_a_shape_alone_takes_no_memory_in_jax() -> None:
    abstract = jax.eval_shape(lambda: hs.sample("he", HUGE, backend="jax"))
    assert abstract.shape == HUGE


def test_a_region_of_a_matrix_costs_the_matrix() -> None:
    with pytest.raises(hs.InputError, match="Orthogonal weights are made whole"):
        hs.sample("orthogonal", HUGE, region=[(0, 1), (0, 1)])
    with pytest.raises(hs.InputError, match="Sparse weights are made whole"):
        hs.sample("sparse(0.5)", HUGE, out=np.empty((1, 1), np.float32), region=[(0, 1), (0, 1)])
    assert hs.sample("he", HUGE, region=[(5, 7), (0, 3)]).shape == (2, 3)


@pytest.mark.parametrize("spec", ["orthogonal", "sparse(0.5)", "identity"])
def test_matrices_take_no_more_than_is_asked_for(spec: str) -> None:
    hs.sample(spec, (8, 8))
    tracemalloc.start()
    hs.sample(spec, (700, 700))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (MATRIX_BYTES + 4) * 700 * 700 + 2**20


def test_numpy_draws_in_parts() -> None:
    whole = hs.sample("he", (1500, 700))
    tracemalloc.start()
    found = hs.sample("he", (1500, 700), backend="numpy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found, whole)
    assert peak < found.nbytes + 50 * 2**20


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("orthogonal*1e39", "a gain must be from 1.18e-38 to 3.4e\\+38 in float32"),
        ("orthogonal*1e-39", "a gain must be from"),
        ("identity*1e300", "a gain must be from"),
        ("identity*1e-300", "a gain must be from"),
        ("sparse(0.5)*1e40", "nonzero_std must be from"),
        ("sparse(0.5, nonzero_std=1e-40)", "nonzero_std must be from"),
        ("constant(1e39)", "a constant must be finite in float32"),
        ("constant(1e-39)", "a constant must be 0 or at least 1.18e-38 in float32"),
        ("constant(-1e-39)", "a constant must be 0 or at least"),
        ("he*1e300", "every weight finite in float32"),
        ("he*1e-50", "subnormal"),
    ],
)
def test_what_the_dtype_cannot_hold_is_refused(spec: str, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.sample(spec, (6, 6))
    assert np.isfinite(hs.sample(spec, (6, 6), dtype="float64")).all()


def test_delta_orthogonal_has_the_same_limits() -> None:
    with pytest.raises(hs.InputError, match="a gain must be from"):
        hs.sample("delta_orthogonal*1e39", (4, 3, 3))


@pytest.mark.parametrize(
    ("spec", "shape", "layout"),
    [
        ("he", (2 * MOST_PIECES, 2, 2), "stack_out_in"),
        ("orthogonal", (2**16, 4, 2, 2), hs.Layout((1,), (2,), stack_axes=(0,), blocks=(1, 4))),
        ("delta_orthogonal", (2 * MOST_PIECES, 1, 3), hs.Layout((0,), (1,), groups=2 * MOST_PIECES)),
    ],
)
def test_more_pieces_than_seconds_take_are_refused(spec: str, shape: tuple[int, ...], layout: Any) -> None:
    with pytest.raises(hs.InputError, match="at most 131,072 pieces"):
        hs.sample(spec, shape, layout=layout)


def test_many_blocks_are_cut_at_once() -> None:
    layout = hs.Layout((0,), (1,), blocks=(0, 2**16))
    assert len(block_fans((2**16, 4), layout)) == 2**16
    assert hs.sample("he", (2**16, 4), layout=layout).shape == (2**16, 4)
