"""CSV files as data sets: numeric features, one label column, standardized with the training data's mean and std."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np

from headstart.errors import InputError, unknown
from headstart.experiments.data.dataset import Array, Dataset
from headstart.experiments.data.split import split, stratified_split
from headstart.experiments.network import Task

Rows = list[tuple[int, list[str]]]  # line number, cells
TEST_SHARE = 0.25
MOST_NUMERIC_CLASSES = 20  # a label column of whole numbers with more values than this is a quantity, not a class


def load_csv(path: Path, label: str | None, seed: int) -> Dataset:
    """Read a CSV file of numeric features and a label.

    The first row is a header when none of its feature cells is a number, or when it names the label.
    Labels that are words, or at most 20 different whole numbers, are classes; other numbers make a regression.

    Raises:
        InputError: missing, binary, empty or ragged file; a feature that is not a finite number; one class only.
    """
    rows = _read(path)
    header, body = _split_header(path, rows, label)
    column = _label_column(path, header, label, len(body[0][1]))
    features = tuple(name for index, name in enumerate(header) if index != column)
    x = np.array(
        [[_number(path, line, header[i], cell) for i, cell in enumerate(cells) if i != column] for line, cells in body]
    )
    labels = [cells[column].strip() for _, cells in body]
    for (line, _), text in zip(body, labels, strict=True):
        if not text or text.lower() == "nan":
            raise InputError(f"{path}, line {line}: the label is {text or 'empty'!r}. Fill it in or remove the row.")
    return _dataset(path, x, labels, features, seed)


def _read(path: Path) -> Rows:
    """(line number, cells) of every row that is not blank, all of the same length."""
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder. Write the path of a CSV file.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}. Check the path, or write the name of a data set.") from None
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}.") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"{str(path)!r} is not text in UTF-8. Export it as CSV.")
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}.") from None
    if not rows:
        raise InputError(f"{str(path)!r} is empty. A CSV file has one row per sample, features first, label last.")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise InputError(f"{path}, line {line}: {len(row)} cells where line {rows[0][0]} has {width}.")
    if width < 2:
        raise InputError(f"{path}: one column only. A CSV file has at least one feature and a label, comma-separated.")
    return rows


def _split_header(path: Path, rows: Rows, label: str | None) -> tuple[list[str], Rows]:
    first = rows[0][1]
    named = label is not None and label in [cell.strip() for cell in first]
    if named or not any(_is_number(cell) for cell in first[:-1]):
        if len(rows) == 1:
            raise InputError(f"{path} has a header and no rows. Add the samples.")
        return [cell.strip() for cell in first], rows[1:]
    return [f"x{i + 1}" for i in range(len(first) - 1)] + ["label"], rows


def _label_column(path: Path, header: list[str], label: str | None, width: int) -> int:
    if label is None:
        return width - 1
    if label not in header:
        raise unknown(f"column of {path}", label, header)
    return header.index(label)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: Path, line: int, column: str, cell: str) -> float:
    value = float(cell) if _is_number(cell) else None
    if value is None or not math.isfinite(value):
        raise InputError(
            f"{path}, line {line}, column {column!r}: a feature must be a finite number, got {cell.strip()!r}. "
            "Encode categories as numbers, and fill in or remove rows with missing values."
        )
    return value


def _dataset(path: Path, x: Array, labels: list[str], features: tuple[str, ...], seed: int) -> Dataset:
    numbers = [float(text) for text in labels] if all(_is_number(text) for text in labels) else None
    if numbers is not None:
        if not all(math.isfinite(number) for number in numbers):
            raise InputError(f"{path}: a label is not a finite number. Fill it in or remove the row.")
        labels = [_shortest(number) for number in numbers]  # 1 and 1.0 are one class
        names = tuple(_shortest(number) for number in sorted(set(numbers)))
    else:
        names = tuple(sorted(set(labels)))
    if len(names) < 2:
        raise InputError(f"{path}: every label is {labels[0]!r}. Two classes or more are needed to learn anything.")
    if numbers is not None and not _are_classes(numbers):
        train, test = split(len(x), TEST_SHARE, seed)
        train_x, test_x = _standardize(x[train], x[test])
        y, test_y = _standardize(np.array(numbers)[train], np.array(numbers)[test])
        return Dataset(str(path), "regression", train_x, y, test_x, test_y, (), features)
    numbered = np.array([names.index(label) for label in labels])
    rarest = int(np.bincount(numbered).min())
    if rarest < 2:
        raise InputError(
            f"{path}: class {names[int(np.bincount(numbered).argmin())]!r} has one row only. Every class needs two: "
            "one to train on and one to test on."
        )
    # Stratified where the test data has room for every class.
    room = math.ceil(TEST_SHARE * len(x)) >= len(names)
    train, test = stratified_split(numbered, TEST_SHARE, seed) if room else split(len(x), TEST_SHARE, seed)
    train_x, test_x = _standardize(x[train], x[test])
    task: Task = "binary" if len(names) == 2 else "classes"
    return Dataset(str(path), task, train_x, numbered[train], test_x, numbered[test], names, features)


def _shortest(number: float) -> str:
    """The shortest text that reads back as the same number: no two labels may become one."""
    return repr(number + 0.0).removesuffix(".0")  # -0 is 0


def _are_classes(numbers: list[float]) -> bool:
    return len(set(numbers)) <= MOST_NUMERIC_CLASSES and all(number == int(number) for number in numbers)


def _standardize(train: Array, test: Array) -> tuple[Array, Array]:
    """Both shifted and scaled by the training data's mean and standard deviation; a constant stays constant."""
    mean, std = train.mean(axis=0), train.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    return (train - mean) / std, (test - mean) / std
