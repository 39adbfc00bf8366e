"""Chunks: a run's result depends on its settings alone, and a run that fails takes no other with it."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments import engine
from headstart.experiments.sweep import chunks as chunks_module
from headstart.experiments.sweep.chunks import _loaded, prepared, run_chunk
from headstart.experiments.sweep.coordinator import cut
from headstart.experiments.sweep.runs import Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings


def runs(**given: object) -> list[Identified]:
    return list(distinct_runs(study_settings(**{"steps": 50, "seed": [0, 1], **given})).values())


@pytest.mark.parametrize(
    "given",
    [
        {"scheme": ["he", "xavier", "orthogonal"], "multiplier": [0.5, 2], "learning_rate": [0.01, 0.3]},
        {"sigma_b": [0, 0.1, 2], "seed": [3, 1], "batch_size": 7, "optimizer": "adam"},
        {"seed": [5, 0, 9], "batch_size": 299, "target": 0.68, "learning_rate": [0.5, 1e-4]},
    ],
)
def test_a_result_does_not_depend_on_its_chunk(given: dict[str, object]) -> None:
    """Own start, biases, rate, batches and end, whoever else is trained beside it and in whatever order."""
    together = runs(hidden=[5, 3], steps=30, **given)
    alone = [result for run in together for result in run_chunk([run])]
    assert run_chunk(together) == alone
    assert run_chunk(together[::-1]) == alone[::-1]
    assert [result.id for result in alone] == [run.id for run in together]
    assert len({result.final_cost for result in alone}) == len(together)


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


def test_a_cancelled_chunk_returns_what_had_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    flag = threading.Event()
    three = runs(seed=[0, 1, 2], hidden=[3])
    whole = run_chunk(three)
    real = engine.train_networks

    def stopped(*arguments: object, **how: object) -> None:
        history = real(*arguments, **how)
        history.finished[:] = [False, True, False]
        history.weights[[0, 2]] = np.nan
        raise engine.Cancelled(history)

    monkeypatch.setattr(engine, "train_networks", stopped)
    assert run_chunk(three, flag) == [whole[1]]
    monkeypatch.undo()
    flag.set()
    assert run_chunk(three, flag) == []


def test_each_run_that_fails_has_its_own_reason_and_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is told with its kind, a slip of the caller's in its own words; both on one line."""
    three = runs(seed=[0, 1, 2, 3], hidden=[3])
    whole = run_chunk(three)
    real = chunks_module.starts
    reasons = {1: ZeroDivisionError("a\n  b"), 2: InputError("a slip\nof the pen"), 3: MemoryError()}

    def failing(runs: list[Identified], *rest: object) -> object:
        for run in runs:
            if run.run.seed in reasons:
                raise reasons[run.run.seed]
        return real(runs, *rest)

    monkeypatch.setattr(chunks_module, "starts", failing)
    found = run_chunk(three)
    assert found[0] == whole[0]
    assert [(result.id, result.settings, result.state) for result in found[1:]] == [
        (run.id, run.text, "failed") for run in three[1:]
    ]
    assert [result.reason for result in found] == [
        None, "ZeroDivisionError: a b", "a slip of the pen", "MemoryError: no message",
    ]  # fmt: skip
    assert {value for result in found[1:] for value in result[4:]} == {None}


def test_a_table_that_changes_under_way_is_noticed_whatever_is_kept(tmp_path: Path) -> None:
    """What a worker keeps of a table is known by its content: another content is read, or refused, anew."""
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    before = runs(data=str(table), hidden=[3], seed=0)
    (first,) = run_chunk(before)
    table.write_text("x,y\n" + "".join(f"{i},{i % 3 % 2}\n" for i in range(40)))
    (second,) = run_chunk(runs(data=str(table), hidden=[3], seed=0))
    assert (first.state, second.state) == ("done", "done")
    assert first.id != second.id
    assert first.first_cost != second.first_cost


def test_scores_of_a_table_of_numbers_are_r_squared(tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 60)
    table = tmp_path / "line.csv"
    table.write_text("x,y\n" + "".join(f"{a},{2 * a + 0.5 * a * a}\n" for a in x))
    (result,) = run_chunk(runs(data=str(table), seed=0, steps=500, learning_rate=0.1, activation="tanh"))
    assert 0.9 < (result.test_accuracy or 0) <= 1


def test_a_chunk_is_no_larger_than_its_memory() -> None:
    wide = runs(hidden=[2000, 2000], seed={"range": [0, 40]}, steps=1)
    chunks = cut(wide, {wide[0].run.batch: 1e-6}, workers=1)
    assert max(len(chunk) for chunk in chunks) == 2**27 // (8 * (2 * 2000 + 2000 * 2001 + 2000 + 2001))
    assert sum(len(chunk) for chunk in chunks) == 40
