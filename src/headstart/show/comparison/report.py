"""The comparison's files: its pictures, and its report."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.characters import escaped
from headstart.show.comparison.charts import comparison_chart
from headstart.show.comparison.marks import rate_in_words, training_in_words
from headstart.show.comparison.tables import codes, course_table, score
from headstart.show.drawing import Drawing, Spec
from headstart.show.files import Files, drawn_files
from headstart.show.page import Part, chart_place, page
from headstart.show.rows import csv_text, json_text, parquet_bytes
from headstart.show.table import html_table
from headstart.signals.judge import WITHOUT_FAULT, Verdict
from headstart.words import number

LEAD = "{}. {} Click a line to pick its scheme out; point at a mark to read it."
SEEDS, ONE_SEED = "Medians over the seeds, quartiles in brackets.", "One seed per scheme."
TABLE = """<table class="reasons">
<thead><tr><th scope="col">scheme</th><th scope="col">train {score}</th><th scope="col">test {score}</th>
<th scope="col">first cost</th><th scope="col">final cost</th><th scope="col" class="left">verdict</th>
<th scope="col" class="reason">reason, from what was measured</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""
PNG_SCALE = 1.5  # pixels per unit: about 2,000 pixels wide, sharp on a projector


def comparison_files(comparison: ComparisonData, lab: Callable[[], Part] | None = None) -> Files:
    """What a comparison is saved as: its pictures, its report, its rows.

    Args:
        lab: makes what the report says of the page that trains the same in the browser.
    """
    drawing = Drawing(lambda: comparison_chart(comparison), PNG_SCALE)
    others = {
        "html": lambda: _page(comparison, drawing.spec, Part("") if lab is None else lab()),
        "json": lambda: json_text(comparison.to_json()).encode(),
        "csv": lambda: csv_text(comparison.rows()).encode(),
        "parquet": lambda: parquet_bytes(comparison.rows()),
    }
    return drawn_files("compare", drawing, others, folder=("png", "svg", "html"))


def comparison_table(comparison: ComparisonData) -> str:
    """The table with its reasons as HTML."""
    percent = comparison.network.task != "regression"
    return TABLE.format(
        rows="\n".join(_table_row(row, comparison.verdicts[row["scheme"]], percent) for row in comparison.summary()),
        score="accuracy" if percent else "R²",
    )


def _page(comparison: ComparisonData, spec: Spec, lab: Part) -> bytes:
    """The report around a chart, whose heading the page itself has."""
    chart = {key: value for key, value in spec.items() if key != "title"}
    settings = html.escape(json_text(comparison.to_json()["settings"]))
    pieces = [
        lab.body,
        f'<div class="wide">\n{comparison_table(comparison)}\n</div>',
        *([html_table(course_table(comparison))] if comparison.settings.preset == "course" else []),
        chart_place("chart"),
        *(f"<p>Data: {html.escape(note)}.</p>" for note in comparison.data.notes),
        f"<details><summary>Settings</summary><pre>{settings}</pre></details>",
    ]
    heading = _heading(comparison)
    many = max(len(comparison.of(name)) for name in comparison.schemes) > 1
    lead = LEAD.format(escaped(heading), SEEDS if many else ONE_SEED)
    return page("What the starting weights do to training", heading, lead, "\n".join(pieces), {"chart": chart}, [lab])


def _heading(comparison: ComparisonData) -> str:
    settings = comparison.settings
    return (
        f"{comparison.data.name}, network {comparison.network}, {settings.activation}, {settings.steps:,} steps of "
        f"{training_in_words(settings)}, {rate_in_words(comparison)}"
    )


def _table_row(row: dict[str, Any], verdict: Verdict, percent: bool) -> str:
    measure = "accuracy" if percent else "R²"  # beside the number, where a narrow page has no columns
    cells = [f"<th scope='row'><code>{escaped(row['scheme'])}</code></th>"]
    cells += [
        f"<td data-name='{part} {measure}'>{score(row[f'{part}_accuracy'], percent)}</td>" for part in ("train", "test")
    ]
    cells += [
        f"<td data-name='{part} cost'>{number(row[f'{part}_cost']['median'])}</td>" for part in ("first", "final")
    ]
    tone = "good" if verdict.word in WITHOUT_FAULT else "bad"
    cells.append(f"<td class='{tone}'>{escaped(verdict.word)}</td>")
    cells.append(f"<td class='reason'>{escaped(verdict.reason)}{codes(verdict)}</td>")
    return f"<tr>{''.join(cells)}</tr>"
