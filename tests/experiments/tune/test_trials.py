"""Trials: rows, pruning, failures, and that they are a function of the arguments alone."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import optuna
import pytest
from tunings import QUICK, valley

import headstart as hs
from headstart.experiments.tune.settings import tune_settings
from headstart.experiments.tune.tunables import Point


def test_the_same_arguments_give_the_same_result_on_any_number_of_threads() -> None:
    first, second = (json.dumps(hs.tune("he", threads=threads, **QUICK).to_json()) for threads in (1, 2))
    assert first == second
    other = hs.tune("he", sampler_seed=1, **QUICK)
    assert other.trials != json.loads(first)["trials"]


def test_rows_say_what_became_of_every_trial() -> None:
    found = hs.tune("he", trials=30, seeds=3, steps=400, profile=3)
    assert [row["number"] for row in found.trials] == list(range(30))
    assert {row["state"] for row in found.trials} == {"complete", "pruned"}
    for row in found.trials:
        assert (row["value"] is not None) == (row["state"] == "complete")
        assert (row["reason"] is None) == (row["state"] == "complete")
        assert row["pilot"] is not None
    formula = [row["learning_rate"] for row in found.trials[0:14:2]]
    assert [row["multiplier"] for row in found.trials[0:14:2]] == [1.0] * 7
    # over the whole range, evenly but for the grid's half a step
    np.testing.assert_allclose(np.diff(np.log10(sorted(formula))), 0.5, atol=math.log10(1.5))


def test_a_pruned_trial_never_gets_all_its_steps() -> None:
    trained: list[int] = []
    found = hs.tune("he", trials=30, seeds=2, steps=400, profile=3, progress=lambda done, total: trained.append(done))
    whole = [row for row in found.trials if row["state"] == "complete"]
    assert len(whole) < 25

    from headstart.experiments.tune.search import Pruned
    from headstart.experiments.tune.tunables import TunableNetwork

    ticks: list[int] = []
    problem = TunableNetwork(tune_settings(steps=400, seeds=2), "he", threads=1)

    def refuse(step: int, value: float) -> None:
        raise Pruned

    with pytest.raises(Pruned):
        problem.attempt(Point(1.0, 0.1), range(2), refuse, ticks.append)
    assert sum(ticks) == 2 * 50
    assert trained == sorted(trained)


def test_a_diverging_trial_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    found = hs.tune(
        "he",
        data=str(path),
        activation="identity",
        learning_rate_range=(1e-3, 1e3),
        trials=12,
        seeds=3,
        steps=400,
        profile=3,
    )
    failed = [row for row in found.trials if row["state"] == "failed"]
    assert failed
    assert all("not finite" in row["reason"] for row in failed)
    assert math.isfinite(found.best["final_cost"]["median"])
    json.dumps(found.to_json(), allow_nan=False)
    found.save(tmp_path / "line.svg")
    assert (tmp_path / "line.svg").read_text().startswith("<svg")


def test_an_objective_that_fails_at_times_is_tuned_all_the_same() -> None:
    def fragile(multiplier: float, learning_rate: float, seed: int) -> float:
        if learning_rate > 1:
            raise OverflowError("too fast")
        return math.nan if multiplier > 4 else valley(1.0)(multiplier, learning_rate, seed)

    found = hs.tune("he", objective=fragile, trials=20, seeds=3, profile=5)
    reasons = {row["reason"] for row in found.trials if row["state"] == "failed"}
    assert "seed 0: OverflowError: too fast" in reasons
    assert "not finite for 3 of 3 seeds" in reasons
    assert found.best["multiplier"] <= 4
    json.dumps(found.to_json(), allow_nan=False)


def test_an_objective_to_maximize_takes_only_the_axes_that_are_tuned() -> None:
    def score(multiplier: float, seed: int) -> float:
        return 1 - math.log(multiplier / 2) ** 2 + 0.001 * seed

    found = hs.tune("he", objective=score, direction="maximize", over="multiplier", trials=20, seeds=3)
    assert found.paid
    assert found.best["multiplier"] == pytest.approx(2.0, rel=0.3)
    assert found.best["objective"]["median"] > found.default["objective"]["median"]


def test_optuna_stays_quiet_and_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    hs.tune("he", **QUICK)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert optuna.logging.get_verbosity() == before
