"""Spec strings, and the one place where their values are bound to a signature.

What is written is what is read, whatever the blanks, the order and the kinds of value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments.data.datasets import MAKERS, check_spec
from headstart.experiments.optimizers import KINDS, optimizer
from headstart.schemes import FAMILIES
from headstart.spec import Argument, Signature, Spec, format_value, parse, read_number, type_of_value
from headstart.theory.activations import FORMULAS, activation

# catalogue: how a spec string is read, and the arguments of every name in it
CATALOGUES: dict[str, tuple[Callable[[str], Any], dict[str, list[tuple[str, Any]]]]] = {
    "scheme": (hs.scheme, {name: [(a.name, a) for a in family.arguments] for name, family in FAMILIES.items()}),
    "activation": (activation, {name: list(formula.parameters) for name, formula in FORMULAS.items()}),
    "data set": (
        check_spec,
        {name: [(a.name, a) for a in maker.signature.arguments] for name, maker in MAKERS.items()},
    ),
    "optimizer": (optimizer, {name: [(a.name, a) for a in kind.arguments] for name, kind in KINDS.items()}),
}
NAMES = [(kind, name) for kind, (_, names) in CATALOGUES.items() for name in names]


def value_of(argument: Any) -> Any:
    """A value that an argument takes."""
    if not isinstance(argument, Argument):
        return argument  # a parameter's default
    if argument.read is not None:
        return "gelu"
    if argument.default is not None:
        return argument.default
    return 0.5


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_as_many_plain_values_as_there_are_arguments_work_and_one_more_is_refused(kind: str, name: str) -> None:
    read, names = CATALOGUES[kind]
    arguments = names[name]
    values = [format_value(value_of(argument)) for _, argument in arguments]
    plain = f"{name}({', '.join(values)})" if values else name
    named = f"{name}({', '.join(f'{key}={value}' for (key, _), value in zip(arguments, values, strict=True))})"
    assert str(read(plain)) == str(read(named if values else name))
    with pytest.raises(hs.InputError, match=r"takes .*, got \d+ values. Write"):
        read(f"{name}({', '.join([*values, '1'])})")
    with pytest.raises(hs.InputError, match=rf"{kind} '{name}' 'colour'"):
        read(f"{name}(colour=1)")
    if values:
        with pytest.raises(hs.InputError, match="twice"):
            read(f"{name}({values[0]}, {arguments[0][0]}={values[0]})")


@pytest.mark.parametrize(("kind", "name"), [pair for pair in NAMES if pair[0] != "scheme"])
def test_only_schemes_have_multipliers(kind: str, name: str) -> None:
    with pytest.raises(hs.InputError, match=rf"{kind} '{name}' takes no multiplier, got {name}\*2. Write '{name}'"):
        CATALOGUES[kind][0](f"{name}*2")


def test_three_values_and_nested_ones() -> None:
    assert hs.scheme("gain(gelu, 1, backward)") == hs.scheme("gain(gelu, direction=backward)")
    assert str(hs.scheme("gain(hardtanh(-1, 2), 4, backward, fan_out)")) == (
        "gain(hardtanh(-1, 2), q=4, direction=backward, mode=fan_out)"
    )
    assert parse("f(g(1, 2), 3, h=k(4))", "thing", "f").positional == ("g(1, 2)", 3.0)


LIMITS = Signature(
    "thing", "f", (Argument("n", 3, whole=True, least=2), Argument("p", 0.5, above=0, below=1), Argument("x", 1.0))
)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": 2.5}, "n of thing 'f' must be a whole number of at least 2, got 2.5"),
        ({"n": 1}, "must be a whole number of at least 2, got 1"),
        ({"n": "many"}, "must be a whole number of at least 2, got 'many'"),
        ({"n": True}, "must be a whole number of at least 2, got True"),
        ({"p": 0}, "must be positive and below 1, got 0"),
        ({"p": 1}, "must be positive and below 1, got 1"),
        ({"x": float("inf")}, "must be finite, got inf"),
        ({"x": None}, "must be a number, got None"),
    ],
)
def test_limits_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        LIMITS.bind((), given)


def test_values_come_back_in_their_own_types() -> None:
    bound = LIMITS.bind((np.int64(4), np.float32(0.25)), {})
    assert bound == {"n": 4, "p": 0.25, "x": 1.0}
    assert [type(value) for value in bound.values()] == [int, float, float]


def test_other_words_for_an_argument() -> None:
    signature = Signature("thing", "f", (Argument("slope", 0.1),), {"negative_slope": "slope"})
    assert signature.bind((), {"negative_slope": 2}) == {"slope": 2.0}
    with pytest.raises(hs.InputError, match="got slope twice"):
        signature.bind((1,), {"negative_slope": 2})


# --- reading and writing ------------------------------------------------------------------------------------------

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
        with pytest.raises(hs.InputError, match="must be finite"):
            parse(text, "scheme", "he")


@pytest.mark.parametrize("text", ["f(,)", "f(1,)", "f(a=)", "f(,1)"])
def test_empty_arguments_are_refused(text: str) -> None:
    with pytest.raises(hs.InputError, match="argument is empty"):
        parse(text, "scheme", "he")


def test_commas_within_an_argument_do_not_part_it() -> None:
    assert parse("gain(hardtanh(-1, 2), q=3)", "scheme", "he") == Spec("gain", ("hardtanh(-1, 2)",), {"q": 3.0}, None)


def test_messages_name_the_kind_the_text_and_an_example() -> None:
    with pytest.raises(hs.InputError, match=r"malformed activation 'f\(': .* Write 'relu'"):
        parse("f(", "activation", "relu")
    with pytest.raises(hs.InputError, match=r"an argument of activation 'f\(1x\)' must be a number, got '1x'"):
        parse("f(1x)", "activation", "relu")
    with pytest.raises(hs.InputError, match=r"the multiplier of activation 'f\*x' must be a number, got 'x'"):
        parse("f*x", "activation", "relu")


@given(NUMBERS)
def test_numbers_read_back_to_the_same_float(value: float) -> None:
    back = read_number(format_value(value), "it")
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


def test_whole_numbers_are_written_without_a_point() -> None:
    assert [format_value(v) for v in (100.0, 1.5, -0.25, 1e300, 20)] == ["100", "1.5", "-0.25", "1e+300", "20"]
    assert [format_value(v) for v in (True, False, "tanh")] == ["true", "false", "tanh"]


@pytest.mark.parametrize(
    "text",
    ["he*" * 10**6, "he(" * 10**5, "he(" + "1," * 10**6 + "1)", "(" * 10**6, "a" * 10**6, "he*1" + "0" * 10**6,
     "gain(leaky_relu(" + "," * 10**5 + "))"],
)  # fmt: skip
def test_a_text_by_the_page_is_refused_at_once(text: str) -> None:
    with pytest.raises(hs.InputError, match=r"^a scheme has at most 1,000 characters, got [\d,]+: ") as caught:
        hs.scheme(text)
    assert len(str(caught.value)) < 200


def test_no_arguments_in_parentheses_are_none() -> None:
    assert parse("he( )*2", "scheme", "he") == Spec("he", (), {}, 2.0)


def test_a_path_is_kept_apart_where_one_may_stand() -> None:
    found = parse("torch.nn.GELU(1)", "activation", "relu", dotted=True)
    assert (found.path, found.name, found.written, found.positional) == ("torch.nn.", "gelu", "GELU", (1.0,))
    with pytest.raises(hs.InputError, match=r"malformed data set 'a\.csv'"):
        parse("a.csv", "data set", "circles")
    with pytest.raises(hs.InputError, match="an activation has at most"):
        parse("a" * 2000, "activation", "relu")


@pytest.mark.parametrize(
    "value", [10**400, 10**5000, np.array(0.1), "0.1", None, 1j], ids=lambda value: type(value).__name__
)
def test_what_is_no_number_for_an_argument_is_told(value: Any) -> None:
    with pytest.raises(hs.InputError, match="std of scheme 'normal' must be "):
        hs.normal(value)
