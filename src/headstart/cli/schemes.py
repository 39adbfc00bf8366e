"""`headstart schemes`: the catalogue, with what other libraries call each scheme."""

from __future__ import annotations

import json
from typing import Any

import click

from headstart.cli import completion
from headstart.cli.former import Command
from headstart.cli.options import JSON
from headstart.libraries.schemes import CALLS, TRAPS
from headstart.schemes import FAMILIES
from headstart.schemes.scheme import scheme

SCHEMA = 1


def catalogue() -> list[dict[str, Any]]:
    """One row per family: arguments, formula, when to use it, paper, and the same draw in other libraries."""
    return [
        {
            "name": family.name,
            "example": family.example,
            "arguments": {
                argument.name: {"default": argument.default, "choices": argument.choices}
                for argument in family.arguments
            },
            "formula": family.formula,
            "when": family.when,
            "paper": family.paper,
            "elsewhere": {spec: calls for spec, calls in CALLS.items() if scheme(spec).name == family.name},
        }
        for family in FAMILIES.values()
    ]


@click.command("schemes", cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.schemes)
@JSON
def command(names: tuple[str, ...], as_json: bool) -> None:
    """List every scheme: its formula, when to use it, its paper, and what other libraries call it.

    With NAMEs, only those. n_in is fan_in and n_out is fan_out.
    """
    chosen = {FAMILIES[name].name for name in names}
    rows = [row for row in catalogue() if not chosen or row["name"] in chosen]
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "schemes": rows, "traps": TRAPS}, indent=1))
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    from headstart.show.console import console, print_text

    screen = console()
    for row in rows:
        print_text(screen, f"{row['example']}  {row['formula']}", bold=row["example"])
        options = [
            f"{name}={'|'.join(argument['choices'])}"
            if argument["choices"]
            else f"{name}={argument['default']}".lower()
            for name, argument in row["arguments"].items()
            if argument["default"] is not None
        ]
        print_text(screen, f"use: {row['when']}", indent=4)
        print_text(screen, f"paper: {row['paper']}", indent=4)
        if options:
            print_text(screen, f"options: {', '.join(options)}", indent=4)
        for spec, calls in row["elsewhere"].items():
            print_text(screen, f"{spec} elsewhere:", indent=4)
            for library, call in calls.items():
                print_text(screen, f"{library}: {call}", indent=6)
        screen.print()
    print_text(screen, "Every scheme takes a multiplier on its weights: he*1.3.", style="bold")
    print_text(screen, "Names that mean something else than one may think:", style="bold")
    for trap in TRAPS:
        print_text(screen, f"- {trap}", indent=2)
