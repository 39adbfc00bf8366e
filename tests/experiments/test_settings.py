"""Settings: defaults, canonical forms, and one clear sentence for each broken rule."""

from __future__ import annotations

import math

import pytest

from headstart import InputError, he
from headstart.experiments.settings import CompareSettings, compare_settings


def test_defaults_are_the_courses_network_and_data() -> None:
    settings = CompareSettings()
    assert (settings.data, settings.hidden, settings.activation) == ("circles", (10, 5), "relu")
    assert (settings.steps, settings.learning_rate, settings.seeds, settings.every) == (15_000, 0.01, 16, 100)


def test_schemes_are_canonical() -> None:
    assert compare_settings(schemes=[he * 2, " NORMAL(10.0) "]).schemes == ("he*2", "normal(10)")
    assert compare_settings(learning_rate=1, hidden=[]).hidden == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seeds": 0}, "seeds: .* greater than or equal to 1, got 0"),
        ({"seeds": 2.5}, "seeds: .*integer, got 2.5"),
        ({"seeds": True}, "seeds: .*integer, got True"),
        ({"steps": 0}, "steps: .* got 0"),
        ({"record_every": 0}, "record_every: .* got 0"),
        ({"learning_rate": -0.1}, "learning rate must be positive and finite, got -0.1"),
        ({"learning_rate": 0}, "learning rate must be positive"),
        ({"learning_rate": math.nan}, "learning rate must be positive and finite, got nan"),
        ({"learning_rate": "fast"}, "learning_rate: .*number, got 'fast'"),
        ({"hidden": (10, 0)}, "every hidden layer needs at least one unit, got 10,0"),
        ({"hidden": (10, -5)}, "every hidden layer"),
        ({"hidden": 10}, "hidden must be a list, got 10. Write \\(10, 5\\)"),
        ({"hidden": (2.5,)}, "hidden.0: .* got 2.5"),
        ({"schemes": []}, "at least one scheme"),
        ({"schemes": "he"}, "schemes must be a list, got 'he'"),
        ({"schemes": ["he", "he*1"]}, "scheme 'he' is given twice"),
        ({"schemes": ["hee"]}, "Did you mean 'he'"),
        ({"activation": "rellu"}, "Did you mean 'relu'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"batch_size": 0}, "batch_size: .* got 0"),
        ({"dtype": "float16"}, "dtype: .*'float32' or 'float64', got 'float16'"),
        ({"data_seed": -1}, "data_seed"),
        ({"sedes": 3}, "unknown setting 'sedes'. Did you mean 'seeds'"),
    ],
)
def test_broken_rules(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compare_settings(**given)


def test_every_broken_rule_is_named() -> None:
    with pytest.raises(InputError, match=r"seeds: .* steps: "):
        compare_settings(seeds=0, steps=0)
