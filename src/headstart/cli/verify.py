"""`headstart verify`: whether a checkpoint or a model holds what a plan and a seed say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli.audit import is_checkpoint
from headstart.cli.options import JSON, PATH, out
from headstart.cli.plan import ARGUMENTS, model_of, read_json
from headstart.errors import InputError

EXIT_DIFFERENT = 3
SUFFIXES = (".json", ".csv", ".html", ".png", ".svg", ".pdf")
PLAN = "plan.json"  # which `headstart materialize` writes beside the weights


@click.command("verify")
@click.argument("target", metavar="MODEL")
@click.option(
    "--plan", "plan_file", type=PATH, metavar="FILE",
    help=f"What headstart plan --out wrote.  [{PLAN} in the folder of a checkpoint]",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**64 - 1), help="Of the weights.")
@click.option("--sample", default=1e-4, show_default=True, type=float, help="The share that is drawn again; 1 for all.")
@click.option(
    "--places", default=0, show_default=True, type=click.IntRange(0, 2**64 - 1), help="A seed that chooses which."
)
@ARGUMENTS
@out("verified.json, .csv, .html, .png, .svg, .pdf")
@JSON
def command(
    target: str, plan_file: Path | None, seed: int, sample: float, places: int, arguments: tuple[str, ...],
    out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Say which parameters of MODEL do not hold what a plan and a seed say.

    MODEL is a checkpoint (a safetensors file, or a folder of shards), or a factory that loads its own weights
    (package.module:function, file.py:function). A share of each parameter's numbers is drawn again and compared to
    the bit; nothing else is read or changed. What differs gives exit code 3.

    \b
    headstart verify weights --seed 7
    headstart verify model.safetensors --plan plan.json --seed 7 --sample 1
    headstart verify model.py:trained --plan plan.json
    """
    from headstart.cli.output import check_out, put_out
    from headstart.plans import Plan
    from headstart.verbs.verify import verify

    check_out(out, SUFFIXES)
    model: Any = Path(target) if is_checkpoint(target) else None
    plan = Plan.from_json(read_json(_plan_file(plan_file, model)))
    if model is None:
        model = model_of(target, arguments)
    elif arguments:
        raise InputError("a checkpoint takes no --arg, which is for a factory. Leave it out.")
    found = verify(plan, model, seed, sample=sample, places=places)
    put_out(found.to_json, found.print_to, found.files, as_json=as_json, out=out)
    if not found.healthy:
        sys.exit(EXIT_DIFFERENT)


def _plan_file(given: Path | None, checkpoint: Path | None) -> Path:
    if given is not None:
        return given
    if checkpoint is not None:
        beside = (checkpoint if checkpoint.is_dir() else checkpoint.parent) / PLAN
        if beside.exists():
            return beside
    raise InputError(f"there is no {PLAN} beside the weights. Write --plan with what headstart plan --out wrote.")
