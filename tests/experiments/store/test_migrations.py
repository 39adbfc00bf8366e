"""Stores of schema 1: read as they are, brought to this schema by a coordinator, all of it or nothing.

`schema_1.json` was written by headstart as it was before schema 2: its tables, its studies, and every row, with two
rows added by hand: one of an older engine format, and one of a scheme that nobody knows any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.store import Store, database, lock, migrations
from headstart.experiments.store.tables import SCHEMA, metadata
from headstart.experiments.sweep import runs
from headstart.experiments.sweep.stored import open_rows

OLD: dict[str, Any] = json.loads((Path(__file__).parent / "schema_1.json").read_text())
STUDIES = {study["name"]: study for study in OLD["studies"]}
OLD_RUNS = OLD["rows"]["headstart_runs"]


TODAY = runs.ENGINE_FORMAT


@pytest.fixture(autouse=True)
def format_of_schema_2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What schema 2 takes over is of engine format 2; later formats, whose bits are others, take over nothing."""
    monkeypatch.setattr(runs, "ENGINE_FORMAT", 2)
    runs._batch_text.cache_clear()
    yield
    runs._batch_text.cache_clear()


@pytest.fixture
def old(address: str) -> str:
    """The address of a store as schema 1 wrote it."""
    sqlite = "://" not in address
    with Store(address)._maker.begin() as connection:
        for statement in OLD["tables"]:
            connection.execute(text(statement if sqlite else statement.replace("DOUBLE", "DOUBLE PRECISION")))
        for table, rows in OLD["rows"].items():
            names = [f'"{name}"' for name in rows[0]]
            marks = ", ".join(f":{name}" for name in rows[0])
            connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), rows)
    return address


def held_rows(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every table as it lies in the database."""
    with Store(address)._engine.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in OLD["rows"]
        }


def upgraded(address: str) -> Store:
    with Store(address).coordinating():
        return Store(address)


def the_study(name: str, address: str) -> hs.Study:
    return hs.study(STUDIES[name], store=address)


def stored_schema(address: str) -> str:
    return dict(held_rows(address)["headstart_meta"])["schema"]


def test_a_reader_sees_every_run_and_writes_nothing(old: str) -> None:
    before = held_rows(old)
    file = None if "://" in old else Path(old).read_bytes()
    rows = open_rows(old)
    known = {(row["scheme"], row["multiplier"], row["activation"], row["steps"], row["learning_rate"]) for row in rows}
    assert ("lecun", 1.0, "relu", 5, 0.3) in known
    assert ("forgotten", 1.0, "relu", 5, 0.3) in known
    assert len(rows) == len(OLD_RUNS) - 6  # five were runs twice, one was run again in a newer format
    assert set(Store(old).studies()) == set(STUDIES)
    assert the_study("names", old).status().done == 8
    assert held_rows(old) == before
    assert file is None or Path(old).read_bytes() == file


def test_results_are_those_that_were_stored(old: str) -> None:
    names = ("first_cost", "final_cost", "train_accuracy", "test_accuracy", "diverged_at", "state", "reason")
    before = {tuple(str(row[name]) for name in names) for row in OLD_RUNS}
    upgraded(old)
    after = {
        tuple(str(None if row[name] != row[name] else row[name]) for name in names)
        for row in Store(old).results().values()
    }
    assert after == before


def test_a_coordinator_brings_it_to_this_schema_as_a_reader_sees_it(old: str) -> None:
    seen, states = json.dumps(Store(old).results(), sort_keys=True), Store(old).states()
    upgraded(old)
    assert stored_schema(old) == str(SCHEMA)
    assert json.dumps(Store(old).results(), sort_keys=True) == seen
    assert Store(old).states() == states
    again = held_rows(old)
    upgraded(old)
    assert held_rows(old) == again


def test_schemes_of_one_distribution_are_one_run_that_is_not_run_again(old: str) -> None:
    study = the_study("names", old)
    assert (study.settings.asked, len(study.runs())) == (14, 8)
    rows = study.rows()
    before = Store(old).states()
    assert study.run().done == 8
    assert Store(old).states() == before
    assert study.rows() == rows
    found = {(row["scheme"], row["multiplier"]): row["final_cost"] for row in rows}
    assert set(found) == {
        *((name, factor) for name in ("lecun", "identity", "normal(1)") for factor in (1.0, 2.0)),
        ("normal(2)", 2.0), ("zeros", 1.0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("xavier", "xavier"), ("glorot(mode=fan_in)", "glorot(mode=fan_in)"), ("lecun(mode=fan_in)", "lecun"),
     ("dirac", "dirac"), ("normal(0.5)*2", "normal(0.5)"), ("constant(0)", "constant(0)")],
)  # fmt: skip
def test_every_name_of_a_stored_run_finds_it_and_is_shown(old: str, asked: str, shown: str) -> None:
    study = hs.study({**STUDIES["names"], "scheme": asked, "name": "other", "multiplier": 1}, store=old)
    assert study.status() == (1, 1, 0)
    (row,) = study.rows()
    assert row["scheme"] == shown
    different = hs.study({**STUDIES["names"], "scheme": "he", "name": "other"}, store=old)
    assert different.status().done == 0


def test_a_target_reached_at_the_last_step_is_made_good(old: str) -> None:
    study = the_study("target", old)
    assert study.status() == (3, 3, 0)
    assert {row["steps"]: row["steps_to_target"] for row in study.rows()} == {10: None, 20: 20, 40: 20}


def test_runs_that_the_old_engine_computed_wrongly_are_kept_apart_and_run_again(old: str) -> None:
    study = the_study("slopes", old)
    assert (study.status().done, study.status().pending) == (1, 1)
    study.run()
    assert study.status().done == 2
    settings = [result["settings"] for result in Store(old).results().values()]
    assert sorted(s["engine"] for s in settings if s["activation"] == "elu(-1)") == [1, 2]
    (row,) = (row for row in open_rows(old) if row["activation"] == "elu(-1)")
    assert row["id"] in study.runs()  # of two formats the newer


def test_runs_of_an_older_format_are_shown_but_run_again(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = the_study("target", old)
    before.run()
    done = before.rows()
    monkeypatch.setattr(runs, "ENGINE_FORMAT", TODAY)
    runs._batch_text.cache_clear()
    assert TODAY > 2
    study = the_study("target", old)
    assert (study.status().done, study.status().pending) == (0, len(done))
    study.run()
    assert study.status().done == len(done)
    stored = [result["settings"]["engine"] for result in Store(old).results().values()]
    assert stored.count(TODAY) == len(done)
    assert 2 in stored


def test_failures_are_failures_still(old: str) -> None:
    assert the_study("others", old).status() == (4, 2, 2)


def test_rows_of_another_format_are_left_as_they_are(old: str) -> None:
    (before,) = (row for row in OLD_RUNS if row["id"] == "0" * 32)
    upgraded(old)
    assert Store(old).results()["0" * 32]["settings"] == json.loads(before["settings"])


def test_an_upgrade_that_fails_leaves_everything(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = held_rows(old)
    broken = migrations.Step(SCHEMA, lambda row: row, ("CREATE TABLE headstart_new (x INTEGER)", "DROP TABLE nothing"))
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
    with pytest.raises(StoreError, match="cannot be used"):
        upgraded(old)
    assert held_rows(old) == before
    assert not sqlalchemy.inspect(Store(old)._engine).has_table("headstart_new")


def test_a_step_may_change_the_tables(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    more = migrations.Step(
        SCHEMA + 1,
        lambda row: row | {"seconds": 1.5},
        ("ALTER TABLE headstart_runs ADD COLUMN seconds DOUBLE PRECISION",),
    )
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, more))
    for module in (migrations, database):
        monkeypatch.setattr(module, "SCHEMA", SCHEMA + 1)
    upgraded(old)
    with Store(old)._engine.connect() as connection:
        found = connection.execute(text("SELECT DISTINCT seconds FROM headstart_runs")).all()
    assert found == [(1.5,)]
    assert stored_schema(old) == str(SCHEMA + 1)


def test_nothing_is_changed_while_another_coordinator_is_at_work(old: str) -> None:
    other = Store(old)
    with lock.coordinating(other._engine, other.url):
        with pytest.raises(StoreError, match="held by another coordinator"):
            upgraded(old)
        assert stored_schema(old) == "1"
    upgraded(old)
    assert stored_schema(old) == str(SCHEMA)


def test_a_new_store_and_an_upgraded_one_have_the_same_tables(old: str, tmp_path: Path) -> None:
    upgraded(old)
    new = upgraded(str(tmp_path / "new.db"))

    def names(store: Store) -> dict[str, list[str]]:
        found = sqlalchemy.inspect(store._engine)
        return {table: [column["name"] for column in found.get_columns(table)] for table in metadata.tables}

    assert names(Store(old)) == names(new)


def test_there_is_a_step_to_every_schema() -> None:
    assert [step.schema for step in migrations.STEPS] == list(range(2, SCHEMA + 1))
