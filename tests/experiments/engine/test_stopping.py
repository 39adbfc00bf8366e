"""Exactly when a network's training ends: converged, diverged, cancelled; and what it leaves behind then."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from headstart.experiments.engine import Cancelled, History, Samples, Schedule, train_networks
from headstart.experiments.network import network_for

LINE = network_for(1, 1, "regression", (), "identity")  # z = w x + b: everything about it is known


def line(start: list[float], schedule: Schedule, dtype: str = "float64", **options: object) -> History:
    """z = w x trained on x = 1, y = 0, from each w: the cost is w², and every step multiplies w + b by 1 - 4 rate."""
    weights = np.array([[w, 0.0] for w in start], dtype)
    return train_networks(LINE, Samples.of([[1.0]], [[0.0]], dtype), weights, schedule, **options)


# --- converged ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3, 5])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_stops_at_the_first_recorded_cost_below_the_target(every: int, threads: int) -> None:
    """At rate 1/8 the sum halves with each step, so the cost at step k is w² / 4^k."""
    starts = [1.0, 0.03, 100.0, 0.9, 2.0]
    history = line(starts, Schedule(20, 0.125, every, stop_below=2e-3), threads=threads)
    for index, w in enumerate(starts):
        first = next(step for step in range(0, 20, every) if w**2 / 4**step < 2e-3)
        place = first // every
        assert history.converged_at[index] == first
        np.testing.assert_allclose(
            history.costs[index, : place + 1], [w**2 / 4 ** (every * k) for k in range(place + 1)]
        )
        assert np.isnan(history.costs[index, place + 1 :]).all()
        assert history.weights[index].sum() == pytest.approx(w / 2**first)  # not trained on
    assert history.finished.all()
    assert (history.diverged_at == -1).all()


def test_a_cost_equal_to_the_target_is_not_below_it() -> None:
    at, above = (
        line([1.0], Schedule(9, 0.125, 1, stop_below=target)) for target in (4.0**-3, np.nextafter(4.0**-3, 1))
    )
    assert at.costs[0, 3] == 4.0**-3
    assert (at.converged_at[0], above.converged_at[0]) == (4, 3)


def test_without_a_target_or_with_zero_nothing_stops() -> None:
    for target in (None, 0.0):
        history = line([0.0, 1.0], Schedule(9, 0.125, 2, stop_below=target))
        assert (history.converged_at == -1).all()
        assert np.isfinite(history.costs).all()


# --- diverged -------------------------------------------------------------------------------------------------------


def overflow(rate: float, dtype: str) -> int:
    """The step whose gradient 2 (w + b) is not finite, in a plain loop of that precision."""
    real = np.dtype(dtype).type
    w, b, step = real(1), real(0), 0
    with np.errstate(over="ignore", invalid="ignore"):
        while np.isfinite(gradient := real(2) * (w + b)):
            w, b, step = w - real(rate) * gradient, b - real(rate) * gradient, step + 1
    return step


@pytest.mark.parametrize("record", [(), ("accuracy",), ("gradient_norm",)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_is_at_the_step_whose_gradient_is_not_finite(dtype: str, record: tuple[str, ...]) -> None:
    rates = np.array([100.0, 0.1, 3e3, 1e5])
    expected = [overflow(rate, dtype) if rate > 1 else -1 for rate in rates]
    assert len(set(expected)) == 4
    history = line([1.0] * 4, Schedule(200, 1.0, 1, record=record), dtype, learning_rates=rates)
    assert history.diverged_at.tolist() == expected
    assert history.finished.all()
    for costs, at in zip(history.costs, expected, strict=True):
        if at >= 0:
            assert not np.isnan(costs[:at]).any()
            assert np.isnan(costs[at + 1 :]).all()
        else:
            assert np.isfinite(costs).all()
    for name in record:
        assert np.isnan(history.records[name][0, expected[0] + 1 :]).all()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum(0)", "nesterov(0)"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_step_less_is_not_yet_divergence(dtype: str, optimizer: str) -> None:
    at = overflow(100.0, dtype) if optimizer == "sgd" or dtype == "float32" else None
    if at is None:  # the squared norm, which these need, leaves float64 at half the exponent
        at = int(line([1.0], Schedule(200, 100.0, 200, optimizer=optimizer), dtype).diverged_at[0])
        assert overflow(100.0, dtype) // 2 - 1 <= at <= overflow(100.0, dtype)
    for steps, diverged in ((at, -1), (at + 1, at)):
        history = line([1.0], Schedule(steps, 100.0, 1, record_last=False, optimizer=optimizer), dtype)
        assert history.diverged_at[0] == diverged
        assert history.converged_at[0] == -1


def test_a_network_that_diverges_takes_no_other_with_it() -> None:
    starts, rates = [1.0, 1.0, 1.0], np.array([0.1, 1e5, 0.2])
    together = line(starts, Schedule(60, 1.0, 5), learning_rates=rates, threads=1)
    for index in (0, 2):
        alone = line([1.0], Schedule(60, float(rates[index]), 5))
        np.testing.assert_array_equal(together.weights[index], alone.weights[0])
        np.testing.assert_array_equal(together.costs[index], alone.costs[0])


# --- progress and cancelling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"stop_below": 2e-3}, {"batch_size": 1}, {"record": ("accuracy",)}])
@pytest.mark.parametrize("threads", [1, 2])
def test_steps_that_need_not_be_taken_count_as_done(threads: int, options: dict[str, object]) -> None:
    counts: list[int] = []
    line([1.0, 0.001, 1.0], Schedule(47, 0.125, 10, **options), learning_rates=np.array([0.125, 0.125, 1e9]),
         threads=threads, progress=counts.append)  # fmt: skip
    assert sum(counts) == 3 * 47


@pytest.mark.parametrize("threads", [1, 2])
def test_set_beforehand_nothing_is_trained(threads: int) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled) as stopped:
        line([1.0, 2.0], Schedule(9, 0.125, 3), cancel=cancel, threads=threads)
    history = stopped.value.history
    assert not history.finished.any()
    assert np.isnan(history.costs).all()
    np.testing.assert_array_equal(history.weights, [[1.0, 0.0], [2.0, 0.0]])


def test_ctrl_c_from_the_callers_progress_keeps_what_finished() -> None:
    """How many finish first depends on the machine; what each of them is does not."""
    starts = list(np.linspace(0.5, 1.5, 60))
    schedule = Schedule(30_000, 1e-5, 100)

    def interrupt(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled) as stopped:
        line(starts, schedule, threads=1, progress=interrupt)
    kept = stopped.value.history
    whole = line(starts, schedule)
    assert whole.finished.all()
    np.testing.assert_array_equal(kept.weights[kept.finished], whole.weights[kept.finished])
    np.testing.assert_array_equal(kept.costs[kept.finished], whole.costs[kept.finished])
