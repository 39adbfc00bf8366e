"""Factors over any depth: as layer by layer where that can be done, and closed forms where it cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.errors import InputError
from headstart.theory import custom, jacobian, practices, propagate, recommend, spread_over_draws
from headstart.theory.activations import FORMULAS
from headstart.theory.passage import DEEPEST, passage, power

CASES = [
    ("tanh", 1.0, 0.0), ("tanh", 1.02, 0.0), ("tanh", 0.99, 0.0), ("tanh", 1.76, 0.05), ("tanh", 1.5, 0.0),
    ("gelu", 2.0, 0.0), ("gelu", 2.0, 0.5), ("gelu", 1.9831, 0.1729), ("softplus", 2.0, 0.0), ("elu", 1.0, 0.0),
    ("relu", 2.0, 0.01), ("relu", 1.999, 0.0), ("silu", 3.0, 0.0), ("sigmoid", 3.0, 0.0), ("sin", 4.0, 0.1),
]  # fmt: skip


@pytest.mark.parametrize(("activation", "w2", "b2"), CASES)
@pytest.mark.parametrize("depth", [1, 2, 150, 2000])
def test_as_layer_by_layer(activation: str, w2: float, b2: float, depth: int) -> None:
    """The flow is good to about d'^2/12 of what is left after 200 layers: 1e-5 of the factors at most."""
    layers, whole = propagate(activation, w2, b2, depth), passage(activation, w2, b2, depth)
    got, expected = (whole.forward_factor, whole.backward_factor), (layers.forward_factor, layers.backward_factor)
    assert got == pytest.approx(expected, rel=1e-5, abs=1e-300)
    assert whole.q == pytest.approx(layers.q[-1], rel=1e-5, abs=1e-250)
    assert whole.chi == pytest.approx(layers.chi[-1], rel=1e-5)


def test_known_limits_at_a_billion_layers() -> None:
    """tanh at criticality: 1/q grows by 2 per layer; ReLU with biases: q grows by b^2; a leaky one by its powers."""
    depth = 10**9
    assert passage("tanh", 1.0, 0.0, depth).forward_factor == pytest.approx(1 / (2 * depth), rel=1e-5)
    assert passage("relu", 2.0, 0.01, depth).q == pytest.approx(0.01 * depth, rel=1e-6)
    assert passage("relu", 2.0, 0.0, depth).backward_factor == 1.0
    assert passage("relu", 2 * (1 - 1e-9), 0.0, depth).forward_factor == pytest.approx(math.exp(-1), rel=1e-6)
    assert passage("relu", 2.1, 0.0, depth).forward_factor == math.inf
    assert passage("tanh", 1.0, 0.0, depth).forward_factor != pytest.approx(1 / (4 * depth), rel=0.1)  # must fail


def test_a_variance_that_swings_is_followed() -> None:
    """exp(-z^2) makes small variances large and large ones small: a cycle of two."""
    bump = custom(lambda z: np.exp(-z * z), name="bump")
    for depth in (1000, 1001):
        layers, whole = propagate(bump, 300.0, 0.0, depth), passage(bump, 300.0, 0.0, depth)
        assert whole.q == pytest.approx(layers.q[-1], rel=1e-9)
        with np.errstate(over="ignore", under="ignore"):
            expected = float(np.exp(np.log(layers.chi[:-1]).sum()))
        assert whole.backward_factor == pytest.approx(expected, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "softplus", "sigmoid", "hardshrink", "squared_relu"])
@pytest.mark.parametrize("depth", [10**6, 10**9])
def test_advice_for_any_depth(activation: str, depth: int) -> None:
    advice = recommend(activation, depth, width=100)
    assert str(advice)
    for rule in practices(activation, depth).values():
        assert rule.words
    if activation == "gelu":
        assert advice.forward_factor == pytest.approx(1.0, rel=1e-6)
        assert advice.draw_spread is None  # it would take hours


def test_every_activation_answers_at_a_million_layers() -> None:
    for name in FORMULAS:
        assert passage(name, 1.3, 0.1, 10**6).forward_factor > 0


def test_depths_beyond_the_limit_are_refused() -> None:
    calls = (recommend, practices, lambda a, n: passage(a, 1.0, depth=n), lambda a, n: jacobian(a, 1.0, depth=n))
    for call in calls:
        with pytest.raises(InputError, match="depth must be a whole number from 1 to 1,000,000,000, got 1000000001"):
            call("tanh", DEEPEST + 1)
    with pytest.raises(InputError, match="from 1 to 1,000,000, got 1000001"):
        propagate("tanh", 1.0, depth=10**6 + 1)
    with pytest.raises(InputError, match="needs 1,000,000,000 layers x 1,000 units x 20,000 draws"):
        spread_over_draws("tanh", 10**9, 1000)
    assert spread_over_draws("relu", 10**9, 10) == math.inf


def test_a_million_layers_listed_where_they_repeat() -> None:
    layers = propagate("tanh", 0.5, 0.3, depth=10**6, correlation=0.5)
    assert layers.c is not None
    assert layers.q.size == layers.chi.size == layers.c.size == 10**6
    few = propagate("tanh", 0.5, 0.3, depth=300, correlation=0.5)
    assert layers.q[299] == pytest.approx(few.q[-1], rel=1e-14)
    assert layers.c[-1] == pytest.approx(1.0, abs=1e-9)


def test_powers() -> None:
    assert (power(0.5, 3), power(1.0, 10**9), power(2.0, 10**9), power(0.5, 10**9)) == (0.125, 1.0, math.inf, 0.0)
    assert jacobian("tanh", 3.0, depth=10**9).mean == math.inf
    assert jacobian("tanh", 0.5, 0.1, depth=10**9).mean == 0.0
