"""The summary as a picture: scores, costs and verdicts in a table, for a slide."""

from __future__ import annotations

from typing import Any

import altair as alt

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison.marks import data_name, seeds_in_words, table_of
from headstart.show.comparison.tables import score
from headstart.show.drawing import Rows, inline
from headstart.show.theme.identity import scheme_styles, text_colour
from headstart.show.theme.palette import BAD, GOOD, INK, QUIET
from headstart.signals.judge import WITHOUT_FAULT
from headstart.words import number

LETTER = 7.4  # pixels of a letter of 13 pixels


def table_rows(comparison: ComparisonData) -> Rows:
    """One row per cell: the column, its place, the text."""
    shares = comparison.network.task != "regression"
    measure = "accuracy" if shares else "R²"
    styles = scheme_styles(comparison.settings.schemes)
    rows: Rows = []
    for rank, row in enumerate(comparison.summary()):
        cells = (
            ("scheme", row["scheme"]),
            (f"train {measure}", score(row["train_accuracy"], shares)),
            (f"test {measure}", score(row["test_accuracy"], shares)),
            ("first cost", number(row["first_cost"]["median"])),
            ("final cost", number(row["final_cost"]["median"])),
            ("verdict", row["verdict"]),
        )
        for column, (title, text) in enumerate(cells):
            tone = GOOD if row["verdict"] in WITHOUT_FAULT else BAD
            ink = text_colour(styles[row["scheme"]][0]) if title == "scheme" else tone if title == "verdict" else INK
            rows.append({"row": rank, "column": column, "title": title, "text": text, "ink": ink})
    return rows


def table_chart(
    comparison: ComparisonData, width: float = 760, height: float | None = None, letters: float = 1.0
) -> Any:
    """The table in ink and rules: words left, numbers right."""
    rows = table_rows(comparison)
    titles = list(dict.fromkeys(row["title"] for row in rows))
    lengths = [max(len(title), *(len(row["text"]) for row in rows if row["title"] == title)) for title in titles]
    count, pixels = len(comparison.schemes), LETTER * letters
    gap = max(18.0, (width - pixels * sum(lengths)) / (len(titles) - 1)) if len(titles) > 1 else 0.0
    line = 26.0 * letters if height is None else min(max(20.0 * letters, height / (count + 1)), 44.0 * letters)
    places, at = [], 0.0
    for title, wide in zip(titles, lengths, strict=True):
        left = title in ("scheme", "verdict")
        places.append(at if left else at + wide * pixels)
        at += wide * pixels + gap
    total = at - gap
    for row in rows:
        row["x"], row["y"] = places[row["column"]], (row["row"] + 1.5) * line
        row["side"] = "left" if row["title"] in ("scheme", "verdict") else "right"
    heads = [
        {"x": places[k], "y": 0.5 * line, "text": title, "side": "left" if title in ("scheme", "verdict") else "right",
         "ink": INK}
        for k, title in enumerate(titles)
    ]  # fmt: skip
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, total], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[(count + 1) * line, 0], nice=False, zero=False))
    layers: list[Any] = []
    rules = [{"y": (k + 1) * line} for k in range(count + 1)]
    layers.append(alt.Chart(inline(rules)).mark_rule(color=QUIET, strokeWidth=1, aria=False).encode(y=y))
    for cells, weight in ((heads, 600), (rows, 400)):
        for side in ("left", "right"):
            chosen = [{key: cell[key] for key in ("x", "y", "text", "ink")} for cell in cells if cell["side"] == side]
            for ink in dict.fromkeys(cell["ink"] for cell in chosen):
                own = [cell for cell in chosen if cell["ink"] == ink]
                bold: Any = 600 if weight == 600 or ink != INK else 400
                text = alt.Chart(table_of(None, "", own)).mark_text(
                    align=side, baseline="middle", fontSize=13, fontWeight=bold, color=ink, aria=False
                )
                layers.append(text.encode(x=x, y=y, text="text:N"))
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    told = f"{seeds_in_words(comparison)}, quartiles in brackets" if seeds > 1 else seeds_in_words(comparison)
    return alt.layer(
        *layers, width=total, height=(count + 1) * line, view=alt.ViewConfig(stroke=None),
        title=alt.TitleParams(f"{data_name(comparison)}, network {comparison.network}", subtitle=told),
        description=_description(comparison),
    )  # fmt: skip


def _description(comparison: ComparisonData) -> str:
    shares = comparison.network.task != "regression"
    told = (
        f"{row['scheme']} {row['verdict']}, test {score(row['test_accuracy'], shares)}" for row in comparison.summary()
    )
    return f"Table of scores, costs and verdicts: {'; '.join(told)}."
