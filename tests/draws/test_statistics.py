"""Draws are as random as they claim: each test states what it can see, and has a twin that must fail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import headstart as hs
from headstart.draws import draw_array
from headstart.draws.normal import UNIT, normal_integers, uniform_integers
from headstart.schemes import Normal, TruncatedNormal, Uniform

STREAMS = 100
N = 20_000
Draws = Callable[[int], np.ndarray]  # seed -> N float64 draws

DISTRIBUTIONS: dict[str, tuple[Draws, stats.rv_continuous]] = {
    "normal": (lambda seed: draw_array(Normal(1.0), (N,), seed, "w", dtype="float64"), stats.norm()),
    "uniform": (lambda seed: draw_array(Uniform(-1.0, 1.0), (N,), seed, "w", dtype="float64"), stats.uniform(-1, 2)),
    "truncated at 2": (
        lambda seed: draw_array(TruncatedNormal(1.0, 2.0), (N,), seed, "w", dtype="float64"),
        stats.truncnorm(-2, 2, scale=TruncatedNormal(1.0, 2.0).parent_std),
    ),
    "truncated at 0.3": (
        lambda seed: draw_array(TruncatedNormal(1.0, 0.3), (N,), seed, "w", dtype="float64"),
        stats.truncnorm(-0.3, 0.3, scale=TruncatedNormal(1.0, 0.3).parent_std),
    ),
    "truncated at 0.0001": (
        lambda seed: draw_array(TruncatedNormal(1.0, 1e-4), (N,), seed, "w", dtype="float64"),
        stats.uniform(-(3**0.5), 2 * 3**0.5),
    ),
}


def ks_of_streams(draws: Draws, law: stats.rv_continuous) -> float:
    """p-value of the hypothesis that the 100 streams' KS p-values are uniform."""
    return float(stats.kstest([stats.kstest(draws(seed), law.cdf).pvalue for seed in range(STREAMS)], "uniform").pvalue)


def chi_square_of_streams(draws: Draws, law: stats.rv_continuous) -> float:
    """The same with chi-square over 200 equally likely bins."""
    edges = law.ppf(np.linspace(0, 1, 201))
    edges[[0, -1]] = -np.inf, np.inf
    found = [stats.chisquare(np.histogram(draws(seed), edges)[0]).pvalue for seed in range(STREAMS)]
    return float(stats.kstest(found, "uniform").pvalue)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("test", [ks_of_streams, chi_square_of_streams])
def test_distributions(name: str, test: Callable[[Draws, stats.rv_continuous], float]) -> None:
    """n = 100 streams x 20,000; false alarm 1e-4 per test. Sees a standard deviation wrong by 1 % (the twin)."""
    assert test(*DISTRIBUTIONS[name]) > 1e-4


@pytest.mark.parametrize("test", [ks_of_streams, chi_square_of_streams])
def test_distributions_see_one_per_cent(test: Callable[[Draws, stats.rv_continuous], float]) -> None:
    draws, law = DISTRIBUTIONS["normal"]
    assert test(lambda seed: 1.02 * draws(seed), law) < 1e-4
    assert test(lambda seed: np.tile(draws(seed)[: N // 2], 2), law) < 1e-4  # each number twice


def correlation_of_neighbours(first: Callable[[int], np.ndarray], second: Callable[[int], np.ndarray]) -> float:
    """p-value of the hypothesis that 2,000 correlations of 1,000 pairs of numbers have variance 1/1000 and mean 0."""
    r = np.array([np.corrcoef(first(pair), second(pair))[0, 1] for pair in range(2000)])
    return float(stats.kstest(r * 1000**0.5, "norm").pvalue)


def test_adjacent_seeds_and_names_are_uncorrelated() -> None:
    """False alarm 1e-4; sees a common part of 0.5 % of the variance in every pair (correlation 0.05 in the twin)."""

    def draw(seed: int, name: str) -> np.ndarray:
        return draw_array(Normal(1.0), (1000,), seed, name)

    def first(pair: int) -> np.ndarray:
        return draw(pair, "layers.0.weight")

    def named(pair: int) -> np.ndarray:
        return draw(0, f"layers.{pair}.weight")

    assert correlation_of_neighbours(first, lambda pair: draw(pair + 1, "layers.0.weight")) > 1e-4
    assert correlation_of_neighbours(named, lambda pair: draw(0, f"layers.{pair + 1}.weight")) > 1e-4
    assert correlation_of_neighbours(first, lambda pair: draw(pair + 1, "w") + 0.05 * first(pair)) < 1e-4


@pytest.mark.parametrize(("sigma", "n"), [(3.0, 2**20), (4.0, 2**24), (5.0, 2**26)])
def test_tails(sigma: float, n: int) -> None:
    """Counts beyond 3, 4 and 5 sigma (2831, 1063 and 38 expected) within Poisson's two-sided 1e-4."""
    weights, beyond = np.empty(2**20, np.float32), 0
    for seed in range(n // weights.size):
        draw_array(Normal(1.0), weights.shape, seed, "tails", out=weights)
        beyond += int((np.abs(weights) > sigma).sum())
    expected = n * 2 * stats.norm.sf(sigma)
    low, high = stats.poisson.ppf([0.5e-4, 1 - 0.5e-4], expected)
    assert low <= beyond <= high
    assert not low <= n * 2 * stats.norm.sf(sigma * 0.95) <= high  # the bounds see tails of 5 % smaller sigma


@pytest.mark.parametrize("cut", [0.001, 0.5, 2.0, 3.0])
@pytest.mark.parametrize("std", [1.0, 0.02, 3e-5])
def test_no_value_on_a_truncation_bound(cut: float, std: float) -> None:
    """The outermost words of all, and 2^20 at random; corrected: the standard deviation is the one asked for."""
    draw = TruncatedNormal(std, cut)
    weights = draw_array(draw, (2**20,), 0, "w")
    assert np.abs(weights).max() < np.float32(draw.bound)
    assert weights.std(dtype=np.float64) == pytest.approx(std, rel=5 / (2 * 2**20) ** 0.5)
    from headstart.draws.recipes import recipe

    how = recipe(draw, "float32")
    words = np.array([0, 1, 2**31, 2**31 + 1, 2**32 - 1, 2**31 - 1], np.uint32)
    outermost = normal_integers(words, how.first_magnitude).astype(np.float32) * np.float32(how.scale)
    assert np.abs(outermost).max() < np.float32(draw.bound)


def test_uniform_stays_inside_and_is_symmetric() -> None:
    for bound in (1.0, 0.3, 1e-20, 7.0, 2.0**100 / 3):
        words = np.array([0, 2**32 - 1], np.uint32)
        low, high = uniform_integers(words).astype(np.float32) * np.float32(bound * 2.0**-24)
        assert -np.float32(bound) < low == -high < 0


def test_bfloat16_has_thousands_of_values() -> None:
    """As a rounded float32 result does; a bfloat16 uniform number in [0, 1) put through a quantile has 256."""
    weights = hs.sample("normal(1)", (2**18,), dtype="bfloat16")
    assert len(np.unique(weights.view(np.uint16))) > 2000
    coarse = stats.norm.ppf((np.arange(256) + 0.5) / 256)
    assert len(np.unique(coarse)) < 2000


def test_float64_is_the_integer_unrounded() -> None:
    wide = hs.sample("normal(0.5)", (1000,), dtype="float64")
    assert np.array_equal(wide, np.round(wide / 0.5 / UNIT) * UNIT * 0.5)
    assert np.abs(wide - hs.sample("normal(0.5)", (1000,))).max() < 2**-23
