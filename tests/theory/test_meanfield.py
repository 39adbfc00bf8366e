"""Mean field: fixed points, phases, depth scales, critical points, against published numbers and simulation."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from gaussian_laws import LAWS, Law
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from headstart.errors import InputError
from headstart.theory import (
    NoCriticalPoint,
    NoFixedPoint,
    activation,
    chi1,
    correlation_map,
    critical,
    critical_line,
    custom,
    depth_scale,
    fixed_points,
    half_stable,
    moments,
    settle,
    tat_leaky_relu,
)
from headstart.theory.correlation import covariance, half_square_difference, slope_covariance

TABLES = json.loads((Path(__file__).parents[1] / "published" / "theory.json").read_text())


def two_numbers(text: str) -> tuple[float, float]:
    first, second = re.findall(r"[\d.]+", text)
    return float(first), float(second)


@pytest.mark.parametrize("case", TABLES["mean_field"])
def test_published_depth_scales(case: str) -> None:
    name, variances = case.split(" ")
    row, scale = TABLES["mean_field"][case], depth_scale(name, *two_numbers(variances))
    assert scale.phase == row["phase"]
    assert (scale.q, scale.chi_1) == pytest.approx((float(row["q_star"]), float(row["chi_1"])), rel=1e-12, abs=1e-15)
    for got, key in ((scale.xi_q, "xi_q"), (scale.xi_c, "xi_c"), (scale.c_star, "c_star"), (scale.chi_c, "chi(c*)")):
        if key in row:
            assert got == pytest.approx(float(row[key]), rel=1e-10, abs=1e-12), key
    assert scale.trainable_depth == 6 * scale.xi_c


@pytest.mark.parametrize("case", TABLES["critical_line"])
def test_published_critical_line_of_tanh(case: str) -> None:
    row = TABLES["critical_line"][case]
    point = critical("tanh", sigma_b2=float(case.split("=")[1]))
    assert (point.sigma_w2, point.q) == pytest.approx((float(row["sigma_w^2"]), float(row["q_star"])), rel=1e-12)
    assert point.stable


class TestFixedPoints:
    def test_all_of_them_stable_or_not(self) -> None:
        """0.5 relu(z)^2 maps q to 1.5 * 0.5 q^2: fixed at 0 and at 4/3, slope 2 there."""
        zero, other = fixed_points("squared_relu", 0.5)
        assert (zero.q, zero.slope, zero.stable) == (0.0, 0.0, True)
        assert (other.q, other.slope) == pytest.approx((4 / 3, 2.0), rel=1e-12)
        assert other.kind == "unstable"

    def test_torchs_tanh_gain(self) -> None:
        zero, point = fixed_points("tanh", 25 / 9)
        assert not zero.stable
        assert point.stable
        assert point.q == pytest.approx(1.178480, abs=1e-6)
        assert chi1("tanh", 25 / 9) == pytest.approx(1.2098, abs=5e-5)

    def test_he_with_gelu_decays_by_half_per_layer(self) -> None:
        assert [point.q for point in fixed_points("gelu", 2.0)] == [0.0]
        assert chi1("gelu", 2.0) == 0.5

    def test_relu_keeps_every_variance_at_two(self) -> None:
        (point,) = fixed_points("relu", 2.0)
        assert point.kind == "marginal"
        assert chi1("relu", 2.0) == pytest.approx(1, rel=1e-14)
        assert depth_scale("relu", 2.0).phase == "critical"

    def test_relu_with_biases(self) -> None:
        (point,) = fixed_points("relu", 1.9, 0.3)
        assert (point.q, point.slope) == pytest.approx((0.3 / 0.05, 0.95), rel=1e-12)

    def test_growth_without_bound_is_said(self) -> None:
        assert fixed_points("relu", 2.5, 0.1) == []
        for function in (settle, depth_scale):
            with pytest.raises(NoFixedPoint, match="grows without bound"):
                function("relu", 2.5, 0.1)
        assert chi1("relu", 2.5, 0.1) == pytest.approx(1.25)  # the same at every q

    def test_slope_one_at_the_origin_attracts_or_repels(self) -> None:
        assert fixed_points("tanh", 1.0)[0].kind == "stable"
        assert fixed_points("gelu", 4.0)[0].kind == "unstable"

    @pytest.mark.parametrize("name", ["gelu", "silu", "mish", "hardswish"])
    def test_double_root_at_the_half_stable_point(self, name: str) -> None:
        point = half_stable(name)
        double = [p for p in fixed_points(name, point.sigma_w2, point.sigma_b2) if p.kind == "half-stable"]
        assert [p.q for p in double] == pytest.approx([point.q], rel=1e-6)

    def test_two_roots_that_nearly_touch(self) -> None:
        point = half_stable("mish")
        below = fixed_points("mish", point.sigma_w2, point.sigma_b2 * (1 - 1e-9))
        kinds = [(p.kind, abs(p.q - point.q) < 0.1) for p in below]
        assert ("stable", True) in kinds

    @given(
        name=st.sampled_from(["tanh", "gelu", "sin", "relu6", "softplus", "elu", "sigmoid", "cos"]),
        sigma_w2=st.floats(0.05, 8),
        sigma_b2=st.sampled_from([0.0, 1e-3, 0.1, 2.0]),
    )
    @settings(max_examples=60, deadline=None)
    def test_they_are_fixed_and_slopes_are_slopes(self, name: str, sigma_w2: float, sigma_b2: float) -> None:
        for point in fixed_points(name, sigma_w2, sigma_b2):
            if point.q == 0:
                continue
            at = moments(name, point.q)
            assert sigma_w2 * at.second_moment + sigma_b2 == pytest.approx(point.q, rel=1e-9)
            assert point.slope == pytest.approx(sigma_w2 * at.second_moment_slope, rel=1e-9)
            assert point.stable == (abs(point.slope) < 1) or abs(abs(point.slope) - 1) < 1e-6

    @pytest.mark.parametrize(
        "bad", [(-1.0, 0.0), (0.0, 0.0), (1.0, -0.1), (math.nan, 0.0), (1.0, math.inf), ("1", 0.0)]
    )
    def test_bad_variances(self, bad: tuple[float, float]) -> None:
        with pytest.raises(InputError, match=r"sigma_[wb]2 must be a"):
            fixed_points("tanh", *bad)


class TestCorrelation:
    @pytest.mark.parametrize("c", [-0.9, 0.0, 0.3, 0.9, 0.999999])
    @pytest.mark.parametrize("q", [0.01, 1.0, 30.0])
    def test_closed_forms(self, c: float, q: float) -> None:
        relu, erf, sin = (activation(name) for name in ("relu", "erf", "sin"))
        angle = math.acos(c)  # Cho & Saul 2009, eq. 1 and 6
        expected = q / (2 * math.pi) * (math.sin(angle) + (math.pi - angle) * c)
        assert covariance(relu, q, c) == pytest.approx(expected, rel=1e-11, abs=1e-13 * q)
        assert slope_covariance(relu, q, c) == pytest.approx((math.pi - angle) / (2 * math.pi), rel=1e-11)
        assert covariance(erf, q, c) == pytest.approx(2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)), abs=1e-13)
        assert covariance(sin, q, c) == pytest.approx(math.exp(-q) * math.sinh(q * c), rel=1e-11, abs=1e-13)

    def test_differences_keep_their_digits_near_one(self) -> None:
        for gap in (1e-3, 1e-8, 1e-12):
            got = half_square_difference(activation("tanh"), 1.0, gap)
            assert got / gap == pytest.approx(moments("tanh").derivative_second_moment, rel=2 * gap + 1e-10)

    def test_two_kinks(self) -> None:
        """hardtanh by its Hermite series: E[phi phi] = sum a_n^2 c^n, the a_n by quadrature between the kinks."""
        nodes, weights = np.polynomial.legendre.leggauss(60)
        c, total = 0.6, 0.0
        z = np.concatenate([1.5 * k + 0.75 * nodes + 0.75 - 12 for k in range(16)])
        z = np.concatenate([(b - a) / 2 * nodes + (a + b) / 2 for a, b in ((-9, -1), (-1, 1), (1, 9))])
        w = np.concatenate([(b - a) / 2 * weights for a, b in ((-9, -1), (-1, 1), (1, 9))])
        w = w * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        previous, hermite = np.zeros_like(z), np.ones_like(z)  # normalized Hermite polynomials
        for n in range(60):
            total += np.sum(w * np.clip(z, -1, 1) * hermite) ** 2 * c**n
            previous, hermite = hermite, (z * hermite - math.sqrt(n) * previous) / math.sqrt(n + 1)
        assert covariance(activation("hardtanh"), 1.0, c) == pytest.approx(total, rel=1e-10)

    def test_map_of_relu_at_zero(self) -> None:
        assert correlation_map("relu", 2.0, 0.0, q=3.0, c=0.0) == pytest.approx(1 / math.pi, rel=1e-12)
        assert correlation_map("tanh", 1.3, 0.1, q=0.7, c=1.0) == 1.0
        with pytest.raises(InputError, match="from -1 to 1"):
            correlation_map("relu", 2.0, 0.0, q=1.0, c=1.1)

    def test_a_jump_is_always_chaotic(self) -> None:
        step = custom(lambda z: np.where(z > 0, 1.0, -1.0), name="sign")
        scale = depth_scale(step, 1.0, 0.5)
        assert scale.phase == "chaotic"
        # E[sign sign] = 2/pi arcsin c: c* solves (2/pi arcsin c + 0.5)/1.5 = c, slope 2/(1.5 pi sqrt(1 - c^2))
        c = scale.c_star
        assert (2 / math.pi * math.asin(c) + 0.5) / 1.5 == pytest.approx(c, abs=1e-10)
        assert scale.chi_c == pytest.approx(2 / (1.5 * math.pi * math.sqrt(1 - c * c)), rel=1e-6)


class TestCritical:
    @pytest.mark.parametrize(
        ("name", "sigma_b2", "sigma_w2", "q"),
        [  # Roberts, Yaida & Hanin 2022, section 5.3.4
            ("silu", 0.55514317, 1.98800468, 14.32017362),
            ("gelu", 0.17292239, 1.98305826, 3.5615528),
        ],
    )
    def test_half_stable_points(self, name: str, sigma_b2: float, sigma_w2: float, q: float) -> None:
        point = half_stable(name)
        assert (point.sigma_b2, point.sigma_w2) == pytest.approx((sigma_b2, sigma_w2), abs=1e-8)
        assert point.q == pytest.approx(q, rel=1e-7)

    @pytest.mark.parametrize("name", ["tanh", "erf", "sin", "gelu", "elu", "selu", "softsign", "hardtanh", "mish"])
    @pytest.mark.parametrize("q", [0.05, 1.0, 5.0])
    def test_chosen_fixed_point(self, name: str, q: float) -> None:
        point = critical(name, q=q)
        at = moments(name, q)
        assert point.sigma_w2 * at.derivative_second_moment == pytest.approx(1, rel=1e-13)
        assert point.sigma_w2 * at.second_moment + point.sigma_b2 == pytest.approx(q, rel=1e-12)
        assert chi1(name, point.sigma_w2, point.sigma_b2, start=q) == pytest.approx(1, rel=1e-9)

    def test_closed_form_for_erf(self) -> None:
        """erf'(0) = 2/sqrt(pi), and E[erf'^2] = 4/pi/sqrt(1+4q)."""
        assert critical("erf").sigma_w2 == pytest.approx(math.pi / 4, rel=1e-13)
        assert critical("erf", q=2.0).sigma_w2 == pytest.approx(math.pi / 4 * 3, rel=1e-13)

    def test_sigmoid_has_one_only_where_it_is_saturated(self) -> None:
        point = critical("sigmoid")
        assert point.sigma_w2 > 100
        assert chi1("sigmoid", point.sigma_w2, 0.0, start=point.q) == pytest.approx(1, rel=1e-9)

    def test_line_is_where_chi_is_one(self) -> None:
        for point in critical_line("tanh", 0.01, 10)[::7]:
            assert chi1("tanh", point.sigma_w2, point.sigma_b2) == pytest.approx(1, rel=1e-9)

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: critical("softplus"), "because wherever chi_1 = 1 the variance of the signal alone already"),
            (lambda: critical("softplus", q=1.0), "sigma_b.2 would have to be -2.14012"),
            (lambda: critical("sigmoid", q=1.0), "needs sigma_w.2 = 22.3034"),
            (lambda: critical("relu", sigma_b2=0.1), "biases would add to it in each layer"),
            (lambda: critical("hardshrink"), "because it jumps"),
            (lambda: critical("squared_relu"), "critical line has sigma_b.2 from"),
            (lambda: half_stable("tanh"), "is negative at every q.*Only the limit q -> 0 has both"),
            (lambda: half_stable("softplus"), "is positive at every q"),
            (lambda: half_stable("sigmoid"), "is negative at every q"),
            (lambda: half_stable("threshold(1,0)"), "because it jumps"),
        ],
    )
    def test_none_exists_because(self, call: object, words: str) -> None:
        with pytest.raises(NoCriticalPoint, match=words):
            call()

    def test_bad_input(self) -> None:
        with pytest.raises(InputError, match="got both"):
            critical("tanh", sigma_b2=0.1, q=1.0)
        with pytest.raises(InputError, match="at least 0"):
            critical("tanh", sigma_b2=-0.1)


class TestTailoredLeakyRelu:
    @given(depth=st.integers(1, 300), slope=st.floats(0.01, 0.95))
    @settings(max_examples=50, deadline=None)
    def test_it_inverts_the_composed_map(self, depth: int, slope: float) -> None:
        c = 0.0
        for _ in range(depth):  # Zhang, Botev & Martens 2022, eq. 9
            step = math.sqrt(max(0.0, 1 - c * c)) - c * math.acos(c)
            c = min(1.0, c + (1 - slope) ** 2 / (math.pi * (1 + slope**2)) * step)
        assert tat_leaky_relu(depth, c) == pytest.approx(slope, abs=1e-6)

    def test_the_map_is_that_of_the_activation(self) -> None:
        a = tat_leaky_relu(1, 0.2)
        gain2 = 2 / (1 + a * a)
        assert correlation_map(f"leaky_relu({a!r})", gain2, 0.0, q=1.0, c=0.0) == pytest.approx(0.2, rel=1e-10)

    @pytest.mark.parametrize(
        ("depth", "eta", "words"),
        [
            (0, 0.5, "depth must be a whole number"),
            (2.5, 0.5, "depth must be a whole number"),
            (10, 1.0, "between 0 and 1"),
            (10, 0.0, "between 0 and 1"),
            (3, 0.9, "no negative slope exists: over 3 layers ReLU itself"),
        ],
    )
    def test_bad_input(self, depth: int, eta: float, words: str) -> None:
        with pytest.raises(InputError, match=words):
            tat_leaky_relu(depth, eta)


@given(
    law=st.sampled_from(LAWS),
    w2=st.floats(-1, 1).map(lambda exponent: 10**exponent),
    b2=st.floats(-3, 0.7).map(lambda exponent: 10**exponent),
    start=st.floats(0.1, 10),
)
@example(law=LAWS[0], w2=6.0, b2=0.3, start=1.0)  # chaotic
@example(law=LAWS[0], w2=1.0, b2=0.3, start=1.0)  # ordered
@example(law=LAWS[6], w2=3.0, b2=0.4, start=1.0)  # a falling variance map
@example(law=LAWS[4], w2=0.4, b2=0.2, start=1.2)
@settings(max_examples=40)
def test_scales_and_phases_are_those_of_iterated_closed_forms(law: Law, w2: float, b2: float, start: float) -> None:
    """The variance, then the correlation, layer by layer until they stand still; the slopes in closed form there."""
    q = start
    for _ in range(4000):
        q = min(1e13, w2 * law.second(q) + b2)
    assume(q < 1e12)
    slope, chi = w2 * law.second_slope(q), w2 * law.slopes(q)
    assume(abs(slope) < 0.98 and abs(chi - 1) > 0.02)
    scale = depth_scale(law.spec, w2, b2, start)
    assert (scale.q, scale.slope, scale.chi_1) == pytest.approx((q, slope, chi), rel=1e-7, abs=1e-12)
    assert scale.xi_q == pytest.approx(-1 / math.log(abs(slope)) if slope else 0, rel=1e-6)
    assert scale.phase == ("ordered" if chi < 1 else "chaotic")
    c = 0.3
    for _ in range(4000):
        c = min(1.0, (w2 * law.pair(q, c) + b2) / q)
    chi_c = chi if chi < 1 else w2 * law.slope_pair(q, c)
    assert scale.c_star == pytest.approx(1.0 if chi < 1 else c, abs=1e-7)
    assert scale.chi_c == pytest.approx(chi_c, rel=1e-5)
    assert scale.xi_c == pytest.approx(-1 / math.log(chi_c), rel=1e-4)
    assert scale.trainable_depth == 6 * scale.xi_c


def test_just_inside_and_just_outside_of_critical() -> None:
    """A slope within 1e-9 of 1 is critical, and nothing there decays exponentially."""
    w2 = 1.0  # tanh: chi_1 = w2 at q = 0
    for side, phase in ((-1e-10, "critical"), (-1e-8, "ordered")):
        scale = depth_scale("tanh", w2 + side)
        assert (scale.phase, scale.c_star) == (phase, 1.0)
        assert (scale.xi_c == math.inf) == (phase == "critical")
    point = critical("erf", sigma_b2=0.4)
    assert depth_scale("erf", point.sigma_w2 * (1 + 1e-10), 0.4).phase == "critical"
    assert depth_scale("erf", point.sigma_w2 * (1 - 1e-6), 0.4).phase == "ordered"
    assert depth_scale("erf", point.sigma_w2 * (1 + 1e-4), 0.4).phase == "chaotic"


def test_where_there_are_several_the_start_decides() -> None:
    """relu(z)^2 with w2 = 0.4, b2 = 0.2: 0.6 q^2 - q + 0.2 = 0 at 1/3 and at 1.33..: from between, the lower."""
    lower = (1 - math.sqrt(1 - 4 * 0.6 * 0.2)) / 1.2
    upper = (1 + math.sqrt(1 - 4 * 0.6 * 0.2)) / 1.2
    assert depth_scale("squared_relu", 0.4, 0.2, start=0.99 * upper).q == pytest.approx(lower, rel=1e-9)
    assert chi1("squared_relu", 0.4, 0.2, start=0.99 * upper) == pytest.approx(0.8 * lower, rel=1e-9)
    at = half_stable("gelu")
    assert depth_scale("gelu", at.sigma_w2, 0.9 * at.sigma_b2, start=1.0).q < at.q
    assert depth_scale("gelu", 2.4, start=0.5).q == 0.0
    with pytest.raises(NoFixedPoint):
        depth_scale("gelu", 2.4, 0.0, start=5.0)
