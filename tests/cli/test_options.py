"""Options of `compare`: each sets its own setting, and --help names the defaults that the settings have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click
import pytest

from headstart.cli.compare import FIXED_BY_PRESET
from headstart.cli.compare import command as compare
from headstart.cli.group import COMMANDS, cli
from headstart.cli.main import run
from headstart.cli.options import hidden_sizes
from headstart.cli.tune import command as tune
from headstart.errors import InputError
from headstart.experiments.compare.presets import COURSE
from headstart.experiments.settings import CompareSettings, compare_settings
from headstart.experiments.tune.settings import TuneSettings

Settings = Callable[..., CompareSettings]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that a command line asks for; nothing runs."""
    found: list[CompareSettings] = []

    def stop(made: CompareSettings, **_: Any) -> None:
        found.append(made)
        raise KeyboardInterrupt

    def call(*arguments: str) -> CompareSettings:
        with pytest.raises(SystemExit):
            run(["compare", *arguments])
        return found[-1]

    monkeypatch.setattr("headstart.verbs.compare.compare_with", stop)
    return call


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ([], {}), (["he", "xavier*2"], {"schemes": ["he", "xavier*2"]}), (["--seeds", "3"], {"seeds": 3}),
        (["--steps", "7"], {"steps": 7}), (["--learning-rate", "0.5"], {"learning_rate": 0.5}),
        (["--tune-learning-rate"], {"tune_learning_rate": True}), (["--record-every", "5"], {"record_every": 5}),
        (["--data", "moons"], {"data": "moons"}),
        (["--data", "a.csv", "--label", "y"], {"data": "a.csv", "label": "y"}),
        (["--hidden", "3,4"], {"hidden": (3, 4)}), (["--activation", "tanh"], {"activation": "tanh"}),
        (["--optimizer", "adam"], {"optimizer": "adam"}), (["--batch-size", "9"], {"batch_size": 9}),
        (["--dtype", "float64"], {"dtype": "float64"}), (["--data-seed", "4"], {"data_seed": 4}),
        (["--preset", "course"], COURSE | {"preset": "course"}),
        (["--preset", "course", "zeros"], COURSE | {"preset": "course", "schemes": ["zeros"]}),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else "",
)  # fmt: skip
def test_each_option_sets_its_own_setting(arguments: list[str], given: dict[str, Any], settings: Settings) -> None:
    assert settings(*arguments) == compare_settings(**given)


def called(name: str) -> str:
    return "--" + name.replace("_", "-")


@pytest.mark.parametrize("name", FIXED_BY_PRESET)
def test_the_course_preset_refuses_each_setting_that_it_fixes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {option.name: option for option in compare.params}
    value = {"learning_rate": "0.1", "dtype": "float64", "hidden": "3"}.get(name, "3")
    with pytest.raises(SystemExit) as stopped:
        run(["compare", "--preset", "course", called(name), *([] if kinds[name].is_flag else [value])])
    assert stopped.value.code == 2
    assert f"the course preset fixes {called(name)}" in capsys.readouterr().err


def test_the_course_preset_fixes_every_setting_but_the_schemes() -> None:
    assert {*FIXED_BY_PRESET, "schemes", "preset"} == set(CompareSettings.model_fields)


# options whose help names a default: command, its settings
DEFAULTS = [(compare, CompareSettings), (tune, TuneSettings)]
SPOKEN = {"batch_size": "all", "record_every": "steps/150", "label": "its last", "learning_rate_range": None}


@pytest.mark.parametrize(("command", "model"), DEFAULTS, ids=["compare", "tune"])
def test_help_names_the_defaults_that_the_settings_have(command: click.Command, model: Any) -> None:
    told = 0
    for option in command.params:
        help_text = getattr(option, "help", None) or ""
        found = re.search(r"\[([^\]]*)\]$", help_text)
        if option.name not in model.model_fields or found is None:
            continue
        told += 1
        default = model.model_fields[option.name].default
        if option.name in SPOKEN:
            assert SPOKEN[option.name] in (None, found[1])
            assert option.name == "learning_rate_range" or default is None
        else:
            words = ",".join(f"{item:g}" if isinstance(item, (int, float)) else str(item) for item in default) if (
                isinstance(default, tuple)
            ) else str(default)  # fmt: skip
            assert found[1] == words, option.name
    assert told >= 10


def test_every_command_has_a_line_of_help_and_stands_in_its_place() -> None:
    context = click.Context(cli)
    assert cli.list_commands(context) == list(COMMANDS)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert cli.get_command(context, "compar") is None


@pytest.mark.parametrize(("text", "sizes"), [("10", (10,)), ("1,2,3", (1, 2, 3)), (" 4 , 5 ", (4, 5))])
def test_sizes_in_words(text: str, sizes: tuple[int, ...]) -> None:
    assert hidden_sizes(text) == sizes


@pytest.mark.parametrize("text", ["", "0", "3,0", "3,-1", "3,", "2.5", "a"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="whole numbers of at least 1"):
        hidden_sizes(text)
