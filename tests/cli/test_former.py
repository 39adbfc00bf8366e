"""Options by other names: what another command, an older headstart or another program calls them."""

from __future__ import annotations

import importlib
import itertools

import click
import pytest

from headstart.cli.former import ARGUMENTS, NAMES, hint_for
from headstart.cli.sweep import command as sweep

HINTS = [
    (["compare", "--workers", "2"], "--workers. Here it is --threads"),
    (["tune", "--jobs", "2"], "--jobs. Here it is --threads"),
    (["tune", "he", "--chart", "a.png"], "--chart. --chart is now --out PATH."),
    (["report", "x.db", "--chart", "a.png"], "--chart. --chart is now --out PATH."),
    (["report", "--store", "x.db"], "--store. Here it is an argument: "),
    (["sweep", "run", "s.toml", "--threads", "2"], "--threads. Here it is --workers"),
    (["sweep", "run", "s.toml", "--storage", "x.db"], "--storage. Here it is --store FILE|URL."),
    (["tune", "--store", "x.db"], "--store. Here it is --storage FILE|URL."),
    (["compare", "--lr=0.1"], "--lr. Here it is --learning-rate"),
    (["compare", "--seed", "3"], "--seed. Here it is --seeds"),
    (["compare", "--epochs", "3"], "--epochs. Here it is --steps"),
    (["compare", "--scheme", "he"], "--scheme. Here it is an argument: [SCHEME]..."),
    (["gain", "relu", "--seeds", "3"], "--seeds. Here it is --seed"),
]


@pytest.mark.parametrize(("arguments", "words"), HINTS, ids=[" ".join(arguments) for arguments, _ in HINTS])
def test_another_name_is_told(arguments: list[str], words: str, headstart: object) -> None:
    done = headstart(*arguments)  # type: ignore[operator]
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"No such option: {words}" in done.stderr
    assert "Traceback" not in done.stderr


def commands() -> list[click.Command]:
    names = ("compare", "tune", "report", "explain", "schemes", "gain", "phase")
    found = [importlib.import_module(f"headstart.cli.{name}").command for name in names]
    return [*found, *sweep.commands.values()]


def test_no_hint_names_an_option_that_the_command_lacks() -> None:
    """The whole table, for every command: what is told is there."""
    for command, names in itertools.product(commands(), NAMES):
        has = {option for parameter in command.params for option in parameter.opts}
        for name in names:
            if name not in has and (hint := hint_for(name, command)) is not None and "argument" not in hint:
                assert any(f" {option}" in hint for option in has), (command.name, name, hint)


def test_every_name_that_is_told_is_an_option_of_some_command() -> None:
    known = {option for command in commands() for parameter in command.params for option in parameter.opts}
    assert {here for names in NAMES.values() for here in names} <= known | set(ARGUMENTS)


def test_a_near_name_has_a_hint_too(headstart: object) -> None:
    done = headstart("compare", "--learning-rat", "0.1")  # type: ignore[operator]
    assert done.returncode == 2
    assert "--learning-rate" in done.stderr


def test_what_nobody_knows_is_refused_without_a_hint(headstart: object) -> None:
    done = headstart("compare", "--zzz", "0.1")  # type: ignore[operator]
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Here it is" not in done.stderr


def test_threads_change_no_number(headstart: object) -> None:
    asked = ("compare", "he", "--seeds", "3", "--steps", "50", "--json")
    one, two = (headstart(*asked, "--threads", count) for count in ("1", "2"))  # type: ignore[operator]
    assert one.stdout == two.stdout != ""
