"""Compare: train one small network from several initializations, many seeds each, and say what came of it and why."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments.compare import presets
from headstart.experiments.compare.comparison import ComparisonData, run_comparison
from headstart.experiments.settings import CompareSettings, compare_settings
from headstart.schemes import Scheme
from headstart.verbs.command import option_words
from headstart.verbs.result import Result
from headstart.words import count

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.comparison.figure_files import ComparisonFigure, Look
    from headstart.show.files import Files
    from headstart.theory.activations import Activation


class Comparison(ComparisonData, Result):
    """What a comparison found: rows, a summary with verdicts and reasons, charts and a report."""

    __repr__, __str__ = Result.__repr__, Result.__str__

    @property
    def headline(self) -> str:
        seeds = max((len(self.of(name)) for name in self.schemes), default=0)
        return (
            f"{self.data.name}, network {self.network}, {self.settings.activation}: "
            f"{count(len(self.schemes), 'scheme')} × {count(seeds, 'seed')}"
        )

    def print_to(self, console: Console) -> None:
        from headstart.show.comparison.tables import print_comparison

        print_comparison(self, console)

    def chart(self, figure: str | Iterable[str] | None = None, **look: Any) -> Any:
        """The overview, or a figure, as a plain Altair chart; a figure can be layered on.

        Args:
            figure: boundaries, costs, signal, training, table, data, units or weights; None for cost curves, decision
                boundaries and the signal at the start in one.
            look: as `figure` has it: size, theme, title, font_size, schemes, at, moments.

        Raises:
            InputError: an unknown figure or theme, a size that is none, what this comparison cannot show.
        """
        from headstart.show.comparison.charts import comparison_chart

        if figure is None:
            if look:
                raise InputError(f"{next(iter(look))} is for one figure, got none. Write, for example, chart('costs').")
            return comparison_chart(self)
        return self.figure(figure, **look).chart

    def figure(
        self, figure: str | Iterable[str], *, size: str | None = None, dpi: float | None = None, theme: str = "light",
        title: str | None = None, font_size: float | None = None, schemes: str | Iterable[str] | None = None,
        at: Iterable[int] | None = None, moments: int | None = None,
    ) -> ComparisonFigure:  # fmt: skip
        """A figure for a lecture or a paper: `.save("costs.pdf")` writes it, `.chart` is its Altair chart.

        Args:
            figure: boundaries, costs, signal, training, table, data, units or weights; several stand below one another.
            size: of the whole picture: "16x9cm", "6.5x4in", "1200x675px"; None for the figure's own.
            dpi: dots per inch of PNG (192) and GIF (96).
            theme: light, dark, print or slide.
            title: instead of the figure's own; "" for none.
            font_size: of the labels, in points.
            schemes: which are drawn; None for all.
            at: updates after which boundaries are drawn, beside one another.
            moments: so many of them, spread over the training.

        Raises:
            InputError: as `chart`.

        >>> result = compare(["zeros", "he"], seeds=2, steps=200, learning_rate=0.1)
        >>> result.figure("costs", size="12x8cm", theme="print").title
        'Cost while training'
        """
        from headstart.show.comparison.figure_files import ComparisonFigure, Look

        look = Look(
            size, dpi, theme, title, font_size,
            None if schemes is None else ((schemes,) if isinstance(schemes, str) else tuple(map(str, schemes))),
            None if at is None else tuple(at), moments,
        )  # fmt: skip
        return ComparisonFigure(self, figure, look, lambda names, look: figure_command(self.settings, names, look))

    def html_table(self) -> str:
        from headstart.show.comparison.report import comparison_table

        return comparison_table(self)

    def files(self) -> Files:
        """compare.png, .svg and .html in a folder; .pdf, .json and .csv on request."""
        from headstart.show.comparison.report import comparison_files
        from headstart.web.link import lab_part

        return comparison_files(self, lambda: lab_part(self.settings))


def figure_command(settings: CompareSettings, names: Iterable[str], look: Look) -> str:
    """What a shell makes a figure with.

    >>> from headstart.show.comparison.figure_files import Look
    >>> figure_command(compare_settings(schemes=["he", "normal(10)"], seeds=4), ["costs"], Look(theme="slide"))
    "headstart compare he 'normal(10)' --seeds 4 --figure costs --theme slide"
    """
    words = ["headstart", "compare"]
    fields = CompareSettings.model_fields
    kept = {name: getattr(settings, name) for name in fields if getattr(settings, name) != fields[name].default}
    if settings.preset is not None:
        kept = {name: kept[name] for name in ("schemes", "preset") if name in kept}
    shown = look.given()
    # a run does not depend on the others: those that are drawn are all that have to be trained
    words += shown.pop("schemes", kept.get("schemes", ()))
    kept.pop("schemes", None)
    words += option_words({**kept, "figure": tuple(names), **shown})
    return shlex.join(words)


def compare(
    schemes: str | Scheme | Iterable[str | Scheme] | None = None,
    data: Any = "circles",
    hidden: int | Iterable[int] = (10, 5),
    activation: str | Activation | Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]] = "relu",
    seeds: int = 16,
    steps: int = 15_000,
    learning_rate: float | None = None,
    record_every: int | None = None,
    dtype: str = "float32",
    *,
    optimizer: str = "sgd",
    batch_size: int | None = None,
    tune_learning_rate: bool = False,
    label: str | None = None,
    features: str | Iterable[str] | None = None,
    drop: str | Iterable[str] | None = None,
    header: bool | None = None,
    task: str | None = None,
    data_seed: int = 0,
    preset: str | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Comparison:
    """Train one network from each scheme and seed, by gradient descent, and compare.

    The data is the same for all runs; seed s draws the same numbers for every scheme, so a seed is a paired comparison.
    Output and loss follow from the data: a sigmoid unit with cross-entropy for two classes, softmax for more, mean
    squared error for numbers (there "accuracy" is R²).

    Args:
        schemes: one or several schemes or spec strings; by default zeros, normal(10), normal(0.01), xavier, he.
        data: a data set's spec string, the path of a CSV file, (X, y), a 2-D array or a data frame.
        hidden: units per hidden layer, or of the only one; empty for a linear model.
        activation: of the hidden layers: a name, an element-wise function of your own (NumPy's, torch's, JAX's, or of
            one number), or a pair of it and its derivative. The settings hold its name and a digest of its values.
        seeds: how many runs per scheme, with seeds 0, 1, ...
        steps: updates per run.
        learning_rate: positive; 0.01 by default.
        record_every: steps between recorded costs; by default a 150th of the steps.
        dtype: "float32" or "float64".
        optimizer: sgd, momentum(0.9), nesterov(0.9) or adam(0.9, 0.999, 1e-8).
        batch_size: samples per step, shuffled by the run's seed; None for all.
        tune_learning_rate: first find each scheme's own learning rate, on other seeds, and train it with that.
        label: the label column of a table; by default the last that is no feature.
        features: the columns of a table to learn from; by default all but the label.
        drop: columns of a table to leave out.
        header: whether the first row of a CSV file holds names; by default what it looks like.
        task: "classes" or "numbers", what the labels of a table are; by default words and up to 20 different whole
            numbers are classes.
        data_seed: of made data and of the split into training and test data.
        preset: "course" replays the published run of the course's exercise; leave what it fixes at its default.
        threads: how many networks are trained at a time; None for one per processor. The results do not depend on it.
        progress: called with (done, in all), in network-steps; measuring a run counts as some.
        cancel: set it, from any thread, to stop soon.

    Raises:
        InputError: a setting breaks a rule; nothing has run.
        Interrupted: Ctrl-C, or `cancel`; it carries the finished runs.

    >>> result = compare(["zeros", "he"], seeds=2, steps=2000, learning_rate=0.1)
    >>> [(row["scheme"], row["verdict"]) for row in result.summary()]
    [('zeros', 'symmetric'), ('he', 'healthy')]
    """
    chosen = {
        "schemes": schemes, "data": data, "hidden": hidden, "activation": activation, "seeds": seeds, "steps": steps,
        "learning_rate": learning_rate, "record_every": record_every, "dtype": dtype, "optimizer": optimizer,
        "batch_size": batch_size, "tune_learning_rate": tune_learning_rate, "label": label, "features": features,
        "drop": drop, "header": header, "task": task, "data_seed": data_seed,
    }  # fmt: skip
    given = {name: value for name, value in chosen.items() if value is not None and not _is_default(name, value)}
    settings = compare_settings(**presets.with_preset(preset, given))
    return compare_with(settings, threads=threads, progress=progress, cancel=cancel)


def _is_default(name: str, value: Any) -> bool:
    """Whether a setting has its default: the same value, of the same type."""
    default = CompareSettings.model_fields[name].default
    return type(value) is type(default) and bool(value == default)


def compare_course(
    schemes: Iterable[str | Scheme] | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Comparison:
    """The published run of the course's exercise, replayed exactly in float64; see `presets`."""
    return compare(schemes, preset="course", progress=progress)


def compare_with(
    settings: CompareSettings, *, threads: int | None = None, progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Comparison:  # fmt: skip
    """Compare with settings that are already validated."""
    return run_comparison(settings, Comparison, threads=threads, progress=progress, cancel=cancel)
