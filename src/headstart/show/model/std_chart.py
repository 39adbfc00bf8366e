"""The standard deviation of every parameter in the model's order, as a chart: of a plan, and of an audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.show.drawing import records
from headstart.show.theme.palette import themed


def std_chart(
    rows: Sequence[dict[str, Any]], title: str, std: str, colour: str, legend: str, told: Sequence[str]
) -> Any:
    """An Altair chart of rows with place, parameter and std.

    Args:
        title: of the chart. std: of its vertical axis. legend: of the colours.
        colour: the field that colours a point.
        told: the fields that a point tells besides.
    """
    import altair as alt

    return themed(
        alt.Chart(records(list(rows)))
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=alt.X(
                "place:Q", title="parameter, in the model's order", axis=alt.Axis(tickMinStep=1, format="d"),
                scale=alt.Scale(padding=12, nice=False),
            ),
            y=alt.Y("std:Q", title=std, scale=alt.Scale(type="log", padding=12)),
            color=alt.Color(f"{colour}:N", title=legend),
            shape=alt.Shape(f"{colour}:N", title=legend),
            tooltip=["parameter:N", "std:Q", *(f"{field}:N" for field in told)],
        )
        .properties(width=560, height=300, title=alt.TitleParams(title)),
        legend={"orient": "bottom"},
    )  # fmt: skip
