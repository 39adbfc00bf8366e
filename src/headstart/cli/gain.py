"""`headstart gain`: the moments and gains of an activation, and what each library's rule does to it over depth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli.figure_options import plain_look, plain_look_options
from headstart.cli.former import Command
from headstart.cli.options import JSON, out
from headstart.cli.theory import (
    ACTIVATION,
    DEPTH,
    SEED,
    SIMULATE,
    SUFFIXES,
    WIDTH,
    factor,
    numbers,
    simulated,
    simulation_table,
    theory_files,
)

if TYPE_CHECKING:
    from headstart.show.table import Table
    from headstart.theory.gains import Moments
    from headstart.theory.practices import Practice

SCHEMA = 1


@click.command("gain", cls=Command)
@ACTIVATION
@click.option(
    "--q", "variances", default="0.1,1,4", show_default=True, help="Pre-activation variances, comma-separated."
)
@DEPTH
@JSON
@out("gain.png, .svg, .pdf, .html, .json; with --simulate of the simulation")
@SIMULATE
@WIDTH
@SEED
@plain_look_options
def command(
    activation: str, variances: str, depth: int, as_json: bool, out: Path | None, simulate: bool, width: int, seed: int,
    **options: Any,
) -> None:  # fmt: skip
    """Gaussian moments and gain of ACTIVATION, and what libraries would use.

    ACTIVATION is a spec string: gelu, leaky_relu(0.1), elu(alpha=2).

    The gain keeps the second moment: weights of variance gain²/fan_in turn pre-activations of variance q into
    pre-activations of variance q. "slope" is the variance map's there (above 1 small errors grow by it per layer),
    "χ1" the growth of the squared gradient per layer, and its power that over all layers.
    """
    from headstart.cli.output import check_out, put_out
    from headstart.theory import activation as by_name
    from headstart.theory import moments, practices

    look = plain_look(options, out)
    check_out(out, SUFFIXES)
    phi = by_name(activation)
    points = [moments(phi, q) for q in numbers(variances, "--q")]
    rules = practices(phi, depth)
    signals = _simulated(str(phi), rules, depth, width, seed) if simulate else None

    def document() -> dict[str, Any]:
        return as_data(str(phi), points, rules)

    def printed(screen: Any) -> None:
        from headstart.show.table import print_table

        _print(screen, str(phi), points, rules, depth)
        if signals is not None:
            print_table(simulation_table(signals), screen)

    def chart(across: float | None, down: float | None) -> Any:
        from headstart.show.theory.gain import gain_chart
        from headstart.show.theory.signal import signal_chart

        if signals is None:
            return gain_chart(str(phi), across, down)
        return signal_chart(signals, str(phi), width, across, down, look.letters)

    put_out(document, printed, lambda: theory_files(chart, document, look), as_json=as_json, out=out)


def as_data(name: str, points: list[Moments], rules: dict[str, Practice]) -> dict[str, Any]:
    """The same numbers as the tables, for --json."""
    return {
        "schema": SCHEMA,
        "activation": name,
        "points": [
            {
                "q": at.q,
                "mean": at.mean,
                "second_moment": at.second_moment,
                "derivative_second_moment": at.derivative_second_moment,
                "gain_forward": at.gain_forward,
                "gain_backward": at.gain_backward,
                "variance_slope": at.variance_slope,
                "chi_1": at.chi_1,
            }
            for at in points
        ],
        "frameworks": {name: asdict(rule) for name, rule in rules.items()},
    }


def _print(screen: Any, name: str, points: list[Moments], rules: dict[str, Practice], depth: int) -> None:
    from headstart.show.console import print_text
    from headstart.show.table import print_table
    from headstart.theory import recommend

    print_table(_moments_table(name, points, depth), screen)
    print_table(_rules_table(rules, depth), screen)
    first, *others = f"Recommended for {recommend(name, depth)}".splitlines()
    print_text(screen, first, bold="Recommended")
    for line in others:
        print_text(screen, line)


def _moments_table(name: str, points: list[Moments], depth: int) -> Table:
    from headstart.show.table import Column, Table
    from headstart.theory.passage import power

    titles = ("q", "E[φ]", "E[φ²]", "E[φ'²]", "gain", "backward", "slope", "stability", "χ1", f"χ1^{depth}")
    rows = []
    for at in points:
        shown = (at.mean, at.second_moment, at.derivative_second_moment, at.gain_forward, at.gain_backward)
        rows.append(
            (f"{at.q:g}", *(f"{value:.5g}" for value in shown), f"{at.variance_slope:.4f}", at.stability,
             f"{at.chi_1:.4f}", factor(power(at.chi_1, depth)))
        )  # fmt: skip
    ranks = {"E[φ]": 4, "E[φ²]": 3, "E[φ'²]": 3, "stability": 2}
    columns = (Column(title, "left" if title == "stability" else "right", rank=ranks.get(title, 1)) for title in titles)
    return Table(f"{name}: Gaussian moments and gain", tuple(columns), tuple(rows))


def _rules_table(rules: dict[str, Practice], depth: int) -> Table:
    from headstart.show.table import Column, Table

    rows = [
        (
            name,
            "–" if rule.weight_variance is None else f"{rule.weight_variance:.4g}",
            factor(rule.forward_factor),
            factor(rule.backward_factor),
            rule.words,
        )
        for name, rule in rules.items()
    ]
    columns = (
        Column("rule", "left"), Column("n·Var(w)"), Column("variance"), Column("squared gradient"),
        Column("in words", "left", kind="prose", rank=2),
    )  # fmt: skip
    return Table(f"What libraries would use, over {depth} layers from variance 1", columns, tuple(rows))


def _simulated(name: str, rules: dict[str, Practice], depth: int, width: int, seed: int) -> Any:
    """Prediction and simulation of every different rule."""
    places = {rule.weight_variance: label for label, rule in reversed(rules.items()) if rule.weight_variance}
    return simulated(name, [(label, w2, 0.0) for w2, label in reversed(places.items())], depth, width, seed)
