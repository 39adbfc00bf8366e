"""The bits of every backend where they are easily lost: ties of 16 bits, odd shapes, buffers with gaps, carries."""

from __future__ import annotations

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from draws_bits import bits, on_all_backends
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import draw_array
from headstart.draws.backends import jax_backend, numba_backend, torch_backend
from headstart.draws.backends.numpy_backend import elementwise
from headstart.draws.dtypes import numpy_dtype
from headstart.draws.normal import first_magnitude, normal_integers, uniform_integers
from headstart.draws.philox import MULTIPLIERS, philox_block
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle
from headstart.draws.streams import stream
from headstart.layout import Layout
from headstart.schemes import Draw, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform

DRAWS = [Normal(0.5), Uniform(-0.3, 0.3), TruncatedNormal(0.02, 2.0), TruncatedNormal(0.5, 1e-4)]
DTYPES = ("float32", "float64", "float16", "bfloat16")
SHAPE = (6, 4, 3, 5)

# --- sixteen bits ---------------------------------------------------------------------------------------------------


def ties(single: np.ndarray, dtype: str) -> np.ndarray:
    """Where a float32 number lies in the middle of two numbers of the 16-bit type: 0, or 1 or 2 if up or down is even.

    For normal results: the bits that are dropped are a one and zeros, and the last kept bit says which way is even.
    """
    dropped = 13 if dtype == "float16" else 16
    pattern = single.view(np.uint32)
    middle = pattern & (2**dropped - 1) == 2 ** (dropped - 1)
    return np.where(middle, np.where(pattern >> dropped & 1, 1, 2), 0)


@pytest.mark.parametrize("draw", [Normal(0.5), Uniform(-0.3, 0.3), TruncatedNormal(3.0, 2.0)], ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_ties_go_to_the_even_neighbour(dtype: str, draw: Draw) -> None:
    """2^20 draws have some 128 (float16) or 16 (bfloat16) ties, of both kinds; NumPy's and ml_dtypes' casts decide."""
    single = draw_array(draw, (2**20,), 1, "w", backend="numba")
    kinds = ties(single, dtype)
    assert {1, 2} <= set(kinds.tolist())
    chosen = np.concatenate([np.flatnonzero(kinds), np.arange(3000)])
    found = bits(draw_array(draw, (2**20,), 1, "w", dtype=dtype, backend="numba"))[chosen]
    assert np.array_equal(found, bits(single[chosen].astype(numpy_dtype(dtype))))
    tensor = torch.from_numpy(single[chosen]).to(getattr(torch, dtype))
    assert np.array_equal(found, bits(tensor))


@pytest.mark.parametrize("std", [2.0**-14, 3e-4, 9000.0])
def test_float16_at_both_ends_of_its_range(std: float) -> None:
    """Most weights of std 2^-14 are subnormal; those of 9000 reach 57,000 of 65,504."""
    single = draw_array(Normal(std), (2**17,), 2, "w")
    found = draw_array(Normal(std), (2**17,), 2, "w", dtype="float16")
    assert np.array_equal(bits(found), bits(single.astype(np.float16)))
    small = np.abs(found[found != 0]) < np.float16(2.0**-14)
    assert small.any() == (std < 1)


# --- shapes and memory ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("draw", DRAWS, ids=str)
def test_odd_shapes_on_all_backends(draw: Draw, dtype: str) -> None:
    """Regions that begin within a block, of any layout; sizes that a block divides and that it does not."""
    cases: list[tuple[tuple[int, ...], Any, Any]] = [
        (SHAPE, "out_in", None), (SHAPE, "in_out", [(1, 5), (0, 4), (1, 3), (1, 5)]),
        ((5, 8), "out_in", [(1, 5), (1, 5)]), ((7, 4), "out_in", [(1, 5), (0, 4)]),
        ((3, 5), "out_in", [(0, 3), (0, 4)]),
        ((9,), "out_in", [(3, 7)]), ((), "out_in", None), ((8, 3), "in_out", [(4, 8), (0, 3)]),
    ]  # fmt: skip
    for seed, (shape, layout, region) in enumerate(cases if dtype == "float32" else cases[1:2]):  # JAX compiles each
        whole = bits(draw_array(draw, shape, seed, "w", dtype=dtype, layout=layout, backend="numpy"))
        expected = whole if region is None else whole[tuple(slice(*span) for span in region)]
        for backend, found in on_all_backends(draw, shape, seed, "w", dtype, layout=layout, region=region).items():
            assert np.array_equal(found, expected), (backend, shape)


@settings(max_examples=300)
@given(st.data(), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.sampled_from(["out_in", "in_out"]))
def test_jax_makes_blocks_only_along_an_axis_that_no_row_misaligns(
    data: st.DataObject, shape: list[int], layout: str
) -> None:
    """Every four neighbours along it are words 0 to 3 of one block, wherever the other axes stand."""
    starts = [data.draw(st.integers(0, size - 1)) for size in shape]
    region = [(start, data.draw(st.integers(start + 1, size))) for start, size in zip(starts, shape, strict=True)]
    where = rectangle(shape, layout, region)
    axis = jax_backend._block_axis(where.shape, where.steps)
    places = np.indices(where.shape).reshape(len(shape), -1).T
    if axis is not None:
        assert where.shape[axis] % 4 == 0
        assert all(int(place @ where.steps) % 4 == place[axis] % 4 for place in places)


def test_jax_makes_blocks_where_it_can() -> None:
    for shape, layout, axis in (
        ((6, 8), "out_in", 1), ((8, 6), "in_out", 0), ((3, 5), "out_in", None), ((1, 12), "out_in", 1),
        ((6, 4, 3, 4), "out_in", 3), ((6, 4, 3, 5), "out_in", None),
    ):  # fmt: skip
        where = rectangle(shape, layout)
        assert jax_backend._block_axis(where.shape, where.steps) == axis


AXES = [Layout((0,), (1,)), Layout((-1,), (-2,)), Layout((1,), (3,)), Layout((2, 0), (1,))]


@given(
    st.data(), st.sampled_from(DRAWS), st.sampled_from(DTYPES), st.integers(0, 2**64 - 1), st.sampled_from(AXES),
    st.integers(1, 3),
)  # fmt: skip
def test_buffers_with_any_strides_hold_the_same_bits(
    data: st.DataObject, draw: Draw, dtype: str, seed: int, layout: Layout, threads: int
) -> None:
    """Layout in any order, with gaps, backwards (not in torch); regions of any layout; nothing else is touched."""
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=4, max_size=4)))
    region = [(start, data.draw(st.integers(start, n))) for n in shape for start in [data.draw(st.integers(0, n - 1))]]
    how, where = recipe(draw, dtype), rectangle(shape, layout, region)
    expected = elementwise(how, stream(seed, "w"), where, None, None, None)
    order = data.draw(st.permutations(range(4)))
    gaps = data.draw(st.tuples(*[st.integers(1, 3)] * 4))
    for backend in ("numpy", "numba", "torch"):
        size = [where.shape[axis] * gap for axis, gap in zip(order, gaps, strict=True)]
        steps = [slice(None, None, gap * (1 if backend == "torch" else data.draw(st.sampled_from([1, -1]))))
                 for gap in gaps]  # fmt: skip
        back = np.argsort(order).tolist()
        memory: Any = torch.full(size, 7.0, dtype=getattr(torch, dtype))
        if backend != "torch":
            memory = np.full(size, 7, numpy_dtype(dtype))
        cut = memory[tuple(steps)]
        out = cut.permute(back) if backend == "torch" else cut.transpose(back)
        found = draw_array(
            draw, shape, seed, "w", dtype=dtype, layout=layout, region=region, out=out, backend=backend, threads=threads
        )
        assert found is out
        assert np.array_equal(bits(out), bits(expected)), backend
        assert int((memory == 7).sum()) == int(np.prod(size)) - expected.size, backend


def test_torch_subclasses_are_filled_by_tensor_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their memory may be anything, so the compiled kernel leaves it alone; parts are drawn one after another."""

    class Wrapped(torch.Tensor):
        pass

    monkeypatch.setattr(torch_backend, "PART", 50)
    for draw in DRAWS:
        expected = draw_array(draw, (6, 4, 15), 3, "w", layout="in_out")
        out = torch.zeros(6, 4, 15).as_subclass(Wrapped)
        with monkeypatch.context() as patch:
            patch.setattr(torch_backend.numba_backend, "fill", None)  # calling it would fail
            assert draw_array(draw, (6, 4, 15), 3, "w", out=out, backend="torch", layout="in_out") is out
        assert np.array_equal(bits(out.as_subclass(torch.Tensor)), bits(expected))


@pytest.mark.parametrize("draw", [Normal(1.0), Orthogonal(1.0), Sparse(0.5, 1.0)], ids=str)
def test_parameters_that_need_gradients_are_filled(draw: Draw) -> None:
    parameter = torch.nn.Parameter(torch.zeros(6, 4, dtype=torch.float64))
    draw_array(draw, (6, 4), 3, "w", out=parameter, backend="torch", dtype="float64")
    assert parameter.requires_grad
    assert parameter.grad_fn is None
    np.testing.assert_allclose(parameter.detach(), draw_array(draw, (6, 4), 3, "w", dtype="float64"), atol=1e-12)


# --- integer arithmetic in halves -----------------------------------------------------------------------------------

WORDS = st.integers(0, 2**32 - 1)
EDGES = [0, 1, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1]


@given(st.lists(WORDS | st.sampled_from(EDGES), min_size=8, max_size=8), st.lists(WORDS, min_size=8, max_size=8))
def test_high_halves_of_products(x: list[int], y: list[int]) -> None:
    """JAX's and torch's products in pieces, against Python's whole numbers."""
    expected = [a * b >> 32 for a, b in zip(x, y, strict=True)]
    assert jax_backend._high_product(jnp.array(x, jnp.uint32), jnp.array(y, jnp.uint32)).tolist() == expected
    for multiplier in MULTIPLIERS:
        high, low = torch_backend._product(torch.tensor(x), multiplier)
        assert high.tolist() == [a * multiplier >> 32 for a in x]
        assert low.tolist() == [a * multiplier & 0xFFFFFFFF for a in x]


@pytest.mark.parametrize("first", [0, first_magnitude(2.0), first_magnitude(0.01)])
def test_words_at_the_edges_of_the_tables_segments(first: int) -> None:
    """Where a float's exponent could round up, or a leading zero be miscounted: once in 2^24 words, never by chance."""
    places = ((zeros, part, off) for zeros in range(32) for part in range(33) for off in (-2, -1, 0, 1))
    edges = [(32 + part << 26 >> zeros) // 2 + off for zeros, part, off in places]
    magnitudes = sorted({m for m in edges if 0 <= m < 2**31} | {0, 1, 2**31 - 1})
    words = np.array([*magnitudes, *(m + 2**31 for m in magnitudes)], np.uint32)
    expected = normal_integers(words, first)
    table = torch_backend._table(torch.device("cpu"))
    ours = torch_backend._normal_integers(torch.from_numpy(words.astype(np.int64)), first, table)
    assert np.array_equal(ours, expected)
    assert np.array_equal(jax_backend._integers(jnp.asarray(words), "normal", jnp.uint32(first)), expected)
    assert np.array_equal(jax_backend._integers(jnp.asarray(words), "uniform", jnp.uint32(0)), uniform_integers(words))


@settings(max_examples=30)
@given(
    st.integers(0, 2**62) | st.sampled_from([2**32 - 1, 2**32 - 3, 2**33 - 2, 0]),
    st.sampled_from([1, 3, 2**31, 2**32 - 1, 2**32, 2**32 + 5, 2**45 + 7]), st.integers(0, 2**40),
)  # fmt: skip
def test_jax_indices_carry_past_two_to_the_32(base: int, first: int, second: int) -> None:
    low, high = jax_backend._indices(jnp.array([base % 2**32, base >> 32], jnp.uint32), (5, 3), (first, second))
    found = np.asarray(low).astype(object) + np.asarray(high).astype(object) * 2**32
    assert found.tolist() == [[(base + i * first + j * second) % 2**64 for j in range(3)] for i in range(5)]


@given(
    st.lists(st.integers(0, 2**61 - 1), min_size=5, max_size=5), st.integers(0, 2**64 - 1), st.text("ab.", min_size=1)
)
def test_philox_of_jax_and_torch_is_the_references(blocks: list[int], seed: int, name: str) -> None:
    """Block numbers of 61 bits: both counter words in use."""
    source = stream(seed, name)
    low, high = np.array([b % 2**32 for b in blocks], np.uint64), np.array([b >> 32 for b in blocks], np.uint64)
    c2, c3 = np.full(5, source.c2, np.uint64), np.full(5, source.c3, np.uint64)
    expected = np.stack(philox_block(low, high, c2, c3, source.k0, source.k1), axis=-1)
    ours = jax_backend.words_of_block(
        jnp.asarray(low, jnp.uint32), jnp.asarray(high, jnp.uint32), jnp.array(source, jnp.uint32)
    )
    assert np.array_equal(np.stack(ours, axis=-1), expected)
    assert np.array_equal(torch_backend._philox(torch.tensor(blocks), tuple(source)), expected)


# --- threads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "block", "begins"), [(0, 4, []), (4, 4, [0]), (5, 4, [0, 4]), (9, 4, [0, 4, 8])])
@pytest.mark.parametrize("threads", [None, 1, 2, 8])
def test_every_block_is_worked_once(size: int, block: int, begins: list[int], threads: int | None) -> None:
    found: list[int] = []
    numba_backend.run_blocks(found.append, size, threads, block)
    assert sorted(found) == begins


def test_at_most_so_many_threads() -> None:
    """One thread is the caller's own; of two, no third is ever inside."""
    import threading

    where: set[int] = set()
    numba_backend.run_blocks(lambda begin: where.add(threading.get_ident()), 100, 1, 1)
    assert where == {threading.get_ident()}
    where.clear()
    numba_backend.run_blocks(lambda begin: where.add(threading.get_ident()), 100, 2, 1)
    assert 1 <= len(where) <= 2


def test_processors_are_those_this_process_may_use() -> None:
    assert 1 <= numba_backend.usable_processors() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        assert numba_backend.usable_processors() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("threads", [1, 2])
def test_what_fails_on_a_thread_is_not_lost(threads: int) -> None:
    def work(begin: int) -> None:
        if begin == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        numba_backend.run_blocks(work, 5, threads, 1)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_a_whole_number_of_at_least_one(threads: Any) -> None:
    for shape in ((4, 4), (0, 4)):
        with pytest.raises(hs.InputError, match="threads must be a whole number of at least 1, got"):
            hs.sample("normal(1)", shape, threads=threads)


def test_jax_refuses_float64_only_where_it_is_off() -> None:
    with jax.enable_x64(False), pytest.raises(hs.InputError, match="jax_enable_x64"):
        hs.sample("normal(1)", (3,), dtype="float64", backend="jax")
    with jax.enable_x64(True):
        assert hs.sample("normal(1)", (3,), dtype="float64", backend="jax").dtype == np.float64
    assert hs.sample("normal(1)", (3,), backend="jax", device=jax.devices()[0]).dtype == np.float32
