"""A probe as a table: the verdict, what was found and what to do, and a line per layer, predicted beside measured.

A line is never broken in two: where a screen is too narrow for all columns, those that matter least are left out, and
named below. A file and a page have them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from headstart.show.characters import escaped, safe
from headstart.show.console import print_text
from headstart.show.fitting import Column, fit
from headstart.show.model.findings import findings_html, print_findings
from headstart.show.model.probe_lines import Line, folded, span
from headstart.show.model.tree import lines, names_of
from headstart.show.table import Table, html_table, print_table
from headstart.signals.judge import Verdict
from headstart.signals.rule import Finding
from headstart.signals.trace import Row, Trace, Weight
from headstart.words import count, listed, number, percent, with_interval

if TYPE_CHECKING:
    from rich.console import Console

Cell = Callable[[Sequence[Row]], str]
BAD, WARNED = "bold red", "yellow"
_MOST_NAMES = 6


def codes_of(trace: Trace, findings: Sequence[Finding]) -> dict[str, list[str]]:
    """A row's name -> the codes of what was found there; of a weight at the row that takes it."""
    takers = {parameter: row.name for row in reversed(trace.rows) for parameter in row.parameters}
    known = {row.name for row in trace.rows}
    found: dict[str, list[str]] = {}
    for finding in findings:
        name = finding.layer if finding.layer in known else takers.get(finding.layer or "")
        if name is not None and finding.code not in found.setdefault(name, []):
            found[name].append(finding.code)
    return found


def heading(trace: Trace, verdict: Verdict) -> str:
    """The verdict, and how much was looked at."""
    how = "" if trace.measured else ", predicted only"
    return f"{verdict.word}: {count(len(trace.rows), 'operation')}, {count(len(trace.weights), 'weight')}{how}"


def probe_table(trace: Trace, findings: Sequence[Finding], title: str = "") -> Table:
    """One line per layer, or per run of layers that repeat; columns of which no row has anything are left out."""
    codes = codes_of(trace, findings)
    return _table(folded(trace.rows, codes), codes, findings, title)


def every_row(trace: Trace, findings: Sequence[Finding]) -> Table:
    """One line per operation, whatever repeats."""
    lines = [Line(0, row.name, (row,)) for row in trace.rows]
    return _table(lines, codes_of(trace, findings), findings, "")


def _table(found: Sequence[Line], codes: Mapping[str, Sequence[str]], findings: Sequence[Finding], title: str) -> Table:
    faults = {finding.code for finding in findings if finding.severity == "fault"}
    labels = ["  " * line.depth + line.label for line in found]
    styles = {label: _style(_codes(line, codes), faults) for label, line in zip(labels, found, strict=True)}
    kinds: list[tuple[Column, Cell]] = [
        (Column("kind", "left", rank=5), lambda rows: rows[0].kind),
        (Column("shape", "left", rank=8), _shape),
        (Column("rms", kind="spread", rank=0), lambda rows: _size(rows, "rms")),
        (Column("predicted", rank=3), lambda rows: _size(rows, "predicted_rms")),
        (Column("batch std", kind="spread", rank=2), lambda rows: _size(rows, "batch_std")),
        (Column("cosine", kind="spread", rank=4), lambda rows: _size(rows, "cosine", 2)),
        (Column("gradient", kind="spread", rank=0), lambda rows: _size(rows, "grad_rms")),
        (Column("predicted gradient", rank=6), lambda rows: _size(rows, "predicted_grad")),
        (Column("also", "left", rank=7), _also),
        (Column("findings", "left", rank=1, style=lambda text: _style(text.split(), faults)),
         lambda rows: " ".join(_codes(Line(0, "", tuple(rows)), codes)) or "–"),
    ]  # fmt: skip
    cells = [[cell(line.rows) if line.rows else "" for _, cell in kinds] for line in found]
    used = [at for at in range(len(kinds)) if any(row[at] not in ("", "–") for row in cells)]
    first = Column("layer", "left", style=lambda label: styles.get(label, ""))
    rows = tuple((label, *(row[at] for at in used)) for label, row in zip(labels, cells, strict=True))
    return Table(title, (first, *(kinds[at][0] for at in used)), rows)


def _codes(line: Line, codes: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(code for row in line.rows for code in codes.get(row.name, ())))


def _style(codes: Sequence[str], faults: set[str]) -> str:
    if any(code in faults for code in codes):
        return BAD
    return WARNED if any(code.startswith("HS") for code in codes) else ""


def _size(rows: Sequence[Row], name: str, digits: int = 3) -> str:
    """What the rows have of one field; of one row that was drawn again, with its spread."""

    def told(value: float) -> str:
        return number(value, digits if len(rows) == 1 else 2)

    if len(rows) == 1 and name in rows[0].spread and getattr(rows[0], name) is not None:
        return with_interval(told(getattr(rows[0], name)), *map(told, rows[0].spread[name]))
    return span([getattr(row, name) for row in rows], told)


def _shape(rows: Sequence[Row]) -> str:
    shapes = list(dict.fromkeys(row.shape for row in rows))
    if not any(shapes):
        return "–"
    if len({len(shape) for shape in shapes}) > 1:
        return f"{len(shapes)} shapes"
    axes = zip(*shapes, strict=True)
    return "×".join(str(axis[0]) if len(set(axis)) == 1 else f"{min(axis)}–{max(axis)}" for axis in axes)


def _also(rows: Sequence[Row]) -> str:
    """Dead and saturated shares, attention, rank, and what is not finite."""
    told = []
    for name, word in (("dead", "dead"), ("saturated", "saturated")):
        if max((getattr(row, name) or 0.0 for row in rows), default=0.0) > 0:
            told.append(f"{span([getattr(row, name) for row in rows], _share)} {word}")
    if any(row.entropy is not None for row in rows):
        told.append(f"entropy {span([row.entropy for row in rows], lambda value: number(value, 2))}")
    if any(row.rank is not None for row in rows):
        most = next(row.rank_inputs for row in rows if row.rank is not None)
        told.append(f"rank {span([row.rank for row in rows], lambda value: number(value, 3))} of {most}")
    bad = sum(row.nonfinite for row in rows)
    return ", ".join([*told, *([f"{bad:,} not finite"] if bad else [])]) or "–"


def _share(value: float) -> str:
    return percent(value, 0 if value in (0, 1) or value >= 0.1 else 1)


def print_probe(trace: Trace, verdict: Verdict, console: Console) -> None:
    """Print the verdict, the findings with what to do, and the table."""
    title = f"{verdict.word}: {verdict.reason}"
    print_text(console, title, style=BAD if any(f.severity == "fault" for f in verdict.findings) else "bold")
    console.print()
    if verdict.findings:
        print_findings(verdict.findings, console)
        console.print()
    if trace.rows:
        whole = probe_table(trace, verdict.findings)
        table, left_out = narrowed(whole, console.width, console.encoding)
        print_table(table, console)
        told = [note for note in (_folded_words(trace, whole), _left_out_words(left_out)) if note]
        for note in (*told, *notes(trace.rows, trace.measured)):
            print_text(console, note, style="dim")
    if any(weight.update is not None for weight in trace.weights.values()):
        console.print()
        print_table(weights_table(trace), console)
    for note in trace_words(trace):
        print_text(console, note, style="dim")


def narrowed(table: Table, width: int, encoding: str = "utf-8") -> tuple[Table, list[str]]:
    """The table with as many columns as stand side by side in so many columns, and the names of the others."""
    kept = list(range(len(table.columns)))
    while len(kept) > 3 and fit(*_picked(table, kept, encoding), width).below:
        kept.remove(max(kept[1:], key=lambda at: table.columns[at].rank))
    columns, rows = _picked(table, kept, "utf-8")
    left_out = [column.name for at, column in enumerate(table.columns) if at not in kept]
    return Table(table.title, tuple(columns), tuple(map(tuple, rows)), table.note), left_out


def _picked(table: Table, kept: Sequence[int], encoding: str) -> tuple[list[Column], list[list[str]]]:
    return [table.columns[at] for at in kept], [[safe(row[at], encoding) for at in kept] for row in table.rows]


def _folded_words(trace: Trace, table: Table) -> str:
    shown = sum(1 for row in table.rows if any(row[1:]))
    if shown == len(trace.rows):
        return ""
    return f"{count(len(trace.rows), 'operation')} in {count(shown, 'line')}: repeats are told once, with their ranges."


def _left_out_words(names: Sequence[str]) -> str:
    return f"No room for {listed(names)}: a wider screen, --json and --html have them." if names else ""


def notes(rows: Sequence[Row], measured: bool = True) -> list[str]:
    """What a reader should know of single rows, those of one note together."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for note in dict.fromkeys((row.note, row.grad_note if measured and row.kind != "input" else "")):
            if note:
                found.setdefault(note, []).append(row.name)
    return [f"{names_of(names, _MOST_NAMES)}: {note}." for note, names in found.items()]


def trace_words(trace: Trace) -> list[str]:
    """The loss, and how the pass was run."""
    told = []
    if trace.loss is not None:
        guess = (
            "" if trace.loss_guess is None else f"; an answer that ignores the inputs costs {number(trace.loss_guess)}"
        )
        told.append(f"Loss ({trace.loss_kind.replace('_', '-')}): {number(trace.loss)}{guess}.")
    elif trace.measured:
        told.append("Gradients are those of a random projection of the output.")
    if trace.singular_values:
        told.append(f"Jacobian's singular values: {', '.join(number(value, 3) for value in trace.singular_values)}.")
    if not trace.measured:
        told.append("Nothing was run: all numbers are theory's.")
    return told


def weights_table(trace: Trace) -> Table:
    """One line per weight: its scale, its gradient, and how far one step moves it."""
    columns = (Column("weight", "left"), Column("rms"), Column("gradient"), Column("update", rank=1))
    found = []
    for line in lines(list(trace.weights.items()), _alike):
        label = "  " * line.depth + line.label
        found.append((label, *_weight(line.item)) if line.item is not None else (label, "", "", ""))
    title = "Weights: one step of gradient descent relative to each" if _has_rate(trace) else "Weights"
    kept = 4 if _has_rate(trace) else 3
    return Table(title, columns[:kept], tuple(row[:kept] for row in found))


def _has_rate(trace: Trace) -> bool:
    return any(weight.update is not None for weight in trace.weights.values())


def _alike(weight: Weight) -> tuple[str, ...]:
    """Weights whose numbers are the same to one digit are told as one."""
    return (
        str(weight.shape),
        weight.role,
        *(text if text == "–" else f"{float(text):.0e}" for text in _weight(weight)),
    )


def _weight(weight: Weight) -> tuple[str, str, str]:
    return _number(weight.rms), _number(weight.grad_rms), _number(weight.update)


def _number(value: float | None) -> str:
    return "–" if value is None else number(value, 3)


def fix_words(code: str, before: str, after: str, told: Sequence[str]) -> list[str]:
    """A remedy that was tried, and what became of the faults."""
    return [f"Tried on a copy: {before} before, {after} after.", *(f"  {line}" for line in code.splitlines()), *told]


def probe_html(trace: Trace, verdict: Verdict) -> str:
    """The findings and the table for a page or a notebook."""
    table = html_table(probe_table(trace, verdict.findings, "Layer by layer")) if trace.rows else ""
    told = "".join(
        f"<p class='note'>{line}</p>"
        for line in map(escaped, (*notes(trace.rows, trace.measured), *trace_words(trace)))
    )
    return f"{findings_html(verdict.findings)}\n{table}\n{told}"
