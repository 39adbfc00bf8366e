"""What all of a comparison's charts share: each scheme's colour and line style, names at line ends, words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.optimizers import optimizer
from headstart.experiments.settings import CompareSettings
from headstart.show.drawing import Rows, Tables, inline, named_table
from headstart.show.theme.endlabels import apart
from headstart.show.theme.identity import scheme_styles, text_colour
from headstart.show.theme.palette import MUTED
from headstart.words import count

MOST_LABELLED = 12  # schemes whose lines are told apart in one panel; more stand in panels of their own
MOST_SCHEMES = 60  # schemes in one figure
LETTER = 7.2  # pixels of a letter of an end label
LINE = 16.0  # pixels from one end label to the next


def styled(comparison: ComparisonData) -> tuple[Any, Any]:
    """Colour and line style of each scheme, the same in every picture; the names stand at the lines."""
    names, styles = comparison.schemes, scheme_styles(comparison.settings.schemes)
    return (
        alt.Color("scheme:N", legend=None,
                  scale=alt.Scale(domain=names, range=[styles[name][0] for name in names])),
        alt.StrokeDash("scheme:N", legend=None,
                       scale=alt.Scale(domain=names, range=[list(styles[name][1]) for name in names])),
    )  # fmt: skip


def table_of(tables: Tables | None, name: str, rows: Rows) -> Any:
    """A chart's data: named where the chart becomes part of a larger one, else in the chart itself."""
    return inline(rows) if tables is None else named_table(tables, name, rows)


def end_labels(
    places: Mapping[str, float], texts: Mapping[str, str], height: float, letters: float, x: float, room: float,
) -> Rows:  # fmt: skip
    """Rows that put each scheme's name beside the end of its line.

    Args:
        places: scheme -> how far from the bottom its line ends, in pixels.
        texts: scheme -> what stands there.
        height: of the panel in pixels.
        letters: factor of the letters' size.
        x: where the lines end, in the units of the axis.
        room: what one pixel is in these units.

    Each scheme has two rows: `stage` 0 at the line's end and 1 beside it, between which a thin line leads.
    """
    stood = apart(places, LINE * letters, 0.0, height)
    rows: Rows = []
    for name in places:
        for stage, (across, up) in enumerate(((x + 2 * room, places[name]), (x + 13 * room, stood[name]))):
            rows.append({"scheme": name, "text": texts[name], "stage": stage, "across": across, "up": up})
    return rows


def along(channel: Any, field: str) -> Any:
    """Another field along the same axis."""
    same = {name: channel[name] for name in ("title", "scale", "axis")}
    return type(channel)(f"{field}:Q", **same)


def panel_each(
    comparison: ComparisonData, rows: Rows, fields: tuple[str, str], grid: tuple[int, float, float],
    x: Callable[[bool], Any], y: Callable[[bool], Any],
) -> list[Any]:  # fmt: skip
    """A panel of lines for each scheme, the others behind it in grey.

    Args:
        rows: of all schemes. fields: of theirs, along and up; a row without the second has no place.
        grid: columns, and the width and height of a panel.
        x, y: the channels, given whether the panel stands at the bottom, or at the left.
    """
    along, up = fields
    columns, wide, tall = grid
    names = comparison.schemes
    colour, dash = styled(comparison)
    behind = [{"other": row["scheme"], along: row[along], up: row[up]} for row in rows if up in row]
    others = alt.Chart(inline(behind)).mark_line(strokeWidth=0.7, opacity=0.35, color=MUTED, aria=False)
    panels = []
    for place, name in enumerate(names):
        own = alt.Chart(inline([row for row in rows if row["scheme"] == name]))
        at, high = x(place + columns >= len(names)), y(place % columns == 0)
        panels.append(
            alt.layer(
                others.encode(x=at, y=high, detail="other:N"),
                own.mark_line(strokeWidth=2.4, aria=False).encode(x=at, y=high, color=colour, strokeDash=dash),
                width=wide, height=tall, title=alt.TitleParams(name, fontSize=12, anchor="start", frame="group"),
            )
        )  # fmt: skip
    return panels


def end_label_layers(
    comparison: ComparisonData, rows: Rows, tables: Tables | None, name: str, x: Any, y: Any
) -> list[Any]:
    """The names and what leads to them; `across` and `height_at` are in the units of the axes.

    Args:
        comparison: whose schemes they are.
        rows: as `end_labels` made them.
        tables, name: where the rows go, and as what.
        x, y: the channels of the lines.
    """
    across, up, styles = along(x, "across"), along(y, "height_at"), scheme_styles(comparison.settings.schemes)
    base = alt.Chart(table_of(tables, name, rows))
    leaders = base.mark_line(strokeWidth=1, opacity=0.7, clip=False, aria=False)
    layers = [leaders.encode(x=across, y=up, color=styled(comparison)[0])]
    for scheme in dict.fromkeys(row["scheme"] for row in rows):
        ink = text_colour(styles[scheme][0])  # of the mark, not of the data: a theme changes it
        text = base.mark_text(
            align="left", baseline="middle", dx=3, fontSize=12, fontWeight=600, clip=False, color=ink, aria=False
        ).transform_filter((alt.datum.stage == 1) & (alt.datum.scheme == scheme))
        layers.append(text.encode(x=across, y=up, text="text:N"))
    return layers


def label_room(texts: Mapping[str, str], letters: float = 1.0) -> float:
    """Pixels that end labels take at the right of a panel."""
    return 18 + letters * LETTER * max((len(text) for text in texts.values()), default=0)


def first_seed(comparison: ComparisonData) -> int:
    """The seed whose network a picture of one network shows."""
    return comparison.of(comparison.schemes[0])[0].seed


def seeds_in_words(comparison: ComparisonData) -> str:
    """Over how many seeds, as a subtitle says it: one seed has no median."""
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    return f"Median over {seeds} seeds" if seeds > 1 else "One seed per scheme"


def training_in_words(settings: CompareSettings) -> str:
    """The optimizer in words, and the batch size if there is one."""
    name = optimizer(settings.optimizer).words
    return name if settings.batch_size is None else f"{name} with batches of {settings.batch_size}"


def rate_in_words(comparison: ComparisonData) -> str:
    """The learning rate of all, or each scheme's own."""
    if not comparison.settings.tune_learning_rate:
        return f"learning rate {comparison.settings.learning_rate:g}"
    own = (f"{name} {comparison.learning_rates[name]:g}" for name in comparison.schemes)
    return f"each at its own learning rate ({', '.join(own)})"


def data_name(comparison: ComparisonData) -> str:
    """The data's name; of a file, without its folder."""
    return comparison.data.name.replace("\\", "/").rsplit("/", 1)[-1]


def what_was_compared(comparison: ComparisonData) -> str:
    """The experiment in one line."""
    settings = comparison.settings
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    steps = count(settings.steps, "step")
    return (
        f"{data_name(comparison)}, network {comparison.network}, {settings.activation}, {steps} of "
        f"{training_in_words(settings)}, {rate_in_words(comparison)}, {count(seeds, 'seed')} per scheme"
    )
