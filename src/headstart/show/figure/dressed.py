"""A figure as it was asked for: a chart of the right size, in its look, that says in every format what made it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import altair as alt

from headstart.show.drawing import Spec, Tables, svg_of, to_pdf, to_png
from headstart.show.figure import origin
from headstart.show.figure.fonts import missing_words
from headstart.show.figure.look import DPI, Look
from headstart.show.figure.sized import framed, size_of, sized, wrapped_title
from headstart.show.files import Files
from headstart.show.page import chart_page
from headstart.show.size import check_dots, read_size
from headstart.show.theme.palette import PAPER, theme
from headstart.show.theme.themes import THEMES, dressed, named_theme

Area = tuple[float | None, float | None]  # of the drawing, in pixels; None for the figure's own
PADDING = 12
_KINDS: dict[str, Any] = {
    "layer": alt.LayerChart, "concat": alt.ConcatChart, "vconcat": alt.VConcatChart, "hconcat": alt.HConcatChart,
    "facet": alt.FacetChart,
}  # fmt: skip


class DressedFigure(ABC):
    """What all figures share: size, theme, title and origin. A subclass makes the chart for an area.

    Args:
        look: how it looks.
    """

    dpi = DPI  # of a PNG where none was asked for

    def __init__(self, look: Look) -> None:
        self.look = look

    @abstractmethod
    def _make(self, width: float | None, height: float | None) -> Spec:
        """The chart for a drawing area, dressed."""

    @property
    @abstractmethod
    def origin(self) -> Mapping[str, Any]:
        """What makes it again."""

    @cached_property
    def chart(self) -> Any:
        """A plain Altair chart in the theme, for the figure's own size or the one asked for."""
        spec = {key: value for key, value in self.spec.items() if key != "$schema"}
        kind = next((found for key, found in _KINDS.items() if key in spec), alt.Chart)
        return kind.from_dict(spec, validate=False)

    @property
    def spec(self) -> Spec:
        """The chart in Vega-Lite's JSON."""
        return self._sized[0]

    @property
    def title(self) -> str:
        """The figure's heading, on one line."""
        title = self.spec.get("title", "")
        text = title.get("text", "") if isinstance(title, dict) else title
        return (text if isinstance(text, str) else " ".join(text)) or self._name

    @property
    def description(self) -> str:
        """The figure in words."""
        return str(self.spec.get("description", self.title))

    @property
    def notes(self) -> list[str]:
        """What is to be said beside the figure: letters that no font has."""
        words = missing_words([self.look.title or ""])
        return [words] if words else []

    @property
    def _name(self) -> str:
        """What it is called where it has no title."""
        return "Figure"

    def svg(self) -> bytes:
        """An SVG of the size that was asked for."""
        drawn = self._framed(self._sized[1], self._own_size(self._sized[1]))
        return origin.into_svg(drawn, self.origin, self.title, self.description).encode()

    def png(self) -> bytes:
        """A PNG of so many dots per inch."""
        dpi = self.look.dpi or self.dpi
        size = self._own_size(self._sized[1])
        check_dots(*size, dpi)
        drawn = to_png(self._framed(self._sized[1], size), dpi / 96)
        return origin.into_png(drawn, self.origin, self.title, dpi)

    def pdf(self) -> bytes:
        """A PDF of the size that was asked for."""
        drawn = to_pdf(self._framed(self._sized[1], self._own_size(self._sized[1]), 0.75))
        return origin.into_pdf(drawn, self.origin, self.title)

    def html(self) -> bytes:
        """A page that opens with no network."""
        return chart_page(self.spec, "", self.look.theme, self.meta)

    @property
    def meta(self) -> str:
        """What made it, for the head of a page."""
        return origin.page_meta(self.origin)

    @abstractmethod
    def files(self) -> Files:
        """What it can be saved as."""

    def save(self, path: str | Path) -> dict[str, str]:
        """Write one file (its suffix says which), or a folder; kind -> path.

        Raises:
            InputError: it cannot be written there, or not as such a file.
        """
        return self.files().save(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"image/svg+xml": self.svg().decode(), "text/plain": f"<figure: {self.title}>"}

    @cached_property
    def _sized(self) -> tuple[Spec, str, Area]:
        return self._fitted(self._make)

    def _fitted(self, make: Callable[[float | None, float | None], Spec]) -> tuple[Spec, str, Area]:
        if self.look.size is None:
            spec = make(None, None)
            return spec, svg_of(spec), (None, None)
        return sized(make, read_size(self.look.size), svg_of)

    def _dressed(self, chart: Any, tables: Tables, own: bool = False) -> Spec:
        """The chart in its theme, with its rows.

        Args:
            chart: Altair's, or its specification.
            tables: rows that stand outside of it.
            own: whether it brings its own configuration and padding.
        """
        spec: Spec = dict(chart) if isinstance(chart, dict) else chart.to_dict(validate=False)
        if not own:
            spec["config"], spec["padding"] = theme(), PADDING
        if self.look.title is not None:
            spec = self._titled(spec)
        spec = dressed(spec, named_theme(self.look.theme), self.look.letters)
        spec["datasets"] = {**spec.get("datasets", {}), **tables}
        width = read_size(self.look.size)[0] if self.look.size is not None else None
        return spec if width is None else wrapped_title(spec, width, spec["config"])

    def _titled(self, spec: Spec) -> Spec:
        if self.look.title == "":
            return {key: value for key, value in spec.items() if key != "title"}
        before = spec.get("title", {})
        return {**spec, "title": {**(before if isinstance(before, dict) else {}), "text": self.look.title}}

    def _own_size(self, drawn: str) -> tuple[float, float]:
        return size_of(drawn) if self.look.size is None else read_size(self.look.size)

    def _framed(self, drawn: str, size: tuple[float, float], unit: float = 1.0) -> str:
        paper = THEMES[self.look.theme].colours.get(PAPER, PAPER)
        return framed(drawn, size, unit, paper)
