"""The rules of a tuning's settings, each just inside and just outside."""

from __future__ import annotations

import math
from typing import Any

import pytest

import headstart as hs
from headstart.experiments.tune.settings import FACTORS, TuneSettings, tune_settings


@pytest.mark.parametrize(
    ("inside", "outside"),
    [({"trials": 1}, {"trials": 0}), ({"seeds": 2}, {"seeds": 1}), ({"profile": 3}, {"profile": 2}),
     ({"multiplier_range": (1e-9, 1.0)}, {"multiplier_range": (0.0, 1.0)}),
     ({"multiplier_range": (1.0, math.nextafter(1.0, 2))}, {"multiplier_range": (1.0, 1.0)}),
     ({"learning_rate_range": (0.1, 1e30)}, {"learning_rate_range": (0.1, 1e31)}),
     ({"learning_rate_range": (1, 10)}, {"learning_rate_range": (1, math.nan)}),
     ({"metric": "steps_to_target", "target": 5e-324}, {"metric": "steps_to_target", "target": 0.0}),
     ({"metric": "steps_to_target", "target": 1}, {"metric": "steps_to_target", "target": True}),
     ({"metric": "steps_to_target", "target": 1e300}, {"metric": "steps_to_target", "target": math.inf}),
     ({"over": "multiplier", "learning_rate": 0.1}, {"over": FACTORS[::-1], "learning_rate": 0.1}),
     ({"over": "learning_rate", "learning_rate": 0.1}, {"learning_rate": 0.1}),
     ({"objective": "f", "direction": "maximize"}, {"direction": "maximize"}),
     ({"objective": "f", "learning_rate_range": (1, 2)}, {"objective": "f", "steps": 10}),
     ({"schemes": ["he", "xavier"]}, {"schemes": ["he", "xavier"], "objective": "f"}),
     ({"schemes": ["he", "he*2"]}, {"schemes": ["he", "he"]}),
     ({"steps": 1}, {"steps": 0}), ({"batch_size": 1}, {"batch_size": 0}), ({"hidden": ()}, {"hidden": (0,)}),
     ({"sampler_seed": 0}, {"sampler_seed": -1}), ({"data_seed": 0}, {"data_seed": -1})],
)  # fmt: skip
def test_each_limit_on_both_sides(inside: dict[str, Any], outside: dict[str, Any]) -> None:
    tune_settings(**inside)
    with pytest.raises(hs.InputError):
        tune_settings(**outside)


@pytest.mark.parametrize(
    "name",
    [
        "data",
        "label",
        "hidden",
        "activation",
        "steps",
        "optimizer",
        "batch_size",
        "dtype",
        "data_seed",
        "target",
        "metric",
    ],
)
def test_an_objective_refuses_each_setting_of_the_labs_training(name: str) -> None:
    with pytest.raises(hs.InputError, match=f"^{name} says how the lab trains"):
        tune_settings(objective="f", **{name: 1})


def test_axes_stand_in_one_order_and_the_first_is_the_question() -> None:
    both = tune_settings(over=["learning_rate", "multiplier"])
    assert both.over == ("multiplier", "learning_rate")
    assert [tune_settings(over=over).main for over in (FACTORS, "multiplier", "learning_rate")] == [
        "multiplier", "multiplier", "learning_rate",
    ]  # fmt: skip
    assert both.range_of("multiplier") == (0.125, 8.0)
    assert both.range_of("learning_rate") == (1e-3, 10.0)


def test_the_metric_is_the_one_that_is_named_or_the_objectives() -> None:
    assert [tune_settings(metric=name).measured.name for name in ("final_cost", "test_accuracy", "train_accuracy")] == [
        "final_cost", "test_accuracy", "train_accuracy",
    ]  # fmt: skip
    own = tune_settings(objective="f", direction="maximize").measured
    assert (own.name, own.higher_is_better) == ("objective", True)


def test_the_identity_has_all_but_what_only_says_how_far_the_search_goes() -> None:
    settings = tune_settings()
    assert set(settings.identity("he")) == set(TuneSettings.model_fields) - {"schemes", "trials", "profile"} | {
        "scheme"
    }
    own = tune_settings(objective="f").identity("he")
    assert set(own) == {"scheme", "over", "seeds", "multiplier_range", "learning_rate_range", "learning_rate",
                        "sampler_seed", "objective", "direction"}  # fmt: skip
