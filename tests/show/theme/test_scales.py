"""Log axes: they hold the data, and their labels can be read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.show.theme.scales import log_axis, log_domain

POSITIVE = st.floats(1e-100, 1e100)


@given(st.lists(POSITIVE, min_size=1, max_size=8), st.sampled_from([1.0, 20.0]))
def test_a_log_domain_holds_the_data_with_room_and_spans_enough(values: list[float], least: float) -> None:
    low, high = log_domain([*values, 0.0, -1.0, math.inf, math.nan], least)
    bottom, top = max(min(values), max(values) * 1e-14), max(values)
    assert high >= 1.14 * top
    assert low <= bottom / 1.14
    assert high / low >= least * 0.998  # four digits
    room = max((top / bottom) ** 0.05, 1.15, math.sqrt(least * bottom / top))
    assert high == pytest.approx(top * room, rel=1e-3)
    assert low == pytest.approx(bottom / room, rel=1e-3)


def test_what_is_fourteen_decades_below_the_top_is_kept_and_no_more() -> None:
    assert log_domain([1.0, 1e-13])[0] < 1e-13
    assert log_domain([1.0, 1e-14]) == log_domain([1.0, 1e-300])


@pytest.mark.parametrize("values", [[], [0.0], [-3.0, math.inf, math.nan]])
def test_without_a_number_there_is_still_an_axis(values: list[float]) -> None:
    assert log_domain(values) == (0.1, 10.0)


@given(POSITIVE, st.floats(1.32, 1e60))
def test_labels_lie_on_the_axis_in_order_and_are_few(low: float, ratio: float) -> None:
    ticks = log_axis(low, low * ratio)["values"]
    assert 2 <= len(ticks) <= 9
    assert ticks == sorted(ticks)
    assert all(low * 0.96 <= tick <= low * ratio * 1.04 for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.2, 9.0, [0.2, 0.5, 1, 2, 5]), (0.5, 40.0, [0.5, 1, 2, 5, 10, 20]), (1.0, 100.0, [1, 2, 5, 10, 20, 50, 100]),
        (0.9, 200.0, [1, 10, 100]),
        (1e-8, 1.0, [1e-8, 1e-6, 1e-4, 1e-2, 1]),
        (1e-9, 1.0, [1e-8, 1e-6, 1e-4, 1e-2, 1]), (1.1, 1.9, [1.2, 1.4, 1.6, 1.8]),
    ],
)  # fmt: skip
def test_labels_stand_at_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert log_axis(low, high)["values"] == pytest.approx(ticks)
