"""What a tuning refuses, and what it says then."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

import pytest
from tunings import QUICK, valley

import headstart as hs


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schemes": "hee"}, "Did you mean 'he'"),
        ({"metric": "final_csot"}, "Did you mean 'final_cost'"),
        ({"over": "multipler"}, "Did you mean 'multiplier'"),
        ({"over": ()}, "at least one of multiplier"),
        ({"over": 3}, "at least one of multiplier, learning_rate, got 3"),
        ({"over": ("multiplier", "multiplier")}, "each factor once"),
        ({"trials": 0}, "trials: .*greater than or equal to 1, got 0"),
        ({"seeds": 1}, "seeds: .*greater than or equal to 2, got 1"),
        ({"profile": 2}, "profile: .*greater than or equal to 3"),
        ({"multiplier_range": (2, 1)}, "the smaller first, got 2 to 1"),
        ({"multiplier_range": (0, 1)}, "two positive numbers"),
        ({"multiplier_range": 3}, "must be two numbers, got 3"),
        ({"learning_rate_range": (0.1, math.inf)}, "two positive numbers"),
        ({"learning_rate_range": "fast"}, "must be two numbers"),
        ({"metric": "steps_to_target"}, "only it has one; got none"),
        ({"target": 0.1}, "got 0.1 with metric 'final_cost'"),
        ({"metric": "steps_to_target", "target": -1}, "must be a positive, finite number, got -1"),
        ({"learning_rate": 0.1}, "either tuned or given"),
        ({"direction": "maximize"}, "for a function of your own"),
        ({"direction": "up"}, "direction: "),
        ({"batch_size": 301}, "at most all 300 samples"),
        ({"data": "cirlces"}, "Did you mean 'circles'"),
        ({"objective": 3}, "a function of your own, got 3"),
        ({"objective": lambda multiplier: 1.0}, "called with multiplier=..., learning_rate=..., seed=..."),
        ({"objective": valley(1.0), "data": "moons"}, "data says how the lab trains"),
        ({"objective": valley(1.0), "schemes": ["he", "xavier"]}, "one scheme at a time"),
        ({"objective": lambda **factors: "low"}, "must return a number, got 'low'"),
        ({"objective": lambda **factors: math.nan}, "none of the 60 trials of he gave a number; the last: not finite"),
        ({"objective": lambda **factors: 1 / 0}, "ZeroDivisionError: division by zero"),
        ({"metric": "steps_to_target", "target": 1e-9, "trials": 3, "steps": 20}, "Write a higher target"),
    ],
)  # fmt: skip
def test_what_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.tune(**given)


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(hs.InputError, match=r"pip install 'headstart\[tune\]'"):
        hs.tune("he", **QUICK)


def test_no_warning_of_optunas_reaches_the_user() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hs.tune("he", **QUICK)
