"""A figure of one chart and of the command that draws it: `gain`, `phase`, `tune`, `report`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headstart.show.drawing import Spec, svg_of
from headstart.show.figure import origin
from headstart.show.figure.dressed import DressedFigure
from headstart.show.figure.look import DPI, Look
from headstart.show.figure.sized import size_of, wrapped_title
from headstart.show.files import Files, drawn_files


class PlainFigure(DressedFigure):
    """A chart in a look.

    Args:
        make: width and height of the drawing area, None for the chart's own -> an Altair chart or its specification.
        look: how it looks.
        words: of the command that draws it, without those of the look: ["gain", "gelu"]; none for what no command can
            draw again, being made of values or functions given in Python.
        stem: of the files in a folder.
        dpi: dots per inch of a PNG where none was asked for.
    """

    def __init__(
        self, make: Callable[[float | None, float | None], Any], look: Look | None = None, words: Sequence[str] = (),
        stem: str = "figure", dpi: float = DPI,
    ) -> None:  # fmt: skip
        super().__init__(look or Look())
        self._chart, self.words, self.stem, self.dpi = make, list(words), stem, dpi

    @property
    def _name(self) -> str:
        return self.stem

    @property
    def origin(self) -> Mapping[str, Any]:
        """The command, its words, and the look."""
        given = self.look.given()
        return origin.origin(command_line(self.words, given), {}, {"of": self.words, **given})

    def files(self) -> Files:
        """Its picture in every form, and a page; a folder gets .png, .svg and .html."""
        return drawn_files(self.stem, self, {"html": self.html}, folder=("png", "svg", "html"))

    def _make(self, width: float | None, height: float | None) -> Spec:
        spec = self._dressed(self._chart(width, height), {}, own=True)
        if self.look.size is None and self.look.letters > 1 and "title" in spec:
            bare = svg_of({key: value for key, value in spec.items() if key != "title"})
            spec = wrapped_title(spec, size_of(bare)[0], spec["config"])  # larger letters need more lines
        return spec


def command_line(words: Sequence[str], look: Mapping[str, Any]) -> str:
    """What a shell makes a figure with; nothing where no command can.

    >>> command_line(["gain", "elu(alpha=2)"], {"theme": "slide", "font_size": 9})
    "headstart gain 'elu(alpha=2)' --theme slide --font-size 9"
    """
    if not words:
        return ""
    dressing = [part for name, value in look.items() for part in ("--" + name.replace("_", "-"), f"{value}")]
    return shlex.join(["headstart", *words, *dressing])
