"""Data given as values: every container gives the same data set, and what is no table is refused with the reason."""

from __future__ import annotations

import decimal
import fractions
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import headstart as hs
from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.data.given import given_data

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = RANDOM.integers(0, 3, size=60)
WORDS = np.array(["p", "q", "r"])[Y]
FRAME = pd.DataFrame(X, columns=list("abc")).assign(y=WORDS)


def other(x: Any, y: Any) -> np.ndarray:
    data = load((x, y))
    return np.concatenate([data.train_x.ravel(), data.train_y.ravel(), data.test_x.ravel(), data.test_y.ravel()])


EXPECTED = other(X, Y)


def from_torch(values: np.ndarray) -> Any:
    torch = pytest.importorskip("torch")
    return torch.tensor(values)


def from_jax(values: np.ndarray) -> Any:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        return jax.numpy.asarray(values)


@pytest.mark.parametrize(
    "make",
    [
        lambda: (X, Y),
        lambda: (X.tolist(), Y.tolist()),
        lambda: (X, Y[:, None]),
        lambda: (X, WORDS),
        lambda: (X.astype(object), WORDS.astype(object)),
        lambda: (X, WORDS.astype("S")),
        lambda: (np.asfortranarray(X), Y),
        lambda: (X.astype(">f8"), Y.astype(">i2")),
        lambda: (X.astype(np.longdouble), Y.astype(float)),
        lambda: (X.view(np.matrix), Y),
        lambda: (np.ma.masked_invalid(X), Y),
        lambda: np.column_stack([X, Y]),
        lambda: np.column_stack([X, Y]).tolist(),
        lambda: FRAME,
        lambda: (FRAME[["a", "b", "c"]], FRAME["y"]),
        lambda: (FRAME[["a", "b", "c"]], FRAME[["y"]]),
        lambda: FRAME.assign(y=FRAME["y"].astype("category")),
        lambda: FRAME.convert_dtypes(),
        lambda: pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": list(WORDS)}),
        lambda: (pl.DataFrame(X), pl.Series(WORDS.tolist())),
        lambda: {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": Y},
        lambda: np.array(
            [(*x, y) for x, y in zip(X, Y, strict=True)], [("a", "f8"), ("b", "f8"), ("c", "f8"), ("y", "i8")]
        ),
        lambda: (from_torch(X), from_torch(Y)),
        lambda: (from_jax(X), Y),
        lambda: pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": list(WORDS)}).to_arrow(),
        lambda: {"data": X, "target": Y, "feature_names": ["a", "b", "c"]},
        lambda: pd.concat([pd.Series(range(60), name="Unnamed: 0"), FRAME], axis=1),
        lambda: FRAME.set_axis([f"row {k}" for k in range(60)]).rename_axis("name"),
    ],
)
def test_every_container_gives_the_same_data(make: Any) -> None:
    data = load(make())
    found = np.concatenate([data.train_x.ravel(), data.train_y.ravel(), data.test_x.ravel(), data.test_y.ravel()])
    np.testing.assert_array_equal(found, EXPECTED)
    assert data.features in (("x1", "x2", "x3"), ("a", "b", "c"), ("column_0", "column_1", "column_2"))


def test_values_and_a_file_of_them_give_the_same_data(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    FRAME.to_csv(path)  # with its index
    file, frame = load(str(path)), load(FRAME)
    np.testing.assert_array_equal(file.train_x, frame.train_x)
    np.testing.assert_array_equal(file.test_y, frame.test_y)
    assert (file.features, file.classes) == (frame.features, frame.classes)


def test_columns_of_values_are_chosen_as_those_of_a_file() -> None:
    assert load(FRAME[["y", "a", "b"]], label="y").features == ("a", "b")
    assert load(FRAME, drop=["a"]).features == ("b", "c")
    assert load(FRAME, features=["c", "a"]).features == ("c", "a")
    assert load(FRAME[["a", "b", "c"]]).notes == (
        "label c: a quantity (60 different numbers); task='classes' if it is none",
    )
    assert load((X, Y)).notes == ("the label: 3 classes (0, 1, 2); task='numbers' if it is a quantity",)
    assert load((X, Y), task="numbers").task == "regression"
    assert load(pd.DataFrame(np.column_stack([X, Y]))).features == ("0", "1", "2")
    with pytest.raises(InputError, match="unknown column of data of 60 × 3"):
        load(FRAME, label="z")
    with pytest.raises(InputError, match="label='x1' is too much"):
        load((X, Y), label="x1")
    with pytest.raises(InputError, match="header speaks of the first row of a file"):
        load(FRAME, header=True)


@pytest.mark.parametrize(
    "labels",
    [[2**53, 2**53 + 1, 0], [2**64, 2**64 + 1, 5], [20240131, 20240129, 20240130], [10**30, 10**30 + 1, 1],
     np.array([2**64 - 1, 2**64 - 2, 0], np.uint64)],
)  # fmt: skip
def test_labels_are_told_apart_exactly(labels: Any) -> None:
    found = load((X, [labels[k] for k in Y])).classes
    assert found == tuple(str(label) for label in sorted(int(label) for label in labels))


def test_kinds_of_labels() -> None:
    assert load((X, Y > 0)).classes == ("False", "True")
    assert load((X, [2**53, 2**53 + 1][0] + Y)).task == "classes"
    assert load((X, [[2**53, 2**53 + 1, 0.5][k] for k in Y]), task="classes").classes[1:] == (
        "9007199254740992", "9007199254740993",
    )  # fmt: skip
    assert load((X, Y / 2), task="classes").classes == ("0", "0.5", "1")
    assert load((X, RANDOM.normal(size=60).astype(np.float32))).task == "regression"
    assert load(([[decimal.Decimal(k) / 3] for k in range(60)], Y)).features == ("x1",)
    assert load(([[fractions.Fraction(k, 3)] for k in range(60)], Y)).features == ("x1",)


with np.errstate(over="ignore"):
    FLAT = (X * 1e300).astype(np.float32)  # all infinite


def holed(value: Any) -> np.ndarray:
    made = X.astype(object)
    made[3, 1] = value
    return made


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ((FLAT, Y), "feature must be a finite number, got inf"),
        ((X.astype(np.longdouble) * np.longdouble("1e400"), Y), "feature must be a finite number"),
        ((X + 1j, Y), r"row 0 \(from 0\), column 'x1': a feature must be a finite number, got \(0"),
        ((X, Y + 1j), "labels are finite numbers, all of them, or words, all of them, got 2?1?j|got"),
        ((holed("a"), Y), r"row 3 \(from 0\), column 'x2': .* got 'a'"),
        ((holed(None), Y), "got None, a missing value"),
        ((holed(pd.NA), Y), "got <NA>, a missing value"),
        ((holed(np.nan), Y), "got nan, a missing value"),
        ((holed(1j), Y), "got 1j"),
        ((holed([1]), Y), r"got \[1\]"),
        ((holed(10**400), Y), "must be a finite number"),
        (
            (np.where(np.arange(180).reshape(60, 3) == 10, np.nan, X), Y),
            r"row 3 \(from 0\), column 'x2': .*got nan, a missing",
        ),
        ((np.where(np.arange(180).reshape(60, 3) == 10, np.inf, X), Y), r"row 3 \(from 0\), column 'x2': .*got inf"),
        ((np.ma.masked_greater(X, 2), Y), "got masked, a missing value"),
        ((X, np.ma.masked_equal(Y, 2)), "the label is masked, a missing value"),
        ((X.astype(str), Y), "a feature must be a finite number, got '"),
        ((X.astype(str).astype("S"), Y), "a feature must be a finite number, got b'"),
        ((np.full((60, 1), np.datetime64("2024-01-01")), Y), "must be a finite number, got datetime.date"),
        ((np.full((60, 1), np.timedelta64(5, "s")), Y), "must be a finite number, got datetime.timedelta"),
        ((X, np.array(["a", 1, None], object)[Y]), "missing value"),
        ((X, np.array(["a", 1], object)[Y % 2]), "all of them"),
        ((X, np.array(["a", "NA", "b"])[Y]), "the label is 'NA', a missing value"),
        ((X, [["a", 1][k % 2] for k in Y]), "words, all of them"),
        ((X, Y[:-1]), "X and y need as many rows each: X has 60, y has 59"),
        ((X, np.eye(3)[Y]), r"y\.argmax\(axis=1\)"),
        ((X[:, 0], Y), r"Write X\[:, None\] for one feature"),
        ((X[None], Y), r"got an array of shape \(1, 60, 3\)"),
        ((X[:0], Y[:0]), "the data has no rows"),
        ((X[:, :0], Y), "one column only"),
        ((X, None), "got None"),
        ((X, 5), "y must hold one label per row, got 5"),
        ((X, Y, Y), "cannot make an array of data, a tuple"),
        (([[1, 2], [3]], [0, 1]), "cannot make an array of X, a list"),
        (X[:, 0], "a row per sample"),
        (np.array(3.0), "row per"),
        (object(), "data must have a row per sample and a column per feature, got object"),
        (len, "got builtin"),
        ({1, 2}, "got set"),
        ((k for k in range(3)), "got generator"),
        (FRAME["a"], "a row per sample"),
        ({}, "one column only"),
        (5, "data is a name or the path of a CSV file, got 5"),
        (None, "got None"),
        (b"circles", "got b'circles'"),
        (True, "got True"),
        (FRAME.set_axis(["a", "b", "a", "y"], axis=1), "data has two columns named 'a'"),
        ((FRAME, FRAME["y"]), "two columns are named 'y'"),
        ((FRAME[["a"]], FRAME[["a", "y"]]), "y must be one column of labels"),
        (pl.LazyFrame({"a": [1]}), "LazyFrame, which holds no values yet"),
        ({"a": [1, 2], "y": [[1], [2, 3]]}, "cannot make"),
        ({"a": [1, 2], "y": [1]}, "as many rows"),
        ({"a": 5, "y": 6}, "must have one value per row"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(data: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        load(data)
    assert len(str(refused.value)) < 600


def test_a_tensor_that_needs_its_gradient_says_so() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match=r"requires grad.*detach"):
        load((torch.tensor(X, requires_grad=True), Y))


def test_frames_of_any_class_with_columns() -> None:
    class Frame:
        columns = ("a", "y")

        def __getitem__(self, name: str) -> list[float]:
            return {"a": [1.0, 2.0, 3.0, 4.0], "y": [0, 1, 0, 1]}[name]

    class Broken(Frame):
        def __getitem__(self, name: str) -> list[float]:
            raise RuntimeError("the file is gone")

    assert load(Frame()).features == ("a",)
    with pytest.raises(InputError, match="cannot read the columns of data, a Broken: the file is gone"):
        load(Broken())


def test_the_identity_is_that_of_the_content() -> None:
    first, again = given_data((X, Y)), given_data((X.copy(order="F"), Y.copy()))
    assert first == again
    assert hash(first) == hash(again)
    assert str(first) == str(again)
    assert pickle.loads(pickle.dumps(first)) == first
    changed = X.copy()
    changed[0, 0] = np.nextafter(changed[0, 0], 9)
    others = [(changed, Y), (X, Y + 1), (X[:, ::-1], Y), (X, WORDS), FRAME, FRAME.rename(columns={"a": "d"}),
              np.column_stack([X, Y])]  # fmt: skip
    assert len({str(given_data(data)) for data in [(X, Y), *others]}) == 1 + len(others)


def test_values_are_copied() -> None:
    x, y = X.copy(), Y.copy()
    kept = given_data((x, y))
    before = load(kept).train_x
    x[:], y[:] = 0, 0
    np.testing.assert_array_equal(load(kept).train_x, before)


def test_no_library_is_loaded_for_arrays() -> None:
    """Whoever gives arrays may not have pandas, and does not want to wait for it."""
    script = (
        "import sys, numpy as np\n"
        "from headstart.experiments.data.datasets import load\n"
        "load((np.arange(20.0).reshape(10, 2), np.arange(10) % 2))\n"
        "print([name for name in ('pandas', 'polars', 'pyarrow', 'torch', 'jax', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- the verbs ------------------------------------------------------------------------------------------------------


def test_a_comparison_of_values_prints_saves_and_draws(tmp_path: Path) -> None:
    result = hs.compare("he", data=(X[:, :2], Y), hidden=4, steps=20, seeds=2)
    name = str(given_data((X[:, :2], Y)))
    assert result.settings.hidden == (4,)
    assert name in repr(result)
    assert name in str(result)
    assert "Data: the label: 3 classes (0, 1, 2); task='numbers' if it is a quantity." in str(result)
    document = json.loads(json.dumps(result.to_json()))
    assert document["settings"]["data"] == name
    assert document["data"] == {
        "name": name, "task": "classes", "rows": {"train": 45, "test": 15}, "features": ["x1", "x2"],
        "classes": ["0", "1", "2"], "notes": ["the label: 3 classes (0, 1, 2); task='numbers' if it is a quantity"],
    }  # fmt: skip
    assert set(result.save(tmp_path / "out")) == {"png", "svg", "html"}
    assert "Data: the label" in (tmp_path / "out" / "compare.html").read_text()
    assert hs.compare("he", data=FRAME, drop="c", steps=5, seeds=1).data.features == ("a", "b")


def test_values_as_float32_that_would_overflow_are_refused_and_large_ones_are_scaled() -> None:
    huge = hs.compare("he", data=(X * 1e300, Y), steps=20, seeds=2)
    plain = hs.compare("he", data=(X, Y), steps=20, seeds=2)
    np.testing.assert_allclose([run.costs for run in huge.runs], [run.costs for run in plain.runs], rtol=1e-4)
    far = X.copy()
    far[:, 0] = 0.0
    far[0, 0] = 1e-30
    train_rows = load((far, Y)).train_x
    assert np.isfinite(train_rows).all()


def test_a_tuning_of_values(tmp_path: Path) -> None:
    found = hs.tune("he", data=(X, Y), hidden=4, steps=20, seeds=2, trials=2, profile=3)
    name = str(given_data((X, Y)))
    assert json.loads(json.dumps(found.to_json()))["settings"]["data"] == name
    assert found.to_json()["data"]["name"] == name
    assert name in str(found)
    assert "Data: the label" in str(found)


def test_the_preset_in_python() -> None:
    replay = hs.compare("zeros", preset="course")
    assert (replay.settings.preset, replay.settings.steps, replay.settings.dtype) == ("course", 15_000, "float64")
    for given in ({"steps": 3}, {"data": "moons"}, {"hidden": 4}, {"label": "y"}, {"tune_learning_rate": True}):
        (name,) = given
        with pytest.raises(InputError, match=rf"the course preset fixes {name}\. Leave out {name}, or preset"):
            hs.compare(preset="course", **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"unknown preset 'exam'\. Known: course"):
        hs.compare(preset="exam")
