"""What an audit is saved as: JSON and CSV; its chart; a page with the table, the findings and the chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headstart.show.drawing import Drawing
from headstart.show.files import Files, drawn_files
from headstart.show.model.audit_chart import audit_chart
from headstart.show.model.audit_table import audit_html, heading
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.signals.rule import Finding

Rows = Sequence[Mapping[str, Any]]


def audit_files(document: Callable[[], dict[str, Any]], rows: Rows, findings: Sequence[Finding]) -> Files:
    """audit.json and audit.csv in a folder."""
    drawing = Drawing(lambda: audit_chart(rows, findings))
    flat = [{name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}
            for row in rows]  # fmt: skip
    others = {
        "html": lambda: _page(rows, findings, drawing),
        "json": lambda: json_text(document()).encode(),
        "csv": lambda: csv_text(flat).encode(),
    }
    return drawn_files("audit", drawing, others, folder=("json", "csv"))


def _page(rows: Rows, findings: Sequence[Finding], drawing: Drawing) -> bytes:
    chart = {key: value for key, value in drawing.spec.items() if key != "title"}
    title = heading(rows, findings)
    body = f"{audit_html(rows, findings)}\n{chart_place('chart')}"
    return page("What the parameters have", title, title, body, {"chart": chart})
