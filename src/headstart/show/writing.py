"""Places on disk: asked about before the work, written whole or not at all, left as they were when that fails."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from headstart.errors import InputError
from headstart.shield import shielded

# what people write for a picture or a table that no result is saved as: a slip, not the name of a folder
ELSEWHERE = (".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".eps", ".ps", ".txt", ".md", ".xlsx", ".xls")


def check_target(path: str | Path, suffixes: Sequence[str]) -> Path:
    """The path, if a result can be saved there; asked before the work, not after it.

    Raises:
        InputError: a suffix that no result has, or a place that cannot be written to.

    >>> check_target("phase.bmp", [".png", ".svg"])
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: a file is saved as .png or .svg, got 'phase.bmp'. Write, for example, phase.png.
    """
    if "\0" in str(path):
        raise InputError(f"a path has no zero bytes, got {str(path)!r}. Write another path.")
    target = Path(path)
    with _naming(target):  # a name that is too long
        return _checked(target, suffixes)


def _checked(target: Path, suffixes: Sequence[str]) -> Path:
    suffix = target.suffix.lower()
    if suffix in ELSEWHERE and suffix not in suffixes:
        told = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}" if len(suffixes) > 1 else suffixes[0]
        raise InputError(
            f"a file is saved as {told}, got {str(target)!r}. Write, for example, {target.stem}{suffixes[0]}."
        )
    if suffix not in suffixes:
        check_writable(target)
        for place in target.iterdir() if target.is_dir() else ():
            if place.suffix in suffixes:
                _refuse_folder(place)
        return target
    _refuse_folder(target)
    if not target.parent.is_dir():
        raise InputError(f"the folder {str(target.parent)!r} does not exist. Make it, or write another path.")
    check_writable(target.parent)
    return target


def _refuse_folder(place: Path) -> None:
    if place.is_dir():
        raise InputError(f"cannot write the file {str(place)!r}: it is a folder. Choose another path.")


def check_writable(folder: Path) -> None:
    """See that a file can be written to a folder, which is made if need be and then removed again.

    Raises:
        InputError: it is a file, may not be written to, or its disk is full.
    """
    try:
        with shielded(), _folder(folder, keep=False), tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(b"\0" * 4096)  # a full disk takes the name of a file, not its first block
    except OSError as error:
        raise InputError(
            f"cannot write to the folder {str(folder)!r}: {error.strerror}. Choose another path."
        ) from None


def write(contents: Mapping[Path, bytes]) -> None:
    """All of the files, or none: written beside their places first, then renamed; folders are made if need be.

    Raises:
        InputError: one cannot be written; what stood there stands there still.
    """
    with shielded(), ExitStack() as folders:
        for path in contents:
            with _naming(path):
                folders.enter_context(_folder(path.parent, keep=True))
        temporary: dict[Path, str] = {}
        try:
            for path, content in contents.items():
                with _naming(path):
                    _refuse_folder(path)
                    _write_beside(path, content, temporary)
            for path in contents:
                with _naming(path):
                    os.replace(temporary[path], path)
                    del temporary[path]
        finally:
            for name in temporary.values():
                os.unlink(name)


def _write_beside(path: Path, content: bytes, temporary: dict[Path, str]) -> None:
    handle, temporary[path] = tempfile.mkstemp(dir=path.parent, prefix=path.name[:40])
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(temporary[path], 0o666 & ~umask)  # mkstemp's files are private; a report is a file like any other


@contextmanager
def _folder(folder: Path, keep: bool) -> Iterator[None]:
    """Make a folder if need be; without `keep`, or after an error, those that were made are removed again."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        keep = False
        raise
    finally:
        for place in [] if keep else missing:
            with suppress(OSError):  # never made, or somebody else's by now
                place.rmdir()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors of the disk, with the file they are about."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}. Choose another path.") from None
