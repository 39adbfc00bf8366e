"""Rectangles against an array that holds every element's index; shapes up to the last index there is."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest
from draws_bits import bits
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import BACKENDS, draw_array
from headstart.draws.rectangles import check_shape, rectangle
from headstart.layout import Layout, canonical_order, layout_of
from headstart.schemes import Normal

SIZES = st.lists(st.integers(1, 6), max_size=5).map(tuple)


@st.composite
def layouts(draw: st.DrawFn, rank: int) -> str | Layout:
    """A name, or any axes: one or two outputs and inputs, some of them counted from the end."""
    if rank < 2 or draw(st.booleans()):
        return draw(st.sampled_from(["out_in", "in_out"]))
    order = [axis - rank * draw(st.integers(0, 1)) for axis in draw(st.permutations(range(rank)))]
    outs = draw(st.integers(1, min(2, rank - 1)))
    return Layout(tuple(order[:outs]), tuple(order[outs : outs + draw(st.integers(1, min(2, rank - outs)))]))


def canonical_axes(rank: int, layout: str | Layout) -> list[int]:
    """Outputs, inputs, then the others as they are stored."""
    if rank < 2:
        return list(range(rank))
    if layout == "in_out":
        return [rank - 1, rank - 2, *range(rank - 2)]
    if layout == "out_in":
        return list(range(rank))
    assert isinstance(layout, Layout)
    named = [axis % rank for axis in (*layout.out_axes, *layout.in_axes)]
    return named + [axis for axis in range(rank) if axis not in named]


def indices(shape: tuple[int, ...], layout: str | Layout) -> np.ndarray:
    """The index of every element, where it is stored: row-major in canonical order, transposed back."""
    order = canonical_axes(len(shape), layout)
    canonical = np.arange(math.prod(shape)).reshape([shape[axis] for axis in order])
    return canonical.transpose(np.argsort(order)) if order else canonical


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[int, ...], str | Layout, list[tuple[int, int]]]:
    """A shape, a layout and a region, which may be empty."""
    shape = draw(SIZES)
    region = []
    for size in shape:
        start = draw(st.integers(0, size))
        region.append((start, draw(st.integers(start, size))))
    return shape, draw(layouts(len(shape))), region


@given(cases(), st.integers(1, 40))
def test_every_view_of_a_rectangle_names_the_same_elements(
    case: tuple[tuple[int, ...], str | Layout, list[tuple[int, int]]], limit: int
) -> None:
    shape, layout, region = case
    where = rectangle(shape, layout, region)
    expected = indices(shape, layout)[tuple(slice(*span) for span in region)]
    assert where.shape == expected.shape
    assert where.size == expected.size
    assert where.order == canonical_order(len(shape), layout_of(layout)) == tuple(canonical_axes(len(shape), layout))
    by_steps = [where.base + sum(map(operator.mul, place, where.steps)) for place in np.ndindex(where.shape)]
    assert np.array_equal(by_steps, expected.reshape(-1))
    starts, length = where.rows()
    rows = (starts[:, None] + np.arange(length, dtype=np.uint64)).reshape(-1)
    assert np.array_equal(rows, expected.transpose(where.order).reshape(-1))
    assert np.array_equal(where.stored(rows), expected)
    drawn = np.full(where.shape, -1)
    for at, part in where.split(limit):
        assert part.size <= limit
        assert (drawn[at] == -1).all()
        drawn[at] = indices(shape, layout)[
            tuple(slice(a, a + size) for a, size in zip(part.starts, part.shape, strict=True))
        ]
        if part.size:
            assert part.base == drawn[at].reshape(-1)[0]
    assert np.array_equal(drawn, expected)


def test_parts_are_as_large_as_they_may_be_along_the_outermost_axis() -> None:
    parts = [part.shape for _, part in rectangle((7, 5)).split(10)]
    assert parts == [(2, 5), (2, 5), (2, 5), (1, 5)]


# --- 2^63 elements --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2**63 - 1,), (7, (2**63 - 1) // 7), (1, 2**62, 1), (0, 2**62), (3, 0, 2**61)])
def test_fewer_than_two_to_the_63_elements_are_allowed(shape: tuple[int, ...]) -> None:
    assert check_shape(shape) == shape
    assert rectangle(shape).shape == shape


@pytest.mark.parametrize("shape", [(2**63,), (2**62, 2), (2**32, 2**31), (0, 2**62, 2), (2**63 + 1,), (2**40, 2**40)])
def test_two_to_the_63_elements_are_too_many(shape: tuple[int, ...]) -> None:
    """Sizes beside a zero count too: the steps of the other axes must fit."""
    with pytest.raises(hs.InputError, match=r"fewer than 2\^63 elements"):
        check_shape(shape)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_last_element_there_is(backend: str) -> None:
    shape, region = (2**63 - 1,), [(2**63 - 6, 2**63 - 1)]
    found = bits(draw_array(Normal(1.0), shape, 3, "w", region=region, backend=backend))
    expected = bits(draw_array(Normal(1.0), shape, 3, "w", region=region, backend="numpy"))
    assert np.array_equal(found, expected)
    from headstart.draws.normal import UNIT, normal_integers

    words = hs.stream_words(3, "w", 2**63 - 6, 5)
    assert np.array_equal(expected, bits(normal_integers(words).astype(np.float32) * np.float32(UNIT)))


# --- wrong shapes and regions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(np.bool_(True), 2), (True,), "34", b"34", (3, None), (3.0,), 3, None])
def test_shapes_are_integers(shape: Any) -> None:
    with pytest.raises(hs.InputError, match="sequence of integers"):
        check_shape(shape)


def test_shapes_of_numpy_integers_become_integers() -> None:
    found = check_shape([np.int64(3), np.uint8(0)])
    assert found == (3, 0)
    assert all(type(size) is int for size in found)
    with pytest.raises(hs.InputError, match="at least 0"):
        check_shape((3, -1))


@pytest.mark.parametrize(
    ("region", "inside"),
    [
        ([(0, 4), (0, 3)], True), ([(4, 4), (3, 3)], True), ([(0, 0), (0, 3)], True), ([(0, 5), (0, 3)], False),
        ([(0, 4), (0, 4)], False), ([(-1, 4), (0, 3)], False), ([(2, 1), (0, 3)], False), ([(0, 4), (-1, 3)], False),
        ([slice(None), slice(1, None)], True), ([slice(0, 4, 1), slice(None, 2)], True), ([slice(0, 5), (0, 3)], False),
        ([slice(-1, None), (0, 3)], False),
    ],
)  # fmt: skip
def test_regions_from_both_sides_of_every_limit(region: Any, inside: bool) -> None:
    if inside:
        found = rectangle((4, 3), region=region)
        whole = np.zeros((4, 3))[tuple(span if isinstance(span, slice) else slice(*span) for span in region)]
        assert found.shape == whole.shape
    else:
        with pytest.raises(hs.InputError, match="must lie inside the shape"):
            rectangle((4, 3), region=region)


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("ab", "one \\(start, stop\\) per axis of shape"), (3, "per axis of shape"), ([(0, 1)], "per axis of shape"),
        ([(0, 1)] * 3, "per axis of shape"), ([(0, 1, 2), (0, 1)], "per axis, got"), ([3, (0, 1)], "per axis, got"),
        ([slice(0, 4, 2), (0, 1)], "step 1"), ([slice(4, 0, -1), (0, 1)], "step 1"),
        ([(0, 1.0), (0, 1)], "limits are integers"), ([slice("a", None), (0, 1)], "limits are integers"),
    ],
)  # fmt: skip
def test_regions_of_another_form(region: Any, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        rectangle((4, 3), region=region)
