"""A study's data: relative to its file, read as its table says, given as values; and the same runs wherever it lies."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import headstart as hs
from headstart import InputError
from headstart.experiments.data.source import Source, read_source
from headstart.experiments.sweep.runs import distinct_runs
from headstart.experiments.sweep.settings import StudySettings, read_study, study_settings
from headstart.experiments.sweep.stored import open_rows

TABLE = "Id,length,width,species\n" + "".join(f"{k + 1},{k / 7:.3f},{k * k % 5},{'xy'[k % 2]}\n" for k in range(40))
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(40, 2)), RANDOM.integers(0, 2, size=40)
QUICK: dict[str, Any] = {"scheme": "he", "seed": [0, 1], "steps": 5}


def a_study(folder: Path, data: str, more: str = "") -> Path:
    """A study file in a folder, with its table in a folder below."""
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "table.csv").write_text(TABLE)
    path = folder / "study.toml"
    path.write_text(f'scheme = "he"\nseed = [0, 1]\nsteps = 5\ndata = {data}\n{more}')
    return path


# --- where it lies --------------------------------------------------------------------------------------------------


def test_a_relative_path_is_relative_to_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study(tmp_path / "a", '"tables/table.csv"')
    for place, given in ((tmp_path, study), (tmp_path / "a", "study.toml"), (tmp_path, Path("a") / "study.toml")):
        monkeypatch.chdir(place)
        found = hs.study(given, tmp_path / f"{len(str(given))}.db")
        assert found.run().done == 2
        assert {row["data"] for row in found.rows()} == {"table.csv"}
    monkeypatch.chdir(tmp_path / "a" / "tables")
    with pytest.raises(InputError, match=r"cannot read the data .*tables.table\.csv': No such file"):
        hs.study(dict(QUICK, data="tables/table.csv")).run()  # without a file, of the working folder
    assert hs.study(dict(QUICK, data="table.csv")).run().done == 2


def test_the_runs_are_the_same_wherever_the_folder_lies(tmp_path: Path) -> None:
    first = a_study(tmp_path / "a", '["tables/table.csv", "circles"]')
    assert hs.study(first).run().done == 4
    before = hs.study(first).rows()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").rename(tmp_path / "gone")
    moved = hs.study(tmp_path / "b" / "study.toml")
    assert moved.status().done == 4
    assert moved.rows() == before
    absolute = study_settings(**QUICK, data=[str(tmp_path / "b" / "tables" / "table.csv"), "circles"])
    assert set(distinct_runs(absolute)) == {row["id"] for row in before}
    shutil.rmtree(tmp_path / "b" / "tables")
    assert open_rows(tmp_path / "b" / "study.db", "study") == before  # what the store holds needs no table


def test_a_table_without_a_suffix_is_one_for_a_store_also_where_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = a_study(tmp_path / "a", '"iris"', 'label = "species"\ndrop = "Id"\n')
    (tmp_path / "a" / "iris").write_text(TABLE)
    before = run_of(study)
    assert {(row["data"], row["label"]) for row in before} == {("iris (drop=['Id'])", "species")}
    document = hs.study(study).settings.document()
    held = {"iris": Source("iris", folder=str(tmp_path / "a")).digest()}
    monkeypatch.chdir(tmp_path)
    again = StudySettings.model_construct(
        **{
            key: tuple(value) if isinstance(value, list) else value
            for key, value in document.items()
            if value is not None
        }
    )
    assert list(distinct_runs(again, (), held)) == [row["id"] for row in before]


def test_a_file_of_a_data_sets_name_does_not_stand_for_it(tmp_path: Path) -> None:
    study = a_study(tmp_path / "a", '"circles"')
    (tmp_path / "a" / "circles").write_text(TABLE)
    assert {row["data"] for row in run_of(study)} == {"circles"}
    assert run_of(study)[0]["label"] is None
    named = a_study(tmp_path / "b", '{ file = "circles", drop = "Id" }')
    (tmp_path / "b" / "circles").write_text(TABLE)
    assert {row["data"] for row in run_of(named)} == {"circles (drop=['Id'])"}


def run_of(study: Path) -> list[dict[str, Any]]:
    found = hs.study(study)
    found.run()
    return found.rows()


def test_a_pipe_is_no_data_of_a_study(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="a study reads its data again and again"):
        hs.study(dict(QUICK, data=str(tmp_path / "pipe.csv"))).run()


# --- how it is read -------------------------------------------------------------------------------------------------


def test_a_table_says_how_its_file_is_read(tmp_path: Path) -> None:
    study = a_study(
        tmp_path / "a",
        '["circles", { file = "tables/table.csv", label = "species", drop = ["Id"] }, '
        '{ file = "tables/table.csv", label = "width", features = ["length"], task = "classes" }, "tables/table.csv"]',
    )
    lines: list[str] = []
    found = hs.study(study)
    assert found.run(say=lines.append).done == 8
    assert {(row["data"], row["label"]) for row in found.rows()} == {
        ("circles", None), ("table.csv (drop=['Id'])", "species"),
        ("table.csv (features=['length'], task=classes)", "width"), ("table.csv", None),
    }  # fmt: skip
    assert len({row["id"] for row in found.rows()}) == 8
    assert lines == ["table.csv: column Id counts the rows: --drop Id if it is no measurement"]
    assert found.run(say=lines.append).done == 8
    assert len(lines) == 1  # nothing is read again where nothing is left to do


def test_keys_of_the_study_hold_for_every_table_that_does_not_say_otherwise(tmp_path: Path) -> None:
    study = a_study(tmp_path / "a", '["circles", { file = "tables/table.csv", drop = ["width"] }, "tables/table.csv"]',
                    'label = "species"\ndrop = "Id"\n')  # fmt: skip
    found = {(row["data"], row["label"]) for row in run_of(study)}
    assert found == {
        ("circles", None), ("table.csv (drop=['width'])", "species"), ("table.csv (drop=['Id'])", "species"),
    }  # fmt: skip


def test_a_reading_without_a_table_is_refused(tmp_path: Path) -> None:
    for given in ({"label": "y"}, {"drop": ["y"]}, {"header": True}, {"task": "classes"}, {"features": ["y"]}):
        with pytest.raises(InputError, match="of a CSV file; data 'circles' is not one"):
            hs.study(QUICK, **given)


def test_the_document_of_a_study_reads_back_as_the_same_study(tmp_path: Path) -> None:
    path = a_study(
        tmp_path / "a", '[{ file = "tables/table.csv", label = "species", header = true, drop = ["Id"] }, "moons"]'
    )
    study = read_study(path)
    document = json.loads(json.dumps(study.document()))
    assert document["data"] == [
        {"file": "tables/table.csv", "label": "species", "drop": ["Id"], "header": True}, "moons",
    ]  # fmt: skip
    assert study_settings(**{k: v for k, v in document.items() if v is not None}).document() == document


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"fiel": "a.csv"}, r"unknown key of a data table 'fiel'\. Did you mean 'file'"),
        ({"file": 3}, "a data table names its file, got 3"), ({"label": "y"}, "names its file, got None"),
        ({"file": ""}, "names its file"),
        ({"file": "a.csv", "drop": 3}, "drop of a data table is a list of columns, got 3"),
        ({"file": "a.csv", "features": [1]}, "features of a data table is a list of columns"),
        ({"file": "a.csv", "header": "yes"}, "header of a data table is true or false, got 'yes'"),
        ({"file": "a.csv", "task": "word"}, "unknown task of a data table 'word'"),
        ({"file": "a.csv", "label": 3}, "label of a data table is the name of a column, got 3"),
        ({"file": "a.csv", "sep": ";"}, "unknown key of a data table 'sep'"),
    ],
)  # fmt: skip
def test_tables_that_break_a_rule(table: dict[str, Any], words: str) -> None:
    for data in (table, ["circles", table]):
        with pytest.raises(InputError, match=words):
            study_settings(**QUICK, data=data)


def test_two_tables_are_told_apart() -> None:
    tables = [
        {"file": "a.csv"}, {"file": "a.csv", "drop": ["a"]}, {"file": "a.csv", "drop": ["a", "b"]},
        {"file": "a.csv", "drop": ["a, b"]}, {"file": "a.csv", "features": ["a"]}, {"file": "a.csv", "header": True},
        {"file": "a.csv", "header": False}, {"file": "a.csv", "task": "classes"}, {"file": "a.csv", "task": "numbers"},
    ]  # fmt: skip
    assert len({read_source(table).name for table in tables}) == len(tables)
    assert len(set(map(read_source, tables))) == len(tables)
    with pytest.raises(InputError, match=r"data has the value .* twice"):
        study_settings(**QUICK, data=[tables[1], dict(tables[1])])


# --- values ---------------------------------------------------------------------------------------------------------


def test_values_are_data_of_a_study_and_their_content_is_its_identity(tmp_path: Path) -> None:
    store = tmp_path / "study.db"
    given = dict(QUICK, data=(X, Y), name="values")
    assert hs.study(given, store).run().done == 2
    assert hs.study(dict(given, data=(X.copy(), Y.tolist())), store).status().done == 2  # of another process
    assert [row["data"] for row in open_rows(store, "values")] == [str(read_source((X, Y)).data)] * 2
    changed = X.copy()
    changed[0, 0] += 1
    with pytest.raises(InputError, match="has another study named 'values'"):
        hs.study(dict(given, data=(changed, Y)), store).run()
    json.dumps(study_settings(**given).document())


def test_several_values_files_and_sets_are_one_factor(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})
    study = hs.study(QUICK, data=[frame, (X, Y), np.column_stack([X, Y]), path, "moons"])
    assert study.run().done == 10
    assert len({row["data"] for row in study.rows()}) == 5
    alone = hs.study(QUICK, data={"a": X[:, 0], "y": Y})
    assert alone.run().done == 2
    assert hs.study(QUICK, data=frame, label="a", drop="y").run().done == 2


def test_values_travel_to_other_processes() -> None:
    source = read_source((X, Y))
    assert pickle.loads(pickle.dumps(source)) == source
    threads, processes = hs.study(QUICK, data=(X, Y)), hs.study(QUICK, data=(X, Y))
    threads.run()
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn")
    ) as pool:  # a fork beside other tests' threads may hang
        processes.run(executor=pool)
    assert threads.rows() == processes.rows()


def test_a_study_and_a_comparison_of_values_train_the_same_networks() -> None:
    study = hs.study(scheme="he", seed=[0, 1], steps=50, data=(X, Y))
    study.run()
    result = hs.compare("he", data=(X, Y), seeds=2, steps=50)
    assert [row["final_cost"] for row in study.rows()] == [row["final_cost"] for row in result.rows()]


def test_values_that_only_the_store_knows_cannot_be_trained_on(tmp_path: Path) -> None:
    store = tmp_path / "study.db"
    hs.study(dict(QUICK, data=(X, Y), name="values"), store).run()
    document = hs.study(dict(QUICK, data=(X, Y))).settings.document()
    source = read_source(document["data"][0])
    assert source == Source(read_source((X, Y)).data)
    with pytest.raises(InputError, match=r"the store knows data of 40 × 2 .* by name only"):
        source.load(0)


# --- the study's own file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ("read as UTF-16",)), ("utf-32", ("read as UTF-32",)),
     ("latin-1", ("read as Latin-1 (Windows-1252), because it is not UTF-8",))],
)  # fmt: skip
def test_a_study_is_read_in_any_encoding_and_it_is_said(encoding: str, note: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes('name = "größe"\r\nscheme = "he"\r\nseed = 0\r\nsteps = 3\r\n'.encode(encoding))
    study = hs.study(path)
    assert study.name == "größe"
    assert study.settings.notes == note
    lines: list[str] = []
    study.run(say=lines.append)
    assert lines == [f"the study größe: {text}" for text in note]


@pytest.mark.parametrize("name", ["x" * 300 + ".toml", "a\0b.toml", "none.toml", "\udcff.json"])
def test_names_of_studies_that_cannot_be(name: str) -> None:
    with pytest.raises(InputError, match=r"cannot read the study|is not") as refused:
        read_study(name)
    assert len(str(refused.value)) < 800


def test_a_study_is_no_folder_and_no_device(tmp_path: Path) -> None:
    (tmp_path / "study.toml").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_study(tmp_path / "study.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is a device"):
        read_study(tmp_path / "zero.toml")
