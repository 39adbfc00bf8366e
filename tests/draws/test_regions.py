"""Any rectangle drawn alone equals that rectangle of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from draws_bits import bits

import headstart as hs
from headstart.draws import draw_array
from headstart.draws.backends import torch_backend
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle
from headstart.draws.streams import stream
from headstart.schemes import Normal, TruncatedNormal, Uniform

DRAWS = [Normal(0.5), Uniform(-0.3, 0.3), TruncatedNormal(0.02, 2.0)]


def random_rectangle(rng: np.random.Generator) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """A shape of rank 0 to 5 with sizes 1 to 12 (rank 1: to 300), and a region of it, unaligned, sometimes empty."""
    rank = int(rng.integers(0, 6))
    shape = tuple(int(size) for size in rng.integers(1, 300 if rank == 1 else 13, rank))
    region = [tuple(sorted(int(edge) for edge in rng.integers(0, size + 1, 2))) for size in shape]
    return shape, region


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "torch operations"])
def test_a_thousand_rectangles_equal_the_slice_of_the_whole(backend: str) -> None:
    rng = np.random.default_rng(0)
    differing, elements = 0, 0
    for number in range(1000):
        shape, region = random_rectangle(rng)
        draw, layout = DRAWS[number % 3], ("out_in", "in_out")[number % 2]
        whole = bits(draw_array(draw, shape, number, "w", layout=layout, backend="numba"))
        expected = whole[tuple(slice(*span) for span in region)]
        if backend == "torch operations":
            where = rectangle(shape, layout, region)
            part = torch_backend.weights(recipe(draw, "float32"), stream(number, "w"), where)
        else:
            part = draw_array(draw, shape, number, "w", layout=layout, region=region, backend=backend)
        assert tuple(part.shape) == expected.shape
        differing += int((bits(part) != expected).sum())
        elements += expected.size
    assert elements > 20_000
    assert differing == 0


def test_rectangles_on_jax() -> None:
    """Each shape compiles a program, so sixty rather than a thousand."""
    rng = np.random.default_rng(1)
    for number in range(60):
        shape, region = random_rectangle(rng)
        draw = DRAWS[number % 3]
        whole = bits(draw_array(draw, shape, number, "w"))
        part = draw_array(draw, shape, number, "w", region=region, backend="jax")
        assert np.array_equal(bits(part), whole[tuple(slice(*span) for span in region)])


def test_the_check_sees_a_shift_by_one() -> None:
    whole = hs.sample("normal(1)", (7, 9))
    assert not np.array_equal(hs.sample("normal(1)", (7, 9), region=[(1, 3), (2, 5)]), whole[1:3, 3:6])


def test_regions_of_matrix_draws() -> None:
    for scheme in ("orthogonal", "identity", "sparse(0.5)", "constant(2)"):
        whole = hs.sample(scheme, (8, 6), layout="in_out")
        assert np.array_equal(
            hs.sample(scheme, (8, 6), layout="in_out", region=[(1, 5), slice(2, None)]), whole[1:5, 2:]
        )


def test_region_into_a_buffer_and_slices() -> None:
    whole, out = hs.sample("he", (20, 30)), np.zeros((4, 6), np.float32)
    assert hs.sample("he", (20, 30), region=[slice(3, 7), slice(None, 6)], out=out) is out
    assert np.array_equal(out, whole[3:7, :6])


def test_parts_cover_the_rectangle_once() -> None:
    where = rectangle((5, 7, 3), "in_out", [(1, 5), (0, 6), (0, 3)])
    covered = np.zeros(where.shape, int)
    for at, part in where.split(10):
        covered[at] += 1
        assert part.size <= 10
    assert (covered == 1).all()
