"""`headstart sweep`: studies of many runs, on the command line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli.former import Command
from headstart.cli.options import JSON, PATH, STORE_HELP
from headstart.errors import InputError, Interrupted, StoreError
from headstart.words import duration, memory

if TYPE_CHECKING:
    from headstart.experiments.sweep.status import Status
    from headstart.verbs.study import Study

EXIT_INCOMPLETE = 4
SCHEMA = 1

FILE = click.argument("file", type=PATH)
STORE = click.option("--store", metavar="FILE|URL", help=f"{STORE_HELP}  [FILE.db beside FILE]")
WORKERS = click.option("--workers", type=click.IntRange(min=1), help="Chunks at a time.  [one per processor]")
SCHEDULER = click.option("--scheduler", metavar="tcp://HOST:PORT", help="Use the Dask cluster of this scheduler.")
YES = click.option("--yes", is_flag=True, help="Allow more than 100,000 runs.")


@click.group("sweep")
def command() -> None:
    """Run a study: data x network x schemes x multipliers x seeds x training, from one file.

    FILE is TOML or JSON. Every key is one value, a list or a range; all combinations are run, each once, and kept in a
    store. Interrupted, killed or out of disk: the same command goes on where it was.

    \b
    headstart sweep plan study.toml
    headstart sweep run study.toml
    headstart sweep run study.toml --store postgresql://me@server/lab --scheduler tcp://server:8786
    headstart report study.db
    """


command.command_class = Command


def runs_the_study(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that run something."""
    for option in (JSON, YES, SCHEDULER, WORKERS, STORE, FILE):
        function = option(function)
    return function


@command.command("plan")
@FILE
@STORE
@WORKERS
@YES
@JSON
def plan(file: Path, store: str | None, workers: int | None, yes: bool, as_json: bool) -> None:
    """Say how many runs FILE asks for, how many differ, how many are stored, and what the others will take."""
    found = _study(file, store, yes).plan(workers)
    if as_json:
        fields = ("asked", "distinct", "stored", "seconds", "memory", "workers")
        click.echo(json.dumps({"schema": SCHEMA} | {name: getattr(found, name) for name in fields}))
        return
    left = found.distinct - found.stored
    click.echo(f"asked     {found.asked:,} runs")
    click.echo(f"distinct  {found.distinct:,}" + _why_fewer(found.asked, found.distinct))
    click.echo(f"stored    {found.stored:,}")
    click.echo(
        f"to do     {left:,}: {duration(found.seconds)} and {memory(found.memory)} with {found.workers} at a time"
    )


@command.command("run")
@runs_the_study
def run(file: Path, store: str | None, yes: bool, as_json: bool, **how: Any) -> None:
    """Run what is not in the store yet. Ctrl-C finishes the chunks under way; twice stops now."""
    _run(file, store, yes, as_json, lambda study, progress: study.run(progress=progress, **how))


@command.command("status")
@FILE
@STORE
@YES
@JSON
def status(file: Path, store: str | None, yes: bool, as_json: bool) -> None:
    """Say how many of FILE's runs are done, failed and pending."""
    found = _study(file, store, yes).status()
    _print_status(found, as_json)


@command.command("retry")
@runs_the_study
def retry(file: Path, store: str | None, yes: bool, as_json: bool, **how: Any) -> None:
    """Run the failed runs again, and what is not in the store yet."""
    _run(file, store, yes, as_json, lambda study, progress: study.retry(progress=progress, **how))


@command.command("extend")
@click.option("--seeds", required=True, metavar="FIRST:END", help="10:20 adds the seeds 10 to 19.")
@runs_the_study
def extend(file: Path, store: str | None, yes: bool, as_json: bool, seeds: str, **how: Any) -> None:
    """Add seeds to the study in the store, and run them. FILE stays as it is."""
    wanted = seed_range(seeds)
    _run(file, store, yes, as_json, lambda study, progress: study.extend(wanted, progress=progress, **how))


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of a study file, for editors and other programs."""
    from headstart.experiments.sweep.settings import study_schema

    click.echo(json.dumps(study_schema(), indent=1))


def seed_range(text: str) -> range:
    """The seeds in `10:20`.

    >>> seed_range("10:20")
    range(10, 20)
    >>> seed_range("10-20")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: --seeds has the form first:end, with the end left out, got '10-20'. Write 10:20.
    """
    first, _, end = text.partition(":")
    known = all(re.fullmatch("[0-9]{1,19}", part) for part in (first, end))  # a seed has at most 19 digits
    if not (known and int(first) < int(end)):
        shown = text if len(text) <= 60 else f"{text[:60]}..."
        raise InputError(f"--seeds has the form first:end, with the end left out, got {shown!r}. Write 10:20.")
    return range(int(first), int(end))


def _study(file: Path, store: str | None, many: bool) -> Study:
    from headstart.verbs.study import study

    return study(file, store, many=many)


def _run(file: Path, store: str | None, yes: bool, as_json: bool, start: Callable[[Study, Any], Status]) -> None:
    from headstart.cli.progress import Progress

    interrupted = None
    try:
        study = _study(file, store, yes)
        with Progress("Running", "runs", 1, waiting="") as progress:
            found = start(study, progress.update)
    except Interrupted as stop:
        found, interrupted = stop.finished, stop
    except StoreError as error:  # what had finished by then is stored
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_INCOMPLETE)
    _print_status(found, as_json)
    if interrupted is not None:
        click.echo("Interrupted: the same command goes on from here.", err=True)
        sys.exit(interrupted.exit_code)
    if found.failed:
        click.echo(
            f"{found.failed:,} failed: `headstart report` says why, `headstart sweep retry` tries again.", err=True
        )
        sys.exit(EXIT_INCOMPLETE)


def _print_status(found: Status, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA} | found.to_json()))
    else:
        click.echo(f"{found.done:,} done, {found.failed:,} failed, {found.pending:,} pending of {found.distinct:,}")


def _why_fewer(asked: int, distinct: int) -> str:
    return "" if asked == distinct else f"  ({asked - distinct:,} are the same run again)"
