"""Every command and every option stands on the page of commands, as the commands themselves say it."""

from __future__ import annotations

import runpy
from pathlib import Path

import click

from headstart.cli.group import COMMANDS

ROOT = Path(__file__).parents[2]
MADE = runpy.run_path(str(ROOT / "tools" / "make_commands_page.py"))
PAGE = (ROOT / "docs" / "commands.md").read_text()


def test_the_page_is_made_from_the_commands() -> None:
    assert MADE["page"]() == PAGE, "run: python tools/make_commands_page.py"


def test_every_command_and_option_is_there() -> None:
    found = dict(MADE["commands"]())
    assert {called.split()[1] for called in found} == set(COMMANDS)
    for called, command in found.items():
        section = PAGE.partition(f"\n## {called}\n")[2].partition("\n## ")[0]
        assert section, called
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(f"`{name}" in section or f" {name}" in section for name in parameter.opts), parameter.name
                assert parameter.help, f"{called} {parameter.name}"
