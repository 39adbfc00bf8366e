"""`headstart report` as a user meets it, with a store that is a list."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from sweep_rows import depth_study, run, scheme_study

from headstart.cli.main import run as headstart

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
    assert "Multiplier 4: 4 seeds cannot tell he from xavier" in out
    assert "--out" in err
    assert "\x1b[" not in out


def test_json_has_every_run_in_the_order_of_the_store(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    headstart(["report", "runs.db", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"schema", "rows"}
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--metric", "accuracy"], "unknown metric 'accuracy'. Did you mean 'test_accuracy'"),
     (["--by", "shceme"], "unknown factor 'shceme'. Did you mean 'scheme'"),
     (["--by", ""], "at least one factor"),
     (["--heat", "depth"], "two different factors"),
     (["--heat", "depth,hight"], "unknown factor"),
     (["--where", "scheme"], "written factor=value"),
     (["--where", "scheme=hee"], "no run has scheme=hee"),
     (["--out", "file"], "cannot write to the folder")],
)  # fmt: skip
def test_bad_input_is_told_plainly(
    asked: list[tuple[str, str | None]], arguments: list[str], message: str, capsys: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(SystemExit) as stop:
        headstart(["report", "runs.db", *arguments])
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_empty_store(asked: list[tuple[str, str | None]], capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        headstart(["report", "empty.db"])
    assert stop.value.code == 2
    assert "there are no runs to report" in capsys.readouterr().err
    headstart(["report", "empty.db", "--json"])
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "rows": []}
