"""`headstart tune`: the multiplier as a hyperparameter, on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli import completion
from headstart.cli.figure_options import plain_look, plain_look_options
from headstart.cli.former import Command
from headstart.cli.options import JSON, THREADS, given, names, out, say_notes, settings_options
from headstart.errors import InputError, Interrupted
from headstart.experiments.settings import READING
from headstart.experiments.tune.settings import TuneSettings
from headstart.spec import read_number

SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json", ".csv")


@click.command("tune", cls=Command)
@click.argument("schemes", nargs=-1, metavar="[SCHEME]...", shell_complete=completion.schemes)
@click.option(
    "--scheme",
    "more",
    multiple=True,
    metavar="SCHEME",
    help="The same as an argument; may be repeated.",
    shell_complete=completion.schemes,
)
@settings_options(
    TuneSettings, "data", *READING, "hidden", "activation", "trials", "seeds", "over", "metric", "target",
    "multiplier_range", "learning_rate_range", "learning_rate", "profile", "steps", "optimizer", "batch_size", "dtype",
    "data_seed", "sampler_seed",
)  # fmt: skip
@click.option("--storage", metavar="FILE|URL", help="Keep the trials in a database, and go on from there.")
@THREADS
@plain_look_options
@out("tune.png, .svg, .pdf, .html, .json, .csv")
@JSON
def command(
    schemes: tuple[str, ...], more: tuple[str, ...], storage: str | None, threads: int | None, out: Path | None,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Search for the multiplier and the learning rate of SCHEME, and say whether that paid.

    Optuna proposes points; the best, the formula's own multiplier 1 and a profile in between are then judged on fresh
    seeds, each at its own learning rate. Answers with the best multiplier, the range that is as good as it, and
    whether the formula would have done. Several SCHEMEs are tuned each by itself; without any it is he.

    \b
    headstart tune he
    headstart tune xavier he --hidden 20,20,20,20,20,20 --activation relu --out tune.png
    headstart tune he --over multiplier --learning-rate 0.05
    headstart tune he --theme slide --size 16x9cm --out tune.pdf
    headstart tune he --metric steps_to_target --target 0.1 --storage tune.db
    """
    from headstart.cli.output import check_out, put_out
    from headstart.cli.progress import Progress
    from headstart.verbs.tune import tune_with

    look = plain_look(options, out)
    settings = _settings((*schemes, *more), options)
    check_out(out, SUFFIXES)
    with Progress("Tuning", "settings tried", settings.seeds * settings.steps) as progress:
        try:
            tuning = tune_with(settings, storage=storage, threads=threads, progress=progress.update)
        except Interrupted as stop:
            _say_what_is_kept(stop, settings.trials)
            sys.exit(stop.exit_code)
    say_notes(tuning.data)
    put_out(
        tuning.to_json, tuning.print_to, lambda: tuning.files(look), as_json=as_json, out=out,
        hint="the picture and the report",
    )  # fmt: skip


def _settings(schemes: tuple[str, ...], options: dict[str, Any]) -> TuneSettings:
    """The validated settings; what was not given keeps its default."""
    from headstart.experiments.tune.settings import tune_settings

    found = given(options)
    if "over" in found:
        found["over"] = tuple(names(found["over"]))
    for name in ("multiplier_range", "learning_rate_range"):
        if name in found:
            found[name] = ends(found[name], "--" + name.replace("_", "-"))
    if schemes:
        found["schemes"] = schemes
    return tune_settings(**found)


def ends(text: str, option: str) -> tuple[float, float]:
    """The two numbers in `0.1,10`.

    >>> ends("0.1,10", "--multiplier-range")
    (0.1, 10.0)
    """
    numbers = [read_number(part, f"each end of {option}") for part in text.split(",")]
    if len(numbers) != 2:
        raise InputError(f"{option} is two numbers with a comma between, got {text!r}. Write {option} 0.1,10.")
    return numbers[0], numbers[1]


def _say_what_is_kept(stop: Any, trials: int) -> None:
    kept = "Add --storage tune.db to keep what is searched."
    if stop.finished.storage is not None:
        kept = f"They are kept in {stop.finished.storage}; the same command goes on from there."
    click.echo(
        f"Interrupted: {stop.finished.trials} of {trials} trials of {stop.finished.scheme} had ended. {kept}", err=True
    )
