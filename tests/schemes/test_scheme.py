"""Schemes: spec strings, multipliers, standard deviations, and what each wrong spec is told."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.layout import MODES, Fans
from headstart.schemes import FAMILIES, Normal, TruncatedNormal, Uniform
from headstart.schemes.catalogue import DISTRIBUTIONS

SIZES = st.floats(1e-6, 1e6)
FAN = st.integers(1, 5000)


@st.composite
def schemes(draw: st.DrawFn) -> hs.Scheme:
    """Any scheme with any arguments and multiplier."""
    family = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    arguments = {}
    for argument in family.arguments:
        if argument.read:
            arguments[argument.name] = draw(st.sampled_from(["gelu", "tanh", "leaky_relu(0.1)", "hardtanh(-1, 2)"]))
        elif argument.below < 2:
            arguments[argument.name] = draw(st.floats(0.01, 0.99))
        elif argument.name == "q":
            arguments[argument.name] = draw(st.floats(0.01, 100))
        elif argument.choices:
            arguments[argument.name] = draw(st.sampled_from(argument.choices))
        elif isinstance(argument.default, bool):
            arguments[argument.name] = draw(st.booleans())
        else:
            arguments[argument.name] = draw(SIZES)
    return hs.Scheme(family.name, arguments, draw(SIZES))


@given(schemes())
def test_the_string_parses_back_to_an_equal_scheme(scheme: hs.Scheme) -> None:
    assert hs.scheme(str(scheme)) == scheme
    assert hash(hs.scheme(str(scheme))) == hash(scheme)


@given(schemes())
def test_copies_and_pickles_are_equal(scheme: hs.Scheme) -> None:
    assert pickle.loads(pickle.dumps(scheme)) == scheme == copy.deepcopy(scheme)


@given(schemes(), st.floats(0.01, 100), FAN, FAN)
def test_a_multiplier_multiplies_the_standard_deviation(scheme: hs.Scheme, m: float, n_in: int, n_out: int) -> None:
    before, after = (rule.draw(Fans(n_in, n_out)) for rule in (scheme, scheme * m))
    assert after.std((n_out, n_in)) == pytest.approx(m * before.std((n_out, n_in)), rel=1e-12)


@given(FAN, FAN, st.sampled_from(MODES), st.sampled_from(DISTRIBUTIONS))
def test_variance_of_the_scaled_schemes(n_in: int, n_out: int, mode: str, distribution: str) -> None:
    fan = Fans(n_in, n_out).of(mode)
    for name, scale in (("he", 2.0), ("xavier", 1.0), ("lecun", 1.0), ("glorot", 1.0)):
        scheme = hs.Scheme(name, {"mode": mode, "distribution": distribution})
        assert scheme.std(n_in, n_out) ** 2 == pytest.approx(scale / fan, rel=1e-12)


def test_published_constants() -> None:
    assert hs.he.std(8, 3) ** 2 == pytest.approx(2 / 8)  # He et al. 2015, eq. 10
    assert hs.he(mode="fan_out").std(8, 3) ** 2 == pytest.approx(2 / 3)  # eq. 14
    assert hs.xavier.std(8, 3) ** 2 == pytest.approx(1 / 8)  # LeCun et al. 1998
    assert hs.glorot.std(8, 3) ** 2 == pytest.approx(2 / 11)  # Glorot & Bengio 2010, eq. 12
    bound = hs.glorot(distribution="uniform").draw(Fans(8, 3))
    assert isinstance(bound, Uniform)
    assert bound.high == -bound.low == pytest.approx(math.sqrt(6 / 11))  # eq. 16
    assert TruncatedNormal(1.0, 2.0).parent_std == pytest.approx(1 / 0.87962566103423978, rel=1e-14)


def test_draws_are_complete_distributions() -> None:
    assert hs.normal(10).draw() == Normal(10.0)
    assert hs.uniform(0.5).draw() == Uniform(-0.5, 0.5)
    assert (hs.normal(2) * 3).draw() == Normal(6.0)
    assert hs.truncated_normal(0.02, corrected=False).std(3, 4) == pytest.approx(0.02 * 0.87962566103423978)


def test_python_names_equal_spec_strings() -> None:
    assert hs.he(mode="fan_out", distribution="uniform") == hs.scheme("he(mode=fan_out, distribution=uniform)")
    assert 1.3 * hs.he == hs.he * 1.3 == hs.scheme("he*1.3") == hs.scheme(" HE * 1.3 ")
    assert hs.truncated_normal(0.02, corrected=False) == hs.scheme("truncated_normal(0.02, corrected=false)")
    assert hs.scheme(hs.he) is hs.he
    assert repr(hs.he * 1.3) == "Scheme('he*1.3')"


def test_every_family_tells_its_formula_use_and_paper() -> None:
    for family in FAMILIES.values():
        assert family.formula
        assert family.when
        assert family.paper
        assert hs.scheme(family.example).name == family.name


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("hee", "unknown scheme 'hee'. Did you mean 'he'"),
        ("kaiming", "unknown scheme 'kaiming'"),
        ("he(", "malformed scheme 'he\\('"),
        ("normal()", "needs its std"),
        ("normal", "needs its std. Write 'normal\\(0.01\\)'"),
        ("he*", "multiplier .* must be a number, got ''"),
        ("he*-1", "multiplier must be a positive, finite number, got -1"),
        ("he*0", "must be positive and finite, got 0. For weights of zero use the scheme 'zeros'"),
        ("he*two", "must be a number, got 'two'"),
        ("he*inf", "must be finite"),
        ("he**2", "must be a number"),
        ("normal(nan)", "must be finite, got 'nan'"),
        ("normal(inf)", "must be finite, got 'inf'"),
        ("normal(-1)", "std of scheme 'normal' must be positive and finite, got -1"),
        ("normal(0)", "for weights of zero use 'zeros'"),
        ("normal(a)", "must be a number, got 'a'"),
        ("normal(1, 2)", "takes std, got 2 values"),
        ("normal(std=1, std=2)", "given twice"),
        ("normal(1, std=2)", "got std twice"),
        ("normal(mean=1)", "unknown argument of scheme 'normal' 'mean'"),
        ("normal(std=1, 2)", "plain values come before"),
        ("zeros(1)", "takes no arguments"),
        ("zeros(a=1)", "unknown argument"),
        ("he(mode=fan)", "unknown mode of scheme 'he' 'fan'. Did you mean 'fan_in'"),
        ("he(distribution=cauchy)", "unknown distribution"),
        ("he(corrected=1)", "must be true or false"),
        ("he(cut=0)", "must be positive"),
        ("", "malformed scheme ''"),
        ("he he", "malformed"),
        (3, "written as a string, got 3"),
        (None, "written as a string, got None"),
    ],
)
def test_a_wrong_spec_is_told_what_to_write(spec: str, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.scheme(spec)


@pytest.mark.parametrize("factor", [0, -1.0, math.nan, math.inf, True, "2"])
def test_bad_multipliers(factor: float) -> None:
    with pytest.raises(hs.InputError, match="multiplier must be"):
        _ = hs.he * factor


def test_a_scheme_that_needs_fans_says_so() -> None:
    with pytest.raises(hs.InputError, match="needs fan_in and fan_out"):
        hs.he.draw()


@pytest.mark.parametrize("wrong", [0, -1, -0.5, math.nan, math.inf, True, "3"])
def test_fans_are_positive_numbers_on_either_side(wrong: float) -> None:
    for scheme in (hs.he, hs.normal(2), hs.orthogonal):
        with pytest.raises(hs.InputError, match=f"fan_in must be a positive, finite number, got .*{wrong}"):
            scheme.std(wrong, 3)
        with pytest.raises(hs.InputError, match=f"fan_out must be a positive, finite number, got .*{wrong}"):
            scheme.std(3, wrong)


def test_the_smallest_fans_have_a_standard_deviation() -> None:
    assert hs.he.std(1, 1) == math.sqrt(2)
    assert hs.he.std(0.5, 0.25) == 2  # means of positions may be below 1
    assert hs.normal(2).std(1, 1) == 2


@pytest.mark.parametrize("spec", ["orthogonal*2", "delta_orthogonal", "identity", "dirac*3", "sparse(0.5)"])
def test_where_the_shape_decides_fans_have_no_standard_deviation(spec: str) -> None:
    with pytest.raises(hs.InputError, match=r"depends on the weight's shape, .* Call scheme\.draw\(\)\.std\(shape"):
        hs.scheme(spec).std(1, 1)


@given(schemes(), st.floats(0.01, 100))
def test_other_arguments_keep_the_multiplier_and_the_rest(scheme: hs.Scheme, m: float) -> None:
    assert (scheme * m)() == scheme * m
    for argument in scheme.family.arguments:
        value = scheme.arguments[argument.name]
        assert (scheme * m)(**{argument.name: value}) == scheme * m


def test_a_call_replaces_arguments_by_position_and_by_keyword() -> None:
    """As they stand in a spec string; what was given before gives way."""
    assert hs.he("fan_out") == hs.scheme("he(fan_out)")
    assert hs.he(cut=3)("fan_out", corrected=False) == hs.scheme("he(mode=fan_out, cut=3, corrected=false)")
    assert (hs.normal(10) * 2)(20) == hs.scheme("normal(20)*2")
    with pytest.raises(hs.InputError, match="got mode twice"):
        hs.he("fan_out", mode="fan_in")


@given(schemes(), schemes())
def test_equal_schemes_are_those_with_equal_canonical_strings(first: hs.Scheme, second: hs.Scheme) -> None:
    assert (first == second) == (first.canonical == second.canonical)
    assert str(first) != str(second) or first == second
    assert hs.scheme(first.canonical) == first
    assert (first == first * 1.5) == (first.name == "zeros")


@given(schemes())
def test_a_scheme_adapts_only_where_it_names_no_activation(scheme: hs.Scheme) -> None:
    assert not scheme.adapts
    assert hs.scheme("gain").adapts
    assert scheme.draw(Fans(8, 3), "tanh") == scheme.draw(Fans(8, 3), "relu") == scheme.draw(Fans(8, 3))


def test_identity_and_delta_orthogonal_std_is_that_of_a_convolutions_entries() -> None:
    """Zeros of the other taps included; outputs more and fewer than inputs."""
    for spec, shape in (("identity*3", (6, 4, 3, 5)), ("identity", (4, 6, 3)), ("delta_orthogonal*2", (6, 4, 3, 5))):
        weights = hs.sample(spec, shape, dtype="float64")
        assert np.sqrt(np.mean(weights**2)) == pytest.approx(hs.scheme(spec).draw().std(shape), rel=1e-12)


def test_orthogonal_std_is_that_of_its_entries() -> None:
    """Unit rows or columns fix the mean square of the entries exactly, so 1e-5 is float32's rounding."""
    for shape in ((6, 9), (9, 6)):
        weights = np.stack([hs.sample(hs.orthogonal * 2, shape, seed=s) for s in range(400)])
        rms = np.sqrt(np.mean(weights**2))
        assert rms == pytest.approx((hs.orthogonal * 2).draw().std(shape), rel=1e-5)
        assert rms != pytest.approx((hs.orthogonal * 2.001).draw().std(shape), rel=1e-5)
