"""Seals: a hash of a row's own values, written with it and checked whenever it is read.

A database notices that its pages hang together, not that a number in one of them has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from headstart.errors import InputError
from headstart.experiments import columns
from headstart.experiments.store.identity import stored_identity
from headstart.schemes import scheme

LENGTH = 16  # hexadecimal digits: one change in 10^19 is not seen
_ORDER = ("id", *(column.name for column in columns.STORED if column.name != "id"))
_TYPES = {column.name: column.type for column in columns.STORED}
_NO_JSON = re.compile(r'("multiplier":)inf(?=,)')  # written so before such a product was refused


def values_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of a stored run, each of its column's own type; NULL is None.

    Raises:
        TypeError, ValueError, OverflowError: one is of another type.
    """
    found = {name: None if row[name] is None else _TYPES[name](row[name]) for name in _ORDER}
    return {"id": found["id"], "settings": str(row["settings"]), **found}


def seal_of_run(values: Mapping[str, Any]) -> str:
    """The seal of a run's values, as they are stored."""
    # -0.0 comes back from SQLite as 0.0, and NaN as NULL
    plain = [value + 0.0 if isinstance(value, float) else value for value in (values[name] for name in _ORDER)]
    return _hash(json.dumps(plain) + values["settings"])


def seal_of_study(name: str, document: str, seeds: str) -> str:
    """The seal of a study, its document and seeds as the text that is stored."""
    return _hash(json.dumps([name, document, seeds]))


def parsed_settings(text: str) -> dict[str, Any]:
    """The settings of a stored run.

    Raises:
        ValueError: the text is none.

    >>> parsed_settings('{"multiplier":inf,"seed":0}')["multiplier"]
    inf
    """
    found = json.loads(_NO_JSON.sub(r"\1Infinity", text))
    if not isinstance(found, dict):
        raise ValueError("settings are an object")
    return found


def is_own_identity(values: Mapping[str, Any], schema: int) -> bool:
    """Whether a run without a seal, of an older schema, has the identity of its settings, where that can be known."""
    settings = parsed_settings(values["settings"])
    if settings.get("engine") not in (1, 2, 3):
        return True  # of a format whose identities nobody knows any more
    if schema == 1 or settings["engine"] == 1:
        return bool(values["id"] == _text_identity(values["settings"]))
    try:
        scheme(settings["scheme"])
    except InputError:
        return True
    return bool(values["id"] == stored_identity(settings))


def _text_identity(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=LENGTH // 2).hexdigest()
