"""Many small arrays in one call have the bits of a call each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.draws import draw_array, draw_many
from headstart.errors import InputError
from headstart.schemes import Constant, Draw, Normal, Orthogonal, TruncatedNormal, Uniform

ELEMENTWISE = [Normal(0.3), Uniform(-0.5, 0.5), TruncatedNormal(0.2, 2.0), Normal(10.0)]
EVERY: list[Draw] = [*ELEMENTWISE, Constant(0.0), Constant(2.5), Orthogonal(1.2)]


@given(
    st.lists(st.tuples(st.sampled_from(EVERY), st.integers(0, 2**64 - 1)), min_size=1, max_size=6),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 3),
)
def test_the_bits_are_those_of_a_call_each(
    rows: list[tuple[Draw, int]], shape: tuple[int, int], dtype: str, gap: int
) -> None:
    size = shape[0] * shape[1]
    memory = np.full((len(rows), size + gap), 7.0, dtype)  # a column of a larger array, as a network's weights are
    draw_many([draw for draw, _ in rows], shape, [seed for _, seed in rows], "w", "weight", memory[:, :size])
    for row, (draw, seed) in zip(memory, rows, strict=True):
        expected = draw_array(draw, shape, seed, "w", "weight", dtype).reshape(-1)
        np.testing.assert_array_equal(row[:size], expected)
    assert (memory[:, size:] == 7).all()


def test_other_names_and_roles_are_other_numbers() -> None:
    first, second, third = (np.empty((1, 4), np.float32) for _ in range(3))
    draw_many([Normal(1.0)], (2, 2), [0], "w", "weight", first)
    draw_many([Normal(1.0)], (2, 2), [0], "v", "weight", second)
    draw_many([Normal(1.0)], (2, 2), [0], "w", "bias", third)
    assert not (first == second).any()
    assert not (first == third).any()


def test_a_draw_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(InputError, match="standard deviation must leave every weight finite"):
        draw_many([Normal(1e38)], (2, 2), [0], "w", "weight", np.empty((1, 4), np.float32))
