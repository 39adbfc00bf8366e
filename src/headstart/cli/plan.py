"""`headstart plan`: what every parameter of a model would get, and why, before anything is written."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli import completion
from headstart.cli.options import JSON, PATH, out
from headstart.errors import InputError
from headstart.spec import read_number

if TYPE_CHECKING:
    from headstart.plans import Plan as PlanData
    from headstart.verbs.plan import Plan

SUFFIXES = (".json", ".csv", ".png", ".svg", ".pdf", ".html")
EXIT_DIFFERENT = 3
TARGET = click.argument("target", metavar="MODEL")
ARGUMENTS = click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    help="An argument of the factory; may be given several times.",
)
EXAMPLE = click.option(
    "--example", metavar="SHAPES",
    help="Inputs for one forward pass: 8,512 or 'input_ids=2,16:int64<50257'; several with ; between.",
)  # fmt: skip


_PLANNING = (
    ARGUMENTS,
    EXAMPLE,
    click.option(
        "--scheme",
        default="he",
        show_default=True,
        help="For all weights that a scheme is for; gain adapts.",
        shell_complete=completion.schemes,
    ),
    click.option("--rules", type=PATH, metavar="FILE", help="TOML: name, class or role = scheme."),
    click.option("--bias", default="zeros", show_default=True, help="What biases get: a scheme, or keep."),
    click.option(
        "--residual-scale", metavar="NUMBER", help="At the ends of residual branches: a number, or 1/sqrt(2L)."
    ),
    click.option("--only", multiple=True, metavar="PATTERN", help="Only these names, classes or roles."),
    click.option("--frozen", is_flag=True, help="Also parameters that need no gradient."),
    click.option("--strict", is_flag=True, help="Fail if nobody knows what a parameter is for."),
    click.option(
        "--names", metavar="MAP", help="Keys of another library's model: flax, equinox, haiku, keras, transformers."
    ),
)


def planning_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how a model is planned; `planned` takes what they give."""
    for option in reversed(_PLANNING):
        function = option(function)
    return function


@click.command("plan")
@TARGET
@planning_options
@click.option("--diff", "other", type=PATH, metavar="FILE", help="Say what a saved plan does otherwise.")
@click.option("--lock", type=PATH, metavar="FILE", help="Draw the weights, and write their digests.")
@click.option(
    "--as",
    "library",
    metavar="LIBRARY",
    help="Print a program that makes these weights: torch, flax, equinox, keras or numpy.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**64 - 1), help="Of --lock and --as.")
@out("plan.json, .csv, .png, .svg, .pdf, .html")
@JSON
def command(
    target: str, other: Path | None, lock: Path | None, library: str | None, seed: int, out: Path | None,
    as_json: bool, **how: Any,
) -> None:  # fmt: skip
    """Say what every parameter of MODEL would get, and why. Nothing is changed.

    MODEL is where a factory of it is: package.module:function, or file.py:function. With an example the forward pass
    says what follows each weight and where residual branches end; without one the layers alone are read.

    \b
    headstart plan model.py:build --example 8,512
    headstart plan model.py:build --scheme gain --example 8,3,32,32 --json
    headstart plan model.py:build --rules rules.toml --diff plan.json
    headstart plan model.py:build --lock init.lock.json --seed 7
    headstart plan model.py:build --as numpy --seed 7
    """
    from headstart.cli.output import check_out, put_out
    from headstart.verbs.plan import Plan

    check_out(out, SUFFIXES)
    if lock is not None:
        check_out(lock, (".json",))
    if library is not None:
        _check_library(library, other is not None or as_json or out is not None)
    before = None if other is None else Plan.from_json(read_json(other))
    made, model = planned(target, **how)
    if before is not None:
        _print_differences(before, made, as_json)
    elif library is not None:
        click.echo(made.code(library, seed), nl=False)
    else:
        put_out(made.to_json, made.print_to, made.files, as_json=as_json, out=out)
    if lock is not None:
        from headstart.models import adapted, makes_new
        from headstart.show.rows import json_text
        from headstart.show.writing import write

        filled = made.apply(model, seed)
        held = filled if makes_new(adapted(model)[1]) else model
        write({lock: json_text(made.lock(held, seed).to_json()).encode()})
        click.echo(f"wrote {lock}", err=True)


def planned(
    target: str, *, arguments: tuple[str, ...], example: str | None, scheme: str, rules: Path | None, bias: str,
    residual_scale: str | None, only: tuple[str, ...], frozen: bool, strict: bool,
    names: str | None = None,
) -> tuple[Plan, Any]:  # fmt: skip
    """The plan of the model that a factory makes, and the model."""
    from headstart.verbs.plan import plan

    said = {} if rules is None else read_rules(rules)
    model = model_of(target, arguments)
    made = plan(
        model, scheme, inputs_of(example, model), rules=said, bias=bias, residual_scale=_scale(residual_scale),
        only=only or None, frozen=frozen, strict=strict, names=names,
    )  # fmt: skip
    return made, model


def _check_library(library: str, elsewhere: bool) -> None:
    """Refuse a library that no program is for, before a model is built."""
    from headstart.errors import unknown
    from headstart.show.code import LIBRARIES

    if library not in LIBRARIES:
        raise unknown("library", library, LIBRARIES)
    if elsewhere:
        raise InputError("--as prints a program in place of the plan: leave out --diff, --json and --out.")


def model_of(target: str, arguments: tuple[str, ...]) -> Any:
    """The model that a factory makes.

    Raises:
        InputError: there is no such factory, it makes no model, or its library is not installed.
    """
    from headstart.models.factory import build

    return build(target, dict(_argument(text) for text in arguments))


def inputs_of(example: str | None, model: Any) -> Any:
    """The inputs that --example describes, as the model's library has them."""
    if example is None:
        return None
    from headstart.cli.examples import example_of, parse_example

    return example_of(parse_example(example), library_of(model))


def library_of(model: Any) -> str:
    """The library whose arrays a model takes."""
    from headstart.models import adapter_of

    return adapter_of(model).__name__.rpartition(".")[2]


def read_rules(path: Path) -> dict[str, Any]:
    """The rules in a TOML file."""
    text = _text(path, "the rules")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f'{path} is no TOML: {error}. Write lines such as "blocks.*.weight" = "he".') from None


def read_json(path: Path) -> Any:
    """A document that headstart wrote."""
    text = _text(path, "the document")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}.") from None


def _text(path: Path, what: str) -> str:
    """The text of a file or a pipe; devices and what has no end are refused."""
    from headstart.experiments.data.opening import read_file

    try:
        return read_file(path, what).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8: {error}.") from None


def _argument(text: str) -> tuple[str, Any]:
    """NAME=VALUE; a value is a number, true, false, none or JSON where it reads as one, and else a text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InputError(f"--arg has the form NAME=VALUE, got {text!r}. Write, for example, --arg depth=12.")
    words = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
    if value in words:
        return name, words[value]
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _scale(text: str | None) -> Any:
    if text is None or "L" in text:
        return text
    return read_number(text, "--residual-scale")


def _print_differences(before: PlanData, after: PlanData, as_json: bool) -> None:
    """What the model's plan does otherwise than the saved one; the exit code says whether there is anything."""
    found = before.diff(after)
    if as_json:
        from headstart.show.rows import json_text

        rows = [{"name": each.name, "what": each.what, "before": each.before, "after": each.after} for each in found]
        click.echo(json_text({"schema": 1, "differences": rows}))
    else:
        for each in found:
            click.echo(str(each))
        if not found:
            click.echo("no difference")
    if found:
        sys.exit(EXIT_DIFFERENT)
