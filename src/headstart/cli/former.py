"""Options by other names: what an option was called before, or is called in other commands and other programs.

Whoever writes one of them is told what it is called here; nothing is guessed and run.
"""

from __future__ import annotations

from typing import Any

import click

# an option by another name -> the ones that mean the same, of which a command has one or none
NAMES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("--chart", "--plot", "--picture", "--html", "--png", "--svg", "--pdf", "--output", "--save", "--report",
     "--out-dir", "--dir", "-o"): ("--out",),
    ("--format", "--as-json"): ("--json",),
    ("--threads", "--workers", "--jobs", "--n-jobs", "--n-workers", "--processes", "--cores", "--cpus", "-j"):
        ("--threads", "--workers"),
    ("--seed", "--seeds", "--runs", "--n-seeds", "--repeats", "--replicates"): ("--seeds", "--seed"),
    ("--store", "--storage", "--database", "--db", "--resume"): ("--store", "--storage"),
    ("--lr", "--rate", "--eta"): ("--learning-rate",),
    ("--epochs", "--iterations", "--n-steps", "--updates"): ("--steps",),
    ("--n-trials", "--budget"): ("--trials",),
    ("--batch", "--minibatch"): ("--batch-size",),
    ("--layers", "--width", "--widths", "--units", "--sizes"): ("--hidden", "--width"),
    ("--act", "--nonlinearity", "--phi"): ("--activation",),
    ("--dataset", "--file", "--input"): ("--data",),
    ("--target-column", "--class", "--y"): ("--label",),
    ("--optim", "--optimiser"): ("--optimizer",),
    ("--precision",): ("--dtype",),
    ("--axes", "--factors", "--params"): ("--over", "--by"),
    ("--objective", "--score", "--measure"): ("--metric",),
    ("--filter", "--only"): ("--where",),
    ("--cluster", "--dask", "--address"): ("--scheduler",),
    ("--force", "--many", "-y"): ("--yes",),
    ("--init", "--schemes", "--initializer"): ("--scheme",),
    ("--tune-lr", "--own-rates"): ("--tune-learning-rate",),
}  # fmt: skip
BEFORE = ("--chart",)  # an older headstart's own
ARGUMENTS = {"--scheme": "SCHEME", "--data": "FILE", "--store": "STORE", "--activation": "ACTIVATION"}


class Command(click.Command):
    """A command that knows its options by other names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            hint = hint_for(error.option_name, self)
            if hint is None:
                raise
            said = f"No such option: {error.option_name}. {hint}"
            raise click.NoSuchOption(error.option_name, said, ctx=ctx) from None


def hint_for(name: str, command: click.Command) -> str | None:
    """What an option that a command does not have is called there; None where nothing is known of it."""
    has = {option: parameter for parameter in command.params for option in parameter.opts}
    same = [here for others, names in NAMES.items() if name in others or name in names for here in names]
    for here in dict.fromkeys(same):
        if here in has and here != name:
            return f"{f'{name} is now' if name in BEFORE else 'Here it is'} {here}{_value(has[here])}."
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    for here in dict.fromkeys([*same, name]):
        for argument in arguments:
            if here in ARGUMENTS and ARGUMENTS[here] in argument.make_metavar(click.Context(command)):
                return f"Here it is an argument: {argument.make_metavar(click.Context(command))}."
    return None


def _value(parameter: Any) -> str:
    """How the option's value is called in --help."""
    if parameter.is_flag:
        return ""
    return f" {parameter.metavar or parameter.type.name.upper()}"
