"""Which buffers share memory with themselves: against counting every element's bytes."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs
from headstart.draws.buffers import overlaps


def shares_memory(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    """Whether any byte belongs to two elements, by listing the bytes of each."""
    owners: Counter[int] = Counter()
    for place in itertools.product(*map(range, shape)):
        first = sum(k * stride for k, stride in zip(place, strides, strict=True))
        owners.update(range(first, first + itemsize))
    return any(count > 1 for count in owners.values())


def nests(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    """Whether each axis steps over all that the axes of smaller strides reach: so do all views by slicing and axes."""
    spans = sorted((abs(stride), size) for stride, size in zip(strides, shape, strict=True) if size > 1)
    reached = {0}
    for stride, size in spans:
        if stride <= max(reached) - min(reached) + itemsize - 1:
            return False
        reached = {low + k * stride for low in reached for k in range(size)}
    return True


AXES = st.lists(st.tuples(st.integers(0, 4), st.integers(-30, 30)), max_size=4)


@settings(max_examples=500)
@given(AXES, st.sampled_from([2, 4, 8]))
def test_a_buffer_that_shares_memory_is_always_refused(axes: list[tuple[int, int]], itemsize: int) -> None:
    """And what nests is always taken. Between the two lie interleavings that no view has; they may be refused."""
    shape, strides = tuple(size for size, _ in axes), tuple(stride for _, stride in axes)
    found = overlaps(shape, strides, itemsize)
    if shares_memory(shape, strides, itemsize):
        assert found
    if 0 in shape or nests(shape, strides, itemsize):
        assert not found


@given(st.data(), st.lists(st.integers(1, 6), min_size=1, max_size=4), st.sampled_from(["f4", "f8", "f2"]))
def test_every_view_by_slicing_and_transposing_is_taken(data: st.DataObject, shape: list[int], dtype: str) -> None:
    base = np.zeros(shape, dtype)
    cut = tuple(
        slice(*data.draw(st.tuples(st.integers(0, n), st.integers(0, n), st.integers(1, 3)).map(lambda s: s)))
        if data.draw(st.booleans()) else slice(None, None, data.draw(st.sampled_from([1, 2, -1, -2])))
        for n in shape
    )  # fmt: skip
    view = base[cut].transpose(data.draw(st.permutations(range(len(shape)))))
    assert not overlaps(view.shape, view.strides, view.itemsize)


@pytest.mark.parametrize(
    ("shape", "strides", "shared"),
    [
        ((3,), (4,), False), ((3,), (3,), True), ((3,), (0,), True), ((1,), (0,), False), ((3,), (-4,), False),
        ((3,), (-3,), True), ((3, 2), (8, 4), False), ((3, 2), (7, 4), True), ((3, 2), (4, 12), False),
        ((3, 2), (4, 11), True), ((2, 3), (8, 4), True), ((2, 3), (-12, 4), False), ((2, 2, 2), (16, 8, 4), False),
        ((2, 2, 2), (12, 8, 4), True), ((2, 3, 2), (20, 8, 4), True), ((2, 3, 2), (24, 8, 4), False),
        ((0, 3), (4, 4), False), ((3, 0), (0, 0), False), ((1, 3), (0, 4), False), ((), (), False),
    ],
)  # fmt: skip
def test_one_byte_decides(shape: tuple[int, ...], strides: tuple[int, ...], shared: bool) -> None:
    assert overlaps(shape, strides, 4) == shared == shares_memory(shape, strides, 4)


def test_an_overlapping_buffer_is_refused_and_unchanged() -> None:
    """Rows of three elements two elements apart: the last of each is the first of the next."""
    memory = np.full(7, 7.0, np.float32)
    out = np.lib.stride_tricks.as_strided(memory, (3, 3), (8, 4))
    with pytest.raises(hs.InputError, match="overlap itself"):
        hs.sample("normal(1)", (3, 3), out=out)
    assert (memory == 7).all()
