"""A probe as a chart: the signal on its way forward and the gradient on its way back, per layer, on log axes.

Predictions are dashed with their noise as a band; places where something was found are shaded, with the finding's code
above; what a log axis cannot hold, zeros and numbers that are not finite, stands at its foot and its top.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from headstart.show.drawing import Rows, records
from headstart.show.model.probe_marks import (
    ACROSS,
    BACKWARD_FIELDS,
    FORWARD_FIELDS,
    GRADIENT,
    LEVELS,
    PREDICTED,
    RMS,
    marks_words,
    placed,
    predicted_rows,
    series_rows,
    troubles,
)
from headstart.show.theme.layout import heading
from headstart.show.theme.palette import BACKWARD, FORWARD, INK, SCHEME_COLOURS, themed
from headstart.show.theme.scales import log_axis, log_domain
from headstart.signals.judge import Verdict
from headstart.signals.trace import Row, Trace

WIDTH, HEIGHT = 820, 230
DECADES = 45  # from the smallest float32 to one
LEAST = 10.0  # a factor that an axis spans at least
FAR = 1e4  # a factor beyond what was measured where a prediction is left out
NAMES, LONGEST = 24, 26  # below the axis; letters of one
LETTER = 7.2  # pixels of a letter
LABEL = 14  # pixels of a line of labels
NARROWEST = 4  # pixels that a shaded place has at least
COLOURS = {RMS: FORWARD, ACROSS: SCHEME_COLOURS[2], GRADIENT: BACKWARD, PREDICTED: "#7F7F7F"}


def probe_chart(trace: Trace, verdict: Verdict) -> Any:
    """An Altair chart of two panels; of one where there is no gradient."""
    rows = trace.rows
    forward = _Panel(
        series_rows(rows, FORWARD_FIELDS), predicted_rows(rows, "predicted_rms", "noise"),
        troubles(trace, verdict, backward=False), len(rows), "signal, root mean square",
    )  # fmt: skip
    backward = _Panel(
        series_rows(rows, BACKWARD_FIELDS), predicted_rows(rows, "predicted_grad", "grad_noise"),
        troubles(trace, verdict, backward=True), len(rows), "gradient, root mean square",
    )  # fmt: skip
    panels = [forward, backward] if backward.rows or backward.bands else [forward]
    used = [name for name in COLOURS if any(name in panel.series for panel in panels)]
    names = names_below(rows)
    drawn = [panel.drawn(names if panel is panels[-1] else [], used) for panel in panels]
    chart = drawn[0] if len(drawn) == 1 else alt.vconcat(*drawn, spacing=14)
    lines = [verdict.reason, *marks_words(trace)]
    title = heading(f"Where the signal and the gradient go: {verdict.word}", lines, WIDTH)
    title.offset = 8
    return themed(
        chart.properties(title=title), legend={"orient": "bottom", "symbolType": "stroke", "symbolOpacity": 1}
    )


def names_below(rows: Sequence[Row]) -> list[str]:
    """What stands below the axis: the layers' names, long ones by their end."""
    return [row.name if len(row.name) <= LONGEST else f"…{row.name[1 - LONGEST :]}" for row in rows]


class _Panel:
    """One panel: what was measured, what was predicted, where something was found."""

    def __init__(self, rows: Rows, bands: Rows, found: Rows, count: int, title: str) -> None:
        self.rows, self.count, self.title = rows, max(count, 1), title
        self.found = placed(found, self.count, WIDTH, LETTER, NARROWEST)
        measured = [float(row["value"]) for row in rows if row["value"] is not None]
        if measured:  # a prediction far off says enough by its direction
            bands = [row for row in bands if min(measured) / FAR <= row["value"] <= max(measured) * FAR]
        self.bands = bands
        self.low, self.high = log_domain(measured + [float(row["value"]) for row in bands], LEAST, DECADES)
        for row in rows:
            row["edge"] = self.low if row["off"] == "zero" else self.high

    @property
    def series(self) -> set[str]:
        return {row["series"] for row in (*self.rows, *self.bands)}

    def drawn(self, names: Sequence[str], used: Sequence[str]) -> Any:
        """The panel with these names below its axis, in the colours of all panels' series."""
        self._axis = _names(names, self.count)
        self._colour = alt.Color(
            "series:N", title=None, scale=alt.Scale(domain=list(used), range=[COLOURS[name] for name in used])
        )
        layers = [*self._shaded(), *self._predicted(), *self._measured(), *self._labels()]
        if not self.rows and not self.bands:
            layers.append(self._empty())
        return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)

    def _x(self, field: str) -> Any:
        scale = alt.Scale(domain=[-0.5, self.count - 0.5], nice=False)
        return alt.X(f"{field}:Q", title=None, scale=scale, axis=self._axis)

    def _y(self, field: str) -> Any:
        scale = alt.Scale(type="log", domain=[self.low, self.high], nice=False, clamp=True)
        return alt.Y(f"{field}:Q", title=self.title, scale=scale, axis=log_axis(self.low, self.high))

    def _measured(self) -> list[Any]:
        if not self.rows:
            return []
        tooltip: Any = [
            "layer:N",
            "kind:N",
            alt.Tooltip("series:N", title="what"),
            alt.Tooltip("told:N", title="value"),
        ]
        on = alt.Chart(records(self.rows)).encode(x=self._x("place"), color=self._colour, tooltip=tooltip)
        layers, dot = [], max(8.0, min(50.0, 4000 / self.count))
        for name, share in ((RMS, 1.0), (ACROSS, 0.5), (GRADIENT, 1.0)):  # the narrower one above the wider
            if name in self.series:
                inside = on.transform_filter(f"datum.series == '{name}' && datum.off == ''")
                line = inside.mark_line(strokeWidth=(1.6 if self.count > 120 else 2.6) * (0.4 + 0.6 * share))
                layers += [line, inside.mark_point(filled=True, size=dot * share, opacity=1)]
        layers = [layer.encode(y=self._y("value")) for layer in layers]
        for what, shape, nudge in (("zero", "triangle-down", -5), ("not finite", "triangle-up", 5)):
            if any(row["off"] == what for row in self.rows):
                marks = on.transform_filter(f"datum.off == '{what}'")
                point = marks.mark_point(shape=shape, filled=True, size=70, opacity=1, yOffset=nudge)
                layers.append(point.encode(y=self._y("edge")))
        return layers

    def _predicted(self) -> list[Any]:
        if not self.bands:
            return []
        tooltip: Any = ["layer:N", "kind:N", alt.Tooltip("told:N", title="predicted")]
        base = alt.Chart(records(self.bands)).encode(
            x=self._x("place"), color=self._colour, detail="run:N", tooltip=tooltip
        )
        return [
            base.mark_area(opacity=0.22).encode(y=self._y("low"), y2="high:Q"),
            base.mark_line(strokeWidth=1.6, strokeDash=[6, 4]).encode(y=self._y("value")),
        ]

    def _shaded(self) -> list[Any]:
        """The places of findings, behind everything."""
        made = []
        for colour, faults in ((BACKWARD, True), (SCHEME_COLOURS[3], False)):
            inside = [row for row in self.found if (row["severity"] == "fault") == faults]
            if inside:
                base = alt.Chart(records(inside)).mark_rect(opacity=0.18, color=colour)
                made.append(base.encode(x=self._x("start"), x2="stop:Q", tooltip=["label:N", "severity:N", "layers:N"]))
        return made

    def _labels(self) -> list[Any]:
        """The findings' codes, above the panel."""
        made = []
        for right in (False, True):
            for level in range(LEVELS):
                inside = [row for row in self.found if row["right"] == right and row["level"] == level]
                if inside:
                    mark = alt.Chart(records(inside)).mark_text(
                        align="right" if right else "left", baseline="bottom", fontSize=11.5, fontWeight=600, color=INK
                    )
                    made.append(mark.encode(x=self._x("at"), y=alt.value(-3 - LABEL * level), text=alt.Text("label:N")))
        return made

    def _empty(self) -> Any:
        mark = alt.Chart(records([{"text": "nothing was measured here"}])).mark_text(color=INK, fontSize=13)
        return mark.encode(x=alt.value(WIDTH / 2), y=alt.value(HEIGHT / 2), text="text:N")


def _names(names: Sequence[str], count: int) -> Any:
    """The horizontal axis: as many names as there is room for."""
    if not names:
        return alt.Axis(labels=False, ticks=False, grid=False)
    stride = max(1, math.ceil(count / NAMES))
    upright = max(map(len, names)) * LETTER < WIDTH / math.ceil(count / stride)
    return alt.Axis(
        values=list(range(0, count, stride)), labelExpr=f"{json.dumps(list(names))}[datum.value]", grid=False,
        labelAngle=0 if upright else -40, labelLimit=190, labelOverlap=False, labelFontSize=11,
    )  # fmt: skip
