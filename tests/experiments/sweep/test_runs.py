"""Identities: the same settings have one, other settings another, and the results behind them do not drift."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headstart.experiments.store.identity import compact, stored_identity
from headstart.experiments.sweep.chunks import run_chunk
from headstart.experiments.sweep.runs import Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings
from headstart.verbs.compare import compare

# One value other than the default for every key that a result depends on.
OTHERS = {
    "data": "moons", "hidden": [4], "activation": "tanh", "optimizer": "adam", "batch_size": 7, "steps": 3,
    "scheme": "xavier", "multiplier": 1.5, "sigma_b": 0.1, "learning_rate": 0.5, "data_seed": 1, "dtype": "float64",
    "target": 0.2,
}  # fmt: skip
BASE = {"seed": 0, "steps": 30}


def the_run(**given: object) -> Identified:
    (run,) = distinct_runs(study_settings(**{**BASE, **given})).values()
    return run


@pytest.mark.parametrize("key", OTHERS)
def test_every_setting_is_part_of_the_identity(key: str) -> None:
    assert the_run(**{key: OTHERS[key]}).id != the_run().id


def test_the_identity_is_kept_from_release_to_release() -> None:
    # If this fails, stores made before no longer know their runs: keep the text of the settings as it was.
    assert the_run().id == "d9b0e7ae6c0f273f9c9fa70e2d9ad1c8"


def test_the_results_behind_an_identity_are_kept() -> None:
    # If this fails, the engine's results have changed: raise ENGINE_FORMAT, so that old and new runs do not mix.
    (result,) = run_chunk([the_run(steps=200, dtype="float64", sigma_b=0.1, batch_size=32, activation="tanh")])
    assert result.final_cost == pytest.approx(0.6987304931698054, rel=1e-9)


def test_settings_are_json_with_every_key() -> None:
    settings = json.loads(the_run().text)
    assert set(settings) == {*OTHERS, "engine", "digest", "label", "seed"}


def test_the_same_run_written_in_two_ways_is_one() -> None:
    assert the_run(scheme="he*2").id == the_run(scheme="he", multiplier=2).id
    assert the_run(hidden=[8, 8]).id == the_run(depth=2, width=8).id
    assert the_run(scheme="zeros", multiplier=3).id == the_run(scheme="zeros").id
    assert the_run(scheme="ones", multiplier=3).id != the_run(scheme="ones").id
    assert the_run(data="circles(noise=0.050)").id == the_run(data="circles( noise=0.05)").id


SAME = [
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


@pytest.mark.parametrize(("one", "other"), SAME)
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


def test_a_sweep_and_a_comparison_train_the_same_networks() -> None:
    compared = compare(["he", "zeros"], seeds=3, steps=200, learning_rate=0.1, data="moons")
    runs = distinct_runs(
        study_settings(scheme=["he", "zeros"], seed=[0, 1, 2], steps=200, learning_rate=0.1, data="moons")
    )
    results = run_chunk(list(runs.values()))
    for row, result in zip(compared.rows(), results, strict=True):
        assert (row["first_cost"], row["final_cost"]) == (result.first_cost, result.final_cost)
        assert (row["train_accuracy"], row["test_accuracy"]) == (result.train_accuracy, result.test_accuracy)
