"""The search: the formula's own trials, which seeds and random numbers, what is pruned, and what a storage refuses."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

import headstart as hs
from headstart.experiments.tune.kept import open_study, study_name
from headstart.experiments.tune.places import grid_of
from headstart.experiments.tune.search import FORMULA_RATES, formula_point
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.experiments.tune.storage import Storage

Row = dict[str, Any]


def noisy(multiplier: float, learning_rate: float, seed: int) -> float:
    """A valley at multiplier 2 and rate 0.05, with luck of its own at every point and seed."""
    luck = np.random.default_rng([seed, int(1e6 * multiplier), int(1e6 * learning_rate)]).normal()
    return math.log(multiplier / 2) ** 2 + math.log(learning_rate / 0.05) ** 2 + float(0.3 * luck)


# --- the formula's own trials ---------------------------------------------------------------------------------------


def test_the_formulas_trials_are_every_second_and_halve_the_widest_gap() -> None:
    settings = tune_settings(learning_rate_range=(1e-3, 10.0), multiplier_range=(0.5, 4.0))
    points = [formula_point(settings, number) for number in range(20)]
    assert [number for number, point in enumerate(points) if point is not None] == list(range(0, 14, 2))
    given = [point for point in points if point is not None]
    assert {point["multiplier"] for point in given} == {1.0}
    shares = [(math.log10(point["learning_rate"]) + 3) / 4 for point in given]
    half_a_step = 0.5 / (len(grid_of(settings, "learning_rate")) - 1)
    assert shares == pytest.approx([0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875], abs=half_a_step + 1e-5)
    for count, share in enumerate(FORMULA_RATES):  # no gap was wider than the one that it halves
        gaps = [b - a for a, b in itertools.pairwise(sorted([0.0, 1.0, *FORMULA_RATES[:count]]))]
        halved = min(abs(share - other) for other in (0.0, 1.0, *FORMULA_RATES[:count]))
        assert 2 * halved == max(gaps)


@pytest.mark.parametrize(
    ("ends", "inside"), [((1.0, 8.0), True), ((1.01, 8.0), False), ((0.1, 1.0), True), ((0.1, 0.99), False)]
)
def test_the_formula_is_tried_where_one_is_in_the_range(ends: tuple[float, float], inside: bool) -> None:
    for over in ("multiplier", ("multiplier", "learning_rate")):
        point = formula_point(tune_settings(multiplier_range=ends, over=over), 0)
        assert (point is not None) is inside


def test_over_one_axis_the_formula_is_the_first_trial_or_none() -> None:
    alone = tune_settings(over="multiplier")
    assert [formula_point(alone, number) for number in range(4)] == [{"multiplier": 1.0}, None, None, None]
    assert formula_point(tune_settings(over="learning_rate"), 0) is None


# --- trials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_trials_value_is_the_median_over_the_first_seeds_and_its_pilot_the_first_of_them(direction: str) -> None:
    sign = 1 if direction == "minimize" else -1

    def objective(multiplier: float, learning_rate: float, seed: int) -> float:
        return sign * noisy(multiplier, learning_rate, seed)

    found = hs.tune("he", objective=objective, direction=direction, trials=16, seeds=5, profile=3)
    assert any(row["state"] == "complete" for row in found.trials)
    for row in found.trials:
        values = [objective(row["multiplier"], row["learning_rate"], seed) for seed in range(5)]
        assert row["pilot"] == values[0]
        if row["state"] == "complete":
            assert row["value"] == sorted(values)[2]


def test_trials_lie_on_the_grid_of_their_ranges_and_one_that_comes_again_costs_nothing() -> None:
    calls: list[tuple[float, float, int]] = []

    def counted(multiplier: float, learning_rate: float, seed: int) -> float:
        calls.append((multiplier, learning_rate, seed))
        return noisy(multiplier, learning_rate, seed)

    asked: dict[str, Any] = {"multiplier_range": (0.5, 3.0), "learning_rate_range": (0.01, 0.2), "seeds": 2}
    found = hs.tune("he", objective=counted, trials=60, profile=3, **asked)
    points = [(row["multiplier"], row["learning_rate"]) for row in found.trials]
    settings = tune_settings(objective="counted", **asked)
    assert {multiplier for multiplier, _ in points} <= {*grid_of(settings, "multiplier")}
    assert {rate for _, rate in points} <= {*grid_of(settings, "learning_rate")}
    assert len(set(points)) < 60  # of 88 places
    assert len(set(calls)) == len(calls)  # neither the trials nor the walks nor the fresh seeds try anything twice
    outcomes: dict[tuple[float, float], Row] = {}
    for row in found.trials:
        outcome = {name: row[name] for name in ("state", "value", "pilot", "reason")}
        assert outcomes.setdefault((row["multiplier"], row["learning_rate"]), outcome) == outcome
    multipliers, rates = (sorted(values) for values in zip(*points, strict=True))
    assert 0.5 <= multipliers[0] < 0.8 < 2 < multipliers[-1] <= 3.0
    assert 0.01 <= rates[0] < 0.02 < 0.1 < rates[-1] <= 0.2


def test_proposals_are_spread_evenly_over_factors_and_not_over_differences() -> None:
    # n = 60 points, most of them random: half of them below the geometric mean, 1, of a range whose middle is 50
    found = hs.tune(
        "he", objective=lambda multiplier, seed: float(seed), over="multiplier", trials=60, seeds=2, profile=3,
        multiplier_range=(0.01, 100.0),
    )  # fmt: skip
    below = sum(row["multiplier"] < 1 for row in found.trials)
    assert 10 < below < 50  # of differences it would be 1 %


def test_the_sampler_and_the_trials_number_both_choose_the_random_numbers() -> None:
    def points(sampler_seed: int) -> list[float]:
        asked: dict[str, Any] = {"over": "multiplier", "trials": 6, "seeds": 2, "profile": 3}
        found = hs.tune("he", objective=lambda multiplier, seed: multiplier, sampler_seed=sampler_seed, **asked)
        return [row["multiplier"] for row in found.trials if row["multiplier"] != 1]

    zero, one = points(0), points(1)
    assert len({*zero, *one}) > 5  # of 25 places: neither goes over its own or the other's again
    assert zero != one


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_trial_is_pruned_where_it_is_worse_than_the_median_of_those_before_it(direction: str) -> None:
    sign = 1 if direction == "minimize" else -1

    def objective(multiplier: float, learning_rate: float, seed: int) -> float:
        return sign * noisy(multiplier, learning_rate, seed)

    seeds = 5
    rows = hs.tune("he", objective=objective, direction=direction, trials=40, seeds=seeds, profile=3).trials
    reports: list[list[float]] = []
    seen: dict[tuple[float, float], Row] = {}
    for number, row in enumerate(rows):
        first = seen.setdefault((row["multiplier"], row["learning_rate"]), row)
        values = [objective(row["multiplier"], row["learning_rate"], seed) for seed in range(seeds)]
        so_far = [sign * float(np.median(values[: count + 1])) for count in range(seeds - 1)]
        ended = None
        complete = [line for line, other in zip(reports, rows, strict=False) if other["state"] == "complete"]
        if len(complete) >= 5:  # Optuna's rule asks for five
            for count in range(2, seeds):  # never after one seed
                best = min(so_far[:count])
                if best > np.median([line[count - 1] for line in complete]):
                    ended = count
                    break
        if first is row:  # what comes again ends as it did before
            assert row["reason"] == (None if ended is None else f"after {ended} seeds"), number
        reports.append(so_far)
    assert {"after 2 seeds", None} <= {row["reason"] for row in rows}


# --- storage --------------------------------------------------------------------------------------------------------

OTHER: Row = {
    "over": "multiplier", "seeds": 9, "multiplier_range": (0.125, 4.0), "learning_rate_range": (1e-3, 1.0),
    "label": "last", "hidden": (10, 6), "activation": "tanh", "steps": 2999, "optimizer": "momentum(0.9)",
    "batch_size": 32, "dtype": "float64", "data_seed": 1, "sampler_seed": 1,
}  # fmt: skip
NAMED: Row = {"schemes": ["xavier"], "metric": "test_accuracy", "data": "moons", "objective": "loss"}  # other studies
FREE: Row = {"trials": 3, "profile": 9}


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A storage that holds the searches of the default settings, of a target and of a user's function."""
    path = str(tmp_path_factory.mktemp("storage") / "tune.db")
    for settings in (tune_settings(), STEPS, TUNED, FIXED):
        open_study(settings, "he", Storage(path), "abc")
    yield path
    for settings in (tune_settings(), STEPS, TUNED, FIXED):  # and none of the refusals changed what it holds
        open_study(settings, "he", Storage(path), "abc")


STEPS = tune_settings(metric="steps_to_target", target=0.1)
TUNED = tune_settings(objective="loss")
FIXED = tune_settings(objective="fixed", over="multiplier", learning_rate=0.1)


def test_every_setting_is_changed_alone() -> None:
    of_others = {"target", "direction", "learning_rate"}
    assert {*OTHER, *NAMED, *FREE, *of_others} == set(TuneSettings.model_fields)


@pytest.mark.parametrize("name", OTHER)
def test_a_storage_refuses_each_other_setting_and_names_it(storage: str, name: str) -> None:
    changed = TuneSettings(**{"learning_rate_range": (1e-3, 10.0), name: _tupled(OTHER[name])})
    with pytest.raises(hs.InputError, match=f"other settings: {name} was .*, now .*Use the same") as refused:
        open_study(changed, "he", Storage(storage), "abc")
    assert str(refused.value).count(" was ") == 1


def _tupled(value: Any) -> Any:
    return (value,) if value == "multiplier" else value


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (tune_settings(metric="steps_to_target", target=0.2), "target"),
        (tune_settings(objective="loss", direction="maximize"), "direction"),
        (tune_settings(objective="loss", seeds=9), "seeds"),
        (tune_settings(objective="loss", sampler_seed=9), "sampler_seed"),
        (tune_settings(objective="loss", multiplier_range=(0.5, 2.0)), "multiplier_range"),
        (tune_settings(objective="fixed", over="multiplier", learning_rate=0.2), "learning_rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_storage_refuses_another_target_direction_or_fixed_rate(
    storage: str, changed: TuneSettings, name: str
) -> None:
    with pytest.raises(hs.InputError, match=f"other settings: {name} was .*, now "):
        open_study(changed, "he", Storage(storage), "abc")


def test_a_storage_refuses_other_data(storage: str) -> None:
    with pytest.raises(hs.InputError, match="content of the data was abc, now abd"):
        open_study(tune_settings(), "he", Storage(storage), "abd")


@pytest.mark.parametrize("name", FREE)
def test_a_storage_goes_on_with_more_trials_and_another_profile(storage: str, name: str) -> None:
    open_study(tune_settings(**{name: FREE[name]}), "he", Storage(storage), "abc")


def test_other_schemes_data_metrics_and_functions_are_other_studies(storage: str) -> None:
    names = {study_name(tune_settings(), "he"), study_name(tune_settings(), "xavier")}
    names |= {study_name(tune_settings(**{name: NAMED[name]}), "he") for name in ("metric", "data", "objective")}
    assert len(names) == 5
    for scheme, settings in (("xavier", tune_settings()), ("he", tune_settings(data="moons"))):
        study = open_study(settings, scheme, Storage(storage), "abc").study
        assert len(study.trials) == 0
        assert json.loads(study.user_attrs["settings"])["scheme"] == scheme


@pytest.mark.parametrize(
    ("given", "direction"),
    [({"metric": "final_cost"}, "MINIMIZE"), ({"metric": "steps_to_target", "target": 0.1}, "MINIMIZE"),
     ({"metric": "test_accuracy"}, "MAXIMIZE"), ({"metric": "train_accuracy"}, "MAXIMIZE"),
     ({"objective": "loss"}, "MINIMIZE"), ({"objective": "loss", "direction": "maximize"}, "MAXIMIZE")],
)  # fmt: skip
def test_the_search_goes_the_way_in_which_each_metric_is_better(given: Row, direction: str) -> None:
    settings = tune_settings(**given)
    assert open_study(settings, "he", None).study.direction.name == direction
    assert settings.measured.higher_is_better is (direction == "MAXIMIZE")


def test_a_storage_with_more_trials_than_are_asked_for_answers_with_the_first(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"objective": noisy, "seeds": 2, "profile": 3}
    path = str(tmp_path / "tune.db")
    more = hs.tune("he", trials=8, storage=path, **asked)
    fewer = hs.tune("he", trials=5, storage=path, **asked)
    assert fewer.trials == more.trials[:5]
    assert fewer.to_json() == hs.tune("he", trials=5, **asked).to_json()
    study = optuna.load_study(study_name="headstart tune he on noisy: objective", storage=f"sqlite:///{path}")
    assert len(study.trials) == 8
