"""A study and the one of its name in the store: what is a change, what is none, and what is told of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments.store import StoredStudy
from headstart.experiments.sweep import coordinator as coordinator_module
from headstart.experiments.sweep import estimate as estimate_module
from headstart.experiments.sweep.settings import StudySettings
from headstart.experiments.sweep.status import Status
from headstart.experiments.sweep.stored import open_rows
from headstart.experiments.sweep.study import _say
from headstart.verbs.study import Study

TABLE = "a,b,c\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(40))
# Every key with another value, and what is said of it.
BASE: dict[str, Any] = {"hidden": [4], "seed": [0, 1], "steps": 3, "target": 0.1}
CHANGES: dict[str, tuple[Any, str]] = {
    "data": ("moons", "['circles'] in the store, ['moons'] now"),
    "hidden": ([4, 4], "[[4]] in the store, [[4, 4]] now"),
    "activation": ("tanh", "['relu'] in the store, ['tanh'] now"),
    "optimizer": ("adam", "['sgd'] in the store, ['adam'] now"),
    "batch_size": (7, "['all'] in the store, [7] now"),
    "steps": ([3, 4], "[3] in the store, [3, 4] now"),
    "scheme": ("xavier", "['he'] in the store, ['xavier'] now"),
    "multiplier": (1 + 2**-52, "[1.0] in the store, [1.0000000000000002] now"),
    "sigma_b": (0.1, "[0.0] in the store, [0.1] now"),
    "learning_rate": (0.02, "[0.01] in the store, [0.02] now"),
    "seed": ([0], "[0, 1] in the store, [0] now"),
    "data_seed": (1, "0 in the store, 1 now"),
    "dtype": ("float64", "float32 in the store, float64 now"),
    "target": (None, "0.1 in the store, None now"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stored") / "s.db"
    assert hs.study(BASE, path).run().done == 2
    return path


@pytest.mark.parametrize("key", CHANGES)
def test_each_key_changed_alone_is_refused_and_named(key: str, stored: Path) -> None:
    value, words = CHANGES[key]
    changed = hs.study({**BASE, key: value}, stored)
    before = open_rows(stored)
    for use in (changed.run, changed.status, changed.plan, changed.rows, changed.runs, changed.retry,
                lambda: changed.extend([7])):  # fmt: skip
        with pytest.raises(hs.InputError) as said:
            use()
        lines = str(said.value).splitlines()
        assert lines[0] == f"the store {stored} has another study named 'study':"
        assert lines[1] == f"  {key}: {words}"
        assert lines[2].startswith('Put the study back, give it another name (name = "..."), or use another store.')
        assert len(lines) == 3  # nothing else has changed
    assert open_rows(stored) == before


def test_depth_and_width_the_label_and_the_groups_of_a_zip_are_changes_too(tmp_path: Path) -> None:
    data = tmp_path / "table.csv"
    data.write_text(TABLE)
    layers = {"depth": [1, 2], "width": [3, 4]}
    cases: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
        (layers, {**layers, "depth": [1, 3]}, ["  depth: [1, 2] in the store, [1, 3] now"]),
        (layers, {**layers, "width": [3, 5]}, ["  width: [3, 4] in the store, [3, 5] now"]),
        (layers, {**layers, "zip": ["depth", "width"]}, ["  zip: [] in the store, [['depth', 'width']] now"]),
        ({"data": str(data)}, {"data": str(data), "label": "b"}, ["  label: None in the store, b now"]),
        (layers, {"hidden": [3]}, ["  hidden: None in the store, [[3]] now", "  depth: [1, 2] in the store, None now",
                                   "  width: [3, 4] in the store, None now"]),
    ]  # fmt: skip
    for place, (first, then, words) in enumerate(cases):
        store = tmp_path / f"{place}.db"
        hs.study(first, store, seed=0, steps=1).run()
        with pytest.raises(hs.InputError) as said:
            hs.study(then, store, seed=0, steps=1).run()
        assert str(said.value).splitlines()[1:-1] == words


def test_every_key_of_a_study_is_tried() -> None:
    assert set(CHANGES) | {"depth", "width", "label", "zip", "name"} == set(StudySettings.model_fields)


@pytest.mark.parametrize(
    "again",
    [
        {"hidden": [[4]]}, {"seed": {"range": [0, 2]}}, {"steps": {"range": [3, 4]}}, {"scheme": "he"},
        {"learning_rate": 0.01}, {"multiplier": 1}, {"data": "Circles"}, {"zip": []}, {"name": "study"},
        {"label": None}, {"optimizer": "SGD"}, {"data_seed": 0},
    ],
)  # fmt: skip
def test_the_same_study_in_other_words_goes_on(again: dict[str, Any], stored: Path) -> None:
    assert hs.study({**BASE, **again}, stored).run().done == 2


def test_a_study_of_another_name_shares_the_runs(stored: Path) -> None:
    other = hs.study({**BASE, "seed": [1, 0]}, stored, name="other")
    assert (other.plan().stored, other.status()) == (2, Status(2, 2, 0))


@pytest.mark.parametrize("length", [60, 61])
def test_a_long_difference_is_cut(length: int, tmp_path: Path) -> None:
    hs.study(scheme="he", seed=0, steps=1, store=tmp_path / "s.db").run()
    seeds = list(range(1000, 1010))  # [1000, 1001, ...]: 60 characters
    text = str(seeds)
    assert len(text) == 60
    if length == 61:
        seeds[-1] = 10009
        text = str(seeds)
    with pytest.raises(hs.InputError) as said:
        hs.study(scheme="he", seed=seeds, steps=1, store=tmp_path / "s.db").run()
    expected = text if length == 60 else f"{text[:40]} ... {text[-15:]}"
    assert str(said.value).splitlines()[1] == f"  seed: [0] in the store, {expected} now"


# --- data files ------------------------------------------------------------------------------------------------------


def test_of_several_tables_the_one_that_changed_is_named(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path in paths:
        path.write_text(TABLE)
    given = {"data": [str(path) for path in paths], "steps": 2, "seed": 0}
    hs.study(given, tmp_path / "s.db").run()
    paths[1].write_text(TABLE.replace("39", "38"))
    with pytest.raises(hs.InputError) as said:
        hs.study(given, tmp_path / "s.db").run()
    assert str(said.value).splitlines()[1:-1] == [f"  {paths[1]} does not hold what it held when the study began"]


def test_a_table_that_is_gone_or_has_changed_is_not_needed_to_read_what_is_stored(tmp_path: Path) -> None:
    data = tmp_path / "table.csv"
    data.write_text(TABLE)
    found = hs.study(data=[str(data), "circles"], steps=2, seed=[0, 1], store=tmp_path / "s.db")
    found.run()
    rows = found.rows()
    assert len(rows) == 4
    for change in (lambda: data.write_text(TABLE + "1,1,1\n"), data.unlink):
        change()
        assert open_rows(tmp_path / "s.db", "study") == open_rows(tmp_path / "s.db") == rows
    assert {row["data"] for row in rows} == {"table.csv", "circles"}


# --- counts ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_run_is_done_failed_or_pending(done: int, failed: int, pending: int) -> None:
    status = Status(done + failed + pending, done, failed)
    assert status.pending == pending
    assert status.to_json() == {"distinct": done + failed + pending, "done": done, "failed": failed, "pending": pending}


BAD, GOOD = "delta_orthogonal", "he"  # which does not suit layers without a kernel


def test_each_run_is_counted_once_by_its_own_state(tmp_path: Path) -> None:
    given = {"hidden": [3], "steps": 2, "seed": [0, 1]}
    store = tmp_path / "s.db"
    first = hs.study(given, store, scheme=[GOOD, BAD], name="first")
    assert first.status() == (4, 0, 0)
    calls: list[tuple[int, int]] = []
    assert first.run(progress=lambda *counts: calls.append(counts)) == (4, 2, 2)
    assert calls[0] == (0, 4)
    assert calls[-1] == (4, 4)
    assert calls == sorted(calls)
    larger = hs.study(given, store, scheme=[GOOD, BAD, "xavier"], name="larger")
    assert larger.status() == (6, 2, 2)
    assert larger.status().pending == 2
    assert (larger.plan().asked, larger.plan().distinct, larger.plan().stored) == (6, 6, 4)
    calls.clear()
    assert larger.run(progress=lambda *counts: calls.append(counts)) == (6, 4, 2)
    assert (calls[0], calls[-1]) == ((4, 6), (6, 6))
    failed = [row for row in larger.rows() if row["state"] == "failed"]
    assert {(row["scheme"], row["final_cost"], row["test_accuracy"]) for row in failed} == {(BAD, None, None)}
    assert all(row["reason"] for row in failed)
    assert {row["reason"] for row in larger.rows() if row["state"] == "done"} == {None}


def test_retry_runs_this_studys_failed_runs_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"hidden": [3], "steps": 2}
    store = tmp_path / "s.db"
    one = hs.study(given, store, scheme=[GOOD, BAD], seed=[0, 1], name="one")
    two = hs.study(given, store, scheme=BAD, seed=[5, 6], name="two")
    one.run()
    two.run()
    tried: list[tuple[str, int]] = []
    real = coordinator_module.run_chunk

    def noting(chunk: Any, *flag: Any) -> Any:
        tried.extend((run.run.scheme, run.run.seed) for run in chunk)
        return real(chunk, *flag)

    monkeypatch.setattr(coordinator_module, "run_chunk", noting)
    assert one.run() == (4, 2, 2)
    assert tried == []  # a failed run is finished
    assert one.retry() == (4, 2, 2)
    assert sorted(tried) == [(BAD, 0), (BAD, 1)]
    assert two.status() == (2, 0, 2)
    more = hs.study(given, store, scheme=[GOOD, BAD], seed=[0, 1, 2], name="more")
    tried.clear()
    assert more.retry() == (6, 3, 3)  # what is not there yet is run too
    assert sorted(tried) == [(BAD, 0), (BAD, 1), (BAD, 2), (GOOD, 2)]


def test_seeds_are_added_once_in_their_order_and_kept(tmp_path: Path) -> None:
    store = tmp_path / "s.db"

    def fresh() -> Study:
        return hs.study({"hidden": [3], "steps": [2, 3], "seed": [4, 1]}, store)

    assert fresh().extend([9, 1, 9, 2**63 - 1, 9]) == (8, 8, 0)  # and the study's own, none of which had run
    kept = fresh().store.study("study")
    assert kept is not None
    assert kept.seeds == (9, 2**63 - 1)
    assert fresh().plan().asked == 8
    assert fresh().extend(iter([0, 9])).done == 10
    kept = fresh().store.study("study")
    assert kept is not None
    assert kept.seeds == (9, 2**63 - 1, 0)
    assert fresh().run() == (10, 10, 0)  # the file is as it was
    seeds = [row["seed"] for row in fresh().rows() if row["steps"] == 2]
    assert seeds == [0, 1, 4, 9, 2**63 - 1]
    assert [row["seed"] for row in open_rows(store, "study") if row["steps"] == 3] == seeds
    for wanted, words in [([4], "4"), ([9, 1, 0], "9, 1, 0"), ([0, 1, 4, 9], "0 to 9")]:
        with pytest.raises(hs.InputError, match=f"^the study has the seeds {words} already. Write other ones.$"):
            fresh().extend(wanted)
    for seed in (-1, 2**63, 1.0, True, "1"):
        with pytest.raises(hs.InputError, match=r"^a seed must be a whole number from 0 to 2\^63 - 1, got"):
            fresh().extend([20, seed])
    assert fresh().status().distinct == 10


def test_a_seed_is_not_added_to_a_study_whose_seeds_are_zipped(tmp_path: Path) -> None:
    found = hs.study(seed=[0, 1], steps=[3, 4], sigma_b=[0, 1], zip=[["seed", "steps"]], store=tmp_path / "s.db")
    with pytest.raises(hs.InputError, match="zipped with another factor"):
        found.extend([5])
    other = hs.study(seed=[0, 1], steps=[3, 4], sigma_b=[0, 1], zip=[["sigma_b", "steps"]], store=tmp_path / "s.db")
    assert other.extend([5]).done == 6


def test_what_is_stored_of_a_study_is_its_settings_and_its_files(tmp_path: Path) -> None:
    data = tmp_path / "table.csv"
    data.write_text(TABLE)
    found = hs.study(data=[str(data), "circles"], steps=2, seed=0, hidden=[3], store=tmp_path / "s.db", name="mine")
    found.run()
    kept = found.store.study("mine")
    assert isinstance(kept, StoredStudy)
    assert set(kept.document) == set(StudySettings.model_fields) - {"name"} | {"files"}
    assert list(kept.document["files"]) == [str(data)]
    assert kept.document["seed"] == [0]
    assert (list(found.store.studies()), kept.seeds) == (["mine"], ())


def test_words_for_the_reader_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is for what a program reads."""
    _say("words")
    assert capsys.readouterr() == ("", "words\n")


def test_rows_of_a_store_are_those_of_all_its_studies_and_of_one_by_name(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    hs.study(hidden=[3], steps=2, seed=[0, 1], name="one", store=store).run()
    two = hs.study(hidden=[3], steps=[2, 3], seed=[1, 2], name="two", store=store)
    assert two.rows() == [row for row in open_rows(store) if row["seed"] == 1]  # what the other has run already
    two.run()
    assert [(row["steps"], row["seed"]) for row in open_rows(store)] == [(2, 0), (2, 1), (2, 2), (3, 1), (3, 2)]
    assert [(row["steps"], row["seed"]) for row in open_rows(store, "two")] == [(2, 1), (2, 2), (3, 1), (3, 2)]
    assert [(row["steps"], row["seed"]) for row in open_rows(store, "one")] == [(2, 0), (2, 1)]


def test_an_estimate_is_asked_for_what_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = estimate_module.seconds_per_run
    monkeypatch.setattr(estimate_module, "seconds_per_run", lambda runs: asked.append(len(runs)) or real(runs))
    store = tmp_path / "s.db"
    hs.study(hidden=[3], steps=2, seed=[0, 1], name="one", store=store).run()
    hs.study(hidden=[3], steps=2, seed=[0, 1, 2], name="two", store=store).run()
    hs.study(hidden=[3], steps=2, seed=[0, 1, 2], name="two", store=store).run()  # nothing left: none is asked for
    assert asked == [2, 1]


def test_a_diverged_run_has_costs_that_are_no_numbers_and_a_failed_one_none(tmp_path: Path) -> None:
    found = hs.study(
        data="moons", scheme=["normal(10)", BAD], learning_rate=1e6, activation="squared_relu", hidden=[3], seed=0,
        steps=50, store=tmp_path / "s.db",
    )  # fmt: skip
    assert found.run() == (2, 1, 1)
    failed, diverged = found.rows()
    assert (failed["scheme"], failed["final_cost"], failed["diverged_at"]) == (BAD, None, None)
    assert math.isnan(diverged["final_cost"])
    assert diverged["diverged_at"] is not None
    assert json.dumps(open_rows(tmp_path / "s.db")) == json.dumps([failed, diverged])
