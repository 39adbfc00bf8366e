"""The schemes as Python names: each is the scheme of its own name, with the defaults of its spec string."""

from __future__ import annotations

import inspect

import pytest

import headstart as hs
from headstart.schemes import FAMILIES, Scheme, names

VALUES = sorted(name for name, value in vars(names).items() if isinstance(value, Scheme))
FUNCTIONS = {"constant": 0.3, "normal": 0.3, "uniform": 0.3, "truncated_normal": 0.3, "sparse": 0.3}


def test_every_family_but_gain_has_a_name() -> None:
    """`hs.gain` is the number of that name."""
    assert {*VALUES, *FUNCTIONS} == set(FAMILIES) - {"gain"}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_the_scheme_of_its_name(name: str) -> None:
    assert str(getattr(names, name)) == name
    assert getattr(names, name) == hs.scheme(name)
    assert getattr(hs, name) is getattr(names, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_defaults_and_the_order_of_the_spec_string(name: str) -> None:
    function = getattr(names, name)
    assert getattr(hs, name) is function
    assert function(0.3) == hs.scheme(f"{name}(0.3)")
    assert list(inspect.signature(function).parameters) == [argument.name for argument in FAMILIES[name].arguments]


def test_every_argument_of_a_function_arrives() -> None:
    assert str(hs.truncated_normal(0.1, 3.0, False)) == "truncated_normal(0.1, cut=3, corrected=false)"
    assert str(hs.truncated_normal(0.1, cut=1)) == "truncated_normal(0.1, cut=1)"
    assert str(hs.sparse(0.5, 2)) == "sparse(0.5, nonzero_std=2)"
    assert str(hs.constant(-4)) == "constant(-4)"
    assert str(hs.uniform(0.25)) == "uniform(0.25)"
