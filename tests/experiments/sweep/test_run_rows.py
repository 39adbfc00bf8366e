"""Rows and frames: each column from its own source, in one order, with one type in every study."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments import columns
from headstart.experiments.sweep.rows import frame, rows_of, write_parquet

COLUMNS = tuple(columns.COLUMNS)
SETTINGS, RESULTS = (tuple(column.name for column in kind) for kind in (columns.SETTINGS, columns.RESULTS))

# No two values are equal, so that none can stand in another's column.
STORED: dict[str, Any] = {
    "data": "moons", "digest": "d", "label": "l", "data_seed": 1, "hidden": [8, 8, 8], "activation": "tanh",
    "optimizer": "adam", "batch_size": 2, "steps": 4, "dtype": "float64", "target": 0.5, "scheme": "xavier",
    "multiplier": 0.6, "sigma_b": 0.7, "learning_rate": 0.9, "seed": 10, "engine": 1,
}  # fmt: skip
OUTCOME: dict[str, Any] = {
    "first_cost": 1.1, "final_cost": 1.2, "train_accuracy": 1.3, "test_accuracy": 1.4, "steps_to_target": 15,
    "diverged_at": 16,
}  # fmt: skip


def result(settings: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"settings": STORED | settings, "state": "done", "reason": None, **OUTCOME, **given}


def test_each_column_has_its_own_source() -> None:
    (row,) = rows_of({"i": result({}, state="failed", reason="why")})
    assert row == {
        "id": "i", "state": "failed", "reason": "why", "depth": 3, "width": 8,
        **{name: value for name, value in STORED.items() if name not in ("digest", "engine")}, **OUTCOME,
    }  # fmt: skip
    assert tuple(row) == COLUMNS


@pytest.mark.parametrize(
    ("hidden", "depth", "width"),
    [([8], 1, 8), ([8, 8], 2, 8), ([8, 4], 2, None), ([4, 4, 8], 3, None), ([], 0, None)],
)
def test_a_width_is_that_of_every_layer_or_none(hidden: list[int], depth: int, width: int | None) -> None:
    (row,) = rows_of({"i": result({"hidden": hidden})})
    assert (row["depth"], row["width"], row["hidden"]) == (depth, width, hidden)


# --- order -----------------------------------------------------------------------------------------------------------

# For each setting two values in order, the first missing where that can be: what is not given comes first.
ORDERED: dict[str, tuple[Any, Any]] = {
    "data": ("circles", "moons"), "label": (None, "a"), "data_seed": (2, 10), "activation": ("relu", "tanh"),
    "scheme": ("he", "zeros"), "multiplier": (0.5, 2.0), "sigma_b": (0.0, 0.1), "learning_rate": (0.01, 0.1),
    "optimizer": ("adam", "sgd"), "batch_size": (None, 7), "steps": (9, 10), "target": (None, 0.1),
    "dtype": ("float32", "float64"), "seed": (9, 10),
}  # fmt: skip
LAYERS = [[], [9], [3, 9], [4, 4], [5, 5]]  # by depth, then width (none first)


def test_rows_are_ordered_by_their_settings_from_left_to_right() -> None:
    """Of two settings the left one counts: whatever the other says."""
    names = [name for name in SETTINGS if name in ORDERED]
    assert set(SETTINGS) - set(ORDERED) == {"depth", "width", "hidden"}
    for left, right in itertools.combinations(names, 2):
        first = {left: ORDERED[left][0], right: ORDERED[right][1]}
        then = {left: ORDERED[left][1], right: ORDERED[right][0]}
        found = rows_of({"a": result(then), "b": result(first)})
        assert [row["id"] for row in found] == ["b", "a"], (left, right)


def test_depth_comes_before_width_and_both_between_data_and_activation() -> None:
    stored = {str(k): result({"hidden": hidden}) for k, hidden in enumerate(LAYERS)}
    assert [row["hidden"] for row in rows_of(dict(reversed(stored.items())))] == LAYERS
    by_data = rows_of({"a": result({"data_seed": 2, "hidden": [1]}), "b": result({"data_seed": 1, "hidden": [2, 2]})})
    assert [row["id"] for row in by_data] == ["b", "a"]
    by_depth = rows_of({"a": result({"hidden": [2, 2], "activation": "a"}), "b": result({"hidden": [1]})})
    assert [row["id"] for row in by_depth] == ["b", "a"]


@given(st.permutations(range(8)))
def test_the_order_does_not_depend_on_that_of_the_store(places: list[int]) -> None:
    runs = [result({"seed": seed, "target": target}) for seed in (10, 9) for target in (None, 0.1, 0.02)]
    runs += [result({"seed": 9}, state="failed"), result({"seed": 9})]  # told apart by their identities alone
    stored = {f"{place}": runs[place] for place in places}
    expected = rows_of({f"{place}": run for place, run in enumerate(runs)})
    assert rows_of(stored) == expected
    assert [row["id"] for row in expected if row["target"] == 0.5] == ["6", "7"]


# --- frames ----------------------------------------------------------------------------------------------------------

TEXT = ("id", "state", "reason", "data", "label", "activation", "scheme", "optimizer", "dtype")
WHOLE = ("data_seed", "depth", "width", "batch_size", "steps", "seed", "steps_to_target", "diverged_at")
REAL = ("multiplier", "sigma_b", "learning_rate", "target", "first_cost", "final_cost", "train_accuracy",
        "test_accuracy")  # fmt: skip
FAILED = dict.fromkeys(OUTCOME) | {"state": "failed", "reason": "no room"}
LARGE = 2**53 + 1  # which a float cannot hold
TABLES: dict[str, list[dict[str, Any]]] = {
    "empty": [],
    "full": rows_of({"a": result({"seed": 2**63 - 1}, steps_to_target=LARGE, diverged_at=LARGE)}),
    "nothing that may be missing": rows_of(
        {"a": result({"hidden": [3, 4], "batch_size": None, "target": None, "label": None}, **FAILED)}
    ),
    "both": rows_of(
        {"a": result({}, steps_to_target=LARGE, diverged_at=None, final_cost=math.nan),
         "b": result({"hidden": [3, 4], "batch_size": None, "target": None, "label": None}, **FAILED),
         "c": result({"hidden": []}, test_accuracy=-math.inf, steps_to_target=None)}
    ),
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_a_column_has_the_same_type_in_every_study(table: str) -> None:
    """Where each value is missing, where none is, and where there is no row: so that tables can be put together."""
    pandas, polars = frame(TABLES[table], "pandas"), frame(TABLES[table], "polars")
    assert list(pandas.columns) == polars.columns == list(COLUMNS)
    for name in COLUMNS:
        expected = pl.String if name in TEXT else pl.Int64 if name in WHOLE else pl.Float64
        assert polars.schema[name] == (pl.List(pl.Int64) if name == "hidden" else expected), name
        kinds = {"hidden": ("object",)} | dict.fromkeys(TEXT, ("string", "str")) | dict.fromkeys(REAL, ("float64",))
        assert str(pandas[name].dtype) in kinds.get(name, ("int64", "Int64")), name
    assert {str(pandas[name].dtype) for name in ("width", "batch_size", "steps_to_target", "diverged_at")} == {"Int64"}


@pytest.mark.parametrize("table", TABLES)
def test_frames_and_parquet_hold_the_values_of_the_rows(table: str, tmp_path: Path) -> None:
    rows = TABLES[table]
    write_parquet(rows, tmp_path / "runs.parquet")
    for found in (frame(rows, "polars"), pl.read_parquet(tmp_path / "runs.parquet")):
        assert json.dumps(found.to_dicts()) == json.dumps(rows)  # None stays None, NaN NaN
    pandas = frame(rows, "pandas")
    for name in COLUMNS:
        values = [None if missing else value for value, missing in zip(pandas[name], pandas[name].isna(), strict=True)]
        expected = [None if row[name] != row[name] else row[name] for row in rows]
        assert values == expected, name


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("odd")])
@pytest.mark.parametrize("where", ["write", "rename"])
def test_a_table_that_cannot_be_written_leaves_nothing_and_the_old_one_as_it_was(
    where: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.parquet"
    write_parquet(TABLES["full"], path)
    before = path.read_bytes()

    def fail(self: Any, target: Any) -> None:
        if where == "write":
            Path(target).write_bytes(b"half")
        raise error

    monkeypatch.setattr(*((pl.DataFrame, "write_parquet") if where == "write" else (Path, "replace")), fail)
    with pytest.raises(hs.InputError if isinstance(error, OSError) else type(error)) as said:
        write_parquet(TABLES["both"], path)
    if isinstance(error, OSError):
        assert str(said.value) == f"cannot write {str(path)!r}: No space left on device. Choose another path."
    assert [file.name for file in tmp_path.iterdir()] == ["runs.parquet"]
    assert path.read_bytes() == before


def test_a_folder_or_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "folder", tmp_path / "file" / "runs.parquet", tmp_path / "none" / "runs.parquet"):
        with pytest.raises(hs.InputError, match="cannot write"):
            write_parquet(TABLES["full"], path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_results_and_settings_are_all_columns() -> None:
    assert ("id", "state", "reason", *SETTINGS, *RESULTS) == COLUMNS
    assert set(TEXT) | set(WHOLE) | set(REAL) | {"hidden"} == set(COLUMNS)
    types = dict.fromkeys(TEXT, str) | dict.fromkeys(WHOLE, int) | dict.fromkeys(REAL, float) | {"hidden": tuple}
    assert types == {name: column.type for name, column in columns.COLUMNS.items()}
