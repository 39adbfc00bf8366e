"""The best settings and what is said of two schemes: ties, few seeds, pairing by seed, signs, seeds that are needed."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sweep_rows import run, study

from headstart.experiments.analysis.best import Best, Pair, best_settings, compare_pair, seeds_needed
from headstart.experiments.analysis.groups import groups, is_diverged
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.statistics import Beats
from headstart.experiments.analysis.summary import summarize

Row = dict[str, Any]
SCORE, COST = METRICS["test_accuracy"], METRICS["final_cost"]


def runs(metric: str, values: list[float], **settings: Any) -> list[Row]:
    """One run per value, with seeds 0, 1, ..."""
    return [run(seed=seed, **{metric: value}, **settings) for seed, value in enumerate(values)]


def chosen(rows: list[Row], metric: str) -> float:
    """The multiplier of the one scheme's best settings."""
    (best,) = best_settings(rows, METRICS[metric], [])
    multiplier = best.settings["multiplier"]
    assert isinstance(multiplier, float)
    return multiplier


@pytest.mark.parametrize("metric", ["test_accuracy", "train_accuracy"])
def test_the_best_score_is_the_highest(metric: str) -> None:
    assert chosen([*runs(metric, [0.6] * 3, multiplier=1.0), *runs(metric, [0.7] * 3, multiplier=2.0)], metric) == 2


@pytest.mark.parametrize("metric", ["final_cost", "steps_to_target"])
def test_the_best_cost_is_the_lowest(metric: str) -> None:
    assert chosen([*runs(metric, [6.0] * 3, multiplier=1.0), *runs(metric, [5.0] * 3, multiplier=2.0)], metric) == 2


@pytest.mark.parametrize(("metric", "sign"), [("test_accuracy", 1), ("final_cost", -1)])
def test_of_equal_medians_the_better_bad_end_counts(metric: str, sign: int) -> None:
    daring = [0.5 + sign * shift for shift in (-0.2, -0.2, 0, 0.4, 0.4)]
    safe = [0.5 + sign * shift for shift in (-0.1, -0.1, 0, 0.1, 0.1)]
    assert chosen([*runs(metric, daring, multiplier=1.0), *runs(metric, safe, multiplier=2.0)], metric) == 2


def test_of_equal_intervals_fewer_failed_and_diverged_runs_count_and_then_the_first() -> None:
    first = runs("final_cost", [0.5] * 4, multiplier=1.0)
    assert chosen([*first, *runs("final_cost", [0.5] * 4, multiplier=2.0)], "final_cost") == 1
    failed = [*first, run(seed=4, multiplier=1.0, reason="stopped")]
    assert chosen([*failed, *runs("final_cost", [0.5] * 4, multiplier=2.0)], "final_cost") == 2
    diverged = [run(**{**row, "diverged_at": 3 if row["seed"] == 0 else None}) for row in first]
    assert chosen([*diverged, *runs("final_cost", [0.5] * 4, multiplier=2.0)], "final_cost") == 2


@pytest.mark.parametrize(("seeds", "expected"), [(2, 2.0), (1, 1.0)])
def test_settings_with_half_the_seeds_can_be_the_best_and_with_fewer_not(seeds: int, expected: float) -> None:
    rows = [*runs("final_cost", [0.5] * 4, multiplier=1.0), *runs("final_cost", [0.1] * seeds, multiplier=2.0)]
    assert chosen(rows, "final_cost") == expected
    three = [*runs("final_cost", [0.5] * 3, multiplier=1.0), *runs("final_cost", [0.1] * seeds, multiplier=2.0)]
    assert chosen(three, "final_cost") == expected  # half of three is one and a half


def test_a_diverged_median_is_the_worst_for_scores_and_for_costs() -> None:
    for metric in ("final_cost", "test_accuracy"):
        rows = [*runs(metric, [math.nan] * 3, multiplier=1.0), *runs(metric, [0.01] * 3, multiplier=2.0)]
        assert chosen(rows, metric) == 2


@pytest.mark.parametrize("metric", ["test_accuracy", "final_cost"])
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=9),
    st.randoms(use_true_random=False),
)
def test_schemes_are_paired_by_seed_whatever_the_order_of_the_rows(
    metric: str, values: list[tuple[int, int]], random: Random
) -> None:
    rows = [
        run(scheme=scheme, seed=seed, **{metric: pair[side] / 20})
        for seed, pair in enumerate(values)
        for side, scheme in enumerate(("he", "xavier"))
    ]
    he, xavier = (np.array([pair[side] / 20 for pair in values]) for side in (0, 1))
    better = he > xavier if metric == "test_accuracy" else he < xavier
    (pair,) = summarize(rows, metric).pairs
    assert pair.beats.probability == pytest.approx(np.mean(better + 0.5 * (he == xavier)))
    shuffled = [row for scheme in ("he", "xavier") for row in random.sample(rows, len(rows)) if row["scheme"] == scheme]
    (again,) = summarize(shuffled, metric).pairs
    assert (again.beats, again.difference) == (pair.beats, pair.difference)
    low, high = pair.difference
    assert low - 1e-12 <= np.median(he) - np.median(xavier) <= high + 1e-12


def test_the_difference_is_the_firsts_median_less_the_seconds_in_the_metrics_own_unit() -> None:
    for metric in ("test_accuracy", "final_cost"):
        rows = [*runs(metric, [0.2] * 8, scheme="he"), *runs(metric, [0.5] * 8, scheme="xavier")]
        assert summarize(rows, metric).pairs[0].difference == pytest.approx((-0.3, -0.3))
    rows = [
        *runs("test_accuracy", [0.9, 0.5, 0.5, 0.5, 0.5], scheme="he"),
        *runs("test_accuracy", [0.5] * 5, scheme="xavier"),
    ]
    low, high = summarize(rows).pairs[0].difference
    assert 0 <= low <= high  # he is never worse
    assert low == 0


def test_only_seeds_that_both_finished_are_compared() -> None:
    he = [run(scheme="he", seed=0, reason="stopped"), *runs("test_accuracy", [0.1, 0.9, 0.9], scheme="he")[1:]]
    xavier = [*runs("test_accuracy", [0.99, 0.5], scheme="xavier"), run(scheme="xavier", seed=2, reason="stopped")]
    first, second = best_settings([*he, *xavier], SCORE, [])
    pair = compare_pair(first, second, SCORE)
    assert pair is not None
    assert (pair.beats.pairs, pair.beats.probability) == (1, 1.0)


@given(st.floats(0.501, 0.99), st.sampled_from([0.8, 0.9]))
def test_the_seeds_needed_are_noethers(probability: float, power: float) -> None:
    # eq. 2 of the paper, with 5 % on two sides: N = (z_0.975 + z_power)^2 / (4 (P - 1/2)^2)
    exact = (norm.isf(0.025) + norm.isf(1 - power)) ** 2 / (4 * (probability - 0.5) ** 2)
    found = seeds_needed(probability, power)
    assert found is not None
    assert found == pytest.approx(math.ceil(exact), abs=1e-6)
    assert seeds_needed(1 - probability, power) == pytest.approx(found, abs=1)


def pair_of(probability: float, low: float, high: float, needed: int | None, seeds: int = 8) -> Pair:
    """he against xavier with this probability of winning."""
    (group,) = groups([run()], ["scheme"], SCORE)
    he, xavier = (Best(name, {}, {}, 1, group) for name in ("he", "xavier"))
    return Pair(he, xavier, Beats(probability, low, high, seeds), (0.0, 0.0), needed)


@pytest.mark.parametrize(
    ("needed", "words"),
    [(None, "P = 0.60 (0.40–0.80)."), (22, "about 22 seeds would."), (10_000, "about 10,000 seeds would."),
     (10_001, "more than 10,000 seeds would be needed.")],
)  # fmt: skip
def test_how_many_seeds_would_tell_is_said_up_to_ten_thousand(needed: int | None, words: str) -> None:
    assert pair_of(0.6, 0.4, 0.8, needed).words.endswith(words)


def test_the_better_scheme_is_named_first_and_its_odds_are_its_own() -> None:
    told = "8 seeds tell {} from {}: {} is better, P = 0.90 (0.60–0.97)."
    assert pair_of(0.9, 0.6, 0.97, None).words == told.format("he", "xavier", "he")
    assert pair_of(0.1, 0.03, 0.4, None).words == told.format("xavier", "he", "xavier")
    untold = pair_of(0.1, 0.03, 0.6, None, seeds=1)
    assert untold.words == "1 seed cannot tell he from xavier: P = 0.10 (0.03–0.60)."


# --- groups ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "diverged"),
    [({}, False), ({"diverged_at": 0}, True), ({"final_cost": math.inf}, True), ({"final_cost": math.nan}, True),
     ({"final_cost": None}, False), ({"final_cost": 1e30}, False)],
)  # fmt: skip
def test_which_runs_diverged(found: Row, diverged: bool) -> None:
    assert is_diverged(run(**found)) is diverged


def test_a_group_counts_its_pooled_settings_by_the_seed_that_has_most() -> None:
    rows = study(lambda _: {}, seed=[0, 1, 2], multiplier=[1.0, 2.0])
    (group,) = groups([*rows, run(seed=0, multiplier=4.0)], ["scheme"], SCORE)
    assert (group.runs, group.seeds, group.settings) == (7, 3, 3)
    (group,) = groups([*rows, run(seed=7, multiplier=4.0, reason="stopped")], ["scheme"], SCORE)
    assert (group.runs, group.failed, group.seeds, group.settings) == (7, 1, 3, 2)


@pytest.mark.parametrize("metric", ["test_accuracy", "final_cost", "steps_to_target"])
@given(
    st.lists(st.floats(0, 1) | st.just(math.nan) | st.just(math.inf), min_size=1, max_size=9),
    st.randoms(use_true_random=False),
)
def test_medians_are_numpys_with_the_worst_last_whatever_the_order(
    metric: str, values: list[float], random: Random
) -> None:
    judged = METRICS[metric]
    worst = -math.inf if judged.higher_is_better else math.inf
    known = [worst if not math.isfinite(value) else value for value in values]
    values = [value if math.isfinite(value) else math.nan for value in values]
    rows = runs(metric, values)
    (group,) = groups(rows, ["scheme"], judged)
    assert group.median is not None
    assert group.low is not None
    assert group.high is not None
    ordered = sorted(known)
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if math.isfinite(below) and math.isfinite(above):
        assert group.median == pytest.approx((below + above) / 2)
        assert not group.low > group.median  # an end may be "not a number": the worst score
        assert not group.high < group.median
    else:
        assert not math.isfinite(group.median)
    (again,) = groups(random.sample(rows, len(rows)), ["scheme"], judged)
    np.testing.assert_equal((again.median, again.low, again.high), (group.median, group.low, group.high))


def test_a_scores_interval_has_the_lower_end_first_and_a_costs_too() -> None:
    values = [0.1, 0.3, 0.4, 0.7, 0.9]
    for metric in METRICS.values():
        spread = metric.spread(values)
        assert spread["low"] < spread["median"] == 0.4 < spread["high"]
    assert math.copysign(1, SCORE.from_cost(-0.0)) == math.copysign(1, SCORE.from_cost(0.0)) == 1  # no accuracy of -0.0


def test_scores_and_costs_mirror_each_other() -> None:
    values = [0.1, 0.35, 0.4, 0.7, math.nan]
    score, cost = SCORE.spread(values), COST.spread([-value for value in values])
    assert score["median"] == -cost["median"]
    assert score["high"] == -cost["low"]
    assert math.isnan(score["low"])
    assert cost["high"] == math.inf
