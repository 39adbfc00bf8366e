"""`headstart tune`: the multiplier as a hyperparameter, on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli.main import EXIT_INTERRUPTED
from headstart.cli.options import hidden_sizes, problem, training
from headstart.errors import InputError, Interrupted
from headstart.spec import read_number


@click.command("tune")
@click.argument("schemes", nargs=-1, metavar="[SCHEME]...")
@click.option("--scheme", "more", multiple=True, metavar="SCHEME", help="The same as an argument; may be repeated.")
@problem
@click.option("--trials", type=int, help="Points the search tries for each scheme.  [60]")
@click.option("--seeds", type=int, help="Runs per point, and as many fresh ones for the confirmation.  [8]")
@click.option("--over", metavar="AXES", help="multiplier, learning_rate or both.  [multiplier,learning_rate]")
@click.option(
    "--metric", metavar="NAME", help="final_cost, test_accuracy, train_accuracy, steps_to_target.  [final_cost]"
)
@click.option("--target", type=float, help="For steps_to_target: the cost to get below.")
@click.option("--multiplier-range", metavar="LOW,HIGH", help="[0.125,8]")
@click.option("--learning-rate-range", metavar="LOW,HIGH", help="[by the optimizer; 0.001,10 for sgd]")
@click.option("--learning-rate", type=float, help="Where it is not tuned.  [0.01]")
@click.option("--profile", type=int, help="Multipliers judged on the fresh seeds.  [13]")
@click.option("--steps", type=int, help="Steps per run.  [3000]")
@training
@click.option("--sampler-seed", type=int, help="Of the search.  [0]")
@click.option("--storage", metavar="FILE|URL", help="Keep the trials in a database, and go on from there.")
@click.option("--threads", type=click.IntRange(1), help="Networks trained at a time.  [one per processor]")
@click.option("--chart", type=click.Path(path_type=Path), metavar="FILE", help="A .png, .svg, .pdf or .html file.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write tune.png, .svg and .json into DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON instead of the table.")
def command(
    schemes: tuple[str, ...], more: tuple[str, ...], storage: str | None, threads: int | None, chart: Path | None,
    out: Path | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Search for the multiplier and the learning rate of SCHEME, and say whether that paid.

    Optuna proposes points; the best, the formula's own multiplier 1 and a profile in between are then judged on fresh
    seeds, each at its own learning rate. Answers with the best multiplier, the range that is as good as it, and
    whether the formula would have done. Several SCHEMEs are tuned each by itself; without any it is he.

    \b
    headstart tune he
    headstart tune xavier he --hidden 20,20,20,20,20,20 --activation relu --chart tune.png
    headstart tune he --over multiplier --learning-rate 0.05
    headstart tune he --metric steps_to_target --target 0.1 --storage tune.db
    """
    from headstart.cli.progress import Progress
    from headstart.experiments.tune import tune_with

    settings = _settings((*schemes, *more), options)
    _check_files(chart, out)
    with Progress("Tuning", "settings tried", settings.seeds * settings.steps) as progress:
        try:
            tuning = tune_with(settings, storage=storage, threads=threads, progress=progress.update)
        except Interrupted as stop:
            _say_what_is_kept(stop, settings.trials)
            sys.exit(EXIT_INTERRUPTED)
    files = _save(tuning, chart, out)
    if as_json:
        click.echo(json.dumps({**tuning.to_json(), "files": files}, indent=1, allow_nan=False))
    else:
        _print(tuning)
    for path in files.values():
        click.echo(f"wrote {path}", err=True)
    if not files and not as_json:
        click.echo("Add --chart FILE or --out DIR for the picture.", err=True)


def _settings(schemes: tuple[str, ...], options: dict[str, Any]) -> Any:
    """The validated settings; what was not given keeps its default."""
    from headstart.experiments.tune.settings import tune_settings

    given = {name: value for name, value in options.items() if value is not None}
    if "hidden" in given:
        given["hidden"] = hidden_sizes(given["hidden"])
    if "over" in given:
        given["over"] = tuple(word.strip() for word in given["over"].split(",") if word.strip())
    for name in ("multiplier_range", "learning_rate_range"):
        if name in given:
            given[name] = ends(given[name], "--" + name.replace("_", "-"))
    if schemes:
        given["schemes"] = schemes
    return tune_settings(**given)


def ends(text: str, option: str) -> tuple[float, float]:
    """The two numbers in `0.1,10`.

    >>> ends("0.1,10", "--multiplier-range")
    (0.1, 10.0)
    """
    numbers = [read_number(part, f"each end of {option}") for part in text.split(",")]
    if len(numbers) != 2:
        raise InputError(f"{option} is two numbers with a comma between, got {text!r}. Write {option} 0.1,10.")
    return numbers[0], numbers[1]


def _check_files(chart: Path | None, out: Path | None) -> None:
    """Refuse files that cannot be written, before any work."""
    from headstart.show.files import check_writable
    from headstart.show.save import check_suffix

    if chart is not None:
        check_suffix(chart)
    if out is not None:
        check_writable(out)


def _save(tuning: Any, chart: Path | None, out: Path | None) -> dict[str, str]:
    """Write what was asked for; kind -> path."""
    files = {} if chart is None else {"chart": str(tuning.save(chart))}
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        files |= {kind: str(tuning.save(out / f"tune.{kind}")) for kind in ("png", "svg", "json")}
    return files


def _say_what_is_kept(stop: Any, trials: int) -> None:
    kept = "Add --storage tune.db to keep what is searched."
    if stop.finished.storage is not None:
        kept = f"They are kept in {stop.finished.storage}; the same command goes on from there."
    click.echo(
        f"Interrupted: {stop.finished.trials} of {trials} trials of {stop.finished.scheme} had ended. {kept}", err=True
    )


def _print(tuning: Any) -> None:
    from rich.console import Console

    from headstart.show.comparison.tables import WIDTH
    from headstart.show.tuning.text import print_tuning

    print_tuning(tuning, Console(width=None if sys.stdout.isatty() else WIDTH))
