"""Chunks: a run's result depends on its settings alone, and a run that fails takes no other with it."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np
import pytest

from headstart.experiments.sweep.chunks import _loaded, prepared, run_chunk
from headstart.experiments.sweep.coordinator import cut
from headstart.experiments.sweep.estimate import seconds_per_run
from headstart.experiments.sweep.runs import Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings


def runs(**given: object) -> list[Identified]:
    return list(distinct_runs(study_settings(**{"steps": 50, "seed": [0, 1], **given})).values())


def test_a_result_does_not_depend_on_its_chunk() -> None:
    together = runs(scheme=["he", "xavier", "orthogonal"], multiplier=[0.5, 2], learning_rate=[0.01, 0.3], sigma_b=0.1)
    alone = [result for run in together for result in run_chunk([run])]
    assert run_chunk(together) == alone
    assert run_chunk(together[::-1]) == alone[::-1]


def test_a_diverged_run_is_done_and_its_cost_not_a_number() -> None:
    (result,) = run_chunk(runs(data="moons", scheme="normal(10)", learning_rate=1e6, activation="squared_relu", seed=0))
    assert result.state == "done"
    assert math.isnan(result.final_cost or 0.0)
    assert result.diverged_at is not None
    assert 0 <= (result.test_accuracy or 0.0) < 1


def test_the_first_step_below_the_target_is_kept() -> None:
    reached, never = runs(scheme=["he", "zeros"], seed=0, target=0.4, steps=2000, learning_rate=0.3)
    there, not_there = run_chunk([reached])[0], run_chunk([never])[0]
    assert there.steps_to_target is not None
    assert 0 < there.steps_to_target < 2000
    assert (there.final_cost or 1) < 0.4
    assert not_there.steps_to_target is None


@pytest.mark.parametrize("steps", [20, 130, 250])
def test_a_target_reached_at_the_last_step_alone_is_reached(steps: int) -> None:
    def cost(count: int) -> float:
        (result,) = run_chunk(runs(scheme="he", seed=0, steps=count, learning_rate=0.1, hidden=[3]))
        return result.final_cost or 0.0

    before, last = cost(steps - 1), cost(steps)
    assert last < before
    (result,) = run_chunk(
        runs(scheme="he", seed=0, steps=steps, learning_rate=0.1, hidden=[3], target=(before + last) / 2)
    )
    assert (result.steps_to_target, result.final_cost) == (steps, last)


def test_a_run_that_cannot_be_started_is_a_row_with_its_reason() -> None:
    bad = [run for run in runs(scheme=["he", "delta_orthogonal"], hidden=[3]) if "delta" in run.run.scheme]
    results = {result.id: result for result in run_chunk(runs(scheme=["he", "delta_orthogonal"], hidden=[3]))}
    for run in bad:
        assert results[run.id].state == "failed"
        assert results[run.id].final_cost is None
        assert results[run.id].reason
    assert sum(result.state == "done" for result in results.values()) == 2


def test_data_that_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    study = runs(data=str(table))
    table.write_text("x,y\n1,2\n")
    prepared.cache_clear()
    _loaded.cache_clear()
    assert [result.state for result in run_chunk(study)] == ["failed", "failed"]
    assert "its content differs" in (run_chunk(study)[0].reason or "")


def test_a_cancelled_chunk_returns_what_had_finished() -> None:
    flag = threading.Event()
    flag.set()
    assert run_chunk(runs(), flag) == []


def test_scores_of_a_table_of_numbers_are_r_squared(tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 60)
    table = tmp_path / "line.csv"
    table.write_text("x,y\n" + "".join(f"{a},{2 * a + 0.5 * a * a}\n" for a in x))
    (result,) = run_chunk(runs(data=str(table), seed=0, steps=500, learning_rate=0.1, activation="tanh"))
    assert 0.9 < (result.test_accuracy or 0) <= 1


def test_chunks_hold_every_run_once_and_about_as_much_work_as_asked() -> None:
    study = runs(depth=[1, 4], width=8, seed={"range": [0, 50]}, scheme=["he", "xavier"])
    seconds = {run.run.batch: 0.3 if len(run.run.batch.hidden) == 4 else 0.01 for run in study}
    chunks = cut(study, seconds, workers=2)
    assert sorted(run.id for chunk in chunks for run in chunk) == sorted(run.id for run in study)
    assert all(len({run.run.batch for run in chunk}) == 1 for chunk in chunks)
    work = [sum(seconds[run.run.batch] for run in chunk) for chunk in chunks]
    assert max(work) <= 5.0
    assert work[0] > work[-1]  # the long ones first
    assert len(cut(study[:1], seconds, workers=2)) == 1


def test_a_chunk_is_no_larger_than_its_memory() -> None:
    wide = runs(hidden=[2000, 2000], seed={"range": [0, 40]}, steps=1)
    chunks = cut(wide, {wide[0].run.batch: 1e-6}, workers=1)
    assert max(len(chunk) for chunk in chunks) == 2**27 // (8 * (2 * 2000 + 2000 * 2001 + 2000 + 2001))
    assert sum(len(chunk) for chunk in chunks) == 40


def test_the_estimate_grows_with_the_work() -> None:
    study = runs(depth=[1, 8], width=64, data="digits", steps=[50, 100], seed=0)
    seconds = seconds_per_run(study)
    by_shape = {(len(batch.hidden), batch.steps): value for batch, value in seconds.items()}
    assert by_shape[8, 100] > by_shape[8, 50] > by_shape[1, 50] > 0
    assert by_shape[8, 50] == pytest.approx(by_shape[8, 100] / 2, rel=1e-6) or by_shape[8, 50] < by_shape[8, 100]
