"""`headstart phase`: the phase diagram of an activation in weight and bias variance, with the named schemes marked."""

from __future__ import annotations

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
    simulated,
    simulation_table,
    theory_files,
)
from headstart.words import number

if TYPE_CHECKING:
    from headstart.show.table import Table
    from headstart.theory.phasediagram import Mark, PhaseDiagram

SCHEMA = 1


@click.command("phase", cls=Command)
@ACTIVATION
@out("phase.png, .svg, .pdf, .html, .json; with --simulate of the simulation")
@click.option("--max-w", type=float, help="Largest weight variance on the axis (times fan_in).")
@click.option("--max-b", type=float, help="Largest bias variance on the axis.")
@DEPTH
@JSON
@SIMULATE
@WIDTH
@SEED
@plain_look_options
def command(
    activation: str,
    out: Path | None,
    max_w: float | None,
    max_b: float | None,
    depth: int,
    as_json: bool,
    simulate: bool,
    width: int,
    seed: int,
    **options: Any,
) -> None:
    """Phase diagram of ACTIVATION: ordered (gradients vanish), chaotic (they explode), critical in between.

    The plane is that of weight variance (times fan_in) and bias variance; named schemes are marked on it. With
    --simulate the schemes' predicted variance and squared gradient are set beside those of real networks, and --out
    draws that.
    """
    from headstart.cli.output import check_out, put_out
    from headstart.theory import activation as by_name
    from headstart.theory.phasediagram import phase_diagram

    look = plain_look(options, out)
    check_out(out, SUFFIXES)
    diagram = phase_diagram(by_name(activation), max_w, max_b)
    rows = [_row(diagram.activation, mark) for mark in diagram.marks]
    places = [(mark.name, mark.sigma_w2, mark.sigma_b2) for mark in diagram.marks]
    signals = simulated(diagram.activation, places, depth, width, seed) if simulate else None

    def document() -> dict[str, Any]:
        return as_data(diagram, rows)

    def printed(screen: Any) -> None:
        from headstart.show.table import print_table

        _print(screen, diagram, rows)
        if signals is not None:
            print_table(simulation_table(signals), screen)

    def chart(across: float | None, down: float | None) -> Any:
        from headstart.show.theory.phase import phase_chart
        from headstart.show.theory.signal import signal_chart

        if signals is None:
            return phase_chart(diagram, across, down)
        return signal_chart(signals, diagram.activation, width, across, down, look.letters)

    put_out(document, printed, lambda: theory_files(chart, document, look), as_json=as_json, out=out)


def as_data(diagram: PhaseDiagram, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The marked schemes and the critical line, for --json."""
    keys = ("sigma_w2", "sigma_b2", "q")
    return {
        "schema": SCHEMA,
        "activation": diagram.activation,
        "schemes": rows,
        "critical_line": [{key: getattr(point, key) for key in keys} for point in diagram.line],
    }


def _row(activation: str, mark: Mark) -> dict[str, Any]:
    """One scheme: where it is, where it settles, and how far signals reach."""
    from headstart.theory import NoFixedPoint, depth_scale

    row: dict[str, Any] = {"scheme": mark.name, "sigma_w2": mark.sigma_w2, "sigma_b2": mark.sigma_b2}
    try:
        at = depth_scale(activation, mark.sigma_w2, mark.sigma_b2, mark.start)
    except NoFixedPoint:
        return {**row, "phase": "unbounded", "q": None, "chi_1": None, "c_star": None, "xi_q": None, "xi_c": None}
    found = {"phase": at.phase, "q": at.q, "chi_1": at.chi_1, "c_star": at.c_star, "xi_q": at.xi_q, "xi_c": at.xi_c}
    return {**row, **found}


def _print(screen: Any, diagram: PhaseDiagram, rows: list[dict[str, Any]]) -> None:
    from headstart.show.console import print_text
    from headstart.show.table import print_table

    print_table(_table(diagram, rows), screen)
    print_text(screen, "Networks up to about 6 ξ_c layers deep can be trained (Schoenholz et al. 2017).")
    if not diagram.line:
        print_text(screen, "No critical line in this range: see headstart.theory.critical for the reason.")


def _table(diagram: PhaseDiagram, rows: list[dict[str, Any]]) -> Table:
    from headstart.show.table import Column, Table

    columns = (
        Column("scheme", "left"), Column("n·Var(w)"), Column("Var(b)", rank=3), Column("phase", "left"),
        Column("q*", rank=2), Column("χ1"), Column("c*", rank=2), Column("ξ_q", rank=2), Column("ξ_c"),
    )  # fmt: skip
    cells = []
    for row in rows:
        found = (row["q"], row["chi_1"], row["c_star"], row["xi_q"], row["xi_c"])
        numbers = ("–" if value is None else number(value) for value in found)
        cells.append((row["scheme"], f"{row['sigma_w2']:.4g}", f"{row['sigma_b2']:.4g}", row["phase"], *numbers))
    return Table(f"{diagram.activation}: where named schemes are", columns, tuple(cells))
