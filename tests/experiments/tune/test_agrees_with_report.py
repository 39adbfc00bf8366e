"""A tuning and a report of the same runs say the same, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_rows import run

import headstart as hs
from headstart.experiments.analysis.groups import groups
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.tune.confirm import Checked
from headstart.experiments.tune.tunables import Point

VALUES = st.lists(st.floats(0, 1) | st.just(float("inf")) | st.just(float("nan")), min_size=2, max_size=16)


@pytest.mark.parametrize("name", ["final_cost", "test_accuracy", "train_accuracy"])
@given(values=VALUES, random=st.randoms(use_true_random=False))
def test_the_same_values_have_the_same_median_and_interval(name: str, values: list[float], random: Any) -> None:
    metric = METRICS[name]
    told = metric.spread(Checked(Point(1.0, 0.1), np.array(values), True).values)
    rows = [run(scheme="he", seed=seed, **{name: value}) for seed, value in enumerate(values)]
    (group,) = groups(random.sample(rows, len(rows)), ["scheme"], metric)
    np.testing.assert_equal([group.median, group.low, group.high], [told["median"], told["low"], told["high"]])


def test_the_fresh_seeds_of_a_tuning_are_the_runs_of_a_study() -> None:
    found = hs.tune("he", over="multiplier", learning_rate=0.3, trials=3, seeds=5, steps=60, profile=3)
    study = hs.study(
        scheme="he", multiplier=[row["multiplier"] for row in found.winner.profile["multiplier"]], learning_rate=0.3,
        steps=60, seed=[9, 7, 5, 6, 8],
    )  # fmt: skip
    study.run()
    told = groups(study.rows(), ["multiplier"], METRICS["final_cost"])
    assert [(group.median, group.low, group.high) for group in told] == [
        tuple(row["final_cost"][end] for end in ("median", "low", "high")) for row in found.winner.profile["multiplier"]
    ]
