"""What a probe is saved as: JSON and CSV; its chart; a page with verdict, findings, chart, and table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headstart.show.characters import escaped
from headstart.show.drawing import Drawing
from headstart.show.files import Files, drawn_files
from headstart.show.model.findings import findings_html
from headstart.show.model.probe_chart import probe_chart
from headstart.show.model.probe_marks import marks_words
from headstart.show.model.probe_table import every_row, heading, notes, probe_table, trace_words, weights_table
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.show.table import html_table
from headstart.signals.judge import Verdict
from headstart.signals.trace import Trace

TITLE = "Where the signal and the gradient go"


def probe_files(
    document: Callable[[], dict[str, Any]], rows: Callable[[], Sequence[dict[str, Any]]], trace: Trace, verdict: Verdict
) -> Files:
    """probe.json and probe.csv in a folder."""
    drawing = Drawing(lambda: probe_chart(trace, verdict))
    others = {
        "html": lambda: _page(trace, verdict, drawing),
        "json": lambda: json_text(document()).encode(),
        "csv": lambda: csv_text([_flat(row) for row in rows()]).encode(),
    }
    return drawn_files("probe", drawing, others, folder=("json", "csv", "html"))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row with one thing in each cell."""
    return {
        name: " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        for name, value in row.items()
        if not isinstance(value, dict)
    }


def _page(trace: Trace, verdict: Verdict, drawing: Drawing) -> bytes:
    chart = {key: value for key, value in drawing.spec.items() if key != "title"}
    legend = _notes(marks_words(trace))
    bad = any(finding.severity == "fault" for finding in verdict.findings)
    lead = f"<b class='{'bad' if bad else 'good'}'>{escaped(verdict.word)}</b>: {escaped(verdict.reason)}"
    after = _notes([*notes(trace.rows, trace.measured), *trace_words(trace)])
    pieces = [
        findings_html(verdict.findings), chart_place("chart"), legend,
        html_table(probe_table(trace, verdict.findings, "Layer by layer")), after,
    ]  # fmt: skip
    if trace.weights:
        pieces.append(html_table(weights_table(trace)))
    everything = html_table(every_row(trace, verdict.findings))
    pieces.append(f"<details><summary>Every operation by itself</summary>{everything}</details>")
    return page(TITLE, heading(trace, verdict), lead, "\n".join(pieces), {"chart": chart})


def _notes(lines: Sequence[str]) -> str:
    return "".join(f"<p class='note'>{escaped(line)}</p>\n" for line in lines)
