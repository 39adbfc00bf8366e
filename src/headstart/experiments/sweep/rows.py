"""Rows: one per finished run, the settings first, in an order that depends on the settings alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Row = dict[str, Any]
# the order of the rows, which is also that of the columns
SETTINGS = ("data", "label", "data_seed", "depth", "width", "hidden", "activation", "scheme", "multiplier", "sigma_b",
            "learning_rate", "optimizer", "batch_size", "steps", "target", "dtype", "seed")  # fmt: skip
RESULTS = ("first_cost", "final_cost", "train_accuracy", "test_accuracy", "steps_to_target", "diverged_at")
COLUMNS = ("id", "state", "reason", *SETTINGS, *RESULTS)
# the type of each column of a frame: the same for every study, so that frames and files of several can be put together
TEXTS = ("id", "state", "reason", "data", "label", "activation", "scheme", "optimizer", "dtype")
WHOLE = ("data_seed", "depth", "width", "batch_size", "steps", "seed", "steps_to_target", "diverged_at")
REAL = ("multiplier", "sigma_b", "learning_rate", "target", "first_cost", "final_cost", "train_accuracy",
        "test_accuracy")  # fmt: skip
MISSING = ("width", "batch_size", "steps_to_target", "diverged_at")  # whole numbers that may be missing


def rows_of(results: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The rows of stored results (identity -> result)."""
    rows = []
    for identity, result in results.items():
        settings = dict(result["settings"])
        hidden = settings["hidden"]
        settings |= {"depth": len(hidden), "width": hidden[0] if len(set(hidden)) == 1 else None}
        row = {"id": identity, "state": result["state"], "reason": result["reason"]}
        row |= {name: settings[name] for name in SETTINGS}
        rows.append(row | {name: result[name] for name in RESULTS})
    return sorted(rows, key=_place)


def _place(row: Row) -> tuple[Any, ...]:
    """Where a row belongs: by its settings in turn; what is not given comes first. At last by its identity."""
    values = (row[name] for name in SETTINGS)
    return (*((value is not None, 0 if value is None else value) for value in values), row["id"])


def frame(rows: list[Row], library: str) -> Any:
    """The rows as a data frame of pandas or Polars.

    Raises:
        InputError: another library, or one that is not installed.
    """
    if library not in ("pandas", "polars"):
        raise InputError(f"a frame is made by 'pandas' or 'polars', got {library!r}.")
    try:
        if library == "pandas":
            import pandas as pd

            types = dict.fromkeys(TEXTS, "string") | dict.fromkeys(WHOLE, "int64") | dict.fromkeys(REAL, "float64")
            types |= dict.fromkeys(MISSING, "Int64")
            # As objects first: a column of whole numbers and None would become one of floats on the way.
            return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).astype(types)
        import polars as pl

        known: dict[str, Any] = dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(WHOLE, pl.Int64)
        known |= dict.fromkeys(REAL, pl.Float64) | {"hidden": pl.List(pl.Int64)}
        return pl.DataFrame(rows, schema={name: known[name] for name in COLUMNS})
    except ModuleNotFoundError:
        raise InputError(f"{library} is not installed. Run: pip install 'headstart[frames]'") from None


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
