"""Spec strings and the one place where their values are bound to a signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.experiments.data.datasets import MAKERS, check_spec
from headstart.experiments.optimizers import KINDS, optimizer
from headstart.schemes import FAMILIES
from headstart.spec import Argument, Signature, format_value, parse
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
