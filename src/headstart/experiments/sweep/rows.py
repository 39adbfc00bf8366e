"""Rows: one per finished run, the settings first, in an order that depends on the settings alone."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments import columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Row = dict[str, Any]
_SETTINGS = tuple(column.name for column in columns.SETTINGS)
_TABLE = tuple(column.name for column in columns.STORED)


def rows_of(results: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The rows of stored results (identity -> result)."""
    rows = []
    for identity, result in results.items():
        settings = dict(result["settings"])
        hidden = settings["hidden"]
        settings |= {"depth": len(hidden), "width": hidden[0] if len(set(hidden)) == 1 else None}
        known = settings | {name: result[name] for name in _TABLE if name != "id"} | {"id": identity}
        if known["diverged_at"] is None and known["final_cost"] is not None and math.isnan(known["final_cost"]):
            known["diverged_at"] = known["steps"]  # by the last step, which no other followed to see it; as in compare
        rows.append({name: known[name] for name in columns.COLUMNS})
    return sorted(rows, key=_place)


def _place(row: Row) -> tuple[Any, ...]:
    """Where a row belongs: by its settings in turn; what is not given comes first. At last by its identity."""
    values = (row[name] for name in _SETTINGS)
    return (*((value is not None, 0 if value is None else value) for value in values), row["id"])


def frame(rows: list[Row], library: str) -> Any:
    """The rows as a data frame of pandas or Polars, each column of its own type, whatever the rows.

    Raises:
        InputError: another library, or one that is not installed.
    """
    if library not in ("pandas", "polars"):
        raise InputError(f"a frame is made by 'pandas' or 'polars', got {library!r}. Write one of the two.")
    try:
        return _pandas(rows) if library == "pandas" else _polars(rows)
    except ModuleNotFoundError:
        raise InputError(f"{library} is not installed. Run: pip install 'headstart[frames]'") from None


def _pandas(rows: list[Row]) -> Any:
    import pandas as pd

    types = {int: "Int64", float: "float64", str: "string", tuple: "object"}  # pandas' own int64 cannot be missing
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=types[column.type])
            for name, column in columns.COLUMNS.items()
        }
    )


def _polars(rows: list[Row]) -> Any:
    import polars as pl

    types: dict[type, Any] = {int: pl.Int64, float: pl.Float64, str: pl.String, tuple: pl.List(pl.Int64)}
    return pl.DataFrame(
        [
            pl.Series(name, [row[name] for row in rows], dtype=types[column.type])
            for name, column in columns.COLUMNS.items()
        ]
    )


def write_parquet(rows: list[Row], path: Path) -> None:
    """The rows as a Parquet file, whole or not at all: written beside it, then renamed.

    Raises:
        InputError: Polars is not installed, or the file cannot be written.
    """
    made, beside = frame(rows, "polars"), path.with_name(f"{path.name}.part")
    try:
        made.write_parquet(beside)
        beside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):  # where the folder is what is wrong, there is nothing to take away
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}. Choose another path.") from None
        raise
