"""Gaussian moments: against mpmath at 40 digits, closed forms, laws, and simulation."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gaussian_laws import LAWS, Law
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs
from headstart.errors import InputError
from headstart.theory import activation, custom, expectation, gain, moments
from headstart.theory.activations import FORMULAS

HERE = Path(__file__).parent
MPMATH = json.loads((HERE / "moments_mpmath.json").read_text())
PUBLISHED = json.loads((HERE.parent / "published" / "theory.json").read_text())["activations"]
HOMOGENEOUS = ("identity", "relu", "leaky_relu(0.3)", "abs")


@pytest.mark.parametrize("spec", MPMATH)
def test_moments_agree_with_mpmath(spec: str) -> None:
    for q, row in MPMATH[spec].items():
        at = moments(spec, float(q))
        size = {
            "mean": math.sqrt(at.second_moment),
            "derivative_mean": math.sqrt(at.derivative_second_moment),
            "z_value_derivative": math.sqrt(at.second_moment * at.derivative_second_moment),
        }
        for name, digits in row.items():
            # Where positive and negative parts cancel, the rounding of the parts remains: 1e-15 of their size.
            assert getattr(at, name) == pytest.approx(float(digits), rel=1e-12, abs=1e-15 * size.get(name, 0.0)), name


@pytest.mark.parametrize("spec", PUBLISHED)
def test_published_moments(spec: str) -> None:
    at, row = moments(spec), {name: float(value) for name, value in PUBLISHED[spec].items()}
    got = (at.mean, at.second_moment, at.derivative_second_moment, at.gain_forward, at.gain_backward)
    names = ("E_phi", "E_phi2", "E_dphi2", "gain", "gain_backward")
    assert got == pytest.approx([row[name] for name in names], rel=1e-12, abs=1e-15)
    assert (at.chi_1, at.variance_slope) == pytest.approx((row["chi_at_gain"], row["q_slope_at_gain"]), rel=1e-12)


@pytest.mark.parametrize("q", [1e-6, 0.25, 1.0, 9.0, 1e4])
class TestClosedForms:
    def test_erf(self, q: float) -> None:
        """E[erf^2] = 2/pi arcsin(2q/(1+2q)), E[erf'^2] = 4/pi/sqrt(1+4q) (Williams 1997)."""
        at = moments("erf", q)
        assert at.second_moment == pytest.approx(2 / math.pi * math.asin(2 * q / (1 + 2 * q)), rel=1e-12)
        assert at.derivative_second_moment == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)

    def test_sin(self, q: float) -> None:
        at = moments("sin", q)
        assert at.second_moment == pytest.approx(-math.expm1(-2 * q) / 2, rel=1e-12)
        assert at.derivative_second_moment == pytest.approx((1 + math.exp(-2 * q)) / 2, rel=1e-12)

    def test_gelu(self, q: float) -> None:
        """With s = q/(1+q): E[gelu^2] = q (1/4 + (arcsin s + 2 s/((1+q) sqrt(1-s^2)))/(2 pi))."""
        s = q / (1 + q)
        expected = q * (0.25 + (math.asin(s) + 2 * s / ((1 + q) * math.sqrt(1 - s * s))) / (2 * math.pi))
        assert moments("gelu", q).second_moment == pytest.approx(expected, rel=1e-12)

    def test_elu(self, q: float) -> None:
        if q > 100:
            pytest.skip("the closed form overflows")
        erfc_1, erfc_2 = math.erfc(math.sqrt(q / 2)), math.erfc(math.sqrt(2 * q))
        below = 0.5 * math.exp(2 * q) * erfc_2 - math.exp(q / 2) * erfc_1 + 0.5
        rel = 1e-12 if q > 0.1 else 1e-9  # for small q the closed form cancels
        assert moments("elu", q).second_moment == pytest.approx(q / 2 + below, rel=rel)

    def test_exponential(self, q: float) -> None:
        if q > 100:
            with pytest.raises(InputError, match="grows too fast"):
                moments("exponential", q)
        else:
            assert moments("exponential", q).second_moment == pytest.approx(math.exp(2 * q), rel=1e-12)

    def test_threshold_jump_counts_in_the_variance_slope(self, q: float) -> None:
        """d/dq of q (P(x > a) + a pdf(a)) for x ~ N(0, q) cut below a = 0.5; with phi' alone it would be too small."""
        if q < 0.01:
            pytest.skip("no mass above the threshold")
        a = 0.5 / math.sqrt(q)
        pdf, upper = math.exp(-a * a / 2) / math.sqrt(2 * math.pi), math.erfc(a / math.sqrt(2)) / 2
        at = moments("threshold(0.5, 0)", q)
        assert at.second_moment == pytest.approx(q * (upper + a * pdf), rel=1e-12)
        assert at.second_moment_slope == pytest.approx(upper + a * pdf + a**3 * pdf / 2, rel=1e-12)
        assert math.isnan(at.value_second_derivative)


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=12, deadline=None)
@given(log_q=st.floats(-4, 2))
def test_laws(name: str, log_q: float) -> None:
    q = 10.0**log_q
    at = moments(name, q)
    root = math.sqrt(q)
    # Stein's lemma: E[z g(z)] = E[g'(z)] with g = phi phi'; kinks enter through phi'', jumps are left out
    if not math.isnan(at.value_second_derivative):
        expected = root * (at.derivative_second_moment + at.value_second_derivative)
        scale = math.sqrt(at.second_moment * at.derivative_second_moment) + root * at.derivative_second_moment
        assert at.z_value_derivative == pytest.approx(expected, rel=1e-10, abs=1e-12 * scale + 1e-290)
    # Cauchy and Schwarz
    assert at.mean**2 <= at.second_moment * (1 + 1e-12)
    assert at.derivative_mean**2 <= at.derivative_second_moment * (1 + 1e-12)
    # the variance slope is the derivative of the second moment
    step = 1e-5 * q
    rise = (moments(name, q + step).second_moment - moments(name, q - step).second_moment) / (2 * step)
    assert at.second_moment_slope == pytest.approx(rise, rel=1e-5, abs=1e-9 * at.second_moment / q + 1e-290)


@pytest.mark.parametrize("spec", HOMOGENEOUS)
@given(q=st.floats(1e-8, 1e8))
@settings(max_examples=25, deadline=None)
def test_gain_of_homogeneous_activations_does_not_depend_on_q(spec: str, q: float) -> None:
    assert gain(spec, q) == pytest.approx(gain(spec), rel=1e-12)
    assert moments(spec, q).chi_1 == pytest.approx(1, rel=1e-12)
    assert moments(spec, q).stability == "marginal"


@given(scale=st.floats(0.1, 10), q=st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_scaling_z_scales_q(scale: float, q: float) -> None:
    stretched = custom(lambda z: np.tanh(scale * z))
    assert moments(stretched, q).second_moment == pytest.approx(moments("tanh", scale**2 * q).second_moment, rel=1e-12)


def test_gain_keeps_the_second_moment() -> None:
    for q in (0.1, 1.0, 4.0):
        weight_variance = gain("gelu", q) ** 2
        assert weight_variance * moments("gelu", q).second_moment == pytest.approx(q, rel=1e-14)
    assert hs.gain("relu") == pytest.approx(math.sqrt(2), rel=1e-15)
    assert hs.gain("relu", direction="backward") == pytest.approx(math.sqrt(2), rel=1e-15)
    assert moments("gelu").stability == "unstable"
    assert moments("tanh").stability == "stable"


def monte_carlo_agrees(spec: str, expected: float, n: int = 400_000) -> bool:
    """Whether the mean of phi^2 over n draws is within 5 standard errors (false alarms: 6e-7) of `expected`."""
    squares = activation(spec)(np.random.Generator(np.random.Philox(7)).standard_normal(n)) ** 2
    return abs(squares.mean() - expected) < 5 * squares.std() / math.sqrt(n)


@pytest.mark.parametrize("spec", ["gelu", "mish", "hardswish", "softshrink(0.5)", "threshold(1,0)", "lecun_tanh"])
def test_simulation_agrees_and_would_see_four_per_cent(spec: str) -> None:
    """n = 400 000: the standard error of E[phi^2] is at most 0.4 % of it, so 5 of them surely see an error of 4 %."""
    exact = moments(spec).second_moment
    assert monte_carlo_agrees(spec, exact)
    assert not monte_carlo_agrees(spec, 1.04 * exact)  # the twin that must fail
    assert not monte_carlo_agrees(spec, 0.96 * exact)


def test_expectation_of_any_function() -> None:
    assert expectation("relu", 1.0, lambda value, slope: value**4) == pytest.approx(1.5, rel=1e-13)
    assert expectation("tanh", 2.0, lambda value, slope: slope**2) == pytest.approx(
        moments("tanh", 2.0).derivative_second_moment, rel=1e-13
    )


def test_far_tails_keep_their_digits() -> None:
    """threshold(20, 0) at q=1 lives 20 standard deviations out: E = pdf(20) + ... = 20 pdf(20) + Q(20)."""
    pdf, upper = math.exp(-200) / math.sqrt(2 * math.pi), math.erfc(20 / math.sqrt(2)) / 2
    assert moments("threshold(20,0)").second_moment == pytest.approx(20 * pdf + upper, rel=1e-11)
    assert moments("threshold(20,0)").mean == pytest.approx(pdf, rel=1e-11)


@pytest.mark.parametrize("q", [0, -1.0, math.nan, math.inf, "1", None, True, [0.0], [1.0, -2.0]])
def test_q_must_be_a_positive_number(q: object) -> None:
    with pytest.raises(InputError, match="q must be a positive, finite number, got"):
        moments("relu", q)


def test_many_variances_at_once() -> None:
    """An array of gains in the shape of q, a list of moments; one number stays one number."""
    q = [0.1, 1.0, 4.0]
    expected = [gain("tanh", one) for one in q]
    for several in (q, tuple(q), np.array(q)):
        np.testing.assert_array_equal(gain("tanh", several), expected)
    assert gain("tanh", np.array([q, q])).shape == (2, 3)
    assert gain("tanh", []).shape == (0,)
    assert gain("tanh", range(1, 3), "backward")[1] == gain("tanh", 2, "backward")
    assert [at.q for at in moments("tanh", q)] == q
    for one in (1, 1.0, np.float32(1), np.int64(1), np.array(1.0)):
        assert gain("tanh", one) == expected[1]
        assert not np.shape(gain("tanh", one))
    for bad in (["a"], [[1], [1, 2]], {1: 2}, [1j], [True], [None]):
        with pytest.raises(InputError, match="q must be a number, or an array of numbers, got"):
            gain("tanh", bad)  # type: ignore[call-overload]


def test_other_bad_input() -> None:
    with pytest.raises(InputError, match="unknown direction 'sideways'"):
        gain("relu", direction="sideways")
    with pytest.raises(InputError, match="no gain exists at q=1e-06"):
        gain("hardshrink", 1e-6)


@pytest.mark.parametrize(
    ("slope", "word"),
    [(1 - 2e-9, "stable"), (1 - 5e-10, "marginal"), (1 + 5e-10, "marginal"), (1 + 2e-9, "unstable"), (-0.5, "stable"),
     (-1.5, "unstable")],
)  # fmt: skip
def test_stability_just_inside_and_just_outside(slope: float, word: str) -> None:
    """The variance slope is q (E[phi^2])'/E[phi^2]; within 1e-9 of 1 it counts as 1; a falling map counts by size."""
    at = replace(moments("tanh", 2.0), second_moment=3.0, second_moment_slope=slope * 3.0 / 2.0)
    assert at.variance_slope == pytest.approx(slope, rel=1e-15)
    assert at.stability == word


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec)
@pytest.mark.parametrize("q", [0.3, 4.0])
def test_gains_slope_and_chi_of_closed_forms(law: Law, q: float) -> None:
    """Forward, backward, slope and chi are four numbers; at q other than 1 none stands in for another."""
    at, second, slopes = moments(law.spec, q), law.second(q), law.slopes(q)
    assert at.gain_forward == gain(law.spec, q) == pytest.approx(math.sqrt(q / second), rel=1e-9)
    assert at.gain_backward == gain(law.spec, q, "backward") == pytest.approx(1 / math.sqrt(slopes), rel=1e-9)
    assert at.variance_slope == pytest.approx(q * law.second_slope(q) / second, rel=1e-8)
    assert at.chi_1 == pytest.approx(q * slopes / second, rel=1e-9)
    assert expectation(law.spec, q, lambda _, slope: slope**4) == pytest.approx(law.slopes(q, 4), rel=1e-9)
    # d E[phi(sqrt(q) z)^2]/dq = E[z phi phi']/sqrt(q)
    assert at.z_value_derivative == pytest.approx(math.sqrt(q) * law.second_slope(q), rel=1e-8)
