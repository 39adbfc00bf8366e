"""The published run of the course's exercise, replayed: every number of course.json (from public notebooks)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from headstart.experiments.compare.presets import course_start
from headstart.experiments.network import network_for
from headstart.schemes import scheme
from headstart.verbs.compare import Comparison, compare_course

COURSE = json.loads(Path(__file__).with_name("course.json").read_text())


@pytest.fixture(scope="module")
def replay() -> Comparison:
    return compare_course()


def test_costs_are_recorded_where_the_notebooks_print_them(replay: Comparison) -> None:
    assert replay.recorded_steps == COURSE["iterations"]


def test_he_meets_all_fifteen_costs(replay: Comparison) -> None:
    (run,) = replay.of("he")
    np.testing.assert_allclose(run.costs, [float(cost) for cost in COURSE["he"]["costs"]], rtol=1e-12)


def test_zeros_stay_at_ln_2(replay: Comparison) -> None:
    (run,) = replay.of("zeros")
    assert np.abs(run.costs - math.log(2)).max() < 4e-15


def test_too_large_weights_start_at_infinity_and_stay_in_the_published_band(replay: Comparison) -> None:
    (run,) = replay.of("normal(10)")
    published = COURSE["normal(10)"]
    assert math.isinf(run.costs[0])
    assert run.diverged_at is None
    # The run is chaotic: published copies differ in the third digit, and a band of three copies is no hard bound.
    assert (run.costs[1:] > 0.999 * np.array(published["costs_from_1000_min"])).all()
    assert (run.costs[1:] < 1.001 * np.array(published["costs_from_1000_max"])).all()


@pytest.mark.parametrize("name", ["zeros", "normal(10)", "he"])
def test_accuracies(replay: Comparison, name: str) -> None:
    (run,) = replay.of(name)
    assert run.train_accuracy == pytest.approx(COURSE[name]["train_accuracy"], abs=1e-12)
    assert run.test_accuracy == pytest.approx(COURSE[name]["test_accuracy"], abs=1e-12)


def test_verdicts(replay: Comparison) -> None:
    assert [row["verdict"] for row in replay.summary()] == ["symmetric", "saturated", "healthy"]


@pytest.mark.parametrize(("spec", "sizes"), [("normal(10)", (3, 2, 1)), ("he", (2, 4, 1))])
def test_the_exercises_own_unit_checks_of_the_weights(spec: str, sizes: tuple[int, ...]) -> None:
    network = network_for(sizes[0], sizes[-1], "binary", sizes[1:-1], "relu")
    layers = network.unflatten(course_start(network, scheme(spec)))
    published = COURSE["unit_checks"][f"{'random' if spec != 'he' else 'he'}({list(sizes)})".replace(" ", "")]
    for (weights, biases), name in zip(layers, ("W1", "W2"), strict=True):
        np.testing.assert_allclose(weights, published[name], atol=5e-9)
        assert not biases.any()
