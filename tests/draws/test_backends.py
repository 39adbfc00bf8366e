"""The same bits from NumPy, compiled code, PyTorch and JAX; for any number of threads, block size and processor."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from draws_bits import bits, on_all_backends
from draws_golden import GOLDEN, digest

import headstart as hs
from headstart.draws import BACKENDS, draw_array
from headstart.draws.backends import numba_backend, torch_backend
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle
from headstart.draws.streams import stream
from headstart.layout import Layout
from headstart.schemes import Constant, Identity, Normal, Sparse, TruncatedNormal, Uniform

HERE = Path(__file__).parent
DRAWS = [Normal(0.5), Uniform(-0.3, 0.3), TruncatedNormal(0.02, 2.0)]
DTYPES = ("float32", "float64", "float16", "bfloat16")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case[0]}-{case[4]}")
def test_golden_hashes_on_all_backends(case: tuple) -> None:
    draw, shape, seed, name, dtype, expected = case
    for backend, found in on_all_backends(draw, shape, seed, name, dtype).items():
        assert digest(found) == expected, backend


def test_golden_hashes_see_one_bit() -> None:
    draw, shape, seed, name, dtype, expected = GOLDEN[0]
    found = bits(draw_array(draw, shape, seed, name, dtype=dtype))
    found[17] ^= 1
    assert digest(found) != expected


@pytest.mark.parametrize("layout", ["out_in", "in_out", Layout((1,), (2,))])
@pytest.mark.parametrize("shape", [(6, 4, 3, 5), (8, 8, 4), (5, 2, 1)])
@pytest.mark.parametrize("draw", DRAWS, ids=str)
def test_layouts(draw: Normal, shape: tuple[int, ...], layout: str | Layout) -> None:
    """Any layout is the canonical weight transposed, on every backend."""
    found = on_all_backends(draw, shape, 3, "w", layout=layout)
    order = rectangle(shape, layout).order
    canonical = bits(draw_array(draw, [shape[axis] for axis in order], 3, "w"))
    for backend, array in found.items():
        assert np.array_equal(array.transpose(order), canonical), backend


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_result_is_of_its_library(dtype: str) -> None:
    import jax

    kinds = {"numpy": np.ndarray, "numba": np.ndarray, "torch": torch.Tensor, "jax": jax.Array}
    for backend, kind in kinds.items():
        with jax.enable_x64(dtype == "float64"):
            for scheme in ("he", "orthogonal", "zeros", "sparse(0.5)"):
                weights = hs.sample(scheme, (6, 4), dtype=dtype, backend=backend)
                assert isinstance(weights, kind)
                assert str(weights.dtype).removeprefix("torch.") == dtype
                assert tuple(weights.shape) == (6, 4)


@pytest.mark.parametrize("draw", [Identity(0.3), Sparse(0.6, 0.1), Constant(0.1)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES[:1] + DTYPES[2:])
def test_exact_matrices_have_the_same_bits(draw: Identity, dtype: str) -> None:
    found = [bits(draw_array(draw, (6, 4, 3), 0, "w", dtype=dtype, backend=backend)) for backend in BACKENDS]
    assert all(np.array_equal(found[0], other) for other in found)


@pytest.mark.parametrize("draw", DRAWS, ids=str)
@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("block", [1, 7, 33, 1000, 4099])
def test_threads_and_blocks_change_nothing(draw: Normal, threads: int, block: int) -> None:
    shape = (41, 10, 11) if block > 1 else (7, 10)
    recipe_, source = recipe(draw, "float32"), stream(0, "w")
    out = np.full(shape, np.nan, np.float32)
    numba_backend.fill(out, recipe_, source, rectangle(shape), threads, block)
    assert np.array_equal(bits(out), bits(draw_array(draw, shape, 0, "w", backend="numpy")))


def test_indices_past_two_to_the_32() -> None:
    """Shapes far larger than memory; a 32-bit index would give the first elements again."""
    regions = {
        (2**20, 2**20): [(2**19, 2**19 + 3), (5, 77)],
        (2**40, 3): [(2**39 + 1, 2**39 + 5), (0, 3)],
        (2**31, 4): [(2**31 - 2, 2**31), (0, 4)],
        (2**62 + 5,): [(2**62 - 1, 2**62 + 4)],
    }
    for shape, region in regions.items():
        where = rectangle(shape, region=region)
        found = on_all_backends(Normal(1.0), shape, 1, "w", region=region)
        first = hs.stream_words(1, "w", where.base, 1)[0]
        wrapped = hs.stream_words(1, "w", where.base % 2**32, 1)[0]
        assert first != wrapped
        for backend, array in found.items():
            assert np.array_equal(array, found["numpy"]), backend


def test_out_is_filled_in_place_whatever_its_strides() -> None:
    expected = hs.sample("he", (6, 10), seed=5)
    for make in (
        lambda base: base[:6, :10],
        lambda base: base[::2, 3:13],
        lambda base: base[:6, 19:9:-1],
        lambda base: base.T[:6, :10],
        lambda base: base[5::-1, ::2],
    ):
        for backend in ("numpy", "numba"):
            base = np.full((12, 20), 7.0, np.float32)
            out = make(base)
            assert hs.sample("he", (6, 10), seed=5, out=out, backend=backend) is out
            assert np.array_equal(out, expected)
            assert (base == 7).sum() == 12 * 20 - 60  # nothing beside it was touched
    tensor = torch.full((12, 20), 7.0)
    out = tensor[::2, 3:13]
    assert hs.sample("he", (6, 10), seed=5, out=out, backend="torch") is out
    assert np.array_equal(out.numpy(), expected)
    assert int((tensor == 7).sum()) == 12 * 20 - 60


def test_unaligned_memory() -> None:
    raw = np.zeros(4 * 100 + 1, np.uint8)
    out = raw[1:].view(np.float32)
    hs.sample("normal(1)", (100,), out=out)
    assert np.array_equal(out, hs.sample("normal(1)", (100,)))


def test_torch_parameters_are_written_and_autograd_knows() -> None:
    parameter = torch.nn.Parameter(torch.zeros(6, 4))
    doubled = parameter * 2
    square = (parameter**2).sum()  # saves the parameter for the backward pass
    version = parameter._version
    hs.sample("he", (6, 4), out=parameter, backend="torch")
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert parameter._version > version
    assert doubled.abs().sum() == 0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        square.backward()


def test_torch_operations_compile_whole() -> None:
    """Without a break in the graph; 2^33: indices are 64-bit in the graph too."""
    starts = torch.tensor([0, 7, 2**33 + 3])
    table = torch_backend._table(torch.device("cpu"))
    for draw in DRAWS:
        how = recipe(draw, "bfloat16")
        arguments = (starts, 50, tuple(stream(0, "w")), how.kind, how.first_magnitude, how.scale, how.dtype, table)
        compiled = torch.compile(torch_backend.weights_of_rows, fullgraph=True, backend="aot_eager")
        assert torch.equal(compiled(*arguments), torch_backend.weights_of_rows(*arguments))


def test_torch_operations_fill_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a device that is not the CPU: large weights are drawn part by part into the tensor."""
    monkeypatch.setattr(torch_backend, "PART", 50)
    where, how = rectangle((5, 4, 6), "in_out"), recipe(Normal(1.0), "float32")
    out = torch.empty(5, 4, 6)
    for at, part in where.split(torch_backend.PART):
        assert part.size <= 50
        out[at] = torch_backend.weights(how, stream(0, "w"), part)
    assert np.array_equal(out.numpy(), hs.sample("normal(1)", (5, 4, 6), layout="in_out"))
    assert hs.sample("normal(1)", (5, 4, 6), backend="torch", device="meta").device.type == "meta"


def test_memory_beyond_the_result_is_below_a_mebibyte() -> None:
    out = np.empty((2**11, 2**11), np.float32)
    tensor = torch.empty(2**11, 2**11)

    def peak(backend: str, buffer: np.ndarray | torch.Tensor) -> int:
        hs.sample("he", out.shape, out=buffer, backend=backend, threads=2)
        tracemalloc.start()
        try:
            hs.sample("he", out.shape, seed=1, out=buffer, backend=backend, threads=2)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak("numba", out) < 2**20
    assert peak("torch", tensor) < 2**20
    assert peak("numpy", out) > 2**20  # the reference does make temporaries: the check can fail


def run_elsewhere(program: str, **environment: str) -> str:
    """The output of a program in a process of its own, with the tests' helpers at hand."""
    path = os.pathsep.join([str(HERE), *sys.path])
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


FOUND = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


@pytest.mark.parametrize(
    ("environment", "program"),
    [
        ({"PYTHONHASHSEED": "random"}, "print(differing('numba'))"),
        (
            {"NPY_DISABLE_CPU_FEATURES": " ".join(FOUND)},
            "import numpy as np; found = np.show_config(mode='dicts')['SIMD Extensions'].get('found', []); "
            "print(differing('numpy') + len(found))",
        ),
        ({"ATEN_CPU_CAPABILITY": "default"}, "print(differing('torch'))"),
        (
            {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
            "print(differing('numba', ('float32', 'float16')))",
        ),
    ],
    ids=["random hash seed", "NumPy without SIMD", "torch without SIMD", "Numba for any processor"],
)
def test_golden_hashes_on_other_processors(environment: dict[str, str], program: str) -> None:
    assert run_elsewhere(f"from draws_golden import differing; {program}", **environment) == "0"


def test_torch_operations_without_vector_instructions() -> None:
    program = """
from draws_bits import bits; from draws_golden import GOLDEN, digest
from headstart.draws.backends import torch_backend; from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle; from headstart.draws.streams import stream
print(sum(digest(bits(torch_backend.weights(recipe(draw, dtype), stream(seed, name), rectangle(shape)))) != expected
          for draw, shape, seed, name, dtype, expected in GOLDEN))
"""
    assert run_elsewhere(program, ATEN_CPU_CAPABILITY="default") == "0"


SHARDED = """
import itertools, math, re
import jax, numpy as np
from jax.sharding import NamedSharding, PartitionSpec
import headstart as hs
from headstart.draws.backends.jax_backend import prepare
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle
from headstart.draws.streams import stream
COLLECTIVE = re.compile("all-gather|all-reduce|all-to-all|collective|reduce-scatter")
sizes = {"x": 4, "y": 2}
mesh = jax.make_mesh((4, 2), ("x", "y"))
programs = communicating = wrong = 0
for shape, layout in [((64, 32), "out_in"), ((8, 8), "out_in"), ((8, 16), "in_out"), ((8, 6), "in_out"),
                      ((1024,), "out_in"), ((16, 3, 8), "out_in")]:
    expected = hs.sample("normal(1)", shape, layout=layout, backend="numpy")
    for names in itertools.product([None, "x", "y", ("x", "y")], repeat=len(shape)):
        flat = [axis for name in names if name for axis in name]
        parts = [math.prod(sizes[axis] for axis in name or ()) for name in names]
        if len(set(flat)) < len(flat) or any(size % part for size, part in zip(shape, parts)) or not flat:
            continue
        sharding = NamedSharding(mesh, PartitionSpec(*names))
        how = recipe(hs.normal(1).draw(), "float32")
        program, arguments, settings = prepare(how, stream(0, "w"), rectangle(shape, layout), sharding)
        compiled = program.lower(*arguments, **settings).compile()
        communicating += bool(COLLECTIVE.search(compiled.as_text()))
        array = program(*arguments, **settings)
        wrong += not np.array_equal(np.asarray(array), expected)
        wrong += not array.sharding.is_equivalent_to(sharding, len(shape))
        programs += 1
        if programs % 7 == 0:  # inside the caller's own jit, where the sharding is not known
            call = jax.jit(lambda: hs.sample("normal(1)", shape, layout=layout, backend="jax"), out_shardings=sharding)
            communicating += bool(COLLECTIVE.search(call.lower().compile().as_text()))
            wrong += not np.array_equal(np.asarray(call()), expected)
stack = {"name": "layers.*", "layout": "stack_out_in", "backend": "jax"}  # a stream for each slice
slices = hs.sample("normal(1)", (8, 4, 6), **{**stack, "backend": "numpy"})
for names in [("x",), (None, "y"), (("x", "y"),), ("x", "y")]:
    sharding = NamedSharding(mesh, PartitionSpec(*names))
    call = jax.jit(lambda: hs.sample("normal(1)", (8, 4, 6), **stack), out_shardings=sharding)
    communicating += bool(COLLECTIVE.search(call.lower().compile().as_text()))
    for array in (call(), hs.sample("normal(1)", (8, 4, 6), **stack, device=sharding)):
        wrong += not np.array_equal(np.asarray(array), slices)
        wrong += not array.sharding.is_equivalent_to(sharding, 3)
x = hs.sample("normal(1)", (64, 32), backend="jax", device=NamedSharding(mesh, PartitionSpec("x")))
total = jax.jit(lambda x: x.sum(0), out_shardings=NamedSharding(mesh, PartitionSpec()))
seen = bool(COLLECTIVE.search(total.lower(x).compile().as_text()))
print(jax.device_count(), programs > 30, communicating, wrong, seen)
"""


def test_jax_draws_into_shardings_without_communication() -> None:
    """Every sharding of six shapes, four of a stack, on eight devices; the last word: the check sees a collective."""
    flags = "--xla_force_host_platform_device_count=8"
    assert run_elsewhere(SHARDED, XLA_FLAGS=flags, JAX_PLATFORMS="cpu") == "8 True 0 0 True"


def test_jax_eager_and_jit() -> None:
    import jax

    for draw in DRAWS:
        expected = bits(draw_array(draw, (9, 7), 0, "w", backend="numpy"))
        assert np.array_equal(bits(draw_array(draw, (9, 7), 0, "w", backend="jax")), expected)
        inside = jax.jit(lambda draw=draw: draw_array(draw, (9, 7), 0, "w", backend="jax"))
        assert np.array_equal(bits(inside()), expected)
        with jax.disable_jit():
            assert np.array_equal(bits(draw_array(draw, (9, 7), 0, "w", backend="jax")), expected)
