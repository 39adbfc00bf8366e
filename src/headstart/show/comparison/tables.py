"""The comparison as text: a table a person reads, and the reasons below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.console import print_text
from headstart.show.table import Column, Table, print_table
from headstart.signals.judge import WITHOUT_FAULT, Verdict
from headstart.words import number, percent, r_squared, with_interval

if TYPE_CHECKING:
    from rich.console import Console


def print_comparison(comparison: ComparisonData, console: Console) -> None:
    """Print the summary table, then one sentence per scheme, then the course's own table for the course preset."""
    print_table(summary_table(comparison), console)
    for row in comparison.summary():
        print_text(console, row["scheme"] + codes(comparison.verdicts[row["scheme"]]), bold=row["scheme"])
        print_text(console, row["reason"], indent=2)
    for note in comparison.data.notes:
        print_text(console, f"Data: {note}.")
    if comparison.settings.preset == "course":
        _print_course_table(comparison, console)


def summary_table(comparison: ComparisonData) -> Table:
    """One row per scheme: scores, costs and the verdict in a word."""
    own_rates = comparison.settings.tune_learning_rate
    shares = comparison.network.task != "regression"
    measure = "accuracy" if shares else "R²"
    columns = (
        Column("scheme", "left", rank=0),
        Column(f"train {measure}", kind="spread", rank=2),
        Column(f"test {measure}", kind="spread", rank=0),
        # A table of 100 columns has room for one of the two, and who tuned the rates wants to see them.
        Column("own rate" if own_rates else "first cost", rank=1 if own_rates else 3),
        Column("final cost", rank=1),
        Column("verdict", "left", rank=0, style=lambda word: "green" if word in WITHOUT_FAULT else "red"),
    )
    rows = tuple(
        (
            row["scheme"], score(row["train_accuracy"], shares), score(row["test_accuracy"], shares),
            f"{row['learning_rate']:g}" if own_rates else number(row["first_cost"]["median"]),
            number(row["final_cost"]["median"]), row["verdict"],
        )
        for row in comparison.summary()
    )  # fmt: skip
    return Table(_title(comparison), columns, rows)


def codes(verdict: Verdict) -> str:
    """The findings' codes behind a scheme's name, for `headstart explain`; nothing where nothing was found."""
    return f"  {' '.join(finding.code for finding in verdict.findings)}" if verdict.findings else ""


def _title(comparison: ComparisonData) -> str:
    settings = comparison.settings
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    over = f"median (quartiles) over {seeds} seeds" if seeds > 1 else "one seed"
    return (
        f"{comparison.data.name}, network {comparison.network}, {settings.activation}, {settings.steps:,} steps: {over}"
    )


def _print_course_table(comparison: ComparisonData, console: Console) -> None:
    """The table at the end of the course's exercise, beside what this run measured."""
    if comparison.course_rows():
        console.print()
        print_table(course_table(comparison), console)


def course_table(comparison: ComparisonData) -> Table:
    """What the course published of its three models, what this run measured, and the course's comment."""
    rows = tuple(
        (
            row["model"], percent(row["published_train_accuracy"], 0), percent(row["train_accuracy"]), row["comment"],
        )
        for row in comparison.course_rows()
    )  # fmt: skip
    columns = (
        Column("model", "left", "prose", rank=0), Column("train accuracy", rank=0), Column("here", rank=0),
        Column("comment", "left", "prose"),
    )  # fmt: skip
    return Table("The course's table", columns, rows)


def score(spread: dict[str, Any], share: bool) -> str:
    """Median and quartiles of an accuracy in percent, or of R²; the median alone where the ends are the same text."""
    show = percent if share else r_squared
    return with_interval(*(show(spread[name]) for name in ("median", "low", "high")))
