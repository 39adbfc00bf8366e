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
    for seconds, done in ((2, 500), (3.5, 1_000), (13, 200_000), (14, 250_000), (20, 300_000), (25, 399_999),
                          (40, 1_000_000)):  # fmt: skip
        clock(seconds)
        progress.update(done, 1_000_000)
        said.append(capsys.readouterr().err)
    assert said == [
        "", "Training: 10 of 10,000 runs\n", "", "Training: 2,500 of 10,000 runs, about 36 s left\n", "",
        "Training: 3,999 of 10,000 runs, about 35 s left\n", "",  # the end needs no line
    ]  # fmt: skip


def lines(clock: Turn, capsys: pytest.CaptureFixture[str], progress: Progress, total: int, *updates: Any) -> list[str]:
    """What is said, an update a line, when so much was done at such a time."""
    said = []
    for seconds, done in updates:
        clock(seconds)
        progress.update(done, total)
        said.append(capsys.readouterr().err.strip())
    return said


def test_no_time_left_is_told_before_a_few_per_cent_are_done(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("Running", "runs", 1, waiting="")
    said = lines(clock, capsys, progress, 1000, (0, 0), (11, 0), (22, 1), (33, 29), (44, 30), (55, 500))
    assert said == [
        "", "Running: 0 of 1,000 runs", "Running: 1 of 1,000 runs", "Running: 29 of 1,000 runs",
        "Running: 30 of 1,000 runs, about 24 min left", "Running: 500 of 1,000 runs, about 55 s left",
    ]  # fmt: skip


def test_compilation_is_not_training(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    """Ninety seconds to compile, then ten to train: half-way it is five more, and not fifty."""
    compiled = ((0, 0), (30, 0), (90, 0), (91, 100), (95, 500))
    said = lines(clock, capsys, Progress("Training", "runs", 1, waiting="Compiling."), 1000, *compiled)
    assert said[1].splitlines() == ["Compiling.", "Training: 0 of 1,000 runs"]
    assert said[2:] == ["Training: 0 of 1,000 runs", "", ""]
    progress = Progress("Training", "runs", 1, waiting="Compiling.")
    said = lines(clock, capsys, progress, 1000, (200, 0), (290, 0), (291, 100), (300.5, 500))
    assert said[-1] == "Training: 500 of 1,000 runs, about 10 s left"


def test_what_was_stored_before_is_no_work_of_now(clock: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("Running", "runs", 1, waiting="")
    said = lines(clock, capsys, progress, 1000, (0, 800), (11, 801), (22, 900))
    assert said == ["", "Running: 801 of 1,000 runs", "Running: 900 of 1,000 runs, about 22 s left"]


class Terminal:
    """What a progress bar was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[Any, ...]] = []
        outer = self

        class Bar:
            def __init__(self, *_: Any, console: Any, **__: Any) -> None:
                outer.told.append(("made", console.stderr))

            def add_task(self, what: str, total: int, units: str, left: str) -> int:
                outer.told.append((what, total))
                return 3

            def start(self) -> None:
                outer.told.append(("start",))

            def stop(self) -> None:
                outer.told.append(("stop",))

            def update(self, task: int, completed: int, units: str, left: str) -> None:
                outer.told.append((task, completed, units, left))

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
        clock(5.5)
        progress.update(99, 100)
        raise KeyboardInterrupt
    assert terminal.told == [
        ("made", True), ("Training", 100), ("start",), (3, 25, "2 of 10 runs", "about 5 s left"),
        (3, 99, "9 of 10 runs", "under a second left"), ("stop",),
    ]  # fmt: skip
    assert capsys.readouterr() == ("", "")
