"""A table as training and test data: which columns are features, what the labels are, how both are split and scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headstart import memory
from headstart.errors import InputError, unknown
from headstart.experiments.data.cells import Label, is_whole, name_of
from headstart.experiments.data.dataset import Array, Dataset
from headstart.experiments.data.reading import Reading
from headstart.experiments.data.scaling import standardized
from headstart.experiments.data.split import split, stratified_split
from headstart.experiments.data.table import Column, Table, short
from headstart.experiments.data.unnamed import settled_columns
from headstart.experiments.network import Task
from headstart.words import count, listed

TEST_SHARE = 0.25
MOST_NUMERIC_CLASSES = 20  # a label column of whole numbers with more values than this is a quantity, not a class
SHOWN = 6  # names in a message


def dataset_of(table: Table, reading: Reading, seed: int) -> Dataset:
    """Training and test data of a table.

    Args:
        table: its columns, at least two, and what was taken while it was read.
        reading: which columns are features and label, and what the labels are.
        seed: of the split.

    Raises:
        InputError: no such column, a cell that cannot be used, labels that there is nothing to learn from.
    """
    columns, notes = settled_columns(table, reading)
    label, features = chosen(table, columns, reading)
    if reading.features is None:
        notes += _counting(table, features)
    labels = label.labels()
    different: list[Label] = sorted(set(labels))  # all numbers or all words
    if len(different) < 2:
        raise InputError(
            f"{table.name}: every label is {short(name_of(labels[0]))}. "
            "Two classes or more are needed to learn anything."
        )
    classes, told = _are_classes(table, label, different, reading)
    memory.require(_needed(len(labels), len(features), len(different) if classes else 1), f"the data of {table.name}",
                   "Leave columns out, or give fewer rows.", memory.limit(memory.LAB_SHARE))  # fmt: skip
    x = np.column_stack([column.numbers() for column in features])
    names = tuple(column.name for column in features)
    made = _of_classes if classes else _of_numbers
    found = made(table.name, x, labels, different, seed)
    constant = found.constant
    notes = [*table.notes, *notes, *told, *([_constant_in_words([names[k] for k in constant])] if constant else [])]
    return replace(found.data, features=names, notes=tuple(notes))


# --- which columns --------------------------------------------------------------------------------------------------


def chosen(table: Table, columns: Sequence[Column], reading: Reading) -> tuple[Column, list[Column]]:
    """The label and the features."""
    by_name = {column.name: column for column in columns}
    for name in reading.named:
        if name not in by_name:
            raise unknown(f"column of {table.name}", name, by_name)
    for kind, names in (("features", reading.features or ()), ("drop", reading.drop)):
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{kind} names column {twice!r} twice. Leave one out.")
    dropped, wanted = set(reading.drop), reading.features
    both = next((name for name in wanted or () if name in dropped), None)
    if both is not None:
        raise InputError(f"column {both!r} is named as a feature and dropped. Leave out one of the two.")
    label = _label(table, columns, reading, dropped | set(wanted or ()))
    if label.name in dropped or label.name in (wanted or ()):
        raise InputError(f"column {label.name!r} is the label, and cannot be dropped or a feature. Leave it out there.")
    if wanted is not None:
        features = [by_name[name] for name in wanted]
    else:
        features = [column for column in columns if column.name not in dropped and column is not label]
    if not features:
        raise InputError(
            f"{table.name} has no feature left beside the label {label.name!r}. Name one: --features NAME."
        )
    return label, features


def _label(table: Table, columns: Sequence[Column], reading: Reading, taken: set[str]) -> Column:
    if table.label is not None:
        if reading.label is not None and reading.label != table.columns[table.label].name:
            raise InputError(f"the labels are given as y, so label={reading.label!r} is too much. Leave the label out.")
        return table.columns[table.label]
    if reading.label is not None:
        return next(column for column in columns if column.name == reading.label)
    left = [column for column in columns if column.name not in taken]
    if not left:
        raise InputError(f"{table.name} has no column left for the label. Name fewer features, or the label.")
    return left[-1]


def _counting(table: Table, features: Sequence[Column]) -> list[str]:
    """A feature that only counts the rows gives away the order of a sorted file."""
    return [
        f"column {column.name.removeprefix('column ')} counts the rows: "
        f"{table.setting('drop', column.name)} if it is no measurement"
        for column in features
        if column.counts_rows
    ]


# --- classes or numbers ---------------------------------------------------------------------------------------------


def _are_classes(
    table: Table, label: Column, different: Sequence[Label], reading: Reading
) -> tuple[bool, list[str]]:  # fmt: skip
    """Whether the labels are classes, and what is to be said of that."""
    if isinstance(different[0], str):
        if reading.task == "numbers":
            raise InputError(
                f"task numbers needs labels that are numbers, got {short(different[0])} in column {label.name!r}. "
                "Leave the task out."
            )
        return True, []
    if reading.task is not None:
        return reading.task == "classes", []
    whole, told = all(map(is_whole, different)), "the label" if label.name == "label" else f"label {label.name}"
    if whole and len(different) == 2:
        return True, []
    if whole and len(different) <= MOST_NUMERIC_CLASSES:
        names = ", ".join(name_of(item) for item in different[:SHOWN]) + (", ..." if len(different) > SHOWN else "")
        other = table.setting("task", "numbers")
        return True, [f"{told}: {len(different)} classes ({names}); {other} if it is a quantity"]
    kind, other = "whole numbers" if whole else "numbers", table.setting("task", "classes")
    return False, [f"{told}: a quantity ({len(different):,} different {kind}); {other} if it is none"]


class _Found:
    """A data set without its words, and which features are constant in its training part."""

    def __init__(self, data: Dataset, constant: list[int]) -> None:
        self.data, self.constant = data, constant


def _of_numbers(name: str, x: Array, labels: list[Label], different: list[Label], seed: int) -> _Found:
    if len(x) < 3:
        raise InputError(f"{name} has {count(len(x), 'row')}, too few to train and to test on. Give more rows.")
    train, test = split(len(x), TEST_SHARE, seed)
    y = np.array([float(number) for number in labels])
    if not np.isfinite(y).all():
        raise InputError(f"{name}: a label is beyond the range of float64. Give the labels in other units.")
    train_x, test_x, constant = standardized(x[train], x[test])
    train_y, test_y, same = standardized(y[train][:, None], y[test][:, None])
    if same:
        raise InputError(
            f"{name}: every label of the training part is {y[train][0]:g} up to rounding. Give more rows, or another "
            "data seed."
        )
    return _Found(Dataset(name, "regression", train_x, train_y[:, 0], test_x, test_y[:, 0]), constant)


def _of_classes(name: str, x: Array, labels: list[Label], different: list[Label], seed: int) -> _Found:
    number = {label: place for place, label in enumerate(different)}
    numbered = np.array([number[label] for label in labels])
    names = tuple(name_of(label) for label in different)
    sizes = np.bincount(numbered)
    if sizes.min() < 2:
        rare = names[int(sizes.argmin())]
        hint = (
            ""
            if len(names) <= MOST_NUMERIC_CLASSES
            else f" There are {len(names):,} classes: is another column the label?"
        )
        raise InputError(
            f"{name}: class {short(rare)} has one row only. Every class needs two: one to train on and one to test on."
            + hint
        )
    # Stratified where the test data has room for every class.
    room = math.ceil(TEST_SHARE * len(x)) >= len(names)
    train, test = stratified_split(numbered, TEST_SHARE, seed) if room else split(len(x), TEST_SHARE, seed)
    train_x, test_x, constant = standardized(x[train], x[test])
    task: Task = "binary" if len(names) == 2 else "classes"
    return _Found(Dataset(name, task, train_x, numbered[train], test_x, numbered[test], names), constant)


def _constant_in_words(names: Sequence[str]) -> str:
    shown = listed([*names[:SHOWN], *([f"{len(names) - SHOWN} more"] if len(names) > SHOWN else [])])
    return f"{'column' if len(names) == 1 else 'columns'} {shown} constant in the training part, and so without use"


def _needed(rows: int, features: int, outputs: int) -> int:
    """Bytes of features and targets, in float64, while they are scaled and copied for the engine."""
    return 8 * rows * (4 * features + 3 * outputs)
