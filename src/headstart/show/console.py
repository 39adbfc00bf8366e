"""The console: as wide as COLUMNS says, or the terminal, or 100 columns; and what is printed as text.

Lines break at spaces only. A scheme or a number that is wider than the console stays whole.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from headstart.show.characters import safe
from headstart.show.wrapping import wrapped

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100  # columns where there is no terminal to ask
LEAST = 20


def console(stderr: bool = False) -> Console:
    """Where a command prints."""
    from rich.console import Console

    width = width_of(sys.stderr if stderr else sys.stdout)
    made = Console(stderr=stderr, width=width, highlight=False, markup=False)
    made.on_broken_pipe = _raise  # type: ignore[method-assign]  # Rich would end the process, files unwritten
    return made


def _raise() -> NoReturn:
    """Raise what is being handled."""
    raise BrokenPipeError


def width_of(stream: TextIO) -> int:
    """How many columns a line may take: COLUMNS, also for a file or a pipe; else the terminal's; else 100."""
    said = os.environ.get("COLUMNS", "")
    wanted = int(said) if said.isdecimal() and len(said) < 6 else 0
    if wanted == 0:
        try:
            wanted = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):  # no terminal, or no file at all
            wanted = 0
    return max(wanted, LEAST) if wanted else WIDTH


def print_text(console: Console, text: str, indent: int = 0, style: str = "", bold: str = "") -> None:
    """Print sentences, broken at spaces only.

    Args:
        bold: words at the beginning of the text that stand out.
    """
    from rich.text import Text

    for number, line in enumerate(wrapped(safe(text, console.encoding, lines=True), console.width - indent)):
        made = Text(" " * indent + line, style=style)
        if number == 0 and bold:
            made.stylize("bold", indent, indent + len(safe(bold, console.encoding)))
        console.print(made, soft_wrap=True)


def text(printed: Callable[[Any], None], width: int = WIDTH) -> str:
    """What a function prints to a console, as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    made = Console(
        file=buffer, width=width, no_color=True, force_terminal=False, force_jupyter=False, highlight=False,
        markup=False,
    )  # fmt: skip
    printed(made)
    return buffer.getvalue().rstrip("\n")
