"""Files: what a result can be saved as, made before anything is written.

A path with one of the suffixes a result can be saved as is that one file; any other path is a folder, which gets all
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from headstart.show.page import bundling
from headstart.show.writing import check_target, write

Maker = Callable[[], bytes]


class Drawn(Protocol):
    """What draws a picture in every form."""

    def png(self) -> bytes: ...
    def svg(self) -> bytes: ...
    def pdf(self) -> bytes: ...


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
        write({place: self.makers[name]() for name, place in chosen.items()})
        return {_kind(name, self.folder[0]): str(place) for name, place in chosen.items()}


def drawn_files(stem: str, drawing: Drawn, others: Mapping[str, Maker], folder: Sequence[str]) -> Files:
    """The files of a result that has one picture: the picture in every form, and what else there is.

    Args:
        stem: of every name.
        drawing: what draws the picture.
        others: suffix -> what makes its content.
        folder: the suffixes a folder gets.
    """
    makers = {"png": drawing.png, "svg": drawing.svg, "pdf": drawing.pdf, **others}
    return Files({f"{stem}.{kind}": made for kind, made in makers.items()}, [f"{stem}.{kind}" for kind in folder])


def _kind(name: str, first: str) -> str:
    """png for the main picture, heat_png for another one."""
    stem, suffix = Path(name).stem, Path(name).suffix[1:]
    return suffix if stem == Path(first).stem else f"{stem}_{suffix}"
