"""fan_in and fan_out: definition, layouts, groups, and agreement with PyTorch and JAX."""

from __future__ import annotations

import math
import statistics

import numpy as np
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


@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.permutations(range(4)), st.tuples(st.booleans(), st.booleans()),
)  # fmt: skip
def test_fans_count_the_connections_of_a_grouped_convolution(
    groups: int, outs: int, ins: int, field: tuple[int, int], order: list[int], negative: tuple[bool, bool]
) -> None:
    """By the gradient of PyTorch's own convolution: inputs that one inner unit sees, units that one inner input feeds.

    The weight's axes stand in any order, and are counted from either end.
    """
    torch = pytest.importorskip("torch")
    weight = torch.ones(groups * outs, ins, *field)
    x = torch.ones(1, groups * ins, 5, 5, requires_grad=True)
    y = torch.nn.functional.conv2d(x, weight, groups=groups, padding=(field[0] - 1, field[1] - 1))
    fan_in = int(torch.autograd.grad(y[0, 0, 3, 3], x, retain_graph=True)[0].sum())
    fan_out = int(torch.autograd.grad(y.sum(), x)[0][0, 0, 2, 2])
    stored = tuple(weight.permute(order).shape)
    out_axis, in_axis = order.index(0) - 4 * negative[0], order.index(1) - 4 * negative[1]
    assert fans(stored, Layout((out_axis,), (in_axis,), groups=groups)) == Fans(fan_in, fan_out)


@given(st.permutations(range(5)), st.integers(1, 2), st.integers(1, 2))
def test_several_axes_on_either_side(order: list[int], outs: int, ins: int) -> None:
    """Sizes are five primes, so each fan's factors tell which axes it holds."""
    shape = (2, 3, 5, 7, 11)
    axes = Layout(tuple(order[:outs]), tuple(order[outs : outs + ins]))
    field = math.prod(shape[axis] for axis in order[outs + ins :])
    found = fans(shape, axes)
    assert found.fan_in == field * math.prod(shape[axis] for axis in order[outs : outs + ins])
    assert found.fan_out == field * math.prod(shape[axis] for axis in order[:outs])


@pytest.mark.parametrize("groups", [4, 5, 7, 12])
def test_groups_that_do_not_divide_the_outputs_are_refused(groups: int) -> None:
    with pytest.raises(InputError, match=f"groups must divide the 6 outputs .* got groups={groups}"):
        fans((6, 4, 3, 5), Layout((0,), (1,), groups=groups))


@pytest.mark.parametrize("groups", [-6, -2, -1, 0, 1.0, True])
def test_groups_are_a_whole_number_of_at_least_one(groups: int) -> None:
    with pytest.raises(InputError, match=f"groups must be a whole number of at least 1, got {groups}"):
        Layout((0,), (1,), groups=groups)


@pytest.mark.parametrize(("groups", "fan_out"), [(1, 90), (2, 45), (3, 30), (6, 15)])
def test_groups_that_divide_them_are_taken(groups: int, fan_out: int) -> None:
    assert fans((6, 4, 3, 5), Layout((0,), (1,), groups=groups)) == Fans(60, fan_out)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_means_of_the_fans(fan_in: int, fan_out: int) -> None:
    both = Fans(fan_in, fan_out)
    assert both.of("fan_in") == fan_in
    assert both.of("fan_out") == fan_out
    assert both.of("fan_avg") == statistics.fmean([fan_in, fan_out])
    assert both.of("fan_geo") == pytest.approx(statistics.geometric_mean([fan_in, fan_out]), rel=1e-12)


def test_an_unknown_mode_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown mode 'fan'.* Known: fan_in, fan_out, fan_avg, fan_geo"):
        Fans(2, 8).of("fan")  # type: ignore[arg-type]


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
        ((4.0, 3), "out_in", "a shape is a sequence of integers"),
        ((True, 3), "out_in", "a shape is a sequence of integers"),
        (5, "out_in", "a shape is a sequence of integers"),
        ((10**400, 1), "out_in", r"fewer than 2\^63 elements"),
        ((3,) * 5000, "out_in", "at most 32 axes"),
        ((3, 4), ["out_in"], "unknown layout"),
        ((3, 4), None, "unknown layout"),
        ((4, -1), "out_in", r"at least 1, got \(4, -1\)"),
        ((), "out_in", "separate axes"),
        ((4, 3), Layout((0,), (2,)), "separate axes"),
        ((4, 3), Layout((-3,), (1,)), "separate axes"),
    ],
)
def test_bad_shapes(shape: tuple[int, ...], layout: str | Layout, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fans(shape, layout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"out_axes": (0,), "in_axes": (0,)}, "an axis has one use in a layout"),
        ({"out_axes": "01"}, "out_axes must be axis numbers"),
        ({"out_axes": (0.5,)}, "out_axes must be axis numbers"),
        ({"groups": 0}, "groups must be a whole number of at least 1"),
        ({"groups_on": "left"}, "unknown side of the groups 'left'"),
        ({"stride": (2, 0)}, "every stride must be a whole number"),
        ({"stride": 1.5}, "a stride must be a whole number"),
        ({"blocks": 3}, r"blocks are \(axis, how many\)"),
        ({"blocks": (0, 0)}, "the number of blocks must be a whole number"),
        ({"blocks": (0, 2), "groups": 2}, "groups or blocks"),
        ({"rows": 0}, "rows must be a positive"),
        ({"rows": 10**400}, "rows must be a positive"),
        ({"groups": 10**5000}, r"groups must be a whole number from 1 to 2\^63 - 1, got a whole number of more than"),
        ({"stride": 2**31}, r"a stride must be a whole number from 1 to 2\^31 - 1"),
        ({"stride": (2, 10**400)}, r"every stride must be a whole number from 1 to 2\^31 - 1"),
        ({"blocks": (0, 10**12)}, "the number of blocks must be a whole number from 1 to 65,536"),
        ({"blocks": (0, (1,) * 70_000)}, "the number of blocks must be a whole number from 1 to 65,536"),
        ({"blocks": (0, b"12")}, "the number of blocks must be a whole number"),
        ({"out_axes": (10**400,)}, "out_axes must be numbers of at most 32 axes"),
        ({"transposed": "no"}, "transposed must be True or False"),
    ],
)
def test_layouts_that_cannot_be(arguments: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Layout(**{"out_axes": (0,), "in_axes": (1,), **arguments})


@pytest.mark.parametrize(
    ("shape", "layout", "words"),
    [
        ((10, 4), Layout((0,), (1,), blocks=(0, 3)), "3 equal blocks must fill axis 0"),
        ((10, 4), Layout((0,), (1,), blocks=(0, (4, 4))), "must fill axis 0 of size 10, got sizes"),
        ((10, 4, 3), Layout((0,), (1,), blocks=(2, 3)), "along an output or input axis"),
        ((10, 4), Layout((0,), (1,), blocks=(0, (4, 6))), "Call block_fans"),
        ((10, 4, 3), Layout((0,), (1,), stride=(2, 2)), "one stride per axis of the receptive field"),
        ((10,), "stack_out_in", "separate axes for outputs"),
        ((6, 5, 2), Layout((1,), (0,), groups=4, groups_on="in"), "groups must divide the 6 inputs"),
    ],
)
def test_shapes_that_a_layout_cannot_have(shape: tuple[int, ...], layout: str | Layout, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fans(shape, layout)


def test_numpys_numbers_are_numbers() -> None:
    layout = Layout((np.int64(0),), (1,), groups=np.int32(2), blocks=None, rows=np.float32(1))
    assert layout == Layout((0,), (1,), groups=2)
    assert fans((np.int64(4), np.int32(3)), layout) == Fans(3, 2)
    assert repr(layout) == "Layout(out_axes=(0,), in_axes=(1,), groups=2)"
