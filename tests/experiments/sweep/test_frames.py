"""Frames and Parquet files: whole numbers stay whole, what is missing is missing, and nothing depends on the rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sweep_rows import run

from headstart import InputError
from headstart.experiments.columns import COLUMNS
from headstart.experiments.sweep.rows import frame, write_parquet

WHOLE = [name for name, column in COLUMNS.items() if column.type is int]
ROWS = [
    run(seed=0, batch_size=64, width=8, steps_to_target=12, diverged_at=7),
    run(seed=2**63 - 1, final_cost=math.nan, first_cost=math.inf),
    run(seed=2, reason="no room"),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[1:], []], ids=["some missing", "none", "all missing", "empty"])
def test_whole_numbers_are_whole(rows: list[dict[str, Any]]) -> None:
    for name in WHOLE:
        values = [row[name] for row in rows]
        pandas, polars = frame(rows, "pandas")[name], frame(rows, "polars")[name]
        assert str(pandas.dtype) == "Int64"
        assert polars.dtype == pl.Int64
        assert [None if item is pd.NA else item for item in pandas.tolist()] == values
        assert polars.to_list() == values


def test_a_batch_size_is_printed_as_it_was_given() -> None:
    assert frame(ROWS, "pandas")[["batch_size"]].to_csv(index=False).splitlines()[:2] == ["batch_size", "64"]
    assert frame(ROWS, "polars")["batch_size"].cast(str).to_list() == ["64", None, None]


def test_floats_tell_what_is_missing_from_what_is_no_number() -> None:
    polars = frame(ROWS, "polars")
    assert polars["final_cost"].is_null().to_list() == [False, False, True]
    assert polars["final_cost"].is_nan().to_list() == [False, True, None]
    assert polars["first_cost"].to_list()[1] == math.inf
    assert frame(ROWS, "pandas")["final_cost"].isna().tolist() == [False, True, True]
    assert frame(ROWS, "pandas")["target"].dtype == np.float64


def test_layers_are_lists_and_text_is_text() -> None:
    assert frame(ROWS, "polars")["hidden"].to_list() == [row["hidden"] for row in ROWS]
    assert frame(ROWS, "pandas")["hidden"].tolist() == [row["hidden"] for row in ROWS]
    assert frame(ROWS, "pandas")["label"].isna().all()
    assert frame(ROWS, "polars")["reason"].to_list() == [None, None, "no room"]


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "empty"])
def test_a_parquet_file_has_the_same_types(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    write_parquet(rows, tmp_path / "runs.parquet")
    found = pl.read_parquet(tmp_path / "runs.parquet")
    assert found.schema == frame(rows, "polars").schema
    assert found.equals(frame(rows, "polars"), null_equal=True)
    assert [path.name for path in tmp_path.iterdir()] == ["runs.parquet"]


def test_only_two_libraries_are_known() -> None:
    with pytest.raises(InputError, match=r"'pandas' or 'polars', got 'arrow'. Write one of the two"):
        frame(ROWS, "arrow")
