"""Learning rates of their own: the walk ends where it should, whatever the costs do on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments.rates import STEP, log_grid, nearest, own_rates, rate_range

GRID = log_grid(1e-3, 10.0, STEP)


@given(st.lists(st.tuples(st.floats(-2, 0.5), st.floats(-2, 0.5)), min_size=1, max_size=5))
def test_a_walk_in_a_bowl_ends_within_half_a_step_of_its_ground(places: list[tuple[float, float]]) -> None:
    grounds = [10**ground for ground, _ in places]

    def bowl(asked: Sequence[tuple[int, float]]) -> list[float]:
        return [abs(math.log(rate / grounds[place])) for place, rate in asked]

    for (rate, _), ground in zip(own_rates([10**guess for _, guess in places], GRID, bowl), grounds, strict=True):
        assert abs(math.log(rate / ground)) <= math.log(STEP) / 2 + 1e-5


def test_a_walk_comes_back_from_where_everything_diverges() -> None:
    def cliff(asked: Sequence[tuple[int, float]]) -> list[float]:
        return [1 / rate if rate < 0.5 else math.inf for _, rate in asked]

    ((rate, cost),) = own_rates([5.0], GRID, cliff)
    assert 0.5 / STEP <= rate < 0.5
    assert cost == 1 / rate


def test_a_walk_stays_where_nothing_is_better_and_inside_the_range() -> None:
    calls: list[float] = []

    def flat(asked: Sequence[tuple[int, float]]) -> list[float]:
        calls.extend(rate for _, rate in asked)
        return [1.0] * len(asked)

    assert own_rates([0.1], GRID, flat) == [(GRID[nearest(GRID, 0.1)], 1.0)]
    assert len(calls) == 3
    assert own_rates([9.0], GRID, lambda asked: [-rate for _, rate in asked]) == [(10.0, -10.0)]


@given(st.lists(st.tuples(st.sampled_from(GRID), st.integers(0, 9)), max_size=24), st.floats(1e-3, 10.0))
def test_a_walk_begins_at_the_lowest_that_is_known_and_tries_none_again(
    known: list[tuple[float, int]], guess: float
) -> None:
    costs = {rate: float((7 * k) % 10) for k, rate in enumerate(GRID)} | {rate: float(cost) for rate, cost in known}
    asked: list[float] = []

    def trying(wanted: Sequence[tuple[int, float]]) -> list[float]:
        asked.extend(rate for _, rate in wanted)
        return [costs[rate] for _, rate in wanted]

    ((rate, cost),) = own_rates([guess], GRID, trying, [dict(known)])
    assert len(set(asked)) == len(asked)
    assert not {*asked} & {rate for rate, _ in known}
    index = GRID.index(rate)
    assert cost == costs[rate] <= min(costs[GRID[k]] for k in (index - 1, index, index + 1) if 0 <= k < len(GRID))
    assert cost <= min((costs[rate] for rate, _ in known), default=math.inf)


@given(st.floats(1e-4, 1.0), st.floats(1.01, 1e5), st.floats(1.1, 4.0))
def test_a_grid_rises_in_equal_factors_from_end_to_end(low: float, span: float, step: float) -> None:
    grid = log_grid(low, low * span, step)
    assert (grid[0], grid[-1]) == (low, low * span)
    factors = np.diff(np.log(grid))
    assert np.all(factors > 0)
    np.testing.assert_allclose(factors, factors.mean(), atol=1e-4)
    assert factors.mean() <= 1.5 * math.log(step)


def test_ranges_follow_the_optimizer() -> None:
    assert rate_range("momentum(0.95)") == rate_range("nesterov")
    assert rate_range("adam")[1] < rate_range("sgd")[1]


def test_equal_costs_keep_the_guess_and_infinite_ones_lead_to_the_slowest() -> None:
    flat = own_rates([0.1, 0.7], GRID, lambda asked: [2.0] * len(asked))
    assert flat == [(GRID[nearest(GRID, guess)], 2.0) for guess in (0.1, 0.7)]
    ((rate, cost),) = own_rates([5.0], GRID, lambda asked: [math.inf] * len(asked))
    assert (rate, cost) == (GRID[0], math.inf)


def test_the_walk_stops_at_either_end_and_asks_for_no_rate_twice() -> None:
    for guess, slope, end in ((0.002, 1, GRID[0]), (7.0, -1, GRID[-1])):
        asked: list[tuple[int, float]] = []

        def costs(places: Sequence[tuple[int, float]], slope: int = slope, asked: list = asked) -> list[float]:
            asked.extend(places)
            return [slope * rate for _, rate in places]

        assert own_rates([guess], GRID, costs) == [(end, slope * end)]
        assert len(set(asked)) == len(asked)
        assert all(GRID[0] <= rate <= GRID[-1] for _, rate in asked)


def test_every_place_walks_along_the_grid_from_its_own_guess() -> None:
    asked: list[list[tuple[int, float]]] = []

    def costs(places: Sequence[tuple[int, float]]) -> list[float]:
        asked.append(list(places))
        return [abs(math.log(rate / (0.1, 2.0)[place])) for place, rate in places]

    own_rates([0.1, 0.5], GRID, costs)
    middles = [nearest(GRID, guess) for guess in (0.1, 0.5)]
    assert asked[0] == [(place, GRID[middle + step]) for place, middle in enumerate(middles) for step in (-1, 0, 1)]
    assert GRID[middles[0] + 1] / GRID[middles[0]] == pytest.approx(1.5, rel=0.02)
    assert [len(call) for call in asked[1:]] == [1] * (len(asked) - 1)  # only the second goes on, a step at a time
    assert {place for call in asked[1:] for place, _ in call} == {1}


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_a_rate_range_spans_what_the_optimizer_takes(optimizer: str) -> None:
    """Momentum 0.9 adds ten gradients up, so its range is sgd's tenth; Adam's steps are the rate itself."""
    low, high = {"sgd": (1e-3, 10), "momentum": (1e-4, 1), "nesterov": (1e-4, 1), "adam": (1e-5, 0.3)}[optimizer]
    written = f" {optimizer.upper()}" + ("(0.5)" if optimizer != "sgd" else "")
    assert rate_range(optimizer) == rate_range(written) == (low, high)


def test_each_scheme_of_a_comparison_gets_a_rate_that_beats_the_one_for_all() -> None:
    quick = {"seeds": 4, "steps": 1500}
    fixed = hs.compare(["he", "normal(0.01)"], **quick)
    tuned = hs.compare(["he", "normal(0.01)"], tune_learning_rate=True, **quick)
    for before, after in zip(fixed.summary(), tuned.summary(), strict=True):
        assert after["final_cost"]["median"] < 0.5 * before["final_cost"]["median"] or before["scheme"] != "he"
        assert after["learning_rate"] == tuned.learning_rates[after["scheme"]]
        assert "learning_rate" not in before
    assert tuned.to_json()["settings"]["learning_rate"] is None
    assert all(row["learning_rate"] == tuned.learning_rates[row["scheme"]] for row in tuned.rows())
    rate = tuned.learning_rates["he"]
    alone = hs.compare(["he"], learning_rate=rate, **quick)
    np.testing.assert_array_equal(alone.of("he")[0].costs, tuned.of("he")[0].costs)
    subtitle = tuned.chart().to_dict(validate=False)["title"]["subtitle"]
    assert f"each at its own learning rate (he {rate:g}" in subtitle
    assert "own rate" in str(tuned)


def test_the_rates_do_not_depend_on_threads_or_on_what_else_is_compared() -> None:
    quick = {"seeds": 2, "steps": 200, "tune_learning_rate": True}
    one, two = hs.compare(["he"], threads=1, **quick), hs.compare(["xavier", "he"], threads=2, **quick)
    assert one.learning_rates["he"] == two.learning_rates["he"]


def test_a_rate_is_tuned_or_given() -> None:
    with pytest.raises(hs.InputError, match="either one for all schemes or tuned for each"):
        hs.compare(["he"], tune_learning_rate=True, learning_rate=0.1)


def test_interrupting_the_search_for_rates_interrupts_the_comparison() -> None:
    from headstart.errors import Interrupted

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he"], seeds=2, steps=3000, tune_learning_rate=True, progress=stop)
    assert stopped.value.finished is None
