"""The figures of a comparison, by name: what each shows, and what it needs of the data.

A row of this table is all that the command line, Python and the docs know of a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt

from headstart.errors import InputError, unknown
from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import chosen_steps, spread_steps, weights_at
from headstart.schemes import scheme
from headstart.show.comparison.boundary_chart import Weights, boundary_chart, fit_chart, moments_chart, slider_chart
from headstart.show.comparison.cost_chart import cost_chart
from headstart.show.comparison.data_chart import data_chart
from headstart.show.comparison.marks import MOST_LABELLED, MOST_SCHEMES, first_seed
from headstart.show.comparison.plane import plane_of
from headstart.show.comparison.signal_chart import signal_chart
from headstart.show.comparison.table_chart import table_chart
from headstart.show.comparison.training_chart import training_chart
from headstart.show.comparison.units_chart import units_chart
from headstart.show.comparison.weights_chart import weights_chart
from headstart.words import listed

MOMENTS = 24  # of an animation


@dataclass(frozen=True)
class Room:
    """The space that a figure has.

    Args:
        width, height: pixels of all drawing areas; None for the figure's own size.
        letters: factor of the letters' size.
    """

    width: float | None = None
    height: float | None = None
    letters: float = 1.0

    def sides(self, width: float, height: float) -> dict[str, Any]:
        """What a chart takes: these sides, where no others are asked for."""
        return {"width": self.width or width, "height": self.height or height}


@dataclass(frozen=True)
class Figure:
    """One kind of figure.

    Args:
        words: what it shows, in a line.
        make: draws it; with `steps` where it can show several moments of training.
        moves: whether it has moments.
        most: schemes that it has room for.
    """

    words: str
    make: Callable[[ComparisonData, Room, list[int] | None], Any]
    moves: bool = False
    most: int = MOST_SCHEMES


def _boundaries(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    flat = comparison.network.sizes[0] == 1
    if steps is None:
        if flat:
            return fit_chart(comparison, **room.sides(900, 300))
        return boundary_chart(comparison, None, room.width, room.height, letters=room.letters)
    at = moments(comparison, steps)
    if flat:
        return _fits(comparison, room, at)
    return moments_chart(comparison, at, room.width, room.height, room.letters)


def _fits(comparison: ComparisonData, room: Room, at: dict[int, Weights]) -> Any:
    """The fitted curves at several steps, one row below the other."""
    sides = room.sides(900, 230.0 * len(at))
    rows = []
    for step, weights in at.items():
        chart = fit_chart(comparison, sides["width"], sides["height"] / len(at), weights, step)
        chart.title = alt.TitleParams(f"After {step:,} steps", fontSize=13)
        rows.append(chart)
    return alt.vconcat(
        *rows, spacing=12, title=alt.TitleParams(f"How the fit comes about (seed {first_seed(comparison)})")
    )


def _lines_room(comparison: ComparisonData, room: Room, width: float) -> dict[str, Any]:
    """The sides of a chart of lines, or of a panel for each scheme where there are many."""
    if len(comparison.schemes) <= MOST_LABELLED:
        return room.sides(width, 320)
    rows = -(-len(comparison.schemes) // 5)
    return room.sides(900 * room.letters, 170.0 * rows * room.letters)


def _costs(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    return cost_chart(comparison, None, **_lines_room(comparison, room, 560), letters=room.letters)


def _signal(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    return signal_chart(comparison, None, **_lines_room(comparison, room, 470), letters=room.letters)


def _training(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    sides = room.sides(190.0 * len(comparison.schemes) + 60, 520)
    return training_chart(comparison, **sides, letters=room.letters)


def _table(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    return table_chart(comparison, room.width or 760.0 * room.letters, room.height, room.letters)


def _data(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    return data_chart(comparison, **room.sides(400, 400))


def _units(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    return units_chart(comparison, **room.sides(900, 900), letters=room.letters)


def _weights(comparison: ComparisonData, room: Room, steps: list[int] | None) -> Any:
    sides = room.sides(170.0 * len(comparison.schemes) + 60, 120.0 * min(comparison.network.layers, 6))
    return weights_chart(comparison, **sides, letters=room.letters)


FIGURES: dict[str, Figure] = {
    "boundaries": Figure("decision boundaries, or what a regression fits; over time too", _boundaries, moves=True),
    "costs": Figure("cost while training, median and quartiles", _costs),
    "signal": Figure("the signal per layer before the first step", _signal),
    "training": Figure("cost, signal and gradient through training, layer by layer", _training, most=12),
    "table": Figure("scores, costs and verdicts as a picture", _table),
    "data": Figure("the training and test data", _data),
    "units": Figure("what every hidden unit computes", _units, most=24),
    "weights": Figure("the weights before and after training", _weights, most=12),
}


def named_figures(names: str | Iterable[str]) -> list[str]:
    """The figures in `boundaries,costs`, each once.

    Raises:
        InputError: one that is not known, with the nearest names; or none.
    """
    listed_names = names.split(",") if isinstance(names, str) else list(names)
    found = list(dict.fromkeys(str(name).strip() for name in listed_names))
    if not found or found == [""]:
        raise InputError(f"a figure has a name, got none. Write one of {listed(FIGURES, 'or')}.")
    for name in found:
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
    return found


def chosen_schemes(comparison: ComparisonData, names: Iterable[str] | None) -> list[str]:
    """The schemes that are drawn, in the comparison's order.

    Raises:
        InputError: one that the comparison does not have.
    """
    if names is None:
        return comparison.schemes
    wanted = [str(scheme(name)) for name in ([names] if isinstance(names, str) else names)]
    for name in wanted:
        if name not in comparison.schemes:
            raise unknown("scheme in this comparison", name, comparison.schemes)
    return [name for name in comparison.schemes if name in wanted]


def see_it_can_be_drawn(comparison: ComparisonData, name: str) -> None:
    """Refuse what nobody could read.

    Raises:
        InputError: too many schemes.
    """
    figure, schemes = FIGURES[name], len(comparison.schemes)
    if schemes > figure.most:
        raise InputError(
            f"the figure {name} shows at most {figure.most} schemes, got {schemes}. Choose some with --schemes "
            f"(in Python schemes=), for example {','.join(comparison.schemes[:3])}."
        )


def told_instead(comparison: ComparisonData, name: str) -> str:
    """What is shown instead, where the data cannot have what a figure's name says; else nothing."""
    features = comparison.network.sizes[0]
    regression = comparison.network.task == "regression"
    if name == "boundaries" and (features != 2 or regression):
        if features == 1:
            return "boundaries: the data has one feature, so each network's answer is drawn as a curve over it"
        words = "the fitted values as a surface" if regression else "the boundaries"
        if features == 2:
            return f"boundaries: a regression has none; drawn are {words}"
        return f"boundaries: {words} in a plane. {plane_of(comparison.data).words}"
    if name in ("data", "units") and features > 2:
        return f"{name}: {plane_of(comparison.data).words}"
    return ""


def moments(comparison: ComparisonData, steps: Iterable[int]) -> dict[int, Weights]:
    """Step -> scheme -> weights, of the seed that figures show."""
    names = comparison.schemes
    found = weights_at(comparison, names, first_seed(comparison), list(steps))
    return {step: dict(zip(names, rows, strict=True)) for step, rows in found.items()}


def read_steps(comparison: ComparisonData, steps: Iterable[int] | None, count: int | None) -> list[int] | None:
    """The steps that are shown: those asked for, or so many from the first to the last."""
    if steps is not None:
        found = chosen_steps(comparison, list(steps))
        if not found:
            raise InputError("a figure over time needs a step, got none. Write, for example, 0,100,1000.")
        return found
    return None if count is None else spread_steps(comparison.settings.steps, count)


def moving_chart(comparison: ComparisonData, steps: list[int], room: Room) -> Any:
    """The boundaries under a slider."""
    if comparison.network.sizes[0] == 1:
        raise InputError("one feature has curves, which have no slider. Write --at 0,100,1000 and a .png, or a .gif.")
    return slider_chart(comparison, moments(comparison, steps), room.width, room.height)


def frame_chart(comparison: ComparisonData, weights: Weights, step: int, room: Room) -> Any:
    """One frame of an animation."""
    if comparison.network.sizes[0] == 1:
        return fit_chart(comparison, **room.sides(900, 300), weights=weights, step=step)
    return boundary_chart(comparison, None, room.width, room.height, weights, step, room.letters)
