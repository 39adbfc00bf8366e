"""Files: whole or not at all, and asked about before the work, not after it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from headstart.errors import InputError


def check_writable(folder: Path) -> None:
    """Make the folder if need be and see that a file can be written to it, before any work is done.

    Raises:
        InputError: it is a file, or may not be written to.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write to the folder {str(folder)!r}: {error.strerror}. Choose another with --out."
        ) from None
    if made:
        folder.rmdir()  # nothing is left behind until there is something to put in it


def write(path: Path, content: bytes) -> None:
    """The whole file or none of it: write beside it, then rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are private; a report is a file like any other
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
