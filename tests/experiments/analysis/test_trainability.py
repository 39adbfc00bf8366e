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


# --- against mean-field theory by quadrature ------------------------------------------------------------------------

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(200)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def depth_scales(w2: float, b2: float) -> tuple[float, float]:
    """(xi_q, xi_c) of tanh by iterating the maps of variance and correlation, from Gaussian quadrature alone."""
    q = 1.0
    for _ in range(2000):
        q = w2 * WEIGHTS @ np.tanh(np.sqrt(q) * NODES) ** 2 + b2

    def next_q(q: float) -> float:
        return float(w2 * WEIGHTS @ np.tanh(np.sqrt(q) * NODES) ** 2 + b2)

    def next_c(c: float) -> float:
        z, w = np.meshgrid(NODES, NODES)
        other = np.tanh(np.sqrt(q) * (c * z + np.sqrt(max(0.0, 1 - c * c)) * w))
        return float((w2 * WEIGHTS @ (np.tanh(np.sqrt(q) * z) * other) @ WEIGHTS + b2) / q)

    c = 0.5
    for _ in range(300):
        c = next_c(c)
    slopes = [(f(x + h) - f(x - h)) / (2 * h) for f, x, h in ((next_q, q, 1e-5), (next_c, min(c, 1 - 2e-4), 1e-4))]
    xi_q, xi_c = (-1 / math.log(slope) for slope in slopes)
    return xi_q, xi_c


@pytest.mark.parametrize(("w2", "b2"), [(1.0, 0.3), (0.6, 0.05), (3.5, 0.02), (4.0, 0.5)])
def test_trainable_depth_is_six_depths_of_the_correlation_not_of_the_variance(w2: float, b2: float) -> None:
    # on both sides of the critical point, with biases whose variance is not their standard deviation
    xi_q, xi_c = depth_scales(w2, b2)
    assert trainable_depth("tanh", w2, b2**0.5) == pytest.approx(6 * xi_c, rel=2e-3)
    assert abs(xi_q / xi_c - 1) > 0.05  # the check can fail


def test_the_critical_variance_is_where_a_small_difference_neither_grows_nor_shrinks() -> None:
    for sigma_b in (0.3, 0.7):
        w2 = critical_sigma_w2("tanh", sigma_b)
        assert w2 is not None
        q = 1.0
        for _ in range(2000):
            q = w2 * WEIGHTS @ np.tanh(np.sqrt(q) * NODES) ** 2 + sigma_b**2
        assert w2 * WEIGHTS @ np.cosh(np.sqrt(q) * NODES) ** -4.0 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("low", "high"), [(0.5, 1.2), (2.5, 4.0), (1.0, 3.0)])
def test_the_curve_covers_what_is_asked_on_either_side_and_across(low: float, high: float) -> None:
    curve = theory_curve("tanh", SIGMA_B, low, high)
    places = [place for place, _ in curve]
    assert (places[0], places[-1]) == pytest.approx((low, high))
    assert places == sorted(places)
    assert any(math.isinf(depth) for _, depth in curve) == (low < 1.761 < high)
    for place, depth in curve[7:-7:17]:
        if math.isfinite(depth):
            assert depth == pytest.approx(depth_scale("tanh", place, SIGMA_B**2).trainable_depth, rel=1e-2)
    if math.isfinite(curve[0][1]):
        assert curve[0][1] == pytest.approx(depth_scale("tanh", low, SIGMA_B**2).trainable_depth)


# --- numbers of a study ---------------------------------------------------------------------------------------------


def grid(results: dict[float, list[float | None]], metric: str = "test_accuracy", **given: object) -> list[dict]:
    """tanh networks: variance of the weights -> the result at depths 10, 20, 40 (None: the run failed)."""
    rows = []
    for w2, line in results.items():
        for depth, found in zip((10, 20, 40), line, strict=True):
            came: dict[str, object] = {"reason": "stopped"} if found is None else {metric: found}
            settings = {"activation": "tanh", "scheme": "xavier", "width": 64, "sigma_b": SIGMA_B} | given
            rows.append(run(**{**settings, "multiplier": w2**0.5, "depth": depth, **came}))
    return rows


LEARNT: dict[float, list[float | None]] = {
    1.0: [0.9, 0.1, 0.1],
    1.5: [0.9, 0.8, 0.5],
    1.8: [0.9, 0.9, 0.9],
    2.0: [0.9, 0.9, 0.9],
    2.5: [0.9, 0.9, 0.9],
    3.0: [0.9, 0.7, 0.3],
    4.0: [0.9, 0.2, 0.1],
}


def test_the_threshold_is_half_way_between_the_worst_and_the_best_median() -> None:
    assert trainability(grid(LEARNT)).threshold == pytest.approx(0.5)
    assert trainability(grid({1.0: [0.9, math.nan, None], 2.0: [0.9, 0.3, 0.3]})).threshold == pytest.approx(0.6)
    assert trainability(grid(LEARNT), threshold=0.75).threshold == 0.75


def test_a_network_is_trained_from_the_threshold_on() -> None:
    at = {column.sigma_w2: column.measured for column in trainability(grid(LEARNT), threshold=0.5).columns}
    assert at[1.5] == 40  # exactly 0.5 at depth 40
    above = math.nextafter(0.5, 1)
    found = {column.sigma_w2: column.measured for column in trainability(grid(LEARNT), threshold=above).columns}
    assert found[1.5] == pytest.approx(40)  # interpolated to just before
    assert found[1.5] < 40
    assert at[3.0] == pytest.approx(20 * 2**0.5)  # half way from 0.7 to 0.3, on a log scale of depth
    assert at[1.0] == pytest.approx(10 * 2**0.5)
    assert at[4.0] == pytest.approx(10 * 2 ** (4 / 7))


def test_the_ridge_is_of_the_deepest_and_the_peak_of_the_best_at_the_largest_depth() -> None:
    found = trainability(grid(LEARNT | {2.0: [0.1, 0.2, 0.95]}), threshold=0.6)
    assert found.ridge == (1.8, 2.5)
    assert found.peak == 2.0
    assert trainability(grid(LEARNT)).peak == 2.0  # the middle of three equals
    by_cost = trainability(grid({w2: [1 - (x or 0) for x in line] for w2, line in LEARNT.items()}, "final_cost"),
                           "final_cost")  # fmt: skip
    assert (by_cost.ridge, by_cost.peak) == (trainability(grid(LEARNT)).ridge, 2.0)


@pytest.mark.parametrize("metric", ["test_accuracy", "final_cost"])
def test_the_correlations_are_scipys_of_results_with_six_xi_c_over_depth(metric: str) -> None:
    rng = np.random.default_rng(8)
    results = {float(w2): [float(x) for x in rng.random(3)] for w2 in np.linspace(0.8, 4, 5)}
    found = trainability(grid(results, metric), metric, threshold=0.5)
    sign = 1 if metric == "test_accuracy" else -1
    cells = [(w2, depth, sign * x) for w2, line in results.items() for depth, x in zip((10, 20, 40), line, strict=True)]
    ratios = [depth_scale("tanh", w2, SIGMA_B**2).trainable_depth / depth for w2, depth, _ in cells]
    goodness = [good for _, _, good in cells]
    assert found.cell_correlation == (pytest.approx(spearmanr(goodness, ratios).statistic), 15)
    predicted = [min(max(depth_scale("tanh", w2, SIGMA_B**2).trainable_depth, 10), 40) for w2 in results]
    measured = [column.measured for column in found.columns]
    assert [column.sigma_w2 for column in found.columns] == pytest.approx(list(results))
    assert found.column_correlation == (pytest.approx(spearmanr(measured, predicted).statistic), 5)


def test_depths_beyond_the_study_are_all_equal_to_the_columns_correlation() -> None:
    # 1.6 to 1.9 lie within 6 xi_c > 40 layers: theory says nothing about which of them trains deeper within 40
    results: dict[float, list[float | None]] = {
        1.0: [0.9, 0.1, 0.1], 1.6: [0.9, 0.9, 0.9], 1.75: [0.9, 0.9, 0.9], 1.9: [0.9, 0.9, 0.9],
    }  # fmt: skip
    assert trainability(grid(results)).column_correlation == (1.0, 4)


def test_the_words_say_the_numbers() -> None:
    found = trainability(grid(LEARNT))
    cells, columns = found.cell_correlation, found.column_correlation
    assert found.words == (
        "Networks trained deepest at σ_w² = 1.5 to 2.5, best at depth 40 at 2; theory's critical point is 1.761. "
        f"Rank correlation with 6 ξ_c: {cells[0]:.2f} over 21 cells (test accuracy against 6 ξ_c / depth), "
        f"{columns[0]:.2f} over 7 weight variances (deepest trained network against 6 ξ_c)."
    )
    shallow = trainability(grid({1.0: [0.1, 0.1, 0.1], 2.0: [0.9, 0.2, 0.1]})).words
    assert shallow.startswith("Networks trained deepest at σ_w² = 2; theory's critical point")  # none at depth 40
    without = {w2: line for w2, line in LEARNT.items() if w2 != 2}
    relu = trainability(grid(without, activation="relu", sigma_b=0.5)).words
    assert "critical point" not in relu
    assert "over 9 cells" in relu
    assert "over 3 weight variances" in relu  # beyond 2 its variance grows without bound


def test_cells_that_failed_have_no_part_in_it() -> None:
    found = trainability(grid({1.0: [0.9, None, 0.1], 2.0: [0.9, 0.8, None]}))
    assert (found.cell_correlation[1], found.depths) == (4, [10, 20, 40])
    assert [column.measured for column in found.columns] == [20, 20]


def test_sigma_b_and_the_scheme_are_the_rows_own() -> None:
    # orthogonal weights of variance 1/fan_in times 1.5 are at 1.5 too; other biases have other depths
    for sigma_b in (0.4, 0.6):
        rows = grid({1.5: [0.9, 0.5, 0.1]}, scheme="orthogonal", sigma_b=sigma_b)
        (column,) = trainability(rows).columns
        assert column.sigma_w2 == pytest.approx(1.5)
        assert column.predicted == pytest.approx(6 * depth_scales(1.5, sigma_b**2)[1], rel=2e-2)


def test_a_score_that_is_not_a_number_is_the_worst_too() -> None:
    results: dict[float, list[float | None]] = {
        1.5: [0.9, 0.2, math.nan],
        2.0: [0.8, 0.7, 0.6],
        3.0: [0.9, math.nan, 0.1],
    }
    found = trainability(grid(results), threshold=0.5)
    assert [column.measured for column in found.columns] == pytest.approx([10 * 2 ** (4 / 7), 40, 10])
    assert found.peak == 2.0
    as_zero = {w2: [0.0 if x is None or math.isnan(x) else x for x in line] for w2, line in results.items()}
    assert found.cell_correlation == trainability(grid(as_zero)).cell_correlation  # lower than each other result
