"""Numbers from a caller: what is one, each limit on both sides, and an error's rule, value and remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.check import LARGEST_SEED, finite, is_number, is_whole, not_negative, positive, pythons_own, seed, whole
from headstart.errors import InputError

NO_NUMBERS: list[Any] = [True, False, np.True_, None, "1", "0.5", [1], (1,), {}, 1j, np.array([1.0]), Decimal(1)]
WHOLE: list[Any] = [3, np.int8(3), np.uint64(3), np.int64(3)]
REAL: list[Any] = [0.5, np.float16(0.5), np.float32(0.5), np.float64(0.5), Fraction(1, 2)]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_none_for_any_check(value: Any) -> None:
    assert not is_number(value)
    assert not is_whole(value)
    for check in (finite, positive, not_negative, whole, seed):
        with pytest.raises(InputError, match=f"^it must be .*, got {re.escape(repr(value))}. Write, for example, "):
            check(value, "it")


@pytest.mark.parametrize("value", [*WHOLE, *REAL], ids=lambda value: f"{type(value).__name__} {value}")
def test_numbers_of_any_kind_become_pythons_own(value: Any) -> None:
    assert is_number(value)
    assert is_whole(value) == (value in WHOLE)
    for check in (finite, positive, not_negative):
        assert check(value, "it") == float(value)
        assert type(check(value, "it")) is float
    if value in WHOLE:
        assert (whole(value, "it"), seed(value)) == (3, 3)
        assert type(whole(value, "it")) is type(seed(value)) is int
    else:
        told = "Fraction(1, 2)" if isinstance(value, Fraction) else "0.5"
        with pytest.raises(InputError, match=re.escape(f"a whole number of at least 1, got {told}.")):
            whole(value, "it")


def test_a_float_is_no_whole_number_even_where_it_is_one() -> None:
    for check in (whole, seed):
        with pytest.raises(InputError, match=r"got 3\.0\."):
            check(3.0, "it")
        with pytest.raises(InputError, match=r"got 3\.0\."):
            check(np.float32(3), "it")


@pytest.mark.parametrize(
    ("check", "inside", "outside", "rule"),
    [
        (
            finite,
            [-1.7e308, -0.0, 5e-324],
            [math.inf, -math.inf, math.nan, 10**400, Fraction(10**400)],
            "a finite number",
        ),
        (positive, [5e-324, 1, 1.7e308], [0, -0.0, -5e-324, math.inf, math.nan, 10**400], "a positive, finite number"),
        (not_negative, [0, -0.0, 5e-324], [-5e-324, -1, math.inf, math.nan], "a finite number of at least 0"),
    ],
)
def test_each_rule_is_kept_on_both_sides(
    check: Callable[..., float], inside: list[Any], outside: list[Any], rule: str
) -> None:
    for value in inside:
        assert check(value, "the width") == value
    for value in outside:
        with pytest.raises(InputError, match=f"^the width must be {rule}, got "):
            check(value, "the width")


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 5))
def test_a_whole_number_lies_between_its_limits_both_included(value: int, least: int, room: int) -> None:
    for most in (None, least + room):
        if least <= value and (most is None or value <= most):
            assert whole(value, "it", least, most) == value
        else:
            rule = f"of at least {least}" if most is None else f"from {least} to {most}"
            with pytest.raises(
                InputError, match=f"^it must be a whole number {rule}, got {value}. Write, .* {least}.$"
            ):
                whole(value, "it", least, most)


def test_a_seed_has_sixty_four_bits() -> None:
    assert LARGEST_SEED == 2**64 - 1
    for value in (0, 1, 2**63, 2**64 - 1, np.uint64(2**64 - 1)):
        assert seed(value) == int(value)
    for value in (-1, 2**64):
        with pytest.raises(InputError, match=rf"^a seed must be a whole number from 0 to 2\^64 - 1, got {value}."):
            seed(value)
    with pytest.raises(InputError, match=r"^the data's seed must"):
        seed(-1, "the data's seed")


def test_the_remedy_is_the_callers_own_example() -> None:
    for check in (finite, positive, not_negative):
        with pytest.raises(InputError, match=r"Write, for example, 0\.02\.$"):
            check(math.nan, "it", "0.02")
    with pytest.raises(InputError, match=r"Write, for example, 64\.$"):
        whole(0, "it", example="64")
    with pytest.raises(InputError, match=r"from 0 to 1,000, got 1001"):
        whole(1001, "it", 0, 1000)


def test_a_value_by_the_page_is_told_in_part() -> None:
    with pytest.raises(InputError) as caught:
        positive("x" * 10_000, "it")
    assert len(str(caught.value)) < 200
    assert "xxx... " not in str(caught.value)
    assert "xxx...." in str(caught.value)


def test_what_cannot_be_written_is_told_all_the_same() -> None:
    huge = 10**5000  # Python writes no whole numbers of more than 4,300 digits
    for value in (huge, -huge, [huge], Fraction(huge)):
        with pytest.raises(InputError, match=r"got (a (whole number|list|Fraction) of|-?\d+|1000)"):
            positive(value if value != huge else -huge, "it")
    with pytest.raises(InputError, match=r"from 1 to 2\^31 - 1, got a whole number of more than 1,000 digits"):
        whole(huge, "it", most=2**31 - 1)


class Pair(NamedTuple):
    first: Any
    second: Any


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        (np.int64(3), 3), (np.uint8(3), 3), (np.float32(0.5), 0.5), (np.longdouble(0.5), 0.5), (np.True_, True),
        (np.str_("he"), "he"), (Path("a.csv"), "a.csv"), ((np.int64(3), "x"), (3, "x")),
        ([np.float64(0.5)], [0.5]), (Pair(np.int8(1), 2), (1, 2)), (None, None), (1j, 1j), (10**400, 10**400),
    ],
)  # fmt: skip
def test_numpys_and_paths_become_pythons_own(given_: Any, found: Any) -> None:
    made = pythons_own(given_)
    assert made == found
    assert type(made) is type(found)
    if isinstance(found, (tuple, list)):
        assert [type(item) for item in made] == [type(item) for item in found]


def test_arrays_within_stay_as_they_are() -> None:
    x = np.ones((3, 2))
    assert pythons_own((x, x))[0] is x
