"""What is stored is read as it is stored, whatever has become of the tables it was computed from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Headstart

import headstart as hs
from headstart.experiments.sweep.stored import open_rows
from headstart.verbs.study import report_of

TABLE = "a,b,c\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(40))
CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda path: path.write_text(TABLE + "1,2,1\n"),
    "moved": lambda path: path.rename(path.with_name("elsewhere")),
    "deleted": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "unreadable": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["table.csv", "table.txt", "table"])
def test_a_report_needs_no_table(name: str, change: str, headstart: Headstart, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TABLE)
    keys: dict[str, Any] = {"data": name, "steps": 2, "seed": [0, 1], "scheme": ["he", "zeros"], "hidden": [3]}
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in keys.items()]
    (tmp_path / "s.toml").write_text("\n".join(lines))
    assert headstart("sweep", "run", "s.toml").returncode == 0
    before = [headstart("report", "s.db", *more).stdout for more in ([], ["--study", "s"], ["--json"])]
    rows, study = open_rows("s.db"), hs.study("s.toml")
    CHANGES[change](tmp_path / name)
    assert [headstart("report", "s.db", *more).stdout for more in ([], ["--study", "s"], ["--json"])] == before
    assert open_rows("s.db") == open_rows("s.db", "s") == study.rows() == rows
    assert study.status() == (4, 4, 0)
    assert len(report_of("s.db", "s").rows) == 4
    again = headstart("sweep", "run", "s.toml")  # what is to be run needs it
    assert again.returncode == 2
    assert name in again.stderr


def test_a_study_is_read_by_its_name_when_its_words_are_nobodys_any_more(tmp_path: Path) -> None:
    """A stored study is not judged again by today's rules."""
    hs.study(hidden=[3], steps=2, seed=[0, 1], store=tmp_path / "s.db").run()
    store = hs.study(store=tmp_path / "s.db").store
    stored = store.study("study")
    assert stored is not None
    document = stored.document | {"seed": [0, -7], "steps": [2, 2]}  # which no study may have
    store.save_study("study", stored._replace(document=document))
    assert [row["seed"] for row in open_rows(tmp_path / "s.db", "study")] == [0]
