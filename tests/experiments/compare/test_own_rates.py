"""The search for each scheme's rate: on which seeds, with which costs, and which rate a scheme gets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from headstart.experiments import engine
from headstart.experiments.compare import own_rates
from headstart.experiments.compare.own_rates import scheme_rates, steps_needed
from headstart.experiments.network import Network
from headstart.experiments.problem import problem_for
from headstart.experiments.rates import STEP, log_grid
from headstart.experiments.settings import compare_settings
from headstart.schemes import scheme


class Call:
    """One call of the engine in a search for rates: its networks, each with the seed of its batches and its rate."""

    def __init__(self, weights: np.ndarray, schedule: engine.Schedule, options: dict[str, Any]) -> None:
        self.weights, self.schedule = weights, schedule
        self.rates, self.seeds = options["learning_rates"], options["batch_seeds"]


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A search in which a made-up law says what a network costs: law(scheme, rate, seed)."""

    def search(law: Any, **given: Any) -> tuple[dict[str, float], list[Call], Network]:
        settings = compare_settings(tune_learning_rate=True, hidden=(3,), **given)
        problem = problem_for("xor", (3,), "relu", settings.dtype)
        network = problem.network
        calls: list[Call] = []

        def train(
            asked: Network, samples: engine.Samples, weights: np.ndarray, schedule: engine.Schedule, **options: Any
        ) -> engine.History:
            assert (asked, samples) == (network, problem.training)
            call = Call(weights, schedule, options)
            calls.append(call)
            costs = np.array([[law(owner(theta, int(seed)), rate, int(seed))]
                              for theta, rate, seed in zip(weights, call.rates, call.seeds, strict=True)])  # fmt: skip
            count = len(weights)
            return engine.History([schedule.steps], costs, weights, np.full(count, -1), np.full(count, -1),
                                  np.ones(count, bool))  # fmt: skip

        def owner(theta: np.ndarray, seed: int) -> str:
            """The scheme that a network of this seed started from."""
            (name,) = [name for name in settings.schemes
                       if np.array_equal(network.start(scheme(name), seed, settings.dtype), theta)]  # fmt: skip
            return name

        monkeypatch.setattr(own_rates.engine, "train_networks", train)
        return scheme_rates(settings, problem), calls, network

    return search


BEST = {"he": 0.02, "normal(2)": 3.0, "normal(0.1)": 0.4}


def test_each_scheme_gets_its_own_best_rate(searched: Any) -> None:
    rates, _, _ = searched(lambda name, rate, seed: abs(math.log(rate / BEST[name])), schemes=list(BEST))
    assert list(rates) == list(BEST)
    for name, best in BEST.items():
        assert abs(math.log(rates[name] / best)) <= math.log(1.5) / 2 + 0.01
        assert rates[name] == float(f"{rates[name]:.3g}")


def test_a_rate_is_judged_by_its_median_cost(searched: Any) -> None:
    """Three seeds of eight that diverge at every rate but one do not choose the rate; their mean would."""

    def law(name: str, rate: float, seed: int) -> float:
        return math.inf if seed % 8 < 3 and rate < 5 else abs(math.log(rate / 0.1))

    rates, _, _ = searched(law, schemes=["he"], seeds=8)
    assert abs(math.log(rates["he"] / 0.1)) < math.log(1.5)


@pytest.mark.parametrize("seeds", [1, 5, 16])
def test_rates_are_found_on_eight_seeds_behind_those_of_the_comparison(searched: Any, seeds: int) -> None:
    _, calls, _ = searched(
        lambda name, rate, seed: abs(math.log(rate)), schemes=["he", "xavier"], seeds=seeds, steps=800, batch_size=3,
        optimizer="nesterov(0.7)",
    )  # fmt: skip
    assert len(calls) > 1
    for call in calls:  # every rate on the same eight seeds, whose weights and batches are one seed's (see `owner`)
        assert call.seeds.reshape(-1, 8).tolist() == [list(range(seeds, seeds + 8))] * (len(call.seeds) // 8)
        assert all(len(set(rates)) == 1 for rates in call.rates.reshape(-1, 8).tolist())
        assert (call.schedule.optimizer, call.schedule.batch_size) == ("nesterov(0.7)", 3)
        assert call.schedule.recorded_steps == [0, call.schedule.steps]
    assert [call.schedule.steps for call in calls] == [100] + [800] * (len(calls) - 1)


@pytest.mark.parametrize(
    ("optimizer", "least", "most"), [("sgd", 1e-3, 10), ("momentum(0.5)", 1e-4, 1), ("adam", 1e-5, 0.3)]
)
def test_the_first_look_spans_the_optimizers_range(searched: Any, optimizer: str, least: float, most: float) -> None:
    _, calls, _ = searched(lambda name, rate, seed: 1.0, schemes=["he", "xavier"], optimizer=optimizer, steps=4)
    looks = calls[0].rates.reshape(2, -1, 8)[:, :, 0]
    np.testing.assert_array_equal(looks[0], looks[1])
    assert (looks.min(), looks.max()) == (pytest.approx(least), pytest.approx(most))
    spaces = np.diff(np.log10(looks[0]))  # every third of the grid, and its end
    np.testing.assert_allclose(spaces[:-1], spaces[0], rtol=1e-4)
    assert abs(spaces[0] - 0.5) < 0.04  # a factor of about three
    assert 0.05 < spaces[-1] <= spaces[0] * 1.0001
    assert set(looks[0]) <= set(log_grid(least, most, STEP))  # so that the walk tries none of them twice
    assert calls[0].schedule.steps == 1  # an eighth of four steps, but at least one


@pytest.mark.parametrize("schemes", [["he"], ["he", "normal(2)", "normal(0.1)"]])
def test_the_search_takes_about_as_many_steps_as_foretold(searched: Any, schemes: list[str]) -> None:
    _, calls, _ = searched(lambda name, rate, seed: abs(math.log(rate / BEST[name])), schemes=schemes, steps=800)
    taken = sum(len(call.weights) * call.schedule.steps for call in calls)
    settings = compare_settings(schemes=schemes, steps=800, tune_learning_rate=True)
    assert 0.6 * taken < steps_needed(settings) < 1.6 * taken
