"""`headstart audit`: what every parameter of a model or checkpoint holds, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli.options import JSON, PATH, out
from headstart.cli.plan import ARGUMENTS, EXAMPLE, inputs_of, model_of, read_json
from headstart.errors import InputError

EXIT_FAULT = 3
SUFFIXES = (".json", ".csv", ".html", ".png", ".svg", ".pdf")
CHECKPOINTS = (".safetensors", ".json", ".pt", ".pth", ".bin", ".ckpt")


@click.command("audit")
@click.argument("target", metavar="MODEL")
@ARGUMENTS
@EXAMPLE
@click.option("--lock", type=PATH, metavar="FILE", help="Compare with what headstart plan --lock wrote.")
@click.option("--trust", is_flag=True, help="Read a pickled checkpoint, which runs the code in it.")
@out("audit.json, .csv, .html, .png, .svg, .pdf")
@JSON
def command(
    target: str, arguments: tuple[str, ...], example: str | None, lock: Path | None, trust: bool, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Say what every parameter of MODEL holds, which recipes it fits, and what is wrong with it.

    MODEL is a factory (package.module:function, file.py:function), or a checkpoint: a safetensors file, or a folder
    of shards. Nothing is changed. A fault gives exit code 3, a remark does not. With an example the forward pass says
    what follows each weight; without one that is not judged.

    \b
    headstart audit model.py:build --example 8,512
    headstart audit model.py:build --arg depth=12 --example "input_ids=2,16:int64<50257"
    headstart audit weights.safetensors
    headstart audit model.py:build --lock init.lock.json
    """
    from headstart.cli.output import check_out, put_out

    check_out(out, SUFFIXES)
    locked = None if lock is None else read_json(lock)
    found = _audit(target, arguments, example, locked, trust)
    put_out(found.to_json, found.print_to, found.files, as_json=as_json, out=out)
    if not found.healthy:
        sys.exit(EXIT_FAULT)


def _audit(target: str, arguments: tuple[str, ...], example: str | None, lock: Any, trust: bool) -> Any:
    from headstart.verbs.audit import audit

    if is_checkpoint(target):
        wrong = [name for name, value in (("--arg", arguments), ("--example", example)) if value]
        if wrong:
            raise InputError(f"a checkpoint takes no {wrong[0]}, which is for a factory. Leave it out.")
        return audit(Path(target), lock=lock, trust=trust)
    model = model_of(target, arguments)
    return audit(model, inputs_of(example, model), lock=lock)


def is_checkpoint(text: str) -> bool:
    """Whether what was typed is a file or folder, and not the place of a factory.

    >>> is_checkpoint("weights.safetensors"), is_checkpoint("model.py:build")
    (True, False)
    """
    path = Path(text)
    if path.suffix.lower() in CHECKPOINTS:
        return True
    return path.exists() and ":" not in path.name and path.suffix != ".py"
