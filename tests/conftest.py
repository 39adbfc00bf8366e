"""What all tests share: Hypothesis without deadlines, because a first call may import or compile; fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Headstart
from hypothesis import settings

settings.register_profile("headstart", deadline=None, max_examples=60)
settings.load_profile("headstart")


@pytest.fixture
def bundle_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the program that prints a page's script: the real one takes a second, and is kept for the whole process."""

    from headstart.show import page  # not before a test asks for it

    def program(text: str) -> None:
        monkeypatch.setattr(page, "BUNDLE", text)
        page.bundling.cache_clear()

    yield program
    page.bundling.cache_clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, once for all tests of a process."""
    from chromium_browser import launched

    yield from launched()


@pytest.fixture
def tabs(chromium: Any) -> Iterator[Any]:
    """Opens tabs; a test that leaves an error or a warning on a console fails."""
    from chromium_browser import Tabs

    found = Tabs(chromium)
    try:
        yield found
    finally:
        found.close()
    assert found.complaints == []


@pytest.fixture
def headstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Headstart:
    """Runs a command in this process, in a folder of its own."""
    from headstart.cli.main import run

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
