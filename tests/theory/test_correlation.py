"""Two inputs at once: closed forms for every correlation, and the digits that are left where it is nearly 1."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from gaussian_laws import LAWS, Law
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy import special

from headstart.theory import activation, correlation_map
from headstart.theory.correlation import covariance, half_square_difference, slope_covariance

GAPS = (1e-4, 1e-8, 1e-10, 1e-14)


@given(
    law=st.sampled_from(LAWS), log_q=st.floats(-2, 1), c=st.floats(-1, 1), log_w2=st.floats(-1, 1), b2=st.floats(0, 3)
)
@example(law=LAWS[0], log_q=0.5, c=1.0, log_w2=0.5, b2=0.7)
@example(law=LAWS[2], log_q=0.5, c=-1.0, log_w2=0.5, b2=0.7)
@example(law=LAWS[1], log_q=0.0, c=-0.9921875, log_w2=0.0, b2=0.0)
@example(law=LAWS[4], log_q=0.3, c=-0.999999, log_w2=0.0, b2=0.0)
def test_the_map_is_the_closed_form(law: Law, log_q: float, c: float, log_w2: float, b2: float) -> None:
    q, w2 = 10**log_q, 10**log_w2
    phi, size = activation(law.spec), law.second(q)
    assert covariance(phi, q, c) == pytest.approx(law.pair(q, c), rel=1e-10, abs=1e-11 * size)
    assert slope_covariance(phi, q, c) == pytest.approx(law.slope_pair(q, c), rel=1e-7, abs=1e-7 * law.slopes(q))
    expected = (w2 * law.pair(q, c) + b2) / (w2 * size + b2)
    assert correlation_map(law.spec, w2, b2, q, c) == pytest.approx(expected, abs=1e-11)
    assert correlation_map(law.spec, w2, b2, q, c, q_next=7.0) == pytest.approx(
        (w2 * law.pair(q, c) + b2) / 7 if c <= 0.5 else 1 - w2 * (size - law.pair(q, c)) / 7,
        abs=1e-11 * (1 + w2 * size),
    )


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("q", [0.2, 1.0, 6.0])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec)
def test_differences_near_one_have_their_digits(law: Law, q: float, gap: float) -> None:
    """E[phi^2] - E[phi phi] from the closed form at 60 digits: no digit of it is lost to cancellation."""
    with mp.workdps(60):
        exact = float(law.second(mpf(q), mp) - law.pair(mpf(q), 1 - mpf(gap), mp))
    assert half_square_difference(activation(law.spec), q, gap) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec)
def test_the_map_near_one_is_right_to_the_last_place_of_one(law: Law) -> None:
    """1 - c one layer on, over many variances: to one unit in the last place of 1, which E[phi phi]/q would miss."""
    for gap in GAPS:
        for q in np.geomspace(0.1, 8, 6).tolist():
            c, w2, b2 = 1 - gap, 1.7, 0.3
            with mp.workdps(60):
                second = law.second(mpf(q), mp)
                exact = mpf(w2) * (second - law.pair(mpf(q), mpf(c), mp)) / (mpf(w2) * second + mpf(b2))
            got = 1 - correlation_map(law.spec, w2, b2, q, c)
            assert abs(got - float(exact)) <= 1.2e-16 + 1e-10 * float(exact), (q, gap)


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("spec", ["tanh", "gelu", "softplus(3)"])
def test_differences_of_smooth_activations_follow_their_slopes(spec: str, gap: float) -> None:
    """E[(phi(x) - phi(y))^2]/2 = gap q E[phi'^2] - (gap q)^2 E[phi''^2]/2 + ..., by the trapezoidal rule."""
    q, phi = 1.4, activation(spec)
    z = np.linspace(-12, 12, 2401)
    weights = np.exp(-z * z / 2) * (z[1] - z[0]) / math.sqrt(2 * math.pi)
    first = weights @ phi.derivative(math.sqrt(q) * z) ** 2
    second = weights @ phi.second_derivative(math.sqrt(q) * z) ** 2
    expected = gap * q * first - (gap * q) ** 2 * second / 2
    assert half_square_difference(phi, q, gap) == pytest.approx(expected, rel=1e-9 + 10 * gap**2)


def clipped_pair(low: float, high: float, q: float, c: float, slope: bool) -> float:
    """E[f(x) f(y)] for f = clip or its slope: y given x is Gaussian, which erf integrates; x by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    root, width = math.sqrt(q), math.sqrt(1 - c * c)
    # finely around each place where f(x), or the conditional mean of f(y), turns
    centres = [at / root for at in (low, high)] + [at / (root * c) for at in (low, high) if abs(c) > 0.05]
    edges = {float(k) for k in range(-10, 11)} | {at + width * s for at in centres for s in range(-8, 9)}
    inside = sorted(edge for edge in edges if -10 <= edge <= 10)
    total = 0.0
    for a, b in itertools.pairwise(inside):
        z = (b - a) / 2 * nodes + (a + b) / 2
        mass = (b - a) / 2 * weights * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        mean, sd, x = c * root * z, root * width, root * z
        below, above = (low - mean) / sd, (high - mean) / sd
        between = special.ndtr(above) - special.ndtr(below)
        density = [np.exp(-t * t / 2) / math.sqrt(2 * math.pi) for t in (below, above)]
        if slope:
            inner, outer = between, ((x > low) & (x < high)).astype(float)
        else:
            inner = (
                mean * between
                + sd * (density[0] - density[1])
                + low * special.ndtr(below)
                + high * special.ndtr(-above)
            )
            outer = np.clip(x, low, high)
        total += float(np.sum(mass * inner * outer))
    return total


@given(low=st.floats(-2, 0.5), width=st.floats(0.1, 3), log_q=st.floats(-1, 1.5), c=st.floats(-0.99, 0.99))
@settings(max_examples=25)
@example(low=-1.0, width=2.0, log_q=1.4, c=-0.98)
@example(low=-1.0, width=2.0, log_q=1.4, c=0.95)
def test_two_kinks_at_once(low: float, width: float, log_q: float, c: float) -> None:
    high, q = low + width, 10**log_q
    phi = activation(f"hardtanh({low!r}, {high!r})")
    got = (covariance(phi, q, c), slope_covariance(phi, q, c))
    assert got == pytest.approx([clipped_pair(low, high, q, c, slope) for slope in (False, True)], rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("pair", [covariance, slope_covariance])
def test_a_kinks_error_would_be_seen(pair: Callable[..., float]) -> None:
    """The twin that must fail: the same pieces a thousandth further out."""
    phi, slope = activation("hardtanh(-1, 1.001)"), pair is slope_covariance
    assert pair(phi, 3.0, 0.8) != pytest.approx(clipped_pair(-1, 1, 3.0, 0.8, slope), rel=1e-5)
