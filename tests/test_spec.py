"""Spec strings: what is written is what is read, whatever the blanks, the order and the kinds of value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import InputError
from headstart.spec import Spec, format_value, parse, read_number, type_of_value

WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda word: word.lower() not in ("true", "false", "nan", "inf", "infinity")
)
CALLS = st.tuples(WORDS, st.lists(st.integers(-9, 9).map(str), max_size=2)).map(lambda c: f"{c[0]}({','.join(c[1])})")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(NUMBERS, st.booleans(), WORDS, CALLS)
BLANKS = st.sampled_from(["", " ", "  "])


@given(WORDS, st.lists(VALUES, max_size=3), st.dictionaries(WORDS, VALUES, max_size=3), st.none() | NUMBERS, BLANKS)
def test_what_is_written_is_read(
    name: str, positional: list[type_of_value], keywords: dict[str, type_of_value], factor: float | None, blank: str
) -> None:
    items = [format_value(value) for value in positional]
    items += [f"{key}{blank}={blank}{format_value(value)}" for key, value in keywords.items()]
    text = blank + name + blank
    if items:
        text += "(" + f"{blank},{blank}".join(f"{blank}{item}{blank}" for item in items) + ")" + blank
    if factor is not None:
        text += f"*{blank}{factor!r}{blank}"
    found = parse(text, "scheme", "he")
    assert found == Spec(name.lower(), tuple(positional), keywords, factor)
    assert list(found.keywords) == list(keywords)
    kinds = [type(value) for value in (*positional, *keywords.values())]
    assert [type(value) for value in (*found.positional, *found.keywords.values())] == kinds


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
def test_truth_in_any_case(word: str) -> None:
    assert parse(f"f({word})", "scheme", "he").positional == (True,)
    assert parse(f"f(a={word})", "scheme", "he").keywords == {"a": True}


@pytest.mark.parametrize("word", ["false", "False", "FALSE"])
def test_falsehood_in_any_case(word: str) -> None:
    assert parse(f"f({word})", "scheme", "he").positional == (False,)


def test_no_multiplier_is_not_a_multiplier_of_one() -> None:
    assert parse("he", "scheme", "he").multiplier is None
    assert parse("he*1", "scheme", "he").multiplier == 1.0


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "infinity", "NaN", "Infinity", "1e999"])
def test_numbers_are_finite_wherever_they_stand(number: str) -> None:
    for text in (f"f({number})", f"f(a={number})", f"f*{number}"):
        with pytest.raises(InputError, match="must be finite"):
            parse(text, "scheme", "he")


@pytest.mark.parametrize("text", ["f()", "f(,)", "f(1,)", "f(a=)", "f(,1)"])
def test_empty_arguments_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="argument is empty"):
        parse(text, "scheme", "he")


def test_commas_within_an_argument_do_not_part_it() -> None:
    assert parse("gain(hardtanh(-1, 2), q=3)", "scheme", "he") == Spec("gain", ("hardtanh(-1, 2)",), {"q": 3.0}, None)


def test_messages_name_the_kind_the_text_and_an_example() -> None:
    with pytest.raises(InputError, match=r"malformed activation 'f\(': .* Write 'relu'"):
        parse("f(", "activation", "relu")
    with pytest.raises(InputError, match=r"an argument of activation 'f\(1x\)' must be a number, got '1x'"):
        parse("f(1x)", "activation", "relu")
    with pytest.raises(InputError, match=r"the multiplier of activation 'f\*x' must be a number, got 'x'"):
        parse("f*x", "activation", "relu")


@given(NUMBERS)
def test_numbers_read_back_to_the_same_float(value: float) -> None:
    back = read_number(format_value(value), "it")
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


def test_whole_numbers_are_written_without_a_point() -> None:
    assert [format_value(v) for v in (100.0, 1.5, -0.25, 1e300, 20)] == ["100", "1.5", "-0.25", "1e+300", "20"]
    assert [format_value(v) for v in (True, False, "tanh")] == ["true", "false", "tanh"]
