"""Estimates: what is timed and how, with a clock of the test's own; and what a plan makes of it."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments import engine
from headstart.experiments.sweep import estimate
from headstart.experiments.sweep.chunks import prepared, schedule_of
from headstart.experiments.sweep.coordinator import CHUNK_SECONDS
from headstart.experiments.sweep.estimate import Parts, memory_per_chunk, networks_per_chunk, seconds_per_run
from headstart.experiments.sweep.runs import Batch, Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings
from headstart.verbs.study import Study

SAMPLES = 300  # of the circles


def runs(**given: Any) -> list[Identified]:
    return list(distinct_runs(study_settings(**{"seed": 0, "steps": 10, **given})).values())


def multiplications(batch: Batch) -> int:
    """Of one step, counted weight by weight."""
    sizes = (2, *batch.hidden, 1)
    return sum(a * b for a, b in pairwise(sizes)) * (batch.batch_size or SAMPLES)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """The batches that were timed; each takes a microsecond per multiplication and step, and nothing else."""
    found: list[Batch] = []

    def time(run: Identified) -> Parts:
        found.append(run.run.batch)
        return Parts(1e-6 * multiplications(run.run.batch), 0.0)

    monkeypatch.setattr(estimate, "_timed", time)
    return found


def test_eight_batches_are_timed_from_the_smallest_to_the_largest_and_the_others_interpolated(
    timed: list[Batch],
) -> None:
    study = runs(depth=[1, 2, 3, 4], width=[3, 8, 16], batch_size=["all", 10], steps=[7, 900], seed=[0, 1])
    found = seconds_per_run(study)
    assert len(found) == 4 * 3 * 2 * 2
    for batch, seconds in found.items():
        assert seconds == pytest.approx(1e-6 * multiplications(batch) * batch.steps)
    work = [multiplications(batch) for batch in timed]
    everyone = sorted(multiplications(batch) for batch in found)
    assert len(timed) == 8
    assert (min(work), max(work)) == (everyone[0], everyone[-1])
    places = [everyone.index(w) for w in work]
    assert max(b - a for a, b in pairwise(sorted(places))) <= 48 / 7 + 2  # evenly among them


@given(st.integers(1, 9))
def test_no_more_are_timed_than_there_are(count: int) -> None:
    found: list[Identified] = []
    before = estimate._timed
    estimate._timed = lambda run: found.append(run) or Parts(1.0, 0.5)
    try:
        seconds = seconds_per_run(runs(hidden=[[k] for k in range(1, count + 1)], seed=[0, 1, 2]))
    finally:
        estimate._timed = before
    assert len(found) == min(count, 8)
    assert list(seconds.values()) == [10.5] * count


def test_a_batch_that_cannot_be_made_takes_no_time_and_stops_no_other(timed: list[Batch]) -> None:
    broken, good = runs(label="none"), runs()
    found = seconds_per_run([*broken, *good])
    assert found[broken[0].run.batch] == 0
    assert found[good[0].run.batch] > 0
    assert seconds_per_run(broken) == {broken[0].run.batch: 0}
    assert memory_per_chunk(broken, seconds_per_run(broken), 5.0) == 0
    assert seconds_per_run([]) == {}


@pytest.mark.parametrize(
    ("each", "once", "steps", "most"),
    [
        # so many steps that they take a fiftieth of a second more than one does
        (1.0, 0.0, 500, 2),
        (0.0125, 0.0, 500, 4),
        (0.001, 0.0, 500, 42),
        (0.001, 0.0, 15, 15),  # no more steps than the run has
        (1e-9, 0.0, 500, 500),
        (0.0001, 0.0, 1, 1),
        # what comes once is none of a step's: the cost of all samples, before and after
        (0.001, 0.018, 500, 42),
        (0.0002, 3.0, 1000, 202),
    ],
)
def test_a_step_is_the_difference_of_two_numbers_of_steps(
    each: float, once: float, steps: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    trained: list[tuple[int, float, int | None, Any]] = []

    def train(
        network: Any, samples: Any, start: Any, schedule: Any, *, threads: int, learning_rates: Any, batch_seeds: Any
    ) -> None:
        compiling = 0 if trained else 3.0
        trained.append((schedule.steps, learning_rates.tolist(), threads, schedule.stop_below))
        clock.now += once + each * schedule.steps + compiling

    monkeypatch.setattr(estimate, "CLOCK", lambda: clock.now)
    monkeypatch.setattr(engine, "train_networks", train)
    (run,) = runs(steps=steps, target=0.3)
    found = estimate._timed(run)
    assert found.once + steps * found.step == pytest.approx(once + steps * each)
    assert steps == 1 or found.step == pytest.approx(each)
    assert max(call[0] for call in trained) <= most
    assert len(trained) <= 12
    # A rate that no network diverges at, and no target: either would end a run early.
    assert {(tuple(rates), threads, target) for _, rates, threads, target in trained} == {((1e-9,), 1, None)}


def test_one_step_calls_taken_for_steps_would_be_far_off() -> None:
    """The twin: a deep network whose samples are many and whose batches are few, by the work that each has."""
    (run,) = runs(data="digits", depth=50, width=48, batch_size=32, steps=1000, activation="tanh")
    work = estimate._work(run.run.batch)
    assert work.once > 40 * work.step


def test_a_scheme_that_does_not_suit_the_shapes_takes_as_long_as_another() -> None:
    found = estimate._timed(runs(scheme="delta_orthogonal", hidden=[3])[0])
    assert found.once > 0
    assert found.step >= 0


def test_the_memory_of_a_chunk_is_that_of_the_largest(timed: list[Batch]) -> None:
    study = runs(hidden=[[4], [30, 20], [9]], seed={"range": [0, 6]}, batch_size=["all", 20])
    seconds = {run.run.batch: 0.9 if run.run.batch.hidden == (30, 20) else 0.001 for run in study}
    expected = []
    for batch in seconds:
        networks = 5 if batch.hidden == (30, 20) else 6  # five seconds, or all there are
        assert min(6, networks_per_chunk(batch, seconds[batch], CHUNK_SECONDS)) == networks
        ready = prepared(batch)
        expected.append(engine.memory_needed(ready.network, ready.training, networks, schedule_of(batch, batch.steps)))
    assert memory_per_chunk(study, seconds, CHUNK_SECONDS) == max(expected) != expected[0]
    assert memory_per_chunk([], {}, CHUNK_SECONDS) == 0


# --- plans -----------------------------------------------------------------------------------------------------------


def test_a_plan_counts_what_is_left_and_shares_it_among_the_workers(
    monkeypatch: pytest.MonkeyPatch, timed: list[Batch]
) -> None:
    given: dict[str, Any] = {"scheme": ["zeros", "he"], "multiplier": [0.5, 1, 2], "steps": [5, 20]}
    monkeypatch.setattr("headstart.experiments.engine.train.available_cores", lambda: 3)
    first = hs.study(given, seed=[0, 1])
    step = 1e-6 * multiplications(next(iter(first.runs().values())).run.batch)
    plans = [first.plan(1), first.plan(2), first.plan()]
    for plan, workers in zip(plans, (1, 2, 3), strict=True):
        assert (plan.asked, plan.distinct, plan.stored, plan.workers) == (24, 16, 0, workers)
        assert plan.seconds == pytest.approx(8 * (5 + 20) * step / workers)
        assert plan.memory == workers * plans[0].memory > 0
    # In the same store a study of which half is done, and then more seeds of it.
    half = Study(study_settings(**given, seed=[0], name="half"), first.store)
    half.run()
    plan = first.plan(2)
    assert (plan.asked, plan.distinct, plan.stored) == (24, 16, 8)
    assert plan.seconds == pytest.approx(4 * (5 + 20) * step / 2)
    first.extend([5, 6, 7])
    plan = first.plan(2)
    assert (plan.asked, plan.distinct, plan.stored, plan.seconds, plan.memory) == (60, 40, 40, 0, 0)
