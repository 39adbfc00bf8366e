"""A plan as a chart: the standard deviation of every parameter in the model's order."""

from __future__ import annotations

from typing import Any

from headstart.plans import Plan
from headstart.show.drawing import records
from headstart.show.theme.palette import themed


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """One row per parameter that is drawn with numbers other than a constant."""
    return [
        {"place": place, "parameter": entry.name, "role": entry.role, "std": entry.std, "reason": entry.reason}
        for place, entry in enumerate(plan.entries)
        if entry.std > 0
    ]


def plan_chart(plan: Plan) -> Any:
    """An Altair chart of the standard deviations."""
    import altair as alt

    rows = plan_rows(plan)
    return themed(
        alt.Chart(records(rows))
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=alt.X("place:Q", title="parameter, in the model's order", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("std:Q", title="standard deviation at the start", scale=alt.Scale(type="log")),
            color=alt.Color("role:N", title=None),
            shape=alt.Shape("role:N", title=None),
            tooltip=["parameter:N", "role:N", "std:Q", "reason:N"],
        )
        .properties(width=560, height=300, title=alt.TitleParams("What each parameter gets")),
        legend={"orient": "bottom"},
    )
