"""A study's runs alive on its report: the reader chooses metric, axes and runs; nothing is changed or fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.experiments.analysis.factors import Value, column, is_log_spaced, texts, values
from headstart.experiments.analysis.metrics import METRICS, Metric
from headstart.experiments.analysis.summary import Summary
from headstart.experiments.analysis.views import HeatMap, curves
from headstart.experiments.columns import FACTORS
from headstart.show.page import Part, embedded
from headstart.show.theme import palette
from headstart.show.theme.identity import scheme_styles
from headstart.words import plain

BUILT = Path(__file__).with_name("built")
FORMAT = 1
MOST_RUNS = 50_000  # that a browser filters while one waits


def study_part(summary: Summary, heat: HeatMap | None) -> Part:
    """What stands on the report for it.

    Args:
        summary: the runs.
        heat: the map to begin with, if there is one.
    """
    if len(summary.rows) > MOST_RUNS:
        return Part(
            f'<p class="note">{len(summary.rows):,} runs are more than a page can filter: it takes {MOST_RUNS:,}. '
            "Write --where FACTOR=VALUE.</p>"
        )
    document = study_document(summary, heat)
    if not document["factors"]:
        return Part("")
    style = (BUILT / "study.css").read_text(encoding="utf-8")
    body = f'<h2>Look for yourself</h2>\n<style>{style}</style>\n<div id="study"></div>'
    data = f'<script type="application/json" id="study-data">{embedded(document)}</script>\n'
    return Part(body, (BUILT / "study.js").read_text(encoding="utf-8"), data)


def study_document(summary: Summary, heat: HeatMap | None) -> dict[str, Any]:
    """The runs in columns, as `src/study/rows.ts` reads them."""
    names = [name for name in FACTORS if name in {*summary.factors, *_axes(heat), "seed"}]
    factors = [_factor(summary, name) for name in names]
    return {
        "format": FORMAT, "runs": len(summary.rows),
        "factors": [found for found in factors if len(found["words"]) > 1],
        "metrics": [_metric(summary, name) for name in METRICS if _is_known(summary, name)],
        "first": _first(summary, heat),
        "palette": _palette(summary),
    }  # fmt: skip


def _axes(heat: HeatMap | None) -> tuple[str, ...]:
    return () if heat is None else (heat.x, heat.y)


def _factor(summary: Summary, name: str) -> dict[str, Any]:
    rows = summary.rows
    different = values(rows, name)
    place = {value: index for index, value in enumerate(different)}
    words, numbers = texts(name, different), [_number(value) for value in different]
    told = [number for number in numbers if number is not None]
    return {
        "name": name, "title": FACTORS[name].title, "words": [words[value] for value in different],
        "numbers": numbers, "log": len(told) == len(numbers) and is_log_spaced(told),
        "codes": [place[value] for value in column(rows, name)],
    }  # fmt: skip


def _number(value: Value) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _metric(summary: Summary, name: str) -> dict[str, Any]:
    found = _as_judged(summary, METRICS[name])
    cells = (found.of(row) if row["state"] == "done" else None for row in summary.rows)
    return {
        "name": name, "title": found.title, "higher": found.higher_is_better, "percent": found.percent,
        "values": plain([None if cell is None else float(f"{cell:.6g}") for cell in cells]),
    }  # fmt: skip


def _as_judged(summary: Summary, metric: Metric) -> Metric:
    """The metric as the report has it: an accuracy is an R² where numbers are predicted."""
    return metric.on("regression") if summary.metric.r_squared else metric


def _is_known(summary: Summary, name: str) -> bool:
    """Whether any run has a value of it: no run has steps to a target where none was set."""
    return any(row[name] is not None for row in summary.rows)


def _first(summary: Summary, heat: HeatMap | None) -> dict[str, str | None]:
    view = curves(summary)
    varying = [name for name in summary.factors if len(values(summary.rows, name)) > 1]
    fallback = varying[0] if varying else "seed"
    x = view.x if view is not None else heat.x if heat is not None else fallback
    colour = view.colour if view is not None else None
    y = None if heat is None else heat.y if heat.y != x else heat.x
    return {"metric": summary.metric.name, "x": x, "colour": colour, "y": y}


def _palette(summary: Summary) -> dict[str, Any]:
    light = {"colours": list(palette.SCHEME_COLOURS), "paper": palette.PAPER, "ink": palette.INK}
    names = [str(name) for name in values(summary.rows, "scheme")]
    styles = scheme_styles(names)
    schemes = [{"colour": palette.SCHEME_COLOURS.index(styles[it][0]), "dash": list(styles[it][1])} for it in names]
    return {
        "light": light, "dark": palette.darkened(light), "dashes": [list(dash) for dash in palette.DASHES],
        "schemes": schemes, "map": list(palette.VIRIDIS),
    }  # fmt: skip
