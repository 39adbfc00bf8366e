"""One problem serves comparison, search, sweep and tuning: the same start, training and score everywhere."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.errors import Interrupted
from headstart.experiments.engine import Schedule, evaluate_networks
from headstart.experiments.problem import problem_for
from headstart.schemes import scheme


@pytest.fixture
def regression(tmp_path: Path) -> str:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    rows = np.column_stack([x, x[:, 0] - 2 * x[:, 1] + 0.1 * random.normal(size=60)])
    path = tmp_path / "plane.csv"
    np.savetxt(path, rows, delimiter=",", header="a,b,y", comments="")
    return str(path)


@pytest.mark.parametrize("data", ["circles", "blobs(3)", "regression"])
def test_scores_are_those_of_each_network_on_each_part(data: str, regression: str) -> None:
    problem = problem_for(regression if data == "regression" else data, (7, 4), "tanh", "float64", data_seed=3)
    weights = problem.starts([scheme("he"), scheme("xavier*3"), scheme("he")], [0, 0, 1])
    weights[2, 0] = np.nan
    train, test = problem.scores(weights)
    for row, theta in enumerate(weights):
        logits = problem.network.logits
        assert train[row] == problem.data.score(logits(theta, problem.data.train_x), problem.data.train_y)
        assert test[row] == problem.data.score(logits(theta, problem.data.test_x), problem.data.test_y)


@pytest.mark.parametrize("data", ["circles", "blobs(3)"])
def test_a_network_whose_outputs_overflow_in_float32_is_scored_by_those_of_float64(data: str) -> None:
    problem = problem_for(data, (10, 5), "relu")
    random = np.random.default_rng(0)
    size = problem.starts([scheme("he")], [0]).shape[1]
    weights = (random.normal(size=(40, size)) * 10 ** random.uniform(5, 20, size=(40, 1))).astype(np.float32)
    costs, of_float32 = evaluate_networks(problem.network, problem.training, weights)
    exact = [problem.data.score(problem.network.logits(theta, problem.data.train_x), problem.data.train_y)
             for theta in weights]  # fmt: skip
    assert 10 < np.isfinite(costs).sum() < 30
    assert of_float32.tolist() != exact
    assert problem.scores(weights)[0].tolist() == exact


def test_another_network_shares_the_data() -> None:
    problem = problem_for("moons")
    other = problem.with_network((3,), "tanh")
    assert other.training is problem.training
    assert other.network.sizes == (2, 3, 1)
    assert str(other.network.activation) == "tanh"


def test_every_network_trains_at_its_own_rate_and_with_its_own_batches() -> None:
    problem = problem_for("circles")
    start = problem.starts([scheme("he")] * 3, [0, 0, 0])
    schedule = Schedule(40, 1.0, 40, batch_size=16)
    together = problem.train(start, schedule, [0.1, 0.3, 0.1], [0, 0, 5])
    for row, (rate, seed) in enumerate([(0.1, 0), (0.3, 0), (0.1, 5)]):
        alone = problem.train(start[row : row + 1], schedule, [rate], [seed])
        np.testing.assert_array_equal(alone.weights[0], together.weights[row])
    assert len({weights.tobytes() for weights in together.weights}) == 3


def test_a_cancel_stops_a_comparison_and_keeps_what_finished() -> None:
    cancel = threading.Event()

    def stop_halfway(done: int, total: int) -> None:
        if done > total / 2:
            cancel.set()

    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he", "xavier"], seeds=60, steps=3000, progress=stop_halfway, cancel=cancel)
    assert 0 < len(stopped.value.finished.runs) < 120


@pytest.mark.parametrize("rates", [False, True])
def test_a_cancel_before_the_start_finishes_nothing(rates: bool) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he"], seeds=2, steps=3000, tune_learning_rate=rates, cancel=cancel)
    assert stopped.value.finished is None


def test_a_cancel_stops_a_tuning_of_networks_and_of_a_function() -> None:
    cancel = threading.Event()
    with pytest.raises(Interrupted) as stopped:
        hs.tune("he", trials=6, seeds=2, steps=100, progress=lambda done, total: cancel.set(), cancel=cancel)
    assert stopped.value.finished.scheme == "he"
    assert stopped.value.finished.trials < 6

    calls: list[int] = []

    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        calls.append(seed)
        return multiplier

    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted):
        hs.tune("he", objective=loss, trials=6, seeds=2, cancel=cancel)
    assert calls == []
