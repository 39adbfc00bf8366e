"""Rows: one per finished run, the settings first, in an order that depends on the settings alone."""

from __future__ import annotations

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
WHOLE = ("width", "batch_size", "steps_to_target", "diverged_at")  # whole numbers that may be missing


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

            return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
                {"steps_to_target": "Int64", "diverged_at": "Int64"}
            )
        import polars as pl

        return pl.DataFrame(rows or {name: [] for name in COLUMNS}, infer_schema_length=None)
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
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}. Choose another path.") from None
