"""Parameters that are blocks of a weight, or a weight mirrored, have that weight's numbers, on every backend."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from headstart.draws.arrays import draw_array
from headstart.draws.weights import draw_entry
from headstart.errors import InputError
from headstart.layout import LAYOUTS, Layout
from headstart.plans import Parameter, plan_parameters
from headstart.plans.plan import Entry

IN_OUT = Layout((1,), (0,))
HEADS = Layout((1, 2), (0,))


def entry_of(scheme: str, shape: tuple[int, ...], layout: Layout, **part: Any) -> Entry:
    return plan_parameters([Parameter("w", shape, layout=layout, key="key", **part)], scheme)["w"]


def whole(entry: Entry, layout: Layout, shape: tuple[int, ...], backend: str = "numpy") -> Any:
    """The weight that the key names, as PyTorch keeps it: drawn by its own layout, in as many blocks."""
    draw = entry.draw
    cut = replace(layout, blocks=(layout.out_axes[0], entry.of))
    return np.asarray(draw_array([draw] * entry.of, shape, 3, "key", layout=cut, backend=backend))


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
@pytest.mark.parametrize("scheme", ["glorot", "he(distribution=uniform)", "orthogonal", "sparse(0.5)", "ones"])
@pytest.mark.parametrize("picks", [(2,), (1, 0, 2), (2, 0), (1, 2)])
def test_a_part_has_the_numbers_of_its_blocks(backend: str, scheme: str, picks: tuple[int, ...]) -> None:
    part = entry_of(scheme, (5, 4 * len(picks)), IN_OUT, picks=picks, of=3)
    found = np.asarray(draw_entry(part, 3, backend=backend))
    weight = whole(part, LAYOUTS["out_in"], (12, 5), backend)
    assert (np.concatenate([weight[4 * pick : 4 * pick + 4] for pick in picks]) == found.T).all()
    other = np.asarray(draw_entry(replace(part, picks=picks[::-1] if len(picks) > 1 else (0,)), 3))
    assert scheme == "ones" or (found != other).any()  # the twin: other blocks are other numbers


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
@pytest.mark.parametrize("scheme", ["he", "orthogonal"])
def test_regions_are_those_of_the_part(backend: str, scheme: str) -> None:
    part = entry_of(scheme, (5, 12), IN_OUT, picks=(3, 0, 1), of=4)
    all_of_it = np.asarray(draw_entry(part, 3, backend=backend))
    for (a, b), (c, d) in itertools.product([(0, 5), (1, 3), (2, 2)], [(0, 12), (3, 5), (2, 11), (4, 4), (7, 8)]):
        got = np.asarray(draw_entry(part, 3, region=[(a, b), (c, d)], backend=backend))
        assert got.shape == (b - a, d - c)
        assert (got == all_of_it[a:b, c:d]).all(), (a, b, c, d)


def test_heads_are_the_same_numbers_reshaped() -> None:
    query = entry_of("glorot", (6, 2, 3), HEADS, picks=(1,), of=3)
    weight = whole(query, LAYOUTS["out_in"], (18, 6))
    assert (weight[6:12] == draw_entry(query, 3).reshape(6, 6).T).all()
    assert query.fan_in == query.fan_out == 6


def test_slices_of_a_stack_are_parts_of_their_own_weights() -> None:
    stacked = Layout((2,), (1,), stack_axes=(0,))
    part = plan_parameters([Parameter("w", (2, 5, 8), layout=stacked, key="l.*.w", picks=(2, 0), of=3)], "he")["w"]
    loop = [
        plan_parameters([Parameter("w", (5, 8), layout=IN_OUT, key=f"l.{i}.w", picks=(2, 0), of=3)], "he")["w"]
        for i in range(2)
    ]
    found = draw_entry(part, 1)
    assert all((found[i] == draw_entry(loop[i], 1)).all() for i in range(2))
    assert (draw_entry(part, 1, region=[(1, 2), (1, 4), (3, 6)]) == found[1:2, 1:4, 3:6]).all()


def test_tracing_draws_the_same_bits() -> None:
    jax = pytest.importorskip("jax")
    for part in (
        entry_of("he", (5, 8), IN_OUT, picks=(2, 0), of=3),
        entry_of("he", (3, 4, 5, 8), LAYOUTS["in_out"], flip=True),
    ):
        inside = jax.jit(lambda part=part: draw_entry(part, 0, backend="jax"))()
        assert (np.asarray(inside) == draw_entry(part, 0)).all()


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
def test_a_mirrored_weight_is_mirrored_in_its_receptive_field_alone(backend: str) -> None:
    plain, flipped = (entry_of("he", (3, 4, 5, 8), LAYOUTS["in_out"], flip=flip) for flip in (False, True))
    weight, found = draw_entry(plain, 0), np.asarray(draw_entry(flipped, 0, backend=backend))
    assert (found == weight[::-1, ::-1]).all()
    part = np.asarray(draw_entry(flipped, 0, region=[(0, 2), (1, 4), (2, 5), (3, 4)], backend=backend))
    assert (part == found[0:2, 1:4, 2:5, 3:4]).all()


def test_buffers_are_filled() -> None:
    torch = pytest.importorskip("torch")
    for part in (
        entry_of("he", (5, 12), IN_OUT, picks=(3, 0, 1), of=4),
        entry_of("orthogonal", (3, 4, 5, 8), LAYOUTS["in_out"], flip=True),
    ):
        for buffer in (np.zeros(part.shape, np.float32), torch.zeros(part.shape)):
            assert draw_entry(part, 0, out=buffer) is buffer
            assert (np.asarray(buffer) == draw_entry(part, 0)).all()


@pytest.mark.parametrize(
    ("shape", "part", "match"),
    [
        ((5, 7), {"picks": (0, 1), "of": 3}, r"2 picked blocks must fill axis 1 of shape \(5, 7\), got its size 7"),
        ((5, 8), {"picks": (0, 3), "of": 3}, "from 0 to 2 of 3, got"),
        ((5, 8), {"picks": (1, 1), "of": 3}, "different blocks"),
        ((5, 8), {"picks": "01", "of": 3}, "picks are numbers of blocks"),
        ((5, 8), {"picks": (0,), "of": 0}, "of, the number of blocks"),
        ((), {"picks": (0,), "of": 2}, "no part of a weight"),
    ],
)
def test_picks_that_do_not_fit_are_refused(shape: tuple[int, ...], part: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        plan_parameters([Parameter("w", shape, "weight" if shape else "token", IN_OUT, **part)], "normal(1)")


def test_blocks_that_cut_through_picks_are_refused() -> None:
    with pytest.raises(InputError, match="lie within the picked ones"):
        entry_of("he", (5, 12), Layout((1,), (0,), blocks=(1, 3)), picks=(1, 0), of=4)
    with pytest.raises(InputError, match="lie within the picked ones"):
        entry_of("he", (6, 12), Layout((1,), (0,), blocks=(0, 3)), picks=(1, 0), of=4)
    finer = entry_of("orthogonal", (5, 12), Layout((1,), (0,), blocks=(1, 4)), picks=(1, 0), of=4)
    assert finer.blocks == 4
