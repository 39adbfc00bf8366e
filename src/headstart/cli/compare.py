"""`headstart compare`: the main job on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli import completion
from headstart.cli.former import Command
from headstart.cli.options import JSON, THREADS, given, out, say_notes, settings_options
from headstart.errors import Interrupted
from headstart.experiments.settings import READING, CompareSettings

HINT = "the pictures and the report"
SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json", ".csv")


@click.command("compare", cls=Command)
@click.argument("schemes", nargs=-1, metavar="[SCHEME]...", shell_complete=completion.schemes)
@settings_options(
    CompareSettings, "data", *READING, "hidden", "activation", "seeds", "steps", "learning_rate", "tune_learning_rate",
    "optimizer", "batch_size", "dtype", "data_seed", "record_every", "preset",
)  # fmt: skip
@THREADS
@out("compare.png, .svg, .pdf, .html, .json, .csv")
@JSON
def command(
    schemes: tuple[str, ...], preset: str | None, threads: int | None, out: Path | None, as_json: bool, **options: Any
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
    """
    from headstart.cli.output import check_out, put_out
    from headstart.cli.progress import Progress
    from headstart.cli.streams import say
    from headstart.verbs.compare import compare_with

    settings = _settings(schemes, preset, options)
    check_out(out, SUFFIXES)
    interrupted = None
    with Progress("Training", "runs", settings.run_units) as progress:
        try:
            comparison = compare_with(settings, threads=threads, progress=progress.update)
        except Interrupted as stop:
            if stop.finished is None:
                raise
            comparison, interrupted = stop.finished, stop
    say_notes(comparison.data)
    put_out(comparison.to_json, comparison.print_to, comparison.files, as_json=as_json, out=out, hint=HINT)
    if not as_json and any(verdict.findings for verdict in comparison.verdicts.values()):
        say("headstart explain CODE says what a finding means and how to mend it.")
    if interrupted is not None:
        asked = len(settings.schemes) * settings.seeds
        say(f"Interrupted: {len(comparison.runs)} of {asked} runs had finished.")
        sys.exit(interrupted.exit_code)


def _settings(schemes: tuple[str, ...], preset: str | None, options: dict[str, Any]) -> CompareSettings:
    """The validated settings; what was not given keeps its default."""
    from headstart.experiments.compare.presets import with_preset
    from headstart.experiments.settings import compare_settings

    found = given(options)
    if schemes:
        found["schemes"] = schemes
    return compare_settings(**with_preset(preset, found, lambda name: "--" + name.replace("_", "-")))
