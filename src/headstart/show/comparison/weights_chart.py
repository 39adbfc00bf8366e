"""The weights of every layer before and after training, as histograms."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import kept, starting_weights
from headstart.show.comparison.marks import first_seed, styled
from headstart.show.drawing import Rows, inline
from headstart.show.theme.layout import fitted_letters
from headstart.show.theme.palette import INK
from headstart.show.theme.scales import linear_axis

BINS = 30
MOST_LAYERS = 6


def weight_rows(comparison: ComparisonData) -> Rows:
    """One row per scheme, layer, time and bin: its ends and the share of the weights in it."""
    names = comparison.schemes
    starts = starting_weights(comparison, names, first_seed(comparison))
    layers = comparison.network.layers
    chosen = (
        list(range(layers))
        if layers <= MOST_LAYERS
        else sorted({int(k) for k in np.linspace(0, layers - 1, MOST_LAYERS)})
    )
    rows: Rows = []
    for place, name in enumerate(names):
        first = comparison.network.unflatten(starts[place])
        last = comparison.network.unflatten(comparison.of(name)[0].weights)
        for layer in chosen:
            both = [np.asarray(side[layer][0], np.float64).reshape(-1) for side in (first, last)]
            finite = [values[np.isfinite(values)] for values in both]
            edges = _edges(np.concatenate(finite))
            for when, values, known in zip(("start", "end"), both, finite, strict=True):
                counts, _ = np.histogram(known, edges)
                std = float(known.std()) if len(known) else float("nan")
                rows += [
                    {"scheme": name, "layer": layer + 1, "when": when, "low": float(f"{a:.5g}"),
                     "high": float(f"{b:.5g}"), "share": int(count) / len(values), "std": std,
                     "broken": len(known) < len(values)}
                    for a, b, count in zip(edges[:-1], edges[1:], counts, strict=True)
                ]  # fmt: skip
    return rows


def _edges(values: Any) -> Any:
    """Ends of the bins, around zero alike."""
    most = float(np.abs(values).max()) if len(values) else 0.0
    return np.linspace(-most, most, BINS + 1) if most else np.linspace(-1.0, 1.0, BINS + 1)


def weights_chart(comparison: ComparisonData, width: float = 900, height: float = 420, letters: float = 1.0) -> Any:
    """A column for each scheme, a row for each layer: grey before training, the scheme's colour after it."""
    rows, names = kept(comparison, ("weights chart",), lambda: weight_rows(comparison)), comparison.schemes
    layers = sorted({row["layer"] for row in rows})
    wide = max(60.0, (width - 60 - 22 * (len(names) - 1)) / len(names))
    tall = max(40.0, (height - 44 * (len(layers) - 1)) / len(layers))
    colour, _ = styled(comparison)
    bands = []
    large = fitted_letters("\n".join(names), wide, letters, 13.0)
    for rank, layer in enumerate(layers):
        panels = []
        for place, name in enumerate(names):
            own = [row for row in rows if row["layer"] == layer and row["scheme"] == name]
            top = max(max(row["share"] for row in own), 1e-9) * 1.15
            ends = [own[0]["low"], own[BINS - 1]["high"]]
            x = alt.X("low:Q", title=None, scale=alt.Scale(domain=ends, nice=False),
                      axis=linear_axis(3 if wide > 110 * letters else 2, grid=False))  # fmt: skip
            y = alt.Y(
                "share:Q",
                title=f"layer {layer}" if place == 0 else None,
                axis=alt.Axis(labels=False, ticks=False, grid=False),
                scale=alt.Scale(domain=[0, top], nice=False),
            )
            base = alt.Chart(inline(own))
            after = base.transform_filter("datum.when == 'end'").mark_rect(opacity=0.6, aria=False)
            before = base.transform_filter("datum.when == 'start'")
            steps = before.mark_line(interpolate="step-after", color=INK, strokeWidth=1.3, aria=False)
            stds = [next(row["std"] for row in own if row["when"] == when) for when in ("start", "end")]
            words = "not finite" if any(row["broken"] for row in own) else f"{stds[0]:.2g} → {stds[1]:.2g}"
            head = [name] if rank == 0 else []
            title = alt.TitleParams(
                head or words, anchor="start", fontSize=large if head else 11,
                fontWeight=600 if head else 400, subtitle=words if head else alt.Undefined, subtitleFontSize=11,
                subtitlePadding=1, offset=3,
            )  # fmt: skip
            panels.append(
                alt.layer(
                    after.encode(x=x, x2="high:Q", y=y, y2=alt.datum(0), color=colour),
                    steps.encode(x=x, y=y),
                    width=wide, height=tall, title=title,
                )
            )  # fmt: skip
        bands.append(alt.hconcat(*panels, spacing=14))
    return alt.vconcat(
        *bands, spacing=10,
        title=alt.TitleParams(
            f"Weights before and after training (seed {first_seed(comparison)})",
            subtitle="Line: at the start; filled: at the end; above: standard deviations. Own scales.",
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
