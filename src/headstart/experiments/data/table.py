"""A table: named columns of texts (a file's) or values (a program's), each read as features or as labels.

Both kinds of column answer the same questions, and an answer that cannot be given is an error that names the place.
"""

from __future__ import annotations

import math
import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.experiments.data.cells import Label, exact, exact_value, is_missing, is_whole, number_in

Array = NDArray[np.float64]
REMEDY = "Encode words as numbers, fill in or remove rows with missing values, or leave the column out"


def short(value: Any) -> str:
    """A value in a message, no longer than a line."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 80 else f"{text[:50]}... ({len(text)} characters)"


@dataclass(frozen=True)
class Column(ABC):
    """One column.

    Args:
        name: of the column; empty where it has none.
        shown: of the table, for messages.
    """

    name: str
    shown: str

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def where(self, row: int) -> str:
        """The place of a row, for messages."""

    @abstractmethod
    def numbers(self) -> Array:
        """The column as features: finite numbers, or an InputError with the place."""

    @abstractmethod
    def labels(self) -> list[Label]:
        """The column as labels: an exact number or a word of each row, or an InputError with the place."""

    @abstractmethod
    def whole_numbers(self, most: int | None = None) -> list[int] | None:
        """The whole numbers of the first so many rows, or of all; None where any cell is something else."""

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""

    @property
    @abstractmethod
    def words(self) -> list[str]:
        """The cells that hold a word."""

    @property
    def has_words(self) -> bool:
        """Whether a cell does."""
        return bool(self.words)

    @property
    def names_rows(self) -> bool:
        """Whether every row has another whole number, or another word: an index, no measurement."""
        numbers = self.whole_numbers()
        if numbers is not None:
            return len(set(numbers)) == len(numbers)
        words = self.words
        return len(words) == len(self) == len(set(words))

    @property
    def counts_rows(self) -> bool:
        """Whether it holds 0, 1, 2, ... or 1, 2, 3, ..., row by row."""
        for most in (20, None):  # the first rows tell it quickly
            found = self.whole_numbers(most) or [-1]
            if found[0] not in (0, 1) or found != [*range(found[0], found[0] + len(found))]:
                return False
        return len(self) > 1

    def _no_feature(self, row: int, value: Any, missing: bool = False) -> NoReturn:
        got = short(value) + (", a missing value" if missing else "")
        raise InputError(
            f"{self.where(row)}, column {self.name!r}: a feature must be a finite number, got {got}. {REMEDY} "
            f"(--drop {self.name}, or drop=[{self.name!r}])."
        )

    def _no_label(self, row: int, value: Any) -> NoReturn:
        raise InputError(
            f"{self.where(row)}: the label is {short(value)}, a missing value. Fill it in or remove the row."
        )


@dataclass(frozen=True)
class TextColumn(Column):
    """A column of a file."""

    cells: Sequence[str]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.cells)

    def where(self, row: int) -> str:
        return f"{self.shown}, line {self.lines[row]}"

    def numbers(self) -> Array:
        found = np.empty(len(self.cells))
        for row, cell in enumerate(self.cells):
            value = number_in(cell)
            if value is None or not math.isfinite(value):
                self._no_feature(row, cell.strip(), is_missing(cell))
            found[row] = value
        return found

    def labels(self) -> list[Label]:
        cells = [cell.strip() for cell in self.cells]
        signs = "+" in cells  # then a - is a class, and no missing value
        for row, cell in enumerate(cells):
            if is_missing(cell) and not (signs and cell == "-"):
                self._no_label(row, cell or "empty")
            if "\n" in cell or "\r" in cell:
                raise InputError(
                    f"{self.where(row)}: the label holds a line break, so a quote may not be closed. Close it."
                )
        if any(number_in(cell) is None for cell in cells):
            return [*cells]
        found: list[Label] = []
        for row, cell in enumerate(cells):
            number = exact(cell)
            if number is None:
                raise InputError(
                    f"{self.where(row)}: a label is not a finite number, got {short(cell)}. Correct or remove the row."
                )
            found.append(number)
        return found

    def whole_numbers(self, most: int | None = None) -> list[int] | None:
        found = []
        for cell in self.cells[:most]:
            number = exact(cell)
            if number is None or not is_whole(number):
                return None
            found.append(int(number))
        return found

    @property
    def words(self) -> list[str]:
        return [cell.strip() for cell in self.cells if number_in(cell) is None and not is_missing(cell)]

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class ValueColumn(Column):
    """A column of an array or a frame; `missing` marks the cells without a value."""

    cells: NDArray[Any]
    missing: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cells)

    def where(self, row: int) -> str:
        return f"{self.shown}, row {row} (from 0)"

    def numbers(self) -> Array:
        gone = self._gone()
        if gone is not None:
            self._no_feature(gone, self._held(gone), missing=True)
        if self.cells.dtype.kind in "biuf":
            with np.errstate(over="ignore"):  # a long double
                found = self.cells.astype(np.float64)
        else:
            found = np.array([self._number(row, value) for row, value in enumerate(self.cells)], np.float64)
        if not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found))[0])
            self._no_feature(row, self.cells[row])
        return found

    def _number(self, row: int, value: Any) -> float:
        """A feature among objects of any kind."""
        number = exact_value(value)
        if number is None:
            self._no_feature(row, value)
        return float(number)  # a Decimal of any size; infinite where it is too large

    def labels(self) -> list[Label]:
        gone = self._gone()
        if gone is not None:
            self._no_label(gone, self._held(gone))
        values = [
            value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value for value in self.cells
        ]
        if all(isinstance(value, str) for value in values):
            for row, word in enumerate(values):
                if is_missing(word) and not (word.strip() == "-" and "+" in values):
                    self._no_label(row, word)
            return [str(word).strip() for word in values]
        if all(isinstance(value, (bool, np.bool_)) for value in values):
            return [str(bool(value)) for value in values]
        found: list[Label] = []
        for row, value in enumerate(values):
            number = exact_value(value)
            if number is None:
                raise InputError(
                    f"{self.where(row)}: labels are finite numbers, all of them, or words, all of them, got "
                    f"{short(value)}. Write them all as words: y.astype(str)."
                )
            found.append(number)
        return found

    def whole_numbers(self, most: int | None = None) -> list[int] | None:
        if self.missing.any() or self.cells.dtype.kind not in "iuf":
            return None
        if self.cells.dtype.kind == "f" and not (np.isfinite(self.cells) & (self.cells == np.floor(self.cells))).all():
            return None
        return [int(value) for value in self.cells[:most].tolist()]

    def _held(self, row: int) -> Any:
        """What stands in a cell without a value."""
        return np.ma.masked if self.missing[row] and self.cells.dtype.kind not in "OMm" else self.cells[row]

    def _gone(self) -> int | None:
        """The first row without a value."""
        gone = self.missing | np.isnan(self.cells) if self.cells.dtype.kind == "f" else self.missing
        return int(np.flatnonzero(gone)[0]) if gone.any() else None

    @property
    def words(self) -> list[str]:
        if self.cells.dtype.kind not in "OU":
            return []
        return [value for value in self.cells.tolist() if isinstance(value, str)]

    @property
    def is_empty(self) -> bool:
        return bool(self.missing.all())


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Args:
        name: how a result calls the data.
        columns: features and label.
        label: the column of the labels, where it is known; None for the last that is no feature.
        notes: what was taken for what while it was read.
        values: whether a program gave it as values, not a file.
    """

    name: str
    columns: tuple[Column, ...]
    label: int | None = None
    notes: tuple[str, ...] = ()
    values: bool = False

    def setting(self, name: str, value: str) -> str:
        """A setting in a message, as whoever gave this data writes it: on the command line, or in Python."""
        if self.values:
            return f"{name}={[value]!r}" if name in ("drop", "features") else f"{name}={value!r}"
        return f"--{name} {shlex.quote(value)}"
