"""A figure of a comparison as the user asked for it: which, how large, in which look, and as which files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt

from headstart.check import whole
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
from headstart.show.drawing import Spec, collected, svg_of, to_png
from headstart.show.figure import origin
from headstart.show.figure.dressed import DressedFigure
from headstart.show.figure.fonts import missing_words
from headstart.show.figure.gif import gif
from headstart.show.figure.look import Look as AnyLook
from headstart.show.figure.png import pixels_of
from headstart.show.files import Files
from headstart.show.page import chart_page
from headstart.show.size import check_dots

SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".html")
GIF_DPI = 96.0
WAIT, LAST_WAIT = 22, 220  # hundredths of a second that a frame stands
MOVES = tuple(name for name, figure in FIGURES.items() if figure.moves)

_OWN = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", shape="independent", strokeDash="independent"))


@dataclass(frozen=True)
class Look(AnyLook):
    """How a figure of a comparison looks, checked; what all figures have, and which schemes and moments it shows.

    Args:
        schemes: which are drawn; None for all.
        at: steps of the training, for figures over time.
        moments: how many steps, spread over the training.

    Raises:
        InputError: a value that breaks a rule.
    """

    schemes: tuple[str, ...] | None = None
    at: tuple[int, ...] | None = None
    moments: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.moments is not None:
            if self.at is not None:
                raise InputError(
                    "a figure over time has steps or a number of moments, got both. Leave out one of them."
                )
            whole(self.moments, "the number of moments", least=2, most=200, example="6")


class ComparisonFigure(DressedFigure):
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
        super().__init__(look)
        self.look: Look = look
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
        return chart_page(spec, "", self.look.theme, self.meta)

    @property
    def _name(self) -> str:
        return ", ".join(self.names)

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

    def _frame(self, weights: Weights, step: int, width: float | None, height: float | None) -> Spec:
        with collected() as tables:
            chart = frame_chart(self.comparison, weights, step, Room(width, height, self.look.letters))
        return self._dressed(chart, tables)
