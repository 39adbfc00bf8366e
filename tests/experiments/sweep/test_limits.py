"""Each limit of a study file just inside and just outside, each default, and the order of the runs."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart import InputError
from headstart.experiments.sweep import factors
from headstart.experiments.sweep.factors import read_factor
from headstart.experiments.sweep.runs import distinct_runs
from headstart.experiments.sweep.settings import FACTORS, read_study, study_schema, study_settings

TINY, HUGE, WHOLE = 5e-324, 1.7976931348623157e308, 2**31 - 1
# factor -> values at the edge that are read, values beyond it that are refused
EDGES: dict[str, tuple[list[Any], list[Any]]] = {
    "hidden": ([[1], [WHOLE], [], (3, 4)], [[0], [2**31], [True], [2.0], 3, "3"]),
    "depth": ([1, WHOLE], [0, 2**31, 1.0, True, None, "1"]),
    "width": ([1, WHOLE], [0, 2**31, 1.0, True, None]),
    "batch_size": ([1, WHOLE, "all"], [0, 2**31, "All", None, True, 1.0]),
    "steps": ([1, WHOLE], [0, 2**31, 1.0, True]),
    "multiplier": ([TINY, HUGE, 1], [0, 0.0, -TINY, math.inf, math.nan, True, "1"]),
    "sigma_b": ([0, 0.0, TINY, HUGE], [-TINY, math.inf, math.nan, False, "0"]),
    "learning_rate": ([TINY, HUGE, 1], [0, -TINY, math.inf, math.nan, True]),
    "seed": ([0, 2**63 - 1], [-1, 2**63, 0.0, True, "0"]),
    "data": (["digits", "circles(samples=10, noise=0.05)"], ["circles(samples=9)", 3, None, ""]),
    "scheme": (["he", "he*1e-300"], ["he*0", "he*-1", 3, None, ""]),
    "activation": (["relu"], ["rellu", 3, None]),
    "optimizer": (["sgd", "momentum(0)"], ["momentum(1)", "sgdd", 3, None]),
}


def read(factor: str, given: Any) -> tuple[Any, ...]:
    return read_factor(factor, given, FACTORS[factor])


@pytest.mark.parametrize("factor", EDGES)
def test_a_factor_takes_the_values_at_its_edge_and_none_beyond(factor: str) -> None:
    inside, outside = EDGES[factor]
    for value in inside:
        (found,) = read(factor, value)
        assert found == (tuple(value) if isinstance(value, list) else value)
        assert read(factor, [value]) == (found,)
    for value in outside:
        with pytest.raises(InputError, match=f"^{factor}(:| must be)"):
            read(factor, value)
        if not (factor == "hidden" and isinstance(value, list)):
            with pytest.raises(InputError, match=rf"^{factor}\[1\](:| must be)"):
                read(factor, [inside[0], value])


def test_every_factor_has_its_edges_here() -> None:
    assert set(EDGES) == set(FACTORS)


def test_numbers_are_read_as_one_type() -> None:
    """1 and 1.0 are one run, and minus zero is zero."""
    for factor in ("multiplier", "learning_rate", "sigma_b"):
        (value,) = read(factor, 1)
        assert type(value) is float
    assert math.copysign(1, read("sigma_b", -0.0)[0]) == 1
    for factor, written in [("depth", {"linear": [1, 9], "count": 3}), ("seed", {"log": [1, 100], "count": 3})]:
        assert {type(value) for value in read(factor, written)} == {int}


# --- ranges ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(-5, 45), st.integers(-4, 4))
def test_a_range_is_counted_from_its_first_number_and_leaves_out_its_end(first: int, end: int, step: int) -> None:
    expected, value = [], first
    while step and (value < end if step > 0 else value > end):
        expected.append(value)
        value += step
    if expected and min(expected) >= 0:
        assert read("seed", {"range": [first, end, step]}) == tuple(expected)
        if step == 1:
            assert read("seed", {"range": [first, end]}) == tuple(expected)
    else:
        with pytest.raises(InputError):
            read("seed", {"range": [first, end, step]})


@given(
    st.floats(0.001, 1000).map(lambda x: float(f"{x:.5g}")),
    st.floats(0.001, 1000).map(lambda x: float(f"{x:.5g}")),
    st.integers(2, 30),
    st.sampled_from(["linear", "log"]),
)
def test_a_spaced_factor_is_that_of_arithmetic_without_rounding(
    first: float, last: float, count: int, form: str
) -> None:
    """Up to twelve significant digits; upwards and downwards, both ends included."""
    if abs(last / first - 1) < 1e-3:
        return
    values = read("learning_rate", {form: [first, last], "count": count})
    assert len(values) == count
    with mpmath.workdps(40):
        for place, value in enumerate(values):
            share = Fraction(place, count - 1)
            share = mpmath.mpf(share.numerator) / share.denominator
            a, b = mpmath.mpf(first), mpmath.mpf(last)
            exact = a + (b - a) * share if form == "linear" else a * (b / a) ** share
            assert abs(value - exact) <= abs(exact) * mpmath.mpf(10) ** -11 / 2
            assert value == float(f"{value:.12g}")


def test_twelve_digits_are_kept() -> None:
    assert read("multiplier", {"linear": [1, 2], "count": 4}) == (1.0, 1.33333333333, 1.66666666667, 2.0)


def test_the_longest_factor_and_one_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert factors.LONGEST == 1_000_000
    monkeypatch.setattr(factors, "LONGEST", 5)
    for form in ("linear", "log"):
        assert len(read("multiplier", {form: [1, 2], "count": 5})) == 5
        assert read("multiplier", {form: [1, 2], "count": 2}) == (1.0, 2.0)
        for count in (6, 1, 0, -2, True, 2.0, "3", None):
            with pytest.raises(InputError, match=r"multiplier.count must be a whole number from 2 to 5, got"):
                read("multiplier", {form: [1, 2], "count": count})
    assert read("seed", {"range": [0, 5]}) == (0, 1, 2, 3, 4)
    assert read("seed", {"range": [7, 8]}) == (7,)
    for values in (0, 6):
        with pytest.raises(InputError, match=rf"seed.range holds {values} values, got \[0, {values}\]"):
            read("seed", {"range": [0, values]})


@pytest.mark.parametrize(
    ("factor", "given"),
    [
        ("multiplier", {"linear": [math.inf, 1], "count": 3}), ("multiplier", {"linear": [1, True], "count": 3}),
        ("multiplier", {"linear": [1, 2, 3], "count": 3}), ("multiplier", {"linear": 3, "count": 3}),
        ("multiplier", {"log": [1, math.nan], "count": 3}), ("multiplier", {"log": [1, 0], "count": 3}),
        ("multiplier", {"log": [-1, -2], "count": 3}), ("multiplier", {"linear": [2, 2], "count": 3}),
        ("multiplier", {"linear": [0, 1], "count": 3}), ("multiplier", {"range": [1, 2], "count": 3}),
        ("seed", {"range": [0, 3], "count": 3}), ("seed", {"range": [0, 9, 3, 1]}), ("seed", {"range": [0, True]}),
        ("seed", {"range": [0.0, 3]}), ("seed", {"range": 3}), ("seed", {}), ("multiplier", {"count": 3}),
        ("hidden", {"range": [0, 3]}), ("seed", {"range": []}), ("multiplier", []), ("hidden", [[1], 2]),
    ],
)  # fmt: skip
def test_ranges_that_are_none(factor: str, given: Any) -> None:
    with pytest.raises(InputError, match=factor):
        read(factor, given)


def test_a_linear_factor_may_begin_at_zero_where_zero_is_a_value() -> None:
    assert read("sigma_b", {"linear": [0, 1], "count": 3}) == (0.0, 0.5, 1.0)
    assert read("sigma_b", {"linear": [1, 0], "count": 3}) == (1.0, 0.5, 0.0)


def test_a_value_is_twice_in_a_factor_whatever_stands_between() -> None:
    for factor, written in [("seed", [3, 1, 3]), ("multiplier", [1, 2, 1.0]), ("hidden", [[1, 2], [3], (1, 2)]),
                        ("scheme", ["he", "zeros", "HE"]), ("sigma_b", [0.0, -0.0])]:  # fmt: skip
        with pytest.raises(InputError, match=rf"{factor} has the value .* twice. Leave one out"):
            read(factor, written)
    with pytest.raises(InputError, match=r"hidden has the value \[1, 2\] twice"):
        read("hidden", [[3], [1, 2], [1, 2]])
    with pytest.raises(InputError, match=r"seed has the value 4 twice"):
        read("seed", [3, 4, 5, 4])


# --- other keys ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("data_seed", [0, 2**31 - 1], [-1, 2**31, 0.0, True]),
        ("target", [TINY, HUGE, 1], [0, -1, math.inf, math.nan, "1"]),
        ("dtype", ["float32", "float64"], ["float16", "Float32", 32]),
        ("name", ["n"], ["", 3]),
        ("label", ["y"], [3]),
    ],
)
def test_other_keys_at_their_limits(key: str, inside: list[Any], outside: list[Any]) -> None:
    for value in inside:
        assert getattr(study_settings(**{key: value}), key) == value
    for value in outside:
        with pytest.raises(InputError, match=f"^(unknown )?{key}[: ]"):
            study_settings(**{key: value})


@pytest.mark.parametrize(
    "given",
    [
        {"seed": -1}, {"depth": 0, "width": 3}, {"multiplier": 0}, {"sigma_b": -1}, {"hidden": [0]}, {"batch_size": 0},
        {"batch_size": "some"}, {"seed": {"range": [0]}}, {"seed": {"range": [0, 1, 2, 3]}}, {"scheme": 3},
        {"seed": {"linear": [0, 3], "count": 1}}, {"multiplier": {"range": [0, 3]}}, {"multiplier": {"log": [1]}},
        {"seed": {"range": [0, 3], "count": 2}}, {"hidden": {"range": [0, 3]}}, {"data_seed": -1}, {"target": 0},
        {"data_seed": 2**31},
    ],
)  # fmt: skip
def test_the_schema_knows_the_limits_too(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        study_settings(**given)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, study_schema())


@pytest.mark.parametrize("factor", FACTORS)
def test_the_schema_admits_every_notation_of_a_factor(factor: str) -> None:
    schema = study_schema()
    single = EDGES[factor][0][0]
    forms: list[Any] = [single, [single]]
    if factor in ("depth", "width", "batch_size", "steps", "seed"):
        forms += [{"range": [1, 3]}, {"range": [3, 1, -1]}]
    if factor not in ("data", "hidden", "activation", "optimizer", "scheme"):
        forms += [{"linear": [1, 3], "count": 2}, {"log": [1, 4], "count": 3}]
    beside = {"depth": {"width": 3}, "width": {"depth": 3}}.get(factor, {})
    for form in forms:
        jsonschema.validate({factor: form, **beside}, schema)
        assert study_settings(**{factor: form, **beside}).asked > 0


def test_the_schema_tells_every_default() -> None:
    properties = study_schema()["properties"]
    given = {key: found["default"] for key, found in properties.items() if found.get("default") is not None}
    assert json.loads(json.dumps(given)) == {
        "data": ["circles"], "activation": ["relu"], "optimizer": ["sgd"], "batch_size": ["all"], "steps": [15_000],
        "scheme": ["he"], "multiplier": [1.0], "sigma_b": [0.0], "learning_rate": [0.01], "seed": list(range(10)),
        "data_seed": 0, "dtype": "float32", "zip": [],
    }  # fmt: skip
    assert all(found["description"] for found in properties.values())


# --- the runs --------------------------------------------------------------------------------------------------------

ORDER = ("data", "hidden", "depth", "width", "activation", "optimizer", "batch_size", "steps", "scheme", "multiplier",
         "sigma_b", "learning_rate", "seed")  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "data": ["moons", "circles"], "activation": ["tanh", "relu"], "optimizer": ["sgd", "adam"],
    "batch_size": [4, "all"], "steps": [2, 1], "scheme": ["zeros", "he"], "multiplier": [2.0, 0.5],
    "sigma_b": [0.1, 0.0], "learning_rate": [0.2, 0.1], "seed": [1, 0], "depth": [2, 1], "width": [3, 2],
}  # fmt: skip


@given(st.sets(st.sampled_from(sorted(VALUES)), max_size=4), st.randoms(use_true_random=False))
def test_runs_go_through_the_factors_the_last_the_fastest(names: set[str], random: Any) -> None:
    """Whatever the order of the keys in the file: that of the page counts."""
    names |= {"depth", "width"} if names & {"depth", "width"} else set()
    keys = random.sample(sorted(names), len(names))
    study = study_settings(**{name: VALUES[name] for name in keys}, **({} if "seed" in names else {"seed": 7}))
    ordered = [name for name in ORDER if name in names]
    expected = [dict(zip(ordered, point, strict=True)) for point in itertools.product(*(VALUES[n] for n in ordered))]
    assert [{name: point[name] for name in ordered} for point in study.points()] == expected
    assert study.asked == len(expected)


def test_zipped_factors_move_with_the_first_of_them_and_the_others_as_ever() -> None:
    study = study_settings(
        width=[8, 16, 32], depth=3, learning_rate=[0.1, 0.05, 0.02], seed=[5, 6], steps=[1, 2], scheme=["he", "ones"],
        sigma_b=[0.3, 0.2, 0.1], zip=[["learning_rate", "width", "sigma_b"]],
    )  # fmt: skip
    expected = [
        (width, rate, sigma_b, steps, scheme, seed)
        for width, rate, sigma_b in [(8, 0.1, 0.3), (16, 0.05, 0.2), (32, 0.02, 0.1)]
        for steps in (1, 2) for scheme in ("he", "ones") for seed in (5, 6)
    ]  # fmt: skip
    keys = ("width", "learning_rate", "sigma_b", "steps", "scheme", "seed")
    assert [tuple(point[key] for key in keys) for point in study.points()] == expected
    assert study.asked == 24 == len(distinct_runs(study))


def test_two_groups_move_apart() -> None:
    study = study_settings(
        seed=[1, 2],
        steps=[3, 4],
        scheme=["he", "ones"],
        sigma_b=[0.1, 0.2],
        zip=[["seed", "scheme"], ["steps", "sigma_b"]],
    )
    found = [(p["steps"], p["sigma_b"], p["scheme"], p["seed"]) for p in study.points()]
    assert found == [(3, 0.1, "he", 1), (3, 0.1, "ones", 2), (4, 0.2, "he", 1), (4, 0.2, "ones", 2)]
    assert study.asked == 4


def test_a_hundred_thousand_runs_and_one_more() -> None:
    inside = hs.study(seed={"range": [0, 25_000]}, steps=[1, 2], multiplier=[1, 2])
    assert inside.settings.asked == 100_000
    with pytest.raises(InputError, match=r"asks for 100,001 runs, more than 100,000. Shorten a factor, or say"):
        hs.study(seed={"range": [0, 100_001]})
    assert hs.study(seed={"range": [0, 100_001]}, many=True).settings.asked == 100_001


@pytest.mark.parametrize(("layers", "too_much"), [({"depth": 1}, "depth"), ({"width": 1}, "width"),
                                                  ({"depth": 1, "width": 1}, "depth")])  # fmt: skip
def test_layers_are_said_in_one_way(layers: dict[str, int], too_much: str) -> None:
    with pytest.raises(InputError, match=f"so {too_much} is too much"):
        study_settings(hidden=[3], **layers)


def test_a_study_has_the_name_in_its_file_or_that_of_the_file(tmp_path: Path) -> None:
    for name, text, expected in [("a.b.toml", "seed = 1", "a.b"), ("c.JSON", "{}", "c"), ("d.TOML", "name = 'e'", "e"),
                                 ("f.json", '{"name": "g"}', "g")]:  # fmt: skip
        (tmp_path / name).write_text(text)
        assert read_study(tmp_path / name).name == expected
        assert hs.study(tmp_path / name).name == expected
    assert hs.study().name == "study"


def test_a_study_is_stored_beside_its_file_or_where_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("seed = 1")
    assert str(hs.study(tmp_path / "a.toml").store) == str(tmp_path / "a.db")
    assert str(hs.study(str(tmp_path / "a.toml"), tmp_path / "c.x").store) == str(tmp_path / "c.x")
    assert str(hs.study(seed=1).store) == "memory"


def test_keys_given_as_arguments_go_before_those_of_a_mapping() -> None:
    study = hs.study({"seed": [1, 2], "steps": 3}, seed=[4])
    assert (study.settings.seed, study.settings.steps) == ((4,), (3,))
