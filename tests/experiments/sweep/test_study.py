"""A study from plan to rows: stored once, gone on with, extended, retried, and refused when it has changed."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.experiments.sweep import coordinator as coordinator_module
from headstart.experiments.sweep.stored import open_rows
from headstart.verbs.study import Study

SMALL: dict[str, Any] = {"scheme": ["zeros", "he"], "multiplier": [0.5, 1, 2], "seed": [0, 1, 2], "steps": 40}


def study(store: Path | str | None = None, many: bool = False, **changes: Any) -> Study:
    return hs.study({**SMALL, **changes}, store, many=many)


def table(found: Study) -> str:
    return json.dumps(found.rows())


@pytest.fixture(scope="module")
def expected() -> str:
    whole = study()
    whole.run()
    return table(whole)


def test_a_plan_counts_and_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    plan = study(path).plan()
    assert (plan.asked, plan.distinct, plan.stored) == (18, 12, 0)
    assert plan.seconds > 0
    assert plan.memory > 0
    assert not path.exists()


def test_finished_runs_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    assert study(path).run()._asdict() == {"distinct": 12, "done": 12, "failed": 0}

    def refuse(*_: object) -> None:
        raise AssertionError("something was run")

    monkeypatch.setattr(coordinator_module, "run_chunk", refuse)
    again = study(path)
    assert again.run().done == 12
    assert again.plan().stored == 12
    assert again.plan().seconds == 0


def test_rows_have_settings_and_results_in_an_order_of_their_own(tmp_path: Path, expected: str) -> None:
    path = tmp_path / "s.db"
    backwards = study(path, scheme=["he", "zeros"], multiplier=[2, 1, 0.5], seed=[2, 1, 0])
    backwards.run()
    assert table(backwards) == expected
    assert json.dumps(open_rows(path)) == expected
    row = backwards.rows()[0]
    assert (row["scheme"], row["multiplier"], row["seed"], row["state"]) == ("he", 0.5, 0, "done")
    assert (row["depth"], row["width"], row["hidden"]) == (2, None, [10, 5])
    assert 0 < row["final_cost"] < row["first_cost"]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_do_not_depend_on_the_number_of_workers(workers: int, expected: str) -> None:
    found = study()
    found.run(workers=workers)
    assert table(found) == expected


def test_any_executor_does(expected: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        threads = study()
        threads.run(executor=pool)
        pool.submit(int).result()  # still open: it is the caller's
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        processes = study()
        processes.run(executor=pool)
    assert table(threads) == table(processes) == expected


def test_added_seeds_are_run_and_belong_to_the_study(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    study(path).run()
    assert study(path).extend(range(2, 5)).done == 20  # seed 2 was there
    assert study(path).status().done == 20
    assert study(path).plan().asked == 30
    assert {row["seed"] for row in study(path).rows()} == {0, 1, 2, 3, 4}
    with pytest.raises(hs.InputError, match="has the seeds 0, 1 already"):
        study(path).extend([0, 1])
    with pytest.raises(hs.InputError, match="a seed must be a whole number"):
        study(path).extend([-1])


def test_seeds_of_a_zipped_factor_cannot_be_added() -> None:
    with pytest.raises(hs.InputError, match="zipped with another factor"):
        hs.study(seed=[0, 1], steps=[3, 4], zip=["seed", "steps"]).extend([5])


def test_a_changed_study_is_refused_and_the_difference_shown(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    study(path).run()
    changed = study(path, steps=50, multiplier=[0.5, 1])
    for use in (changed.run, changed.status, changed.plan, changed.rows):
        with pytest.raises(
            hs.InputError, match=r"(?s)another study named 'study'.*steps: \[40\] in the store, \[50\] now"
        ):
            use()
    study(path, steps=50, name="longer").run()  # under another name it is another study
    assert len(open_rows(path)) == 24
    assert {row["steps"] for row in open_rows(path, "longer")} == {50}
    with pytest.raises(hs.InputError, match=r"unknown study 'longr'. Did you mean 'longer'"):
        open_rows(path, "longr")


def test_a_key_that_a_later_version_adds_is_no_change(tmp_path: Path) -> None:
    first = study(tmp_path / "s.db")
    first.run()
    stored = first.store.study("study")
    assert stored is not None
    older = {key: value for key, value in stored.document.items() if key != "target"}
    first.store.save_study("study", stored._replace(document=older))
    assert study(tmp_path / "s.db").run().done == 12


def test_a_changed_table_is_a_changed_study(tmp_path: Path) -> None:
    data = tmp_path / "table.csv"
    data.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    study(tmp_path / "s.db", data=str(data), steps=3).run()
    data.write_text("x,y\n" + "".join(f"{i},{i % 3 % 2}\n" for i in range(40)))
    with pytest.raises(hs.InputError, match=r"table.csv does not hold what it held when the study began"):
        study(tmp_path / "s.db", data=str(data), steps=3).run()


def test_failures_are_rows_and_can_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    real = coordinator_module.run_chunk

    def failing(chunk: Any, *flag: Any) -> Any:
        results = real(chunk, *flag)
        return [result._replace(state="failed", reason="no room", final_cost=None) for result in results]

    with monkeypatch.context() as patch:
        patch.setattr(coordinator_module, "run_chunk", failing)
        assert study(path).run().failed == 12
    assert {row["reason"] for row in study(path).rows()} == {"no room"}
    assert study(path).run().failed == 12  # not tried again unless asked
    assert study(path).retry().done == 12


def test_a_run_whose_worker_dies_every_time_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = coordinator_module.run_chunk

    def deadly(chunk: Any, *flag: Any) -> Any:
        if any(run.run.seed == 1 and run.run.scheme == "zeros" for run in chunk):
            raise ConnectionError("the worker is gone")
        return real(chunk, *flag)

    monkeypatch.setattr(coordinator_module, "run_chunk", deadly)
    found = study(tmp_path / "s.db")
    assert found.run()._asdict() == {"distinct": 12, "done": 11, "failed": 1}
    (failed,) = (row for row in found.rows() if row["state"] == "failed")
    assert (failed["scheme"], failed["seed"]) == ("zeros", 1)
    assert failed["reason"] == "its worker was lost 5 times: ConnectionError: the worker is gone"


def test_frames_and_parquet(tmp_path: Path) -> None:
    import pandas as pd
    import polars as pl

    found = study()
    found.run()
    rows = found.rows()
    assert len(found.frame()) == len(found.frame("polars")) == len(rows) == 12
    assert found.frame()["final_cost"].tolist() == [row["final_cost"] for row in rows]
    path = found.to_parquet(tmp_path / "runs.parquet")
    assert pl.read_parquet(path)["final_cost"].to_list() == [row["final_cost"] for row in rows]
    assert pd.read_parquet(path)["hidden"].tolist()[0].tolist() == [10, 5]
    with pytest.raises(hs.InputError, match=r"cannot write .*none/runs"):
        found.to_parquet(tmp_path / "none" / "runs.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["runs.parquet"]
    with pytest.raises(hs.InputError, match="'pandas' or 'polars', got 'arrow'"):
        found.frame("arrow")


def test_a_report_is_one_page(tmp_path: Path) -> None:
    found = study()
    found.run()
    results = found.results(metric="final_cost", by=["scheme", "multiplier"])
    page = results.report(tmp_path / "report.html")
    assert "<html" in page.read_text()
    assert "he" in page.read_text()


def test_an_empty_study_has_an_empty_frame() -> None:
    assert study().rows() == []
    assert len(study().frame()) == len(study().frame("polars")) == 0


def test_too_many_runs_need_a_word() -> None:
    with pytest.raises(hs.InputError, match=r"asks for 200,004 runs, more than 100,000. Shorten a factor, or say"):
        study(seed={"range": [0, 33_334]}, multiplier=[1, 2, 3])
    assert study(seed={"range": [0, 33_334]}, multiplier=[1, 2, 3], many=True) is not None


def test_bad_arguments() -> None:
    with pytest.raises(hs.InputError, match="workers must be a whole number of at least 1, got 0"):
        study().run(workers=0)
    with pytest.raises(hs.InputError, match="not both"):
        study().run(executor=ThreadPoolExecutor(1), scheduler="tcp://127.0.0.1:1")
    with pytest.raises(hs.InputError, match="has the form tcp://host:port, got 'here'"):
        study().run(scheduler="here")
    with pytest.raises(hs.InputError, match="give a file or keys, not both"):
        hs.study("study.toml", seed=3)
    with pytest.raises(hs.InputError, match=r"there is no store at 'none.db'"):
        open_rows("none.db")
