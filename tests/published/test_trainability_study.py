"""The example study asks for the grid its page speaks of, and a corner of it trains as the picture shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headstart.experiments.analysis.factors import value
from headstart.experiments.sweep.runs import distinct_runs
from headstart.experiments.sweep.settings import read_study
from headstart.verbs.study import study

FILE = Path(__file__).parents[2] / "docs" / "studies" / "trainability.toml"


def test_the_grid_is_the_pages() -> None:
    settings = read_study(FILE)
    assert settings.asked == len(distinct_runs(settings)) == 2730
    np.testing.assert_allclose(np.square(settings.multiplier), np.linspace(1, 4, 21), rtol=1e-11)
    assert settings.sigma_b[0] ** 2 == pytest.approx(0.05)
    assert (min(settings.depth), max(settings.depth)) == (10, 190)


def test_networks_of_fifty_layers_learn_at_the_critical_point_and_nowhere_else() -> None:
    """One seed of depth 55 (page: 6 xi_c is 22 at 1, infinite at 1.76): about 95 % against chance, so one is enough.

    The weight variance 1 is the twin: the same network with too small weights must not learn.
    """
    whole = read_study(FILE)
    keys = {"data", "activation", "width", "sigma_b", "optimizer", "learning_rate", "batch_size", "steps"}
    corner = study(
        {key: getattr(whole, key) for key in keys},
        depth=55,
        scheme="orthogonal",
        seed=0,
        multiplier=[1.0, 1.322875655532],
    )
    corner.run()
    accuracy = {value(row, "sigma_w2"): row["train_accuracy"] for row in corner.rows()}
    assert accuracy[1.75] > 0.85
    assert accuracy[1.0] < 0.25
