"""Cells: numbers, words and gaps; and labels, whose identity is exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.experiments.data.cells import exact, exact_value, is_missing, is_whole, name_of, number_in


@pytest.mark.parametrize("text", ["NA", "n/a", "N/A", "#N/A", "null", "NULL", "None", "none", "?", "-", "--", ".", "",
                                  " ", "nan", "NaN", "<NA>", "NaT"])  # fmt: skip
def test_ways_to_say_that_there_is_no_value(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "no", "Nan a", "n", "-1", "Nancy", "none of them", "unknown"])
def test_words_that_are_values(text: str) -> None:
    assert not is_missing(text)


@pytest.mark.parametrize("text", ["1_000", "٣", "1,5", "0x10", "5%", "$5", "1e", "--1", "1 2", "9" * 401, "x"])
def test_words_that_pythons_float_or_a_reader_may_take_for_numbers(text: str) -> None:
    assert number_in(text) is None
    assert exact(text) is None


@pytest.mark.parametrize("text", ["inf", "nan", "-Infinity", "1e400", "9" * 350])
def test_what_is_not_finite_has_no_exact_number(text: str) -> None:
    assert exact(text) is None


@given(st.integers(-(10**40), 10**40), st.integers(-(10**40), 10**40))
def test_two_whole_numbers_are_one_label_only_if_they_are_equal(first: int, second: int) -> None:
    for read in (lambda number: exact(str(number)), exact_value):
        assert (read(first) == read(second)) == (first == second)
        assert (name_of(read(first)) == name_of(read(second))) == (first == second)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_floats_are_one_label_only_if_they_are_equal(first: float, second: float) -> None:
    for read in (lambda number: exact(repr(number)), exact_value):
        assert (read(first) == read(second)) == (first == second)
        assert (name_of(read(first)) == name_of(read(second))) == (first == second)
    assert exact(repr(first)) == exact_value(first) == exact_value(np.float64(first))


@pytest.mark.parametrize(
    ("texts", "name"),
    [(["1", "1.0", "01", " 1 ", "+1", "1e0", "10e-1"], "1"),
     (["0", "-0", "0.000", "0e5", "0e99999999999999999999"], "0"), (["1e3", "1000.0"], "1000"),
     (["-2.50", "-25e-1"], "-2.5"), (["1e-7", "0.0000001"], "0.0000001"), (["1e50"], "1E+50"),
     (["1e-9"], "0.000000001")],
)  # fmt: skip
def test_one_number_written_in_several_ways_is_one_label_with_one_name(texts: list[str], name: str) -> None:
    found = {exact(text) for text in texts}
    assert len(found) == 1
    assert {name_of(label) for label in found if label is not None} == {name}


@pytest.mark.parametrize(
    ("value", "number"),
    [(np.int8(3), 3), (np.uint64(2**64 - 1), 2**64 - 1), (True, 1), (np.bool_(False), 0), (np.float32(0.5), 0.5),
     (Decimal("0.1"), Decimal("0.1")), (Fraction(1, 2), 0.5)],
)  # fmt: skip
def test_numbers_of_every_kind(value: Any, number: Any) -> None:
    assert exact_value(value) == Decimal(str(number))


@pytest.mark.parametrize(
    "value", ["1", None, 1j, np.complex64(1), np.timedelta64(5, "s"), np.datetime64("2024-01-01"), float("nan"),
              Decimal("NaN"), Fraction(10**400), np.nan, [1], b"1"],
)  # fmt: skip
def test_what_is_no_finite_real_number(value: Any) -> None:
    assert exact_value(value) is None


def test_space_that_does_not_break_is_space() -> None:
    assert number_in("\u00a01.5\u2009") == 1.5
    assert exact("\u00a01.5") == Decimal("1.5")


def test_whole_numbers() -> None:
    assert all(map(is_whole, [Decimal("1e300"), Decimal("-3"), Decimal("2.00")]))
    assert not any(map(is_whole, [Decimal("0.5"), Decimal("9007199254740993.5"), "1"]))
