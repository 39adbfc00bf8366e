"""`headstart tune` and `compare --tune-learning-rate` as a user meets them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Headstart
from tunings import tuning

from headstart.cli.progress import Progress
from headstart.experiments.tune.kept import open_study
from headstart.experiments.tune.search import rows_of
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.experiments.tune.storage import Storage
from headstart.experiments.tune.tunables import TunableNetwork
from headstart.verbs.tune import Tuning

QUICK = ["--trials", "6", "--seeds", "2", "--steps", "100", "--profile", "3"]


def test_json_has_the_documented_shape_and_is_the_same_twice(headstart: Headstart, tmp_path: Path) -> None:
    first = headstart("tune", "he", "--scheme", "xavier", *QUICK, "--json", "--out", "tuned")
    second = headstart("tune", "he", "--scheme", "xavier", *QUICK, "--json", "--out", "tuned", "--threads", "1")
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert found["schema"] == 1
    assert set(found) == {
        "schema", "settings", "metric", "scheme", "best", "interval", "reaches_end", "default", "paid", "difference",
        "found", "profile", "trials", "as_good_as_best", "schemes", "files",
    }  # fmt: skip
    assert [row["scheme"] for row in found["schemes"]] == ["he", "xavier"]
    for row in (found, *found["schemes"]):
        assert set(row["best"]) == set(row["default"]) == {"multiplier", "learning_rate", "final_cost"}
        assert set(row["best"]["final_cost"]) == {"median", "low", "high"}
        low, high = row["interval"]["multiplier"]
        assert low <= row["best"]["multiplier"] <= high
        assert row["default"]["multiplier"] == 1.0
        assert isinstance(row["paid"], bool)
        assert len(row["trials"]) == 6
        assert set(row["trials"][0]) == {
            "number", "state", "multiplier", "learning_rate", "value", "pilot", "reason",
        }  # fmt: skip
    assert set(found["files"]) == {"png", "svg", "html", "json"}
    assert all((tmp_path / path).is_file() for path in found["files"].values())


def test_table_on_stdout_the_rest_on_stderr(headstart: Headstart, tmp_path: Path) -> None:
    done = headstart("tune", "he", *QUICK, "--out", "tune.svg")
    assert done.returncode == 0
    assert "Tuning did not pay" in done.stdout or "Tuning paid" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stderr == "wrote tune.svg\n"
    assert (tmp_path / "tune.svg").read_text().startswith("<svg")


def test_a_storage_is_gone_on_from(headstart: Headstart) -> None:
    command = ["tune", "he", *QUICK, "--storage", "sqlite:///tune.db", "--json"]
    first = headstart(*command)
    again = headstart(*command)
    assert first.returncode == 0, first.stderr
    assert again.stdout == first.stdout
    other = headstart(*command, "--metric", "test_accuracy", "--steps", "50")
    assert other.returncode == 0  # another metric is another study
    refused = headstart(*command, "--steps", "50")
    assert refused.returncode == 2
    assert "steps was 100, now 50" in refused.stderr


def test_compare_with_tuned_rates(headstart: Headstart, tmp_path: Path) -> None:
    done = headstart("compare", "zeros", "he", "--seeds", "2", "--steps", "200", "--tune-learning-rate", "--json",
                     "--out", "pictures")  # fmt: skip
    found = json.loads(done.stdout)
    assert found["settings"]["tune_learning_rate"] is True
    rates = {row["scheme"]: row["learning_rate"] for row in found["schemes"]}
    assert rates["he"] > 0.01
    assert f"he {rates['he']:g}" in (tmp_path / "pictures" / "compare.html").read_text()


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def ctrl_c_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Sends a real Ctrl-C from the call of the progress that tells of so many steps or more."""

    def arm(steps: int) -> None:
        def update(self: Progress, done: int, total: int) -> None:
            if done >= steps:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Progress, "update", update)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it would be ignored
    yield arm
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("steps", "trials"), [(1, 0), (201, 1), (1200, 5), (1201, 6)])
def test_ctrl_c_says_what_is_kept_and_exits_130(
    steps: int, trials: int, headstart: Headstart, ctrl_c_after: Callable[[int], None], tmp_path: Path
) -> None:
    # 6 trials of 2 seeds with 100 steps: after the first the work is 200 or its eighth more, after the last it is 1,200
    ctrl_c_after(steps)
    done = headstart("tune", "he", *QUICK, "--storage", "sqlite:///tune.db", "--out", "tuned")
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    kept = int(done.stderr.split("Interrupted: ")[1].split()[0])
    assert done.stderr.splitlines()[-1] == (
        f"Interrupted: {kept} of 6 trials of he had ended. "
        "They are kept in tune.db; the same command goes on from there."
    )
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tune.db", "tune.db.tune.lock"]
    settings, storage = tune_settings(trials=6, seeds=2, steps=100, profile=3), Storage(tmp_path / "tune.db")
    study = open_study(settings, "he", storage, TunableNetwork(settings, "he").fingerprint)
    assert abs(len(rows_of(study)) - kept) <= 1  # Ctrl-C may come between a trial's end and its being counted
    assert abs(kept - trials) <= 1


def test_without_a_storage_ctrl_c_says_how_to_keep_what_is_searched(
    headstart: Headstart, ctrl_c_after: Callable[[int], None], tmp_path: Path
) -> None:
    ctrl_c_after(1)
    done = headstart("tune", "he", *QUICK)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.endswith("trials of he had ended. Add --storage tune.db to keep what is searched.\n")
    assert list(tmp_path.iterdir()) == []


# --- options and files ----------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TuneSettings, dict[str, Any]]]:
    """Answers every tuning with one made by hand, and keeps what was asked for."""
    calls: list[tuple[TuneSettings, dict[str, Any]]] = []

    def answer(settings: TuneSettings, **others: Any) -> Tuning:
        calls.append((settings, others))
        return tuning("final_cost", [(0.2, 0.7), (0.4, 0.9)])

    monkeypatch.setattr("headstart.verbs.tune.tune_with", answer)
    return calls


OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["xavier", "--scheme", "he"], {"schemes": ("xavier", "he")}),
    (["--data", "moons"], {"data": "moons"}),
    (["--label", "class"], {"label": "class"}),
    (["--hidden", "4,3,2"], {"hidden": (4, 3, 2)}),
    (["--activation", "tanh"], {"activation": "tanh"}),
    (["--trials", "7"], {"trials": 7}),
    (["--seeds", "5"], {"seeds": 5}),
    (["--over", "learning_rate, multiplier"], {}),
    (["--over", "multiplier", "--learning-rate", "0.3"], {"over": ("multiplier",), "learning_rate": 0.3}),
    (["--metric", "train_accuracy"], {"metric": "train_accuracy"}),
    (["--metric", "steps_to_target", "--target", "0.2"], {"metric": "steps_to_target", "target": 0.2}),
    (["--multiplier-range", "0.5,2"], {"multiplier_range": (0.5, 2.0)}),
    (["--learning-rate-range", "0.01,1"], {"learning_rate_range": (0.01, 1.0)}),
    (["--profile", "4"], {"profile": 4}),
    (["--steps", "9"], {"steps": 9}),
    (["--optimizer", "adam"], {"optimizer": "adam", "learning_rate_range": (1e-5, 0.3)}),
    (["--batch-size", "8"], {"batch_size": 8}),
    (["--dtype", "float64"], {"dtype": "float64"}),
    (["--sampler-seed", "6"], {"sampler_seed": 6}),
]


@pytest.mark.parametrize(("arguments", "changed"), OPTIONS, ids=[" ".join(arguments) for arguments, _ in OPTIONS])
def test_each_option_is_the_setting_of_its_name(
    arguments: list[str], changed: dict[str, Any], headstart: Headstart, asked: list[Any]
) -> None:
    assert headstart("tune", *arguments).returncode == 0
    ((settings, others),) = asked
    usual = TuneSettings().model_dump() | changed
    if "optimizer" in changed:
        assert settings.optimizer.startswith(changed["optimizer"])
        usual["optimizer"] = settings.optimizer
    assert settings.model_dump() == usual
    assert (others["storage"], others["threads"]) == (None, None)


def test_storage_and_threads_are_passed_on(headstart: Headstart, asked: list[Any]) -> None:
    headstart("tune", "--storage", "some.db", "--threads", "3")
    assert (asked[0][1]["storage"], asked[0][1]["threads"]) == ("some.db", 3)


@pytest.mark.parametrize(
    ("arguments", "written"),
    [([], []), (["--out", "a.svg"], ["a.svg"]),
     (["--out", "tuned"], ["tuned/tune.html", "tuned/tune.json", "tuned/tune.png", "tuned/tune.svg"])],
)  # fmt: skip
def test_what_was_asked_for_is_written_and_named(
    arguments: list[str], written: list[str], headstart: Headstart, asked: list[Any], tmp_path: Path
) -> None:
    done = headstart("tune", *arguments)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == written
    assert sorted(line for line in done.stderr.splitlines() if line.startswith("wrote")) == [
        f"wrote {w}" for w in written
    ]
    assert ("Add --out PATH" in done.stderr) is (not written)
    as_json = headstart("tune", *arguments, "--json")
    found = json.loads(as_json.stdout)
    assert sorted(found["files"].values()) == written
    assert found["scheme"] == "normal(1)"
    assert "Add --out" not in as_json.stderr


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(
    headstart: Headstart, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", refuse)
    for arguments in (["--out", "a.svg"], ["--out", "tuned"]):
        done = headstart("tune", *arguments)
        assert done.returncode == 2
        assert "no room" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
