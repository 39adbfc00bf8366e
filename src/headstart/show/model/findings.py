"""Findings in words, for a console and for a page: those of one rule told once, with the names they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.show.characters import escaped
from headstart.show.console import print_text
from headstart.show.model.tree import names_of
from headstart.signals.rule import Finding

if TYPE_CHECKING:
    from rich.console import Console

_MOST_NAMES = 6


def grouped(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Findings of one rule and severity, in order."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.code, finding.severity), []).append(finding)
    return found


def places(group: Sequence[Finding]) -> str:
    """The names that findings are about; "" where they are about the model."""
    return names_of([finding.layer for finding in group if finding.layer], _MOST_NAMES) if group[0].layer else ""


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print what was found, with what to do; findings of one rule once."""
    for (code, severity), group in grouped(findings).items():
        first = group[0]
        names = places(group)
        title = f"{code} {first.word} ({severity}){names and ': '}{names}"
        print_text(console, title, style="bold red" if severity == "fault" else "bold")
        print_text(console, first.message, indent=2)
        print_text(console, first.remedy, indent=2, style="dim")
    if findings:
        print_text(console, "headstart explain CODE says more.", style="dim")


def findings_html(findings: Sequence[Finding]) -> str:
    """The findings as a list; nothing where there are none."""
    items = ""
    for (code, severity), group in grouped(findings).items():
        first, names = group[0], places(group)
        mark = " class='bad'" if severity == "fault" else ""
        items += (
            f"<li><b{mark}>{escaped(f'{code} {first.word} ({severity})')}</b>{names and ': '}{escaped(names)}.<br>"
            f"{escaped(first.message)}<br><i>{escaped(first.remedy)}</i></li>\n"
        )
    return f"<ul>\n{items}</ul>" if items else ""
