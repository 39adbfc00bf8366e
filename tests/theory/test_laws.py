"""Each law against a simulation with real weights in NumPy, and a twin that the comparison tells apart.

A law is right to a few percent: the samples' own error is 1 %, and so is that of most simulations here, which have some
ten thousand numbers. Tolerances are five times that unless they say otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.theory.laws import attention, lookups, noise, norms, pools, sums
from headstart.theory.laws.elements import applied
from headstart.theory.laws.samples import Draws, Pairs, across_inputs, pairs_of
from headstart.theory.laws.sums import WeightMoments

CLOSE = 0.06


@pytest.fixture(scope="module")
def draws() -> Draws:
    return Draws()


def field(inputs: int, places: int, units: int, pairs: Pairs, seed: int = 0) -> np.ndarray:
    """Gaussian numbers (inputs, places, units) with these mean products."""
    random = np.random.default_rng(seed)
    own, other, place, both = pairs
    parts = (both, other - both, place - both, own - other - place + both)
    shapes = ((1, 1, units), (1, places, units), (inputs, 1, units), (inputs, places, units))
    return sum(math.sqrt(max(part, 0)) * random.normal(size=shape) for part, shape in zip(parts, shapes, strict=True))


def measured(x: np.ndarray) -> Pairs:
    """The mean products of an array (inputs, places, units), each by sums over all pairs."""
    own = np.mean(x**2)
    inputs, places = x.shape[0], x.shape[1]
    over_inputs, over_places, over_both = x.mean(0), x.mean(1), x.mean((0, 1))
    other = (inputs * np.mean(over_inputs**2) - own) / (inputs - 1)
    place = (places * np.mean(over_places**2) - own) / max(places - 1, 1) if places > 1 else own
    total = inputs * places * np.mean(over_both**2)
    rest = total - own - (inputs - 1) * other - (places - 1) * place
    both = rest / ((inputs - 1) * (places - 1)) if places > 1 else other
    return Pairs(float(own), float(other), float(place), float(both))


def near(law: Pairs, real: Pairs, close: float = CLOSE) -> bool:
    return all(abs(a - b) <= close * real.own for a, b in zip(law, real, strict=True))


GIVEN = Pairs(1.0, 0.4, 0.3, 0.2)


def test_fresh_samples_have_exactly_the_products_that_are_asked_for(draws: Draws) -> None:
    assert near(pairs_of(draws.of(GIVEN)), GIVEN, 1e-9)
    assert not near(pairs_of(draws.of(GIVEN._replace(places=0.4))), GIVEN)


def test_what_no_input_changes_stays_exactly_equal_and_a_small_difference_is_not_lost(draws: Draws) -> None:
    same = draws.of(Pairs(1.0, 1.0, 0.3, 0.3))
    made = sums.weighted(draws, np.maximum(same, 0), 64, WeightMoments(1 / 64))
    assert across_inputs(made) == 0
    nearly = same + 1e-9 * draws.of(Pairs(1.0, 0.0, 0.0, 0.0))
    made = sums.weighted(draws, nearly, 64, WeightMoments(1 / 64))
    assert across_inputs(made) == pytest.approx(1e-18, rel=0.1)


@pytest.mark.parametrize("mean", [0.0, 0.02])
def test_a_sum_with_weights(draws: Draws, mean: float) -> None:
    """512 inputs with a mean (behind a ReLU), whose weights have a mean too."""
    random = np.random.default_rng(7)
    x = np.maximum(field(8, 8, 512, GIVEN), 0)
    weights = random.normal(mean, 0.05, (2048, 512))
    real = measured(x @ weights.T)
    moments = WeightMoments(0.05**2 + mean**2, mean)
    law = pairs_of(sums.weighted(draws, np.maximum(draws.of(GIVEN), 0), 512, moments))
    assert near(law, real, 0.1)  # 512 units of x, and their mean enters squared
    assert not near(law.times(1.25), real, 0.1)


def test_a_convolution_with_padding_and_one_that_is_transposed() -> None:
    """By counting taps of ones: the sum of squares of what a kernel of ones meets."""
    ones, kernel = np.ones(9), np.ones(3)
    met = np.convolve(ones, kernel, "same")
    assert sums.taps_inside(9, 9, 3, 1, 1, 1) * 3 == pytest.approx(met.mean())
    assert sums.taps_inside(9, 5, 3, 2, 1, 1) * 3 == pytest.approx(met[::2].mean())
    landed = np.zeros(2 * 3 + 4)
    for place in range(4):
        landed[2 * place : 2 * place + 4] += 1
    assert sums.taps_landing(4, 8, 4, 2, 1, 1) == pytest.approx(landed[1:-1].mean())
    assert sums.taps_landing(4, 8, 4, 2, 1, 1) != pytest.approx(landed.mean())


def test_an_operation_on_elements_and_its_slope(draws: Draws) -> None:
    x = draws.of(GIVEN)
    made = applied(lambda arrays: np.tanh(arrays[0]) * arrays[1], [x, x], [0, 1])
    assert made is not None
    assert np.allclose(made.samples, x * np.tanh(x))
    assert np.allclose(sum(made.slopes), np.tanh(x) + x / np.cosh(x) ** 2, atol=1e-6)
    assert applied(lambda arrays: arrays[0].sum(), [x], [0]) is None


def test_norms(draws: Draws) -> None:
    given = Pairs(2.0, 0.8, 0.6, 0.4)
    x, real = draws.of(given), field(16, 16, 2000, given)
    cases = (
        (norms.over_units(x, True, 0.0).samples, (2,)),
        (norms.over_inputs(x, 0.0, 16, 16).samples, (0, 1)),
        (norms.over_places(x, 0.0, 16).samples, (1,)),
    )
    for law, over in cases:
        normed = (real - real.mean(over, keepdims=True)) / real.std(over, keepdims=True)
        assert near(pairs_of(law), measured(normed)), over
    assert not near(pairs_of(cases[0][0]), pairs_of(cases[1][0]))


def test_the_gradient_before_a_norm(draws: Draws) -> None:
    """By the closed form of the backward pass on 64 units: what would change mean or size is gone."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 64))
    y = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    g = random.normal(size=(4000, 64)) + 2 * y + 3
    back = (g - g.mean(1, keepdims=True) - y * np.mean(g * y, 1, keepdims=True)) / x.std(1, keepdims=True)
    normed = norms.over_units(draws.of(Pairs(1.0, 0.0, 0.0, 0.0)), True, 0.0)
    given = draws.of(Pairs(1.0, 0.0, 0.0, 0.0)) + 2 * normed.samples + 3
    law = np.mean(norms.backward(given, normed.samples, normed.slope, True) ** 2)
    assert law == pytest.approx(np.mean(back**2), rel=0.06)
    assert law != pytest.approx(np.mean(norms.backward(given, normed.samples, normed.slope, False) ** 2), rel=0.06)


@pytest.mark.parametrize("count", [4, 49])
def test_means_and_maxima_over_places(draws: Draws, count: int) -> None:
    """Behind a ReLU, of units that have a level of their own: neighbours are not independent."""
    x, real = np.maximum(draws.of(GIVEN), 0), np.maximum(field(4, 4 * count, 4000, GIVEN), 0)
    windows = real.reshape(4, 4, count, 4000)
    assert near(pairs_of(pools.averaged(draws, x, 1 / count, False)), measured(windows.mean(2)))
    top = measured(windows.max(2))
    assert near(pairs_of(pools.largest(draws, x, count, False)), top, 0.12)  # correlations of ranks, not of values
    alone = np.maximum(draws.of(Pairs(1.0, 0.0, 0.0, 0.0)), 0)
    assert not near(pairs_of(pools.largest(draws, alone, count, False)), top, 0.12)


def test_a_mean_over_all_places_leaves_one(draws: Draws) -> None:
    x = pools.averaged(draws, draws.of(GIVEN), 1 / 64, True)
    real = measured(field(16, 64, 4000, GIVEN).mean(1, keepdims=True))
    assert near(pairs_of(x), real)
    assert np.array_equal(x[0], x[2])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("size", [0.3, 1.5])
def test_attention(draws: Draws, causal: bool, size: float) -> None:
    """Queries, keys and values of 4 inputs with 24 places, what inputs and places share included."""
    random = np.random.default_rng(1)
    query = Pairs(size, 0.5 * size, 0.4 * size, 0.3 * size)
    q, k, v = (
        field(4, 24, 64 * 20, pairs, seed).reshape(4, 24, 20, 64)
        for pairs, seed in ((query, 2), (query, 3), (GIVEN, 4))
    )
    logits = np.einsum("bthd,bshd->bhts", q, k) / 8
    if causal:
        logits = np.where(np.tri(24, dtype=bool), logits, -np.inf)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    real = measured(np.einsum("bhts,bshd->bthd", shares, v).reshape(4, 24, -1))
    by = attention.shares(draws, attention.scores(query, query, 64, 1 / 8), 24, causal)
    made = pairs_of(attention.mixed(draws, draws.of(GIVEN), by))
    assert by.own == pytest.approx(np.mean(np.sum(shares**2, -1)), rel=0.1)
    assert near(made, real, 0.12)  # 24 places, of which causal attention has few in the first rows
    other = attention.shares(draws, attention.scores(query, query, 64, 1 / 8), 24, not causal)
    assert by.own != pytest.approx(other.own, rel=0.1)
    gradient = random.normal(size=v.shape)
    back = np.einsum("bhts,bthd->bshd", shares, gradient)
    law = attention.values_backward(draws, draws.of(Pairs(1.0, 0.0, 0.0, 0.0)), by, 1.0)
    assert np.mean(law**2) == pytest.approx(np.mean(back**2), rel=0.1)


def test_rows_of_a_table(draws: Draws) -> None:
    random = np.random.default_rng(0)
    tokens, table = random.integers(0, 5, (64, 64)), random.normal(size=(5, 3000))
    real = measured(table[tokens])
    picked = random.integers(0, 5, (4, draws.count)).astype(float)
    assert near(pairs_of(lookups.picked(draws, picked, draws.normal[0])), real)
    assert not near(pairs_of(lookups.picked(draws, np.arange(4.0 * draws.count).reshape(4, -1), draws.normal[0])), real)


@pytest.mark.parametrize(("inputs", "alike"), [(1, 0.0), (32, 0.0), (32, 0.9)])
def test_the_scatter_of_a_mean_square(draws: Draws, inputs: int, alike: float) -> None:
    """Over 2000 draws of 64 units: independent inputs average out, inputs that are alike do not."""
    pairs = Pairs(1.0, alike, 0.0, 0.0)
    random = np.random.default_rng(0)
    shared, own = random.normal(size=(2000, 1, 64)), random.normal(size=(2000, inputs, 64))
    y = math.sqrt(alike) * shared + math.sqrt(1 - alike) * own
    real = np.var(np.mean(y**2, axis=(1, 2)))
    law = noise.scatter(draws.of(pairs), 64, inputs, 1)
    assert law == pytest.approx(real, rel=0.2)
    assert noise.scatter(draws.of(pairs), 128, inputs, 1) != pytest.approx(real, rel=0.2)
