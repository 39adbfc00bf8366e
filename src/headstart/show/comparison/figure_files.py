"""A figure of a comparison as the user asked for it: which, how large, in which look, and as which files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import altair as alt

from headstart.check import positive, whole
from headstart.errors import InputError
from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison.boundary_chart import Weights
from headstart.show.comparison.charts import chosen
from headstart.show.comparison.figures import (
    FIGURES,
    MOMENTS,
    Room,
    chosen_schemes,
    frame_chart,
    moments,
    moving_chart,
    named_figures,
    read_steps,
    see_it_can_be_drawn,
    told_instead,
)
from headstart.show.drawing import Spec, Tables, collected, svg_of, to_pdf, to_png
from headstart.show.figure import origin
from headstart.show.figure.fonts import missing_words
from headstart.show.figure.gif import gif
from headstart.show.figure.png import pixels_of
from headstart.show.figure.sized import framed, size_of, sized, wrapped_title
from headstart.show.files import Files
from headstart.show.page import chart_page
from headstart.show.size import check_dots, read_size
from headstart.show.theme.palette import PAPER, theme
from headstart.show.theme.themes import THEMES, dressed, letters_of, named_theme

SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".html")
DPI, LEAST_DPI, MOST_DPI = 192.0, 10.0, 2400.0
GIF_DPI = 96.0
WAIT, LAST_WAIT = 22, 220  # hundredths of a second that a frame stands
MOVES = tuple(name for name, figure in FIGURES.items() if figure.moves)

Area = tuple[float | None, float | None]  # of the drawing, in pixels; None for the figure's own
_KINDS: dict[str, Any] = {"layer": alt.LayerChart, "concat": alt.ConcatChart, "vconcat": alt.VConcatChart}
_OWN = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", shape="independent", strokeDash="independent"))


@dataclass(frozen=True)
class Look:
    """How a figure looks, checked.

    Args:
        size: "16x9cm", "6.5x4in", "1200x675px"; None for the figure's own size.
        dpi: dots per inch of PNG and GIF.
        theme: light, dark, print or slide.
        title: instead of the figure's own; "" for none.
        font_size: of labels, in points.
        schemes: which are drawn; None for all.
        at: steps of the training, for figures over time.
        moments: how many steps, spread over the training.

    Raises:
        InputError: a value that breaks a rule.
    """

    size: str | None = None
    dpi: float | None = None
    theme: str = "light"
    title: str | None = None
    font_size: float | None = None
    schemes: tuple[str, ...] | None = None
    at: tuple[int, ...] | None = None
    moments: int | None = None

    def __post_init__(self) -> None:
        named_theme(self.theme)
        letters_of(named_theme(self.theme), self.font_size)
        if self.dpi is not None and not LEAST_DPI <= positive(self.dpi, "dots per inch", "300") <= MOST_DPI:
            raise InputError(
                f"dots per inch are {LEAST_DPI:g} to {MOST_DPI:g}, got {self.dpi:g}. Write, for example, 300."
            )
        if self.size is not None:
            check_dots(*read_size(self.size), self.dpi or DPI)
        if self.moments is not None:
            if self.at is not None:
                raise InputError(
                    "a figure over time has steps or a number of moments, got both. Leave out one of them."
                )
            whole(self.moments, "the number of moments", least=2, most=200, example="6")
        if self.title is not None and len(self.title) > 300:
            raise InputError(f"a title has at most 300 letters, got {len(self.title)}. Write fewer.")

    @property
    def letters(self) -> float:
        """The factor of all letters."""
        return letters_of(named_theme(self.theme), self.font_size)

    def given(self) -> dict[str, Any]:
        """What was asked for, as JSON holds it."""
        defaults = Look()
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if value != getattr(defaults, name)
        }


class ComparisonFigure:
    """One or several figures of a comparison, as a chart and as files.

    Args:
        comparison: what is drawn.
        names: of the figures; several stand below one another.
        look: how.
        command: settings and look -> what a shell makes it with.

    Raises:
        InputError: an unknown name, or what the comparison cannot show.
    """

    def __init__(
        self, comparison: ComparisonData, names: str | Iterable[str], look: Look,
        command: Callable[[list[str], Look], str],
    ) -> None:  # fmt: skip
        self.names = named_figures(names)
        self.look = look
        self.comparison = chosen(comparison, chosen_schemes(comparison, look.schemes))
        for name in self.names:
            see_it_can_be_drawn(self.comparison, name)
        self.steps = read_steps(self.comparison, look.at, look.moments)
        if self.steps is not None and not set(self.names) & set(MOVES):
            raise InputError(
                f"steps and moments are for {' and '.join(MOVES)}, got {', '.join(self.names)}. Leave them out."
            )
        self._command = command

    @property
    def notes(self) -> list[str]:
        """What is shown instead of what the data cannot have, and letters that no font has."""
        told = [told_instead(self.comparison, name) for name in self.names]
        data = self.comparison.data
        told.append(missing_words([*data.classes, *data.features, data.name, self.look.title or ""]))
        return [words for words in told if words]

    @cached_property
    def chart(self) -> Any:
        """A plain Altair chart in the theme, for the figure's own size or the one asked for."""
        spec = {key: value for key, value in self._sized[0].items() if key != "$schema"}
        kind = next((found for key, found in _KINDS.items() if key in spec), alt.Chart)
        return kind.from_dict(spec, validate=False)

    @property
    def spec(self) -> Spec:
        """The chart in Vega-Lite's JSON."""
        return self._sized[0]

    def svg(self) -> bytes:
        """An SVG of the size that was asked for."""
        drawn = self._framed(self._sized[1], self._own_size(self._sized[1]))
        return origin.into_svg(drawn, self.origin, self.title, self.description).encode()

    def png(self) -> bytes:
        """A PNG of so many dots per inch."""
        dpi = self.look.dpi or DPI
        size = self._own_size(self._sized[1])
        check_dots(*size, dpi)
        drawn = to_png(self._framed(self._sized[1], size), dpi / 96)
        return origin.into_png(drawn, self.origin, self.title, dpi)

    def pdf(self) -> bytes:
        """A PDF of the size that was asked for."""
        drawn = to_pdf(self._framed(self._sized[1], self._own_size(self._sized[1]), 0.75))
        return origin.into_pdf(drawn, self.origin, self.title)

    def gif(self) -> bytes:
        """Frames of the training.

        Raises:
            InputError: of a figure that does not move.
        """
        self._see_it_moves(".gif")
        steps = self._steps_of_motion()
        at = moments(self.comparison, steps)
        dpi = self.look.dpi or GIF_DPI
        frames: list[Any] = []
        first, area = (0.0, 0.0), None
        for step, weights in at.items():
            if area is None:  # the first frame settles the layout of all
                _, drawn, area = self._fitted(partial(self._frame, weights, step))
                first = self._own_size(drawn)
            else:
                drawn = svg_of(self._frame(weights, step, *area))
            check_dots(*first, dpi)
            frames.append(pixels_of(to_png(self._framed(drawn, first), dpi / 96)))
        waits = [WAIT] * (len(frames) - 1) + [LAST_WAIT]
        return gif(frames, waits, origin.origin_text(self.origin))

    def html(self) -> bytes:
        """A page that opens with no network; boundaries have a slider through the training."""
        if len(self.names) == 1 and self.names[0] in MOVES and self.comparison.network.sizes[0] != 1:
            room = Room(None, None, self.look.letters)
            with collected() as tables:
                chart = moving_chart(self.comparison, self._steps_of_motion(), room)
            spec = self._dressed(chart, tables)
        else:
            spec = self.spec
        return chart_page(spec, "", self.look.theme, origin.page_meta(self.origin))

    @property
    def title(self) -> str:
        """The figure's heading, on one line."""
        title = self.spec.get("title", "")
        text = title.get("text", "") if isinstance(title, dict) else title
        return (text if isinstance(text, str) else " ".join(text)) or ", ".join(self.names)

    @property
    def description(self) -> str:
        """The figure in words."""
        return str(self.spec.get("description", self.title))

    @property
    def origin(self) -> Mapping[str, Any]:
        """What makes it again."""
        settings = self.comparison.to_json()["settings"]
        settings.pop("recorded_steps")
        return origin.origin(
            self._command(self.names, self.look), settings,
            {"names": self.names, **self.look.given()},
        )  # fmt: skip

    def files(self) -> Files:
        """One picture in every form; a folder gets .png and .svg."""
        stem = "-".join(self.names) if len(self.names) < 4 else "figures"
        makers = {"png": self.png, "svg": self.svg, "pdf": self.pdf, "gif": self.gif, "html": self.html}
        return Files({f"{stem}.{kind}": made for kind, made in makers.items()}, [f"{stem}.png", f"{stem}.svg"])

    def save(self, path: Any) -> dict[str, str]:
        """Write one file (its suffix says which), or a folder with .png and .svg; kind -> path.

        Raises:
            InputError: it cannot be written there, or not as such a file.
        """
        return self.files().save(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"image/svg+xml": self.svg().decode(), "text/plain": f"<figure: {self.title}>"}

    def _see_it_moves(self, kind: str) -> None:
        if len(self.names) > 1 or self.names[0] not in MOVES:
            raise InputError(
                f"a {kind} shows {' or '.join(MOVES)} through training, got {', '.join(self.names)}. "
                "Write a .png, .svg, .pdf or .html."
            )

    def _steps_of_motion(self) -> list[int]:
        found = self.steps or read_steps(self.comparison, None, min(MOMENTS, self.comparison.settings.steps + 1))
        assert found is not None
        return found

    @cached_property
    def _sized(self) -> tuple[Spec, str, Area]:
        return self._fitted(self._make)

    def _fitted(self, make: Callable[[float | None, float | None], Spec]) -> tuple[Spec, str, Area]:
        if self.look.size is None:
            spec = make(None, None)
            return spec, svg_of(spec), (None, None)
        return sized(make, read_size(self.look.size), svg_of)

    def _make(self, width: float | None, height: float | None) -> Spec:
        many = len(self.names)
        room = Room(width, None if height is None else (height - 70 * (many - 1)) / many, self.look.letters)
        with collected() as tables:
            charts = [
                FIGURES[name].make(self.comparison, room, self.steps if FIGURES[name].moves else None)
                for name in self.names
            ]
            chart = charts[0] if many == 1 else alt.vconcat(*charts, spacing=28, resolve=_OWN)
        return self._dressed(chart, tables)

    def _dressed(self, chart: Any, tables: Tables) -> Spec:
        """The chart in its theme, with its rows."""
        spec = chart.to_dict(validate=False)
        spec["config"], spec["padding"] = theme(), 12
        if self.look.title is not None:
            spec = self._titled(spec)
        spec = dressed(spec, named_theme(self.look.theme), self.look.letters)
        spec["datasets"] = {**spec.get("datasets", {}), **tables}
        width = read_size(self.look.size)[0] if self.look.size is not None else None
        return spec if width is None else wrapped_title(spec, width, spec["config"])

    def _frame(self, weights: Weights, step: int, width: float | None, height: float | None) -> Spec:
        with collected() as tables:
            chart = frame_chart(self.comparison, weights, step, Room(width, height, self.look.letters))
        return self._dressed(chart, tables)

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
