"""Options that commands share, said once: settings become options by their own fields; --json, --out, --store."""

from __future__ import annotations

import csv
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from headstart.check import told
from headstart.cli import completion
from headstart.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from headstart.experiments.data.dataset import Dataset

Function = Callable[..., Any]


class _PathType(click.Path):
    """A path as it was typed: what it is for says what may stand there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if "\0" in str(value):
            self.fail(f"a path has no zero bytes, got {str(value)!r}.", param, ctx)
        if not str(value):
            self.fail("a path has at least one character, got ''. Write . for the folder here.", param, ctx)
        return super().convert(value, param, ctx)


PATH = _PathType(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
THREADS = click.option("--threads", type=click.IntRange(1), help="Networks trained at a time.  [one per processor]")
STORE_HELP = "A SQLite file, or postgresql://user@host/database."


def out(kinds: str) -> Callable[[Function], Function]:
    """--out PATH: a suffix writes that one file, anything else is a folder.

    Args:
        kinds: the suffixes, for `--help`.
    """
    return click.option(
        "--out", type=PATH, metavar="PATH",
        help=f"Write one file ({kinds}), or a folder with all of them.",
    )  # fmt: skip


def settings_options(model: type[BaseModel], *names: str) -> Callable[[Function], Function]:
    """An option for each of these settings: name, type, words and default are the settings model's own."""
    options = [setting_option(model, name) for name in names]

    def decorate(function: Function) -> Function:
        for option in reversed(options):  # the last decorator applied is the first in --help
            function = option(function)
        return function

    return decorate


def setting_option(model: type[BaseModel], name: str) -> Callable[[Function], Function]:
    """The option of one setting; what is not given on the command line stays None, and the model's default holds."""
    field = model.model_fields[name]
    extra = typing.cast(dict[str, Any], field.json_schema_extra)
    option = "--" + name.replace("_", "-")
    kind = _plain_type(field.annotation)
    if kind is bool and field.default is False:
        return click.option(option, is_flag=True, default=None, help=field.description)
    unset = extra["unset"] if extra["unset"] is not None else _shown(field.default)
    help_text = f"{field.description}  [{unset}]" if unset else field.description
    if kind is bool:  # yes, no, or the model's own way
        return click.option(f"{option}/--no-{option[2:]}", default=None, help=help_text)
    if typing.get_origin(kind) is Literal:
        return click.option(option, type=click.Choice(list(typing.get_args(kind))), help=help_text)
    of_number = kind if kind in (int, float) else str
    return click.option(
        option, type=of_number, metavar=extra["metavar"], help=help_text,
        shell_complete=completion.SETTINGS.get(name),
    )  # fmt: skip


def _plain_type(annotation: Any) -> Any:
    """The type without its None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(_shown(item) for item in default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given, lists read from their text."""
    found = {name: value for name, value in options.items() if value is not None}
    if "hidden" in found:
        found["hidden"] = hidden_sizes(found["hidden"])
    for name in found.keys() & {"features", "drop"}:
        found[name] = columns(found[name], "--" + name)
    return found


def columns(text: str, option: str) -> list[str]:
    """The names of columns in `length,width`; one with a comma in it stands in double quotes.

    >>> columns('length, "width, mm"', "--features")
    ['length', 'width, mm']
    """
    try:
        found = [name.strip() for row in csv.reader([text], skipinitialspace=True) for name in row]
    except csv.Error as error:
        raise InputError(
            f"{option} is a list of columns, got {text!r}: {error}. Write {option} length,width."
        ) from None
    if not found or not all(found):
        raise InputError(f"{option} names columns with commas between, got {text!r}. Write {option} length,width.")
    return found


def say_notes(data: Dataset | None) -> None:
    """Say on stderr what was taken for what while a table was read."""
    if data is not None:
        for note in data.notes:
            click.echo(f"{data.name}: {note}", err=True)


def hidden_sizes(text: str) -> tuple[int, ...]:
    """The sizes in `10,5`.

    >>> hidden_sizes("10,5")
    (10, 5)
    >>> hidden_sizes("10,,5")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: hidden sizes are whole numbers of at least 1 with commas between, got '10,,5'. ...
    """
    try:
        found = tuple(int(item) for item in text.split(","))
    except ValueError:
        found = (0,)
    if any(size < 1 for size in found):
        raise InputError(
            f"hidden sizes are whole numbers of at least 1 with commas between, got {told(text)}. "
            "Write, for example, 10,5."
        )
    return found


def names(text: str) -> list[str]:
    """The names in `scheme,depth`.

    >>> names("scheme, depth")
    ['scheme', 'depth']
    """
    return [name.strip() for name in text.split(",") if name.strip()]
