"""Opening a file that a caller named: regular files and pipes are read, within limits; everything else is refused.

A name may stand for anything: a folder, a device without end, a pipe that nobody writes to, a file larger than the
memory. None of them may hang the program or fill the memory, so what it is is looked at before it is read, nothing is
read beyond a limit, and a pipe is waited for a few seconds.
"""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from headstart import memory
from headstart.errors import InputError

TAKES = 20  # bytes of memory per byte of a table of short numbers: its text, its cells as Python strings
LARGEST = 2**31  # bytes: a table for a small network
PATIENCE = 5.0  # seconds that a pipe may say nothing
LONGEST = 60.0  # seconds that a pipe may go on
PIECE = 2**20


def read_file(path: str | Path, what: str = "the data", remedy: str = "") -> bytes:
    """The content of a regular file or a pipe.

    Args:
        path: its name.
        what: it is to be, for the messages.
        remedy: what to write instead of a name that no file has, if there is more to say.

    Raises:
        InputError: no such file, a folder, a device, a pipe that says nothing, or more than the memory allows.
    """
    shown, most = told(path), min(LARGEST, memory.limit(memory.LAB_SHARE) // TAKES)
    try:
        # a pipe without a writer must not block the opening
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except IsADirectoryError:
        raise _folder(shown, what) from None
    except (OSError, ValueError) as error:  # a name too long, no right to read; a null character
        if os.path.isdir(path):  # Windows opens no folder
            raise _folder(shown, what) from None
        if isinstance(error, FileNotFoundError) and remedy:
            raise InputError(f"no file {shown}. {remedy}") from None
        raise InputError(f"cannot read {what} {shown}: {getattr(error, 'strerror', None) or error}.") from None
    try:
        return _content(handle, shown, what, most)
    except OSError as error:
        raise InputError(f"cannot read {what} {shown}: {error.strerror or error}.") from None
    finally:
        os.close(handle)


def told(path: str | Path) -> str:
    """A path in a message: quoted, and no longer than a line.

    >>> told("a" * 300)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' (300 letters)"
    """
    text = str(path)
    return repr(text) if len(text) <= 200 else f"{text[:40] + '...'!r} ({len(text)} letters)"


def is_regular(path: str | Path) -> bool:
    """Whether this is the name of a file that can be read again and again; never an error."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def exists(path: str | Path) -> bool:
    """Whether there is anything but a folder of this name; never an error."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _folder(shown: str, what: str) -> InputError:
    return InputError(f"{what} {shown} is a folder. Write the path of a file.")


def _content(handle: int, shown: str, what: str, most: int) -> bytes:
    found = os.fstat(handle)
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFDIR:
        raise _folder(shown, what)
    if kind not in (stat.S_IFREG, stat.S_IFIFO):
        raise InputError(f"{what} {shown} is a device, not a file. Write the path of a file, or use a pipe.")
    _within(found.st_size, shown, what, most)
    pieces: list[bytes] = []
    until, size = time.monotonic() + LONGEST, 0
    while True:
        try:
            piece = os.read(handle, PIECE)
        except BlockingIOError:
            piece = None
        if not piece and not _more_to_come(handle, kind, piece, bool(pieces)):
            return b"".join(pieces)
        if piece:
            pieces.append(piece)
            size += len(piece)
            _within(size, shown, what, most)
        elif not _ready(handle):
            raise InputError(
                f"{what} {shown} is a pipe, and nothing came from it in {PATIENCE:g} s. Write it to a file first."
            )
        if kind == stat.S_IFIFO and time.monotonic() > until:
            raise InputError(f"{what} {shown} is a pipe that has no end after {LONGEST:g} s. Write it to a file first.")


def _more_to_come(handle: int, kind: int, piece: bytes | None, begun: bool) -> bool:
    """Whether there may be more after a read that brought nothing.

    A pipe that nobody has opened for writing yet reads as one at its end; a poll tells them apart.
    """
    if piece is None:
        return True
    return kind == stat.S_IFIFO and not begun and not _hung_up(handle)


def _hung_up(handle: int) -> bool:
    """Whether a pipe had a writer and has none any more."""
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))


def _ready(handle: int) -> bool:
    """Whether something comes within the patience; the end of a pipe is something."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(PATIENCE * 1000))


def _within(size: int, shown: str, what: str, most: int) -> None:
    memory.require(TAKES * size, f"reading {what} {shown} (it holds {size:,} bytes or more)",
                   "Write a smaller file.", TAKES * most)  # fmt: skip
