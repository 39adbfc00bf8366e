"""`headstart gain`: the moments and gains of an activation, and what each library's rule does to it over depth."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from headstart.cli.theory import (
    ACTIVATION,
    DEPTH,
    JSON,
    SEED,
    SIMULATE,
    WIDTH,
    check_out,
    console,
    factor,
    finite,
    numbers,
    simulated,
    simulation_table,
    table,
)

if TYPE_CHECKING:
    from headstart.theory.gains import Moments
    from headstart.theory.practices import Practice

SCHEMA = 1


@click.command("gain")
@ACTIVATION
@click.option(
    "--q", "variances", default="0.1,1,4", show_default=True, help="Pre-activation variances, comma-separated."
)
@DEPTH
@JSON
@click.option("--out", help="Draw the gain curve (or the simulation): a .png, .svg, .pdf or .html file.")
@SIMULATE
@WIDTH
@SEED
def command(
    activation: str, variances: str, depth: int, as_json: bool, out: str | None, simulate: bool, width: int, seed: int
) -> None:
    """Gaussian moments and gain of ACTIVATION, and what libraries would use.

    ACTIVATION is a spec string: gelu, leaky_relu(0.1), elu(alpha=2).

    The gain keeps the second moment: weights of variance gain²/fan_in turn pre-activations of variance q into
    pre-activations of variance q. "slope" is the variance map's there (above 1 small errors grow by it per layer),
    "χ1" the growth of the squared gradient per layer, and its power that over all layers.
    """
    from headstart.theory import activation as by_name
    from headstart.theory import moments, practices

    target = check_out(out)
    phi = by_name(activation)
    points = [moments(phi, q) for q in numbers(variances, "--q")]
    rules = practices(phi, depth)
    if as_json:
        click.echo(json.dumps(as_data(str(phi), points, rules), indent=2))
    else:
        _print(str(phi), points, rules, depth)
    if simulate or target is not None:
        _simulate_and_draw(str(phi), rules, depth, width, seed, simulate, as_json, target)


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
        "frameworks": {
            name: {key: value if isinstance(value, str) else finite(value) for key, value in asdict(rule).items()}
            for name, rule in rules.items()
        },
    }


def _print(name: str, points: list[Moments], rules: dict[str, Practice], depth: int) -> None:
    from headstart.theory import recommend

    screen = console()
    titles = ("q", "E[φ]", "E[φ²]", "E[φ'²]", "gain", "backward", "slope", "χ1", f"χ1^{depth}")
    moments_table = table(
        f"{name}: Gaussian moments and gain", [(title, "right") for title in titles], screen.width >= 100
    )
    for at in points:
        shown = (at.mean, at.second_moment, at.derivative_second_moment, at.gain_forward, at.gain_backward)
        slope = f"{at.variance_slope:.4f} {at.stability}"
        growth = factor(_power(at.chi_1, depth))
        moments_table.add_row(f"{at.q:g}", *(f"{value:.5g}" for value in shown), slope, f"{at.chi_1:.4f}", growth)
    screen.print(moments_table)
    rules_table = table(
        f"What libraries would use, over {depth} layers from variance 1",
        [("rule", "left"), ("n·Var(w)", "right"), ("signal", "right"), ("gradient", "right"), ("in words", "left")],
        wide=True,
    )
    for rule_name, rule in rules.items():
        variance = "–" if rule.weight_variance is None else f"{rule.weight_variance:.4g}"
        rules_table.add_row(rule_name, variance, factor(rule.forward_factor), factor(rule.backward_factor), rule.words)
    screen.print(rules_table)
    screen.print(f"[bold]Recommended[/bold] for {recommend(name, depth)}", highlight=False)


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return float("inf")


def _simulate_and_draw(
    name: str, rules: dict[str, Practice], depth: int, width: int, seed: int, simulate: bool, as_json: bool, target: Any
) -> None:
    from headstart.show.save import save_chart

    if not simulate:
        from headstart.show.theory.gain import gain_chart

        chart = gain_chart(name)
    else:
        from headstart.show.theory.signal import signal_chart

        places = {rule.weight_variance: label for label, rule in reversed(rules.items()) if rule.weight_variance}
        signals = simulated(name, [(label, w2, 0.0) for w2, label in reversed(places.items())], depth, width, seed)
        console(stderr=as_json).print(simulation_table(signals))
        chart = signal_chart(signals, name, width) if target is not None else None
    if target is not None:
        save_chart(chart, target)
        click.echo(f"wrote {target}", err=True)
