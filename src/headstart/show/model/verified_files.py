"""What a check of a model against its plan is saved as: JSON and CSV; its chart; a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headstart.plans.verified import Checked
from headstart.show.drawing import Drawing, records
from headstart.show.files import Files, drawn_files
from headstart.show.model.verified_table import heading, verified_table
from headstart.show.page import chart_place, page
from headstart.show.rows import csv_text, json_text
from headstart.show.table import html_table
from headstart.show.theme.palette import themed


def verified_chart(parameters: Sequence[Checked]) -> Any:
    """The share of the numbers drawn again that is not as planned, parameter by parameter, as an Altair chart."""
    import altair as alt

    rows = [
        {
            "place": place, "parameter": checked.name, "verdict": checked.verdict, "checked": checked.checked,
            "share": checked.different / checked.checked if checked.checked else float(not checked.good),
        }
        for place, checked in enumerate(parameters)
        if checked.verdict != "not drawn"
    ]  # fmt: skip
    place = alt.X("place:Q", title="parameter, in the model's order", axis=alt.Axis(tickMinStep=1, format="d"),
                  scale=alt.Scale(padding=12, nice=False))  # fmt: skip
    share = alt.Y("share:Q", title="share that differs", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    return themed(
        alt.Chart(records(rows))
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=place, y=share, color=alt.Color("verdict:N", title="verdict"),
            shape=alt.Shape("verdict:N", title="verdict"),
            tooltip=["parameter:N", "verdict:N", "checked:Q", "share:Q"],
        )
        .properties(width=560, height=220, title=alt.TitleParams("What is not as planned")),
        legend={"orient": "bottom"},
    )  # fmt: skip


def verified_files(document: Callable[[], dict[str, Any]], parameters: Sequence[Checked]) -> Files:
    """verified.json and verified.csv in a folder."""
    drawing = Drawing(lambda: verified_chart(parameters))
    flat = [
        {name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in checked.row().items()}
        for checked in parameters
    ]
    others = {
        "html": lambda: _page(parameters, drawing),
        "json": lambda: json_text(document()).encode(),
        "csv": lambda: csv_text(flat).encode(),
    }
    return drawn_files("verified", drawing, others, folder=("json", "csv"))


def _page(parameters: Sequence[Checked], drawing: Drawing) -> bytes:
    chart = {key: value for key, value in drawing.spec.items() if key != "title"}
    body = f"{html_table(verified_table(parameters))}\n{chart_place('chart')}"
    title = heading(parameters)
    return page("Whether a model holds its plan", title, title, body, {"chart": chart})
