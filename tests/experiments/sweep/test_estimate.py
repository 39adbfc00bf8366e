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
from headstart.experiments.sweep.estimate import memory_per_chunk, networks_per_chunk, seconds_per_run
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
    """The batches that were timed; each takes a microsecond per multiplication and step."""
    found: list[Batch] = []

    def time(run: Identified) -> float:
        found.append(run.run.batch)
        return 1e-6 * multiplications(run.run.batch)

    monkeypatch.setattr(estimate, "_seconds_per_step", time)
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
    before = estimate._seconds_per_step
    estimate._seconds_per_step = lambda run: found.append(run) or 1.0
    try:
        seconds = seconds_per_run(runs(hidden=[[k] for k in range(1, count + 1)], seed=[0, 1, 2]))
    finally:
        estimate._seconds_per_step = before
    assert len(found) == min(count, 8)
    assert list(seconds.values()) == [10.0] * count


def test_a_batch_that_cannot_be_made_takes_no_time_and_stops_no_other(timed: list[Batch]) -> None:
    broken, good = runs(label="none"), runs()
    found = seconds_per_run([*broken, *good])
    assert found[broken[0].run.batch] == 0
    assert found[good[0].run.batch] > 0
    assert seconds_per_run(broken) == {broken[0].run.batch: 0}
    assert memory_per_chunk(broken, seconds_per_run(broken), 5.0) == 0
    assert seconds_per_run([]) == {}


@pytest.mark.parametrize(
    ("each", "steps", "calls"),
    [
        (1.0, 500, [1, 1]),  # one step is long enough; the first call also compiles
        (0.0125, 500, [1, 1, 2]),
        (0.00101, 500, [1, 1, 19, 38]),
        (0.001, 15, [1, 1, 15]),  # no more steps than the run has
        (1e-9, 500, [1, 1, 500]),
        (0.0201, 500, [1, 1]),
        (0.0199, 500, [1, 1, 2]),
        (0.0001, 1, [1, 1]),
    ],
)
def test_a_batch_is_timed_for_a_fiftieth_of_a_second_and_never_longer_than_its_run(
    each: float, steps: int, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    trained: list[tuple[int, float, int | None, Any]] = []

    def train(
        network: Any, samples: Any, start: Any, schedule: Any, *, threads: int, learning_rates: Any, batch_seeds: Any
    ) -> None:
        compiling = 0 if trained else 3.0
        trained.append((schedule.steps, learning_rates.tolist(), threads, schedule.stop_below))
        clock.now += each * schedule.steps + compiling

    monkeypatch.setattr(estimate, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr(engine, "train_networks", train)
    (run,) = runs(steps=steps, target=0.3)
    assert estimate._seconds_per_step(run) == pytest.approx(each)
    assert [call[0] for call in trained] == calls
    # A rate that no network diverges at, and no target: either would end a run early.
    assert {(tuple(rates), threads, target) for _, rates, threads, target in trained} == {((1e-9,), 1, None)}


def test_a_scheme_that_does_not_suit_the_shapes_takes_as_long_as_another() -> None:
    assert estimate._seconds_per_step(runs(scheme="delta_orthogonal", hidden=[3])[0]) > 0


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
