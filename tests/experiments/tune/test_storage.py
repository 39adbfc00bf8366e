"""A storage: what it keeps, what goes on from it, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
from tunings import QUICK, valley

import headstart as hs
from headstart.errors import Interrupted


def test_a_search_goes_on_from_its_storage_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    whole = hs.tune("he", **QUICK)
    hs.tune("he", **(QUICK | {"trials": 4}), storage=url)
    resumed = hs.tune("he", **QUICK, storage=url)
    assert resumed.trials[4:] == whole.trials[4:]
    assert json.dumps(resumed.to_json()) == json.dumps(whole.to_json())
    study = optuna.load_study(study_name="headstart tune he on circles: final cost", storage=url)
    assert len(study.trials) == 10


def test_what_was_searched_before_ctrl_c_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    calls = 0

    def interrupted(multiplier: float, learning_rate: float, seed: int) -> float:
        nonlocal calls
        calls += 1
        if calls == 14:
            raise KeyboardInterrupt
        return float(valley(2.0)(multiplier, learning_rate, seed))

    interrupted.__name__ = "loss"
    with pytest.raises(Interrupted) as stopped:
        hs.tune("he", objective=interrupted, trials=10, seeds=3, profile=3, storage=url)
    assert (stopped.value.finished.trials, stopped.value.finished.storage) == (4, str(tmp_path / "tune.db"))
    loss = valley(2.0)
    resumed = hs.tune("he", objective=loss, trials=10, seeds=3, profile=3, storage=url)
    assert json.dumps(resumed.trials) == json.dumps(hs.tune("he", objective=loss, trials=10, seeds=3, profile=3).trials)


def test_a_trial_that_a_killed_process_left_running_is_tried_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    hs.tune("he", **(QUICK | {"trials": 4}), storage=url)
    optuna.load_study(study_name="headstart tune he on circles: final cost", storage=url).ask()
    assert hs.tune("he", **QUICK, storage=url).trials == hs.tune("he", **QUICK).trials


def test_a_storage_with_other_settings_is_refused_with_the_difference(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    hs.tune("he", **(QUICK | {"trials": 2}), storage=url)
    with pytest.raises(hs.InputError, match=r"other settings: steps was 200, now 300\. Use the same"):
        hs.tune("he", **(QUICK | {"steps": 300}), storage=url)
    hs.tune("xavier", **(QUICK | {"trials": 2}), storage=url)  # another scheme is another study


def test_a_file_that_has_changed_is_other_data(tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path / 'tune.db'}", tmp_path / "line.csv"
    quick = {"data": str(path), "trials": 2, "seeds": 2, "steps": 20, "profile": 3, "storage": url}
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    hs.tune("he", **quick)
    path.write_text("".join(f"{i},{i % 5},{0.5 * i + i % 3}\n" for i in range(60)))
    with pytest.raises(hs.InputError, match="content of the data was"):
        hs.tune("he", **quick)


def test_a_storage_is_a_file_or_one_of_two_databases(tmp_path: Path) -> None:
    with pytest.raises(hs.InputError, match="a store is SQLite or PostgreSQL, got 'nonsense'"):
        hs.tune("he", **QUICK, storage="nonsense://x")
    hs.tune("he", **(QUICK | {"trials": 2}), storage=str(tmp_path / "tune.db"))
    assert (tmp_path / "tune.db").is_file()
