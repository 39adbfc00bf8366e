"""stdout and stderr that survive: any encoding, closed, full, or with nobody reading any more."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import Any

from headstart.show.characters import ERRORS, safe

PLAIN = "plain-ascii"  # ASCII by a name that Click does not take for a mistake and replace by UTF-8


def ready() -> None:
    """Streams that can say anything; a closed one keeps its number, so that no file opened later gets it."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest free number; what is written to 1 is refused, as it would have been
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", ERRORS, write_through=True)
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", ERRORS, write_through=True)
    try:
        os.write(2, b"")
    except OSError:  # a full disk: who gives it no reader wants no errors of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=PLAIN if ascii_only else None, errors=ERRORS)


def say(text: str) -> None:
    """Say something on stderr; nothing that a terminal obeys is passed on."""
    with suppress(OSError):  # nobody listens
        print(safe(text, lines=True), file=sys.stderr, flush=True)


class Warned:
    """Says a library's warning in one line, and each only once: code and places are no help to a reader."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, message: Warning | str, *_: Any, **__: Any) -> None:
        words = str(message)
        if words not in self._said:
            self._said.add(words)
            say(f"Warning: {words}")


def closed() -> str | None:
    """Why nothing can be written to stdout; None if it can, as far as can be told before it is tried."""
    try:
        os.write(sys.stdout.fileno(), b"")
    except io.UnsupportedOperation:
        return None  # no file at all
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def flushed(code: int) -> int:
    """Write what is still waiting; the exit code, which is an error's where stdout takes no more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or 1
    except OSError as error:
        say(f"Error: cannot write to standard output: {error.strerror}.")
        code = code or 1
    else:
        return code
    _drop_the_rest()
    return code


def _drop_the_rest() -> None:
    """What stdout did not take is not tried again when the process ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for the rest of the process


def _plain_ascii(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != PLAIN:
        return None
    found = codecs.lookup("ascii")
    return codecs.CodecInfo(
        found.encode, found.decode, found.streamreader, found.streamwriter, found.incrementalencoder,
        found.incrementaldecoder, name=PLAIN,
    )  # fmt: skip


codecs.register(_plain_ascii)
