"""A tuning's files: its picture, its report, its data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial

from headstart.experiments.tune.result import TuningData
from headstart.show.figure.look import Look
from headstart.show.figure.plain import PlainFigure
from headstart.show.files import Files, drawn_files
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.show.size import read_size
from headstart.show.table import html_table
from headstart.show.tuning.chart import tune_chart
from headstart.show.tuning.text import heading, sentence, sentences, tuning_table

FLAT = 450  # pixels of a figure's height, below which it has fewer words


def tuning_figure(tuning: TuningData, look: Look | None = None, words: Sequence[str] = ()) -> PlainFigure:
    """A tuning's picture in a look.

    Args:
        tuning: what was found.
        look: how it looks.
        words: of the command that draws it.
    """
    found = look or Look()
    flat = found.size is not None and read_size(found.size)[1] < FLAT * found.letters
    return PlainFigure(partial(tune_chart, tuning, letters=found.letters, flat=flat), found, words, "tune")


def tuning_files(tuning: TuningData, look: Look | None = None, words: Sequence[str] = ()) -> Files:
    """What a tuning is saved as."""
    drawing = tuning_figure(tuning, look, words)
    others = {
        "html": lambda: _page(tuning, drawing),
        "json": lambda: json_text(tuning.to_json()).encode(),
        "csv": lambda: csv_text(tuning.rows()).encode(),
    }
    return drawn_files("tune", drawing, others, folder=("png", "svg", "html", "json"))


def _page(tuning: TuningData, drawing: PlainFigure) -> bytes:
    """The report: table, sentences, chart."""
    told = [f"{tuned.scheme}: {sentence(tuned)}" for tuned in tuning.schemes] + sentences(tuning)
    items = "".join(f"<li>{html.escape(words)}</li>\n" for words in told)
    pieces = [html_table(tuning_table(tuning)), f"<ul>\n{items}</ul>", chart_place("chart")]
    chart = {key: value for key, value in drawing.spec.items() if key != "title"}
    title = heading(tuning)
    lead = f"{html.escape(title)}. Medians and 95 % intervals on the fresh seeds."
    words = drawing.look.title or "Is the multiplier worth tuning?"
    body = "\n".join(pieces)
    return page(words, title, lead, body, {"chart": chart}, theme=drawing.look.theme, meta=drawing.meta)
