"""The gain curve as a chart: forward and backward gain over the operating point, and PyTorch's constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.show.drawing import records
from headstart.show.theme.palette import BACKWARD, FORWARD, themed
from headstart.show.theme.scales import linear_axis, log_axis, log_domain
from headstart.theory.activations.callables import ActivationLike, resolve
from headstart.theory.gains import moments
from headstart.theory.practices import torch_gain

_FORWARD, _BACKWARD, _TORCH = "keeps the signal (forward)", "keeps the gradient (backward)", "PyTorch's calculate_gain"


def gain_rows(activation: ActivationLike, low: float = 1e-3, high: float = 1e3) -> list[dict[str, Any]]:
    """Rows (q, curve, gain) of both gains, and of PyTorch's constant where it has one."""
    rows: list[dict[str, Any]] = []
    constant = torch_gain(activation)
    for q in np.geomspace(low, high, 121):
        try:
            at = moments(activation, float(q))
            values = {_FORWARD: at.gain_forward, _BACKWARD: at.gain_backward}
        except InputError:  # no moments at this q, or nothing to scale up
            continue
        if constant is not None:
            values[_TORCH] = constant
        rows += [{"q": float(q), "curve": curve, "gain": value} for curve, value in values.items() if value < 1e6]
    return rows


def gain_chart(activation: ActivationLike, width: float | None = None, height: float | None = None) -> Any:
    """An Altair chart of the gain curve, its drawing area so many pixels wide and high."""
    import altair as alt

    width, height = width or 560, height or 340
    rows = gain_rows(activation)
    curves = [name for name in (_FORWARD, _BACKWARD, _TORCH) if any(row["curve"] == name for row in rows)]
    values = [row["gain"] for row in rows]
    wide = max(values) > 10 * min(values)
    ends = log_domain(values)
    scale = alt.Scale(type="log", domain=list(ends), nice=False) if wide else alt.Scale(domain=[0, 1.1 * max(values)])
    axis = log_axis(*ends, height) if wide else linear_axis(6)
    lines = (
        alt.Chart(records(rows))
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X(
                "q:Q",
                title="variance of the pre-activations, q",
                scale=alt.Scale(type="log", nice=False),
                axis=log_axis(1e-3, 1e3, width),
            ),
            y=alt.Y("gain:Q", title="gain", scale=scale, axis=axis),
            color=alt.Color(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=curves, range=[FORWARD, BACKWARD, "gray"][: len(curves)]),
            ),
            strokeDash=alt.StrokeDash(
                "curve:N", title=None, scale=alt.Scale(domain=curves, range=[[1, 0], [8, 4], [2, 3]][: len(curves)])
            ),
        )
    )
    marker = alt.Chart(records([{"q": 1.0}])).mark_rule(color="gray", strokeDash=[2, 2]).encode(x="q:Q")
    title = alt.TitleParams(
        f"The gain of {resolve(activation)} is a curve",
        subtitle="Weights of standard deviation gain/√fan_in keep pre-activations of variance q.",
    )
    layers = alt.layer(marker, lines).properties(width=width, height=height, title=title)
    columns = 3 if width > 480 else 1
    return themed(layers, legend={"symbolSize": 300, "orient": "bottom", "labelLimit": 300, "columns": columns})
