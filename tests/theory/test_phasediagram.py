"""The phase diagram's plane: which cell is which pair of variances, its line, its marks, its ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_laws import Cos, Erf, Law

from headstart.theory import depth_scale, half_stable, moments
from headstart.theory.phasediagram import PhaseDiagram, phase_diagram


@pytest.fixture(scope="module")
def erf() -> PhaseDiagram:
    return phase_diagram("erf", 3.0, 0.7)


def settled(law: Law, w2: float, b2: float) -> float:
    q = 1.0
    for _ in range(2000):
        q = w2 * law.second(q) + b2
    return q


def test_cells_fill_the_plane(erf: PhaseDiagram) -> None:
    """Centres half a cell inside each end: 248 weight variances along, 168 bias variances up."""
    assert (erf.ends, erf.chi.shape) == ((3.0, 0.7), (168, 248))
    for centres, end in ((erf.sigma_w2, 3.0), (erf.sigma_b2, 0.7)):
        cell = end / centres.size
        assert (centres[0], centres[-1]) == pytest.approx((cell / 2, end - cell / 2), rel=1e-12)
        assert np.diff(centres) == pytest.approx(cell)


@pytest.mark.parametrize(("i", "j"), [(0, 20), (3, 240), (160, 12), (167, 247), (80, 130)])
def test_a_cell_is_its_own_pair_of_variances(erf: PhaseDiagram, i: int, j: int) -> None:
    w2, b2 = 3 * (j + 0.5) / 248, 0.7 * (i + 0.5) / 168
    assert erf.chi[i, j] == pytest.approx(w2 * Erf().slopes(settled(Erf(), w2, b2)), rel=3e-3)
    chi = erf.chi[i, j]
    assert erf.depth_scale[i, j] == pytest.approx(1 / abs(math.log(chi)), rel=1e-12)


def test_a_falling_map_too() -> None:
    diagram = phase_diagram("cos", 4.0, 1.0)
    for i, j in ((5, 230), (150, 40), (100, 247)):
        w2, b2 = float(diagram.sigma_w2[j]), float(diagram.sigma_b2[i])
        assert diagram.chi[i, j] == pytest.approx(w2 * Cos().slopes(settled(Cos(), w2, b2)), rel=5e-3)


def test_of_several_fixed_points_it_is_the_one_that_variance_1_reaches() -> None:
    """tanh³ lets a small signal die whatever the weights, and keeps one of variance 1 that they make larger."""
    z = np.linspace(-10, 10, 20001)
    weights = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    diagram = phase_diagram(lambda x: np.tanh(x) ** 3, 40.0, 0.05)
    for i, j in ((3, 240), (5, 180)):
        w2, b2 = float(diagram.sigma_w2[j]), float(diagram.sigma_b2[i])
        q, small = 1.0, 1e-6
        for _ in range(300):
            q, small = (w2 * float(np.tanh(z * v**0.5) ** 6 @ weights) + b2 for v in (q, small))
        slopes = 9 * np.tanh(z * q**0.5) ** 4 / np.cosh(z * q**0.5) ** 4
        assert small < q / 10
        assert diagram.chi[i, j] == pytest.approx(w2 * float(slopes @ weights), rel=5e-3)


def test_without_bound_means_nan() -> None:
    """ReLU: chi = w2/2 at every place below 2; above, no number and no colour of a phase."""
    diagram = phase_diagram("relu", 4.0, 1.0)
    below = diagram.sigma_w2 < 1.99
    np.testing.assert_allclose(diagram.chi[:, below], np.tile(diagram.sigma_w2[below] / 2, (168, 1)), rtol=1e-6)
    assert np.isnan(diagram.chi[:, diagram.sigma_w2 > 2.01]).all()
    assert [(p.sigma_w2, p.sigma_b2) for p in diagram.line] == [(pytest.approx(2), 0.0), (pytest.approx(2), 1.0)]


def test_the_line_is_critical_and_parts_the_phases(erf: PhaseDiagram) -> None:
    """Where erf's line is, in closed form; left of it chi < 1, right of it chi > 1."""
    assert len(erf.line) > 100
    for point in erf.line:
        assert point.sigma_w2 == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * point.q), rel=1e-9)
        assert point.sigma_b2 == pytest.approx(point.q - Erf().second(point.q) * point.sigma_w2, rel=1e-7, abs=1e-12)
        assert point.sigma_w2 <= 3.6
        assert point.sigma_b2 <= 0.84
    assert max(point.sigma_b2 for point in erf.line) > 0.7  # to the plane's edge and beyond it
    for point in erf.line[::3]:
        if 0.05 < point.sigma_b2 < 0.69 and point.sigma_w2 < 2.9:
            i = int(point.sigma_b2 / 0.7 * 168)
            j = int(point.sigma_w2 / 3.0 * 248)
            assert erf.chi[i, max(0, j - 4)] < 1 < erf.chi[i, j + 4]


def test_only_the_part_of_the_line_that_attracts() -> None:
    line = phase_diagram("gelu", 4.0, 0.5).line
    assert all(point.slope <= 1 + 1e-8 for point in line)
    assert min(point.q for point in line) == pytest.approx(half_stable("gelu").q, rel=0.1)


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh"])
def test_marks_stand_where_their_schemes_are(name: str) -> None:
    marks = {mark.name: mark for mark in phase_diagram(name).marks}
    for scheme, w2 in (("PyTorch default", 1 / 3), ("Xavier", 1.0), ("He", 2.0)):
        assert (marks[scheme].sigma_w2, marks[scheme].sigma_b2, marks[scheme].start) == (w2, 0.0, 1.0)
    assert marks["gain"].sigma_w2 == pytest.approx(1 / moments(name).second_moment, rel=1e-12)
    assert ("calculate_gain" in marks, "half-stable" in marks) == ((True, False) if name == "tanh" else (False, True))
    if name == "tanh":
        assert (marks["calculate_gain"].sigma_w2, marks["calculate_gain"].sigma_b2) == (pytest.approx(25 / 9), 0.0)
    else:
        mark, point = marks["half-stable"], half_stable(name)
        assert (mark.sigma_w2, mark.sigma_b2, mark.start) == (point.sigma_w2, point.sigma_b2, point.q)
        at = depth_scale(name, mark.sigma_w2, mark.sigma_b2, mark.start)
        assert (at.q, at.phase) == (pytest.approx(point.q, rel=1e-6), "critical")


def test_a_rule_that_another_has_is_marked_once() -> None:
    assert [mark.name for mark in phase_diagram("relu").marks] == ["PyTorch default", "Xavier", "He"]
    assert [mark.name for mark in phase_diagram("sigmoid").marks][:3] == ["PyTorch default", "Xavier", "He"]


def test_ends_show_the_marks_and_a_mark_outside_is_left_out() -> None:
    """1.2 of the largest weight variance and 1.6 of the largest bias variance, at least 4 and 0.3."""
    assert phase_diagram("tanh").ends == (4.0, 0.3)
    point = half_stable("silu")
    assert phase_diagram("silu").ends == pytest.approx((4.0, 1.6 * point.sigma_b2))
    assert phase_diagram("sparse_sigmoid").ends[0] == pytest.approx(
        max(4.0, 1.2 / moments("sparse_sigmoid").second_moment)
    )
    assert phase_diagram("softsign").ends[0] == pytest.approx(max(4.0, 1.2 / moments("softsign").second_moment))
    assert "He" not in {mark.name for mark in phase_diagram("tanh", 1.99).marks}
    assert "He" in {mark.name for mark in phase_diagram("tanh", 2.01).marks}
