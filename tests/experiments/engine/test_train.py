"""Training a batch: what a result may depend on, records, divergence, cancelling."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy import special

from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Cancelled, History, Samples, Schedule, train_networks
from headstart.experiments.network import Network, network_for
from headstart.schemes import scheme

DATA = load("circles")
NETWORK = network_for(2, 1, "binary", (10, 5), "relu")


def weights(spec: str = "he", count: int = 6, network: Network = NETWORK, dtype: str = "float32") -> np.ndarray:
    return np.stack([network.start(scheme(spec), seed, dtype) for seed in range(count)])


def run(start: np.ndarray, schedule: Schedule, **options: object) -> History:
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), start.dtype.name)
    return train_networks(NETWORK, samples, start, schedule, **options)


def numpy_loop(theta: np.ndarray, steps: int, rate: float) -> tuple[list[float], np.ndarray]:
    """The same training in plain NumPy, float64, as the course writes it."""
    theta = theta.astype(np.float64)
    x, y = DATA.train_x.T, DATA.train_y[None].astype(float)
    costs = []
    for _ in range(steps):
        (w1, b1), (w2, b2), (w3, b3) = NETWORK.unflatten(theta)
        z1 = w1 @ x + b1[:, None]
        a1 = np.maximum(z1, 0)
        z2 = w2 @ a1 + b2[:, None]
        a2 = np.maximum(z2, 0)
        z3 = w3 @ a2 + b3[:, None]
        costs.append(float(np.mean(np.logaddexp(0, z3) - y * z3)))
        d3 = (special.expit(z3) - y) / x.shape[1]
        d2 = (w3.T @ d3) * (a2 > 0)
        d1 = (w2.T @ d2) * (a1 > 0)
        pieces = [d1 @ x.T, d1.sum(1), d2 @ a1.T, d2.sum(1), d3 @ a2.T, d3.sum(1)]
        theta = theta - rate * np.concatenate([piece.reshape(-1) for piece in pieces])
    return costs, theta


def test_float64_follows_a_plain_numpy_loop() -> None:
    start = weights(count=1, dtype="float64")
    history = run(start, Schedule(200, 0.1, 1, record_last=False))
    costs, end = numpy_loop(start[0], 200, 0.1)
    np.testing.assert_allclose(history.costs[0], costs, rtol=1e-11)
    np.testing.assert_allclose(history.weights[0], end, rtol=1e-9, atol=1e-12)


def test_float32_stays_near_float64() -> None:
    single = run(weights(), Schedule(500, 0.05, 50))
    double = run(weights(dtype="float32").astype(np.float64), Schedule(500, 0.05, 50))
    np.testing.assert_allclose(single.costs, double.costs, rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_do_not_depend_on_threads_or_neighbours(dtype: str) -> None:
    start, schedule = weights(count=6, dtype=dtype), Schedule(300, 0.05, 30)
    alone = run(start[2:3], schedule, threads=1)
    for threads in (1, 2, 5):
        together = run(start, schedule, threads=threads)
        np.testing.assert_array_equal(together.weights[2], alone.weights[0])
        np.testing.assert_array_equal(together.costs[2], alone.costs[0])


def test_the_starting_weights_are_left_alone() -> None:
    start = weights()
    before = start.copy()
    run(start, Schedule(20, 0.1, 5))
    np.testing.assert_array_equal(start, before)


def test_records_are_the_costs_before_the_update_and_after_the_last() -> None:
    every = run(weights(), Schedule(20, 0.1, 1))
    some = run(weights(), Schedule(20, 0.1, 7))
    assert some.recorded_steps == [0, 7, 14, 20]
    np.testing.assert_array_equal(some.costs, every.costs[:, [0, 7, 14, 20]])
    assert run(weights(), Schedule(20, 0.1, 7, record_last=False)).recorded_steps == [0, 7, 14]


def test_identical_units_stay_identical_to_the_bit() -> None:
    history = run(weights("constant(0.5)", 1), Schedule(2000, 0.1, 100))
    (w1, b1), (w2, b2), _ = NETWORK.unflatten(history.weights[0])
    assert len(np.unique(np.column_stack([w1, b1]), axis=0)) == 1
    assert len(np.unique(np.column_stack([w2, b2]), axis=0)) == 1


def test_divergence_is_recorded_not_raised() -> None:
    network = network_for(2, 1, "regression", (10, 5), "identity")
    samples = Samples.of(DATA.train_x, DATA.train_y.astype(float)[:, None], "float32")
    history = train_networks(network, samples, weights("he", 2, network), Schedule(500, 50.0, 1))
    for index in range(2):
        at = history.diverged_at[index]
        assert 0 < at < 500
        assert np.isnan(history.costs[index, at + 1 :]).all()
        assert np.isfinite(history.costs[index, : at - 1]).all()
    assert history.finished.all()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 303, 304, 305, 700])
def test_any_number_of_samples(count: int) -> None:
    rng = np.random.default_rng(count)
    x, y = rng.normal(size=(count, 2)), rng.integers(0, 2, size=(count, 1)).astype(float)
    theta = weights(count=1, dtype="float64")
    history = train_networks(NETWORK, Samples.of(x, y, "float64"), theta, Schedule(1, 0.1, 1))
    logits = NETWORK.logits(theta[0], x)[:, 0]
    assert history.costs[0, 0] == pytest.approx(np.mean(np.logaddexp(0, logits) - y[:, 0] * logits), rel=1e-12)
    logits = NETWORK.logits(history.weights[0], x)[:, 0]
    assert history.costs[0, 1] == pytest.approx(np.mean(np.logaddexp(0, logits) - y[:, 0] * logits), rel=1e-12)


def test_progress_adds_up_to_all_steps() -> None:
    counts: list[int] = []
    run(weights(), Schedule(700, 0.01, 100), progress=counts.append)
    assert sum(counts) == 6 * 700


def test_cancel_keeps_what_finished() -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled) as stopped:
        run(weights(count=40), Schedule(20_000, 0.01, 1000), cancel=cancel, threads=1,
            progress=lambda count: cancel.set() if count else None)  # fmt: skip
    assert not stopped.value.history.finished.all()


def test_an_error_in_the_callers_progress_is_the_callers() -> None:
    def broken(count: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(weights(), Schedule(100, 0.01, 100), progress=broken)
