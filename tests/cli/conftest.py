"""The command line as tests call it: in this process, in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Headstart

from headstart.cli.main import run


@pytest.fixture
def headstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Headstart:
    """Runs a command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Done:
        code: Any = 0
        try:
            run([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Done(code, captured.out, captured.err)

    return call
