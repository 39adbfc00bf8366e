"""`headstart report`: what the runs of a study say, as tables, sentences, charts and one HTML page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli.figure_options import PLAIN, plain_look, plain_look_options
from headstart.cli.former import Command
from headstart.cli.options import JSON, STORE_HELP, names, out
from headstart.errors import InputError, unknown
from headstart.experiments.columns import FACTORS, METRIC_COLUMNS
from headstart.words import listed

if TYPE_CHECKING:
    from headstart.show.files import Files

SCHEMA = 1
HINT = "the report and its pictures"
FIGURE_SUFFIXES = (".png", ".svg", ".pdf", ".html")
SUFFIXES = (".html", ".png", ".svg", ".pdf", ".json", ".csv", ".parquet")


HELP = f"""What the runs in STORE say: medians with intervals, best settings, and which differences the seeds can tell.

STORE is what a sweep wrote to. {STORE_HELP} Factors are {listed(FACTORS)}. Or it is what hs.watch wrote: then signal
and gradient of each layer are told over the steps of the training, and only --out and --json apply.

\b
headstart report runs.db
headstart report runs.db --metric final_cost --by scheme,depth --where activation=tanh
headstart report runs.db --heat sigma_w2,depth --out pictures
headstart report runs.db --figure versus --theme slide --size 16x9cm --out versus.pdf
headstart report watch.jsonl --out watch.html
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
@click.option("--figure", metavar="NAME", help="Write one instead of the report: curves, versus or heat.")
@plain_look_options
@out("report.html, .png, .svg, .pdf, .json, .csv, .parquet")
@JSON
def command(
    store: str, metric: str, by: str, heat: str | None, where: tuple[str, ...], study: str | None, out: Path | None,
    as_json: bool, figure: str | None, **options: Any,
) -> None:  # fmt: skip
    """Print, and on request draw, what the runs of a store say."""
    from headstart.cli.output import check_out, put_out
    from headstart.cli.streams import say

    look = plain_look(options, out)
    if figure is not None:
        _see_it_is_known(figure, out)
    check_out(out, SUFFIXES if figure is None else FIGURE_SUFFIXES)
    if _is_watched(store):
        _report_watched(store, out, as_json)
        return
    from headstart.verbs.study import report_of

    over = None if heat is None else names(heat)
    report = report_of(store, study, metric=metric, by=names(by), heat=over, where=where)

    def files() -> Files:
        say("Drawing ...")
        return report.files(look) if figure is None else report.figure(figure, **asdict(look)).files()

    put_out(
        lambda: {"schema": SCHEMA, "rows": report.chosen}, report.print_to, files, as_json=as_json, out=out, hint=HINT,
        written_as=as_json_text,
    )  # fmt: skip


def _see_it_is_known(figure: str, out: Path | None) -> None:
    """Refuse a figure that there is not, or that has no place, before anything is read."""
    from headstart.show.study.report import CHARTS

    if figure not in CHARTS:
        raise unknown("chart", figure, CHARTS)
    if out is None:
        raise InputError("a figure is a file, and no place was given. Write --out figure.png.")


def _is_watched(store: str) -> bool:
    """Whether this is no store but a file that hs.watch wrote."""
    if "://" in store or "\0" in store or not Path(store).is_file():
        return False
    from headstart.verbs.watched import is_watched

    return is_watched(store)


def _report_watched(path: str, out: Path | None, as_json: bool) -> None:
    from headstart.cli.output import put_out
    from headstart.verbs.watched import read_watched

    context = click.get_current_context()
    for name in ("metric", "by", "heat", "where", "study", "figure", *PLAIN):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise InputError(f"{option} is for the runs of a sweep, and {path!r} is a watched training. Leave it out.")
    found = read_watched(path)
    put_out(found.to_json, found.print_to, found.files, as_json=as_json, out=out, hint=HINT)


def as_json_text(document: Mapping[str, Any]) -> str:
    """One JSON document with a line per run. Numbers that JSON cannot hold are "inf", "-inf" and "nan".

    >>> print(as_json_text({"schema": 1, "rows": [{"id": "a", "final_cost": float("inf")}], "files": {}}))
    {"schema": 1, "files": {}, "rows": [
    {"id": "a", "final_cost": "inf"}
    ]}
    """
    from headstart.words import plain

    head = json.dumps({key: value for key, value in document.items() if key != "rows"})[:-1]
    rows = document["rows"]
    if not rows:
        return f'{head}, "rows": []}}'
    lines = ",\n".join(json.dumps(plain(row), allow_nan=False) for row in rows)
    return f'{head}, "rows": [\n{lines}\n]}}'
