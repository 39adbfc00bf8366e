"""The comparison as text: a table a person reads, and the reasons below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.presets import COURSE_TABLE
from headstart.signals.judge import WITHOUT_FAULT, Verdict
from headstart.words import number, percent

if TYPE_CHECKING:
    from rich.console import Console


def print_comparison(comparison: ComparisonData, console: Console) -> None:
    """Print the summary table, then one sentence per scheme, then the course's own table for the course preset."""
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    title = Text(_title(comparison), style="bold")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", pad_edge=False)
    table.add_column("scheme", no_wrap=True)
    own_rates = comparison.settings.tune_learning_rate
    measure = "R²" if comparison.network.task == "regression" else "accuracy"
    for name in (f"train {measure}", f"test {measure}"):
        table.add_column(name, justify="right", no_wrap=True)
    # A table of 100 columns has room for one of the two, and who tuned the rates wants to see them.
    table.add_column("own rate" if own_rates else "first cost", justify="right", no_wrap=True)
    table.add_column("final cost", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    summary = comparison.summary()
    shares = comparison.network.task != "regression"
    for row in summary:
        good = row["verdict"] in WITHOUT_FAULT
        table.add_row(
            row["scheme"], score(row["train_accuracy"], shares), score(row["test_accuracy"], shares),
            f"{row['learning_rate']:g}" if own_rates else number(row["first_cost"]["median"]),
            number(row["final_cost"]["median"]),
            Text(row["verdict"], style="green" if good else "red"),
        )  # fmt: skip
    console.print(table)
    for row in summary:
        console.print(Text.assemble((row["scheme"], "bold"), codes(comparison.verdicts[row["scheme"]])))
        console.print(Padding(Text(row["reason"]), (0, 0, 0, 2)))
    if comparison.settings.preset == "course":
        _print_course_table(comparison, console)


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
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, title="The course's table", title_justify="left", title_style="bold", pad_edge=False
    )
    for name, justify in (("model", "left"), ("train accuracy", "right"), ("here", "right"), ("comment", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # a literal of Rich's
    measured = {row["scheme"]: row["train_accuracy"]["median"] for row in comparison.summary()}
    for name, published, comment in COURSE_TABLE:
        if name in measured:
            table.add_row(f"3-layer network from {name}", published, percent(measured[name]), comment)
    if table.row_count:
        console.print()
        console.print(table)


def score(spread: dict[str, Any], share: bool) -> str:
    """Median and quartiles of an accuracy in percent, or of R²; the median alone where they agree."""
    show = percent if share else number
    if spread["low"] == spread["high"]:
        return show(spread["median"])
    return f"{show(spread['median'])} ({show(spread['low'])}–{show(spread['high'])})".replace(" %–", "–").replace(
        " %)", ")"
    )
