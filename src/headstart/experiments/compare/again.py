"""A comparison made again from what was kept of it: its settings, as JSON has them.

Runs are deterministic, so the settings are enough, and the numbers come out as they were. What is kept of the runs is
compared with what comes out: a file of another version, or data that changed, is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headstart.errors import InputError
from headstart.experiments.compare.comparison import SCHEMA, ComparisonData
from headstart.experiments.compare.presets import COURSE
from headstart.experiments.data.datasets import is_csv
from headstart.experiments.settings import CompareSettings, compare_settings
from headstart.words import plain

LABELS = {"regression": "numbers", "binary": "classes", "classes": "classes"}


def settings_again(document: Any, what: str = "the file") -> CompareSettings:
    """The settings of a comparison that `to_json` described.

    Args:
        document: what the JSON held.
        what: it was read from, for the messages.

    Raises:
        InputError: it is no comparison, of another schema, or its data was given as values and is not in it.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("settings"), Mapping):
        raise InputError(f"{what} holds no comparison. Write one: headstart compare --out compare.json.")
    if document.get("schema") != SCHEMA:
        raise InputError(
            f"{what} holds a comparison of schema {document.get('schema')!r}, and this version reads {SCHEMA}. "
            "Make it again: headstart compare --out compare.json."
        )
    kept = document["settings"]
    known = {name: kept[name] for name in CompareSettings.model_fields if kept.get(name) is not None}
    data = known.get("data", "circles")
    if isinstance(data, str) and is_of_values(data):
        raise InputError(
            f"{what} was made of values given in Python ({data}), which it does not hold. Draw it there: "
            'result.chart("costs"), or write the data to a CSV file.'
        )
    known["task"] = LABELS.get(str(known.get("task")), known.get("task")) if is_csv(str(data)) else None
    if known.get("tune_learning_rate"):
        known.pop("learning_rate", None)
    if known.get("preset") == "course":
        known = COURSE | {"preset": "course", "schemes": known["schemes"]}
    return compare_settings(**{name: value for name, value in known.items() if value is not None})


def differences(document: Mapping[str, Any], comparison: ComparisonData) -> list[str]:
    """What came out otherwise than the document has it, in words; nothing where all is the same."""
    kept = {row["scheme"]: row for row in document.get("schemes", ()) if isinstance(row, Mapping) and "scheme" in row}
    found = []
    for row in comparison.to_json()["schemes"]:
        before = kept.get(row["scheme"])
        if before is None:
            continue
        runs = [[run["costs"] for run in plain(side.get("runs", []))] for side in (before, row)]
        if runs[0] and runs[0] != runs[1][: len(runs[0])]:
            found.append(f"{row['scheme']}: the costs are not those of the file")
    return found


def is_of_values(data: str) -> bool:
    """Whether this is the name that values get, which ends with the hash of their content."""
    return re.search(r" \([0-9a-f]{8}\)$", data) is not None
