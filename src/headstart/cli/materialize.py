"""`headstart materialize`: the weights of a plan or a model, written to disk as safetensors, whatever their size."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from headstart.cli.options import JSON, PATH
from headstart.cli.plan import planned, planning_options, read_json
from headstart.errors import DiskError, InputError, Interrupted

if TYPE_CHECKING:
    from headstart.plans import Plan as PlanData
    from headstart.verbs.materialize import Materialized

EXIT_INCOMPLETE = 4
_PASSED_ON = ("seed", "dtype", "shard_bytes", "include", "threads")  # the others are of planning


@click.command("materialize")
@click.argument("target", metavar="PLAN|MODEL")
@click.argument("folder", type=PATH)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**64 - 1), help="Of the weights.")
@click.option("--dtype", default="float32", show_default=True, help="float32, float64, float16 or bfloat16.")
@click.option("--shard-bytes", default="5GiB", show_default=True, metavar="SIZE", help="The most of a file.")
@click.option(
    "--include", default="all", show_default=True, type=click.Choice(["all", "drawn"]),
    help="Also what the plan leaves alone, as its layer fills it; or what is drawn alone.",
)  # fmt: skip
@click.option("--part", metavar="I/N", help="Only the files of the I-th of N parts, for as many machines.")
@click.option("--threads", type=click.IntRange(1), help="At most so many draw.  [one per processor]")
@click.option("--dry-run", is_flag=True, help="Say sizes, files and the time that drawing takes; write nothing.")
@planning_options
@JSON
@click.pass_context
def command(
    context: click.Context, /, target: str, folder: Path, part: str | None, dry_run: bool, as_json: bool, **how: Any
) -> None:
    """Write the weights of PLAN, or of MODEL, as safetensors into FOLDER; no model is filled on the way.

    PLAN is a plan.json of `headstart plan`; MODEL is where a factory is, as in `headstart plan`, whose options it
    takes: build it on the meta device, and its size does not matter. Files and index are named as transformers names
    them. Interrupted, killed or out of disk: the same command goes on, and what was finished is not drawn again.

    \\b
    headstart materialize plan.json weights --seed 7
    headstart materialize model.py:build weights --scheme gain --example 8,512 --dtype bfloat16
    headstart materialize model.py:build weights --dry-run
    headstart materialize plan.json weights --part 3/8
    """
    from headstart.cli.progress import Progress
    from headstart.verbs.materialize import materialize

    asked = {name: how.pop(name) for name in _PASSED_ON}
    of = None if part is None else _part(part)
    plan = _plan(context, target, how)
    interrupted = None
    try:
        with Progress("Writing", "MiB", 2**20, waiting="") as progress:
            found = materialize(plan, folder, part=of, dry_run=dry_run, progress=progress.update, **asked)
    except Interrupted as stop:
        found, interrupted = stop.finished, stop
    except DiskError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_INCOMPLETE)
    _print(found, as_json)
    if interrupted is not None:
        click.echo("Interrupted: the same command goes on from here.", err=True)
        sys.exit(interrupted.exit_code)
    if not found.finished and not dry_run:
        click.echo("The other files are being written by another process: see to it, or run this again.", err=True)
        sys.exit(EXIT_INCOMPLETE)


def _plan(context: click.Context, target: str, how: dict[str, Any]) -> PlanData:
    """The plan in a file, or that of a model."""
    if not target.lower().endswith(".json"):
        return planned(target, **how)[0]
    given = [name for name in how if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        option = next(parameter.opts[0] for parameter in context.command.params if parameter.name == given[0])
        raise InputError(f"a plan says itself what is drawn, and takes no {option}. Leave it out, or give the model.")
    from headstart.verbs.plan import Plan

    return Plan.from_json(read_json(Path(target)))


def _part(text: str) -> tuple[int, int]:
    """The numbers in 3/8.

    >>> _part("3/8")
    (3, 8)
    >>> _part("3 of 8")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: --part is which one of how many, got '3 of 8'. Write, for example, 3/8.
    """
    one, slash, many = text.partition("/")
    if not slash or not all(each.isascii() and each.isdecimal() and len(each) < 10 for each in (one, many)):
        raise InputError(f"--part is which one of how many, got {text!r}. Write, for example, 3/8.")
    return int(one), int(many)


def _print(found: Materialized, as_json: bool) -> None:
    if as_json:
        from headstart.show.rows import json_text

        click.echo(json_text(found.to_json()))
    else:
        click.echo(str(found))
