"""The summary of a study: hand-made runs whose medians, counts, winners and odds are known."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sweep_rows import run, scheme_study, study

from headstart import InputError
from headstart.experiments.analysis.best import best_settings, seeds_needed
from headstart.experiments.analysis.groups import groups
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.statistics import beats, median_interval
from headstart.experiments.analysis.summary import summarize

Row = dict[str, Any]


def runs(scheme: str, accuracies: list[float], **settings: Any) -> list[Row]:
    """One run per accuracy, with seeds 0, 1, ..."""
    return [run(scheme=scheme, seed=k, test_accuracy=found, **settings) for k, found in enumerate(accuracies)]


def test_every_run_is_in_one_group_and_none_is_dropped() -> None:
    rows = [
        *runs("he", [0.9, 0.8, 0.7]), run(scheme="he", seed=3, reason="MemoryError"),
        run(scheme="he", seed=4, test_accuracy=0.1, final_cost=math.nan, diverged_at=7),
        run(scheme="zeros", seed=0, reason="MemoryError"), run(scheme="zeros", seed=1, reason=None),
    ]  # fmt: skip
    summary = summarize(rows)
    he, zeros = summary.groups
    assert (he.key, he.runs, he.failed, he.diverged, he.seeds, he.settings) == (("he",), 5, 1, 1, 4, 1)
    assert he.median == pytest.approx(0.75)
    assert (zeros.runs, zeros.failed, zeros.median, zeros.low, zeros.high) == (2, 2, None, None, None)
    assert (summary.failed, summary.diverged) == (3, 1)
    assert summary.reasons == [("MemoryError", 2), ("no reason given", 1)]
    assert [best.scheme for best in summary.best] == ["he"]
    assert summary.pairs == []


def test_a_groups_interval_is_that_of_its_seeds() -> None:
    accuracies = [0.5, 0.9, 0.7, 0.8, 0.6, 0.65]
    found = summarize(runs("he", accuracies)).groups[0]
    low, high = median_interval(sorted(-value for value in accuracies))
    assert (found.low, found.high) == (-high, -low)


def test_diverged_costs_are_the_worst_and_stay_in_the_median() -> None:
    rows = [run(seed=k, final_cost=cost) for k, cost in enumerate([0.1, 0.2, math.nan, math.inf, math.inf])]
    found = groups(rows, ["scheme"], METRICS["final_cost"])[0]
    assert (found.median, found.high, found.diverged) == (math.inf, math.inf, 3)


def test_a_run_that_never_got_to_its_target_took_infinitely_many_steps() -> None:
    rows = [run(seed=k, steps_to_target=steps) for k, steps in enumerate([100, None, 300])]
    assert groups(rows, ["scheme"], METRICS["steps_to_target"])[0].median == 300


def test_runs_of_one_seed_do_not_narrow_an_interval() -> None:
    few = study(lambda row: {"test_accuracy": 0.1 * row["seed"]}, seed=list(range(6)))
    many = study(
        lambda row: {"test_accuracy": 0.1 * row["seed"]},
        seed=list(range(6)),
        learning_rate=[0.1 * k for k in (1, 2, 3)],
    )
    one, other = (groups(rows, ["scheme"], METRICS["test_accuracy"])[0] for rows in (few, many))
    assert other.settings == 3
    assert (other.low, other.high) == pytest.approx((one.low, one.high))


def test_groups_stand_in_the_order_of_their_axes() -> None:
    rows = study(lambda row: {}, scheme=["xavier", "he"], multiplier=[2.0, 0.5])
    keys = [group.key for group in groups(rows, ["multiplier", "scheme"], METRICS["test_accuracy"])]
    assert keys == [(0.5, "xavier"), (0.5, "he"), (2.0, "xavier"), (2.0, "he")]


def test_each_scheme_at_its_best_settings() -> None:
    rows = [
        *runs("he", [0.9, 0.9, 0.6], multiplier=1.0), *runs("he", [0.8, 0.8, 0.8], multiplier=2.0),
        *runs("xavier", [0.7, 0.7, 0.7], multiplier=1.0), *runs("xavier", [0.85, 0.7, 0.85], multiplier=2.0),
    ]  # fmt: skip
    found = {best.scheme: best for best in summarize(rows).best}
    assert found["he"].settings == {"multiplier": 1.0}
    assert found["xavier"].settings == {"multiplier": 2.0}
    assert [best.tried for best in found.values()] == [2, 2]
    lowest = {best.scheme: best for best in summarize(rows, "final_cost").best}
    assert lowest["he"].settings == {"multiplier": 1.0}  # all costs are equal: the first


def test_one_lucky_seed_is_not_the_best() -> None:
    rows = [*runs("he", [0.8] * 4, multiplier=1.0), *runs("he", [1.0], multiplier=2.0)]
    assert summarize(rows).best[0].settings == {"multiplier": 1.0}
    rows = [*runs("he", [0.8] * 4, multiplier=1.0), *runs("he", [1.0] * 2, multiplier=2.0)]
    assert summarize(rows).best[0].settings == {"multiplier": 2.0}


def test_of_equal_medians_the_one_that_fails_less_is_best() -> None:
    rows = [
        *runs("he", [0.8, 0.8, 0.1], multiplier=1.0), *runs("he", [0.8, 0.8, 0.8], multiplier=2.0),
    ]  # fmt: skip
    assert summarize(rows).best[0].settings == {"multiplier": 2.0}


def test_problems_are_never_chosen_but_kept_apart() -> None:
    rows = [*runs("he", [0.9] * 3, data="circles"), *runs("he", [0.5] * 3, data="digits")]
    assert [best.problem for best in summarize(rows).best] == [{"data": "circles"}, {"data": "digits"}]
    rows = [*runs("he", [0.9] * 3, depth=2, width=8), *runs("he", [0.5] * 3, depth=5, width=8)]
    assert [best.settings for best in summarize(rows).best] == [{"depth": 2}]
    assert [best.problem for best in summarize(rows, by=["scheme", "depth"]).best] == [{"depth": 2}, {"depth": 5}]
    assert best_settings(rows, METRICS["test_accuracy"], ["depth"])[1].group.median == 0.5


def test_pairs_are_of_common_seeds_and_in_words() -> None:
    he = runs("he", [0.9] * 8 + [0.1] * 2)
    xavier = [*runs("xavier", [0.5] * 10), run(scheme="xavier", seed=77, test_accuracy=1.0)]
    (pair,) = summarize([*he, *xavier]).pairs
    assert (pair.beats.probability, pair.beats.pairs) == (0.8, 10)
    assert pair.words == (
        "10 seeds cannot tell he from xavier: P = 0.80 (0.44–0.97); if that is the probability, about 22 seeds would."
    )
    (pair,) = summarize([*runs("he", [0.2] * 8), *runs("xavier", [0.5] * 8)]).pairs
    assert pair.words == "8 seeds tell xavier from he: xavier is better, P = 1.00 (0.63–1.00)."
    assert pair.difference == pytest.approx((-0.3, -0.3))
    (pair,) = summarize([*runs("he", [0.5] * 8), *runs("xavier", [0.5] * 8)]).pairs
    assert pair.words == "8 seeds cannot tell he from xavier: P = 0.50 (0.16–0.84)."


def test_lower_costs_beat_higher_ones_and_diverged_runs_lose() -> None:
    good = [run(scheme="he", seed=k, final_cost=0.1) for k in range(8)]
    bad = [run(scheme="normal(10)", seed=k, final_cost=math.nan) for k in range(8)]
    (pair,) = summarize([*bad, *good], "final_cost").pairs
    assert pair.beats.probability == 0
    assert pair.words.startswith("8 seeds tell he from normal(10): he is better")


def test_schemes_without_common_seeds_are_not_compared() -> None:
    rows = [run(scheme="he", seed=0), run(scheme="xavier", seed=1)]
    assert summarize(rows).pairs == []


def power(probability: float, count: int) -> float:
    """How often that many pairs tell a scheme with this probability of winning from the other: exact, no simulation."""
    told = [beats([0.0] * wins + [2.0] * (count - wins), [1.0] * count).told_apart for wins in range(count + 1)]
    return float(sum(binom.pmf(wins, count, probability) for wins in range(count + 1) if told[wins]))


def test_equal_schemes_are_told_apart_one_time_in_twenty_at_most() -> None:
    assert all(power(0.5, count) <= 0.05 for count in range(1, 25))
    assert max(power(0.6, count) for count in range(1, 25)) > 0.05  # a small difference already shows: it can fail


@given(
    st.lists(
        st.tuples(st.sampled_from(["he", "xavier"]), st.sampled_from([1.0, 2.0]), st.integers(0, 3), st.booleans()),
        min_size=1, max_size=20, unique_by=lambda made: made[:3],
    ),
    st.permutations(["scheme", "multiplier", "seed"]),
)  # fmt: skip
def test_groups_are_a_partition_of_the_runs(made: list[tuple[str, float, int, bool]], by: list[str]) -> None:
    rows = [
        run(scheme=scheme, multiplier=multiplier, seed=seed, **({} if done else {"reason": "stopped"}))
        for scheme, multiplier, seed, done in made
    ]
    found = groups(rows, by[:2], METRICS["test_accuracy"])
    assert sorted(row["id"] for group in found for row in group.rows) == sorted(row["id"] for row in rows)
    assert len({group.key for group in found}) == len(found)
    for group in found:
        assert group.runs == len(group.done) + group.failed
        assert (group.median is None) == (not group.done)


@pytest.mark.parametrize("probability", [0.62, 0.8, 0.9])
def test_the_seeds_needed_are_about_enough(probability: float) -> None:
    # four times out of five by the normal approximation; the exact interval is wider, so some less
    count = seeds_needed(probability)
    assert count is not None
    assert 0.6 < power(probability, count) < 0.92
    assert not 0.6 < power(probability, count // 3) < 0.92  # and a third of them are not: the check can fail


def test_what_all_runs_share() -> None:
    summary = summarize(scheme_study(2, 3, learning_rate=[0.1]))
    assert summary.varying == ["scheme", "multiplier"]
    assert summary.fixed == {
        "data": "circles", "hidden": (10, 5), "activation": "relu", "learning_rate": 0.1, "optimizer": "sgd",
        "steps": 2000,
    }  # fmt: skip


def test_bad_input() -> None:
    rows = [run()]
    with pytest.raises(InputError, match="Did you mean 'test_accuracy'"):
        summarize(rows, "test_acuracy")
    with pytest.raises(InputError, match="Did you mean 'depth'"):
        summarize(rows, by=["depht"])
    with pytest.raises(InputError, match="each named once"):
        summarize(rows, by=["scheme", "scheme"])
    with pytest.raises(InputError, match="no runs to report"):
        summarize([])
    two = [run(scheme="he", multiplier=1.0), run(scheme="xavier", multiplier=2.0)]
    with pytest.raises(InputError, match="no run meets all of scheme=he and multiplier=2"):
        summarize(two, conditions=["scheme=he", "multiplier=2"])


def test_what_all_runs_share_is_said_where_it_is_not_usual() -> None:
    plain = summarize([run(seed=0), run(seed=1)])
    assert "sigma_b" not in plain.fixed
    assert "batch_size" not in plain.fixed
    rows = [run(seed=seed, sigma_b=0.2, batch_size=32, width=8, depth=3) for seed in (0, 1)]
    found = summarize(rows).fixed
    assert (found["sigma_b"], found["batch_size"], found["depth"], found["width"]) == (0.2, 32, 3, 8)
    assert "hidden" not in found


def test_reasons_stand_by_their_number_and_then_by_name() -> None:
    rows = [run(seed=k, reason=reason) for k, reason in enumerate(["b", "c", "c", "a", ""])]
    assert summarize([*rows, run()]).reasons == [("c", 2), ("a", 1), ("b", 1), ("no reason given", 1)]


@pytest.mark.parametrize(
    ("by", "axes"),
    [(["scheme"], ["data"]), (["seed"], ["data"]), (["scheme", "seed"], ["data"]), (["depth"], ["data", "depth"]),
     (["multiplier", "depth"], ["data", "depth", "multiplier"]), (["activation"], ["data", "activation"])],
)  # fmt: skip
def test_schemes_are_compared_within_problems_and_what_by_names(by: list[str], axes: list[str]) -> None:
    rows = study(
        lambda _: {}, data=["circles", "moons"], scheme=["he", "xavier"], depth=[2, 3], width=[8],
        multiplier=[1.0, 2.0], seed=[0, 1],
    )  # fmt: skip
    summary = summarize(rows, by=by)
    assert summary.problem_factors == axes
    problems = 2 ** len([axis for axis in axes if axis != "activation"])
    assert len(summary.best) == 2 * problems
    assert len(summary.pairs) == problems
    assert all(pair.first.problem == pair.second.problem for pair in summary.pairs)
    assert all(pair.beats.pairs == 2 for pair in summary.pairs)


def test_the_data_and_its_seed_are_problems_and_training_is_not() -> None:
    rows = study(lambda _: {}, scheme=["he"], data_seed=[0, 1], learning_rate=[0.1, 0.2], seed=[0, 1])
    assert summarize(rows).problem_factors == ["data_seed"]
    labels = study(lambda _: {}, data=["t.csv"], label=["a", "b"], steps=[1, 2])
    assert summarize(labels).problem_factors == ["label"]
    assert [best.tried for best in summarize(rows).best] == [2, 2]
