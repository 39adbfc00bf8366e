"""A store that does not hold what was written to it is an error of one line, and never other rows."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.store import Store
from headstart.experiments.store.tables import metadata
from headstart.experiments.sweep.stored import open_rows
from headstart.verbs.study import report_of

SCRIPT = Path(__file__).parents[2] / "fuzz" / "flipped_bits.py"
GIVEN = {"hidden": [3], "steps": 2, "seed": [0, 1], "scheme": ["he", "delta_orthogonal"]}


def test_single_bits_flipped_anywhere_never_give_other_rows(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCRIPT, "30"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {line.split()[1]: int(line.split()[0]) for line in done.stdout.splitlines()}
    assert set(counts) == {"same", "refused"}
    assert sum(counts.values()) == 60
    assert counts["refused"] > 12  # else the bits would have hit nothing


def test_a_page_that_is_older_than_the_others_is_seen(tmp_path: Path) -> None:
    """A disk that says it has written and has not: each page in turn as it was before the last sweep."""
    path, one = tmp_path / "runs.db", tmp_path / "one.db"
    hs.study({**GIVEN, "seed": list(range(40))}, path).run()
    before = path.read_bytes()
    hs.study({**GIVEN, "seed": list(range(60))}, path, name="more").run()
    after = path.read_bytes()
    rows = open_rows(path)
    size = 4096
    changed = [at for at in range(0, len(before), size) if before[at : at + size] != after[at : at + size]]
    assert len(changed) > 2
    for at in changed:
        one.write_bytes(after[:at] + before[at : at + size] + after[at + size :])
        try:
            assert open_rows(one) == rows
        except StoreError as error:
            assert "damaged" in str(error) or "malformed" in str(error)  # noqa: PT017 - either is right


# each is what an editor, a script or a broken disk could do
CHANGES = {
    "a number": "UPDATE headstart_runs SET test_accuracy = test_accuracy + 1e-12 WHERE state = 'done'",
    "a number taken away": "UPDATE headstart_runs SET final_cost = NULL WHERE state = 'done'",
    "a number that is none": "UPDATE headstart_runs SET diverged_at = 0 WHERE state = 'done'",
    "a state": "UPDATE headstart_runs SET state = 'failed' WHERE state = 'done'",
    "a reason": "UPDATE headstart_runs SET reason = 'none' WHERE state = 'failed'",
    "an identity": "UPDATE headstart_runs SET id = '0' || substr(id, 2) WHERE id NOT LIKE '0%'",
    "settings": "UPDATE headstart_runs SET settings = replace(settings, '\"seed\":0', '\"seed\":7')",
    "settings that are no JSON": "UPDATE headstart_runs SET settings = '{'",
    "a seal": "UPDATE headstart_runs SET seal = ''",
    "a study": "UPDATE headstart_studies SET document = replace(document, '[2]', '[3]')",
    "a study's name": "UPDATE headstart_studies SET name = 'other'",
    "added seeds": "UPDATE headstart_studies SET seeds = '[5]'",
    "a study that is no JSON": "UPDATE headstart_studies SET document = '{', seeds = ''",
    "the schema": "UPDATE headstart_meta SET value = 'three'",
    "an older schema": "UPDATE headstart_meta SET value = '2'",
    "the oldest schema": "UPDATE headstart_meta SET value = '1'",
    "no schema": "DELETE FROM headstart_meta",
    "no meta": "DROP TABLE headstart_meta",
    "no runs": "DROP TABLE headstart_runs",
    "no studies": "DROP TABLE headstart_studies",
    "a column": "ALTER TABLE headstart_runs RENAME COLUMN reason TO season",
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_by_hand_is_refused(what: str, address: str) -> None:
    hs.study(GIVEN, address).run()
    before = json.dumps(open_rows(address, "study"))
    with Store(address)._engine.begin() as connection:
        connection.exec_driver_sql(CHANGES[what].replace("%", "%%") if "://" in address else CHANGES[what])
    looks = [
        lambda: open_rows(address, "study"), lambda: hs.study(GIVEN, address).rows(),
        lambda: hs.study(GIVEN, address).run(),
    ]  # fmt: skip
    if "stud" not in what and "seeds" not in what:
        looks += [lambda: open_rows(address), lambda: hs.study(GIVEN, address, name="other").status()]
    try:
        for look in looks:
            with pytest.raises(StoreError) as said:
                look()
            assert "\n" not in str(said.value)
            assert "damaged" in str(said.value) or "tables are gone" in str(said.value), said.value
    finally:
        with Store(address)._engine.begin() as connection:  # what is broken is no other test's
            for table in metadata.tables:
                connection.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {table}"))
    hs.study(GIVEN, address).run()
    assert json.dumps(open_rows(address, "study")) == before  # the twin: unchanged, it is read


def test_an_old_store_is_brought_forward_only_with_settings_that_are_its_runs(tmp_path: Path) -> None:
    """Schemas 1 and 2 have no seals; a run's settings must hash to its identity."""
    path = tmp_path / "runs.db"
    hs.study(GIVEN, path).run()
    rows = open_rows(path)
    as_schema_2(path)
    assert open_rows(path) == rows
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE headstart_runs SET settings = replace(settings, '\"seed\":0', '\"seed\":7')")
    for use in (lambda: open_rows(path), lambda: hs.study(GIVEN, path).run()):
        with pytest.raises(StoreError, match=r"is damaged: the run '\w{32}' has other settings than its identity"):
            use()


def test_a_store_of_schema_2_keeps_its_finished_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runs.db"
    hs.study(GIVEN, path).run()
    rows, states = open_rows(path, "study"), Store(path).states()
    as_schema_2(path)
    before = path.read_bytes()
    assert (open_rows(path, "study"), Store(path).states()) == (rows, states)
    assert path.read_bytes() == before
    monkeypatch.setattr("headstart.experiments.sweep.coordinator.run_chunk", None)  # nothing is run again
    assert hs.study(GIVEN, path).run() == (4, 2, 2)
    assert (open_rows(path, "study"), Store(path).states()) == (rows, states)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("SELECT value FROM headstart_meta").fetchone() == ("3",)
        assert connection.execute("SELECT count(*) FROM headstart_runs WHERE seal = ''").fetchone() == (0,)


def test_an_old_run_whose_multiplier_was_beyond_numbers_leaves_the_store_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """he*1e300 times 1e300 was run, and its settings were no JSON."""
    path, beyond = tmp_path / "runs.db", {"scheme": "he*1e300", "multiplier": [1e-300, 1e300], "seed": 0}
    hs.study(GIVEN, path).run()
    rows = open_rows(path)
    with monkeypatch.context() as old:  # as it was before such a product was refused
        old.setattr("headstart.experiments.sweep.runs._check_product", lambda *_: None)
        assert hs.study({**GIVEN, **beyond}, path, name="beyond").run() == (2, 1, 1)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        texts = [text for (text,) in connection.execute("SELECT settings FROM headstart_runs")]
    assert sum('"multiplier":inf' in text for text in texts) == 1
    as_schema_2(path)
    for _ in range(2):  # as it is, and brought forward
        found = open_rows(path)
        assert sorted(row["multiplier"] for row in found if row not in rows) == [float("inf")]
        assert len(open_rows(path, "beyond")) == 2
        assert report_of(path).summary.reasons
        assert hs.study(GIVEN, path).run() == (4, 2, 2)
    with pytest.raises(hs.InputError, match="which must be a positive, finite number"):
        hs.study({**GIVEN, **beyond}, path, name="beyond").run()


def as_schema_2(path: Path) -> None:
    """What schema 2 had of a store of schema 3: the same without seals."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table in ("headstart_runs", "headstart_studies"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN seal")
        connection.execute("UPDATE headstart_meta SET value = '2'")
