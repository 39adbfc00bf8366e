"""Signal and gradient through the layers as a chart: lines predicted by mean-field theory, dots measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.experiments.simulation import Simulation
from headstart.show.drawing import records
from headstart.show.theme.palette import themed
from headstart.show.theme.scales import log_axis, log_domain
from headstart.theory.propagation import Propagation

# Okabe & Ito 2008: distinct for every kind of colour vision
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
LETTER = 7.0  # pixels of an axis title's letter
_LEAST, _MOST = 1e-12, 1e12  # what the axes show


@dataclass(frozen=True)
class Signal:
    """One initialization: its name, the prediction, and the measurement to set beside it."""

    name: str
    predicted: Propagation
    measured: Simulation


def signal_rows(signals: list[Signal]) -> list[dict[str, Any]]:
    """One row per initialization, quantity and layer: predicted, and median and 10-90 % range of the measured."""
    rows = []
    for signal in signals:
        backwards = np.cumprod(signal.predicted.chi[:-1][::-1])[::-1]
        predictions = {"variance of the signal": signal.predicted.q, "squared gradient": np.append(backwards, 1.0)}
        measured = {"variance of the signal": signal.measured.q, "squared gradient": signal.measured.gradient}
        for quantity, prediction in predictions.items():
            low, middle, high = np.quantile(measured[quantity], (0.1, 0.5, 0.9), axis=0)
            for layer in range(prediction.size):
                values = {"predicted": prediction, "measured": middle, "low": low, "high": high}
                shown = {name: _shown(float(value[layer])) for name, value in values.items()}
                rows.append({"scheme": signal.name, "quantity": quantity, "layer": layer + 1, **shown})
    return rows


def signal_chart(
    signals: list[Signal], activation: str, units: int, width: float | None = None, height: float | None = None,
    letters: float = 1.0,
) -> Any:  # fmt: skip
    """An Altair chart of the rows: signal forward on the left, gradient backward on the right."""
    import altair as alt

    wide, tall = 370.0 if width is None else max(60.0, (width - 90) / 2), height or 320.0
    rows = signal_rows(signals)
    names = [signal.name for signal in signals]
    colour = alt.Color(
        "scheme:N",
        title="initialization",
        scale=alt.Scale(domain=names, range=COLOURS[: len(names)]),
        legend=alt.Legend(
            orient="bottom",
            columns=max(1, min(len(names), int(2 * wide / (40 + 7 * max(map(len, names)))))),
            symbolSize=160,
            symbolOpacity=1,
            symbolType="circle",
        ),
    )

    def panel(quantity: str, *words: str) -> Any:
        told = " ".join(words)
        title: Any = told if LETTER * letters * len(told) <= tall else list(words)  # in two lines
        inside = [row for row in rows if row["quantity"] == quantity]
        base = alt.Chart(records(inside)).encode(
            x=alt.X("layer:Q", title="layer", scale=alt.Scale(nice=False)), color=colour
        )
        drawn = [row[key] for row in inside for key in ("predicted", "measured", "low", "high") if row[key] is not None]
        ends = log_domain(drawn, decades=24)

        def vertical(field: str) -> Any:
            scale = alt.Scale(type="log", domain=list(ends), nice=False)
            return alt.Y(f"{field}:Q", title=title, scale=scale, axis=log_axis(*ends, tall))

        sparse = alt.datum.layer % max(1, len(inside) // len(names) // 16) == 0
        return alt.layer(
            base.mark_area(opacity=0.15).encode(y=vertical("low"), y2="high:Q"),
            base.mark_line(strokeWidth=2.5).encode(y=vertical("predicted")),
            base.mark_point(filled=True, size=45, opacity=0.9).encode(y=vertical("measured")).transform_filter(sparse),
        ).properties(width=wide, height=tall)

    left = panel("variance of the signal", "variance of the", "pre-activations")
    right = panel("squared gradient", "mean squared gradient,", "last layer = 1")
    title = alt.TitleParams(
        f"{activation} through {len(rows) // (2 * len(names))} layers: predicted and simulated",
        subtitle=f"Lines: mean-field theory. Dots, bands: median and 10–90 % of simulated networks of {units} units.",
    )
    return themed(alt.hconcat(left, right, spacing=28).properties(title=title), legend={"labelLimit": 260})


def _shown(value: float) -> float | None:
    """A value on the log axis; None where it has left the axis."""
    return value if math.isfinite(value) and _LEAST <= value <= _MOST else None
