"""What a command puts out: text or JSON on stdout, files where --out says, the rest on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cli.streams import closed, say
from headstart.errors import HeadstartError, InputError
from headstart.show.console import console
from headstart.show.rows import json_text

if TYPE_CHECKING:
    from headstart.show.files import Files


def put_out(
    document: Callable[[], dict[str, Any]],
    printed: Callable[[Any], None],
    files: Callable[[], Files],
    *,
    as_json: bool,
    out: Path | None,
    hint: str = "",
    written_as: Callable[[Mapping[str, Any]], str] = json_text,
) -> None:
    """Write the files, then print the result, whatever became of the files.

    Args:
        document: the result as JSON, with its schema number.
        printed: prints it as text to a console.
        files: what it can be saved as.
        hint: what --out would bring, for those who did not ask.
        written_as: the JSON's text.
    """
    written, trouble = {}, None
    if out is not None:
        try:
            written = files().save(out)
        except InputError as error:
            trouble = error
    if as_json:
        text = written_as({**document(), "files": written})
        _to_stdout(lambda: print(text), lambda: say(text))
    else:
        _to_stdout(lambda: printed(console()), lambda: printed(console(stderr=True)))
    for path in written.values():
        say(f"wrote {path}")
    if trouble is not None:
        raise trouble
    if hint and out is None and not as_json:
        say(f"Add --out PATH for {hint}.")


def _to_stdout(print_it: Callable[[], None], instead: Callable[[], None]) -> None:
    """Print to stdout; where that takes no more, the work is not lost: it is printed to stderr.

    Raises:
        HeadstartError: stdout took no more.
        BrokenPipeError: nobody reads any more.
    """
    try:
        print_it()
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        instead()
        raise HeadstartError(
            f"cannot write to standard output: {error.strerror or error}. The result stands above, on standard error."
        ) from None


def check_out(out: Path | None, suffixes: tuple[str, ...]) -> None:
    """Refuse a place that cannot be written to, before any work; without a place, a closed stdout.

    Raises:
        InputError: a file that cannot be written.
        HeadstartError: stdout is closed.
    """
    if out is not None:
        from headstart.show.writing import check_target

        check_target(out, suffixes)
    elif (reason := closed()) is not None:
        raise HeadstartError(f"cannot write to standard output: {reason}. Open it, or write files with --out PATH.")
