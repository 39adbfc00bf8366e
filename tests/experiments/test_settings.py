"""Settings: defaults, canonical forms, and one clear sentence for each broken rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart import InputError, he
from headstart.experiments.settings import CompareSettings, compare_settings


def test_defaults_are_the_courses_network_and_data() -> None:
    settings = CompareSettings()
    assert (settings.data, settings.hidden, settings.activation) == ("circles", (10, 5), "relu")
    assert (settings.steps, settings.learning_rate, settings.seeds, settings.every) == (15_000, 0.01, 16, 100)


def test_every_default_is_the_documented_one() -> None:
    assert CompareSettings().model_dump() == {
        "schemes": ("zeros", "normal(10)", "normal(0.01)", "xavier", "he"), "data": "circles", "label": None,
        "features": None, "drop": None, "header": None, "task": None, "hidden": (10, 5), "activation": "relu",
        "seeds": 16, "steps": 15_000, "learning_rate": 0.01,
        "tune_learning_rate": False, "optimizer": "sgd", "batch_size": None, "record_every": None, "dtype": "float32",
        "data_seed": 0, "preset": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "every"),
    [({"steps": 1}, 1), ({"steps": 299}, 1), ({"steps": 300}, 2), ({"steps": 3000}, 20),
     ({"steps": 3000, "record_every": 7}, 7), ({"steps": 10, "record_every": 11}, 11)],
)  # fmt: skip
def test_about_150_costs_are_recorded_unless_told_otherwise(given: dict[str, int], every: int) -> None:
    assert compare_settings(**given).every == every


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("seeds", 1, 0), ("steps", 1, 0), ("record_every", 1, 0), ("batch_size", 1, 0), ("data_seed", 0, -1),
        ("data_seed", 2**31 - 1, 2**31), ("learning_rate", 5e-324, 0.0), ("learning_rate", 1.7e308, math.inf),
        ("hidden", (1,), (0,)), ("preset", "course", "exam"), ("dtype", "float64", "float128"),
        ("label", "species", 3), ("optimizer", "momentum(0)", "momentum(1)"),
    ],
)  # fmt: skip
def test_each_rule_holds_up_to_its_limit(name: str, inside: object, outside: object) -> None:
    assert getattr(compare_settings(**{name: inside}), name) == inside
    with pytest.raises(InputError):
        compare_settings(**{name: outside})


def test_canonical_forms_of_what_is_asked_for() -> None:
    found = compare_settings(activation=" ReLU ", optimizer="Momentum( 0.90 )", schemes=iter(["he*1.0"]), hidden=[3, 4])
    assert (found.activation, found.optimizer, found.schemes, found.hidden) == ("relu", "momentum", ("he",), (3, 4))
    assert isinstance(compare_settings(learning_rate=2).learning_rate, float)
    with pytest.raises(InputError, match=r"learning_rate: .*got True"):
        compare_settings(learning_rate=True)


def test_a_rate_is_either_given_or_tuned() -> None:
    assert not compare_settings(learning_rate=0.1, tune_learning_rate=False).tune_learning_rate
    assert compare_settings(tune_learning_rate=True).learning_rate == 0.01
    with pytest.raises(InputError, match=r"got 0\.1 and the wish to tune it"):
        compare_settings(learning_rate=0.1, tune_learning_rate=True)


def test_the_scheme_that_is_given_twice_is_named() -> None:
    with pytest.raises(InputError, match="scheme 'xavier' is given twice"):
        compare_settings(schemes=["he", "xavier", "zeros", "xavier*1"])


def test_one_item_alone_is_a_list_of_one() -> None:
    found = compare_settings(schemes="he*2", hidden=np.int64(7), features="length", drop="Id")
    assert (found.schemes, found.hidden, found.features, found.drop) == (("he*2",), (7,), ("length",), ("Id",))
    assert type(found.hidden[0]) is int
    assert compare_settings(schemes=he).schemes == ("he",)
    assert compare_settings(hidden=np.array([4, 5])).hidden == (4, 5)


def test_settings_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match="frozen"):
        CompareSettings().seeds = 3  # type: ignore[misc]


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
        ({"learning_rate": -0.1}, "learning rate must be a positive, finite number, got -0.1"),
        ({"learning_rate": 0}, "learning rate must be a positive, finite number"),
        ({"learning_rate": math.nan}, "learning rate must be a positive, finite number, got nan"),
        ({"learning_rate": "fast"}, "learning_rate: .*number, got 'fast'"),
        ({"hidden": (10, 0)}, "every hidden layer needs at least one unit, got 10,0"),
        ({"hidden": (10, -5)}, "every hidden layer"),
        ({"hidden": 2.5}, "hidden must be a list, got 2.5. Write \\(10, 5\\)"),
        ({"hidden": "10,5"}, "hidden must be a list, got '10,5'"),
        ({"drop": 3}, "drop must be a list, got 3"),
        ({"task": "words"}, "task: .*'classes' or 'numbers', got 'words'"),
        ({"header": "no"}, "header: .*got 'no'"),
        ({"hidden": (2.5,)}, "hidden.0: .* got 2.5"),
        ({"schemes": []}, "at least one scheme"),
        ({"schemes": 3}, "schemes must be a list, got 3"),
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
    with pytest.raises(InputError, match=r"^steps: .* seeds: "):
        compare_settings(seeds=0, steps=0)
