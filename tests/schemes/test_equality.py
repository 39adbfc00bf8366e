"""Schemes that draw the same distribution are equal, keep the name they were given, and explain themselves."""

from __future__ import annotations

import pydoc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_scheme import schemes

import headstart as hs
from headstart.layout import Fans
from headstart.schemes import FAMILIES

SAME = [
    ("lecun", "xavier", "xavier"),
    ("lecun(distribution=uniform)*2", "xavier(distribution=uniform)*2", "xavier(distribution=uniform)*2"),
    ("dirac", "identity", "identity"),
    ("he(mode=fan_in)", "he", "he"),
    ("he(distribution=uniform, cut=3, corrected=false)", "he(distribution=uniform)", "he(distribution=uniform)"),
    ("glorot(mode=fan_in)", "xavier", "xavier"),
    ("xavier(mode=fan_avg)", "glorot", "glorot"),
    ("lecun(mode=fan_out)", "glorot(mode=fan_out)", "xavier(mode=fan_out)"),
    ("normal(2)*3", "normal(6)", "normal(6)"),
    ("uniform(0.5)*2", "uniform(1)", "uniform(1)"),
    ("truncated_normal(0.5, cut=3)*2", "truncated_normal(1, cut=3)", "truncated_normal(1, cut=3)"),
    ("sparse(0.5, nonzero_std=0.5)*2", "sparse(0.5, nonzero_std=1)", "sparse(0.5, nonzero_std=1)"),
    ("zeros*3", "constant(0)", "zeros"),
    ("ones*2", "constant(2)", "constant(2)"),
    ("constant(0.5)*2", "ones", "ones"),
    ("siren(omega=5, first=true)", "siren(first=true)", "siren(first=true)"),
    ("gain(swish, cut=3)", "gain(silu)", "gain(silu)"),
]


@pytest.mark.parametrize(("one", "other", "canonical"), SAME)
def test_the_same_distribution_is_the_same_scheme(one: str, other: str, canonical: str) -> None:
    first, second = hs.scheme(one), hs.scheme(other)
    assert first == second
    assert hash(first) == hash(second)
    assert first.canonical == second.canonical == canonical
    assert str(hs.scheme(str(first))) == str(first)  # the name that was typed is kept
    assert first.draw(Fans(8, 3), "relu") == second.draw(Fans(8, 3), "relu")


def test_names_are_kept() -> None:
    assert (str(hs.lecun), str(hs.dirac * 2), str(hs.normal(2) * 3)) == ("lecun", "dirac*2", "normal(2)*3")


DIFFERENT = [
    "he",
    "xavier",
    "glorot",
    "he*1.3",
    "he(mode=fan_out)",
    "he(distribution=truncated)",
    "siren",
    "orthogonal",
]
DIFFERENT += [
    "he(distribution=truncated, cut=3)",
    "he(distribution=truncated, corrected=false)",
    "siren(omega=5)",
    "identity",
]


def test_others_are_not() -> None:
    assert len({hs.scheme(spec) for spec in DIFFERENT}) == len(DIFFERENT)
    assert hs.he != "he"


@given(schemes(), schemes(), st.integers(2, 50), st.integers(51, 99))
def test_equal_schemes_have_equal_draws_and_canonical_reads_back(
    one: hs.Scheme, other: hs.Scheme, fan_in: int, fan_out: int
) -> None:
    fans = Fans(fan_in, fan_out)
    assert hs.scheme(one.canonical) == one
    assert hs.scheme(one.canonical).canonical == one.canonical
    assert hs.scheme(one.canonical).draw(fans) == one.draw(fans)
    assert (one == other) == (one.canonical == other.canonical)


def test_arguments_by_position() -> None:
    assert hs.he("fan_out") == hs.he(mode="fan_out")
    assert hs.he("fan_out", "uniform", 3) == hs.scheme("he(fan_out, uniform, 3)")
    assert hs.he(mode="fan_out")("fan_in") == hs.he
    with pytest.raises(hs.InputError, match="got mode twice"):
        hs.he("fan_out", mode="fan_in")


def test_numpys_numbers_are_numbers() -> None:
    assert hs.normal(np.float32(0.5)) == hs.normal(0.5)
    assert hs.he * np.int64(2) == hs.he * np.float32(2) == 2 * hs.he
    assert hs.he.std(np.int32(8), np.float64(3)) == 0.5
    assert hs.he.std(0.5, 3) == 2.0  # a transposed convolution's fan_in may be below 1
    with pytest.raises(hs.InputError, match="must be a number"):
        hs.normal(True)


def test_help_tells_the_schemes_formula() -> None:
    page = pydoc.render_doc(hs.he, renderer=pydoc.plaintext)
    for words in (
        "Scheme('he')",
        "variance 2/n_in",
        "ReLU",
        "He et al. 2015",
        "mode: fan_in, fan_out",
        "by default fan_in",
    ):
        assert words in page
    assert "variance 2/n_in" not in pydoc.render_doc(hs.glorot, renderer=pydoc.plaintext)
    assert repr(hs.he) == "Scheme('he')"
    assert (hs.he * 2).__doc__ == hs.he.__doc__


def test_every_familys_documentation_names_its_arguments() -> None:
    for family in FAMILIES.values():
        text = family.documentation
        assert text.startswith(f"{family.name}: {family.formula}")
        assert family.paper in text
        assert all(f"    {argument.name}: " in text for argument in family.arguments)


@pytest.mark.parametrize(
    "make",
    [
        lambda: hs.normal(1e300) * 1e300,
        lambda: hs.normal(1e-300) * 1e-300,
        lambda: hs.uniform(1e300) * 1e300,
        lambda: hs.truncated_normal(1e300) * 1e300,
        lambda: hs.sparse(0.5, 1e300) * 1e300,
        lambda: hs.constant(-1e300) * 1e300,
        lambda: hs.constant(1e-300) * 1e-300,
        lambda: hs.scheme("normal(1e300)*1e300"),
    ],
)
def test_a_size_that_is_lost_in_a_product_is_refused(make: Callable[[], hs.Scheme]) -> None:
    """Its canonical spec string, which stores are read by, would not read back."""
    with pytest.raises(hs.InputError, match="times its multiplier must be a number that float64 holds"):
        make()


def test_products_of_multipliers_have_the_limits_of_one() -> None:
    with pytest.raises(hs.InputError, match="a multiplier must be a positive, finite number, got inf"):
        hs.he * 1e300 * 1e300
    with pytest.raises(hs.InputError, match="positive and finite, got 0"):
        hs.he * 1e-300 * 1e-300
    assert str(hs.constant(0) * 1e-300) == "constant(0)*1e-300"
    assert hs.scheme((hs.normal(1e300) * 1e8).canonical) == hs.normal(1e300) * 1e8


@pytest.mark.parametrize(
    ("scheme", "fans"),
    [("he*1e308", (0.01, 1)), ("he*1e-308", (1e300, 1)), ("siren(1e-308)", (1, 1)), ("xavier*1.7e308", (0.5, 1))],
)
def test_a_draw_has_numbers(scheme: str, fans: tuple[float, float]) -> None:
    with pytest.raises(hs.InputError, match="a draw needs numbers that float64 holds"):
        hs.scheme(scheme).std(*fans)


@pytest.mark.parametrize("scheme", ["orthogonal", "identity", "sparse(0.5, nonzero_std=1)"])
def test_large_sizes_have_a_standard_deviation(scheme: str) -> None:
    one, large = hs.scheme(scheme).draw(), (hs.scheme(scheme) * 1e300).draw()
    assert large.std((6, 4)) == pytest.approx(1e300 * one.std((6, 4)))
    assert hs.uniform(1e308).std(1, 1) == pytest.approx(1e308 / 3**0.5)
