"""`headstart report`: what the runs of a study say, as tables, sentences, charts and one HTML page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

SCHEMA = 1


@click.command("report")
@click.argument("store", metavar="STORE")
@click.option(
    "--metric", default="test_accuracy", show_default=True, metavar="NAME",
    help="test_accuracy, train_accuracy, final_cost or steps_to_target.",
)  # fmt: skip
@click.option("--by", default="scheme", show_default=True, metavar="AXES", help="Axes to group by: scheme,depth.")
@click.option("--heat", metavar="X,Y", help="Axes of the heat map.  [the two that vary most]")
@click.option("--where", multiple=True, metavar="AXIS=VALUE", help="Only these runs; may be given several times.")
@click.option("--study", metavar="NAME", help="Only the runs of this study.  [all in the store]")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write report.html, its pictures and the heat map."
)
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON instead of the tables.")
def command(
    store: str, metric: str, by: str, heat: str | None, where: tuple[str, ...], study: str | None, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """What the runs in STORE say: medians with intervals, best settings, and which differences the seeds can tell.

    STORE is the file or the database URL that a sweep wrote to. Axes are data, depth, width, activation, scheme,
    multiplier, sigma_w2, sigma_b, learning_rate, optimizer, batch_size, steps, ...

    \b
    headstart report runs.db
    headstart report runs.db --metric final_cost --by scheme,depth --where activation=tanh
    headstart report runs.db --heat sigma_w2,depth --out pictures
    """
    from headstart.experiments.analysis.summary import summarize
    from headstart.experiments.analysis.views import heat_map

    rows = _rows(store, study)
    if as_json and not rows:
        click.echo(as_json_text([]))
        return
    summary = summarize(rows, metric, _axes(by), where)
    drawn = heat is not None or out is not None or not as_json
    heat_view = heat_map(summary, None if heat is None else _axes(heat)) if drawn else None
    if out is not None:
        from headstart.show.files import check_writable

        check_writable(out)
    if as_json:
        click.echo(as_json_text(list(summary.rows)))
    else:
        _print(summary, heat_view)
    if out is not None:
        from headstart.show.study.report import save_sweep

        click.echo("Drawing ...", err=True)
        for path in save_sweep(summary, heat_view, out).values():
            click.echo(f"wrote {path}", err=True)
    elif not as_json:
        click.echo("Add --out DIR for the report and its pictures.", err=True)


def _rows(store: str, study: str | None) -> list[dict[str, Any]]:
    """The runs of a store, in an order that depends on their settings alone."""
    from headstart.cli.sweep import reported
    from headstart.experiments.sweep import open_rows

    with reported():
        return open_rows(store, study)


def _axes(text: str) -> list[str]:
    """The names in `scheme,depth`."""
    return [name.strip() for name in text.split(",") if name.strip()]


def as_json_text(rows: list[dict[str, Any]]) -> str:
    """One JSON document with a line per run. Numbers that JSON cannot hold are "inf", "-inf" and "nan".

    >>> print(as_json_text([{"id": "a", "final_cost": float("inf")}]))
    {"schema": 1, "rows": [
    {"id": "a", "final_cost": "inf"}
    ]}
    """
    from headstart.words import plain

    if not rows:
        return f'{{"schema": {SCHEMA}, "rows": []}}'
    lines = ",\n".join(json.dumps(plain(row), allow_nan=False) for row in rows)
    return f'{{"schema": {SCHEMA}, "rows": [\n{lines}\n]}}'


def _print(summary: Any, heat: Any) -> None:
    from rich.console import Console

    from headstart.show.study.tables import WIDTH, print_summary

    print_summary(summary, Console(width=None if sys.stdout.isatty() else WIDTH), heat)
