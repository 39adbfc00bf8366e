"""Draws: the right distribution, a pure function of seed and name, and what bad arguments are told.

Statistical tests: n = 40,000 per array. The standard error of a std is 0.35 % (normal), so 2 % is 5.7 standard
errors: a false alarm in 10^8 runs; errors of 4 % or more are seen with certainty.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import draw_array
from headstart.layout import Layout
from headstart.schemes import Constant, DeltaOrthogonal, Draw, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform

SHAPE = (200, 200)
DRAWS = [Normal(0.5), Uniform(-0.5, 0.5), TruncatedNormal(0.5, 2.0), TruncatedNormal(0.5, 0.7)]


def check_std(draw: Draw, array: np.ndarray) -> None:
    assert array.std() == pytest.approx(draw.std(), rel=0.02)
    assert abs(array.mean()) < 5.7 * draw.std() / array.size**0.5


@pytest.mark.parametrize("draw", DRAWS)
def test_standard_deviation_and_mean(draw: Draw) -> None:
    check_std(draw, draw_array(draw, SHAPE, 3, "w"))


@pytest.mark.parametrize("draw", DRAWS)
def test_the_check_sees_four_percent(draw: Draw) -> None:
    with pytest.raises(AssertionError):
        check_std(draw, 1.04 * draw_array(draw, SHAPE, 3, "w"))


@pytest.mark.parametrize("seed", [1, 2**63])
@pytest.mark.parametrize("draw", DRAWS)
def test_a_grouped_convolutions_weights_have_it_too(draw: Draw, seed: int) -> None:
    """n = 36,000, not square, with a receptive field and groups, in another axis order."""
    array = draw_array(draw, (3, 40, 5, 60), seed, "conv", layout=Layout((3,), (1,), groups=4))
    assert array.shape == (3, 40, 5, 60)
    check_std(draw, array)


def test_bounds_hold() -> None:
    assert np.abs(draw_array(Uniform(-0.5, 0.5), SHAPE, 0, "w")).max() < 0.5
    cut = TruncatedNormal(0.5, 0.7)
    assert np.abs(draw_array(cut, SHAPE, 0, "w")).max() <= np.float32(cut.bound)
    assert (draw_array(Constant(0.25), (3, 4), 0, "w") == 0.25).all()


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (4, 2, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    matrix = draw_array(Orthogonal(2.0), shape, 0, "w", dtype=np.float64).reshape(shape[0], -1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


NAMES = st.text(min_size=1, max_size=20).map(lambda text: unicodedata.normalize("NFC", text))  # others are refused


@given(st.integers(0, 2**64 - 1), NAMES)
def test_a_pure_function_of_seed_and_name(seed: int, name: str) -> None:
    first = draw_array(Normal(1.0), (3, 4), seed, name)
    np.random.seed(0)  # the global state is neither read nor set
    state = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(first, draw_array(Normal(1.0), (3, 4), seed, name))
    np.testing.assert_array_equal(state, np.random.get_state()[1])
    assert (first != draw_array(Normal(1.0), (3, 4), seed, name + "x")).any()
    assert (first != draw_array(Normal(1.0), (3, 4), seed, "x" + name)).any()
    assert (first != draw_array(Normal(1.0), (3, 4), (seed + 1) % 2**64, name)).any()
    assert (first != draw_array(Normal(1.0), (3, 4), seed, name, role="bias")).any()


EVERY: list[Draw] = [*DRAWS, Orthogonal(1.0), DeltaOrthogonal(1.0), Sparse(0.5, 1.0)]


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
@pytest.mark.parametrize("draw", EVERY, ids=str)
def test_seed_name_and_role_each_change_the_numbers(draw: Draw, backend: str) -> None:
    """Each alone, on every backend and for every random draw; so do all of a seed's 64 bits."""

    def drawn(seed: int = 5, name: str = "conv", role: str = "weight") -> bytes:
        return np.asarray(draw_array(draw, (6, 4, 3, 5), seed, name, role, backend=backend)).tobytes()

    changed = [{"seed": 5 ^ 1 << bit} for bit in (0, 1, 31, 32, 63)]
    changed += [{"name": "conv2"}, {"name": "Conv"}, {"role": "bias"}, {"role": "weights"}, {"name": "weight"}]
    assert len({drawn(), *(drawn(**change) for change in changed)}) == 1 + len(changed)
    assert drawn() == drawn(seed=np.uint64(5))


def test_a_sparse_weights_zeros_change_with_seed_name_and_role_too() -> None:
    def zeros(seed: int = 5, name: str = "conv", role: str = "weight") -> bytes:
        return (draw_array(Sparse(0.5, 1.0), (6, 4, 3, 5), seed, name, role) == 0).tobytes()

    assert len({zeros(), zeros(seed=6), zeros(name="conv2"), zeros(role="bias")}) == 4


def test_layouts_are_transposes() -> None:
    # canonical (out, in, *field) against (*field, in, out)
    torch_style = hs.sample("he", (6, 4, 3, 5), seed=1)
    jax_style = hs.sample("he", (3, 5, 4, 6), seed=1, layout="in_out")
    np.testing.assert_array_equal(torch_style, jax_style.transpose(3, 2, 0, 1))
    assert jax_style.flags.c_contiguous
    assert hs.sample("orthogonal", (4, 6), layout="in_out").shape == (4, 6)


def test_sample_uses_the_fans_of_the_layout() -> None:
    # n = 6,400: the standard error of a std is 0.9 %; swapped fans differ by a factor of 5
    assert hs.sample("he", (400, 16)).std() == pytest.approx((2 / 16) ** 0.5, rel=0.05)
    assert hs.sample("he", (16, 400), layout="in_out").std() == pytest.approx((2 / 16) ** 0.5, rel=0.05)
    assert hs.sample("he", (16, 400)).std() != pytest.approx((2 / 16) ** 0.5, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("he", (5,)), "needs fan_in and fan_out"),
        (("he", (5, 4), -1), "seed must be a whole number from 0"),
        (("he", (5, 4), 2**64), "seed must be"),
        (("he", (5, 4), True), "seed must be"),
        (("he", (5, 4), 0, ""), "name must be a string that is not empty"),
        (("he", (5, 4), 0, "w", "sideways"), "unknown layout"),
        (("orthogonal", (5,)), "at least two axes"),
    ],
)
def test_bad_arguments(arguments: tuple, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.sample(*arguments)
