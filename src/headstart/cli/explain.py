"""`headstart explain`: what a finding means, why, how to see it for oneself, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from headstart.cli import completion
from headstart.cli.former import Command
from headstart.cli.options import JSON
from headstart.show.console import console, print_text
from headstart.show.rows import json_text
from headstart.show.table import Column, Table, print_table
from headstart.signals.registry import SCHEMA, rows
from headstart.words import number

if TYPE_CHECKING:
    from rich.console import Console


@click.command("explain", cls=Command)
@click.argument("names", nargs=-1, metavar="[CODE|WORD]...", shell_complete=completion.findings)
@JSON
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Explain the findings behind a verdict, by code or by word; without either, list all of them.

    A fault is something wrong; a remark is worth knowing. A word may have several rules.

    \b
    headstart explain
    headstart explain HS201
    headstart explain vanishing
    """
    found = rows(names)
    if as_json:
        click.echo(json_text({"schema": SCHEMA, "rules": found}))
        return
    screen = console()
    if names:
        for row in found:
            _print_rule(row, screen)
    else:
        _print_list(found, screen)


def _print_list(found: list[dict[str, Any]], screen: Console) -> None:
    names = ("code", "word", "severity")
    cells = tuple((row["code"], row["word"], row["severity"], row["title"]) for row in found)
    columns = (*(Column(name, "left") for name in names), Column("what is found", "left", kind="prose", rank=2))
    print_table(Table("", columns, cells), screen)
    print_text(screen, "headstart explain CODE or WORD says more.")


def _print_rule(row: dict[str, Any], screen: Console) -> None:
    name = f"{row['code']} {row['word']}"
    print_text(screen, f"{name} ({row['severity']})  {row['title']}", bold=name)
    parts = {
        "meaning": row["meaning"],
        "limit": f"{number(row['limit'])} ({row['unit']})",
        "theory": row["why"],
        "fix": row["fix"],
        "source": row["source"],
        "example, which has it": row["example"],
        "the healthy one": row["healthy"],
    }
    for label, text in parts.items():
        print_text(screen, f"{label}: {text}", indent=4, bold=f"{label}:")
    screen.print()
