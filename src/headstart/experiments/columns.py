"""The columns of a run: what is stored, shown, framed and judged of it, said once.

The store's tables, the rows, the frames and their types, the metrics, the factors of a study and the table in
docs/sweep.md are made of these entries, so a new column is one new entry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

MIXED = "mixed"  # layers of different widths have none in common


@dataclass(frozen=True, kw_only=True)
class Column:
    """One thing that is known of a run.

    Args:
        name: its key in a row, and its name in a frame and, if it lies there, in the store's table.
        title: its name in words, for tables and charts.
        meaning: what it is, for the documentation.
        kind: "state" of the run, a "setting" that was asked for, or a "result" of its training.
        source: where a row has it from: a column of its own in the "table", the stored text of its "settings", or
            "derived" from other settings.
        type: int, float or str; tuple is a list of whole numbers.
        unit: of its numbers; a "share" is told in percent.
        nothing: what a missing value means, in a word; None where it is never missing.
        length: of its text, if it has a longest one.
        better: which way a metric is better; None for what no run is judged by.
        missing: the number that a missing value of a metric counts as.
    """

    name: str
    title: str
    meaning: str
    kind: Literal["state", "setting", "result"]
    source: Literal["table", "settings", "derived"]
    type: type
    unit: str = ""
    nothing: str | None = None
    length: int | None = None
    better: Literal["higher", "lower"] | None = None
    missing: float = math.nan

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.type in (int, float)

    @property
    def optional(self) -> bool:
        """Whether it may be missing."""
        return self.nothing is not None


def _state(name: str, title: str, meaning: str, nothing: str | None = None, length: int | None = None) -> Column:
    return Column(name=name, title=title, meaning=meaning, kind="state", source="table", type=str, nothing=nothing,
                  length=length)  # fmt: skip


def _setting(
    name: str, title: str, meaning: str, of: type, unit: str = "", nothing: str | None = None, derived: bool = False
) -> Column:
    return Column(name=name, title=title, meaning=meaning, kind="setting", source="derived" if derived else "settings",
                  type=of, unit=unit, nothing=nothing)  # fmt: skip


def _result(
    name: str, title: str, meaning: str, of: type, unit: str = "", nothing: str = "failed",
    better: Literal["higher", "lower"] | None = None, missing: float = math.nan,
) -> Column:  # fmt: skip
    return Column(name=name, title=title, meaning=meaning, kind="result", source="table", type=of, unit=unit,
                  nothing=nothing, better=better, missing=missing)  # fmt: skip


STATES = (
    _state("id", "identity", "hash of the settings in canonical form and of the engine's format", None, 32),
    _state("state", "state", "done or failed; a run that diverged is done", None, 8),
    _state("reason", "reason", "why a failed run could not be trained", "not failed"),
)
# in this order rows are sorted
SETTINGS = (
    _setting("data", "data", "data set, or name of the CSV file and how it is read", str),
    _setting("label", "label column", "label column of a CSV file", str, nothing="none"),
    _setting("data_seed", "seed of the data", "of made data, and of the split into training and test data", int),
    _setting("depth", "depth (hidden layers)", "number of hidden layers", int, "layers", derived=True),
    _setting("width", "width (units per hidden layer)", "units of every hidden layer", int, "units", MIXED, True),
    _setting("hidden", "hidden layers", "units of each hidden layer", tuple, "units"),
    _setting("activation", "activation", "of the hidden layers", str),
    _setting("scheme", "scheme", "of the initial weights, without its multiplier", str),
    _setting("multiplier", "multiplier", "the scheme's own times the study's; 1 for weights of zero", float),
    _setting("sigma_b", "standard deviation of the biases, σ_b", "standard deviation of the initial biases", float),
    _setting("learning_rate", "learning rate", "of the optimizer", float),
    _setting("optimizer", "optimizer", "spec string of the optimizer", str),
    _setting("batch_size", "batch size", "samples per step", int, "samples", "all"),
    _setting("steps", "steps", "updates asked for", int, "steps"),
    _setting("target", "target cost", "cost below which the run has got there and stops", float, nothing="none"),
    _setting("dtype", "dtype", "what is trained in", str),
    _setting("seed", "seed", "of weights, biases and batches", int),
)
RESULTS = (
    _result("first_cost", "first cost", "cost on the training data before the first update", float),
    _result("final_cost", "final cost", "cost on the training data at the end; nan of a run that diverged", float,
            better="lower"),
    _result("train_accuracy", "train accuracy", "share of right answers (R² of numbers) on the training data", float,
            "share", better="higher"),
    _result("test_accuracy", "test accuracy", "the same on the test data", float, "share", better="higher"),
    _result("steps_to_target", "steps to target", "step at which the cost was seen below the target", int, "steps",
            "never", "lower", math.inf),
    _result("diverged_at", "diverged at", "step whose gradient was not finite", int, "steps", "never"),
)  # fmt: skip
COLUMNS = {column.name: column for column in (*STATES, *SETTINGS, *RESULTS)}
STORED = tuple(column for column in COLUMNS.values() if column.source == "table")  # beside the text of the settings
METRIC_COLUMNS = tuple(column for column in RESULTS if column.better is not None)

# The factors of a report: the settings, and what is worked out of them on request and stands in no row.
SIGMA_W2 = _setting(
    "sigma_w2", "weight variance × fan-in, σ_w²", "variance of a hidden layer's weights, times fan_in", float,
    nothing="none", derived=True,
)  # fmt: skip
_PLACE = [column.name for column in SETTINGS].index("sigma_b")
FACTORS = {column.name: column for column in (*SETTINGS[:_PLACE], SIGMA_W2, *SETTINGS[_PLACE:])}
