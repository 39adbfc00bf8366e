"""Any bytes are a table or an InputError in a few words, never another error; so are any values."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.sweep.settings import read_study

MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIGNS = st.sampled_from([",", ";", "\t", "|", " ", ", ", " ;"])
NUMBERS = st.one_of(
    st.integers(-3, 30).map(str), st.floats().map(repr), st.integers().map(str),
    st.floats(-9, 9).map(lambda number: f"{number:.2f}".replace(".", ",")),
    st.sampled_from(["1e308", "-1e-320", "0x1", "1_0"]),
)  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(["", "NA", "?", "-", "+", "a", "b", "x y", '"', '"a', '""', "é", "\u00a0", "sep=;", "nan", "\r"]),
    st.text(max_size=4),
)  # fmt: skip
CELLS = st.one_of(NUMBERS, NUMBERS, WORDS)


CLEAN = (
    st.integers(-3, 30).map(str), st.floats(-9, 9).map(lambda number: f"{number:.2f}"), st.sampled_from(["0.1", "5"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr), st.just("3"),
)  # fmt: skip
LABELS = (st.sampled_from(["0", "1"]), st.sampled_from(["a", "b"]), st.floats(-9, 9).map(repr), st.integers().map(str))
NAMES = st.sampled_from(["a", "b", "c", "label", "", "x1", "0", "1", "2019"])


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Nearly a table: a few columns, each of one kind, and in half of them a slip."""
    width, sign, count = draw(st.integers(1, 4)), draw(SIGNS), draw(st.integers(0, 16))
    kinds = [*(draw(st.sampled_from(CLEAN)) for _ in range(width - 1)), draw(st.sampled_from(LABELS))]
    rows = [[draw(kind) for kind in kinds] for _ in range(count)]
    if draw(st.booleans()):
        rows.insert(0, [draw(NAMES) for _ in kinds])
    if rows and draw(st.booleans()):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, width - 1))] = draw(CELLS)
    if rows and draw(st.integers(0, 9)) == 0:
        rows[-1].append("1")
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    return draw(st.sampled_from(["", "", "", "sep=;\n", "\ufeff"])) + "".join(sign.join(row) + end for row in rows)


def read_or_refused(path: Path, **how: Any) -> bool:
    """Whether it was read; what comes then is a data set that can be trained on."""
    data, said = None, ""
    try:
        data = load(path, **how)
    except InputError as refused:
        said = str(refused)
    if data is None:
        assert 10 < len(said) < 1500
        return False
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        assert len(x) == len(y) > 0
        assert np.isfinite(x).all()
        assert np.isfinite(data.targets(y)).all()
    assert len(data.features) == data.train_x.shape[1] > 0
    assert len(set(data.classes)) == len(data.classes)
    return True


@MANY
@given(raw=st.binary(max_size=300))
def test_any_bytes(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(raw)
    read_or_refused(path)


@MANY
@given(text=tables(), encoding=st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "utf-16-le"]))
def test_any_table(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding, "ignore"))
    read_or_refused(path)


@MANY
@given(
    text=tables(), header=st.sampled_from([None, True, False]), task=st.sampled_from([None, "classes", "numbers"]),
    label=st.sampled_from([None, "a", "x1", "label"]), features=st.sampled_from([None, ["a"], ["x1"], ["b", "a"]]),
    drop=st.sampled_from([None, ["a"], ["x2"]]), seed=st.integers(0, 2**31 - 1),
)  # fmt: skip
def test_any_table_read_in_any_way(
    text: str, header: bool | None, task: Any, label: str | None, features: Any, drop: Any, seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(text, "utf-8", "ignore", "")
    read_or_refused(path, header=header, task=task, label=label, features=features, drop=drop, seed=seed)


def test_the_fuzz_reaches_both_ends(tmp_path: Path) -> None:
    """A twin: tables that are read and tables that are refused are both among what is tried."""
    found: list[bool] = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(tables())
    def tried(text: str) -> None:
        path = tmp_path / "table.csv"
        path.write_text(text, "utf-8", "ignore", "")
        found.append(read_or_refused(path))

    tried()
    assert 2 <= sum(found) <= len(found) - 2, sum(found)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=3),
    st.binary(max_size=3), st.decimals(), st.fractions(), st.datetimes(), st.lists(st.integers(), max_size=2),
)  # fmt: skip
SHAPES = st.one_of(
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12), st.just((12, 2)), st.just((12,))
)
ARRAYS = st.one_of(
    arrays.arrays(arrays.scalar_dtypes(), SHAPES), arrays.arrays(np.float64, SHAPES),
    arrays.arrays(np.int64, st.just((12,)), elements=st.integers(0, 2)), arrays.arrays(object, SHAPES, elements=VALUES),
    st.lists(VALUES, max_size=12), st.lists(st.lists(VALUES, max_size=3), max_size=12), VALUES,
)  # fmt: skip


@MANY
@given(st.one_of(ARRAYS, st.tuples(ARRAYS, ARRAYS), st.dictionaries(st.text(max_size=2), ARRAYS, max_size=3)))
def test_any_values(data: Any) -> None:
    if isinstance(data, str):
        return
    read_or_refused(data)


LINES = st.text(max_size=100).map(lambda text: f'data = "{text}"'.encode("utf-8", "ignore"))


@MANY
@given(raw=st.one_of(st.binary(max_size=200), LINES), suffix=st.sampled_from([".toml", ".json"]))
def test_any_study_file(raw: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"study{suffix}"
    path.write_bytes(raw)
    with contextlib.suppress(InputError):
        read_study(path)
