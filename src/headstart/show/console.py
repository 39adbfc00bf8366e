"""The console: as wide as the terminal, or 100 columns where there is none; and what is printed as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100  # columns where there is no terminal to ask


def console(stderr: bool = False) -> Console:
    """Where a command prints."""
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, width=WIDTH, highlight=False)


def text(printed: Callable[[Any], None], width: int = WIDTH) -> str:
    """What a function prints to a console, as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    printed(
        Console(
            file=buffer, width=width, no_color=True, force_terminal=False, force_jupyter=False, highlight=False
        )
    )  # fmt: skip
    return buffer.getvalue().rstrip("\n")
