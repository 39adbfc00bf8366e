"""Options that several commands have, said once: what is learned by which network, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from headstart.errors import InputError

Function = Callable[..., Any]
PROBLEM = (
    click.option(
        "--data", metavar="NAME|FILE.csv",
        help="circles, moons, blobs(4), xor, spirals, digits, or a CSV file.  [circles]",
    ),
    click.option("--label", metavar="COLUMN", help="The label column of a CSV file.  [its last]"),
    click.option("--hidden", metavar="SIZES", help="Units per hidden layer.  [10,5]"),
    click.option("--activation", metavar="NAME", help="relu, tanh, sigmoid, leaky_relu(0.1), gelu, ...  [relu]"),
)  # fmt: skip
TRAINING = (
    click.option("--optimizer", metavar="NAME", help="sgd, momentum(0.9), nesterov(0.9), adam.  [sgd]"),
    click.option("--batch-size", type=int, help="Samples per step.  [all]"),
    click.option("--dtype", type=click.Choice(["float32", "float64"]), help="[float32]"),
)


def problem(function: Function) -> Function:
    """--data, --label, --hidden, --activation."""
    return _with(PROBLEM, function)


def training(function: Function) -> Function:
    """--optimizer, --batch-size, --dtype."""
    return _with(TRAINING, function)


def _with(options: tuple[Callable[[Function], Function], ...], function: Function) -> Function:
    for option in reversed(options):  # the last decorator applied is the first in --help
        function = option(function)
    return function


def hidden_sizes(text: str) -> tuple[int, ...]:
    """The sizes in `10,5`.

    >>> hidden_sizes("10,5")
    (10, 5)
    >>> hidden_sizes("10,,5")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: hidden sizes are whole numbers of at least 1 with commas between, got '10,,5'. ...
    """
    try:
        sizes = tuple(int(item) for item in text.split(","))
    except ValueError:
        sizes = (0,)
    if any(size < 1 for size in sizes):
        raise InputError(
            f"hidden sizes are whole numbers of at least 1 with commas between, got {text!r}. Write, for example, 10,5."
        )
    return sizes
