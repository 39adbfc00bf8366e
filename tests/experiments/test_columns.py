"""A run's columns: each stands in the table, the rows, both frames, the analysis and on its page, as its entry says."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
import sqlalchemy
from sweep_rows import RESULTS as RESULTS_OF_ROWS
from sweep_rows import SETTINGS as SETTINGS_OF_ROWS
from sweep_rows import run

import headstart as hs
from headstart.experiments.analysis.factors import factor, shown, value
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.columns import COLUMNS, FACTORS, RESULTS, SETTINGS, STATES, STORED, Column
from headstart.experiments.store.tables import runs
from headstart.experiments.sweep.chunks import Result
from headstart.experiments.sweep.rows import frame
from headstart.experiments.sweep.settings import StudySettings

ROOT = Path(__file__).parents[2]
SQL = {int: sqlalchemy.BigInteger, float: sqlalchemy.Double, str: sqlalchemy.String}
PANDAS = {int: pd.Int64Dtype(), float: pd.Float64Dtype().numpy_dtype, str: pd.StringDtype(), tuple: "object"}
POLARS = {int: pl.Int64, float: pl.Float64, str: pl.String, tuple: pl.List(pl.Int64)}
each = pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    study = hs.study(
        scheme=["he", "delta_orthogonal"], hidden=[[3], [4, 2]], batch_size=["all", 16], seed=0, steps=30, target=0.01,
        data="moons", learning_rate=[0.3, 1e6], activation="squared_relu",
    )  # fmt: skip
    study.run()
    return study.rows()


@each
def test_a_column_stands_in_every_row_with_its_type(column: Column, rows: list[dict[str, Any]]) -> None:
    kind = list if column.type is tuple else column.type
    found = [row[column.name] for row in rows]
    assert all(isinstance(item, kind) or (item is None and column.optional) for item in found)


def test_some_values_are_missing_and_some_are_not(rows: list[dict[str, Any]]) -> None:
    for name in ("batch_size", "width", "diverged_at", "reason", "final_cost"):  # else the test above shows little
        assert {row[name] is None for row in rows} == {True, False}, name


@each
def test_a_column_has_its_type_in_frames_whatever_the_rows(column: Column, rows: list[dict[str, Any]]) -> None:
    for some in (rows, rows[:1], []):
        assert frame(some, "pandas").dtypes[column.name] == PANDAS[column.type]
        assert frame(some, "polars").schema[column.name] == POLARS[column.type]


@each
def test_a_stored_column_lies_in_the_table_with_its_type(column: Column) -> None:
    assert (column.name in runs.c) == (column.source == "table")
    if column.source == "table":
        assert isinstance(runs.c[column.name].type, SQL[column.type])
        assert runs.c[column.name].nullable == column.optional
        assert getattr(runs.c[column.name].type, "length", None) == column.length


def test_results_have_the_columns_of_the_table_in_their_order() -> None:
    assert (*Result._fields, "seal") == tuple(runs.c.keys())  # what is stored of the row itself
    assert set(Result._fields) == {"settings", *(column.name for column in STORED)}


def test_rows_and_frames_have_the_columns_in_their_order(rows: list[dict[str, Any]]) -> None:
    assert list(rows[0]) == list(COLUMNS) == [column.name for column in (*STATES, *SETTINGS, *RESULTS)]
    assert list(frame(rows, "pandas").columns) == frame(rows, "polars").columns == list(COLUMNS)


def test_every_setting_of_a_study_is_a_column() -> None:
    told_with_the_data = {"features", "drop", "header", "task"}  # how a table is read
    told = set(StudySettings.model_fields) - {"name", "zip"} - told_with_the_data
    assert told == {column.name for column in SETTINGS}


def test_every_setting_is_a_factor_with_its_words() -> None:
    row = run(width=8, depth=3)
    assert [name for name in FACTORS if name != "sigma_w2"] == [column.name for column in SETTINGS]
    for column in SETTINGS:
        assert factor(column.name) is column
        assert value(row, column.name) == (tuple(row["hidden"]) if column.type is tuple else row[column.name])
        assert shown(column.name, None) == (column.nothing or "none")


def test_every_judged_result_is_a_metric() -> None:
    judged = [column for column in RESULTS if column.better]
    assert list(METRICS) == [column.name for column in judged]
    for column in judged:
        metric = METRICS[column.name]
        assert (metric.title, metric.higher_is_better) == (column.title, column.better == "higher")
        assert metric.percent == (column.unit == "share")
        missing = metric.of({column.name: None})
        assert missing == column.missing or (math.isnan(missing) and math.isnan(column.missing))
    assert METRICS["steps_to_target"].of({"steps_to_target": None}) == math.inf


def test_the_page_is_made_from_the_columns() -> None:
    page = (ROOT / "docs" / "columns.md").read_text()
    assert runpy.run_path(str(ROOT / "tools" / "make_columns_page.py"))["page"]() == page, (
        "run: python tools/make_columns_page.py"
    )
    for column in COLUMNS.values():
        assert f"| `{column.name}` | {column.meaning} |" in page


def test_made_up_rows_of_other_tests_have_the_same_keys() -> None:
    assert set(SETTINGS_OF_ROWS) == {column.name for column in SETTINGS}
    assert set(RESULTS_OF_ROWS) == {column.name for column in RESULTS}
