"""Fans are what torch's own layers connect: counted in the Jacobian, from both ends, wrapped so that no edge is cut.

Every layer here is linear in its input, so feeding it one input unit at a time with positive weights shows which
outputs that unit reaches. Where a count says nothing (means of rows), a variance does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from headstart.layout import LAYOUTS, Fans, Layout, block_fans, canonical_order, connections, fans

Layer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def counted(layer: Layer, shape: tuple[int, ...], inputs: tuple[int, ...]) -> tuple[float, float, int, int]:
    """Mean inputs per output unit, mean outputs per input unit, and how many of each there are."""
    weight = torch.rand(shape, generator=torch.Generator().manual_seed(0)) + 0.1
    units = math.prod(inputs)
    reached = layer(torch.eye(units).reshape(units, *inputs), weight).reshape(units, -1) != 0
    return float(reached.sum(0).float().mean()), float(reached.sum(1).float().mean()), reached.shape[1], units


def convolution(stride: int = 1, groups: int = 1, dilation: int = 1) -> Layer:
    """A convolution with circular padding, in one or two dimensions."""

    def layer(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        sizes = [dilation * (size - 1) for size in weight.shape[2:]]
        padding = [edge for size in reversed(sizes) for edge in (0, size)]
        convolve = functional.conv1d if weight.dim() == 3 else functional.conv2d
        return convolve(functional.pad(x, padding, mode="circular"), weight, None, stride, 0, dilation, groups)

    return layer


def transposed(stride: int = 1, groups: int = 1) -> Layer:
    """A transposed convolution whose output is wrapped onto a circle of stride times the input's length."""

    def layer(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        convolve = functional.conv_transpose1d if weight.dim() == 3 else functional.conv_transpose2d
        y = convolve(x, weight, stride=stride, groups=groups)
        for axis in range(2, y.dim()):
            length = stride * x.shape[axis]
            wrapped = torch.zeros(*y.shape[:axis], length, *y.shape[axis + 1 :])
            y = wrapped.index_add(axis, torch.arange(y.shape[axis]) % length, y)
        return y

    return layer


def first_of_bilinear(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return functional.bilinear(x, torch.ones(len(x), weight.shape[2]), weight)


def keras_depthwise(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(k, in, multiplier), as Keras stores it."""
    ours = weight.permute(1, 2, 0).reshape(-1, 1, weight.shape[0])
    return convolution(groups=weight.shape[1])(x, ours)


SPREAD = {"transposed": True, "groups_on": "in"}
# name, layer, weight's shape, one input's shape, layout, fan_in and fan_out
KINDS: list[tuple[str, Layer, tuple[int, ...], tuple[int, ...], str | Layout, tuple[float, float]]] = [
    ("linear", functional.linear, (20, 12), (12,), "out_in", (12, 20)),
    ("x @ W", lambda x, w: x @ w, (12, 36), (12,), "in_out", (12, 36)),
    ("conv2d", convolution(), (8, 6, 3, 3), (6, 5, 6), "out_in", (54, 72)),
    ("dilation", convolution(dilation=2), (8, 6, 3), (6, 9), "out_in", (18, 24)),
    ("stride 2", convolution(stride=2), (8, 6, 3, 3), (6, 6, 6), Layout((0,), (1,), stride=2), (54, 18)),
    ("strides", convolution(stride=3), (8, 6, 3), (6, 9), Layout((0,), (1,), stride=(3,)), (18, 8)),
    ("1x1 stride 2", convolution(stride=2), (8, 6, 1, 1), (6, 4, 4), Layout((0,), (1,), stride=2), (6, 2)),
    ("groups", convolution(groups=2), (8, 3, 3, 3), (6, 5, 5), Layout((0,), (1,), groups=2), (27, 36)),
    ("depthwise", convolution(groups=6), (12, 1, 3, 3), (6, 5, 5), Layout((0,), (1,), groups=6), (9, 18)),
    ("Keras depthwise", keras_depthwise, (3, 6, 2), (6, 7), Layout((-2, -1), groups=6), (3, 6)),
    ("transposed k4 s2", transposed(2), (6, 8, 4, 4), (6, 4, 4), Layout((1,), (0,), stride=2, **SPREAD), (24, 128)),
    ("transposed k3 s2", transposed(2), (6, 8, 3, 3), (6, 4, 4), Layout((1,), (0,), stride=2, **SPREAD), (13.5, 72)),
    ("transposed k2 s3", transposed(3), (6, 8, 2, 2), (6, 3, 3), Layout((1,), (0,), stride=3, **SPREAD), (24 / 9, 32)),
    ("transposed, stride 1", transposed(1), (6, 8, 3), (6, 5), "in_out_field", (18, 24)),
    (
        "grouped transposed", transposed(2, 2), (6, 4, 4, 4), (6, 4, 4),
        Layout((1,), (0,), groups=2, stride=2, **SPREAD), (12, 64),
    ),
    ("bilinear", first_of_bilinear, (20, 12, 5), (12,), "out_in", (60, 100)),
    ("heads", lambda x, w: torch.einsum("btd,dhk->bhtk", x, w), (12, 4, 6), (1, 12), Layout((1, 2), (0,)), (12, 24)),
    ("of heads", lambda x, w: torch.einsum("bhk,hkd->bd", x, w), (4, 6, 20), (4, 6), Layout((2,), (0, 1)), (24, 20)),
    ("expert", lambda x, w: x @ w[2], (3, 12, 20), (12,), "stack_in_out", (12, 20)),
    ("expert .mT", lambda x, w: x @ w[2].mT, (3, 20, 12), (12,), "stack_out_in", (12, 20)),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_connections_are_those_of_torchs_layer(kind: tuple) -> None:
    _, layer, shape, inputs, layout, expected = kind
    fan_in, fan_out, outputs, units = counted(layer, shape, inputs)
    found = connections(shape, layout)
    # Bilinear's first operand meets each of the second's values: one input unit, but as many products.
    ours = (found.fan_in / 5, found.fan_out / 5) if layer is first_of_bilinear else (found.fan_in, found.fan_out)
    assert ours == pytest.approx((fan_in, fan_out), rel=1e-6)
    assert (found.fan_in, found.fan_out) == pytest.approx(expected, rel=1e-12)
    assert outputs * fan_in == pytest.approx(units * fan_out, rel=1e-6)


def test_the_count_sees_a_forgotten_stride_and_swapped_sides() -> None:
    fan_in, fan_out, *_ = counted(transposed(2), (6, 8, 3, 3), (6, 4, 4))
    for wrong in (Layout((1,), (0,)), Layout((0,), (1,), stride=2, transposed=True)):
        found = connections((6, 8, 3, 3), wrong)
        assert (found.fan_in, found.fan_out) != pytest.approx((fan_in, fan_out), rel=0.01)


def test_a_strided_convolution_keeps_the_published_fan_out() -> None:
    strided = Layout((0,), (1,), stride=2)
    assert fans((8, 6, 3, 3), strided) == fans((8, 6, 3, 3)) == Fans(54, 72)
    assert connections((8, 6, 3, 3), strided) == Fans(54, 18)


def test_an_embedding_counts_what_is_summed() -> None:
    """4000 bags of 5 rows of N(0, 1): the variance of a mean has a standard error of 0.8 %, a twin is 5 times off."""
    assert fans((100, 7), "rows_out") == Fans(1, 7)
    table = torch.from_numpy(np.random.default_rng(0).standard_normal((1000, 8)))
    rows = torch.from_numpy(np.random.default_rng(1).integers(0, 1000, (4000, 5)))
    for mode, per_output in (("sum", 5), ("mean", 1 / 5)):
        fan_in = fans((1000, 8), Layout((1,), lookup_axes=(0,), rows=per_output)).fan_in
        variance = float(functional.embedding_bag(rows, table, mode=mode).var())
        assert variance == pytest.approx(fan_in, rel=0.1)
        assert variance != pytest.approx(fans((1000, 8), "rows_out").fan_in, rel=0.1)


def test_blocks_have_the_fans_of_one_block() -> None:
    packed = Layout((0,), (1,), blocks=(0, 3))
    assert fans((36, 12), packed) == Fans(12, 12)  # q, k, v of nn.MultiheadAttention, and not 36
    assert fans((32, 8), Layout((0,), (1,), blocks=(0, 4))) == Fans(8, 8)  # an LSTM's gates
    grouped_query = Layout((0,), (1,), blocks=(0, (12, 4, 4)))
    assert block_fans((20, 12), grouped_query) == (Fans(12, 12), Fans(12, 4), Fans(12, 4))
    halves = Layout((1,), (2,), stack_axes=(0,), blocks=(1, 2))  # Mixtral's gate and up, (experts, 2 f, d)
    assert fans((8, 40, 16), halves) == Fans(16, 20)


@st.composite
def layers(draw: st.DrawFn) -> tuple[tuple[int, ...], Layout, int, int, int]:
    """A weight, its layout in any axis order, the layer's channels, and its stride's positions."""
    groups, spread = draw(st.integers(1, 4)), draw(st.booleans())
    on = draw(st.sampled_from(["out", "in"]))
    out, inputs = draw(st.integers(1, 5)) * groups, draw(st.integers(1, 5)) * groups
    field = draw(st.lists(st.integers(1, 4), max_size=2))
    strides = tuple(draw(st.integers(1, 3)) for _ in field)
    stack = draw(st.lists(st.integers(1, 3), max_size=2))
    stored = (out, inputs // groups) if on == "out" else (out // groups, inputs)
    sizes = [*stored, *stack, *field]
    order = draw(st.permutations(range(len(sizes))))
    place = [order.index(at) - (len(sizes) if draw(st.booleans()) else 0) for at in range(2 + len(stack))]
    kept = [at for at in order if at >= 2 + len(stack)]  # the receptive field in stored order
    stride = tuple(strides[at - 2 - len(stack)] for at in kept)
    layout = Layout(place[0], place[1], tuple(place[2:]), (), groups, on, stride, spread)
    return tuple(sizes[at] for at in order), layout, out, inputs, math.prod(strides)


@given(layers())
def test_both_ends_count_the_same_connections(layer: tuple[tuple[int, ...], Layout, int, int, int]) -> None:
    shape, layout, out, inputs, steps = layer
    found = connections(shape, layout)
    more_out, more_in = (steps, 1) if layout.transposed else (1, steps)
    assert out * more_out * found.fan_in == pytest.approx(inputs * more_in * found.fan_out, rel=1e-12)
    order = canonical_order(len(shape), layout)
    assert sorted(order) == list(range(len(shape)))
    assert order[: len(layout.stack_axes)] == tuple(axis % len(shape) for axis in layout.stack_axes)


def test_named_layouts_differ() -> None:
    assert len({repr(layout) for layout in LAYOUTS.values()}) == len(LAYOUTS)
