"""`headstart compare`: the main job on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli.main import EXIT_INTERRUPTED
from headstart.cli.options import hidden_sizes, problem, training
from headstart.errors import InputError, Interrupted

# what the course preset fixes: option -> its name on the command line
FIXED_BY_PRESET = ("data", "label", "hidden", "activation", "seeds", "steps", "learning_rate", "record_every", "dtype",
                   "tune_learning_rate", "optimizer", "batch_size")  # fmt: skip


@click.command("compare")
@click.argument("schemes", nargs=-1, metavar="[SCHEME]...")
@problem
@click.option("--seeds", type=int, help="Runs per scheme, with seeds 0, 1, ...  [16]")
@click.option("--steps", type=int, help="Steps of full-batch gradient descent.  [15000]")
@click.option("--learning-rate", type=float, help="[0.01]")
@click.option("--tune-learning-rate", is_flag=True, help="Find each scheme's own learning rate first, on other seeds.")
@training
@click.option("--record-every", type=int, help="Steps between recorded costs.  [steps/150]")
@click.option("--preset", type=click.Choice(["course"]), help="Replay the course's published run exactly.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write compare.png, .svg and .html into DIR."
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON instead of the table.")
def command(schemes: tuple[str, ...], preset: str | None, out: Path | None, as_json: bool, **options: Any) -> None:
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
    from headstart.cli.progress import Progress
    from headstart.experiments.compare.comparison import run_comparison

    settings = _settings(schemes, preset, options)
    if out is not None:
        from headstart.show.files import check_writable

        check_writable(out)
    interrupted = False
    with Progress("Training", "runs", settings.steps) as progress:
        try:
            comparison = run_comparison(settings, progress=progress.update)
        except Interrupted as stop:
            if stop.finished is None:
                raise
            comparison, interrupted = stop.finished, True
    files = comparison.save(out) if out is not None else {}
    if as_json:
        click.echo(json.dumps({**comparison.to_json(), "files": files}, indent=1, allow_nan=False))
    else:
        _print(comparison)
    if not as_json and any(verdict.findings for verdict in comparison.verdicts.values()):
        click.echo("headstart explain CODE says what a finding means and how to mend it.", err=True)
    for path in files.values():
        click.echo(f"wrote {path}", err=True)
    if out is None and not as_json:
        click.echo("Add --out DIR for the pictures and the report.", err=True)
    if interrupted:
        asked = len(settings.schemes) * settings.seeds
        click.echo(f"Interrupted: {len(comparison.runs)} of {asked} runs had finished.", err=True)
        sys.exit(EXIT_INTERRUPTED)


def _settings(schemes: tuple[str, ...], preset: str | None, options: dict[str, Any]) -> Any:
    """The validated settings; what was not given keeps its default."""
    from headstart.experiments.compare import presets
    from headstart.experiments.settings import compare_settings

    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if "hidden" in given:
        given["hidden"] = hidden_sizes(given["hidden"])
    if preset == "course":
        clash = [name for name in FIXED_BY_PRESET if name in given]
        if clash:
            option = "--" + clash[0].replace("_", "-")
            raise InputError(f"the course preset fixes {option}. Leave out {option}, or --preset.")
        given |= presets.COURSE | {"preset": "course"}
    if schemes:
        given["schemes"] = schemes
    return compare_settings(**given)


def _print(comparison: Any) -> None:
    from rich.console import Console

    from headstart.show.comparison.tables import WIDTH, print_comparison

    terminal = sys.stdout.isatty()
    print_comparison(comparison, Console(width=None if terminal else WIDTH))
