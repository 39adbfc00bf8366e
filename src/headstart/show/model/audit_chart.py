"""An audit as a chart: the standard deviation of every parameter in the model's order, findings marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.show.drawing import records
from headstart.show.theme.palette import themed
from headstart.signals.rule import Finding


def chart_rows(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One row per parameter whose values vary."""
    worst = {finding.layer: finding.severity for finding in reversed(findings)}  # faults come first
    return [
        {
            "place": place, "parameter": row["name"], "looks": row["looks"], "std": row["std"],
            "found": worst.get(row["name"], "nothing"), "fits": "; ".join(row["recipes"]),
        }
        for place, row in enumerate(rows)
        if row["std"] and row["role"] != "buffer"
    ]  # fmt: skip


def audit_chart(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> Any:
    """An Altair chart of the standard deviations."""
    import altair as alt

    return themed(
        alt.Chart(records(chart_rows(rows, findings)))
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=alt.X("place:Q", title="parameter, in the model's order", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("std:Q", title="standard deviation", scale=alt.Scale(type="log")),
            color=alt.Color("found:N", title=None),
            shape=alt.Shape("found:N", title=None),
            tooltip=["parameter:N", "looks:N", "std:Q", "fits:N", "found:N"],
        )
        .properties(width=560, height=300, title="What each parameter has"),
        legend={"orient": "bottom"},
    )
