"""Stacks, groups and blocks: slices are weights of their own, blocks have draws of their own, parts cost their part."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import BACKENDS, draw_array
from headstart.draws.streams import slice_name
from headstart.layout import Layout
from headstart.schemes import Constant, Draw, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform

EVERY = ["he", "glorot(distribution=uniform)", "truncated_normal(0.02)", "orthogonal", "identity", "sparse(0.5)"]
STACK = Layout((1,), (2,), stack_axes=(0,))


@pytest.mark.parametrize("spec", EVERY)
@pytest.mark.parametrize("layout", ["stack_out_in", "stack_in_out"])
def test_scanning_and_looping_agree(spec: str, layout: str) -> None:
    stacked = hs.sample(spec, (3, 6, 4), seed=5, name="layers.*.weight", layout=layout)
    for index, weight in enumerate(stacked):
        alone = hs.sample(spec, (6, 4), seed=5, name=f"layers.{index}.weight", layout=layout.removeprefix("stack_"))
        assert np.array_equal(weight, alone)


def test_the_check_sees_another_key() -> None:
    stacked = hs.sample("he", (2, 6, 4), name="layers.weight", layout=STACK)
    assert np.array_equal(stacked[1], hs.sample("he", (6, 4), name="layers.weight.1"))
    assert not (stacked[0] == hs.sample("he", (6, 4), name="layers.weight")).any()
    assert not (stacked[0] == stacked[1]).any()


def test_stacked_biases() -> None:
    rows = draw_array(Normal(1.0), (3, 5), 0, "layers.*.bias", "bias", layout=Layout(stack_axes=(0,)))
    assert np.array_equal(rows[2], draw_array(Normal(1.0), (5,), 0, "layers.2.bias", "bias"))


@pytest.mark.parametrize("spec", EVERY)
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_stack_axes_in_any_order_on_every_backend(spec: str, backend: str) -> None:
    layout = Layout((1,), (3,), stack_axes=(2, 0))  # layers lie on axis 2, experts on axis 0
    found = hs.sample(spec, (2, 8, 3, 4), name="layers.*.experts.*", layout=layout, backend=backend)
    alone = hs.sample(spec, (8, 4), name="layers.2.experts.1", backend=backend)
    assert np.array_equal(np.asarray(found)[1, :, 2], np.asarray(alone))


DRAWS: list[Draw] = [
    Normal(0.5),
    Uniform(-1, 1),
    TruncatedNormal(1.0, 2.0),
    Orthogonal(2.0),
    Sparse(0.4, 1.0),
    Constant(3.0),
]
SIZES = (4, 2, 6)  # of three blocks


@given(
    st.lists(st.sampled_from(DRAWS), min_size=3, max_size=3),
    st.sampled_from(["out", "in"]),
    st.booleans(),
    st.data(),
)
def test_regions_of_stacks_and_blocks_are_slices_of_the_whole(
    draws: list[Draw], side: str, stacked: bool, data: st.DataObject
) -> None:
    out, inputs = (12, 5) if side == "out" else (5, 12)
    shape = (inputs, 3, out) if stacked else (inputs, out)
    last = len(shape) - 1
    axis = last if side == "out" else 0
    layout = Layout((last,), (0,), (1,) if stacked else (), blocks=(axis, SIZES))
    whole = draw_array(draws, shape, 1, "w", layout=layout)
    region = [tuple(sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n))))) for n in shape]
    part = draw_array(draws, shape, 1, "w", layout=layout, region=region)
    assert np.array_equal(part, whole[tuple(slice(*span) for span in region)])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("side", ["out", "in"])
def test_a_block_has_the_whole_tensors_elements_and_its_own_draw(backend: str, side: str) -> None:
    shape, axis = ((12, 5), 0) if side == "out" else ((5, 12), 1)
    layout = Layout((0,), (1,), blocks=(axis, SIZES))
    packed = np.asarray(
        draw_array([Normal(1.0), Constant(2.0), Orthogonal(3.0)], shape, 1, "w", layout=layout, backend=backend)
    )
    first, second, third = np.split(packed, [4, 6], axis)
    assert np.array_equal(first, np.split(hs.sample("normal(1)", shape, seed=1), [4, 6], axis)[0])
    assert (second == 2).all()
    small = third if third.shape[0] <= third.shape[1] else third.T
    assert np.allclose(small @ small.T, 9 * np.eye(len(small)), atol=1e-5)


def test_packed_projections_get_the_fans_of_one() -> None:
    """nn.MultiheadAttention's in_proj: Glorot over 3 E is 1/sqrt(2) of what each of q, k, v should have."""
    packed = Layout((0,), (1,), blocks=(0, 3))
    assert hs.glorot.draws((36, 12), packed) == (Normal(math.sqrt(1 / 12)),) * 3
    assert np.array_equal(
        hs.sample("glorot", (36, 12), layout=packed), draw_array(Normal(math.sqrt(1 / 12)), (36, 12), 0, "w")
    )
    gates = hs.sample("orthogonal", (32, 8), layout=Layout((0,), (1,), blocks=(0, 4)), dtype="float64")
    for gate in np.split(gates, 4):
        assert np.allclose(gate @ gate.T, np.eye(8), atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_and_delta_orthogonal_of_a_transposed_convolution(groups: int) -> None:
    """Through torch's own layer, stride 1: dirac copies its input, delta-orthogonal keeps every length."""
    layer = torch.nn.ConvTranspose1d(4, 6, 3, padding=1, groups=groups, bias=False, dtype=torch.float64)
    layout = Layout((1,), (0,), groups=groups, groups_on="in", transposed=True)
    x = torch.randn(2, 4, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    hs.sample("dirac", tuple(layer.weight.shape), dtype="float64", layout=layout, out=layer.weight)
    y = layer(x).reshape(2, groups, 6 // groups, 9)[:, :, : 4 // groups]
    assert torch.equal(y.reshape(2, 4, 9), x)
    hs.sample("delta_orthogonal", tuple(layer.weight.shape), dtype="float64", layout=layout, out=layer.weight)
    assert torch.allclose(layer(x).norm(dim=1), x.norm(dim=1), rtol=1e-12)


def test_an_embedding_is_the_output_projection_it_is_tied_to() -> None:
    assert np.array_equal(
        hs.sample("normal(1)", (50, 8), layout="rows_out"), hs.sample("normal(1)", (50, 8), layout="out_in")
    )
    assert hs.he.draws((50, 8), "rows_out") == (Normal(math.sqrt(2)),)


def test_a_stack_into_a_tensor_and_a_view() -> None:
    expected = hs.sample("he", (3, 6, 4), layout=STACK)
    parameter = torch.nn.Parameter(torch.empty(3, 6, 4))
    before = parameter._version
    assert hs.sample("he", (3, 6, 4), layout=STACK, out=parameter) is parameter
    assert np.array_equal(parameter.detach().numpy(), expected)
    assert parameter._version > before
    buffer = np.zeros((4, 12, 3), np.float32)
    hs.sample("he", (3, 6, 4), layout=STACK, out=buffer[:, ::2].transpose(2, 1, 0))
    assert np.array_equal(buffer[:, ::2].transpose(2, 1, 0), expected)
    assert (buffer[:, 1::2] == 0).all()


def test_keys_of_slices() -> None:
    assert slice_name("a.*.b.*", (1, 2)) == "a.1.b.2"
    with pytest.raises(hs.InputError, match=r"one \* per stack axis or none, got 'a.\*.b.\*' for 1"):
        hs.sample("he", (2, 3, 4), name="a.*.b.*", layout=STACK)
    assert np.array_equal(hs.sample("he", (3, 4), name="a.*"), hs.sample("he", (3, 4), name="a.*"))


def test_bad_parts_leave_the_buffer_as_it_was() -> None:
    out, packed = np.full((12, 5), 7.0, np.float32), Layout((0,), (1,), blocks=(0, SIZES))
    for draws, words in (
        ([Normal(1.0), Normal(1.0)], "3 blocks has as many draws, got 2"),
        ([Normal(1.0), Normal(1.0), Orthogonal(-1.0)], "gain must be a positive"),
        ([Normal(1.0), Normal(1.0), Normal(1e-40)], "at least"),
    ):
        with pytest.raises(hs.InputError, match=words):
            draw_array(draws, (12, 5), 0, "w", layout=packed, out=out)
    with pytest.raises(hs.InputError, match="separate axes for outputs"):
        hs.sample("normal(1)", (4,), layout=STACK)
    assert (out == 7).all()


def test_a_region_of_a_huge_stack_costs_the_region() -> None:
    """A million million slices: only the one that is asked for can have been made."""
    for spec in EVERY:
        part = hs.sample(spec, (2**40, 8, 4), layout=STACK, name="w.*", region=[(2**39, 2**39 + 1), (2, 5), (0, 4)])
        assert np.array_equal(part[0], hs.sample(spec, (8, 4), name=f"w.{2**39}")[2:5])
