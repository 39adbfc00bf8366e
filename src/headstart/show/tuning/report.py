"""A tuning's files: its picture, its report, its data."""

from __future__ import annotations

import html

from headstart.experiments.tune.result import TuningData
from headstart.show.drawing import Drawing, Spec
from headstart.show.files import Files, drawn_files
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.show.table import html_table
from headstart.show.tuning.chart import tune_chart
from headstart.show.tuning.text import heading, sentence, sentences, tuning_table


def tuning_files(tuning: TuningData) -> Files:
    """What a tuning is saved as."""
    drawing = Drawing(lambda: tune_chart(tuning))
    others = {
        "html": lambda: _page(tuning, drawing.spec),
        "json": lambda: json_text(tuning.to_json()).encode(),
        "csv": lambda: csv_text(tuning.rows()).encode(),
    }
    return drawn_files("tune", drawing, others, folder=("png", "svg", "html", "json"))


def _page(tuning: TuningData, spec: Spec) -> bytes:
    """The report: table, sentences, chart."""
    told = [f"{tuned.scheme}: {sentence(tuned)}" for tuned in tuning.schemes] + sentences(tuning)
    items = "".join(f"<li>{html.escape(words)}</li>\n" for words in told)
    pieces = [html_table(tuning_table(tuning)), f"<ul>\n{items}</ul>", chart_place("chart")]
    chart = {key: value for key, value in spec.items() if key != "title"}
    title = heading(tuning)
    lead = f"{html.escape(title)}. Medians and 95 % intervals on the fresh seeds."
    return page("Is the multiplier worth tuning?", title, lead, "\n".join(pieces), {"chart": chart})
