"""A study's runs as shown: charts, heat map, report and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from headstart.errors import InputError, unknown
from headstart.experiments.analysis.summary import Summary
from headstart.experiments.analysis.views import HeatMap, curves
from headstart.show.characters import escaped
from headstart.show.drawing import Spec
from headstart.show.figure.look import Look
from headstart.show.figure.plain import PlainFigure
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
PNG_DPI = 144.0  # about 2,000 pixels wide, sharp on a projector
OVERVIEW, SPACING = ("curves", "versus"), 40  # what stands below one another in the main picture
WIDE = 1.25  # width by height from which on it stands side by side


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
        return self._drawn(self._shown(name))

    def figure(self, name: str | None = None, look: Look | None = None, words: Sequence[str] = ()) -> PlainFigure:
        """One chart as a figure.

        Args:
            name: as `chart` has it.
            look: how it looks.
            words: of the command that draws it.
        """
        shown, found = self._shown(name), look or Look()
        told = [*words, "--figure", shown] if words else []
        return PlainFigure(partial(self._drawn, shown, letters=found.letters), found, told, shown, PNG_DPI)

    def _shown(self, name: str | None) -> str:
        """The chart that is meant, which has something to show."""
        if name is not None and name not in CHARTS:
            raise unknown("chart", name, CHARTS)
        for wanted in CHARTS if name is None else (name,):
            if wanted in self.specs:
                return wanted
        raise InputError(
            f"these runs have nothing to draw{'' if name is None else f' as {name}'}: too little varies. "
            "Print the tables, or leave out a filter."
        )

    def _drawn(self, name: str, width: float | None = None, height: float | None = None, letters: float = 1.0) -> Any:
        """A chart for a drawing area; None where there is nothing to show."""
        area = (width, height, letters)
        if name == "curves":
            view = curves(self.summary)
            return None if view is None else curves_chart(view, self.summary, *area)
        if name == "versus":
            return versus_chart(self.summary, *area)
        return None if self.heat is None else heat_chart(self.heat, self.summary, *area)

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """The charts by name; without those that have nothing to show."""
        made = ((name, self._drawn(name)) for name in CHARTS)
        return {name: chart.to_dict(validate=False) for name, chart in made if chart is not None}

    def files(self, look: Look | None = None, words: Sequence[str] = ()) -> Files:
        """What the runs are saved as: report, pictures, heat map, rows.

        Args:
            look: how the pictures look.
            words: of the command that draws them.
        """
        found = look or Look()
        pictures = {}
        if set(OVERVIEW) & set(self.specs):
            pictures["report"] = PlainFigure(partial(self._overview, found), found, words, "report", PNG_DPI)
        if "heat" in self.specs:
            pictures["heat"] = self.figure("heat", found, words)
        drawn: dict[str, Callable[[], bytes]] = {}
        for stem, drawing in pictures.items():
            drawn |= {f"{stem}.png": drawing.png, f"{stem}.svg": drawing.svg}
        others: dict[str, Callable[[], bytes]] = {f"{stem}.pdf": drawing.pdf for stem, drawing in pictures.items()}
        rows = list(self.summary.rows)
        others["report.json"] = lambda: json_text({"schema": SCHEMA, "rows": rows}).encode()
        others["report.csv"] = lambda: csv_text(rows).encode()
        others["report.parquet"] = lambda: parquet_bytes(rows)
        page = partial(_page, self, found, words)
        return Files({"report.html": page, **drawn, **others}, folder=("report.html", *drawn))

    def _overview(self, look: Look, width: float | None, height: float | None) -> Spec:
        """Curves and matrix, one below the other in an area; where that is wide, side by side."""
        names = [name for name in OVERVIEW if name in self.specs]
        many = len(names)
        wide = width is not None and height is not None and width > WIDE * height and many > 1
        if width is not None and height is not None:
            gaps = SPACING * (many - 1)
            width, height = ((width - gaps) / many, height) if wide else (width, (height - gaps) / many)
        made = [self._drawn(name, width, height, look.letters).to_dict(validate=False) for name in names]
        return _overview(made, "hconcat" if wide else "vconcat")


def _overview(parts: Sequence[Spec], way: str) -> Spec:
    """Charts in one picture, put together as specifications: their tables' names differ."""
    if len(parts) == 1:
        return parts[0]
    own = ("$schema", "config", "datasets", "padding")
    return {
        **{key: parts[0][key] for key in own},
        "datasets": {name: rows for part in parts for name, rows in part["datasets"].items()},
        way: [{key: item for key, item in part.items() if key not in own} for part in parts],
        "spacing": SPACING,
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
    }


def _page(view: StudyView, look: Look, words: Sequence[str]) -> bytes:
    """Counts, tables, sentences and charts."""
    summary = view.summary
    figures = {name: view.figure(name, replace(look, title=None), words) for name in view.specs}
    charts = {name: figure.spec for name, figure in figures.items()} if look.given() else view.specs
    meta = next((figure.meta for figure in figures.values()), "") if words else ""
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
    title = look.title or TITLE
    return page(title, summary.metric.title, lead, "\n".join(pieces), charts, [explorer], look.theme, meta)


def _place(charts: dict[str, Spec], name: str) -> str:
    return chart_place(name) if name in charts else ""
