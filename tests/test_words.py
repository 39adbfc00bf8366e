"""Numbers, lists and plain data as a person and as JSON read them."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.words import (
    aligned,
    count,
    duration,
    listed,
    memory,
    not_finite,
    number,
    percent,
    plain,
    sizes,
    times,
)

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
    ),
)  # fmt: skip


@given(NESTED)
def test_it_survives_json_as_it_is(value: object) -> None:
    once = plain(value)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert plain(once) == once


@pytest.mark.parametrize(("value", "text"), [(math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")])
def test_each_number_that_json_lacks_has_its_word_at_any_depth(value: float, text: str) -> None:
    assert plain(value) == text
    assert plain({"a": [1.5, (value, {"b": value})]}) == {"a": [1.5, [text, {"b": text}]]}


def test_what_json_has_stays_what_it_is() -> None:
    for value in (None, True, False, 0, -3, 2**70, 1e308, -0.0, "inf"):
        assert plain(value) is value


# --- numbers --------------------------------------------------------------------------------------------------------

NOT_FINITE = [(math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")]


@pytest.mark.parametrize(("value", "text"), NOT_FINITE)
def test_what_is_not_finite_has_one_word_everywhere(value: float, text: str) -> None:
    assert number(value) == percent(value) == not_finite(value) == plain(value) == text
    assert times(value) == f"× {text}"


@given(st.floats(-1e300, 1e300), st.integers(1, 12))
def test_a_number_has_so_many_digits_and_a_factor_three(value: float, digits: int) -> None:
    assert float(number(value, digits)) == float(f"{value:.{digits}g}")
    assert float(number(value)) == pytest.approx(value, rel=5e-4, abs=0)
    assert times(value) == f"× {number(value, 3)}"
    assert times(value, digits) == f"× {number(value, digits)}"


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(0.5, 1, "50.0 %"), (0.12345, 1, "12.3 %"), (0.12345, 0, "12 %"), (1.0, 0, "100 %"), (0.999, 0, "100 %"),
     (-0.25, 1, "-25.0 %"), (0.0, 0, "0 %"), (0.12345, 3, "12.345 %")],
)  # fmt: skip
def test_a_share_is_told_in_percent(share: float, digits: int, text: str) -> None:
    assert percent(share, digits) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (999, "999 runs"), (1000, "1,000 runs")]
)
def test_only_one_is_singular(amount: int, text: str) -> None:
    assert count(amount, "run") == text
    assert count(amount, "entry", "entries").endswith("1 entry" if amount == 1 else " entries")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (2**10, "1 KiB"), (2**20 - 1, "1024 KiB"), (2**20, "1 MiB"), (2**30, "1 GiB"),
     (3 * 2**29, "1.5 GiB"), (2**40, "1 TiB"), (2**50, "1024 TiB")],
)  # fmt: skip
def test_memory_is_told_in_the_largest_unit_that_it_fills(size: float, text: str) -> None:
    assert memory(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.999, "under a second"), (1, "about 1 s"), (99.9, "about 100 s"), (100, "about 2 min"), (5999, "about 100 min"),
     (6000, "about 1.7 h")],
)  # fmt: skip
def test_a_time_is_told_in_a_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# --- lists ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["he", "xavier", "zeros"]), max_size=6), st.sampled_from(["and", "or"]))
def test_items_are_listed_as_a_sentence_does(items: list[str], last: str) -> None:
    text = listed(items, last)
    if not items:
        assert text == "none"
    else:
        assert re.split(rf", | {last} ", text) == items
        assert text.count(f" {last} ") == (len(items) > 1)
        assert f" {last} {items[-1]}" in f" {last} {text}"


def test_sizes_are_written_as_the_command_line_takes_them() -> None:
    assert [sizes(()), sizes((3,)), sizes((10, 5, 2))] == ["", "3", "10,5,2"]


@given(st.lists(st.tuples(*[st.text("ab1 .", min_size=1, max_size=9).map(str.strip)] * 3), max_size=6))
def test_aligned_cells_begin_or_end_below_their_names(rows: list[tuple[str, str, str]]) -> None:
    lines = aligned(("name", "std", "reason"), rows, right=("std",))
    assert len(lines) == len(rows) + 1
    wide = [max(len(row[column]) for row in [("name", "std", "reason"), *rows]) for column in range(2)]
    for line, (name, std, reason) in zip(lines, [("name", "std", "reason"), *rows], strict=True):
        assert line == f"{name:<{wide[0]}}  {std:>{wide[1]}}  {reason}".rstrip()
