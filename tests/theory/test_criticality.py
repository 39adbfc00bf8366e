"""Critical points against closed forms: where they are, and what is said where there is none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from gaussian_laws import LAWS, Erf, Law
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from headstart.theory import NoCriticalPoint, critical, critical_line, half_stable, moments
from headstart.theory.criticality import CriticalPoint


def bias_for(law: Law, q: float) -> float:
    """sigma_b^2 of the critical point with fixed point q."""
    return q - law.second(q) / law.slopes(q)


@given(law=st.sampled_from([law for law in LAWS if "leaky" not in law.spec]), log_q=st.floats(-2, 1))
def test_the_point_of_a_variance(law: Law, log_q: float) -> None:
    q = 10**log_q
    b2 = bias_for(law, q)
    if b2 < -1e-9:
        with pytest.raises(NoCriticalPoint) as stop:
            critical(law.spec, q=q)
        numbers = re.search(
            r"sigma_w\^2 = (\S+), which makes variance (\S+) of q .* have to be (\S+)\.$", str(stop.value)
        )
        assert numbers is not None
        w2 = 1 / law.slopes(q)
        assert [float(number) for number in numbers.groups()] == pytest.approx([w2, w2 * law.second(q), b2], rel=1e-4)
    elif b2 > 1e-9:
        point = critical(law.spec, q=q)
        slope = law.second_slope(q) / law.slopes(q)
        assert (point.sigma_w2, point.sigma_b2, point.q, point.slope) == pytest.approx(
            (1 / law.slopes(q), b2, q, slope), rel=1e-8, abs=1e-11
        )
        assert point.stable == (abs(slope) < 1)


@pytest.mark.parametrize("b2", [0.01, 0.4, 3.0])
def test_the_point_of_a_bias_variance(b2: float) -> None:
    law = Erf()
    q = float(brentq(lambda q: bias_for(law, q) - b2, 1e-3, 1e3, rtol=1e-14))
    point = critical(law.spec, sigma_b2=b2)
    assert (point.sigma_w2, point.sigma_b2, point.q) == pytest.approx((1 / law.slopes(q), b2, q), rel=1e-9)
    assert point.stable


def test_without_biases() -> None:
    """At the origin where phi(0) = 0; for exp where q = 1."""
    assert critical("erf") == CriticalPoint(pytest.approx(math.pi / 4), 0.0, 0.0, pytest.approx(1), True)
    for b2 in (0.0, 0.5):  # E[exp(z)^2] = E[exp'(z)^2] = exp(2q): q = 1 + b2, where the map's slope is 2
        point = critical("exponential", sigma_b2=b2)
        expected = (math.exp(-2 * (1 + b2)), b2, 1 + b2, 2.0)
        assert (point.sigma_w2, point.sigma_b2, point.q, point.slope) == pytest.approx(expected, rel=1e-9)
        assert not point.stable


def test_the_reason_says_on_which_side_of_one_the_slope_is() -> None:
    """At each variance where chi_1 = 1: below 1 for tanh, whose line is stable, and above 1 for softplus."""
    for name, words in (("tanh", r"negative at every q, so the variance slope is below 1"),
                        ("sigmoid", r"negative at every q, so the variance slope is below 1"),
                        ("softplus", r"positive at every q, so the variance slope is above 1")):  # fmt: skip
        with pytest.raises(NoCriticalPoint, match=words):
            half_stable(name)
        for q in (0.1, 1.0, 10.0):
            at = moments(name, q)
            assert (at.second_moment_slope / at.derivative_second_moment < 1) == ("below" in words)
    with pytest.raises(NoCriticalPoint) as stop:
        half_stable("sigmoid")
    assert "Only the limit q -> 0" not in str(stop.value)


def test_the_range_of_a_line_is_said() -> None:
    """relu(z)^2 has sigma_b^2 = q/4 at every q, so 1e9 lies beyond where it is searched."""
    with pytest.raises(
        NoCriticalPoint, match=r"sigma_b\^2=1e\+09.*from 2.5e-13 to 2.5e\+07 for q from 1e-12 to 1e\+08"
    ):
        critical("squared_relu", sigma_b2=1e9)
    assert critical("squared_relu", sigma_b2=10.0).q == pytest.approx(40.0, rel=1e-9)


def test_the_line_has_both_ends_and_every_step_between() -> None:
    line = critical_line("erf", 0.01, 10)
    assert [point.q for point in line] == pytest.approx(np.geomspace(0.01, 10, 49).tolist(), rel=1e-12)
    for point in line:
        assert point.sigma_w2 == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * point.q), rel=1e-10)
        assert point.sigma_b2 == pytest.approx(bias_for(Erf(), point.q), rel=1e-8, abs=1e-13)
        assert point.stable
    assert critical_line("hardshrink") == []
    assert all(point.sigma_b2 >= 0 for point in critical_line("cos", 0.1, 10))
    assert critical_line("cos", 0.1, 10)[0].q == pytest.approx(10 ** (2 / 16), rel=1e-9)  # the first above coth q = q


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
def test_homogeneous_activations_have_one_weight_variance(slope: float) -> None:
    name, w2 = f"leaky_relu({slope})", 2 / (1 + slope**2)
    for point in (critical(name), half_stable(name), critical(name, q=1.0)):
        assert (point.sigma_w2, point.sigma_b2, point.q, point.slope) == pytest.approx((w2, 0, 1, 1), rel=1e-12)
        assert not point.stable
    assert critical(name, q=7.5).q == 7.5
