"""Options of figures, for `compare --figure` and `figure`: which, how large, in which look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.errors import InputError

if TYPE_CHECKING:
    from headstart.show.comparison.figure_files import Look
    from headstart.show.figure.look import Look as PlainLook

Function = Callable[..., Any]
NAMES = "boundaries, costs, signal, training, table, data, units, weights"
KINDS = ".png, .svg, .pdf, .gif, .html"
PLAIN = ("size", "dpi", "theme", "title", "font_size")  # what any figure has
LOOK = (*PLAIN, "at", "moments")
QUIET = ("out", "as_json", "threads", "storage")  # options that say nothing of what is drawn


def plain_look_options(function: Function) -> Function:
    """--size, --dpi, --theme, --title, --font-size."""
    options = [
        click.option("--size", metavar="WxH", help="Of the figure: 16x9cm, 6.5x4in, 1200x675px.  [its own]"),
        click.option("--dpi", type=float, metavar="N", help="Dots per inch of PNG and GIF.  [192; GIF 96]"),
        click.option("--theme", metavar="NAME", help="light, dark, print or slide.  [light]"),
        click.option("--title", metavar="TEXT", help="Instead of the figure's own; '' for none."),
        click.option("--font-size", type=float, metavar="PT", help="Of the labels, in points.  [9; slide 13.5]"),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def look_options(function: Function) -> Function:
    """Those of any figure, and --at, --moments."""
    options = [
        click.option("--at", metavar="STEPS", help="Boundaries after so many updates: 0,100,1000.  [the last]"),
        click.option("--moments", type=int, metavar="N", help="Boundaries at so many steps of the training."),
    ]
    for option in reversed(options):
        function = option(function)
    return plain_look_options(function)


def plain_look(options: dict[str, Any], out: Path | None) -> PlainLook:
    """The checked look of a figure of `gain`, `phase`, `tune` or `report`, taken out of the options.

    Raises:
        InputError: a value that breaks a rule; a look, and no place for a picture.
    """
    from headstart.show.figure.look import Look

    found = {name: value for name in PLAIN if (value := options.pop(name)) is not None}
    if found and out is None:
        option = "--" + next(iter(found)).replace("_", "-")
        raise InputError(f"{option} is for a picture, and no place was given. Write {option} ... --out figure.png.")
    return Look(**found)


def words_given(context: click.Context) -> list[str]:
    """The words of this call that say what is computed: its name, arguments and options, without look and place."""
    arguments, options = [], []
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        if isinstance(parameter, click.Argument):
            arguments += [f"{item}" for item in (value if isinstance(value, tuple) else (value,))]
            continue
        source = context.get_parameter_source(name)
        if source is not click.core.ParameterSource.COMMANDLINE or name in (*PLAIN, *QUIET):
            continue
        for item in value if isinstance(value, tuple) else (value,):
            options += [parameter.opts[0]] if value is True else [parameter.opts[0], f"{item}"]
    return [context.command.name or "", *arguments, *options]


def look_of(options: dict[str, Any], schemes: list[str] | None = None, **before: Any) -> Look:
    """The checked look of what was given.

    Args:
        options: of `look_options`.
        schemes: which are drawn.
        before: the look of the figure that is made again.
    """
    from headstart.show.comparison.figure_files import Look

    found = {**before, **{name: value for name, value in options.items() if value is not None and name in LOOK}}
    if isinstance(found.get("at"), str):
        found["at"] = read_steps(found["at"])
        if options.get("moments") is None:  # what is made again may have had moments
            found.pop("moments", None)
    elif options.get("moments") is not None:
        found.pop("at", None)
    if schemes is not None:
        found["schemes"] = schemes
    for name in ("at", "schemes"):
        if found.get(name) is not None:
            found[name] = tuple(found[name])
    return Look(**found)


def read_steps(text: str) -> tuple[int, ...]:
    """The steps in `0,100,1000`.

    >>> read_steps("0, 100,1000")
    (0, 100, 1000)
    >>> read_steps("0,x")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: steps are whole numbers with commas between, got '0,x'. Write, for example, 0,100,1000.
    """
    try:
        return tuple(int(item) for item in text.split(",") if item.strip())
    except ValueError:
        raise InputError(
            f"steps are whole numbers with commas between, got {text[:60]!r}. Write, for example, 0,100,1000."
        ) from None


def refuse_look(options: dict[str, Any]) -> None:
    """Without a figure there is nothing to dress.

    Raises:
        InputError: an option of figures was given.
    """
    for name in LOOK:
        if options.get(name) is not None:
            option = "--" + name.replace("_", "-")
            raise InputError(f"{option} is for a figure, got none. Write --figure costs {option} ...")
