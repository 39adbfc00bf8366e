"""`headstart compare`: the main job on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli import completion
from headstart.cli.figure_options import LOOK, NAMES, look_of, look_options, refuse_look
from headstart.cli.former import Command
from headstart.cli.options import JSON, THREADS, given, out, say_notes, settings_options
from headstart.errors import InputError, Interrupted
from headstart.experiments.settings import READING, CompareSettings

if TYPE_CHECKING:
    from headstart.show.comparison.figure_files import Look
    from headstart.show.files import Files

HINT = "the pictures and the report"
SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json", ".csv", ".parquet")
FIGURE_SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".html")


@click.command("compare", cls=Command)
@click.argument("schemes", nargs=-1, metavar="[SCHEME]...", shell_complete=completion.schemes)
@settings_options(
    CompareSettings, "data", *READING, "hidden", "activation", "seeds", "steps", "learning_rate", "tune_learning_rate",
    "optimizer", "batch_size", "dtype", "data_seed", "record_every", "preset",
)  # fmt: skip
@THREADS
@click.option("--figure", metavar="NAMES", help=f"Write these instead of the overview: {NAMES}.")
@look_options
@out("compare.png, .svg, .pdf, .html, .json, .csv, .parquet; a figure also .gif")
@JSON
def command(
    schemes: tuple[str, ...], preset: str | None, threads: int | None, figure: str | None, out: Path | None,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Train one small network from several initializations, many seeds each, and show the difference.

    SCHEMEs are zeros, xavier, he*1.3, 'normal(10)', 'he(mode=fan_out)', ...; `headstart schemes` lists them all.
    A shell wants quotes around brackets. Without any: zeros normal(10) normal(0.01) xavier he, on the course's
    network and data.

    \b
    headstart compare
    headstart compare he he*1.3 orthogonal --data spirals --hidden 32,32 --activation tanh
    headstart compare --data table.csv --label species --out pictures
    headstart compare --preset course
    headstart compare --figure costs --size 16x9cm --theme slide --out costs.png
    """
    from headstart.cli.output import check_out, put_out
    from headstart.cli.progress import Progress
    from headstart.cli.streams import say
    from headstart.verbs.compare import compare_with

    look_given = {name: options.pop(name) for name in LOOK}
    settings = _settings(schemes, preset, options)
    look = _look(settings, figure, look_given, out)
    check_out(out, SUFFIXES if figure is None else FIGURE_SUFFIXES)
    interrupted = None
    with Progress("Training", "runs", settings.run_units) as progress:
        try:
            comparison = compare_with(settings, threads=threads, progress=progress.update)
        except Interrupted as stop:
            if stop.finished is None:
                raise
            comparison, interrupted = stop.finished, stop
    say_notes(comparison.data)
    files = comparison.files if look is None else _figure_files(comparison, figure, look)
    put_out(comparison.to_json, comparison.print_to, files, as_json=as_json, out=out, hint=HINT)
    if not as_json and any(verdict.findings for verdict in comparison.verdicts.values()):
        say("headstart explain CODE says what a finding means and how to mend it.")
    if interrupted is not None:
        asked = len(settings.schemes) * settings.seeds
        say(f"Interrupted: {len(comparison.runs)} of {asked} runs had finished.")
        sys.exit(interrupted.exit_code)


def _look(settings: CompareSettings, figure: str | None, given: dict[str, Any], out: Path | None) -> Look | None:
    """How the figures look, checked before anything runs; None without one."""
    if figure is None:
        refuse_look(given)
        return None
    from headstart.show.comparison.figures import FIGURES, named_figures

    look = look_of(given)
    for name in named_figures(figure):
        if len(settings.schemes) > FIGURES[name].most:
            raise InputError(
                f"the figure {name} shows at most {FIGURES[name].most} schemes, got {len(settings.schemes)}. Write "
                "fewer, or --out compare.json and headstart figure --from compare.json --schemes he,xavier."
            )
    if look.at is not None and max(look.at, default=0) > settings.steps:
        raise InputError(f"a step is 0 to {settings.steps}, got {max(look.at)}. Write, for example, {settings.steps}.")
    if out is None:
        raise InputError("a figure is a file, and no place was given. Write --out figure.png.")
    return look


def _figure_files(comparison: Any, figure: str | None, look: Look) -> Callable[[], Files]:
    """What makes the files of the figures; what is shown instead of what cannot be is said."""
    from headstart.cli.streams import say

    drawn = comparison.figure(figure, **{name: getattr(look, name) for name in look.__dataclass_fields__})
    for words in drawn.notes:
        say(words[0].upper() + words[1:])

    def files() -> Files:
        say("Drawing ...")
        found: Files = drawn.files()
        return found

    return files


def _settings(schemes: tuple[str, ...], preset: str | None, options: dict[str, Any]) -> CompareSettings:
    """The validated settings; what was not given keeps its default."""
    from headstart.experiments.compare.presets import with_preset
    from headstart.experiments.settings import compare_settings

    found = given(options)
    if schemes:
        found["schemes"] = schemes
    return compare_settings(**with_preset(preset, found, lambda name: "--" + name.replace("_", "-")))
