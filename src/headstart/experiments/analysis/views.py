"""What a picture of a study shows: the factors it draws, those it splits into panels, and those it has to pool.

A view is numbers; `headstart.show` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.errors import InputError
from headstart.experiments.analysis.factors import Row, Value, column, cut, factor, is_log_spaced, value, values
from headstart.experiments.analysis.groups import Group, groups
from headstart.experiments.analysis.summary import Summary
from headstart.experiments.analysis.trainability import Trainability, trainability, why_no_theory
from headstart.experiments.columns import FACTORS

# What splits into panels first: the schemes, what is to be learned, then what changes training most.
PANEL_ORDER = (
    "scheme", "data", "label", "activation", "learning_rate", "optimizer", "sigma_b", "hidden", "depth", "width",
    "multiplier", "batch_size", "steps", "data_seed", "dtype",
)  # fmt: skip
MOST_CURVE_PANELS, MOST_HEAT_PANELS = 12, 6  # what fits a page
MOST_CURVES = 9  # colours that the eye keeps apart
MANY_VALUES = 3  # from which on numbers make a curve


@dataclass(frozen=True)
class Panel:
    """One panel: its values on the factors that split, and its groups; with theory's prediction where there is one."""

    values: dict[str, Value]
    groups: tuple[Group, ...]
    theory: Trainability | None = None


@dataclass(frozen=True)
class Curves:
    """Medians along one factor, a curve for each value of another: groups by (x, colour), panel by panel.

    `pooled` are the factors that differ between the runs of one point.
    """

    x: str
    colour: str | None
    panels: tuple[Panel, ...]
    pooled: tuple[str, ...]


@dataclass(frozen=True)
class HeatMap:
    """Medians over two factors: groups by (x, y), panel by panel; xs and ys are all the values, in order."""

    x: str
    y: str
    xs: tuple[Value, ...]
    ys: tuple[Value, ...]
    panels: tuple[Panel, ...]
    pooled: tuple[str, ...]


def curves(summary: Summary) -> Curves | None:
    """The medians along the numeric factor with the most values, or the first numeric factor that `by` names.

    None if only the seed varies.
    """
    drawn = [name for name in summary.by if name != "seed"] + [
        name for name in summary.varying if name not in summary.by
    ]
    drawn = [name for name in drawn if len(values(summary.rows, name)) > 1]
    if not drawn:
        return None
    x = _along(summary, drawn)
    others = [name for name in drawn if name != x and len(values(summary.rows, name)) <= MOST_CURVES]
    preferred = [name for name in others if name in summary.by or name == "scheme"]
    words = [name for name in others if not factor(name).numeric]
    colour = next(iter([*preferred, *words, *others]), None)
    shown = (x,) if colour is None else (x, colour)
    panels, pooled = _panels(summary, shown, MOST_CURVE_PANELS)
    return Curves(x, colour, panels, pooled)


def _along(summary: Summary, drawn: list[str]) -> str:
    """The factor to draw along."""
    numeric = [name for name in drawn if factor(name).numeric]
    asked = [name for name in numeric if name in summary.by]
    if asked:
        return asked[0]
    most = max(numeric, key=lambda name: len(values(summary.rows, name)), default=None)
    if most is not None and (len(values(summary.rows, most)) >= MANY_VALUES or len(drawn) == len(numeric)):
        return most
    return "scheme" if "scheme" in drawn else drawn[0]


def heat_map(summary: Summary, over: Sequence[str] | None = None) -> HeatMap | None:
    """The medians over two factors.

    Args:
        summary: the runs and their metric.
        over: the factors; None for the two that vary most, weight variance or multiplier and depth first.

    Returns:
        None if `over` is None and fewer than two factors vary.

    Raises:
        InputError: an unknown factor, not two different ones, or one without a value.
    """
    factors = _default_factors(summary) if over is None else over
    if factors is None:
        return None
    names = [factor(name).name for name in factors]
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(
            f"a heat map has two different factors, got {cut(','.join(factors))!r}. Write, say, multiplier,depth."
        )
    xs, ys = (tuple(values(summary.rows, name)) for name in names)
    if xs == (None,) or ys == (None,):
        missing = names[0] if xs == (None,) else names[1]
        raise InputError(f"no run has a value on the factor {missing}. Choose another factor.")
    panels, pooled = _panels(summary, tuple(names), MOST_HEAT_PANELS)
    return HeatMap(names[0], names[1], xs, ys, panels, pooled)


def _default_factors(summary: Summary) -> tuple[str, str] | None:
    counts = {name: len(values(summary.rows, name)) for name in summary.varying}
    if "depth" in counts and "multiplier" in counts:
        one_rule = "scheme" not in counts and why_no_theory(summary.rows) is None
        return ("sigma_w2" if one_rule else "multiplier"), "depth"
    numeric = sorted((name for name in counts if factor(name).numeric), key=lambda name: -counts[name])
    words = [name for name in ("scheme", *counts) if name in counts and not factor(name).numeric]
    chosen = [*numeric, *dict.fromkeys(words)][:2]
    return (chosen[0], chosen[1]) if len(chosen) == 2 else None


def _panels(summary: Summary, drawn: tuple[str, ...], most: int) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
    """The runs split into at most so many panels, and the factors that are left to be pooled."""
    split: list[str] = []
    pooled: list[str] = []
    count = 1
    for name in (name for name in PANEL_ORDER if name in summary.varying and name not in drawn):
        if factor(name).numeric and not _differs_within(summary.rows, (*drawn, *split), name):
            continue  # the factors drawn already tell it, as weight variance and scheme tell the multiplier
        many = len(values(summary.rows, name))
        if count * many <= most:
            split.append(name)
            count *= many
        else:
            pooled.append(name)
    members: dict[tuple[Value, ...], list[Row]] = {}
    for row, *key in zip(summary.rows, *(column(summary.rows, name) for name in split), strict=True):
        members.setdefault(tuple(key), []).append(row)
    orders = [values(summary.rows, name) for name in split]
    keys = sorted(members, key=lambda key: [order.index(item) for order, item in zip(orders, key, strict=True)])
    panels = tuple(
        Panel(
            dict(zip(split, key, strict=True)), tuple(groups(members[key], drawn, summary.metric)),
            _theory(members[key], drawn, summary),
        )
        for key in keys
    )  # fmt: skip
    return panels, tuple(name for name in pooled if _differs_within(summary.rows, (*drawn, *split), name))


def _differs_within(rows: Sequence[Row], told: tuple[str, ...], name: str) -> bool:
    """Whether runs that agree on the factors told differ on another."""
    found: dict[tuple[Value, ...], Value] = {}
    told_columns = zip(*(column(rows, other) for other in told), strict=True)
    return any(found.setdefault(key, item) != item for key, item in zip(told_columns, column(rows, name), strict=True))


def _theory(rows: list[Row], drawn: tuple[str, ...], summary: Summary) -> Trainability | None:
    """Theory's prediction for a panel over depth and weight variance, or a multiplier that stands for it."""
    if set(drawn) not in ({"depth", "sigma_w2"}, {"depth", "multiplier"}) or why_no_theory(rows) is not None:
        return None
    if "multiplier" in drawn and variance_per_multiplier(rows) is None:
        return None
    try:
        found = trainability(rows, summary.metric)
    except InputError:  # nothing finished
        return None
    return found if len(found.columns) > 1 and len(found.depths) > 1 else None


def variance_per_multiplier(rows: Sequence[Row]) -> float | None:
    """sigma_w2 / multiplier^2, if it is the same for all the runs."""
    found = {float(f"{_number(value(row, 'sigma_w2')) / row['multiplier'] ** 2:.9g}") for row in rows}
    return found.pop() if len(found) == 1 else None


def _number(item: Value) -> float:
    assert isinstance(item, (int, float))
    return float(item)


def is_log(name: str, items: Sequence[Value]) -> bool:
    """Whether a factor is drawn on a log scale: numbers that are spaced so."""
    numbers = [item for item in items if isinstance(item, (int, float))]
    return FACTORS[name].numeric and len(numbers) == len(items) and is_log_spaced(numbers)
