"""What a watched training is saved as: its chart, a page with the table, JSON, CSV with a row per step and layer."""

from __future__ import annotations

from typing import Any

from headstart.show.characters import escaped
from headstart.show.drawing import Drawing
from headstart.show.files import Files, drawn_files
from headstart.show.model.watch_chart import watch_chart
from headstart.show.model.watch_table import watch_table, words
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.show.table import html_table

TITLE = "What became of signal and gradient in training"


def watch_files(training: Any) -> Files:
    """watch.html, watch.png, watch.json and watch.csv in a folder."""
    drawing = Drawing(lambda: watch_chart(training))
    others = {
        "html": lambda: _page(training, drawing),
        "json": lambda: json_text(training.to_json()).encode(),
        "csv": lambda: csv_text(training.rows or training.weights).encode(),
    }
    return drawn_files("watch", drawing, others, folder=("html", "png", "json", "csv"))


def _page(training: Any, drawing: Drawing) -> bytes:
    chart = {key: value for key, value in drawing.spec.items() if key != "title"}
    notes = drawing.spec["title"]["subtitle"][1:]
    told = "".join(f"<p class='note'>{escaped(note)}</p>\n" for note in (*notes, *words(training)))
    body = f"{chart_place('chart')}\n{told}\n{html_table(watch_table(training))}"
    return page(TITLE, training.headline, escaped(training.headline), body, {"chart": chart})
