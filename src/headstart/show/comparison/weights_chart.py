"""The weights of every layer before and after training, as histograms."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import starting_weights
from headstart.show.comparison.marks import first_seed, styled
from headstart.show.drawing import Rows
from headstart.show.theme.scales import linear_axis
from headstart.show.theme.palette import INK

BINS = 30
MOST_LAYERS = 6


def weight_rows(comparison: ComparisonData) -> Rows:
    """One row per scheme, layer, time and bin: its ends and the share of the weights in it."""
    names = comparison.schemes
    starts = starting_weights(comparison, names, first_seed(comparison))
    layers = comparison.network.layers
    chosen = list(range(layers)) if layers <= MOST_LAYERS else sorted({int(k) for k in np.linspace(0, layers - 1, MOST_LAYERS)})
    rows: Rows = []
    for place, name in enumerate(names):
        first = comparison.network.unflatten(starts[place])
        last = comparison.network.unflatten(comparison.of(name)[0].weights)
        for layer in chosen:
            both = [np.asarray(side[layer][0], np.float64).reshape(-1) for side in (first, last)]
            finite = [values[np.isfinite(values)] for values in both]
            edges = _edges(np.concatenate(finite))
            for when, values, kept in zip(("start", "end"), both, finite, strict=True):
                counts, _ = np.histogram(kept, edges)
                std = float(kept.std()) if len(kept) else float("nan")
                rows += [
                    {"scheme": name, "layer": layer + 1, "when": when, "low": float(f"{a:.5g}"),
                     "high": float(f"{b:.5g}"), "share": int(count) / len(values), "std": std,
                     "broken": len(kept) < len(values)}
                    for a, b, count in zip(edges[:-1], edges[1:], counts, strict=True)
                ]  # fmt: skip
    return rows


def _edges(values: Any) -> Any:
    """Ends of the bins, around zero alike."""
    most = float(np.abs(values).max()) if len(values) else 0.0
    return np.linspace(-most, most, BINS + 1) if most else np.linspace(-1.0, 1.0, BINS + 1)


def weights_chart(comparison: ComparisonData, width: float = 900, height: float = 420) -> Any:
    """A column for each scheme, a row for each layer: grey before training, the scheme's colour after it."""
    rows, names = weight_rows(comparison), comparison.schemes
    layers = sorted({row["layer"] for row in rows})
    wide = max(60.0, (width - 60 - 22 * (len(names) - 1)) / len(names))
    tall = max(40.0, (height - 40 * (len(layers) - 1)) / len(layers))
    colour, _ = styled(comparison)
    bands = []
    for rank, layer in enumerate(layers):
        panels = []
        for place, name in enumerate(names):
            own = [row for row in rows if row["layer"] == layer and row["scheme"] == name]
            top = max(max(row["share"] for row in own), 1e-9) * 1.15
            ends = [own[0]["low"], own[BINS - 1]["high"]]
            x = alt.X("low:Q", title=None, scale=alt.Scale(domain=ends, nice=False),
                      axis=linear_axis(3, grid=False))  # fmt: skip
            y = alt.Y("share:Q", title=f"layer {layer}" if place == 0 else None, axis=alt.Axis(labels=False, ticks=False, grid=False),
                      scale=alt.Scale(domain=[0, top], nice=False))  # fmt: skip
            base = alt.Chart(alt.Data(values=own))
            after = base.transform_filter("datum.when == 'end'").mark_rect(opacity=0.6, aria=False)
            before = base.transform_filter("datum.when == 'start'")
            steps = before.mark_line(interpolate="step-after", color=INK, strokeWidth=1.3, aria=False)
            stds = [next(row["std"] for row in own if row["when"] == when) for when in ("start", "end")]
            words = "not finite" if any(row["broken"] for row in own) else f"{stds[0]:.2g} → {stds[1]:.2g}"
            told = alt.Chart(alt.Data(values=[{"words": words}])).mark_text(
                align="right", baseline="top", fontSize=11, color=INK, aria=False
            )
            panels.append(
                alt.layer(
                    after.encode(x=x, x2="high:Q", y=y, y2=alt.datum(0), color=colour),
                    steps.encode(x=x, y=y),
                    told.encode(x=alt.value(wide - 3), y=alt.value(3), text="words:N"),
                    width=wide, height=tall,
                    **({"title": alt.TitleParams(name, fontSize=13, anchor="start")} if rank == 0 else {}),
                )
            )  # fmt: skip
        bands.append(alt.hconcat(*panels, spacing=14))
    return alt.vconcat(
        *bands, spacing=10,
        title=alt.TitleParams(
            f"Weights before and after training (seed {first_seed(comparison)})",
            subtitle="Line: at the start; filled: at the end; in the corner: standard deviations. Each panel has its own scale.",
        ),
        description=_description(rows, names),
    )  # fmt: skip


def _description(rows: Rows, names: list[str]) -> str:
    told = []
    for name in names:
        stds = {(row["layer"], row["when"]): row["std"] for row in rows if row["scheme"] == name}
        first = min(layer for layer, _ in stds)
        told.append(f"{name} from {stds[first, 'start']:.3g} to {stds[first, 'end']:.3g}")
    return f"Histograms of the weights per layer. Standard deviation in the first: {', '.join(told)}."
