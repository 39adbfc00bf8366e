"""What the page needs to know of headstart, from the code's own tables: nothing that stands there is typed twice.

`python -m headstart.web.tables` writes `tables.json`, which the page's build puts into the page; a test says when it no
longer is what the code says. The types are `Tables` of `src/core/types.ts`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import headstart
from headstart.draws import normal
from headstart.errors import InputError
from headstart.experiments import measure, settings
from headstart.experiments.data import from_table
from headstart.experiments.data.datasets import MAKERS
from headstart.experiments.optimizers import KINDS
from headstart.libraries.activation_calls import CALLS
from headstart.schemes import FAMILIES
from headstart.show.theme import identity, palette
from headstart.signals import record, rule, start, training
from headstart.signals.judge import ORDER
from headstart.signals.registry import rows
from headstart.signals.sentences import SENTENCES
from headstart.spec import Argument
from headstart.theory.activations import FORMULAS, activation
from headstart.theory.gains import gain
from headstart.web.lesson import built_in
from headstart.web.limits import LIMITS
from headstart.web.presets import PRESETS
from headstart.web.state import address, page_state
from headstart.web.words import PARAGRAPHS

FORMAT = 1
FILE = Path(__file__).with_name("tables.json")
LIBRARIES = ("torch", "jax", "keras")
SHARES = {  # the numbers by which starts and runs are measured and judged
    "flat": measure.FLAT, "near_certain": measure.NEAR_CERTAIN, "by_chance": record.BY_CHANCE, "right": record.RIGHT,
    "left_the_plateau": rule.LEFT_THE_PLATEAU, "most": rule.MOST, "half": training.HALF, "rises": training.RISES,
    "test_share": from_table.TEST_SHARE, "most_numeric_classes": from_table.MOST_NUMERIC_CLASSES,
    "records": settings.RECORDS, "largest": settings.LARGEST,
}  # fmt: skip


@cache
def tables() -> dict[str, Any]:
    """Everything that Python knows and the page does not, as plain data."""
    return {
        "format": FORMAT,
        "version": headstart.__version__,
        "schemes": [_scheme(name) for name in FAMILIES],
        "activations": [_activation(name) for name in FORMULAS],
        "optimizers": [
            {"name": kind.name, "code": kind.code, "arguments": _arguments(kind.arguments), "states": kind.states,
             "words": kind.words, "rates": list(kind.rates)}
            for kind in KINDS.values()
        ],
        "data": [
            {"name": name, "arguments": _arguments(maker.signature.arguments), "words": _first_line(maker.make)}
            for name, maker in MAKERS.items()
        ],
        "rules": _rules(),
        "order": list(ORDER),
        "sentences": SENTENCES,
        "limits": {**SHARES, **LIMITS},
        "settings": {name: field.description for name, field in settings.CompareSettings.model_fields.items()},
        "defaults": _defaults(),
        "paragraphs": PARAGRAPHS,
        "palette": _palette(),
        "presets": [
            {"name": name, "title": title, "address": address(page_state(**state))} for name, title, state in PRESETS
        ],
        "lessons": [lesson.to_json() for lesson in built_in().values()],
        "normal_table": base64.b64encode(normal.table().astype("<u4").tobytes()).decode(),
    }  # fmt: skip


def _scheme(name: str) -> dict[str, Any]:
    family = FAMILIES[name]
    return {
        "name": name, "example": family.example, "formula": family.formula, "when": family.when, "paper": family.paper,
        "arguments": _arguments(family.arguments), "needs_fans": family.needs_fans,
        "needs_activation": family.needs_activation,
    }  # fmt: skip


def _activation(name: str) -> dict[str, Any]:
    calls = CALLS.get(name, {})
    return {
        "name": name,
        "arguments": [{"name": key, "default": value} for key, value in FORMULAS[name].parameters],
        "gain": _gain(name, "forward"),
        "backward_gain": _gain(name, "backward"),
        "saturates": activation(name).saturates,
        "dies": _dies(name),
        **{library: calls.get(library) for library in LIBRARIES},
    }


def _gain(name: str, direction: Any) -> float | None:
    """None where no number keeps the signal."""
    try:
        found = float(gain(name, 1.0, direction))
    except InputError:
        return None
    return found if math.isfinite(found) else None


def _dies(name: str) -> bool:
    """Whether phi is constant far out on one side, where a unit passes no gradient whatever its inputs."""
    phi = activation(name)
    return any(bool((abs(phi.derivative(far)) == 0).all()) for far in ([-50.0, -20.0, -10.0], [10.0, 20.0, 50.0]))


def _arguments(found: Iterable[Argument]) -> list[dict[str, Any]]:
    return [
        {
            "name": argument.name, "default": argument.default, "whole": argument.whole,
            "choices": None if argument.choices is None else list(argument.choices),
            "least": _limit(argument.least), "above": _limit(argument.above), "below": _limit(argument.below),
            "example": argument.example, "zero_hint": argument.zero_hint,
        }
        for argument in found
    ]  # fmt: skip


def _limit(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _first_line(function: Any) -> str:
    return str(function.__doc__).strip().splitlines()[0]


def _rules() -> list[dict[str, Any]]:
    """The rules that judge a comparison, as `headstart explain` prints them."""
    overcome = {found.code: found.overcome for found in (*start.RULES, *training.RULES)}
    return [{**row, "overcome": overcome[row["code"]]} for row in rows() if row["code"] in overcome]


def _defaults() -> dict[str, Any]:
    fields = settings.CompareSettings.model_fields
    names = ("schemes", "data", "hidden", "activation", "optimizer", "learning_rate", "steps", "seeds")
    found = {name: fields[name].default for name in names}
    return {**found, "schemes": list(found["schemes"]), "hidden": list(found["hidden"]), "records": settings.RECORDS}


def _palette() -> dict[str, Any]:
    light = {
        "ink": palette.INK, "paper": palette.PAPER, "muted": palette.MUTED, "line": palette.QUIET,
        "series": list(palette.SCHEME_COLOURS), "classes": list(palette.CLASS_COLOURS),
    }  # fmt: skip
    dark = palette.darkened(light)
    table = {"own": identity.OWN, "free": list(identity.FREE), "dashes": [list(dash) for dash in identity.PATTERNS]}
    return {"light": light, "dark": dark, "identity": table}


def text() -> str:
    """The tables as the file holds them: a line per table, so that a change shows."""
    lines = ",\n".join(f"{json.dumps(name)}: {_compact(value)}" for name, value in tables().items())
    return f"{{\n{lines}\n}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
