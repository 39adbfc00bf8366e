"""Many small arrays in one call have the bits of a call each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.draws import draw_array, draw_many
from headstart.errors import InputError
from headstart.schemes import Constant, Draw, Identity, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform

ELEMENTWISE = [Normal(0.3), Uniform(-0.5, 0.5), TruncatedNormal(0.2, 2.0), Normal(10.0)]
EVERY: list[Draw] = [*ELEMENTWISE, Constant(0.0), Constant(2.5), Orthogonal(1.2), Sparse(0.4, 2.0), Identity(3.0)]


@given(
    st.lists(st.tuples(st.sampled_from(EVERY), st.integers(0, 2**64 - 1)), min_size=1, max_size=6),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 3),
    st.sampled_from(["w", "layers.0.weight"]),
    st.sampled_from(["weight", "bias"]),
)
def test_the_bits_are_those_of_a_call_each(
    rows: list[tuple[Draw, int]], shape: tuple[int, int], dtype: str, gap: int, name: str, role: str
) -> None:
    size = shape[0] * shape[1]
    memory = np.full((len(rows), size + gap), 7.0, dtype)  # a column of a larger array, as a network's weights are
    draw_many([draw for draw, _ in rows], shape, [seed for _, seed in rows], name, role, memory[:, :size])
    for row, (draw, seed) in zip(memory, rows, strict=True):
        expected = draw_array(draw, shape, seed, name, role, dtype).reshape(-1)
        np.testing.assert_array_equal(row[:size], expected)
    assert (memory[:, size:] == 7).all()


def test_other_names_and_roles_are_other_numbers() -> None:
    first, second, third = (np.empty((1, 4), np.float32) for _ in range(3))
    draw_many([Normal(1.0)], (2, 2), [0], "w", "weight", first)
    draw_many([Normal(1.0)], (2, 2), [0], "v", "weight", second)
    draw_many([Normal(1.0)], (2, 2), [0], "w", "bias", third)
    assert not (first == second).any()
    assert not (first == third).any()


@pytest.mark.parametrize("draw", [Normal(1.0), Orthogonal(1.0), Sparse(0.5, 1.0)], ids=str)
def test_convolutions_too(draw: Draw) -> None:
    rows = np.empty((3, 360), np.float32)
    draw_many([draw, Constant(1.5), draw], (6, 4, 3, 5), [1, 2, 3], "w", "gate", rows)
    for at in (0, 2):
        np.testing.assert_array_equal(rows[at].reshape(6, 4, 3, 5), draw_array(draw, (6, 4, 3, 5), at + 1, "w", "gate"))
    assert (rows[1] == 1.5).all()


def test_a_draw_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(InputError, match="standard deviation must leave every weight finite"):
        draw_many([Normal(1e38)], (2, 2), [0], "w", "weight", np.empty((1, 4), np.float32))
