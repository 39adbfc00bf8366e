"""What a command puts out: text or JSON on stdout, files where --out says, the rest on stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headstart.cli.output import check_out, put_out
from headstart.errors import InputError
from headstart.show.files import Files

HINT = "the pictures"


@pytest.fixture
def put(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """(stdout, stderr) of a result that is saved as a.png and a.json."""
    files = Files({"a.png": lambda: b"png", "a.json": lambda: b"{}"}, folder=("a.png", "a.json"))

    def call(**how: Any) -> tuple[str, str]:
        document = {"schema": 1, "cost": math.inf}
        put_out(lambda: document, lambda console: console.print("a table"), lambda: files, **how)
        captured = capsys.readouterr()
        return captured.out, captured.err

    return call


@pytest.mark.parametrize("hint", [HINT, ""])
@pytest.mark.parametrize("out", [None, "a.png", "folder"])
@pytest.mark.parametrize("as_json", [False, True])
def test_data_goes_to_stdout_and_everything_else_to_stderr(
    as_json: bool, out: str | None, hint: str, put: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    place = None if out is None else tmp_path / out
    printed, said = put(as_json=as_json, out=place, hint=hint)
    written: dict[str, str] = {}
    if out == "a.png":
        written = {"png": str(place)}
    elif out == "folder":
        written = {kind: str(tmp_path / "folder" / f"a.{kind}") for kind in ("png", "json")}
    if as_json:
        assert json.loads(printed) == {"schema": 1, "cost": "inf", "files": written}
    else:
        assert printed == "a table\n"
    lines = [f"wrote {path}" for path in written.values()]
    if hint and out is None and not as_json:
        lines.append("Add --out PATH for the pictures.")
    assert said.splitlines() == lines
    assert all(Path(path).exists() for path in written.values())


@pytest.mark.parametrize("as_json", [False, True])
def test_files_that_cannot_be_written_are_an_error_after_the_result(
    as_json: bool, put: Callable[..., tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="does not exist"):
        put(as_json=as_json, out=tmp_path / "none" / "a.png", hint=HINT)
    printed = capsys.readouterr()
    assert printed.err == ""
    if as_json:
        assert json.loads(printed.out) == {"schema": 1, "cost": "inf", "files": {}}
    else:
        assert printed.out == "a table\n"


def test_a_place_is_asked_for_before_the_work(tmp_path: Path) -> None:
    check_out(None, (".png",))
    check_out(tmp_path / "new", (".png",))
    check_out(tmp_path / "new.png", (".png",))
    for name, words in (("none/a.png", "does not exist"), ("a.jpg", "saved as .png")):
        with pytest.raises(InputError, match=words):
            check_out(tmp_path / name, (".png",))
    assert list(tmp_path.iterdir()) == []
