"""How a point is tried: the engine's values are a comparison's, seed by seed; and a function of the user's own."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.experiments.data.datasets import load
from headstart.experiments.tune.settings import tune_settings
from headstart.experiments.tune.tunables import Failed, Point, TunableFunction, TunableNetwork

STEPS = 40
POINTS = [Point(0.5, 0.3), Point(1.5, 0.05), Point(2.0, 1.0)]
SEEDS = [3, 0, 5]


def nothing(_: int) -> None:
    """A tick nobody listens to."""


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table to regress on."""
    path = tmp_path / "line.csv"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    path.write_text(
        "".join(f"{a},{b},{a - 2 * b + 0.1 * c}\n" for (a, b), c in zip(x, rng.normal(size=60), strict=True))
    )
    return str(path)


def compared(point: Point, column: str, **given: Any) -> dict[int, Any]:
    """Seed -> a column of the comparison with the same settings."""
    rows = hs.compare([hs.xavier * point.multiplier], seeds=6, learning_rate=point.learning_rate, **given).rows()
    return {row["seed"]: row[column] for row in rows}


@pytest.mark.parametrize("metric", ["final_cost", "test_accuracy", "train_accuracy"])
@pytest.mark.parametrize(
    "given",
    [
        {"data": "circles", "hidden": (7, 3)},
        {"data": "digits", "hidden": (6,), "activation": "tanh", "batch_size": 16, "optimizer": "adam"},
        {"hidden": (5, 4), "activation": "tanh", "batch_size": 8, "data_seed": 2},
    ],
    ids=["two classes", "ten classes in batches", "a regression"],
)
def test_values_are_a_comparisons_point_by_point_and_seed_by_seed(
    metric: str, given: dict[str, Any], table: str
) -> None:
    given = {"data": table, **given}
    problem = TunableNetwork(tune_settings(schemes=["xavier"], steps=STEPS, metric=metric, **given), "xavier")
    found = problem.values(POINTS, SEEDS, nothing)
    assert found.shape == (3, 3)
    for point, values in zip(POINTS, found, strict=True):
        by_seed = compared(point, metric, steps=STEPS, **given)
        np.testing.assert_array_equal(values, [by_seed[seed] for seed in SEEDS])
    assert len(set(found.ravel())) > 4  # points and seeds differ: an exchange would show


@pytest.mark.parametrize("steps", [150, 600])
def test_steps_to_a_target_are_the_first_of_two_hundred_looks_below_it(steps: int) -> None:
    settings = tune_settings(
        schemes=["xavier"], data="blobs(3)", hidden=(6,), steps=steps, metric="steps_to_target", target=0.6
    )
    points = [Point(1.0, 0.5), Point(1.0, 1e-4)]
    found = TunableNetwork(settings, "xavier").values(points, SEEDS, nothing)
    every = max(1, steps // 200)
    runs = hs.compare(
        ["xavier"], seeds=6, data="blobs(3)", hidden=(6,), steps=steps, learning_rate=0.5, record_every=every
    ).runs
    assert found[0].tolist() == [every * int(np.argmax(runs[seed].costs < 0.6)) for seed in SEEDS]
    assert 0 < found[0].min() < found[0].max() < steps
    assert found[1].tolist() == [math.inf] * 3  # far too slow: never


def pilot_of(settings: Any, scheme: str = "xavier", point: Point = POINTS[1]) -> tuple[int, float, int]:
    """What a trial reports, (step, value), and how much it trained before that."""
    reports: list[tuple[int, float]] = []
    ticks: list[int] = []
    before: list[int] = []

    def report(step: int, value: float) -> None:
        reports.append((step, value))
        before.append(sum(ticks))

    problem = TunableNetwork(settings, scheme)
    values = problem.attempt(point, SEEDS, report, ticks.append)
    ((step, value),) = reports
    assert values.tolist() == problem.values([point], SEEDS, nothing)[0].tolist()
    assert sum(ticks) == before[0] + len(SEEDS) * settings.steps
    return step, value, before[0]


@pytest.mark.parametrize(("steps", "expected"), [(400, 50), (407, 50), (8, 1), (7, 1), (1, 1)])
def test_a_pilot_takes_an_eighth_of_the_steps_and_at_least_one(steps: int, expected: int) -> None:
    settings = tune_settings(schemes=["xavier"], hidden=(7, 3), steps=steps)
    step, value, trained = pilot_of(settings)
    costs = compared(POINTS[1], "final_cost", hidden=(7, 3), steps=expected)
    assert (step, trained) == (expected, expected * len(SEEDS))
    assert value == sorted(costs[seed] for seed in SEEDS)[1]


def test_a_pilot_tells_the_metric_and_for_steps_to_a_target_the_cost() -> None:
    accuracy = tune_settings(schemes=["xavier"], hidden=(7, 3), steps=80, metric="test_accuracy")
    by_seed = compared(POINTS[1], "test_accuracy", hidden=(7, 3), steps=10)
    assert pilot_of(accuracy)[1] == sorted(by_seed[seed] for seed in SEEDS)[1]
    steps = tune_settings(schemes=["xavier"], hidden=(7, 3), steps=80, metric="steps_to_target", target=0.1)
    by_seed = compared(POINTS[1], "final_cost", hidden=(7, 3), steps=10)
    assert pilot_of(steps)[1] == sorted(by_seed[seed] for seed in SEEDS)[1]


def test_a_pilot_that_is_not_finite_ends_the_trial_and_says_for_how_many_seeds(table: str) -> None:
    settings = tune_settings(data=table, activation="identity", steps=800)
    reports: list[int] = []
    ticks: list[int] = []
    with pytest.raises(Failed, match=r"not finite after 100 steps for 3 of 3 seeds"):
        TunableNetwork(settings, "he").attempt(
            Point(1.0, 1e6), SEEDS, lambda step, value: reports.append(step), ticks.append
        )
    assert reports == []
    assert sum(ticks) <= 3 * 100


def test_a_batch_may_be_all_the_samples(table: str) -> None:
    count = TunableNetwork(tune_settings(data=table), "he").problem.training.count
    TunableNetwork(tune_settings(data=table, batch_size=count), "he")
    with pytest.raises(hs.InputError, match=f"at most all {count} samples, got {count + 1}"):
        TunableNetwork(tune_settings(data=table, batch_size=count + 1), "he")


def test_the_fingerprint_is_of_inputs_and_outputs_for_training_and_test(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tune_settings()
    data = load("circles", None, 0)
    prints = {TunableNetwork(settings, "he").fingerprint}
    for name in ("train_x", "train_y", "test_x", "test_y"):
        array = getattr(data, name).copy()
        array.flat[7] = 1 - array.flat[7]
        changed = dataclasses.replace(data, **{name: array})
        monkeypatch.setattr("headstart.experiments.problem.load", lambda *_, changed=changed: changed)
        prints.add(TunableNetwork(settings, "xavier").fingerprint)
    assert len(prints) == 5


@pytest.mark.parametrize("seeds", [2, 5])
def test_the_units_of_a_point_are_its_ticks(seeds: int) -> None:
    settings = tune_settings(seeds=seeds, steps=30)
    ticks: list[int] = []
    problem = TunableNetwork(settings, "he")
    problem.values(POINTS, range(seeds), ticks.append)
    assert sum(ticks) == 3 * problem.units
    of_own = TunableFunction(tune_settings(objective="loss", seeds=seeds), lambda **factors: 1.0)
    ticks.clear()
    of_own.values(POINTS, range(seeds), ticks.append)
    assert sum(ticks) == 3 * of_own.units == 3 * seeds


# --- a function of the user's own -----------------------------------------------------------------------------------


def objective(function: Any, **given: Any) -> TunableFunction:
    return TunableFunction(tune_settings(objective="loss", **given), function)


@pytest.mark.parametrize(
    ("over", "names"),
    [("multiplier", {"multiplier"}), ("learning_rate", {"learning_rate"}),
     (("learning_rate", "multiplier"), {"multiplier", "learning_rate"})],
)  # fmt: skip
def test_an_objective_gets_the_tuned_axes_and_the_seed(over: Any, names: set[str]) -> None:
    calls: list[dict[str, Any]] = []

    def loss(**factors: Any) -> float:
        calls.append(factors)
        return float(factors["seed"])

    found = objective(loss, over=over).values(POINTS[:2], [4, 9], nothing)
    assert found.tolist() == [[4, 9], [4, 9]]
    assert calls == [
        {name: getattr(point, name) for name in names} | {"seed": seed} for point in POINTS[:2] for seed in (4, 9)
    ]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_median_so_far_is_reported_after_each_seed_but_the_last(direction: str) -> None:
    values = {7: math.nan, 2: 5.0, 3: 1.0, 9: 2.0, 4: 4.0}
    reports: list[tuple[int, float]] = []
    ticks: list[int] = []
    found = objective(lambda multiplier, learning_rate, seed: values[seed], direction=direction).attempt(
        POINTS[0], list(values), lambda step, value: reports.append((step, value)), ticks.append
    )
    np.testing.assert_equal(found, list(values.values()))
    # not a number is the worst: after the first nothing can be said, after the third it is the median of 1, 5 and it
    expected = {"minimize": [(3, 5.0), (4, 3.5)], "maximize": [(3, 1.0), (4, 1.5)]}
    assert reports == expected[direction]
    assert ticks == [1] * 5


def test_a_seed_that_raises_ends_a_trial_but_costs_a_place_of_the_profile_that_seed_alone() -> None:
    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        if seed == 1:
            raise ValueError("no luck")
        return float(seed)

    ticks: list[int] = []
    np.testing.assert_equal(objective(loss).values(POINTS[:1], [0, 1, 2], ticks.append), [[0, np.nan, 2]])
    assert ticks == [1, 1, 1]
    with pytest.raises(Failed, match="seed 1: ValueError: no luck"):
        objective(loss).attempt(POINTS[0], [0, 1, 2], lambda *_: None, nothing)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_of_the_objective_is_not_caught(interrupt: type[BaseException]) -> None:
    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        raise interrupt

    with pytest.raises(interrupt):
        objective(loss).values(POINTS, [0], nothing)
