"""`draw.std(shape, layout)` is the root mean square of the weights that are drawn.

Exactly, for matrices that are exact. Where numbers are random, n = 40,000 or more per array: the standard error of a
root mean square is at most 0.35 %, so 2 % is 5.7 standard errors; errors of 4 % are seen with certainty.
"""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import draw_array
from headstart.layout import Layout, block_grids
from headstart.schemes import (
    Constant,
    DeltaOrthogonal,
    Draw,
    Identity,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from headstart.schemes.distributions import group_channels


def rms(weights: np.ndarray) -> float:
    return math.sqrt(np.mean(weights.astype(np.float64) ** 2))


@st.composite
def weights(draw: st.DrawFn) -> tuple[tuple[int, ...], Layout]:
    """A weight with stack axes, groups of either side or blocks, and a receptive field, its axes in any order."""
    groups, on = draw(st.integers(1, 3)), draw(st.sampled_from(["out", "in"]))
    inputs = draw(st.integers(1, 4))
    out = inputs + draw(st.integers(0, 4))  # as many as delta-orthogonal weights need
    stored = [out * groups, inputs] if on == "out" else [out, inputs * groups]
    sizes = [*stored, *draw(st.lists(st.integers(1, 3), max_size=1)), *draw(st.lists(st.integers(1, 4), max_size=2))]
    stack = draw(st.integers(0, 1)) if len(sizes) > 2 else 0
    order = draw(st.permutations(range(len(sizes))))
    place = [order.index(at) for at in range(2 + stack)]
    blocks = (place[0], 1 + draw(st.integers(0, 1)) * (out % 2 == 0)) if groups == 1 else None
    layout = Layout(place[0], place[1], tuple(place[2:]), (), groups, on, blocks=blocks)
    return tuple(sizes[at] for at in order), layout


@given(weights(), st.sampled_from([Orthogonal(1.5), Identity(0.5), DeltaOrthogonal(2.0)]))
def test_of_exact_matrices(weight: tuple[tuple[int, ...], Layout], draw: Draw) -> None:
    shape, layout = weight
    if isinstance(draw, DeltaOrthogonal):  # which only some blocks can be
        grids = block_grids(shape, layout)
        assume(all(sizes.field and operator.ge(*group_channels(sizes, layout)) for sizes in grids))
    made = draw_array(draw, shape, 3, "w", dtype="float64", layout=layout)
    assert draw.std(shape, layout) == pytest.approx(rms(made), rel=1e-12)


@given(weights(), st.floats(0.01, 0.99))
def test_of_sparse_weights_by_their_zeros(weight: tuple[tuple[int, ...], Layout], sparsity: float) -> None:
    shape, layout = weight
    made = draw_array(Sparse(sparsity, 2.0), shape, 3, "w", layout=layout)
    kept = np.count_nonzero(made) / made.size
    assert Sparse(sparsity, 2.0).std(shape, layout) == pytest.approx(2 * math.sqrt(kept), rel=1e-12, abs=1e-9)


RANDOM = [Normal(0.5), Uniform(-0.5, 0.5), TruncatedNormal(0.5, 2.0), Sparse(0.3, 2.0), Orthogonal(2.0)]
PACKED = Layout((1,), (2,), stack_axes=(0,), blocks=(1, 3))


def check(draw: Draw, weights: np.ndarray) -> None:
    assert draw.std((4, 150, 100), PACKED) == pytest.approx(rms(weights), rel=0.02)


@pytest.mark.parametrize("draw", RANDOM, ids=str)
def test_of_random_weights(draw: Draw) -> None:
    made = draw_array(draw, (4, 150, 100), 1, "w", layout=PACKED)
    check(draw, made)
    with pytest.raises(AssertionError):
        check(draw, 1.04 * made)


def test_what_fans_alone_got_wrong() -> None:
    assert Orthogonal(1.0).std((64, 3, 3, 3)) == 0.125  # 1/sqrt(576) = 0.0417 from fan_in 27 and fan_out 576
    assert Orthogonal(1.0).std((24, 8), Layout((0,), (1,), blocks=(0, 3))) == math.sqrt(1 / 8)  # not sqrt(1 / 24)
    assert hs.dirac.draw().std((9, 4)) == hs.identity.draw().std((9, 4)) == 1 / 3
    assert hs.delta_orthogonal.draw().std((9, 4, 1)) == 1 / 3
    assert Constant(3.0).std((2, 2)) == 0
    with pytest.raises(hs.InputError, match="needs separate axes"):
        Orthogonal(1.0).std((4,))


@pytest.mark.parametrize("spec", ["orthogonal", "delta_orthogonal", "identity", "dirac*2", "sparse(0.5)"])
def test_a_scheme_of_shapes_says_what_to_call(spec: str) -> None:
    with pytest.raises(
        hs.InputError, match=r"depends on the weight's shape.*Call scheme.draw\(\).std\(shape, layout\)"
    ):
        hs.scheme(spec).std(27, 576)


@pytest.mark.parametrize(("sparsity", "inputs", "zeros"), [(0.07, 100, 7), (0.7, 10, 7), (0.29, 100, 29), (0.3, 7, 3)])
def test_zeros_are_rounded_up_and_nothing_else_is(sparsity: float, inputs: int, zeros: int) -> None:
    """In floating point 0.07 * 100 and 0.29 * 100 are off by one bit, upwards and downwards."""
    made = hs.sample(hs.sparse(sparsity), (5, inputs))
    assert ((made == 0).sum(1) == zeros).all()


def test_a_sparse_scheme_that_leaves_nothing_is_refused() -> None:
    assert Sparse(0.9, 1.0).std((4, 2)) == 0
    with pytest.raises(hs.InputError, match=r"scheme 'sparse\(0.9\)' leaves none of the weights .* shape \(4, 2\)"):
        hs.sample("sparse(0.9)", (4, 2))
    with pytest.raises(hs.InputError, match="leaves none"):
        hs.sample("sparse(0.9)", (4, 12), layout=Layout((0,), (1,), blocks=(1, (10, 2))))
    assert np.count_nonzero(hs.sample("sparse(0.9)", (4, 11))) == 4
