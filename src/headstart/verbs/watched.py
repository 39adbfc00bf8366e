"""What a watch wrote, read back: signal and gradient per layer over the steps of a training; table, chart, page."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.verbs.result import Result
from headstart.verbs.watch import FIELDS, MARK, SCHEMA
from headstart.words import count

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.files import Files

_WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Watched(Result):
    """One run of a watched training.

    Args:
        model: the name of its class. every: steps from one measurement to the next.
        steps: those that were measured.
        rows: one per step and layer: step, layer, kind, and what was measured.
        weights: one per step and weight: step, weight, rms, grad_rms.
        notes: what a reader should know. runs: how many the file has; this is the last.
    """

    def __init__(self, path: str, runs: Sequence[Sequence[dict[str, Any]]]) -> None:
        self.path, self.runs = path, len(runs)
        self.rows: list[dict[str, Any]] = []
        self.weights: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.steps: list[int] = []
        head: dict[str, Any] = {}
        for line in runs[-1]:
            if "layers" in line:
                head = line
            else:
                self._add(head, line)
        self.model, self.every = str(head.get("model", "")), head.get("every")

    def _add(self, head: dict[str, Any], line: dict[str, Any]) -> None:
        step = int(line["step"])
        self.steps.append(step)
        for place, (layer, kind) in enumerate(zip(head["layers"], head["kinds"], strict=True)):
            found = {field: _number(line[field][place]) for field in FIELDS if field in line}
            if any(value is not None for value in found.values()):
                self.rows.append({"step": step, "layer": layer, "kind": kind, **found})
        for place, weight in enumerate(head["weights"]):
            sizes = {field: _number(line[f"weight_{field}"][place]) for field in ("rms", "grad_rms")}
            self.weights.append({"step": step, "weight": weight, **sizes})
        if line.get("note"):
            self.notes.append(f"step {step:,}: {line['note']}")

    def to_json(self) -> dict[str, Any]:
        """Rows as plain data."""
        from headstart.words import plain

        found: dict[str, Any] = plain({
            "schema": SCHEMA, "model": self.model, "every": self.every, "steps": self.steps, "runs": self.runs,
            "rows": self.rows, "weights": self.weights, "notes": self.notes,
        })  # fmt: skip
        return found

    @property
    def headline(self) -> str:
        layers = len(dict.fromkeys(row["layer"] for row in self.rows)) or len({row["weight"] for row in self.weights})
        what = "layer" if self.rows else "weight"
        return f"{self.model}: {count(layers, what)} at {count(len(self.steps), 'step')}, {self._span()}"

    def _span(self) -> str:
        return f"{self.steps[0]:,} to {self.steps[-1]:,}" if len(self.steps) > 1 else f"step {self.steps[0]:,}"

    def print_to(self, console: Console) -> None:
        from headstart.show.model.watch_table import print_watched

        print_watched(self, console)

    def chart(self) -> Any:
        """Signal and gradient per layer over the steps, as colour."""
        from headstart.show.model.watch_chart import watch_chart

        return watch_chart(self)

    def html_table(self) -> str:
        from headstart.show.model.watch_table import watch_table
        from headstart.show.table import html_table

        return html_table(watch_table(self))

    def files(self) -> Files:
        """watch.html, watch.png, watch.json and watch.csv in a folder; .svg and .pdf on request."""
        from headstart.show.model.watch_files import watch_files

        return watch_files(self)


def is_watched(path: str | Path) -> bool:
    """Whether a file is one that a watch wrote."""
    try:
        with Path(path).open("rb") as file:
            return file.read(64).startswith(json.dumps({"headstart": MARK}, separators=(",", ":")).encode()[:-1])
    except (OSError, ValueError):
        return False


def read_watched(path: str | Path) -> Watched:
    """The last run in a file that a watch wrote. A line that a kill cut off is passed over.

    Raises:
        InputError: there is no such file, or nothing was measured yet.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"cannot read {str(path)!r}: {error.strerror or error}. Write the path of a watch's file."
        ) from None
    runs: list[list[dict[str, Any]]] = []
    for line in text.splitlines():
        found = _line(line)
        if found is None:
            continue
        if found.get("headstart") == MARK:
            if found.get("schema") != SCHEMA:
                raise InputError(
                    f"{str(path)!r} is of schema {found.get('schema')}, and this headstart reads {SCHEMA}. Update it."
                )
            if not (runs and runs[-1] and found.get("run") == runs[-1][0].get("run")):
                runs.append([])
            runs[-1].append(found)
        elif runs:
            runs[-1].append(found)
    measured = [run for run in runs if any("step" in line for line in run)]
    if not measured:
        raise InputError(
            f"nothing was measured in {str(path)!r} yet. Train the model that is watched for a step or more."
        )
    return Watched(str(path), measured)


def _line(text: str) -> dict[str, Any] | None:
    """One line as data; None for one that is not whole."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or not ("layers" in found or "step" in found):
        return None
    return found


def _number(value: Any) -> float | None:
    return _WORDS.get(value) if isinstance(value, str) else value
