"""Progress on stderr: a bar with the work done and the time left in a terminal, plain lines elsewhere.

Nothing is shown for work that takes less than a second.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import click

QUIET_SECONDS = 1.0
LINE_SECONDS = 10.0  # between two plain lines


class Progress:
    """Shows how far a piece of work is; `update(done, total)` from the thread that made it.

    Args:
        what: the work, for the line ("Training").
        unit: what is counted on screen ("runs").
        size: how many of the numbers given to `update` make one such unit.
        waiting: what is said if nothing is done after a second.
    """

    def __init__(
        self, what: str, unit: str, size: int, waiting: str = "Compiling the training loop: once, it is kept on disk."
    ) -> None:
        self.what, self.unit, self.size = what, unit, size
        self._began = self._last_line = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._waiting = waiting

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show `done` of `total` units."""
        elapsed = time.monotonic() - self._began
        if elapsed < QUIET_SECONDS:
            return
        if done == 0 and self._waiting:
            click.echo(self._waiting, err=True)
            self._waiting = ""
        if sys.stderr.isatty():
            self._show_bar(done, total)
        elif time.monotonic() - self._last_line > LINE_SECONDS and done < total:
            self._last_line = time.monotonic()
            left = f", about {elapsed * (total - done) / done:.0f} s left" if done else ""
            click.echo(f"{self.what}: {self._counted(done, total)}{left}", err=True)

    def _show_bar(self, done: int, total: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                       TextColumn("{task.fields[units]}"), TimeRemainingColumn())  # fmt: skip
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self.what, total=total, units="")
            self._bar.start()
        self._bar.update(self._task, completed=done, units=self._counted(done, total))

    def _counted(self, done: int, total: int) -> str:
        return f"{done // self.size:,} of {total // self.size:,} {self.unit}"
