"""Features that nodes step over: boxes, steps, bumps and oscillations at any place and width, at any variance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from headstart.theory import CriticalPoint, critical, custom, moments
from headstart.theory.fixedpoints import is_homogeneous, jumps
from headstart.theory.gains import kinks_within, panels_of
from headstart.theory.panels import Panels
from headstart.theory.search import CLOSE, COARSE, Array

# 1e-4 is 6 test points wide at z = 1; the edges stand on the first panels' own, beside them, and anywhere
BOXES = [
    (0.25, 0.30), (0.20, 0.25), (0.74, 0.75), (0.5, 0.501), (-0.5, -0.49), (1.0, 1.05), (-1.25, -1.2), (0.0, 0.01),
    (-0.01, 0.0), (2.0, 2.0001), (0.3333, 0.3334), (-2.71828, -2.7181), (0.1, 0.9), (-8.0, 0.25), (1.9999, 2.0001),
    (3.1, 3.1002),
]  # fmt: skip


def mass(low: float, high: float) -> float:
    return 0.5 * (math.erfc(low / math.sqrt(2)) - math.erfc(high / math.sqrt(2)))


def box(low: float, high: float) -> Callable[[Array], Array]:
    return lambda z: ((z > low) & (z < high)) * 1.0


@pytest.mark.parametrize(("low", "high"), BOXES)
@pytest.mark.parametrize("size", [1.0, 1e-5, 300.0])
def test_a_box_of_any_width_at_any_place(low: float, high: float, size: float) -> None:
    found = moments(box(size * low, size * high), size**2)
    assert found.second_moment == pytest.approx(mass(low, high), rel=1e-7)
    assert found.derivative_second_moment == 0


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.301), (2.1, 2.101), (-1.3, -1.2998)])
def test_what_has_been_asked_before_hides_nothing(low: float, high: float) -> None:
    """A feature narrow for one variance, after others, larger and smaller, have been looked at."""
    for before in ((1.0,), (1e-12, 1.0), (1e-12, 1e-4), (1e6, 1e-12, 1e-2)):
        phi = custom(box(1e-3 * low, 1e-3 * high))
        for q in before:
            moments(phi, q)
        assert moments(phi, 1e-6).second_moment == pytest.approx(mass(low, high), rel=1e-8)


def test_several_boxes_and_steps() -> None:
    edges = np.sort(np.random.Generator(np.random.Philox(3)).uniform(-3, 3, 24))
    heights = np.arange(1, 13.0)

    def many(z: Array) -> Array:
        rank = np.searchsorted(edges, z)
        return np.where(rank % 2 == 1, heights[np.minimum(rank // 2, 11)], 0.0)

    exact = sum(h * h * mass(a, b) for h, a, b in zip(heights, edges[::2], edges[1::2], strict=True))
    assert moments(many).second_moment == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("width", [1e-1, 1e-2, 1e-3, 1e-4, 5e-5])
@pytest.mark.parametrize("place", [-2.2042, -0.5, 0.0, 0.123456, 1.7])
def test_a_narrow_bump(place: float, width: float) -> None:
    """exp(-((z - c)/w)^2): the products of Gaussians are Gaussian. It is smooth, so no kink is seen and no jump."""
    phi = custom(lambda z: np.exp(-(((z - place) / width) ** 2)), name="bump")
    found, s = moments(phi), width**2 / 4
    density = math.exp(-(place**2) / (2 * (1 + s))) / math.sqrt(2 * math.pi * (1 + s))
    second = math.sqrt(2 * math.pi * s) * density
    spread = s / (1 + s) + (place / (1 + s) - place) ** 2
    assert found.second_moment == pytest.approx(second, rel=1e-9)
    assert found.derivative_second_moment == pytest.approx(4 / width**4 * second * spread, rel=1e-9)
    assert not jumps(phi)
    assert kinks_within(phi, 8.0) == ()


@pytest.mark.parametrize("rate", [1.0, 30.0, 100.0, 400.0])
def test_oscillation(rate: float) -> None:
    found = moments(lambda z: np.sin(rate * z))
    assert found.second_moment == pytest.approx(0.5 - 0.5 * math.exp(-2 * rate**2), rel=1e-12)
    assert found.derivative_second_moment == pytest.approx(0.5 * rate**2 * (1 + math.exp(-2 * rate**2)), rel=1e-12)


def test_a_spike_on_a_relu_is_neither_overlooked_nor_scaled() -> None:
    """ReLU keeps every variance; with a spike of width 1e-3 beside it it does not, and says so nowhere else."""

    def spiky(z: Array) -> Array:
        return np.maximum(z, 0) + 5 * ((z > -1.2345) & (z < -1.2335))

    assert moments(spiky).second_moment == pytest.approx(0.5 + 25 * mass(-1.2345, -1.2335), rel=1e-9)
    assert not is_homogeneous(custom(spiky))
    assert is_homogeneous(custom(lambda z: np.maximum(z, 0.2 * z)))


def test_the_search_is_what_finds_it() -> None:
    """The twin that must fail: without test points the box from 0.74 to 0.75 leaves no trace at the nodes."""
    curve = box(0.74, 0.75)
    assert Panels((curve,), None, "box").within(1.0).size > Panels((curve,), (), "box", search=None).within(1.0).size
    panels = Panels((curve,), None, "box")
    panels.within(1.0)
    assert panels.kinks.tolist() == [0.74, 0.75]


def test_what_is_guaranteed_is_said() -> None:
    """1/65536 of the distance from 0 for functions of arrays, 1/512 number by number; narrower than that may hide."""
    tall = custom(lambda z: 1.0 * ((z > 0.7) & (z < 0.7 + 1.1 / 65536)))
    assert tall.resolution == CLOSE.resolution == 1 / 65536
    assert moments(tall).second_moment > 0
    calls = []
    one = custom(lambda z: (calls.append(z) or 1.0) if 0.7 < z < 0.7022 else 0.0)  # append: not for a compiler
    assert one.resolution == COARSE.resolution == 1 / 512
    assert moments(one).second_moment == pytest.approx(mass(0.7, 0.7022), rel=1e-8)


def test_edges_beside_a_kink_are_no_second_kink() -> None:
    """A jump three rounding errors from a panel's edge is found there and counted once."""
    for shift in (0.0, 2e-16, 3e-14, -3e-14, 1e-12):
        at = 0.5 + shift
        rows = kinks_within(custom(lambda z, at=at: np.where(z > at, z, 0.0)), 4.0)
        assert len(rows) == 1
        assert rows[0][0] == pytest.approx(at, abs=1e-14)


def test_a_single_point_is_no_feature() -> None:
    """A value at one point, where panels meet, has no mass."""
    assert moments(lambda z: np.where(z == 0.5, 7.0, np.tanh(z))).second_moment == pytest.approx(0.394294490398)


def test_critical_points_see_narrow_features() -> None:
    bumpy = custom(lambda z: np.tanh(z) + 0.1 * np.exp(-(((z - 0.7) / 1e-3) ** 2)), name="bumpy")
    assert isinstance(critical(bumpy, q=1.0), CriticalPoint)
    assert critical(bumpy, q=1.0).sigma_w2 == pytest.approx(1 / moments(bumpy).derivative_second_moment)
    assert panels_of(bumpy).edges.size > panels_of(custom(np.tanh)).edges.size
