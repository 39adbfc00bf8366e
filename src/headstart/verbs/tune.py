"""Tune: the multiplier and the learning rate as hyperparameters, and whether tuning them paid."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments.tune.result import TuningData
from headstart.experiments.tune.run import run_tuning
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.schemes import Scheme
from headstart.verbs.result import Result

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.figure.look import Look
    from headstart.show.figure.plain import PlainFigure
    from headstart.show.files import Files
    from headstart.theory.activations import Activation


class Tuning(TuningData, Result):
    """What a tuning found: the best point, the interval as good as it, whether it paid; all schemes in `schemes`.

    `best`, `interval`, `default`, `paid` and `trials` are those of the scheme that came out best.
    """

    __repr__, __str__ = Result.__repr__, Result.__str__

    @property
    def headline(self) -> str:
        from headstart.show.tuning.text import heading

        return f"{', '.join(tuned.scheme for tuned in self.schemes)} on {heading(self)}"

    def print_to(self, console: Console) -> None:
        from headstart.show.tuning.text import print_tuning

        print_tuning(self, console)

    def chart(self, **look: Any) -> Any:
        """The metric against the multiplier, with its band, as an Altair chart.

        Args:
            look: as `figure` has it: size, theme, title, font_size.
        """
        from headstart.show.tuning.chart import tune_chart

        return self.figure(**look).chart if look else tune_chart(self)

    def figure(
        self, *, size: str | None = None, dpi: float | None = None, theme: str = "light", title: str | None = None,
        font_size: float | None = None,
    ) -> PlainFigure:  # fmt: skip
        """The chart for a lecture or a paper: `.save("tune.pdf")` writes it, `.chart` is its Altair chart.

        Args:
            size: of the whole picture: "16x9cm", "6.5x4in", "1200x675px"; None for the figure's own.
            dpi: dots per inch of a PNG (192).
            theme: light, dark, print or slide.
            title: instead of the figure's own; "" for none.
            font_size: of the labels, in points.

        Raises:
            InputError: an unknown theme, a size that is none.
        """
        from headstart.show.figure.look import Look
        from headstart.show.tuning.report import tuning_figure

        return tuning_figure(self, Look(size, dpi, theme, title, font_size), self.words)

    @property
    def words(self) -> list[str]:
        """Of the command that finds the same; none where values or functions of Python were given."""
        from headstart.verbs.command import can_be_told, settings_words

        settings = self.settings
        if settings.objective is not None or not can_be_told(settings.data, settings.activation):
            return []
        return ["tune", *settings.schemes, *settings_words(settings, ("schemes", "objective", "direction"))]

    def html_table(self) -> str:
        from headstart.show.table import html_table
        from headstart.show.tuning.text import tuning_table

        return html_table(tuning_table(self))

    def files(self, look: Look | None = None) -> Files:
        """tune.png, .svg, .html and .json in a folder; .pdf and .csv on request.

        Args:
            look: how the picture looks.
        """
        from headstart.show.tuning.report import tuning_files

        return tuning_files(self, look, self.words)


def tune(
    schemes: str | Scheme | Iterable[str | Scheme] = "he",
    data: Any = None,
    hidden: int | Iterable[int] | None = None,
    activation: str | Activation | Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]] | None = None,
    trials: int = 60,
    seeds: int = 8,
    over: str | Iterable[str] = ("multiplier", "learning_rate"),
    metric: str | None = None,
    *,
    target: float | None = None,
    multiplier_range: tuple[float, float] = (0.125, 8.0),
    learning_rate_range: tuple[float, float] | None = None,
    learning_rate: float | None = None,
    profile: int = 13,
    steps: int | None = None,
    optimizer: str | None = None,
    batch_size: int | None = None,
    label: str | None = None,
    features: str | Iterable[str] | None = None,
    drop: str | Iterable[str] | None = None,
    header: bool | None = None,
    task: str | None = None,
    dtype: str | None = None,
    data_seed: int | None = None,
    sampler_seed: int = 0,
    objective: Callable[..., float] | None = None,
    direction: str = "minimize",
    storage: str | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuning:
    """Search for the multiplier and the learning rate, and say whether the formula's own multiplier is as good.

    Optuna proposes points with the seeds 0, 1, ...; then the best point, the formula and a profile of multipliers, each
    with a learning rate of its own, are judged on as many fresh seeds. The value of a point is the median over seeds.

    Args:
        schemes: one or several schemes or spec strings, each tuned by itself.
        data: a data set's spec string, the path of a CSV file, (X, y), a 2-D array or a data frame; circles by default.
        hidden: units per hidden layer, or of the one there is; (10, 5) by default.
        activation: of the hidden layers; relu by default. As for `compare`: a function of your own, too.
        trials: points per scheme that the search tries.
        seeds: runs per point, at least 2; and fresh ones for the confirmation.
        over: what to tune: multiplier, learning_rate, or both.
        metric: final_cost (by default), test_accuracy, train_accuracy or steps_to_target.
        target: for steps_to_target: the cost that a run has to get below.
        multiplier_range: smallest and largest multiplier, searched on a log scale.
        learning_rate_range: likewise; by default 1e-3 to 10 for sgd, 1e-4 to 1 with momentum, 1e-5 to 0.3 for adam.
        learning_rate: where it is not tuned; 0.01 by default.
        profile: how many multipliers over the range are judged on the fresh seeds, at least 3.
        steps: updates per run; 3000 by default.
        optimizer: sgd (by default), momentum(0.9), nesterov(0.9) or adam(0.9, 0.999, 1e-8).
        batch_size: samples per step, shuffled by the run's seed; None for all.
        label: the label column of a table; by default the last that is no feature.
        features: the columns of a table to learn from; by default all but the label.
        drop: columns of a table to leave out.
        header: whether the first row of a CSV file holds names; by default what it looks like.
        task: "classes" or "numbers", what the labels of a table are; by default words and up to 20 different whole
            numbers are classes.
        dtype: "float32" (by default) or "float64".
        data_seed: of made data and of the split into training and test data; 0 by default.
        sampler_seed: of Optuna's sampler.
        objective: a function of your own in place of the lab: called with the tuned factors and `seed` by keyword, it
            returns the number to make better.
        direction: of the objective: "minimize" or "maximize".
        storage: the path of a SQLite file, or a database's URL, where Optuna keeps the trials; a search that stands
            there already goes on.
        threads: how many networks are trained at a time; None for one per processor. The results do not depend on it.
        progress: called with (work done, work in all), in network-steps or calls of the objective; all is an estimate.
        cancel: set it, from any thread, to stop soon; a call of your own objective that is under way is waited for.

    Raises:
        InputError: a setting breaks a rule, Optuna is not installed, the storage cannot be used, or every trial failed.
        Interrupted: Ctrl-C, or `cancel`; with a storage the same call goes on from there.

    >>> found = tune("he", trials=8, seeds=8, steps=300, profile=5)
    >>> found.paid, found.default["multiplier"], len(found.trials)
    (False, 1.0, 8)
    """
    given: dict[str, Any] = {
        "schemes": schemes, "trials": trials, "seeds": seeds,
        "over": over, "multiplier_range": multiplier_range, "profile": profile, "sampler_seed": sampler_seed,
        "direction": direction,
    }  # fmt: skip
    chosen = {
        "data": data, "hidden": hidden, "activation": activation, "metric": metric, "target": target,
        "learning_rate_range": learning_rate_range, "learning_rate": learning_rate, "steps": steps,
        "optimizer": optimizer, "batch_size": batch_size, "label": label, "features": features, "drop": drop,
        "header": header, "task": task, "dtype": dtype, "data_seed": data_seed,
    }  # fmt: skip
    given |= {name: value for name, value in chosen.items() if value is not None}
    if objective is not None:
        if not callable(objective):
            raise InputError(f"the objective is a function of your own, got {objective!r}. Leave it out for the lab's.")
        given["objective"] = getattr(objective, "__name__", type(objective).__name__)
    return tune_with(
        tune_settings(**given),
        objective=objective,
        storage=storage,
        threads=threads,
        progress=progress,
        cancel=cancel,
    )


def tune_with(
    settings: TuneSettings, *, objective: Callable[..., float] | None = None, storage: str | None = None,
    threads: int | None = None, progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuning:  # fmt: skip
    """Tune with settings that are already validated."""
    return run_tuning(
        settings, Tuning, objective=objective, storage=storage, threads=threads, progress=progress, cancel=cancel
    )
