"""Identities: the same settings have one, other settings another, and the results behind them do not drift."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from headstart import InputError
from headstart.experiments.settings import compare_settings
from headstart.experiments.store.identity import compact, stored_identity
from headstart.experiments.sweep.chunks import run_chunk
from headstart.experiments.sweep.runs import ENGINE_FORMAT, Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings

# Values other than the default for every key that a result depends on.
OTHERS: dict[str, list[object]] = {
    "data": ["moons", "circles(noise=0.051)", "circles(samples=301)", "digits"],
    "hidden": [[4], [5, 10], [10, 5, 5], []],
    "activation": ["tanh", "leaky_relu", "leaky_relu(0.2)"],
    "optimizer": ["adam", "momentum", "momentum(0.8)", "nesterov", "adam(0.9, 0.99)"],
    "batch_size": [7, 300],
    "steps": [3, 31],
    "scheme": ["xavier", "he(mode=fan_out)", "he(distribution=uniform)", "zeros", "normal(0.5)"],
    "multiplier": [1.5, 1 + 2**-52, 1 - 2**-53],
    "sigma_b": [0.1, 5e-324],
    "learning_rate": [0.5, 0.01 + 2**-59],
    "seed": [1, 2**63 - 1],
    "data_seed": [1, 2**31 - 1],
    "dtype": ["float64"],
    "target": [0.2, 0.2 + 2**-55],
}  # fmt: skip
BASE = {"seed": 0, "steps": 30}


def the_run(**given: object) -> Identified:
    (run,) = distinct_runs(study_settings(**{**BASE, **given})).values()
    return run


def test_every_setting_changed_alone_is_another_identity() -> None:
    """Two floats next to each other too: they print alike in six digits, and are trained to other bits."""
    found = [the_run().id, *(the_run(**{key: value}).id for key, values in OTHERS.items() for value in values)]
    assert len(set(found)) == len(found) == 1 + sum(map(len, OTHERS.values()))


def test_the_label_column_is_part_of_the_identity(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("x,y,z\n" + "".join(f"{i},{i % 2},{i % 3}\n" for i in range(40)))
    assert len({the_run(data=str(table), label=label).id for label in (None, "x", "y", "z")}) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"scheme": ["normal(0.1)", "normal(0.10000000000000002)"]},
        {"multiplier": [0.3, 0.1 * 3]},
        {"scheme": "he*2", "multiplier": [0.1, 0.1 + 2**-56]},
        {"sigma_b": [1e-300, 1.0000000000000002e-300]},
        {"learning_rate": [0.1, 0.1 + 2**-56]},
        {"optimizer": ["momentum(0.9)", "momentum(0.9000000000000001)"]},
        {"activation": ["leaky_relu(0.1)", "leaky_relu(0.10000000000000002)"]},
        {"data": ["circles(noise=0.1)", "circles(noise=0.10000000000000002)"]},
    ],
)
def test_floats_that_print_alike_are_two_runs(values: dict[str, object]) -> None:
    assert len(distinct_runs(study_settings(**{**BASE, **values}))) == 2


def test_the_identity_is_kept_from_release_to_release() -> None:
    # If this fails, stores made before no longer know their runs: keep the text of the settings as it was.
    assert the_run().id == "31cd56649bf08f11158aeb5c91cb0e7f"


def test_the_results_behind_an_identity_are_kept() -> None:
    # If this fails, the engine's results have changed: raise ENGINE_FORMAT, so that old and new runs do not mix.
    (result,) = run_chunk([the_run(steps=200, dtype="float64", sigma_b=0.1, batch_size=32, activation="tanh")])
    assert result.final_cost == pytest.approx(0.6987304931698054, rel=1e-9)


def test_the_text_of_a_run_has_each_setting_in_its_own_place(tmp_path: Path) -> None:
    """No two values are equal, so that none can stand in another's place; and the identity is this text's hash."""
    table = tmp_path / "a table.csv"
    table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    content = hashlib.blake2b(table.read_bytes(), digest_size=16).hexdigest()
    run = the_run(
        data=str(table), label="y", data_seed=3, hidden=[4, 6], activation="tanh", optimizer="momentum(0.7)",
        batch_size=8, steps=9, dtype="float64", target=0.25, scheme="he(mode=fan_out)*2", multiplier=0.75, sigma_b=0.1,
        learning_rate=1e-07, seed=11,
    )  # fmt: skip
    expected = {
        "engine": ENGINE_FORMAT, "data": "a table.csv", "digest": content, "label": "y", "data_seed": 3,
        "hidden": [4, 6], "activation": "tanh", "optimizer": "momentum(0.7)", "batch_size": 8, "steps": 9,
        "dtype": "float64", "target": 0.25, "scheme": "he(mode=fan_out)", "multiplier": 1.5, "sigma_b": 0.1,
        "learning_rate": 1e-07, "seed": 11,
    }  # fmt: skip
    assert run.text == json.dumps(expected, separators=(",", ":"))
    assert run.id == stored_identity(expected)


def test_defaults_are_what_the_page_says_and_what_compare_has() -> None:
    run = next(iter(distinct_runs(study_settings()).values()))
    assert json.loads(run.text) == {
        "engine": ENGINE_FORMAT, "data": "circles", "digest": None, "label": None, "data_seed": 0, "hidden": [10, 5],
        "activation": "relu", "optimizer": "sgd", "batch_size": None, "steps": 15_000, "dtype": "float32",
        "target": None, "scheme": "he", "multiplier": 1.0, "sigma_b": 0.0, "learning_rate": 0.01, "seed": 0,
    }  # fmt: skip
    assert [run.run.seed for run in distinct_runs(study_settings()).values()] == list(range(10))
    shared = compare_settings().model_dump()
    settings = json.loads(run.text)
    for name in ("data", "data_seed", "activation", "optimizer", "batch_size", "steps", "dtype", "learning_rate"):
        assert settings[name] == shared[name], name
    assert tuple(settings["hidden"]) == shared["hidden"]


SAME: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"scheme": "he*2"}, {"scheme": "he", "multiplier": 2}),
    ({"scheme": "he*0.5", "multiplier": 2}, {"scheme": "HE", "multiplier": 1}),
    ({"scheme": "he(mode=fan_in)"}, {"scheme": "he"}),
    ({"scheme": "normal(std=0.10)"}, {"scheme": "normal(0.1)"}),
    ({"hidden": [8, 8]}, {"depth": 2, "width": 8}),
    ({"scheme": "zeros", "multiplier": 3}, {"scheme": "zeros"}),
    ({"scheme": "zeros*7"}, {"scheme": "zeros"}),
    ({"scheme": "constant(0)", "multiplier": 3}, {"scheme": "constant(0)"}),
    ({"scheme": "constant(-0.0)", "multiplier": 3}, {"scheme": "constant(-0.0)"}),
    ({"data": "circles(noise=0.050)"}, {"data": "circles( noise=0.05)"}),
    ({"data": "circles(200)"}, {"data": "circles(samples=200, noise=0.05)"}),
    ({"optimizer": "Momentum(0.90)"}, {"optimizer": "momentum"}),
    ({"optimizer": "adam(0.9, 0.999)"}, {"optimizer": "adam"}),
    ({"activation": "swish"}, {"activation": "silu"}),
    ({"learning_rate": 1}, {"learning_rate": 1.0}),
    ({"sigma_b": -0.0}, {"sigma_b": 0}),
    ({"batch_size": "all"}, {}),
    ({"target": 1}, {"target": 1.0}),
    ({"name": "mine"}, {}),
    ({"multiplier": {"log": [0.5, 2], "count": 3}}, {"multiplier": [2, 1, 0.5]}),
    ({"seed": {"range": [0, 3]}, "steps": [1, 2]}, {"steps": [2, 1], "seed": [2, 0, 1]}),
    ({"seed": [0, 1], "steps": [3, 4], "zip": ["seed", "steps"]}, {"seed": [1, 0], "steps": [4, 3], "zip": ["steps",
     "seed"]}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_runs_written_in_two_ways_have_the_same_identities(
    one: dict[str, object], other: dict[str, object]
) -> None:
    ids = [set(distinct_runs(study_settings(**{**BASE, **given}))) for given in (one, other)]
    assert ids[0] == ids[1]


def test_a_multiplier_that_does_something_is_another_run() -> None:
    for spec in ("ones", "constant(1e-300)", "constant(-2)", "he", "identity", "sparse(0.5)"):
        assert the_run(scheme=spec, multiplier=3).id != the_run(scheme=spec).id


def test_more_seeds_come_after_the_studys_own_and_only_once() -> None:
    settings = study_settings(seed=[4, 0], steps=3)
    assert [run.run.seed for run in distinct_runs(settings, (9, 2)).values()] == [4, 0, 9, 2]
    assert [run.run.seed for run in distinct_runs(settings, (4, 2, 2)).values()] == [4, 0, 2]


SAME_DISTRIBUTION = [
    ("lecun", "xavier"),
    ("dirac", "identity"),
    ("he(mode=fan_in)", "he"),
    ("glorot(mode=fan_in)", "lecun"),
    ("normal(1)*2", "normal(2)"),
    ("uniform(0.5)*4", "uniform(2)"),
    ("constant(0)", "zeros"),
    ("ones*0.5", "constant(0.5)"),
    ("gain(swish)", "gain(silu)"),
]


@pytest.mark.parametrize(("one", "other"), SAME_DISTRIBUTION)
def test_schemes_of_one_distribution_are_one_run_by_either_name(one: str, other: str) -> None:
    first, second = the_run(scheme=one), the_run(scheme=other)
    assert first.id == second.id
    assert the_run(scheme=one, multiplier=3).id == the_run(scheme=f"{other}*3").id
    assert the_run(scheme=one, seed=1).id != first.id
    results = [run_chunk([run])[0]._replace(settings="") for run in (first, second)]
    assert results[0] == results[1]  # bits and all: else they could not share a row


def test_others_are_not() -> None:
    names = ("he", "lecun", "glorot", "he(mode=fan_out)", "he*2", "normal(1)", "normal(2)", "orthogonal", "identity")
    assert len({the_run(scheme=name).id for name in names}) == len(names)


def test_a_multiplier_in_the_name_and_one_beside_it_are_one() -> None:
    study = study_settings(scheme=["normal(1)", "normal(2)"], multiplier=[1, 2, 4], seed=0)
    runs = distinct_runs(study)
    assert (study.asked, len(runs)) == (6, 4)  # 1, 2, 4, 8
    assert [(run.run.scheme, run.run.multiplier) for run in runs.values()] == [
        ("normal(1)", 1), ("normal(1)", 2), ("normal(1)", 4), ("normal(2)", 4)
    ]  # fmt: skip


def test_the_identity_of_stored_settings_is_that_of_the_run() -> None:
    given = {"scheme": ["he*1.3", "lecun(distribution=uniform)", "zeros"], "learning_rate": [1e-7, 0.1], "sigma_b": 0.3}
    for run in distinct_runs(study_settings(**given, target=0.1, batch_size=3, seed=[0, 2**63 - 1])).values():
        settings = json.loads(run.text)
        assert stored_identity(settings) == run.id
        assert compact(settings) == run.text


def test_a_scheme_of_another_version_is_a_run_of_its_own() -> None:
    settings = json.loads(the_run().text)
    unknown = [stored_identity(settings | {"scheme": name, "multiplier": m}) for name in "ab" for m in (1.0, 2.0)]
    assert len({*unknown, the_run().id}) == 5


def test_a_table_is_known_by_its_content(tmp_path: Path) -> None:
    rows = "x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40))
    table, moved = tmp_path / "table.csv", tmp_path / "elsewhere" / "table.csv"
    moved.parent.mkdir()
    table.write_text(rows)
    moved.write_text(rows)
    before = the_run(data=str(table)).id
    assert the_run(data=str(moved)).id == before
    table.write_text(rows + "40,0\n")
    assert the_run(data=str(table)).id != before


def test_a_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the data '.*none.csv': No such file"):
        the_run(data=str(tmp_path / "none.csv"))
