"""A sweep's files: pictures of its medians, its heat map, and the report."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from headstart.experiments.analysis.axes import Row
from headstart.experiments.analysis.summary import Summary, summarize
from headstart.experiments.analysis.views import HeatMap, curves, heat_map
from headstart.show.files import check_writable, write
from headstart.show.page import bundled, bundling, page, write_pictures
from headstart.show.study.curves import curves_chart
from headstart.show.study.heatmap import heat_chart
from headstart.show.study.tables import counts_words, failure_words, html_table, pair_words, tables, theory_words
from headstart.show.study.versus import versus_chart

TITLE = "What the runs say"
Spec = dict[str, Any]


def sweep_report(
    rows: Sequence[Row],
    path: str | Path,
    *,
    metric: str = "test_accuracy",
    by: Sequence[str] = ("scheme",),
    heat: Sequence[str] | None = None,
    where: Iterable[str] = (),
) -> Path:
    """Write the report of a study's runs: one HTML page that opens from disk with no network.

    Args:
        rows: one per run, as a store of runs gives them.
        path: where to.
        metric: test_accuracy, train_accuracy, final_cost or steps_to_target.
        by: the axes of the table of medians; schemes are compared within each value of the others among them.
        heat: the two axes of the heat map; None for those that vary most.
        where: filters `axis=value`.

    Raises:
        InputError: no runs, an unknown metric or axis, a filter that no run meets, or a folder that cannot be written.
    """
    summary = summarize(rows, metric, by, where)
    heat_view = heat_map(summary, heat)
    target = Path(path)
    check_writable(target.parent)
    target.parent.mkdir(parents=True, exist_ok=True)
    with bundling() as bundle:
        charts = _charts(summary, heat_view)
        write(target, _page(summary, heat_view, charts, bundled(bundle)).encode())
    return target


def save_sweep(summary: Summary, heat: HeatMap | None, folder: Path) -> dict[str, str]:
    """Write report.html, report.png and report.svg, and heat.png and heat.svg if there is a heat map; kind -> path."""
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"html": folder / "report.html"}
    with bundling() as bundle:
        charts = _charts(summary, heat)
        overview = _overview(charts)
        for name, spec in (("report", overview), ("heat", charts.get("heat"))):
            if spec is not None:
                pictures = [folder / f"{name}.{kind}" for kind in ("png", "svg")]
                write_pictures(spec, *pictures)
                prefix = "" if name == "report" else "heat_"
                files |= {f"{prefix}{picture.suffix[1:]}": picture for picture in pictures}
        write(files["html"], _page(summary, heat, charts, bundled(bundle)).encode())
    return {kind: str(path) for kind, path in files.items()}


def _charts(summary: Summary, heat: HeatMap | None) -> dict[str, Spec]:
    """The page's charts by name; without those that have nothing to show."""
    view = curves(summary)
    found = {
        "curves": None if view is None else curves_chart(view, summary),
        "versus": versus_chart(summary),
        "heat": None if heat is None else heat_chart(heat, summary),
    }
    return {name: _spec(chart) for name, chart in found.items() if chart is not None}


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


def _spec(chart: Any) -> Spec:
    made: Spec = chart.to_dict(validate=False)  # tests validate it; thousands of rows would take seconds
    return made


def _page(summary: Summary, heat: HeatMap | None, charts: dict[str, Spec], bundle: str) -> str:
    """Counts, tables, sentences and charts."""
    lead = html.escape(counts_words(summary))
    failures = "".join(f"<p class='bad'>{html.escape(line)}</p>\n" for line in failure_words(summary))
    told = tables(summary)
    sentences = "".join(f"<li>{html.escape(line)}</li>\n" for line in pair_words(summary))
    pieces = [failures, html_table(told[0]), _place(charts, "curves"), *map(html_table, told[1:])]
    if sentences:
        pieces.append(f"<h2>Which differences the seeds can tell</h2>\n<ul>\n{sentences}</ul>")
    pieces += [_place(charts, "versus"), _place(charts, "heat")]
    pieces += [f"<p class='note'>{html.escape(words)}</p>" for words in theory_words(heat)]
    return page(TITLE, summary.metric.title, lead, "\n".join(pieces), charts, bundle)


def _place(charts: dict[str, Spec], name: str) -> str:
    return f'<div class="wide"><div id="{name}"></div></div>' if name in charts else ""
