"""Settings: defaults, canonical forms, and one clear sentence for each broken rule."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from headstart import InputError, he
from headstart.experiments.settings import CompareSettings, compare_settings
from headstart.experiments.tune.settings import tune_settings


def test_defaults_are_the_courses_network_and_data() -> None:
    settings = CompareSettings()
    assert (settings.data, settings.hidden, settings.activation) == ("circles", (10, 5), "relu")
    assert (settings.steps, settings.learning_rate, settings.seeds, settings.every) == (15_000, 0.01, 16, 100)


def test_every_default_is_the_documented_one() -> None:
    assert CompareSettings().model_dump() == {
        "schemes": ("zeros", "normal(10)", "normal(0.01)", "xavier", "he"), "data": "circles", "label": None,
        "hidden": (10, 5), "activation": "relu", "seeds": 16, "steps": 15_000, "learning_rate": 0.01,
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
    with pytest.raises(InputError, match=r"^steps: .* seeds: "):
        compare_settings(seeds=0, steps=0)


NUMPYS: dict[str, object] = {
    "seeds": np.int64(2), "steps": np.int32(30), "hidden": (np.int64(4), np.uint8(3)), "learning_rate": np.float32(0.5),
    "record_every": np.int16(10), "data_seed": np.uint64(0), "batch_size": np.int8(16), "dtype": np.float32,
    "activation": np.str_("tanh"), "tune_learning_rate": np.False_, "schemes": np.array(["he"]),
}  # fmt: skip


def test_numpys_numbers_texts_and_types_are_pythons() -> None:
    found = compare_settings(**NUMPYS)
    plain = compare_settings(
        seeds=2, steps=30, hidden=(4, 3), learning_rate=0.5, record_every=10, batch_size=16, activation="tanh",
        schemes=["he"],
    )  # fmt: skip
    assert found == plain
    assert json.dumps(found.model_dump(mode="json")) == json.dumps(plain.model_dump(mode="json"))
    assert CompareSettings(**{**NUMPYS, "schemes": ("he",)}) == plain
    for dtype in (np.dtype("float64"), np.float64, float, "float64"):
        assert compare_settings(dtype=dtype).dtype == "float64"
    assert compare_settings(hidden=np.array([4, 3])).hidden == (4, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"steps": 2**64}, "steps: .* less than or equal to 2147483647, got 18446744073709551616. Write, .* 15000"),
        ({"steps": 10**5000}, "steps: .* got a whole number of more than 1,000 digits"),
        ({"seeds": 2**31}, "seeds: .* less than or equal to 100000"),
        ({"seeds": 30_000}, "at most 100,000 runs, got 5 schemes times 30,000 seeds"),
        ({"hidden": (2**31,)}, r"at most 2\^31 - 1 units, got 2147483648"),
        ({"hidden": (10**5000,)}, r"at most 2\^31 - 1 units, got a whole number"),
        ({"hidden": (1,) * 20_000}, "hidden has at most 10,000 entries"),
        ({"hidden": range(2**31)}, "hidden has at most 10,000 entries"),
        ({"hidden": itertools.count(1)}, "hidden has at most 10,000 entries"),
        ({"schemes": itertools.repeat("he")}, "schemes has at most 10,000 entries"),
        ({"record_every": 2**64}, "record_every: .* got 18446744073709551616"),
        ({"batch_size": 2**31}, "batch_size: "),
        ({"data_seed": 2**31}, "data_seed: "),
        ({"learning_rate": 10**400}, "learning_rate: .*valid number"),
        ({"learning_rate": 1 + 2j}, "learning_rate: .*valid number"),
        ({"seeds": np.float64(2.0)}, "seeds: .*integer, got 2.0"),
        ({"seeds": np.True_}, "seeds: .*integer, got True"),
        ({"dtype": np.float16}, "dtype: .*'float32' or 'float64'"),
        ({"dtype": np.complex64}, "unknown dtype 'complex64'"),
        ({"dtype": 3}, "unknown dtype '3'"),
    ],
)
def test_limits_are_told(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compare_settings(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trials": 2**64}, "trials: .* less than or equal to 100000"),
        ({"seeds": 2**31}, "seeds: .* less than or equal to 10000"),
        ({"profile": 2**31}, "profile: .* less than or equal to 1000"),
        ({"sampler_seed": 2**31}, "sampler_seed: "),
        ({"multiplier_range": (1e-300, 1e300)}, "a range lies between 1e-30 and 1e\\+30"),
        ({"learning_rate_range": (0.1, 10**400)}, "learning_rate_range must be two numbers"),
        ({"multiplier_range": (0.1, 1j)}, "multiplier_range must be two numbers"),
        ({"metric": "steps_to_target", "target": 10**400}, "the target, a cost, must be a positive, finite number"),
    ],
)
def test_limits_of_a_tuning(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        tune_settings(schemes=["he"], **given)


def test_a_tuning_takes_numpys_numbers() -> None:
    found = tune_settings(
        schemes=["he"], trials=np.int64(3), seeds=np.int64(2), profile=np.int8(3), metric="steps_to_target",
        target=np.float32(0.5), multiplier_range=np.array([0.5, 2.0]), learning_rate_range=(np.int64(1), np.float32(2)),
    )  # fmt: skip
    assert (found.trials, found.target, found.multiplier_range) == (3, 0.5, (0.5, 2.0))
    assert found.learning_rate_range == (1.0, 2.0)
