"""Writes docs/commands.md from the commands themselves; `tests/cli/test_commands_page.py` compares the two.

python tools/make_commands_page.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from headstart.cli.group import cli

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """# The command line

Data goes to stdout, everything else to stderr. `--json` prints the same numbers as the table, with a `schema` number;
what JSON cannot hold is `"inf"`, `"-inf"` or `"nan"`. `--out PATH` writes one file where PATH has a suffix of the list,
and a folder with all of them otherwise: all of the files, or none where one cannot be written. `-h` or `--help`
explains a command.

Tables and sentences take as many columns as `COLUMNS` says, also in a pipe or a file; else as the terminal has; else
100. Where there is no room, headers and sentences break at spaces, intervals go below their medians, and the columns
that matter least go to a line below each row. No scheme or number is cut. A stream that cannot hold × or ² gets x and
^2. Ctrl-C ends the work in order and in one line; pressed again, it ends at once.

| exit code | meaning |
|---|---|
| 0 | good |
| 1 | an error: a store, a file or an output that cannot be used, or a pipe that nobody reads any more |
| 2 | wrong usage: the message says the rule, the value and what to write |
| 3 | a check failed |
| 4 | incomplete, but nothing is lost: the same command goes on |
| 130 | interrupted; what had finished is printed or kept |
"""


def commands(group: click.Group = cli, prefix: str = "headstart") -> Iterator[tuple[str, click.Command]]:
    """(how it is called, the command) of every command that does something."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        elif command is not None:
            yield f"{prefix} {name}", command


def page() -> str:
    """The page's text."""
    return HEAD + "".join(_section(called, command) for called, command in commands())


def _section(called: str, command: click.Command) -> str:
    with click.Context(command, info_name=called) as context:
        usage = command.get_usage(context).removeprefix("Usage: ")
        # not --help, whose names depend on how the command was called before
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        rows = [found for option in options if (found := option.get_help_record(context))]
    words, *examples = inspect.cleandoc(command.help or "").split("\b\n")
    text = "\n".join(line.strip() for line in words.strip().splitlines()).replace("*", "\\*")
    shown = "".join(f"\n```sh\n{example.strip()}\n```\n" for example in examples)
    lines = [f"| `{_cell(option)}` | {_cell(told)} |\n" for option, told in rows]
    table = "".join(["\n| option | |\n|---|---|\n", *lines]) if lines else ""
    return f"\n## {called}\n\n`{usage}`\n\n{text}\n{shown}{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
