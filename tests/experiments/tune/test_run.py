"""The one function: what it passes on, how far it says it is, and what Ctrl-C leaves."""

from __future__ import annotations

import inspect
import threading
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.errors import Interrupted
from headstart.experiments.tune.settings import TuneSettings
from headstart.verbs import tune as room

SMALL: dict[str, Any] = {"trials": 4, "seeds": 2, "profile": 3}


def flat(multiplier: float, seed: int) -> float:
    return 1.0 + 0.001 * seed


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TuneSettings, dict[str, Any]]]:
    """Stops each tuning before it begins, and keeps what it was asked for."""
    calls: list[tuple[TuneSettings, dict[str, Any]]] = []
    monkeypatch.setattr(room, "tune_with", lambda settings, **others: calls.append((settings, others)))
    return calls


GIVEN: dict[str, Any] = {
    "schemes": ("xavier", "he"), "data": "moons", "hidden": (4, 3), "activation": "tanh", "trials": 7, "seeds": 5,
    "over": ("multiplier",), "metric": "test_accuracy", "multiplier_range": (0.5, 2.0),
    "learning_rate_range": (0.01, 0.1), "profile": 4, "steps": 99, "optimizer": "adam", "batch_size": 9,
    "label": "class", "dtype": "float64", "data_seed": 3, "sampler_seed": 6,
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_each_argument_is_the_setting_of_its_name(name: str, asked: list[Any]) -> None:
    hs.tune(**{name: GIVEN[name]})
    ((settings, others),) = asked
    usual = TuneSettings().model_dump()
    if name == "optimizer":  # rates that suit it
        usual["learning_rate_range"] = (1e-5, 0.3)
        assert settings.optimizer.startswith("adam")
        usual["optimizer"] = settings.optimizer
    else:
        usual[name] = GIVEN[name]
    assert settings.model_dump() == usual
    assert others == {"objective": None, "storage": None, "threads": None, "progress": None, "cancel": None}


def test_the_defaults_are_the_documented_ones(asked: list[Any]) -> None:
    hs.tune()
    ((settings, _),) = asked
    assert settings.model_dump() == {
        "schemes": ("he",), "over": ("multiplier", "learning_rate"), "metric": "final_cost", "target": None,
        "trials": 60, "seeds": 8, "profile": 13, "multiplier_range": (0.125, 8.0), "learning_rate_range": (1e-3, 10.0),
        "learning_rate": 0.01, "data": "circles", "label": None, "hidden": (10, 5), "activation": "relu",
        "steps": 3000, "optimizer": "sgd", "batch_size": None, "dtype": "float32", "data_seed": 0, "sampler_seed": 0,
        "objective": None, "direction": "minimize",
    }  # fmt: skip
    assert "fresh" in str(inspect.getdoc(hs.tune))


def test_the_other_arguments_are_passed_on(asked: list[Any]) -> None:
    others = {"storage": "tune.db", "threads": 3, "progress": print, "cancel": threading.Event()}
    hs.tune(objective=flat, direction="maximize", over="multiplier", learning_rate=0.2, **others)
    hs.tune(metric="steps_to_target", target=0.2)
    (first, passed), (second, _) = asked
    assert passed == {"objective": flat, **others}
    assert (first.objective, first.direction, first.learning_rate) == ("flat", "maximize", 0.2)
    assert (second.metric, second.target) == ("steps_to_target", 0.2)


@pytest.mark.parametrize(
    ("optimizer", "ends"),
    [("sgd", (1e-3, 10)), ("momentum(0.5)", (1e-4, 1)), ("nesterov(0.5)", (1e-4, 1)), ("adam(0.9)", (1e-5, 0.3))],
)
def test_rates_are_searched_where_they_suit_the_optimizer(
    optimizer: str, ends: tuple[float, float], asked: list[Any]
) -> None:
    hs.tune(optimizer=optimizer)
    hs.tune(optimizer=optimizer, learning_rate_range=(0.5, 0.6))
    assert [settings.learning_rate_range for settings, _ in asked] == [ends, (0.5, 0.6)]


# --- progress -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schemes", [["he"], ["he", "xavier", "lecun"]])
@pytest.mark.parametrize("over", [("multiplier", "learning_rate"), ("learning_rate",)])
def test_progress_rises_to_the_whole_and_every_scheme_has_its_share(schemes: list[str], over: tuple[str, ...]) -> None:
    told: list[tuple[int, int]] = []
    hs.tune(schemes, steps=16, over=over, progress=lambda done, total: told.append((done, total)), **SMALL)
    done, totals = zip(*told, strict=True)
    (total,) = set(totals)
    assert list(done) == sorted(done)
    assert done[-1] == total
    assert done[0] < total / len(schemes)
    for share in range(1, len(schemes)):  # and each begins where the one before it ends
        assert total * share / len(schemes) in done
    # trials, and the profile of each factor after about two rounds of walking where rates are tuned
    rounds = 2 + 2 if len(over) == 2 else 1 + 1
    assert total == len(schemes) * 2 * 16 * (4 + 3 * rounds)


def test_ended_trials_count_as_their_whole_work_however_early_they_were_pruned() -> None:
    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        return abs(multiplier - 2) + learning_rate + 0.01 * seed

    told: list[int] = []
    found = hs.tune("he", objective=loss, trials=25, seeds=5, profile=3, progress=lambda done, total: told.append(done))
    assert {"complete", "pruned"} == {row["state"] for row in found.trials}
    assert {5 * number for number in range(1, 26)} <= set(told)


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------


def interrupted_at(call: int, **given: Any) -> Interrupted:
    """Ctrl-C in that call of the objective."""
    calls = 0

    def loss(multiplier: float, seed: int) -> float:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return flat(multiplier, seed)

    with pytest.raises(Interrupted) as stopped:
        hs.tune("he", objective=loss, over="multiplier", **SMALL, **given)
    return stopped.value


@pytest.mark.parametrize(("call", "trials"), [(1, 0), (2, 0), (3, 1), (6, 2), (7, 4), (12, 4)])
def test_ctrl_c_counts_the_trials_that_had_ended_and_all_of_them_in_the_confirmation(call: int, trials: int) -> None:
    assert interrupted_at(call).finished == ("he", trials, None)


def test_trials_of_a_storage_count_before_any_new_one_has_ended(tmp_path: Path) -> None:
    path = str(tmp_path / "tune.db")
    assert interrupted_at(6, storage=path).finished.trials == 2
    again = interrupted_at(1, storage=path).finished
    assert (again.trials, again.storage) == (2, path)


def test_ctrl_c_from_the_progress_of_a_later_scheme_names_that_scheme() -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        hs.tune(["he", "xavier"], steps=16, progress=stop, **SMALL)
    assert stopped.value.finished.scheme == "xavier"
    assert stopped.value.finished.trials < 4


def test_no_trial_that_gives_a_number_is_said_with_the_last_reason_and_what_to_do() -> None:
    def broken(multiplier: float, learning_rate: float, seed: int) -> float:
        raise ValueError(f"at {learning_rate:.3g}")

    with pytest.raises(hs.InputError) as refused:
        hs.tune("he", objective=broken, trials=3, seeds=2, learning_rate_range=(0.01, 1.0))
    # the third trial is the formula's at the grid's place nearest to a quarter of the way, 0.0316
    assert str(refused.value) == (
        "none of the 3 trials of he gave a number; the last: seed 0: ValueError: at 0.0351. "
        "Write other ranges, or mend the objective."
    )
    with pytest.raises(hs.InputError, match=r"none of the 2 trials of he gave a number.*Write a higher target"):
        hs.tune("he", metric="steps_to_target", target=1e-9, trials=2, steps=16, seeds=2)
