"""`headstart probe`: where the signal and the gradient of a model go, and what to change."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from headstart.cli.options import JSON, PATH, out
from headstart.cli.plan import ARGUMENTS, library_of, model_of, read_json
from headstart.errors import InputError

EXIT_FAULT = 3
SUFFIXES = (".json", ".csv", ".html", ".png", ".svg", ".pdf")
QUIET_SECONDS = 1.0
LOSSES = ("cross_entropy", "mse")


@click.command("probe")
@click.argument("target", metavar="MODEL")
@ARGUMENTS
@click.option(
    "--input", "inputs", metavar="SHAPES",
    help="What the model takes: 64,512 or 'input_ids=8,64:int64<50257'; several with ; between.  [required]",
)  # fmt: skip
@click.option("--loss", type=click.Choice(LOSSES), help="What the gradient is of.  [a random projection of the output]")
@click.option("--target", "goal", metavar="SHAPE", help="What the loss compares with: 64,10 or '64:int64<10'.")
@click.option(
    "--learning-rate", type=float, metavar="NUMBER", help="Tell how far a step of this size moves each weight."
)
@click.option(
    "--draws", type=click.IntRange(1), default=1, show_default=True, help="Draw the weights so often from --plan."
)
@click.option("--plan", type=PATH, metavar="FILE", help="A plan that headstart plan --out saved as JSON.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**64 - 1), help="Of draws and projection."
)
@click.option("--jacobian", default=0, type=click.IntRange(0), help="So many singular values of outputs by inputs.")
@click.option("--eval", "evaluation", is_flag=True, help="Run it in evaluation mode: no dropout, stored statistics.")
@click.option("--predict-only", is_flag=True, help="Theory alone, nothing is run: for models on the meta device.")
@click.option("--fix", is_flag=True, help="Try the remedy on a copy, and tell before and after.")
@click.option("--html", type=PATH, metavar="FILE", help="Write the page.")
@out("probe.json, .csv, .html, .png, .svg, .pdf")
@JSON
def command(
    target: str, arguments: tuple[str, ...], inputs: str | None, loss: str | None, goal: str | None,
    learning_rate: float | None, draws: int, plan: Path | None, seed: int, jacobian: int, evaluation: bool,
    predict_only: bool, fix: bool, html: Path | None, out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Run MODEL once forward and back, and say where signal and gradient go, what theory says, and what to change.

    MODEL is where a factory of it is: package.module:function, or file.py:function; of a function over JAX it gives
    (function, params). Inputs are standard normal, or
    whole numbers below a limit. Nothing is changed. A fault gives exit code 3, a remark does not.

    \b
    headstart probe model.py:build --input 64,512
    headstart probe model.py:build --input 64,512 --loss mse --target 64,512 --html probe.html
    headstart probe model.py:build --input "input_ids=8,64:int64<50257" --fix
    headstart probe model.py:build --input 1,4096 --predict-only
    """
    from headstart.cli.output import check_out, put_out

    check_out(out, SUFFIXES)
    if html is not None:
        _check_html(html)
    _check(inputs, loss, goal, predict_only, fix)
    how: dict[str, Any] = {
        "loss": loss, "draws": draws, "seed": seed, "learning_rate": learning_rate, "jacobian": jacobian,
        "predict_only": predict_only, "plan": _plan(plan),
    }  # fmt: skip
    with _told_after(QUIET_SECONDS, "Building the model and running it ..."):
        found = _probe(target, arguments, inputs, goal, evaluation, how)
        tried = found.try_fix() if fix and not found.healthy else None
    if html is not None:
        found.report(html)
        click.echo(f"wrote {html}", err=True)

    def document() -> dict[str, Any]:
        return {**found.to_json(), **({"fix": None if tried is None else tried.to_json()} if fix else {})}

    def printed(console: Any) -> None:
        found.print_to(console)
        if fix:
            _print_fix(console, tried, found.healthy)

    put_out(document, printed, found.files, as_json=as_json, out=out)
    if not found.healthy:
        sys.exit(EXIT_FAULT)


def _print_fix(console: Any, tried: Any, healthy: bool) -> None:
    from headstart.show.console import print_text

    console.print()
    if tried is not None:
        print_text(console, str(tried))
    elif healthy:
        print_text(console, "Nothing is wrong: no remedy was tried.")
    else:
        print_text(console, "No change of the weights was found that helps.")


def _check(inputs: str | None, loss: str | None, goal: str | None, predict_only: bool, fix: bool) -> None:
    """What options need of one another, before the model is made."""
    if inputs is None:
        raise InputError("a probe runs the model on inputs. Write, for example, --input 64,512.")
    if loss is not None and goal is None:
        raise InputError(f"--loss {loss} compares with a target. Write, for example, --target 64,10.")
    if loss is None and goal is not None:
        raise InputError(f"--target {goal} is for a loss. Write --loss mse or --loss cross_entropy too.")
    if predict_only and fix:
        raise InputError("--fix measures before and after, which --predict-only does not. Leave one of them out.")


def _check_html(path: Path) -> None:
    from headstart.cli.output import check_out

    if path.suffix.lower() != ".html":
        raise InputError(f"--html writes one .html file, got {str(path)!r}. Write, for example, probe.html.")
    check_out(path, (".html",))


def _plan(path: Path | None) -> Any:
    if path is None:
        return None
    from headstart.verbs.plan import Plan

    return Plan.from_json(read_json(path))


def _probe(
    target: str, arguments: tuple[str, ...], inputs: str | None, goal: str | None, evaluation: bool, how: dict[str, Any]
) -> Any:
    from headstart.cli.examples import example_of, parse_example
    from headstart.verbs.probe import probe

    wanted = parse_example(inputs or "")
    aim = None if goal is None else parse_example(goal)
    if aim is not None and (len(aim) != 1 or aim[0].name):
        raise InputError(f"a target is one array without a name, got {goal!r}. Write, for example, --target 64,10.")
    model = model_of(target, arguments)
    library = library_of(model)
    given = example_of(wanted, library)
    if aim is not None:
        how = {**how, "target": example_of(aim, library)[0]}
    if evaluation:
        model = _evaluating(target, model)
    if library == "torch" and any(parameter.is_meta for parameter in model.parameters()):
        given = _on_meta(given)
    if isinstance(given, dict):
        return probe(model, **given, **how)
    return probe(model, *given, **how)


def _evaluating(target: str, model: Any) -> Any:
    """The model in evaluation mode."""
    if callable(getattr(model, "eval", None)):
        model.eval()
        return model
    equinox = sys.modules.get("equinox")
    if equinox is not None and isinstance(model, equinox.Module):
        return equinox.nn.inference_mode(model)
    raise InputError(
        f"--eval is for modules that have a mode, and {target} gives a {type(model).__name__}. Let it give a function "
        "that evaluates."
    )


def _on_meta(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: each.to("meta") for name, each in given.items()}
    return tuple(each.to("meta") for each in given)


@contextmanager
def _told_after(seconds: float, words: str) -> Iterator[None]:
    """Say what is being done, if it takes so long."""
    timer = threading.Timer(seconds, lambda: click.echo(words, err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
