"""What a tuning says of its schemes: the best of several, who is as good, the ends, each number in its own column."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from tunings import tuned, tuning

from headstart.errors import InputError
from headstart.experiments.tune.settings import tune_settings


@pytest.mark.parametrize(
    ("metric", "winner"), [("test_accuracy", 0), ("train_accuracy", 0), ("final_cost", 1), ("steps_to_target", 1)]
)
def test_the_winner_is_the_scheme_whose_best_point_is_best(metric: str, winner: int) -> None:
    # the third is best before tuning and in the search, in either direction, and in the middle once tuned
    for first, second, third in ((0.9, 0.1, 0.5), (3.0, 2.0, 2.5)):
        better = 99.0 if winner == 0 else -99.0
        found = tuning(metric, [(first, 0.4), (second, 0.6), (third, better)])
        assert found.winner is found.schemes[winner]


def test_of_equal_schemes_the_first_wins_and_one_that_came_to_nothing_never_does() -> None:
    assert tuning("final_cost", [(0.5, 1.0), (0.5, 0.1)]).winner.scheme == "normal(1)"
    for metric in ("final_cost", "test_accuracy"):
        found = tuning(metric, [(math.nan, 0.5), (0.5, 0.5)])
        assert found.winner.scheme == "normal(2)"
        assert [found.as_good(tuned) for tuned in found.schemes] == [False, True]


@pytest.mark.parametrize(
    ("metric", "expected"), [("final_cost", [True, False, True]), ("test_accuracy", [False, True, False])]
)
def test_a_scheme_is_as_good_where_its_best_is_not_worse_than_the_winners(metric: str, expected: list[bool]) -> None:
    found = tuning(metric, [(0.2, 1.0), (0.9, 1.0), (0.2, 1.0)])
    assert [found.as_good(tuned) for tuned in found.schemes] == expected


def test_a_tuning_speaks_for_its_winner() -> None:
    found = tuning("final_cost", [(0.9, 0.95), (0.2, 0.7), (0.5, 0.1)])
    winner = found.schemes[1]
    assert found.best == winner.best
    assert found.default == winner.default
    assert found.interval == winner.interval
    assert found.trials is winner.trials
    assert found.paid is winner.paid is True
    assert found.schemes[2].paid is False
    data = found.to_json()
    assert data["scheme"] == "normal(2)"
    assert data["metric"] == "final_cost"
    for name in ("best", "default", "paid", "difference", "profile", "trials", "interval", "reaches_end"):
        assert data[name] == data["schemes"][1][name] == winner.to_json()[name]
        if name not in ("interval", "reaches_end"):
            assert data[name] != data["schemes"][2][name]
    assert [row["as_good_as_best"] for row in data["schemes"]] == [False, True, False]


def test_best_and_default_are_their_own_points_with_their_own_medians() -> None:
    found = tuning("final_cost", [(0.2, 0.7)]).winner
    assert (found.best["multiplier"], found.best["learning_rate"]) == (2.0, 0.05)
    assert (found.default["multiplier"], found.default["learning_rate"]) == (1.0, 0.1)
    for row, level in ((found.best, 0.2), (found.default, 0.7)):
        spread = row["final_cost"]
        assert spread["median"] == pytest.approx(level)
        assert level - 0.05 <= spread["low"] < spread["median"] < spread["high"] <= level + 0.05


def test_the_profile_is_each_places_own() -> None:
    found = tuning("test_accuracy", [(0.2, 0.7)]).winner.profile
    assert [row["multiplier"] for row in found["multiplier"]] == [0.25, 0.5, 1, 2, 4]
    assert [row["learning_rate"] for row in found["multiplier"]] == pytest.approx([0.4, 0.2, 0.1, 0.05, 0.025])
    medians = [row["test_accuracy"]["median"] for row in found["multiplier"]]
    assert medians == pytest.approx([2.5, 5, 0.7, 0.2, 40])
    assert [row["as_good"] for row in found["multiplier"]] == [False, True, True, True, False]
    assert [(row["multiplier"], row["learning_rate"]) for row in found["learning_rate"]] == [
        (2.0, 0.01), (2.0, 0.05), (2.0, 1.0),
    ]  # fmt: skip
    assert [row["as_good"] for row in found["learning_rate"]] == [True, True, False]


@pytest.mark.parametrize(
    ("good", "interval", "ends"),
    [("+++++", (0.25, 4.0), (True, True)), ("-++++", (0.5, 4.0), (False, True)), ("++++-", (0.25, 2.0), (True, False)),
     ("-+++-", (0.5, 2.0), (False, False))],
)  # fmt: skip
def test_each_end_of_the_interval_that_is_an_end_of_what_was_tried_says_so(
    good: str, interval: tuple[float, float], ends: tuple[bool, bool]
) -> None:
    found = tuned("he", tune_settings(over="multiplier"), 0.2, 0.7, good=good)
    assert found.interval == {"multiplier": interval}
    found.confirmation.profiles.pop("learning_rate")
    assert found.reaches_end == {"multiplier": ends}


def test_each_axis_has_its_own_interval_and_ends() -> None:
    settings = tune_settings()
    made = tuned("he", settings, 0.2, 0.7)
    line = made.confirmation.profiles["learning_rate"]
    line[1] = made.confirmation.best  # at rate 0.05
    assert made.interval == {"multiplier": (0.5, 2.0), "learning_rate": (0.01, 0.05)}
    assert made.reaches_end == {"multiplier": (False, False), "learning_rate": (True, False)}


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuning("final_cost", [(0.2, 0.7)], over="multiplier")
    found.save(tmp_path / "tune.json")
    kept = (tmp_path / "tune.json").read_bytes()
    assert json.loads(kept) == found.to_json()

    def refuse(source: str, target: str) -> None:
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", refuse)
    for name in ("tune.json", "tune.svg"):
        with pytest.raises(InputError, match="no room"):
            found.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["tune.json"]
    assert (tmp_path / "tune.json").read_bytes() == kept
