"""A sweep's summary as text: how many runs, medians by group, each scheme's best settings, and who beats whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.experiments.analysis.best import Best, Pair
from headstart.experiments.analysis.factors import factor, shown
from headstart.experiments.analysis.groups import Group
from headstart.experiments.analysis.statistics import FEWEST
from headstart.experiments.analysis.summary import Summary, in_words
from headstart.show.console import WIDTH, print_text, text
from headstart.show.measures import Measure
from headstart.show.study.words import capital, measure_for, short
from headstart.show.table import Column, Side, Table, print_table
from headstart.words import count

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.experiments.analysis.views import HeatMap

FEW_DEPTHS = 4
CHOSEN = (
    "Chosen by the same seeds out of as many settings as “of” says, so the best look a little better than they are."
)
TIED = "Where several settings have the same median, “tied” says how many; shown is one whose interval ends best."
MOST_REASONS = 5  # why runs failed, said in full
MOST_PAIRS = 60  # sentences about two schemes


def summary_text(summary: Summary, heat: HeatMap | None = None, width: int = WIDTH) -> str:
    """What `print_summary` prints, as plain text."""
    return text(lambda console: print_summary(summary, console, heat), width)


def print_summary(summary: Summary, console: Console, heat: HeatMap | None = None) -> None:
    """Print counts, tables and sentences; with a heat map, what theory has to say about it."""
    print_text(console, counts_words(summary))
    for failure in failure_words(summary):
        print_text(console, failure, style="red")
    for table in tables(summary):
        console.print()
        print_table(table, console)
    sentences = pair_words(summary)
    if sentences:
        console.print()
        print_text(console, f"Which scheme beats which by {measure_for(summary).title}", style="bold")
        for sentence in sentences:
            print_text(console, sentence)
    for sentence in theory_words(heat):
        console.print()
        print_text(console, sentence)


def counts_words(summary: Summary) -> str:
    """How many runs, over what, and what all of them share.

    Every run is counted: those that failed have no result, those that diverged have the worst.
    """
    runs, seeds = len(summary.rows), len({row["seed"] for row in summary.rows})
    filters = f" with {' and '.join(summary.conditions)}" if summary.conditions else ""
    told = [f"{runs:,} run{'s' if runs > 1 else ''}{filters}", f"{seeds} seed{'s' if seeds > 1 else ''}"]
    told += [f"{summary.failed:,} failed"] if summary.failed else []
    told += [f"{summary.diverged:,} diverged"] if summary.diverged else []
    return f"{', '.join(told)}: {in_words(summary.fixed) or 'no setting is the same in all'}."


def failure_words(summary: Summary) -> list[str]:
    """Why runs failed, one line per reason; and that no run got to its target, if that is the metric."""
    reasons = summary.reasons
    lines = [f"{failed:,} failed: {reason}" for reason, failed in reasons[:MOST_REASONS]]
    rest = sum(failed for _, failed in reasons[MOST_REASONS:])
    lines += [f"{rest:,} failed for other reasons"] if rest else []
    never = summary.metric.name == "steps_to_target" and all(row["steps_to_target"] is None for row in summary.rows)
    return [*lines, "No run got to its target, or the study sets none."] if never else lines


def tables(summary: Summary) -> list[Table]:
    """The groups, and each scheme at its best settings."""
    found = [_groups_table(summary)]
    return [*found, _best_table(summary)] if summary.best else found


def pair_words(summary: Summary) -> list[str]:
    """One sentence per pair of schemes, with its problem where there are several, and the size of the difference.

    Pairs with too few seeds to tell anything share one sentence.
    """
    measure = measure_for(summary)
    few = [pair for pair in summary.pairs if pair.beats.pairs < FEWEST]
    lines = [_too_few(few)] if few else []
    enough = [pair for pair in summary.pairs if pair.beats.pairs >= FEWEST]
    for pair in enough[:MOST_PAIRS]:
        problem, gap = in_words(pair.first.problem), _improvement(summary, pair)
        sized = pair.beats.told_apart and all(map(math.isfinite, gap))
        told = f"{pair.words[:-1]}, by {measure.gap(*gap)}." if sized else pair.words
        lines.append(f"{capital(problem)}: {told}" if problem else told)
    left = len(enough) - MOST_PAIRS
    return [*lines, f"... and {left:,} more pairs; a filter (--where) leaves fewer."] if left > 0 else lines


def _too_few(pairs: Sequence[Pair]) -> str:
    """One sentence for all pairs that no result could tell apart."""
    counts = sorted({pair.beats.pairs for pair in pairs})
    seeds = count(counts[0], "seed") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    (one, other), *more = ((pair.first.scheme, pair.second.scheme) for pair in pairs)
    which = "any two of these schemes apart" if more else f"{one} from {other}"
    return f"{seeds} cannot tell {which}, whatever the results: that takes {FEWEST} or more."


def theory_words(heat: HeatMap | None) -> list[str]:
    """Measured trainability beside theory, a line for each panel of the heat map that has a prediction.

    Two or three depths show no trainable region to speak of.
    """
    theories = [] if heat is None else [(panel.values, panel.theory) for panel in heat.panels]
    told = [(values, theory) for values, theory in theories if theory is not None and len(theory.depths) >= FEW_DEPTHS]
    found = [(in_words(values), theory.words) for values, theory in told]
    return [f"{capital(where)}: {words}" if where else words for where, words in found]


def _improvement(summary: Summary, pair: Pair) -> tuple[float, float]:
    """How much better the median of the better scheme is."""
    low, high = pair.difference
    first_is_better = pair.beats.probability >= 0.5
    return (low, high) if first_is_better == summary.metric.higher_is_better else (-high, -low)


def _groups_table(summary: Summary) -> Table:
    measure = measure_for(summary)
    pooled = any(group.settings > 1 for group in summary.groups)
    columns = [Column(short(name), _justify(name), rank=0) for name in summary.by]
    counts = [Column(name, rank=rank) for name, rank in (("runs", 1), ("failed", 2), ("diverged", 2))]
    note = "A group pools several settings; its interval resamples the seeds, each with all its runs." if pooled else ""
    return Table(
        f"{capital(measure.title)}, median (95 % interval), by {', '.join(short(name) for name in summary.by)}",
        (*columns, *counts, Column(measure.title, kind="spread", rank=0)),
        tuple(_group_cells(summary, group, measure) for group in summary.groups),
        note,
    )


def _justify(name: str) -> Side:
    return "right" if factor(name).numeric else "left"


def _group_cells(summary: Summary, group: Group, measure: Measure) -> tuple[str, ...]:
    key = (shown(name, item) for name, item in zip(summary.by, group.key, strict=True))
    counts = (f"{runs:,}" for runs in (group.runs, group.failed, group.diverged))
    return (*key, *counts, _median(group, measure))


def _median(group: Group, measure: Measure) -> str:
    return f"{measure.text(group.median)} {measure.interval(group.low, group.high)}".strip()


def _best_table(summary: Summary) -> Table:
    measure = measure_for(summary)
    problem = list(summary.best[0].problem)
    chosen = list(summary.best[0].settings)
    columns = [Column(short(name), _justify(name), rank=2) for name in problem]
    columns += [Column("scheme", "left", rank=0), *(Column(short(name), _justify(name)) for name in chosen)]
    tied = any(best.tied > 1 for best in summary.best)
    columns += [Column("of", rank=3), *([Column("tied", rank=3)] if tied else []), Column("seeds", rank=3)]
    columns += [Column(measure.title, kind="spread", rank=0)]
    several = any(best.tried > 1 for best in summary.best)
    note = " ".join([*([CHOSEN] if several else []), *([TIED] if tied else [])])
    title = f"Each scheme at its best settings by {measure.title}" if several else "Each scheme"
    return Table(title, tuple(columns), tuple(_best_cells(best, measure, tied) for best in summary.best), note)


def _best_cells(best: Best, measure: Measure, tied: bool) -> tuple[str, ...]:
    problem = (shown(name, item) for name, item in best.problem.items())
    settings = (shown(name, item) for name, item in best.settings.items())
    counts = (best.tried, *([best.tied] if tied else []), best.group.seeds)
    return (*problem, best.scheme, *settings, *(f"{number:,}" for number in counts), _median(best.group, measure))
