"""What the commands `gain` and `phase` share: their activation argument, number lists, and the simulation chart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from headstart.check import whole
from headstart.cli import completion
from headstart.errors import InputError
from headstart.spec import read_number

if TYPE_CHECKING:
    from headstart.show.figure.look import Look
    from headstart.show.files import Files
    from headstart.show.table import Table
    from headstart.show.theory.signal import Signal

ACTIVATION = click.argument("activation", metavar="ACTIVATION", shell_complete=completion.activations)
DEPTH = click.option(
    "--depth",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10**9),
    help="Number of layers; simulated, at most 10,000.",
)
DEEPEST_SIMULATED, NETWORKS = 10_000, 16
SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json")
SIMULATE = click.option(
    "--simulate", is_flag=True, help="Run real networks beside the prediction; with --out, draw both."
)
WIDTH = click.option("--width", default=256, show_default=True, type=click.IntRange(8, 4096), help="Units, simulated.")
SEED = click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the simulation.")


def numbers(text: str, option: str) -> list[float]:
    """A comma-separated list of numbers.

    >>> numbers("0.1, 1,4", "--q")
    [0.1, 1.0, 4.0]
    """
    values = [read_number(item, f"each value of {option}") for item in text.split(",") if item.strip()]
    if not values:
        raise InputError(f"{option} needs at least one number, got {text!r}. Write {option} 0.1,1,4.")
    return values


def simulated(
    activation: str, places: list[tuple[str, float, float]], depth: int, width: int, seed: int
) -> list[Signal]:
    """Prediction and simulation of every named place (name, sigma_w^2, sigma_b^2), with a progress bar on stderr."""
    from headstart.cli.progress import Progress
    from headstart.experiments.simulation import simulate
    from headstart.show.theory.signal import Signal
    from headstart.theory.propagation import propagate

    whole(depth, "the depth of a simulation", most=DEEPEST_SIMULATED, example="50")
    signals, total = [], len(places) * NETWORKS * depth
    with Progress("Simulating", "layers", 1, waiting="") as progress:
        for place, (name, w2, b2) in enumerate(places):
            before = place * NETWORKS * depth

            def report(done: int, _: int, before: int = before) -> None:
                progress.update(before + done, total)

            predicted = propagate(activation, w2, b2, depth=depth)
            measured = simulate(
                activation, w2, b2, depth=depth, width=width, networks=NETWORKS, seed=seed, progress=report
            )
            signals.append(Signal(name, predicted, measured))
    return signals


def simulation_table(signals: list[Signal]) -> Table:
    """Predicted and measured factors over the whole depth, one row per initialization."""
    import numpy as np

    from headstart.show.table import Column, Table

    names = ("variance", "simulated", "squared gradient", "simulated")
    rows = []
    for signal in signals:
        forward = float(np.median(signal.measured.q[:, -1] / signal.measured.q[:, 0]))
        backward = float(np.median(signal.measured.gradient[:, 0]))
        values = (signal.predicted.forward_factor, forward, signal.predicted.backward_factor, backward)
        rows.append((signal.name, *(factor(value) for value in values)))
    return Table(
        f"Predicted and simulated (median of {NETWORKS} networks)",
        (Column("initialization", "left"), *(Column(name) for name in names)),
        tuple(rows),
        "Factors over the whole depth: of the variance forward, of the mean squared gradient backward.",
    )


def factor(value: float | None) -> str:
    """A factor over many layers: ×0.00123, or ×1.2e-11.

    >>> factor(32.04), factor(5.9e-14), factor(math.inf), factor(None)
    ('×32', '×5.9e-14', '×inf', '–')
    """
    if value is None:
        return "–"
    return "×inf" if value == math.inf else f"×{value:.3g}" if 1e-4 <= value < 1e5 else f"×{value:.1e}"


def theory_files(
    chart: Callable[[float | None, float | None], Any], document: Callable[[], dict[str, Any]], look: Look
) -> Files:
    """What a command of theory saves: its chart in every form, and its numbers.

    Args:
        chart: width and height of the drawing area -> the chart.
        document: its numbers.
        look: how the chart looks.
    """
    from headstart.cli.figure_options import words_given
    from headstart.show.figure.plain import PlainFigure
    from headstart.show.files import drawn_files
    from headstart.show.rows import json_text

    words = words_given(click.get_current_context())
    drawing = PlainFigure(chart, look, words, words[0])
    others = {"html": drawing.html, "json": lambda: json_text(document()).encode()}
    return drawn_files(words[0], drawing, others, folder=("png", "svg", "html", "json"))
