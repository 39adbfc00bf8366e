"""An audit as a table: the model's tree with what each parameter holds, and the findings, repeats told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headstart.show.console import print_text
from headstart.show.model.findings import findings_html, print_findings
from headstart.show.model.tree import lines, names_of
from headstart.show.table import Column, Table, html_table, print_table
from headstart.signals.rule import Finding
from headstart.words import count, number

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]
COLUMNS = (
    Column("parameter", "left"),
    Column("shape", "left", rank=2),
    Column("looks", "left", rank=1),
    Column("std"),
    Column("findings", "left"),
    Column("fits", "left", "prose", rank=3),
)
_MOST_NAMES = 6


def heading(rows: Sequence[Row], findings: Sequence[Finding]) -> str:
    """How much was looked at, and how much was found."""
    parameters = [row for row in rows if row["role"] != "buffer"]
    faults = sum(finding.severity == "fault" for finding in findings)
    remarks = len(findings) - faults
    found = f"{count(faults, 'fault')} and {count(remarks, 'remark')}" if findings else "nothing found"
    return f"{count(len(parameters), 'parameter')}: {found}"


def audit_table(rows: Sequence[Row], findings: Sequence[Finding]) -> Table:
    """One line per parameter; layers that hold the same are told once."""
    shown = [row for row in rows if row["role"] != "buffer" or row["findings"]]
    cells = []
    for line in lines([(row["name"], row) for row in shown], _alike):
        label = "  " * line.depth + line.label
        cells.append((label, *_cells(line.item)) if line.item is not None else (label, *("",) * (len(COLUMNS) - 1)))
    return Table(heading(rows, findings), COLUMNS, tuple(cells))


def print_audit(
    rows: Sequence[Row], findings: Sequence[Finding], console: Console, unlocked: Mapping[str, str] | None = None
) -> None:
    """Print the table, then every finding with what to do, and how it differs from a lock."""
    print_table(audit_table(rows, findings), console)
    print_findings(findings, console)
    for how in dict.fromkeys((unlocked or {}).values()):
        names = names_of([name for name, each in (unlocked or {}).items() if each == how], _MOST_NAMES)
        print_text(console, f"not as locked ({how}): {names}", style="bold")
    if unlocked is not None and not unlocked:
        print_text(console, "all as locked", style="dim")


def audit_html(rows: Sequence[Row], findings: Sequence[Finding]) -> str:
    """The table and the findings as HTML."""
    return html_table(audit_table(rows, findings)) + findings_html(findings)


def _alike(row: Row) -> tuple[object, ...]:
    return tuple(row["shape"]), row["role"], row["looks"], tuple(row["recipes"]), tuple(row["findings"]), row["dtype"]


def _cells(row: Row) -> tuple[str, ...]:
    shape = "×".join(map(str, row["shape"])) or "1"
    fits = "; ".join(row["recipes"]) or row["note"] or "–"
    std = "–" if row["std"] is None else number(row["std"], 3)
    return shape, row["looks"] or "–", std, " ".join(row["findings"]) or "–", fits
