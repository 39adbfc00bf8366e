"""`headstart audit`: what every parameter of a model or checkpoint holds, and what is wrong with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from headstart.cli.options import JSON, out
from headstart.errors import InputError

EXIT_FAULT = 3
SUFFIXES = (".json", ".csv", ".html", ".png", ".svg", ".pdf")


@click.command("audit")
@click.argument("model", metavar="MODEL")
@click.option("--arg", "arguments", multiple=True, metavar="KEY=VALUE", help="An argument for the factory; repeatable.")
@click.option("--example", metavar="SIZES", help="Inputs for one forward pass: 8,512, or ids=2,16:int64<50257.")
@click.option("--trust", is_flag=True, help="Allow a pickled checkpoint, whose code is run by reading it.")
@JSON
@out("audit.json, .csv, .html, .png, .svg, .pdf")
def command(
    model: str, arguments: tuple[str, ...], example: str | None, trust: bool, as_json: bool, out: Path | None
) -> None:
    """Say what every parameter of MODEL holds, which recipes it fits, and what is wrong with it.

    MODEL is a factory (package.module:function, file.py:function), or a checkpoint: a safetensors file, or a folder
    of shards. Nothing is changed. A fault gives exit code 3, a remark does not.

    \b
    headstart audit model.py:build --example 8,512
    headstart audit package.module:Model --arg depth=12 --example "input_ids=2,16:int64<50257"
    headstart audit weights.safetensors
    """
    from headstart.cli.output import check_out, put_out

    check_out(out, SUFFIXES)
    found = _audit(model, arguments, example, trust)
    put_out(found.to_json, found.print_to, found.files, as_json=as_json, out=out)
    if not found.healthy:
        sys.exit(EXIT_FAULT)


def _audit(model: str, arguments: tuple[str, ...], example: str | None, trust: bool) -> Any:
    from headstart.cli.examples import example_of, parse_example
    from headstart.verbs.audit import audit

    given = dict(map(argument, arguments))
    if is_checkpoint(model):
        wrong = [name for name, value in (("--arg", arguments), ("--example", example)) if value]
        if wrong:
            raise InputError(f"a checkpoint takes no {wrong[0]}, which is for a factory. Leave it out.")
        return audit(Path(model), trust=trust)
    wanted = parse_example(example) if example else None
    try:
        from headstart.models.torch.factory import build
    except ModuleNotFoundError as error:
        raise InputError(f"a factory's model needs PyTorch: {error}. Install headstart[torch].") from None
    made = build(model, given)
    return audit(made, example_of(wanted) if wanted else None)


def is_checkpoint(text: str) -> bool:
    """Whether what was typed is a file or folder, and not the place of a factory.

    >>> is_checkpoint("weights.safetensors"), is_checkpoint("model.py:build")
    (True, False)
    """
    path = Path(text)
    if path.suffix.lower() in (".safetensors", ".json", ".pt", ".pth", ".bin", ".ckpt"):
        return True
    return path.exists() and ":" not in path.name and path.suffix != ".py"


def argument(text: str) -> tuple[str, Any]:
    """A factory's argument: a number, true, false, null or a list as JSON writes it; anything else is a string.

    >>> argument("depth=12"), argument("name=small"), argument("sizes=[1, 2]")
    (('depth', 12), ('name', 'small'), ('sizes', [1, 2]))

    Raises:
        InputError: it is no KEY=VALUE.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise InputError(f"an argument of the factory is KEY=VALUE, got {text!r}. Write, for example, --arg depth=12.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
