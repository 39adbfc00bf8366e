"""What tables and charts of a sweep say in the same words: factors, values, seeds, and what was pooled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headstart.experiments.analysis import factors
from headstart.experiments.analysis.factors import Value, factor
from headstart.experiments.analysis.summary import Summary
from headstart.show.measures import Measure, measure_of


def measure_for(summary: Summary) -> Measure:
    """How the summary's metric is written; by the runs, so that every chart and table writes it the same way."""
    done = [row for row in summary.rows if row["state"] == "done"]
    return measure_of(summary.metric, [summary.metric.of(row) for row in done])


def pooled_words(summary: Summary, pooled: Sequence[str]) -> str:
    """Which factors the points pool, and how to choose one; nothing without any."""
    if not pooled:
        return ""
    names = ", ".join(factor(name).title for name in pooled)
    return f"Each point pools all values of: {names}. A filter chooses one: --where {pooled[0]}=VALUE."


def seeds_words(summary: Summary) -> str:
    """Median and interval, over how many seeds."""
    seeds = len({row["seed"] for row in summary.rows})
    return f"Median and 95 % interval over {seeds} seed{'s' if seeds > 1 else ''}" if seeds > 1 else "One seed"


def short(name: str) -> str:
    """A factor in a title.

    >>> short("learning_rate"), short("sigma_w2")
    ('learning rate', 'σ_w²')
    """
    return {"sigma_w2": "σ_w²", "sigma_b": "σ_b"}.get(name, name.replace("_", " "))


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def texts(name: str, items: Iterable[Value]) -> list[str]:
    """A factor's values as text, no two the same."""
    items = list(items)
    found = factors.texts(name, items)
    return [found[item] for item in items]
