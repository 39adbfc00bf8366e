"""Study: many runs from one file or a few keys, kept in a store, run, looked at, reported."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments.analysis.summary import Summary, summarize
from headstart.experiments.store import Store
from headstart.experiments.sweep.settings import read_study, study_settings
from headstart.experiments.sweep.stored import open_rows
from headstart.experiments.sweep.study import Sweep
from headstart.verbs.command import option_words
from headstart.verbs.result import Result
from headstart.words import count

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.figure.look import Look
    from headstart.show.figure.plain import PlainFigure
    from headstart.show.files import Files
    from headstart.show.study.report import StudyView

MEMORY = "sqlite://"
Row = dict[str, Any]


class StudyReport(Result):
    """What a study's finished runs say, judged by one metric: tables, sentences, charts, a page.

    Args:
        rows: one per run.
        metric: test_accuracy, train_accuracy, final_cost or steps_to_target.
        by: the factors of the table of medians; schemes are compared within each value of the others among them.
        heat: the two factors of the heat map; None for those that vary most.
        where: filters `factor=value`.
        words: of the command that says the same; none where there is no store on disk.

    Raises:
        InputError: when it is looked at: no runs, an unknown metric or factor, or a filter that no run meets.
    """

    def __init__(
        self, rows: Sequence[Row], metric: str = "test_accuracy", by: Sequence[str] = ("scheme",),
        heat: Sequence[str] | None = None, where: Iterable[str] = (), words: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.rows, self.metric, self.by, self.heat, self.where = list(rows), metric, by, heat, tuple(where)
        self.words = list(words)

    @cached_property
    def summary(self) -> Summary:
        """Medians per group, each scheme at its best settings, and which schemes differ, as data."""
        return summarize(self.rows, self.metric, self.by, self.where)

    @cached_property
    def _view(self) -> StudyView:
        from headstart.experiments.analysis.views import heat_map
        from headstart.show.study.report import StudyView
        from headstart.web.study import study_part

        heat = heat_map(self.summary, self.heat)
        return StudyView(self.summary, heat, lambda: study_part(self.summary, heat))

    @property
    def chosen(self) -> list[Row]:
        """The rows that meet the filters; none of none."""
        if self.rows and self.heat is not None:
            _ = self._view  # axes that no map can have are told, whatever is drawn
        return list(self.summary.rows) if self.rows else []

    @property
    def headline(self) -> str:
        return f"{count(len(self.summary.rows), 'run')} by {self.summary.metric.title}"

    def print_to(self, console: Console) -> None:
        from headstart.show.study.tables import print_summary

        print_summary(self.summary, console, self._view.heat)

    def chart(self, name: str | None = None, **look: Any) -> Any:
        """curves, versus or heat as an Altair chart; by default the first of them that has something to show.

        Args:
            name: of the chart.
            look: as `figure` has it: size, theme, title, font_size.
        """
        return self.figure(name, **look).chart if look else self._view.chart(name)

    def figure(
        self, name: str | None = None, *, size: str | None = None, dpi: float | None = None, theme: str = "light",
        title: str | None = None, font_size: float | None = None,
    ) -> PlainFigure:  # fmt: skip
        """One chart for a lecture or a paper: `.save("heat.pdf")` writes it, `.chart` is its Altair chart.

        Args:
            name: curves, versus or heat; by default the first of them that has something to show.
            size: of the whole picture: "16x9cm", "6.5x4in", "1200x675px"; None for the figure's own.
            dpi: dots per inch of a PNG (144).
            theme: light, dark, print or slide.
            title: instead of the figure's own; "" for none.
            font_size: of the labels, in points.

        Raises:
            InputError: an unknown name or theme, a size that is none, or nothing to show.
        """
        from headstart.show.figure.look import Look

        return self._view.figure(name, Look(size, dpi, theme, title, font_size), self.words)

    def html_table(self) -> str:
        from headstart.show.study.tables import tables
        from headstart.show.table import html_table

        return "\n".join(html_table(table) for table in tables(self.summary))

    def files(self, look: Look | None = None) -> Files:
        """report.html, report.png/.svg and heat.png/.svg in a folder; .pdf, .json and .csv on request.

        Args:
            look: how the pictures look.
        """
        return self._view.files(look, self.words)


class Study(Sweep, Result):
    """A study bound to a store; made by `hs.study`. As a result it is its `results()`."""

    @property
    def headline(self) -> str:
        status = self.status()
        return f"{self.name}: {status.done:,} of {count(status.distinct, 'run')} done in {self.store}"

    def results(self, **how: Any) -> StudyReport:
        """What the finished runs say.

        Args:
            how: metric, by, heat and where, as `StudyReport` has them.
        """
        words = [] if str(self.store) == MEMORY else report_words(self.store, self.name, **how)
        return StudyReport(self.rows(), **how, words=words)

    def print_to(self, console: Console) -> None:
        if self.rows():
            self.results().print_to(console)
        else:
            console.print(self.headline)

    def chart(self, name: str | None = None, **look: Any) -> Any:
        """curves, versus or heat as an Altair chart; `look` as the results' `figure` has it."""
        return self.results().chart(name, **look)

    def html_table(self) -> str:
        return self.results().html_table()

    def files(self) -> Files:
        """As those of its results."""
        return self.results().files()

    def _repr_html_(self) -> str:
        return self.results()._repr_html_() if self.rows() else f"<p>{html.escape(self.headline)}</p>"


def study(
    source: str | Path | Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    *,
    many: bool = False,
    **settings: Any,
) -> Study:
    """A study of many runs: data x network x schemes x multipliers x seeds x training.

    Args:
        source: a TOML or JSON file, or a mapping with its keys; or give the keys as arguments.
        store: the path of a SQLite file, or a URL of SQLite or PostgreSQL. By default the file beside the study's with
            the suffix .db; without a file, this process's memory.
        many: whether it may have more than a hundred thousand runs.
        settings: data, hidden or depth and width, activation, optimizer, batch_size, steps, scheme, multiplier,
            sigma_b, learning_rate, seed, each one value, a list or a range; label, features, drop, header, task,
            data_seed, dtype, target, zip, name. A file's relative data path is relative to the file. Data may be given
            as values, as `hs.compare` takes them, or as a table: {"file": "table.csv", "label": "species"}.

    Raises:
        InputError: a key that breaks a rule, with its place; a store's address that is none; too many runs.

    >>> small = study(scheme=["zeros", "he"], multiplier=[0.5, 1, 2], seed=[0, 1], steps=50)
    >>> small.settings.asked, small.run().done  # a multiplier does nothing to zeros
    (12, 8)
    >>> [row["train_accuracy"] for row in small.rows() if row["scheme"] == "zeros"]
    [0.5, 0.5]
    """
    if isinstance(source, (str, Path)):
        if settings:
            raise InputError(f"give a file or keys, not both: got {str(source)!r} and {next(iter(settings))}.")
        read = read_study(source)
        return Study(read, Store(store if store is not None else Path(source).with_suffix(".db")), many)
    return Study(study_settings(**{**(source or {}), **settings}), Store(store if store is not None else MEMORY), many)


def report_of(store: str | Path, study: str | None = None, **how: Any) -> StudyReport:
    """What the runs in a store say.

    Args:
        store: the path of a SQLite file, or a URL of SQLite or PostgreSQL.
        study: only the runs of the study of this name.
        how: metric, by, heat and where, as `StudyReport` has them.

    Raises:
        InputError: no store at that address, or no study of that name.
        StoreError: the store cannot be read.
    """
    return StudyReport(open_rows(store, study), **how, words=report_words(Store(store), study, **how))


def report_words(
    store: Store, study: str | None, metric: str = "", by: Sequence[str] = (), heat: Sequence[str] | None = None,
    where: Iterable[str] = (),
) -> list[str]:  # fmt: skip
    """Of the command that reports on a store, whose password is left out."""
    given = {"study": study, "metric": metric, "by": ",".join([by] if isinstance(by, str) else by)}
    given["heat"] = None if heat is None else ",".join(heat)
    words = ["report", str(store), *option_words({name: value for name, value in given.items() if value})]
    return [*words, *(word for one in where for word in ("--where", one))]
