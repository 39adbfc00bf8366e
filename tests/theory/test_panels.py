"""The cuts of the line: where kinks are, in whatever order they are told, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.errors import InputError
from headstart.theory import custom, moments
from headstart.theory.gains import kinks_within
from headstart.theory.panels import Panels, rule


def test_the_rule_is_exact_to_degree_31() -> None:
    edges = np.array([-1.5, -0.2, 0.9, 2.0])
    z, weights = rule(edges)
    assert z.size == weights.size == 48
    for degree in (0, 1, 7, 30, 31):
        exact = (2.0 ** (degree + 1) - (-1.5) ** (degree + 1)) / (degree + 1)
        assert weights @ z**degree == pytest.approx(exact, rel=1e-13)
    assert weights @ z**60 != pytest.approx((2.0**61 + 1.5**61) / 61, rel=1e-13)  # the twin that must fail
    rows, row_weights = rule(np.stack([edges, 2 * edges]))
    np.testing.assert_array_equal(rows, np.stack([z, 2 * z]))
    np.testing.assert_array_equal(row_weights, np.stack([weights, 2 * weights]))


def test_cuts_lie_inside_and_rise() -> None:
    panels = Panels((np.tanh,), None, "tanh")
    for reach in (0.4, 1.0, 3.0, 3.5):
        cuts = panels.within(reach)
        assert (np.diff(cuts) > 0).all()
        assert -reach < cuts[0] <= cuts[-1] <= reach
    assert 0.0 in cuts


def test_differentiation_on_panels() -> None:
    left, right = np.array([-1.0, 0.5]), np.array([0.5, 0.75])
    values, coefficients = Panels.represent(np.sin, left, right)
    for value, row, a, b in zip(values, coefficients, left, right, strict=True):
        z = np.linspace(a, b, 7)
        t = (2 * z - a - b) / (b - a)
        np.testing.assert_allclose(np.polynomial.legendre.legval(t, value), np.sin(z), atol=1e-14)
        np.testing.assert_allclose(np.polynomial.legendre.legval(t, row), np.cos(z), atol=1e-11)


@pytest.mark.parametrize("kinks", [(-0.7, 0.4, 1.9), (1.9, -0.7, 0.4), (0.4, 1.9, -0.7)])
def test_declared_kinks_in_any_order(kinks: tuple[float, ...]) -> None:
    """|z + 0.7| + |z - 0.4| + |z - 1.9|, against kinks that were searched for and a sum of closed forms."""

    def three(z: np.ndarray) -> np.ndarray:
        return np.abs(z + 0.7) + np.abs(z - 0.4) + np.abs(z - 1.9)

    told, found = custom(three, kinks=kinks, name="told"), custom(three, name="found")
    assert told.kinks == (-0.7, 0.4, 1.9)
    for q in (0.05, 1.0, 30.0):
        a, b = moments(told, q), moments(found, q)
        assert (a.second_moment, a.derivative_second_moment) == pytest.approx(
            (b.second_moment, b.derivative_second_moment), rel=1e-11
        )
        root = math.sqrt(q)
        mean = sum(
            root * math.sqrt(2 / math.pi) * math.exp(-k * k / 2 / q) + k * math.erf(k / root / math.sqrt(2))
            for k in kinks
        )
        assert a.mean == pytest.approx(mean, rel=1e-11)
        assert a.value_second_derivative == pytest.approx(b.value_second_derivative, rel=1e-8)


def test_kinks_have_their_sides() -> None:
    """(place, phi left, phi right, phi' left, phi' right), a jump and two kinks, nothing where phi is smooth."""
    rows = kinks_within(custom(lambda z: np.where(z > 1.5, 4 - z, np.abs(z + 0.25)), name="sides"), 8.0)
    assert np.array(rows) == pytest.approx(np.array([[-0.25, 0, 0, -1, 1], [1.5, 1.75, 2.5, 1, -1]]), abs=1e-8)
    assert kinks_within(custom(np.tanh), 8.0) == ()
    far = custom(lambda z: np.maximum(z, 5.0), name="far")
    assert (len(kinks_within(far, 4.0)), len(kinks_within(far, 8.0))) == (0, 1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda z: 1 / (z - 0.3), "too singular at z = 0.3"),
        (lambda z: np.cbrt(z), "too singular at z = 0|has the slope inf at z = 0"),
        (lambda z: np.where(np.abs(z) < 3.9, z, np.inf), "returns inf at z = -3.9"),
        (lambda z: np.sign(np.sin(200 * z)), "not piecewise smooth|too fine a scale"),
    ],
)
def test_what_has_no_panels(function: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        moments(function, 1.0)


def test_infinite_far_out_is_no_fault() -> None:
    """exp(z) is infinite beyond 709, where no Gaussian of variance 1 is; but not within 4."""
    assert moments(custom(lambda z: np.exp(z) + 0, name="grows"), 1.0).second_moment == pytest.approx(math.exp(2))
