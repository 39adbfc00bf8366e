"""Progress on stderr, on a clock that the tests turn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from headstart.cli import progress as module
from headstart.cli.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def turn(seconds: float) -> None:
        now[0] = 1000.0 + seconds

    return turn


Turn = Callable[[float], None]


def test_nothing_is_said_within_a_second(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Training", "runs", 100) as progress:
        clock(0.99)
        progress.update(0, 1000)
        progress.update(500, 1000)
        assert capsys.readouterr() == ("", "")
        clock(1.0)
        progress.update(0, 1000)
        assert capsys.readouterr().err.startswith("Compiling the training loop")


def test_waiting_is_said_once_and_only_before_the_first_work(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("Training", "runs", 100, waiting="Wait.")
    clock(2)
    progress.update(0, 1000)
    progress.update(0, 1000)
    assert capsys.readouterr() == ("", "Wait.\n")
    for silent in (Progress("Training", "runs", 100, waiting=""), Progress("Training", "runs", 100)):
        clock(4)
        silent.update(0 if silent._waiting == "" else 5, 1000)
    assert capsys.readouterr() == ("", "")


def test_a_plain_line_every_ten_seconds_with_the_work_done_and_the_time_left(
    clock: Turn, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress("Training", "runs", 100, waiting="")
    said = []
    for seconds, done in ((5, 1_000), (10, 200_000), (10.5, 250_000), (20, 300_000), (21, 399_999), (40, 1_000_000)):
        clock(seconds)
        progress.update(done, 1_000_000)
        said.append(capsys.readouterr().err)
    assert said == [
        "", "", "Training: 2,500 of 10,000 runs, about 32 s left\n", "",  # 10.5 s for a quarter, three more to come
        "Training: 3,999 of 10,000 runs, about 32 s left\n", "",  # the end needs no line
    ]  # fmt: skip


def test_time_left_is_not_guessed_from_nothing(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("Running", "runs", 1, waiting="")
    clock(11)
    progress.update(0, 7)
    assert capsys.readouterr().err == "Running: 0 of 7 runs\n"


class Terminal:
    """What a progress bar was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[Any, ...]] = []
        outer = self

        class Bar:
            def __init__(self, *_: Any, console: Any, **__: Any) -> None:
                outer.told.append(("made", console.stderr))

            def add_task(self, what: str, total: int, units: str) -> int:
                outer.told.append((what, total))
                return 3

            def start(self) -> None:
                outer.told.append(("start",))

            def stop(self) -> None:
                outer.told.append(("stop",))

            def update(self, task: int, completed: int, units: str) -> None:
                outer.told.append((task, completed, units))

        monkeypatch.setattr("rich.progress.Progress", Bar)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_terminal_has_a_bar_that_goes_away(
    clock: Turn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(monkeypatch)
    with suppress(KeyboardInterrupt), Progress("Training", "runs", 10, waiting="") as progress:
        progress.update(1, 100)
        assert terminal.told == []
        clock(1.5)
        progress.update(25, 100)
        progress.update(99, 100)
        raise KeyboardInterrupt
    assert terminal.told == [
        ("made", True), ("Training", 100), ("start",), (3, 25, "2 of 10 runs"), (3, 99, "9 of 10 runs"), ("stop",),
    ]  # fmt: skip
    assert capsys.readouterr() == ("", "")
