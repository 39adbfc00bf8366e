"""A study's runs as shown: charts, heat map, report and files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from headstart.errors import InputError, unknown
from headstart.experiments.analysis.summary import Summary
from headstart.experiments.analysis.views import HeatMap, curves
from headstart.show.characters import escaped
from headstart.show.drawing import Drawing, Spec
from headstart.show.files import Files
from headstart.show.page import Part, chart_place, page
from headstart.show.rows import csv_text, json_text, parquet_bytes
from headstart.show.study.curves import curves_chart
from headstart.show.study.heatmap import heat_chart
from headstart.show.study.tables import counts_words, failure_words, pair_words, tables, theory_words
from headstart.show.study.versus import versus_chart
from headstart.show.table import html_table

SCHEMA = 1
CHARTS = ("curves", "versus", "heat")
TITLE = "What the runs say"
PNG_SCALE = 1.5  # pixels per unit: about 2,000 pixels wide, sharp on a projector


class StudyView:
    """What is shown of a study's runs: a summary, its charts, and a heat map if two factors vary.

    Args:
        summary: the runs, judged by one metric.
        heat: over the two factors that were asked for or vary most.
        explorer: makes the part of the page in which the reader chooses what is drawn.
    """

    def __init__(self, summary: Summary, heat: HeatMap | None, explorer: Callable[[], Part] | None = None) -> None:
        self.summary, self.heat, self.explorer = summary, heat, explorer

    def chart(self, name: str | None = None) -> Any:
        """curves, versus or heat as an Altair chart; by default the first of them that has something to show.

        Raises:
            InputError: another name, or a chart that these runs have nothing for.
        """
        if name is not None and name not in CHARTS:
            raise unknown("chart", name, CHARTS)
        for wanted in CHARTS if name is None else (name,):
            if (found := self._made(wanted)) is not None:
                return found
        raise InputError(
            f"these runs have nothing to draw{'' if name is None else f' as {name}'}: too little varies. "
            "Print the tables, or leave out a filter."
        )

    def _made(self, name: str) -> Any:
        if name == "curves":
            view = curves(self.summary)
            return None if view is None else curves_chart(view, self.summary)
        if name == "versus":
            return versus_chart(self.summary)
        return None if self.heat is None else heat_chart(self.heat, self.summary)

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """The charts by name; without those that have nothing to show."""
        made = ((name, self._made(name)) for name in CHARTS)
        return {name: chart.to_dict(validate=False) for name, chart in made if chart is not None}

    def files(self) -> Files:
        """What the runs are saved as: report, pictures, heat map, rows."""
        pictures = {"heat": Drawing(self.specs["heat"], PNG_SCALE)} if "heat" in self.specs else {}
        overview = _overview(self.specs)
        if overview is not None:
            pictures = {"report": Drawing(overview, PNG_SCALE), **pictures}
        drawn: dict[str, Callable[[], bytes]] = {}
        for stem, drawing in pictures.items():
            drawn |= {f"{stem}.png": drawing.png, f"{stem}.svg": drawing.svg}
        others: dict[str, Callable[[], bytes]] = {f"{stem}.pdf": drawing.pdf for stem, drawing in pictures.items()}
        rows = list(self.summary.rows)
        others["report.json"] = lambda: json_text({"schema": SCHEMA, "rows": rows}).encode()
        others["report.csv"] = lambda: csv_text(rows).encode()
        others["report.parquet"] = lambda: parquet_bytes(rows)
        return Files({"report.html": lambda: _page(self), **drawn, **others}, folder=("report.html", *drawn))


def _overview(charts: dict[str, Spec]) -> Spec | None:
    """Curves and matrix in one picture, put together as specifications: their tables' names differ."""
    parts = [charts[name] for name in ("curves", "versus") if name in charts]
    if len(parts) < 2:
        return parts[0] if parts else None
    own = ("$schema", "config", "datasets", "padding")
    return {
        **{key: parts[0][key] for key in own},
        "datasets": {name: rows for part in parts for name, rows in part["datasets"].items()},
        "vconcat": [{key: item for key, item in part.items() if key not in own} for part in parts],
        "spacing": 40,
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
    }


def _page(view: StudyView) -> bytes:
    """Counts, tables, sentences and charts."""
    summary, charts = view.summary, view.specs
    lead = escaped(counts_words(summary))
    failures = "".join(f"<p class='bad'>{escaped(line)}</p>\n" for line in failure_words(summary))
    told = tables(summary)
    sentences = "".join(f"<li>{escaped(line)}</li>\n" for line in pair_words(summary))
    pieces = [failures, html_table(told[0]), _place(charts, "curves"), *map(html_table, told[1:])]
    if sentences:
        pieces.append(f"<h2>Which differences the seeds can tell</h2>\n<ul>\n{sentences}</ul>")
    explorer = Part("") if view.explorer is None else view.explorer()
    pieces += [_place(charts, "versus"), _place(charts, "heat")]
    pieces.append(explorer.body)
    pieces += [f"<p class='note'>{escaped(words)}</p>" for words in theory_words(view.heat)]
    return page(TITLE, summary.metric.title, lead, "\n".join(pieces), charts, [explorer])


def _place(charts: dict[str, Spec], name: str) -> str:
    return chart_place(name) if name in charts else ""
