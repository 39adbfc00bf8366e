"""A tuning as a chart: the metric against the multiplier with its band, and below it what is as good as the best."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.tune.result import TuningData
from headstart.show.drawing import records
from headstart.show.theme.identity import scheme_styles
from headstart.show.theme.palette import INK, PAPER, theme
from headstart.show.theme.scales import log_axis, log_domain
from headstart.show.tuning.text import WORDS, heading
from headstart.words import begun, number

Rows = list[dict[str, Any]]
BAR = 46  # pixels that a scheme's bar has
FAINT = 0.28  # opacity of what only backs the picture up


def profile_rows(tuning: TuningData) -> Rows:
    """One row per scheme and place on the main axis: median and 95 % interval; `off` where not finite."""
    settings = tuning.settings
    rows: Rows = []
    for tuned in tuning.schemes:
        for found in tuned.profile[settings.main]:
            spread = found[settings.measured.name]
            row = {"scheme": tuned.scheme, "x": found[settings.main], "learning_rate": found["learning_rate"]}
            if math.isfinite(spread["median"]):
                row |= {"value": spread["median"], "low": spread["low"], "high": spread["high"]}
            else:
                row["off"] = number(spread["median"])
            rows.append(row)
    return rows


def trial_rows(tuning: TuningData) -> Rows:
    """One row per trial that was neither pruned nor failed."""
    return [
        {
            "scheme": tuned.scheme,
            "x": row[tuning.settings.main],
            "value": row["value"],
            "learning_rate": row["learning_rate"],
        }
        for tuned in tuning.schemes
        for row in tuned.trials
        if row["state"] == "complete"
    ]


def interval_rows(tuning: TuningData) -> Rows:
    """One row per scheme: the best place and the ends of what is as good."""
    main = tuning.settings.main
    rows = []
    for tuned in tuning.schemes:
        low, high = tuned.interval[main]
        place, value = tuned.best[main], tuned.best[tuning.settings.measured.name]["median"]
        label = f"best: {place:.3g}"
        rows.append({"scheme": tuned.scheme, "low": low, "high": high, "x": place, "value": value, "label": label})
    return rows


@dataclass(frozen=True)
class Axis:
    """One axis of the picture, for whichever field is drawn along it."""

    title: str
    ends: tuple[float, float]
    length: float = 300.0  # pixels
    log: bool = True
    format: str = "~g"

    def x(self, field: str = "x", titled: bool = True, labels: bool = True) -> Any:
        """The horizontal channel."""
        options = self._options(titled)
        options["axis"].labels = labels
        return alt.X(f"{field}:Q", **options)

    def y(self, field: str = "value") -> Any:
        """The vertical channel."""
        return alt.Y(f"{field}:Q", **self._options(True))

    def held(self, value: float) -> float:
        """The value, or the end of the axis that it lies beyond."""
        return min(max(value, self.ends[0]), self.ends[1])

    def _options(self, titled: bool) -> dict[str, Any]:
        scale = alt.Scale(type="log" if self.log else "linear", domain=list(self.ends), nice=False)
        axis = log_axis(*self.ends, min(self.length, 300.0)) if self.log else alt.Axis(format=self.format, tickCount=6)
        return {"title": self.title if titled else None, "scale": scale, "axis": axis}


def tune_chart(
    tuning: TuningData,
    width: float | None = None,
    height: float | None = None,
    letters: float = 1.0,
    flat: bool = False,
) -> Any:
    """The metric against the main axis, and below it, per scheme, what is as good as the best.

    Args:
        tuning: what was found.
        width, height: pixels of both drawing areas together; None for the chart's own.
        letters: factor of the letters' size.
        flat: whether there is no room for words beside the picture.
    """
    settings = tuning.settings
    profile = profile_rows(tuning)
    bars = (0.7 if flat else 1.0) * BAR * max(1.0, 0.75 * letters) * len(tuning.schemes)
    wide, tall = width or 640.0, 330.0 if height is None else max(60.0, height - bars)
    places = Axis(f"{WORDS[settings.main].capitalize()} (log scale)", log_domain([row["x"] for row in profile]), wide)
    names = [tuned.scheme for tuned in tuning.schemes]
    legend = (
        alt.Legend(title="Scheme", symbolType="stroke", symbolOpacity=1, labelLimit=300) if len(names) > 1 else None
    )
    styles = scheme_styles(names)
    colour = alt.Color("scheme:N", scale=alt.Scale(domain=names, range=[styles[it][0] for it in names]), legend=legend)
    patterns = [list(styles[it][1]) for it in names]
    dash = alt.StrokeDash("scheme:N", scale=alt.Scale(domain=names, range=patterns), legend=legend)
    chart = alt.vconcat(
        _metric_chart(tuning, profile, places, colour, dash, tall, flat),
        _interval_chart(tuning, places, colour, bars),
        spacing=10,
    )
    own = ", each at its own learning rate" if len(settings.over) > 1 else ""
    lines = [f"Line and band: median over the fresh seeds and its 95 % interval{own}. Dots: the search's trials."]
    if any("off" in row for row in profile):
        mark = "▼" if settings.measured.higher_is_better else "▲"
        lines.append(f"{mark} at the edge: {'target not reached' if settings.target else 'not finite'}.")
    title = alt.TitleParams(
        f"Which {WORDS[settings.main]} trains best?",
        subtitle=[heading(tuning), *([] if flat else lines)],
        fontSize=19, subtitleFontSize=13, offset=16,
    )  # fmt: skip
    return chart.properties(config=theme(), padding=18, title=title)


def _metric_chart(
    tuning: TuningData, profile: Rows, places: Axis, colour: Any, dash: Any, height: float, flat: bool
) -> Any:
    metric = tuning.settings.measured
    values = _axis_of_values(metric, [row[key] for row in profile for key in ("value", "low", "high") if key in row])
    profile = [
        {key: values.held(value) if key in ("value", "low", "high") else value for key, value in row.items()}
        for row in profile
    ]
    off = [{**row, "edge": values.ends[0 if metric.higher_is_better else 1]} for row in profile if "off" in row]
    best = interval_rows(tuning)
    if flat:  # the axis below has the same places, and the numbers say that they are logarithmic
        values = replace(values, title=values.title.removesuffix(" (log scale)"))
    x, y = places.x(titled=False, labels=not flat), values.y()
    tooltip = [alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("x:Q", title="At", format=".3g"),
               alt.Tooltip("learning_rate:Q", title="Learning rate", format=".3g"),
               alt.Tooltip("value:Q", title=begun(metric.title), format=".3g")]  # fmt: skip
    base, trials = alt.Chart(records(profile)), alt.Chart(records(trial_rows(tuning)))
    usual = alt.Chart(records([_usual_place(tuning)]))
    layers: list[Any] = [
        usual.mark_rule(color=INK, strokeDash=[4, 3]).encode(x=x),
        usual.mark_text(align="left", baseline="top", dx=6, dy=6, fontSize=12, color=INK)
        .encode(x=x, y=alt.value(0), text="label:N"),
        base.mark_area(opacity=0.18, clip=True).encode(x=x, y=values.y("low"), y2="high:Q", color=colour),
        trials.mark_point(filled=True, size=26, opacity=FAINT, clip=True)
        .encode(x=x, y=y, color=colour, tooltip=tooltip),
        base.mark_line(strokeWidth=2.4, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash),
        base.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=colour, tooltip=tooltip),
        _diamonds(best).encode(x=x, y=y, color=colour),
    ]  # fmt: skip
    if len(best) == 1:
        shade = alt.Chart(records(best)).mark_rect(opacity=0.1)
        layers.insert(0, shade.encode(x=places.x("low", titled=False), x2="high:Q", color=colour))
    if off:
        shape = "triangle-down" if metric.higher_is_better else "triangle-up"
        mark = alt.Chart(records(off)).mark_point(shape=shape, filled=True, size=110, opacity=1)
        layers.append(mark.encode(x=x, y=values.y("edge"), color=colour))
    return alt.layer(*layers).properties(width=places.length, height=height)


def _axis_of_values(metric: Metric, values: list[float]) -> Axis:
    """The metric's axis: logarithmic for costs and steps, linear for shares and for what may be negative."""
    title = begun(metric.title)
    finite = [value for value in values if math.isfinite(value)]
    if not metric.higher_is_better and min(finite, default=1.0) > 0:
        return Axis(f"{title} (log scale)", log_domain(finite, least=4.0))
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = 0.06 * (high - low) or 0.05
    percent = ".0%" if high - low > 0.05 else ".1%"
    return Axis(title, (low - room, high + room), log=False, format=percent if metric.percent else "~g")


def _interval_chart(tuning: TuningData, places: Axis, colour: Any, height: float) -> Any:
    """A bar per scheme over what is as good as its best, which is marked."""
    rows = interval_rows(tuning)
    names = [row["scheme"] for row in rows]
    y = alt.Y("scheme:N", sort=names, title=None, axis=alt.Axis(labelLimit=160, ticks=False, domain=False))
    rule = alt.Chart(records([_usual_place(tuning)])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x=places.x())
    bars = alt.Chart(records(rows)).mark_bar(height=11, opacity=0.45, cornerRadius=3)
    labels = alt.Chart(records(rows)).mark_text(dy=-15, fontSize=12, color=INK)
    halo = alt.Chart(records(rows)).mark_text(dy=-15, fontSize=12, stroke=PAPER, strokeWidth=5, strokeJoin="round")
    layers = (
        rule,
        bars.encode(x=places.x("low"), x2="high:Q", y=y, color=colour),
        _diamonds(rows).encode(x=places.x(), y=y, color=colour),
        halo.encode(x=places.x(), y=y, text="label:N"),
        labels.encode(x=places.x(), y=y, text="label:N"),
    )
    title = alt.TitleParams("As good as the best, on the fresh seeds", fontSize=13, fontWeight=500, offset=4)
    return alt.layer(*layers).properties(width=places.length, height=height, title=title)


def _diamonds(rows: Rows) -> Any:
    return alt.Chart(records(rows)).mark_point(
        shape="diamond", filled=True, size=170, opacity=1, stroke=INK, strokeWidth=1.2
    )


def _usual_place(tuning: TuningData) -> dict[str, Any]:
    """Where one would have been without tuning."""
    if tuning.settings.main == "multiplier":
        return {"x": 1.0, "label": "formula"}
    return {"x": tuning.settings.learning_rate, "label": "not tuned"}
