"""Progress on stderr: a bar with the work done and the time left in a terminal, plain lines elsewhere.

Nothing is shown for work that takes less than a second, and no time left before a few per cent are done: what comes
before the first work (imports, compilation) says nothing of the rest.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import click

from headstart.words import duration

QUIET_SECONDS = 1.0
FIRST_SECONDS = 3.0  # to the first plain line
LINE_SECONDS = 10.0  # between two of them
KNOWN = 0.03  # of the work: from there on its speed says how long the rest will take


class Progress:
    """Shows how far a piece of work is; `update(done, total)` from the thread that made it.

    Args:
        what: the work, for the line ("Training").
        unit: what is counted on screen ("runs").
        size: how many of the numbers given to `update` make one such unit.
        waiting: what is said if nothing is done after a second; empty for work that reports in large parts, whose
            first one is under way from the beginning.
    """

    def __init__(
        self, what: str, unit: str, size: int, waiting: str = "Compiling the training loop: once, it is kept on disk."
    ) -> None:
        self.what, self.unit, self.size = what, unit, size
        self._began = time.monotonic()
        self._last_line = self._began + FIRST_SECONDS - LINE_SECONDS
        self._bar: Any = None
        self._task: Any = None
        self._waiting, self._compiles = waiting, bool(waiting)
        self._since: tuple[float, int] | None = None  # when the work began, and how much was done by then

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show `done` of `total` units."""
        now = time.monotonic()
        if self._since is None or (self._compiles and done == self._since[1]):
            self._since = (now, done)
        if now - self._began < QUIET_SECONDS:
            return
        if done == 0 and self._waiting:
            click.echo(self._waiting, err=True)
            self._waiting = ""
        if sys.stderr.isatty():
            self._show_bar(done, total)
        elif time.monotonic() - self._last_line > LINE_SECONDS and done < total:
            self._last_line = time.monotonic()
            left = self._left(done, total)
            click.echo(f"{self.what}: {self._counted(done, total)}{left and ', '}{left}", err=True)

    def _show_bar(self, done: int, total: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                       TextColumn("{task.fields[units]}"), TextColumn("{task.fields[left]}"))  # fmt: skip
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self.what, total=total, units="", left="")
            self._bar.start()
        self._bar.update(self._task, completed=done, units=self._counted(done, total), left=self._left(done, total))

    def _left(self, done: int, total: int) -> str:
        """The time left, at the speed since the work began; nothing while that is not known."""
        assert self._since is not None
        began, before = self._since
        seconds = time.monotonic() - began
        if done - before < KNOWN * (total - before) or done == before or seconds <= 0:
            return ""
        return f"{duration(seconds * (total - done) / (done - before))} left"

    def _counted(self, done: int, total: int) -> str:
        return f"{done // self.size:,} of {total // self.size:,} {self.unit}"
