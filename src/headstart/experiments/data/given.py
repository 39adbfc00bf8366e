"""Data that a program gives: arrays, data frames, columns by name, made into a table whose name is its content's hash.

No library is imported to find out what something is: an array is what NumPy can make one of, a frame is what has named
columns. The values are copied, so that what happens to them later changes no result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.experiments.data.table import Table, ValueColumn, short

FORMS = "Write a data set's name, the path of a CSV file, (X, y), a 2-D array or a data frame"
_MISSING_TYPES = ("NAType", "NaTType", "MaskedConstant")  # of pandas and NumPy


@dataclass(frozen=True, eq=False)
class Given:
    """Data given as values: equal where the content is.

    Args:
        table: its columns.
        digest: the hash of its content.
    """

    table: Table
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        return self.table.name

    def __repr__(self) -> str:
        return f"<{self.table.name}>"


def given_data(data: Any) -> Given:
    """The table that values make.

    Args:
        data: (X, y); a 2-D array or a list of rows, labels last; a data frame, a structured array or a mapping of
            columns, labels last or named by the settings; scikit-learn's Bunch.

    Raises:
        InputError: none of these, columns of different lengths, two of one name, or values NumPy cannot hold.

    >>> print(given_data(([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])))
    data of 2 × 2 (2ad29184)
    """
    if isinstance(data, Given):
        return data
    label = None
    if isinstance(data, Mapping) and {"data", "target"} <= set(data) and np.ndim(data["data"]) == 2:
        names = data.get("feature_names")
        columns = _columns(data["data"], "data", list(names) if names is not None else None)
        columns, label = [*columns, _one("label", data["target"], "target")], len(columns)
    elif isinstance(data, tuple) and len(data) == 2 and not _is_scalar(data[0]):
        columns = _columns(data[0], "X")
        columns, label = [*columns, _label_column(data[1])], len(columns)
    else:
        columns = _columns(data, "data")
    return _checked(columns, label)


def _checked(columns: list[tuple[str, NDArray[Any], NDArray[np.bool_]]], label: int | None) -> Given:
    if len(columns) < 2:
        raise InputError("the data has one column only, and needs at least one feature and a label. " + FORMS + ".")
    rows = len(columns[0][1])
    for name, cells, _ in columns:
        if len(cells) != rows:
            shown = "y" if label is not None else f"column {name!r}"
            raise InputError(f"X and y need as many rows each: X has {rows}, {shown} has {len(cells)}.")
    if rows == 0:
        raise InputError("the data has no rows. Give one row per sample.")
    digest = _digest(columns, label)
    told = f"data of {rows:,} × {len(columns) - 1:,} ({digest[:8]})"
    table = Table(
        told, tuple(ValueColumn(name, "the data", cells, gone) for name, cells, gone in columns), label, values=True
    )
    return Given(table, digest)


def _digest(columns: list[tuple[str, NDArray[Any], NDArray[np.bool_]]], label: int | None) -> str:
    """The hash of names, types and values, and of which column is the label."""
    found = hashlib.blake2b(f"{label}".encode(), digest_size=16)
    for name, cells, gone in columns:
        objects = cells.dtype.kind == "O"
        found.update(f"|{name!r}|{'objects' if objects else cells.dtype.newbyteorder('<').str}|".encode())
        held = (
            "\0".join(f"{type(v).__name__}:{v!r}" for v in cells).encode("utf-8", "backslashreplace")
            if objects
            else b""
        )
        found.update(held if objects else cells.astype(cells.dtype.newbyteorder("<")).tobytes())
        found.update(np.packbits(gone).tobytes())
    return found.hexdigest()


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bytes, int, float, complex)) or value is None


def _columns(data: Any, what: str, names: list[Any] | None = None) -> list[tuple[str, NDArray[Any], NDArray[np.bool_]]]:
    """(name, values, which are missing) of every column."""
    found = _named_columns(data, what)
    if found is not None:
        return [_one(name, column, what) for name, column in found]
    array = _array(data, what)
    if array.ndim != 2:
        remedy = "Write X[:, None] for one feature" if array.ndim == 1 and array.size else FORMS
        shape = f"an array of shape {array.shape}" if array.ndim else f"{type(data).__name__} {short(data)}"
        raise InputError(f"{what} must have a row per sample and a column per feature, got {shape}. {remedy}.")
    names = (
        names if names is not None and len(names) == array.shape[1] else [f"x{k + 1}" for k in range(array.shape[1])]
    )
    return [_one(str(name), array[:, place], what) for place, name in enumerate(names)]


def _named_columns(data: Any, what: str) -> list[tuple[str, Any]] | None:
    """The columns of a frame, a structured array or a mapping; None for what has no named columns."""
    if hasattr(type(data), "collect") and not hasattr(type(data), "__len__"):
        raise InputError(
            f"{what} is a {type(data).__name__}, which holds no values yet. Collect it into a frame first."
        )
    if isinstance(data, Mapping):
        return [(str(name), column) for name, column in data.items()]
    fields = getattr(getattr(data, "dtype", None), "names", None)
    if fields:
        return [(name, data[name]) for name in fields]
    names = getattr(data, "column_names", None)  # of Arrow's tables, whose `columns` are the values
    if names is None:
        names = getattr(data, "columns", None)
    if names is None or isinstance(data, np.ndarray) or not isinstance(names, Iterable):
        return None
    if not hasattr(data, "__getitem__"):
        raise InputError(
            f"{what} is a {type(data).__name__}, whose columns cannot be read. Collect it into a frame first."
        )
    try:
        names = list(names)
        told = [str(name) for name in names]
        if len(set(told)) < len(told):
            twice = next(name for name in told if told.count(name) > 1)
            raise InputError(f"{what} has two columns named {twice!r}. Rename one, or leave it out.")
        return [(str(name), data[name]) for name in names]
    except InputError:
        raise
    except Exception as error:  # somebody else's class may raise anything
        raise InputError(f"cannot read the columns of {what}, a {type(data).__name__}: {error}. {FORMS}.") from None


def _label_column(y: Any) -> tuple[str, NDArray[Any], NDArray[np.bool_]]:
    """The labels: one per row, whatever they come in."""
    named = _named_columns(y, "y")
    if named is not None:
        if len(named) != 1:
            raise InputError(f"y must be one column of labels, got {len(named)}. Give one of them.")
        return _one(named[0][0], named[0][1], "y")
    array = _array(y, "y")
    if array.ndim == 0:
        raise InputError(f"y must hold one label per row, got {short(y)}. Give (X, y).")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 2:
        raise InputError(
            f"y must hold one label per row, got shape {array.shape}. For one-hot labels write y.argmax(axis=1)."
        )
    name = getattr(y, "name", None)
    return _one(name if isinstance(name, str) and name else "label", array, "y")


def _one(name: str, column: Any, what: str) -> tuple[str, NDArray[Any], NDArray[np.bool_]]:
    """A column as an array of one dimension, copied, and which of its values are missing."""
    array = _array(column, f"column {name!r} of {what}" if what != "y" else "y")
    if array.ndim != 1:
        raise InputError(f"column {name!r} of {what} must have one value per row, got shape {array.shape}.")
    gone = np.ma.getmaskarray(array).copy() if isinstance(array, np.ma.MaskedArray) else np.zeros(len(array), bool)
    cells = np.array(np.ma.getdata(array), copy=True, subok=False)
    if cells.dtype.kind == "O":
        gone |= np.array([_is_missing(value) for value in cells], bool)
    elif cells.dtype.kind in "Mm":
        gone |= np.isnat(cells)
    return str(name), cells, gone


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return True
    try:
        return bool(value != value)  # NaN of any library
    except Exception:  # somebody else's class
        return False


def _array(value: Any, what: str) -> NDArray[Any]:
    if isinstance(value, np.ndarray):
        return np.asarray(value) if isinstance(value, np.matrix) else value  # whose columns have two dimensions
    try:
        if isinstance(value, (list, tuple)):
            return _of_list(value)
        return np.asanyarray(value)
    except Exception as error:  # ragged rows; a tensor that needs its gradient; somebody else's class
        reason = " ".join(str(error).split())
        raise InputError(
            f"cannot make an array of {what}, a {type(value).__name__}: {reason.rstrip('.')}. {FORMS}."
        ) from None


def _of_list(value: list[Any] | tuple[Any, ...]) -> NDArray[Any]:
    """A list as NumPy reads it, but numbers and words together stay what they are, and large whole numbers too."""
    array = np.asanyarray(value)
    mixed = array.dtype.kind in "US" and not _all_words(value)
    rounded = array.dtype.kind == "f" and array.ndim == 1 and any(isinstance(item, int) for item in value)
    return np.array(value, dtype=object) if mixed or rounded else array


def _all_words(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_all_words(item) for item in value)
    return isinstance(value, (str, bytes)) or getattr(getattr(value, "dtype", None), "kind", "") in ("U", "S")
