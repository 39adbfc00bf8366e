"""fan_in and fan_out: definition, layouts, groups, and agreement with PyTorch and JAX."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import Fans, InputError, Layout, fans

SHAPES = st.lists(st.integers(1, 9), min_size=2, max_size=5).map(tuple)


def test_every_axis_has_its_part() -> None:
    # all sizes differ, so swapped axes or a forgotten receptive field would show
    assert fans((6, 4, 3, 5)) == Fans(fan_in=4 * 15, fan_out=6 * 15)
    assert fans((3, 5, 4, 6), layout="in_out") == Fans(fan_in=60, fan_out=90)


def test_groups_share_the_outputs() -> None:
    # PyTorch's Conv2d(8, 12, 3, groups=4) has weight (12, 2, 3, 3): a unit sees 2 channels, a channel feeds 3 units
    assert fans((12, 2, 3, 3), Layout((0,), (1,), groups=4)) == Fans(fan_in=18, fan_out=27)


def test_several_axes_may_be_inputs() -> None:
    # attention's output projection in Flax: (heads, head size, features)
    assert fans((4, 8, 64), Layout(out_axes=(2,), in_axes=(0, 1))) == Fans(fan_in=32, fan_out=64)


@given(SHAPES)
def test_agrees_with_pytorch(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    assert torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)) == (fans(shape).fan_in, fans(shape).fan_out)


@given(SHAPES)
def test_both_layouts_of_one_layer_agree(shape: tuple[int, ...]) -> None:
    assert fans(shape) == fans((*shape[2:], shape[1], shape[0]), layout="in_out")


def test_modes() -> None:
    both = Fans(2, 18)
    assert [both.of(mode) for mode in ("fan_in", "fan_out", "fan_avg", "fan_geo")] == [2, 18, 10, 6]
    assert both.of("fan_geo") == math.sqrt(36)


@pytest.mark.parametrize(
    ("shape", "layout", "words"),
    [
        ((0, 64), "out_in", r"at least 1, got \(0, 64\)"),
        ((5,), "out_in", r"separate axes .* got shape \(5,\)"),
        ((4, 3), "sideways", "unknown layout 'sideways'"),
        ((4, 3), Layout((0,), (-2,)), "separate axes"),
        ((4, 3), Layout((0,), (1,), groups=3), "groups must divide the 4 outputs"),
        ((4.0, 3), "out_in", "must be an integer"),
    ],
)
def test_bad_shapes(shape: tuple[int, ...], layout: str | Layout, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fans(shape, layout)
