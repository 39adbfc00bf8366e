"""Where a study's data comes from: a made set, a file or given values, how it is read, and in which folder it lies.

A run is told from another by what the data is, never by where it lies: the content's hash, the file's name, and how it
is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headstart.errors import InputError, unknown
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import check_spec, is_csv, known_data, load
from headstart.experiments.data.given import Given
from headstart.experiments.data.opening import exists, is_regular, read_file, told
from headstart.experiments.data.reading import Reading
from headstart.experiments.data.table import Table

KEYS = ("file", "label", "features", "drop", "header", "task")
EXAMPLE = 'data = { file = "table.csv", label = "species" }'


@dataclass(frozen=True, repr=False)
class Source:
    """Data of a study.

    Args:
        data: the spec string of a made set, the path of a file, or given values.
        reading: how a table is read.
        folder: in which a relative path lies; the working folder if empty.
        is_file: whether `data` can only be a path, whatever it looks like.
    """

    data: str | Given
    reading: Reading = field(default_factory=Reading)
    folder: str = ""
    is_file: bool = False

    @property
    def is_table(self) -> bool:
        """Whether there is a table to be read."""
        return self.is_file or isinstance(self.data, Given) or is_csv(self.data, self.folder)

    @property
    def name(self) -> str:
        """What the rows call it: the same wherever the file lies."""
        if not self.is_table:
            return str(self.data)
        name = str(self.data) if isinstance(self.data, Given) else Path(self.data).name
        how = str(self.reading)
        return f"{name} ({how})" if how else name

    def with_reading(self, reading: Reading) -> Source:
        """The same, read as told where its own table says nothing; a made set is not read at all."""
        if not self.is_table:
            return self
        given = reading.given() | self.reading.given()
        return replace(self, reading=Reading(**given))

    def digest(self) -> str | None:
        """The hash of what it holds; None for a set that is made.

        Raises:
            InputError: a file that cannot be read, or not again and again.
        """
        if isinstance(self.data, Given):
            return self.data.digest
        if not self.is_table:
            return None
        path = Path(self.folder, self.data)
        if exists(path) and not is_regular(path):
            raise InputError(
                f"a study reads its data again and again, and {told(path)} is no file. Write it to a file."
            )
        return hashlib.blake2b(read_file(path), digest_size=16).hexdigest()

    def load(self, seed: int) -> Dataset:
        """Training and test data.

        Raises:
            InputError: as `load`.
        """
        if isinstance(self.data, Given) and not self.data.table.columns:
            raise InputError(f"the store knows {self.data} by name only. Give the study its values again.")
        data = Path(self.data) if self.is_file and isinstance(self.data, str) else self.data
        how = self.reading
        return load(data, how.label, seed, folder=self.folder, features=how.features, drop=how.drop, header=how.header,
                    task=how.task)  # fmt: skip

    def __repr__(self) -> str:
        return repr(self.plain())

    def plain(self) -> Any:
        """It as a study's document holds it: a string where that says all, else a table."""
        if isinstance(self.data, Given):
            found: dict[str, Any] = {"given": str(self.data), "digest": self.data.digest}
        elif not self.is_file:
            return self.data
        else:
            found = {"file": self.data}
        parts = self.reading.given().items()
        return found | {name: [*value] if isinstance(value, tuple) else value for name, value in parts}


def read_source(value: Any, folder: str = "") -> Source:
    """What a study says of its data, checked; nothing is loaded.

    Args:
        value: a spec string, a path, a table with `file` and how it is read, or values as `given_data` takes them.
        folder: in which a relative path lies.

    Raises:
        InputError: none of these, or a key that breaks a rule.

    >>> read_source({"file": "table.csv", "drop": ["Id"]}).name
    "table.csv (drop=['Id'])"
    >>> read_source({"fiel": "table.csv"})
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown key of a data table 'fiel'. Did you mean 'file'? Known: file, label, ...
    """
    if isinstance(value, Source):
        return replace(value, folder=folder)
    if is_data_table(value):
        return _of_table(value, folder)
    data = known_data(value)
    if isinstance(data, Given):
        return Source(data)
    return Source(data if is_csv(data, folder) else check_spec(data), folder=folder)


def is_data_table(value: Any) -> bool:
    """Whether this is a study's table of keys, not a mapping of columns."""
    return isinstance(value, Mapping) and any(
        isinstance(item, str) or not hasattr(item, "__len__") for item in value.values()
    )


def _of_table(value: Mapping[str, Any], folder: str) -> Source:
    if {"given", "digest"} <= set(value):  # from a store, which has no values
        reading = _reading({key: item for key, item in value.items() if key not in ("given", "digest")})
        return Source(Given(Table(str(value["given"]), (), values=True), str(value["digest"])), reading)
    for key in value:
        if key not in KEYS:
            raise unknown("key of a data table", str(key), KEYS)
    file = value.get("file")
    if not isinstance(file, str) or not file:
        raise InputError(f"a data table names its file, got {file!r}. Write {EXAMPLE}.")
    return Source(file, _reading({key: item for key, item in value.items() if key != "file"}), folder, is_file=True)


def _reading(given: Mapping[str, Any]) -> Reading:
    found: dict[str, Any] = {}
    for key, item in given.items():
        if key in ("features", "drop"):
            names = [item] if isinstance(item, str) else item
            if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
                raise InputError(f'{key} of a data table is a list of columns, got {item!r}. Write {key} = ["Id"].')
            found[key] = tuple(names)
        elif key == "header" and not isinstance(item, bool):
            raise InputError(f"header of a data table is true or false, got {item!r}.")
        elif key == "task" and item not in ("classes", "numbers"):
            raise unknown("task of a data table", str(item), ("classes", "numbers"))
        elif key == "label" and not isinstance(item, str):
            raise InputError(f"label of a data table is the name of a column, got {item!r}. Write {EXAMPLE}.")
        else:
            found[key] = item
    return Reading(**found)
