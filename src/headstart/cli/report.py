"""`headstart report`: what the runs of a study say, as tables, sentences, charts and one HTML page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from headstart.cli.former import Command
from headstart.cli.options import JSON, STORE_HELP, names, out
from headstart.experiments.columns import FACTORS, METRIC_COLUMNS
from headstart.words import listed

SCHEMA = 1
SUFFIXES = (".html", ".png", ".svg", ".pdf", ".json", ".csv")


HELP = f"""What the runs in STORE say: medians with intervals, best settings, and which differences the seeds can tell.

STORE is what a sweep wrote to. {STORE_HELP} Factors are {listed(FACTORS)}.

\b
headstart report runs.db
headstart report runs.db --metric final_cost --by scheme,depth --where activation=tanh
headstart report runs.db --heat sigma_w2,depth --out pictures
"""


@click.command("report", cls=Command, help=HELP)
@click.argument("store", metavar="STORE")
@click.option(
    "--metric", default="test_accuracy", show_default=True, metavar="NAME",
    help=f"{listed((column.name for column in METRIC_COLUMNS), 'or')}.",
)  # fmt: skip
@click.option("--by", default="scheme", show_default=True, metavar="FACTORS", help="Factors to group by: scheme,depth.")
@click.option("--heat", metavar="X,Y", help="Factors of the heat map.  [the two that vary most]")
@click.option("--where", multiple=True, metavar="FACTOR=VALUE", help="Only these runs; may be given several times.")
@click.option("--study", metavar="NAME", help="Only the runs of this study.  [all in the store]")
@out("report.html, .png, .svg, .pdf, .json, .csv")
@JSON
def command(
    store: str, metric: str, by: str, heat: str | None, where: tuple[str, ...], study: str | None, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Print, and on request draw, what the runs of a store say."""
    from headstart.cli.output import check_out
    from headstart.show.console import console
    from headstart.verbs.study import report_of

    check_out(out, SUFFIXES)
    over = None if heat is None else names(heat)
    report = report_of(store, study, metric=metric, by=names(by), heat=over, where=where)
    if as_json:
        click.echo(as_json_text(report.chosen))
    else:
        report.print_to(console())
    if out is not None:
        click.echo("Drawing ...", err=True)
        for path in report.save(out).values():
            click.echo(f"wrote {path}", err=True)
    elif not as_json:
        click.echo("Add --out PATH for the report and its pictures.", err=True)


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
