"""A tuning in words: a table with one row per scheme, and for each a sentence on whether it paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.tune.result import Row, Tuned, TuningData
from headstart.experiments.tune.settings import TuneSettings
from headstart.show.console import print_text
from headstart.show.table import Column, Table, print_table
from headstart.words import listed, number, percent, r_squared, with_interval

if TYPE_CHECKING:
    from rich.console import Console

WORDS = {"multiplier": "multiplier", "learning_rate": "learning rate"}
# Seeds that all agree by chance do so with probability 2 ** -seeds at each side: below 2.5 % from six on.
FEWEST = 6


def print_tuning(tuning: TuningData, console: Console) -> None:
    """Print one row per scheme, then for each in words whether tuning paid."""
    print_text(console, heading(tuning), style="bold")
    print_table(tuning_table(tuning), console)
    for tuned in tuning.schemes:
        print_text(console, tuned.scheme, style="bold")
        print_text(console, sentence(tuned), indent=2)
    for words in sentences(tuning):
        print_text(console, words)


def tuning_table(tuning: TuningData) -> Table:
    """One row per scheme: its best place, what is as good, and the formula's own."""
    settings = tuning.settings
    main, metric = WORDS[settings.main], settings.measured
    usual = "formula's" if settings.main == "multiplier" else f"at {settings.learning_rate:g}"
    several = len(settings.over) > 1
    columns = ("scheme", main, "as good", *(["rate"] if several else []), metric.title, usual, "paid")
    rows = []
    for tuned in tuning.schemes:
        best, default = tuned.best, tuned.default
        rate = [f"{best['learning_rate']:.3g}"] if several else []
        rows.append(
            (
                tuned.scheme, f"{best[settings.main]:.3g}", range_in_words(tuned, settings.main), *rate,
                spread_in_words(best[metric.name], metric), spread_in_words(default[metric.name], metric),
                "yes" if tuned.paid else "no",
            )
        )  # fmt: skip
    spreads, ranks = (metric.title, usual), {"scheme": 0, main: 0, metric.title: 0, "as good": 2}
    made = (
        Column(
            name, "left" if name in ("scheme", "paid") else "right", "spread" if name in spreads else "data",
            rank=ranks.get(name, 1),
        )
        for name in columns
    )  # fmt: skip
    return Table("", tuple(made), tuple(rows))


def sentences(tuning: TuningData) -> list[str]:
    """What is said below the table of all schemes together."""
    told = [ranking(tuning)] if len(tuning.schemes) > 1 else []
    seeds = tuning.settings.seeds
    if seeds < FEWEST:
        told.append(f"{seeds} seeds are too few to be sure of any of this; take {FEWEST} or more.")
    return told


def heading(tuning: TuningData) -> str:
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
    value = _short(tuned.found, settings)
    if not tuned.paid:
        if tuned.confirmation.found.point == tuned.confirmation.default.point:
            return f"Tuning did not pay: the search's best is {usual}."
        if tuned.confirmation.best.point == tuned.confirmation.default.point:
            theirs, own = (_value(row[metric.name]["median"], metric) for row in (tuned.found, default))
            return (
                f"Tuning did not pay: on fresh seeds the search's best, {value}, comes to a {metric.title} of "
                f"{theirs}, and {usual} to {own}. Keep it."
            )
        return (
            f"Tuning did not pay: on fresh seeds {usual} is as good as the search's best, {value}, as far as "
            f"{settings.seeds} seeds can tell. Keep it."
        )
    low, high = (_value(abs(end), metric) for end in tuned.confirmation.difference)
    ways = f"the {metric.title} by {low} to {high}" if high != low else f"the {metric.title} by {low}"
    return f"Tuning paid: on fresh seeds the {main} {value} betters {usual}: {ways} (95 % interval of the difference)."


def ranking(tuning: TuningData) -> str:
    """Which scheme came out best, and which ones the seeds cannot tell from it."""
    winner = tuning.winner
    ties = [tuned.scheme for tuned in tuning.schemes if tuned is not winner and tuning.as_good(tuned)]
    behind = [tuned.scheme for tuned in tuning.schemes if tuned is not winner and not tuning.as_good(tuned)]
    words = f"Each at its best: {winner.scheme} has the best median"
    words += f"; {listed(ties)} cannot be told from it" if ties else ""
    return words + (f"; {listed(behind)} {'is' if len(behind) == 1 else 'are'} worse" if behind else "") + "."


def range_in_words(tuned: Tuned, factor: str) -> str:
    """The interval; an end of the range tried says that it may go on.

    For example `0.5 – 2.83`, or `≤ 0.125 – 2.83`.
    """
    low, high = tuned.interval[factor]
    at_low, at_high = tuned.reaches_end[factor]
    if low == high:
        return f"{low:.3g} alone"
    return f"{'≤ ' if at_low else ''}{low:.3g} – {'≥ ' if at_high else ''}{high:.3g}"


def spread_in_words(spread: dict[str, float], metric: Metric) -> str:
    """Median and 95 % interval, the median alone where the ends of that are the same text.

    >>> from headstart.experiments.analysis.metrics import METRICS
    >>> spread_in_words({"median": 0.01546, "low": 0.01487, "high": 0.01648}, METRICS["final_cost"])
    '0.0155 (0.015–0.016)'
    >>> spread_in_words({"median": 0.95, "low": 0.84, "high": 0.955}, METRICS["test_accuracy"])
    '95.0 % (84–96)'
    """
    if metric.percent:
        ends = (percent(spread[end], 0) for end in ("low", "high"))
    else:
        ends = (_value(spread[end], metric, 2) for end in ("low", "high"))
    return with_interval(_value(spread["median"], metric), *ends)


def _value(value: float, metric: Metric, digits: int = 3) -> str:
    if metric.percent:
        return percent(value)
    return r_squared(value) if metric.r_squared else _digits(value, digits)


def _digits(value: float, count: int) -> str:
    """So many digits, and all of a whole number's."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else number(float(f"{value:.{count}g}"))


def _short(row: Row, settings: TuneSettings) -> str:
    rate = f" (learning rate {row['learning_rate']:.3g})" if len(settings.over) > 1 else ""
    return f"{row[settings.main]:.3g}{rate}"
