"""The comparison's files: its pictures, and its report."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.show.comparison.charts import comparison_chart, rate_in_words, training_in_words
from headstart.show.comparison.tables import codes, number, score
from headstart.show.files import check_writable, write
from headstart.show.page import bundled, bundling, page, write_pictures
from headstart.signals.judge import WITHOUT_FAULT, Verdict

if TYPE_CHECKING:
    from headstart.experiments.compare.comparison import Comparison

__all__ = ["check_writable", "save_comparison", "write_report"]

LEAD = (
    "{}. Medians over the seeds, quartiles in brackets. Click a scheme in the cost chart's legend "
    "to pick it out; point at a mark to read it."
)
BODY = """<div class="wide">
<table>
<thead><tr><th scope="col">scheme</th><th scope="col">train {score}</th><th scope="col">test {score}</th>
<th scope="col">first cost</th><th scope="col">final cost</th><th scope="col" class="reason">verdict</th>
<th scope="col" class="reason">reason, from what was measured</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
<div class="wide"><div id="chart"></div></div>
<details><summary>Settings</summary><pre>{settings}</pre></details>"""


def save_comparison(comparison: Comparison, folder: Path) -> dict[str, str]:
    """Write compare.png, compare.svg and compare.html; kind -> path."""
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {kind: folder / f"compare.{kind}" for kind in ("png", "svg", "html")}
    with bundling() as bundle:
        spec = comparison_chart(comparison).to_dict(validate=False)  # tests validate it; here it would take 0.2 s
        write_pictures(spec, files["png"], files["svg"])
        write(files["html"], _page(comparison, spec, bundled(bundle)).encode())
    return {kind: str(path) for kind, path in files.items()}


def write_report(comparison: Comparison, path: Path) -> Path:
    """Write the report: table, reasons, and interactive charts that follow the reader's light or dark setting."""
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    with bundling() as bundle:
        spec = comparison_chart(comparison).to_dict()
        write(path, _page(comparison, spec, bundled(bundle)).encode())
    return path


def _page(comparison: Comparison, spec: dict[str, Any], bundle: str) -> str:
    """The report around a chart, whose heading the page itself has."""
    chart = {key: value for key, value in spec.items() if key != "title"}
    percent = comparison.network.task != "regression"
    body = BODY.format(
        rows="\n".join(_table_row(row, comparison.verdicts[row["scheme"]], percent) for row in comparison.summary()),
        score="accuracy" if percent else "R²",
        settings=html.escape(json.dumps(comparison.to_json()["settings"], indent=1)),
    )
    heading = _heading(comparison)
    lead = LEAD.format(html.escape(heading))
    return page("What the starting weights do to training", heading, lead, body, {"chart": chart}, bundle)


def _heading(comparison: Comparison) -> str:
    settings = comparison.settings
    return (
        f"{comparison.data.name}, network {comparison.network}, {settings.activation}, {settings.steps:,} steps of "
        f"{training_in_words(settings)}, {rate_in_words(comparison)}"
    )


def _table_row(row: dict[str, Any], verdict: Verdict, percent: bool) -> str:
    cells = [f"<th scope='row'><code>{html.escape(row['scheme'])}</code></th>"]
    cells += [f"<td>{score(row[key], percent)}</td>" for key in ("train_accuracy", "test_accuracy")]
    cells += [f"<td>{number(row[key]['median'])}</td>" for key in ("first_cost", "final_cost")]
    tone = "good" if verdict.word in WITHOUT_FAULT else "bad"
    cells.append(f"<td class='{tone}'>{html.escape(verdict.word)}</td>")
    cells.append(f"<td class='reason'>{html.escape(verdict.reason)}{codes(verdict)}</td>")
    return f"<tr>{''.join(cells)}</tr>"
