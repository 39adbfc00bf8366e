"""A tuning as a table with its sentence, and as a chart: the metric against the multiplier, and what is as good."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt

from headstart.show.axes import log_axis, log_domain
from headstart.show.palette import INK, PAPER, colours, dashes, theme
from headstart.show.save import records
from headstart.show.tables import WIDTH, number

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.lab.tune.metrics import Metric
    from headstart.lab.tune.result import Tuned, Tuning

Rows = list[dict[str, Any]]
WORDS = {"multiplier": "multiplier", "learning_rate": "learning rate"}
# Seeds that all agree by chance do so with probability 2 ** -seeds at each side: below 2.5 % from six on.
FEWEST = 6
FAINT = 0.28  # opacity of what only backs the picture up


# --- words ----------------------------------------------------------------------------------------------------------


def tune_text(tuning: Tuning, width: int = WIDTH) -> str:
    """The table and the sentences as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    print_tuning(tuning, Console(file=buffer, width=width, no_color=True, force_terminal=False, force_jupyter=False))
    return buffer.getvalue().rstrip("\n")


def print_tuning(tuning: Tuning, console: Console) -> None:
    """Print one row per scheme, then for each in words whether tuning paid."""
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    settings = tuning.settings
    console.print(Text(heading(tuning), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    main, metric = WORDS[settings.main], settings.measured
    usual = "formula's" if settings.main == "multiplier" else f"at {settings.learning_rate:g}"
    columns = ["scheme", main, "as good", *(["rate"] if len(settings.over) > 1 else []), metric.words, usual, "paid"]
    for name in columns:
        table.add_column(name, justify="left" if name in ("scheme", "paid") else "right", no_wrap=name != "scheme")
    for tuned in tuning.schemes:
        best, default = tuned.best, tuned.default
        rate = [f"{best['learning_rate']:.3g}"] if len(settings.over) > 1 else []
        table.add_row(
            tuned.scheme, f"{best[settings.main]:.3g}", range_in_words(tuned, settings.main), *rate,
            spread_in_words(best[metric.name], metric), spread_in_words(default[metric.name], metric),
            Text("yes" if tuned.paid else "no", style="green" if tuned.paid else ""),
        )  # fmt: skip
    console.print(table)
    for tuned in tuning.schemes:
        console.print(Text(tuned.scheme, style="bold"))
        console.print(Padding(Text(sentence(tuned)), (0, 0, 0, 2)))
    if len(tuning.schemes) > 1:
        console.print(Text(ranking(tuning)))
    if settings.seeds < FEWEST:
        console.print(Text(f"{settings.seeds} seeds are too few to be sure of any of this; take {FEWEST} or more."))


def heading(tuning: Tuning) -> str:
    """What was tuned on what, and with how many seeds."""
    settings = tuning.settings
    seeds = f"{settings.trials} trials of {settings.seeds} seeds, judged on {settings.seeds} fresh ones"
    if settings.objective is not None:
        return f"{settings.objective}: {seeds}"
    hidden = "-".join(map(str, settings.hidden)) or "none"
    return f"{settings.data}, hidden layers {hidden}, {settings.activation}, {settings.steps:,} steps: {seeds}"


def sentence(tuned: Tuned) -> str:
    """Whether tuning paid, and what to use."""
    settings, default = tuned.settings, tuned.default
    metric, main = settings.measured, WORDS[settings.main]
    usual = f"the formula's own {main} 1" if settings.main == "multiplier" else f"the {main} {settings.learning_rate:g}"
    if len(settings.over) > 1:
        usual += f" (at its best learning rate, {default['learning_rate']:.3g})"
    value = _short(tuned)
    if not tuned.paid:
        if tuned.confirmation.best.point == tuned.confirmation.default.point:
            return f"Tuning did not pay: the search's best is {usual}."
        return (
            f"Tuning did not pay: on fresh seeds {usual} is as good as the search's best, {value}, as far as "
            f"{settings.seeds} seeds can tell."
        )
    low, high = (_value(abs(end), metric) for end in tuned.confirmation.difference)
    ways = f"the {metric.words} by {low} to {high}" if high != low else f"the {metric.words} by {low}"
    return f"Tuning paid: on fresh seeds the {main} {value} betters {usual}: {ways} (95 % interval of the difference)."


def ranking(tuning: Tuning) -> str:
    """Which scheme came out best, and which ones the seeds cannot tell from it."""
    winner = tuning.winner
    ties = [tuned.scheme for tuned in tuning.schemes if tuned is not winner and tuning.as_good(tuned)]
    behind = [tuned.scheme for tuned in tuning.schemes if tuned is not winner and not tuning.as_good(tuned)]
    words = f"Each at its best: {winner.scheme} has the best median"
    words += f"; {_listed(ties)} cannot be told from it" if ties else ""
    return words + (f"; {_listed(behind)} {'is' if len(behind) == 1 else 'are'} worse" if behind else "") + "."


def range_in_words(tuned: Tuned, axis: str) -> str:
    """The interval; an end of the range tried says that it may go on.

    For example `0.5 – 2.83`, or `≤ 0.125 – 2.83`.
    """
    low, high = tuned.interval[axis]
    at_low, at_high = tuned.reaches_end[axis]
    if low == high:
        return f"{low:.3g} alone"
    return f"{'≤ ' if at_low else ''}{low:.3g} – {'≥ ' if at_high else ''}{high:.3g}"


def spread_in_words(spread: dict[str, float], metric: Metric) -> str:
    """Median and 95 % interval, the median alone where they agree.

    >>> from headstart.lab.tune.metrics import METRICS
    >>> spread_in_words({"median": 0.01546, "low": 0.01487, "high": 0.01648}, METRICS["final_cost"])
    '0.0155 (0.015–0.016)'
    >>> spread_in_words({"median": 0.95, "low": 0.84, "high": 0.955}, METRICS["test_accuracy"])
    '95.0 % (84–96)'
    """
    middle = _value(spread["median"], metric)
    if spread["low"] == spread["high"]:
        return middle
    if metric.percent:
        return f"{middle} ({100 * spread['low']:.0f}–{100 * spread['high']:.0f})"
    return f"{middle} ({_digits(spread['low'], 2)}–{_digits(spread['high'], 2)})"


def _value(value: float, metric: Metric) -> str:
    return f"{100 * value:.1f} %" if metric.percent and math.isfinite(value) else _digits(value, 3)


def _digits(value: float, count: int) -> str:
    """So many digits, and all of a whole number's."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else number(float(f"{value:.{count}g}"))


def _short(tuned: Tuned) -> str:
    rate = f" (learning rate {tuned.best['learning_rate']:.3g})" if len(tuned.settings.over) > 1 else ""
    return f"{tuned.best[tuned.settings.main]:.3g}{rate}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- picture --------------------------------------------------------------------------------------------------------


def profile_rows(tuning: Tuning) -> Rows:
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


def trial_rows(tuning: Tuning) -> Rows:
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


def interval_rows(tuning: Tuning) -> Rows:
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
    log: bool = True
    format: str = "~g"

    def x(self, field: str = "x", titled: bool = True) -> Any:
        """The horizontal channel."""
        return alt.X(f"{field}:Q", **self._options(titled))

    def y(self, field: str = "value") -> Any:
        """The vertical channel."""
        return alt.Y(f"{field}:Q", **self._options(True))

    def held(self, value: float) -> float:
        """The value, or the end of the axis that it lies beyond."""
        return min(max(value, self.ends[0]), self.ends[1])

    def _options(self, titled: bool) -> dict[str, Any]:
        scale = alt.Scale(type="log" if self.log else "linear", domain=list(self.ends), nice=False)
        axis = log_axis(*self.ends) if self.log else alt.Axis(format=self.format, tickCount=6)
        return {"title": self.title if titled else None, "scale": scale, "axis": axis}


def tune_chart(tuning: Tuning) -> Any:
    """The metric against the main axis, and below it, per scheme, what is as good as the best."""
    settings = tuning.settings
    profile = profile_rows(tuning)
    places = Axis(f"{WORDS[settings.main].capitalize()} (log scale)", log_domain([row["x"] for row in profile]))
    names = [tuned.scheme for tuned in tuning.schemes]
    legend = (
        alt.Legend(title="Scheme", symbolType="stroke", symbolOpacity=1, labelLimit=300) if len(names) > 1 else None
    )
    colour = alt.Color("scheme:N", scale=alt.Scale(domain=names, range=_colours(len(names))), legend=legend)
    dash = alt.StrokeDash("scheme:N", scale=alt.Scale(domain=names, range=dashes(len(names))), legend=legend)
    chart = alt.vconcat(
        _metric_chart(tuning, profile, places, colour, dash), _interval_chart(tuning, places, colour), spacing=10
    )
    own = ", each at its own learning rate" if len(settings.over) > 1 else ""
    lines = [f"Line and band: median over the fresh seeds and its 95 % interval{own}. Dots: the search's trials."]
    if any("off" in row for row in profile):
        lines.append(f"{'▼' if settings.measured.higher_is_better else '▲'} at the edge: not finite.")
    title = alt.TitleParams(
        f"Which {WORDS[settings.main]} trains best?",
        subtitle=[heading(tuning), *lines],
        fontSize=19, subtitleFontSize=13, offset=16,
    )  # fmt: skip
    return chart.properties(config=theme(), padding=18, title=title)


def _colours(count: int) -> list[str]:
    return colours(count + 1)[1:]  # black is for what belongs to no scheme


def _metric_chart(tuning: Tuning, profile: Rows, places: Axis, colour: Any, dash: Any) -> Any:
    metric = tuning.settings.measured
    values = _axis_of_values(metric, [row[key] for row in profile for key in ("value", "low", "high") if key in row])
    profile = [
        {key: values.held(value) if key in ("value", "low", "high") else value for key, value in row.items()}
        for row in profile
    ]
    off = [{**row, "edge": values.ends[0 if metric.higher_is_better else 1]} for row in profile if "off" in row]
    best = interval_rows(tuning)
    x, y = places.x(titled=False), values.y()
    tooltip = [alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("x:Q", title="At", format=".3g"),
               alt.Tooltip("learning_rate:Q", title="Learning rate", format=".3g"),
               alt.Tooltip("value:Q", title=metric.words.capitalize(), format=".3g")]  # fmt: skip
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
    return alt.layer(*layers).properties(width=640, height=330)


def _axis_of_values(metric: Metric, values: list[float]) -> Axis:
    """The metric's axis: logarithmic for costs and steps, linear for shares and for what may be negative."""
    title = metric.words.capitalize()
    finite = [value for value in values if math.isfinite(value)]
    if not metric.higher_is_better and min(finite, default=1.0) > 0:
        return Axis(f"{title} (log scale)", log_domain(finite, least=4.0))
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = 0.06 * (high - low) or 0.05
    percent = ".0%" if high - low > 0.05 else ".1%"
    return Axis(title, (low - room, high + room), log=False, format=percent if metric.percent else "~g")


def _interval_chart(tuning: Tuning, places: Axis, colour: Any) -> Any:
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
    return alt.layer(*layers).properties(width=640, height=46 * len(rows), title=title)


def _diamonds(rows: Rows) -> Any:
    return alt.Chart(records(rows)).mark_point(
        shape="diamond", filled=True, size=170, opacity=1, stroke=INK, strokeWidth=1.2
    )


def _usual_place(tuning: Tuning) -> dict[str, Any]:
    """Where one would have been without tuning."""
    if tuning.settings.main == "multiplier":
        return {"x": 1.0, "label": "formula"}
    return {"x": tuning.settings.learning_rate, "label": "not tuned"}
