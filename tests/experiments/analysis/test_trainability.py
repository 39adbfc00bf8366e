"""Measured depth beside theory: rank correlations, the deepest network, the curve; and that disagreement is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sweep_rows import depth_study, run, study

from headstart import InputError
from headstart.experiments.analysis.depth_theory import critical_sigma_w2, theory_curve, trainable_depth
from headstart.experiments.analysis.trainability import deepest, rank_correlation, trainability
from headstart.theory import depth_scale

SIGMA_B = 0.05**0.5


def test_rank_correlation() -> None:
    # Five pairs with a tie, worked by hand: ranks 1..5 and 1, 2, 3.5, 5, 3.5: 8/sqrt(10 * 9.5)
    assert rank_correlation([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(8 / math.sqrt(95))
    assert rank_correlation([1, 2, 3], [3, 2, -math.inf]) == -1
    assert math.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
    assert math.isnan(rank_correlation([1], [1]))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    if len(set(first)) > 1 and len(set(second)) > 1:
        expected = spearmanr(first, second).statistic
        assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-9)


def test_the_deepest_trained_network_lies_between_two_depths() -> None:
    assert deepest([10, 40], [0.9, 0.1], 0.5) == pytest.approx(20)
    assert deepest([10, 40], [0.9, 0.9], 0.5) == 40
    assert deepest([10, 40], [0.1, 0.1], 0.5) == 10
    assert deepest([10, 40], [0.9, -math.inf], 0.5) == 10


def test_the_curve_is_theorys_depth_and_infinite_at_the_critical_point() -> None:
    curve = theory_curve("tanh", SIGMA_B, 1.0, 4.0)
    places = [place for place, _ in curve]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (1.0, 4.0)
    assert [place for place, depth in curve if math.isinf(depth)] == [critical_sigma_w2("tanh", SIGMA_B)]
    for place, depth in curve[5:-5:9]:
        if math.isfinite(depth):
            assert depth == pytest.approx(depth_scale("tanh", place, 0.05).trainable_depth, rel=5e-3)


def test_the_curve_of_relu_ends_where_the_variance_grows_without_bound() -> None:
    curve = theory_curve("relu", 0.0, 1.0, 4.0)
    assert curve[-1] == (2.0, math.inf)
    assert trainable_depth("relu", 3.0, 0.0) is None


def test_measured_depth_follows_the_theory_that_made_it() -> None:
    found = trainability(depth_study(13, 10, 2))
    cells, columns = found.cell_correlation, found.column_correlation
    assert (cells[1], columns[1]) == (130, 13)
    assert cells[0] > 0.95
    assert columns[0] > 0.95
    low, high = found.ridge
    assert found.critical is not None
    assert low - 0.15 <= found.critical <= high + 0.15
    assert abs(found.peak - found.critical) <= 0.25  # one column
    for column in found.columns:
        if column.predicted is not None and 12 < column.predicted < 90:
            assert column.measured == pytest.approx(column.predicted, rel=0.25)
    assert "critical point is 1.761" in found.words


def test_results_that_know_nothing_of_theory_have_no_correlation() -> None:
    # 130 cells: the correlation of unrelated ranks has standard error 0.088; 0.35 is four of them.
    rng = np.random.default_rng(5)
    rows = [{**row, "test_accuracy": float(rng.random())} for row in depth_study(13, 10, 1)]
    assert abs(trainability(rows).cell_correlation[0]) < 0.35


def test_costs_count_the_other_way_round() -> None:
    by_cost = trainability(depth_study(7, 5, 1), "final_cost")
    by_accuracy = trainability(depth_study(7, 5, 1))
    assert by_cost.cell_correlation == by_accuracy.cell_correlation
    assert by_cost.threshold == pytest.approx(2.3 * (1 - by_accuracy.threshold))
    assert [c.measured for c in by_cost.columns] == pytest.approx([c.measured for c in by_accuracy.columns])


def test_a_diverged_network_is_the_worst() -> None:
    rows = study(
        lambda row: {"final_cost": math.nan if row["depth"] == 40 else 0.1 * row["depth"]},
        activation=["tanh"], scheme=["xavier"], width=[8], depth=[10, 20, 40], multiplier=[1.0, 1.5],
    )  # fmt: skip
    assert [column.measured for column in trainability(rows, "final_cost", 2.0).columns] == [20, 20]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"activation": "relu"}, "one activation"), ({"sigma_b": 0.5}, "one sigma_b"), ({"scheme": "zeros"}, "random"),
     ({"hidden": [10, 5], "width": None}, "one width")],
)  # fmt: skip
def test_runs_without_one_prediction_are_refused(changes: dict[str, object], message: str) -> None:
    rows = [run(activation="tanh", width=8, depth=2), run(**{"activation": "tanh", "width": 8, "depth": 3, **changes})]
    with pytest.raises(InputError, match=message):
        trainability(rows)


def test_nothing_finished() -> None:
    with pytest.raises(InputError, match="finite result"):
        trainability([run(activation="tanh", width=8, depth=2, reason="stopped")])
