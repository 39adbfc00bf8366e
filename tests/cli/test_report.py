"""`headstart report` as a user meets it, with a store that is a list."""

from __future__ import annotations

import json
import math
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sweep_rows import depth_study, run, scheme_study

from headstart import InputError
from headstart.cli.main import run as headstart
from headstart.errors import StoreError

Rows = list[dict[str, Any]]
ROWS = [
    *scheme_study(4, 3),
    run(scheme="he", seed=9, reason="MemoryError"),
    run(scheme="he", seed=10, final_cost=math.nan, train_accuracy=math.inf, test_accuracy=0.5, diverged_at=4),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Puts a store of ROWS in place of the real one, and tells what it was asked for."""
    calls: list[tuple[str, str | None]] = []

    def open_rows(store: str, study: str | None) -> Rows:
        calls.append((store, study))
        return {"depth.db": depth_study(5, 4, 1), "empty.db": []}.get(store, ROWS)

    monkeypatch.setattr("headstart.verbs.study.open_rows", open_rows)
    return calls


def test_tables_on_stdout_the_rest_on_stderr(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    headstart(["report", "runs.db", "--study", "circles", "--by", "scheme,multiplier"])
    out, err = capsys.readouterr()
    assert asked == [("runs.db", "circles")]
    assert "30 runs, 6 seeds, 1 failed, " in out
    assert "Test accuracy, median (95 % interval), by scheme, multiplier" in out
    assert "4 seeds cannot tell any two of these schemes apart" in out
    assert "--out" in err
    assert "\x1b[" not in out


def test_json_has_every_run_in_the_order_of_the_store(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    headstart(["report", "runs.db", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"schema", "files", "rows"}
    assert found["schema"] == 1
    assert [row["id"] for row in found["rows"]] == [row["id"] for row in ROWS]
    assert found["rows"][-1]["final_cost"] == "nan"
    assert found["rows"][-1]["train_accuracy"] == "inf"
    assert {key: found["rows"][0][key] for key in ROWS[0]} == ROWS[0]
    assert found["rows"][-2]["reason"] == "MemoryError"


def test_filters(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    headstart(["report", "runs.db", "--json", "--where", "scheme=he", "--where", "multiplier=4"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(row["scheme"], row["multiplier"]) for row in rows} == {("he", 4.0)}
    assert len(rows) == 4


def test_files(asked: list[tuple[str, str | None]], capsys: Any, tmp_path: Path) -> None:
    headstart(["report", "depth.db", "--out", str(tmp_path / "pictures"), "--heat", "multiplier,depth"])
    out, err = capsys.readouterr()
    assert "theory's critical point is 1.761" in " ".join(out.split())
    assert err.count("wrote ") == 5
    assert (tmp_path / "pictures" / "report.html").is_file()


def test_an_empty_store(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        headstart(["report", "empty.db"])
    assert stop.value.code == 2
    assert "there are no runs to report" in capsys.readouterr().err
    headstart(["report", "empty.db", "--json"])
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "files": {}, "rows": []}


@pytest.fixture
def without_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without Vega, which takes a second each."""
    made: Future[str] = Future()
    made.set_result("")
    for room in ("page", "files"):
        monkeypatch.setattr(f"headstart.show.{room}.bundling", lambda: made)


@pytest.mark.parametrize(
    ("heat", "x", "y"), [("multiplier,scheme", "multiplier", "scheme"), ("scheme , multiplier", "scheme", "multiplier")]
)
def test_the_first_axis_of_heat_is_the_maps_x(
    heat: str, x: str, y: str, asked: list[tuple[str, str | None]], without_the_script: None, tmp_path: Path
) -> None:  # fmt: skip
    headstart(["report", "runs.db", "--heat", heat, "--out", str(tmp_path)])
    drawn = (tmp_path / "heat.svg").read_text()
    assert f"X-axis titled '{x}'" in drawn
    assert f"Y-axis titled '{y}'" in drawn


@pytest.mark.parametrize("metric", ["test_accuracy", "train_accuracy", "final_cost", "steps_to_target"])
def test_the_metric_is_that_of_every_part(
    metric: str, asked: list[tuple[str, str | None]], without_the_script: None, tmp_path: Path, capsys: Any
) -> None:
    first_seeds = [word for seed in range(4) for word in ("--where", f"seed={seed}")]
    headstart(["report", "runs.db", "--metric", metric, "--out", str(tmp_path), *first_seeds])
    out, _ = capsys.readouterr()
    title = metric.replace("_", " ")
    assert f"{title.capitalize()}, median (95 % interval), by scheme" in out
    assert f"Each scheme at its best settings by {title}" in out
    for name in ("report.svg", "heat.svg"):
        assert f"{title.capitalize()} " in (tmp_path / name).read_text()
    others = {"test accuracy", "train accuracy", "final cost", "steps to target"} - {title}
    assert not [other for other in others if other in out]


def test_a_filter_holds_for_tables_and_map_and_is_named(
    asked: list[tuple[str, str | None]], without_the_script: None, tmp_path: Path, capsys: Any
) -> None:
    conditions = ["--where", "scheme=xavier", "--where", "multiplier=1", "--where", "multiplier=4"]
    headstart(["report", "runs.db", *conditions, "--heat", "multiplier,seed", "--out", str(tmp_path)])
    out, _ = capsys.readouterr()
    assert out.startswith("8 runs with scheme=xavier and multiplier=1 and multiplier=4, 4 seeds")
    assert "he " not in out.split("Each scheme")[1].split("Chosen")[0]
    assert (tmp_path / "heat.svg").read_text().count('aria-roledescription="rect mark"') == 8


def test_json_has_the_columns_of_the_store_in_their_order_and_writes_files_too(
    asked: list[tuple[str, str | None]], without_the_script: None, tmp_path: Path, capsys: Any
) -> None:
    headstart(["report", "runs.db", "--json", "--where", "seed=2", "--out", str(tmp_path / "out")])
    out, err = capsys.readouterr()
    found = json.loads(out)["rows"]
    expected = [row for row in ROWS if row["seed"] == 2]
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    assert all(row[key] == item for row, other in zip(found, expected, strict=True) for key, item in other.items()
               if not (isinstance(item, float) and not math.isfinite(item)))  # fmt: skip
    assert err.count("wrote ") == len(list((tmp_path / "out").iterdir())) >= 3


def test_a_map_that_cannot_be_is_no_matter_where_none_is_drawn(
    asked: list[tuple[str, str | None]], capsys: Any
) -> None:
    headstart(["report", "runs.db", "--json", "--where", "scheme=he", "--where", "multiplier=1"])
    assert json.loads(capsys.readouterr().out)["rows"]
    with pytest.raises(SystemExit) as stop:
        headstart(["report", "runs.db", "--json", "--heat", "sigma_w2,scheme"])
    assert stop.value.code == 2


def test_ctrl_c_exits_130_and_a_store_out_of_reach_1(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    for error, code, words in (
        (KeyboardInterrupt(), 130, "Interrupted."), (StoreError("gone"), 1, "Error: gone"),
        (InputError("bad"), 2, "Error: bad"),
    ):  # fmt: skip

        def open_rows(store: str, study: str | None, error: BaseException = error) -> Rows:
            raise error

        monkeypatch.setattr("headstart.verbs.study.open_rows", open_rows)
        with pytest.raises(SystemExit) as stop:
            headstart(["report", "runs.db"])
        assert stop.value.code == code
        out, err = capsys.readouterr()
        assert (out, err.strip()) == ("", words)
