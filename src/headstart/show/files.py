"""Files: asked about before the work, made before anything is written, written whole or not at all.

A path with one of the suffixes a result can be saved as is that one file; any other path is a folder, which gets all
of them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.errors import InputError
from headstart.show.drawing import Drawing
from headstart.show.page import bundling

Maker = Callable[[], bytes]
# what people write for a picture or a table that no result is saved as: a slip, not the name of a folder
ELSEWHERE = (".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".eps", ".ps", ".txt", ".md", ".xlsx", ".xls")


@dataclass(frozen=True)
class Files:
    """The files a result can be saved as.

    Args:
        makers: name -> what makes its content.
        folder: the names a folder gets.
    """

    makers: Mapping[str, Maker]
    folder: Sequence[str]

    @property
    def suffixes(self) -> list[str]:
        """.png, .svg, ...: what one file may be saved as."""
        return list(dict.fromkeys(Path(name).suffix for name in self.makers))

    def save(self, path: str | Path) -> dict[str, str]:
        """Write one file or a folder; kind -> path.

        Raises:
            InputError: it cannot be written there; nothing is left behind then.
        """
        target = check_target(path, self.suffixes)
        if target.suffix.lower() in self.suffixes:
            name = next(name for name in self.makers if name.endswith(target.suffix.lower()))
            chosen = {name: target}
        else:
            chosen = {name: target / name for name in self.folder}
        if any(name.endswith(".html") for name in chosen):
            bundling()  # while the pictures are drawn
        contents = {place: self.makers[name]() for name, place in chosen.items()}
        for place, content in contents.items():
            write(place, content)
        return {_kind(name, self.folder[0]): str(place) for name, place in chosen.items()}


def drawn_files(stem: str, drawing: Drawing, others: Mapping[str, Maker], folder: Sequence[str]) -> Files:
    """The files of a result that has one picture: the picture in every form, and what else there is.

    Args:
        stem: of every name.
        others: suffix -> what makes its content.
        folder: the suffixes a folder gets.
    """
    makers = {"png": drawing.png, "svg": drawing.svg, "pdf": drawing.pdf, **others}
    return Files({f"{stem}.{kind}": made for kind, made in makers.items()}, [f"{stem}.{kind}" for kind in folder])


def _kind(name: str, first: str) -> str:
    """png for the main picture, heat_png for another one."""
    stem, suffix = Path(name).stem, Path(name).suffix[1:]
    return suffix if stem == Path(first).stem else f"{stem}_{suffix}"


def check_target(path: str | Path, suffixes: Sequence[str]) -> Path:
    """The path, if a result can be saved there; asked before the work, not after it.

    Raises:
        InputError: a suffix that no result has, or a place that cannot be written to.

    >>> check_target("phase.bmp", [".png", ".svg"])
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: a file is saved as .png or .svg, got 'phase.bmp'. Write, for example, phase.png.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in ELSEWHERE:
        told = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}" if len(suffixes) > 1 else suffixes[0]
        raise InputError(
            f"a file is saved as {told}, got {str(path)!r}. Write, for example, {target.stem}{suffixes[0]}."
        )
    if suffix not in suffixes:
        check_writable(target)
        return target
    if target.is_dir():
        raise InputError(f"cannot write the file {str(target)!r}: it is a folder. Choose another path.")
    if not target.parent.is_dir():
        raise InputError(f"the folder {str(target.parent)!r} does not exist. Make it, or write another path.")
    check_writable(target.parent)
    return target


def check_writable(folder: Path) -> None:
    """See that a file can be written to a folder, which is made if need be and then removed again.

    Raises:
        InputError: it is a file, or may not be written to.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write to the folder {str(folder)!r}: {error.strerror}. Choose another path."
        ) from None
    finally:
        for place in missing:  # nothing is left behind until there is something to put in it
            if place.is_dir():
                place.rmdir()


def write(path: Path, content: bytes) -> None:
    """The whole file or none of it: written beside it, then renamed; its folder is made if need be.

    Raises:
        InputError: it cannot be written; what stood there stands there still.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name[:40])
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are private; a report is a file like any other
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from None
        raise


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {str(path)!r}: {error.strerror or error}. Choose another path.")
