"""Through training: cost, signal and gradient of one network per scheme, layer by layer."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import Passage, kept, passages
from headstart.show.comparison.marks import first_seed
from headstart.show.drawing import Rows, inline
from headstart.show.theme.layout import fitted_letters
from headstart.show.theme.palette import INK, VIRIDIS
from headstart.show.theme.scales import log_axis, log_domain

MOST_POINTS = 120  # per line
THOUSANDS = "datum.value >= 10000 ? format(datum.value / 1000, ',~f') + 'k' : format(datum.value, ',~f')"
MOST_LINES = 8  # layers drawn; of more, some between the first and the last
QUANTITIES = (
    ("cost", "Cost"),
    ("signal", "Signal (rms)"),
    ("gradient", "Gradient (norm)"),
)


def training_rows(found: list[Passage]) -> Rows:
    """One row per scheme, quantity, layer and step; `value` is None where it is no finite number, or zero."""
    rows: Rows = []
    for passage in found:
        stride = max(1, len(passage.steps) // MOST_POINTS)
        kept = sorted({*range(0, len(passage.steps), stride), len(passage.steps) - 1})
        for quantity, values in (
            ("cost", passage.costs[:, None]), ("signal", passage.signal), ("gradient", passage.gradient),
        ):  # fmt: skip
            layers = _layers(values.shape[1])
            for layer in layers:
                for place in kept:
                    value = float(values[place, layer])
                    rows.append(
                        {
                            "scheme": passage.scheme, "quantity": quantity, "layer": layer + 1,
                            "step": passage.steps[place], "zero": value == 0,
                            "value": value if math.isfinite(value) and value > 0 else None,
                        }
                    )  # fmt: skip
    return rows


def _layers(count: int) -> list[int]:
    """Which layers are drawn."""
    return (
        list(range(count)) if count <= MOST_LINES else sorted({int(k) for k in np.linspace(0, count - 1, MOST_LINES)})
    )


def training_chart(comparison: ComparisonData, width: float = 900, height: float = 520, letters: float = 1.0) -> Any:
    """Rows of panels for cost, signal and gradient; a column for each scheme; a line for each layer."""
    rows = kept(
        comparison, ("training",),
        lambda: training_rows(passages(comparison, comparison.schemes, first_seed(comparison))),
    )  # fmt: skip
    names = comparison.schemes
    wide = max(70.0, (width - 12 * (len(names) - 1)) / len(names))
    tall = max(60.0, (height - 2 * 26) / len(QUANTITIES))
    last = comparison.recorded_steps[-1] or 1
    most = comparison.network.layers
    layers = sorted({row["layer"] for row in rows if row["quantity"] != "cost"})
    scale = alt.Scale(domain=layers, range=_colours(layers, most))
    colour = alt.Color("layer:O", title="Layer", scale=scale,
                       legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3))  # fmt: skip
    bands = []
    head = fitted_letters("\n".join(names), wide, letters, 13.0)
    for place, (quantity, title) in enumerate(QUANTITIES):
        inside = [row for row in rows if row["quantity"] == quantity]
        low, high = log_domain([row["value"] for row in inside if row["value"] is not None], least=20.0, decades=10)
        bottom = place == len(QUANTITIES) - 1
        panels = []
        for column, name in enumerate(names):
            own = [
                {key: row[key] for key in ("layer", "step")}
                | {"value": None if row["value"] is None else float(f"{max(row['value'], low):.4g}"), "edge": low}
                | {"gone": row["zero"]}
                for row in inside if row["scheme"] == name
            ]  # fmt: skip
            x = alt.X(
                "step:Q",
                title="Step" if bottom else None,
                scale=alt.Scale(domain=[0, last], nice=False),
                axis=alt.Axis(labelExpr=THOUSANDS, tickCount=max(1, int(wide / (50 * letters))), labels=bottom),
            )
            y = alt.Y("value:Q", title=title if column == 0 else None,
                      scale=alt.Scale(type="log", domain=[low, high], nice=False),
                      axis=log_axis(low, high, tall / letters, labels=column == 0))  # fmt: skip
            base = alt.Chart(inline(own))
            line = base.mark_line(strokeWidth=2, clip=True, aria=False)
            layered: list[Any] = [
                line.encode(x=x, y=y, color=colour)
                if quantity != "cost"
                else line.encode(x=x, y=y, color=alt.value(INK))
            ]
            words = _gone(own)
            if words:
                layered.append(
                    alt.Chart(inline([{"words": words}]))
                    .mark_text(fontSize=fitted_letters(words, wide, letters), color=INK, lineBreak="\n", aria=False)
                    .encode(x=alt.value(wide / 2), y=alt.value(tall / 2), text="words:N")
                )
            panels.append(
                alt.layer(
                    *layered, width=wide, height=tall,
                    **({"title": alt.TitleParams(name, anchor="start", fontSize=head)} if place == 0 else {}),
                )
            )  # fmt: skip
        bands.append(alt.hconcat(*panels, spacing=10))
    return alt.vconcat(
        *bands, spacing=10,
        title=alt.TitleParams(
            f"Through training (seed {first_seed(comparison)})",
            subtitle="Cost; root mean square of each hidden layer's output; norm of each layer's gradient. Log scales.",
        ),
        description=f"Line charts of cost, signal and gradient through training, for {', '.join(names)}.",
    )  # fmt: skip


def _gone(own: Rows) -> str:
    """What to say of a panel in which a line is missing."""
    if all(row["gone"] for row in own):
        return "exactly 0\nin every layer" if len({row["layer"] for row in own}) > 1 else "exactly 0"
    if all(row["value"] is None for row in own):
        return "not a number"
    zero = sorted({row["layer"] for row in own if row["gone"]})
    return f"0 at times:\nlayer {', '.join(map(str, zero))}" if zero else ""


def _colours(layers: list[int], most: int) -> list[str]:
    """From dark for the first layer to bright for the last, but not as bright as paper."""
    return [VIRIDIS[round((layer - 1) / max(most - 1, 1) * (len(VIRIDIS) - 2))] for layer in layers]
