"""Files are whole or not there, and asked about before the work."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from headstart.errors import InputError
from headstart.show.files import check_writable, write


def test_a_file_holds_what_was_written_and_is_a_file_like_any_other(tmp_path: Path) -> None:
    path, plain = tmp_path / "report.html", tmp_path / "plain"
    plain.write_bytes(b"")
    write(path, b"old and longer")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [plain, path]


@pytest.mark.parametrize("step", ["replace", "chmod", "fdopen"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failed_write_leaves_nothing_behind_and_the_old_file_as_it_was(
    step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    kept = tmp_path / "report.html"
    kept.write_bytes(b"old")
    monkeypatch.setattr(os, step, fails)
    for path in (kept, tmp_path / "other.html"):
        with pytest.raises(type(error)):
            write(path, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert kept.read_bytes() == b"old"


def test_asking_whether_a_folder_can_be_written_to_changes_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "there"
    kept.mkdir()
    check_writable(kept)
    assert list(tmp_path.rglob("*")) == [kept]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"cannot write to the folder .*Choose another"):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_which_no_file_can_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path)
