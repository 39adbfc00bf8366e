"""Fixed points of the variance against closed-form maps: searched by brute force, and iterated layer by layer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from gaussian_laws import LAWS, Law, LeakyRelu
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from headstart.theory import NoFixedPoint, chi1, fixed_points, settle
from headstart.theory.fixedpoints import MARGINAL

Map = Callable[[float], float]
variances = st.floats(-1, 1).map(lambda exponent: 10**exponent)
biases = st.one_of(st.just(0.0), st.floats(-3, 0.7).map(lambda exponent: 10**exponent))


def searched(after: Map) -> list[float]:
    """Every q > 0 with after(q) = q: changes of sign on a fine grid, then Brent's method."""
    grid = np.geomspace(1e-9, 1e9, 6001).tolist()
    excess = [after(q) / q - 1 for q in grid]
    found = []
    for (a, before), (b, behind) in itertools.pairwise(zip(grid, excess, strict=True)):
        if before * behind < 0:
            found.append(float(brentq(lambda q: after(q) / q - 1, a, b, xtol=1e-300, rtol=1e-14)))
    return found


@given(law=st.sampled_from(LAWS), w2=variances, b2=biases)
@example(law=LAWS[4], w2=0.4, b2=0.2)
@example(law=LAWS[6], w2=9.0, b2=0.0)
@example(law=LAWS[6], w2=3.0, b2=0.4)
def test_they_are_those_of_the_closed_form(law: Law, w2: float, b2: float) -> None:
    """All of them, with their slopes and kinds, for rising and for falling maps."""
    if isinstance(law, LeakyRelu):
        assume(abs(w2 * law.slopes(1.0) - 1) > 1e-3)
    else:
        assume(b2 == 0 or law.spec != "squared_relu" or abs(6 * w2 * b2 - 1) > 1e-3)
        assume(b2 > 0 or abs(w2 * law.slopes(0.0) - 1) > 1e-2)
    expected = searched(lambda q: w2 * law.second(q) + b2)
    if b2 == 0 and law.second(0.0) == 0:
        expected = [0.0, *expected]
    found = fixed_points(law.spec, w2, b2)
    assert [point.q for point in found] == pytest.approx(expected, rel=1e-8)
    for point in found:
        slope = w2 * law.second_slope(point.q)
        assert point.slope == pytest.approx(slope, rel=1e-8, abs=1e-12)
        assert (point.stable, point.kind) == ((True, "stable") if abs(slope) < 1 else (False, "unstable"))


@given(law=st.sampled_from(LAWS), w2=variances, b2=biases, start=st.floats(-2, 1.5).map(lambda exponent: 10**exponent))
@example(law=LAWS[0], w2=3.0, b2=0.0, start=20.0)  # two fixed points below the start: 0 and the one it stops at
@example(law=LAWS[4], w2=0.4, b2=0.2, start=0.1)  # two above it
@example(law=LAWS[4], w2=0.4, b2=0.2, start=1.2)  # one on each side
@example(law=LAWS[6], w2=3.0, b2=0.4, start=0.01)  # a falling map, from both sides
@example(law=LAWS[6], w2=3.0, b2=0.4, start=10.0)
def test_a_deep_network_settles_where_its_layers_lead(law: Law, w2: float, b2: float, start: float) -> None:
    q = start
    for _ in range(3000):
        q = w2 * law.second(q) + b2
        if q > 1e12:
            break
    assume(q > 1e12 or abs(w2 * law.second_slope(q)) < 0.99)
    if q > 1e12:
        with pytest.raises(NoFixedPoint, match="the variance grows without bound"):
            settle(law.spec, w2, b2, start)
    else:
        assert settle(law.spec, w2, b2, start) == pytest.approx(q, rel=1e-8, abs=1e-12)
        assert chi1(law.spec, w2, b2, start) == pytest.approx(w2 * law.slopes(q), rel=1e-8)


def one_minus_cosine(z: np.ndarray) -> np.ndarray:
    """E[phi^2] = 3/2 - 2 exp(-q/2) + exp(-2q)/2: rises as 3 q^2/4, then levels off: 0 is stable."""
    return np.asarray(1 - np.cos(z))


def bend(q: float) -> float:
    return 1.5 - 2 * math.exp(-q / 2) + math.exp(-2 * q) / 2


class TestThreeFixedPoints:
    def test_stable_unstable_stable(self) -> None:
        w2 = 4.0
        middle, upper = searched(lambda q: w2 * bend(q))
        found = fixed_points(one_minus_cosine, w2)
        assert [point.q for point in found] == pytest.approx([0, middle, upper], rel=1e-9)
        assert [point.kind for point in found] == ["stable", "unstable", "stable"]
        assert settle(one_minus_cosine, w2, start=0.99 * middle) == 0
        assert settle(one_minus_cosine, w2, start=1.01 * middle) == pytest.approx(upper, rel=1e-9)
        assert settle(one_minus_cosine, w2, start=3 * upper) == pytest.approx(upper, rel=1e-9)

    def test_two_that_meet_attract_from_above_only(self) -> None:
        """At the smallest w2 at which the map reaches the diagonal it touches it from below."""
        grid = np.linspace(1, 6, 500_001)
        w2 = float(np.min(grid / (1.5 - 2 * np.exp(-grid / 2) + np.exp(-2 * grid) / 2)))
        assert len(fixed_points(one_minus_cosine, w2 * (1 - 1e-6))) == 1
        assert len(fixed_points(one_minus_cosine, w2 * (1 + 1e-6))) == 3
        zero, *touching = fixed_points(one_minus_cosine, w2)
        assert zero.kind == "stable"
        assert {point.kind for point in touching} <= {"half-stable", "stable", "unstable"}
        assert touching[0].q == pytest.approx(touching[-1].q, rel=1e-3)


class TestWhereTheMapTouchesFromAbove:
    """phi = relu(z)^2: q -> 3/2 w2 q^2 + b2 touches the diagonal at 2 b2 where 6 w2 b2 = 1."""

    b2 = 0.25
    w2 = 1 / (6 * 0.25)

    def test_it_is_half_stable(self) -> None:
        (point,) = fixed_points("squared_relu", self.w2, self.b2)
        assert (point.kind, point.stable) == ("half-stable", False)
        assert (point.q, point.slope) == pytest.approx((2 * self.b2, 1.0), rel=1e-6)

    def test_just_inside_and_just_outside(self) -> None:
        lower, upper = fixed_points("squared_relu", self.w2, self.b2 * (1 - 1e-6))
        assert (lower.kind, upper.kind) == ("stable", "unstable")
        assert fixed_points("squared_relu", self.w2, self.b2 * (1 + 1e-6)) == []

    def test_it_attracts_from_below_only(self) -> None:
        assert settle("squared_relu", self.w2, self.b2, start=self.b2) == pytest.approx(2 * self.b2, rel=1e-6)
        with pytest.raises(NoFixedPoint):
            settle("squared_relu", self.w2, self.b2, start=2.01 * self.b2)


def test_slope_one_at_zero_is_told_by_the_curvature() -> None:
    """erf bends down and is drawn in; SiLU bends up and runs away; their maps' slopes at 0 are 1 alike."""
    below, above = fixed_points("erf", math.pi / 4)[0], fixed_points("silu", 4.0)[0]
    assert (below.q, below.kind, below.stable) == (0, "stable", True)
    assert (above.q, above.kind, above.stable) == (0, "unstable", False)
    assert (below.slope, above.slope) == pytest.approx((1, 1), rel=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
def test_every_variance_is_kept_only_at_the_one_weight_variance(slope: float) -> None:
    spec, w2 = f"leaky_relu({slope})", 2 / (1 + slope**2)
    for near in (w2, w2 * (1 + MARGINAL / 10), w2 * (1 - MARGINAL / 10)):
        (point,) = fixed_points(spec, near)
        assert (point.kind, point.q, point.slope, point.stable) == ("marginal", 1.0, 1.0, False)
    step = 1e-6 if slope == 0.3 else 0.1  # just outside, which takes a second; and further out
    smaller, larger = (fixed_points(spec, w2 * (1 + side * step)) for side in (-1, 1))
    assert [(point.q, point.kind) for point in smaller] == [(0.0, "stable")]
    assert [(point.q, point.kind) for point in larger] == [(0.0, "unstable")]
    assert fixed_points(spec, w2, 0.1) == []
    assert settle(spec, w2, start=7.5) == 7.5


@pytest.mark.parametrize("start", [0.3, 1.0, 40.0])
def test_gradients_of_homogeneous_activations_grow_alike_at_every_variance(start: float) -> None:
    assert chi1("leaky_relu(0.3)", 4.0, 0.2, start) == pytest.approx(4 * 1.09 / 2, rel=1e-12)
    with pytest.raises(NoFixedPoint, match=r"sigma_w.2=4, sigma_b.2=0.2 has no fixed point above"):
        chi1("squared_relu", 4.0, 0.2, start)


@pytest.mark.parametrize(
    ("spec", "b2", "kinds"),
    [
        ("gelu", 0.05, ["stable", "unstable"]),
        ("silu", 0.1, ["stable", "unstable"]),
        ("mish", 1.0, []),
        ("elu", 0.05, []),
    ],
)
def test_where_the_map_comes_near_the_diagonal_only_in_the_limit_nothing_is_kept(
    spec: str, b2: float, kinds: list[str]
) -> None:
    """Far out they are ReLU: from 1e10 on the map is above the diagonal by less than rounding."""
    assert [(point.kind, point.q < 1e4) for point in fixed_points(spec, 2.0, b2)] == [(kind, True) for kind in kinds]
    with pytest.raises(NoFixedPoint):
        settle(spec, 2.0, b2, 1e5)
