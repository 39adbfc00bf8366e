"""Which scheme beats which, each at its best settings: a matrix of probabilities with their intervals."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from headstart.experiments.analysis.best import Pair
from headstart.experiments.analysis.factors import Value
from headstart.experiments.analysis.summary import Summary, in_words
from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.theme.layout import columns_for, grid, heading, panel_size
from headstart.show.theme.palette import INK, theme

MOST_PANELS = 6  # problems that fit a page
MOST_INTERVALS = 8  # schemes whose matrix has room for the intervals
# Blue for the row, orange for the column, and white where neither is better; the two differ for every kind of eye.
UNSURE = "#6b6b6b"  # the ink of what the seeds do not tell
STOPS, RANGE = [0.0, 0.25, 0.5, 0.75, 1.0], ["#b35806", "#f6b36b", "#f7f7f7", "#7fb2d8", "#2166ac"]


def versus_chart(
    summary: Summary, width: float | None = None, height: float | None = None, letters: float = 1.0
) -> Any:
    """The matrices of the first problems as an Altair chart; None without two schemes to compare.

    Args:
        summary: what is drawn.
        width, height: pixels of all panels together; None for the chart's own.
        letters: factor of the letters' size.
    """
    found: Tables = {}
    problems = _problems(summary)
    if not problems:
        return None
    drawn = problems[:MOST_PANELS]
    columns = columns_for(len(drawn))
    sizes = []
    for _, pairs in drawn:
        own = math.ceil(_side(pairs) * letters * len(_schemes(pairs)))
        sizes.append(panel_size((own, own * 0.8), len(drawn), columns, width, height, 90.0))
    panels = [
        _panel(problem, pairs, number, found, sizes[number], letters) for number, (problem, pairs) in enumerate(drawn)
    ]
    chart = grid(panels, columns).resolve_scale(color="shared")
    side = sizes[0][0]
    left_out = f"The first {MOST_PANELS} of {len(problems)} problems." if len(problems) > MOST_PANELS else ""
    interval = ", 95 % interval below" if _is_roomy(drawn[0][1], sizes[0], letters) else ""
    lines = [
        f"Probability that the row is better than the column for the same seed, each at its best settings{interval}. "
        "Coloured by the interval's end nearer to one half, white where it holds one half; framed: the seeds tell the "
        "two apart.",
        left_out,
    ]
    wide = max(460.0 if width is None else 0.0, columns * (side + 80)) / letters
    chart = chart.properties(title=heading("Which scheme beats which", lines, wide))
    chart = chart.properties(config=theme(), padding=18)
    chart.datasets = found
    return chart


def _problems(summary: Summary) -> list[tuple[dict[str, Value], list[Pair]]]:
    """The pairs by problem, in their order."""
    found: dict[tuple[Value, ...], list[Pair]] = {}
    for pair in summary.pairs:
        found.setdefault(tuple(pair.first.problem.values()), []).append(pair)
    return [(pairs[0].first.problem, pairs) for pairs in found.values()]


def _schemes(pairs: list[Pair]) -> list[str]:
    return list(dict.fromkeys(name for pair in pairs for name in (pair.first.scheme, pair.second.scheme)))


def versus_rows(pairs: list[Pair]) -> Rows:
    """Two rows per pair, one for each side: probability of winning, interval, and whether they are told apart."""
    rows: Rows = []
    for pair in pairs:
        found = pair.beats
        for row, column, ends in (
            (pair.first, pair.second, (found.probability, found.low, found.high)),
            (pair.second, pair.first, (1 - found.probability, 1 - found.high, 1 - found.low)),
        ):
            sure = min(max(0.5, ends[1]), ends[2])  # the end of the interval nearer to one half, or one half in it
            rows.append(
                {
                    "row": row.scheme, "column": column.scheme, "probability": ends[0], "sure": sure,
                    "pairs": found.pairs,
                    "text": f"{ends[0]:.2f}", "interval": f"{ends[1]:.2f}–{ends[2]:.2f}", "apart": found.told_apart,
                    "ink": "white" if abs(sure - 0.5) > 0.37 else "black" if found.told_apart else UNSURE,
                }
            )  # fmt: skip
    return rows


def _side(pairs: list[Pair]) -> float:
    return 68.0 if len(_schemes(pairs)) <= MOST_INTERVALS else max(24.0, 460.0 / len(_schemes(pairs)))


def _is_roomy(pairs: list[Pair], size: tuple[float, float], letters: float) -> bool:
    """Whether a cell has room for its interval."""
    names = len(_schemes(pairs))
    return names <= MOST_INTERVALS and size[0] / names >= 60 * letters and size[1] / names >= 34 * letters


def _panel(
    problem: dict[str, Value], pairs: list[Pair], number: int, tables: Tables, size: tuple[float, float], letters: float
) -> Any:
    names = _schemes(pairs)
    side = size[0] / len(names) / letters  # of a cell, in pixels of letters of the light look
    rows = versus_rows(pairs)
    roomy = _is_roomy(pairs, size, letters)
    figure_size = 14.0 if roomy else max(4.0, min(13.0, side * 0.42, size[1] / len(names) / letters * 0.8))
    x = alt.X("column:N", sort=names, title="than the column", scale=alt.Scale(domain=names, padding=0.04),
              axis=alt.Axis(orient="top", labelAngle=0 if max(map(len, names)) * 7 < side else -40, labelLimit=200,
                            grid=False))  # fmt: skip
    y = alt.Y("row:N", sort=names, title="the row is better", scale=alt.Scale(domain=names, padding=0.04),
              axis=alt.Axis(labelLimit=200, grid=False))  # fmt: skip
    scale = alt.Scale(domain=STOPS, range=RANGE)
    legend = alt.Legend(format=".0%", gradientLength=min(150.0, size[1]), gradientThickness=14)
    tooltip = [
        alt.Tooltip("row:N", title="is better"), alt.Tooltip("column:N", title="than"),
        alt.Tooltip("text:N", title="probability"), alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("pairs:Q", title="seeds"),
    ]  # fmt: skip
    base = alt.Chart(named_table(tables, f"versus {number}", rows))
    apart = base.transform_filter(alt.datum.apart)
    layers: list[Any] = [
        base.mark_rect().encode(
            x=x, y=y, color=alt.Color("sure:Q", title="probability", scale=scale, legend=legend), tooltip=tooltip
        ),
        apart.mark_rect(filled=False, stroke=INK, strokeWidth=2.4).encode(x=x, y=y),
    ]
    for ink in ("white", "black", UNSURE):
        inked = base.transform_filter(alt.datum.ink == ink)
        weight: Any = "normal" if ink == UNSURE else 600
        figures = inked.mark_text(fontSize=figure_size, fontWeight=weight, dy=-7 if roomy else 0, color=ink)
        layers.append(figures.encode(x=x, y=y, text="text:N"))
        if roomy:
            layers.append(inked.mark_text(fontSize=10.5, dy=10, color=ink).encode(x=x, y=y, text="interval:N"))
    made = alt.layer(*layers).properties(width=size[0], height=size[1])
    title = in_words(problem)
    return made.properties(title=alt.TitleParams(title, fontSize=13, frame="group")) if title else made
