"""CSV files as users have them, and as they should not be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "table.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def rows(count: int, label: Callable[[int], object]) -> str:
    return "".join(f"{i},{i * i % 7},{label(i)}\n" for i in range(count))


def test_header_words_and_standardization(write: Write) -> None:
    data = load(write("length,width,species\n" + rows(40, lambda i: "iris" if i % 2 else "rose")))
    assert (data.task, data.classes, data.features) == ("binary", ("iris", "rose"), ("length", "width"))
    assert len(data.train_x) == 30
    assert len(data.test_x) == 10
    np.testing.assert_allclose(data.train_x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.train_x.std(axis=0), 1)


def test_without_header_and_with_numbers_as_classes(write: Write) -> None:
    data = load(write(rows(40, lambda i: i % 3)))
    assert (data.task, data.classes, data.features, data.outputs) == ("classes", ("0", "1", "2"), ("x1", "x2"), 3)


def test_real_labels_make_a_regression(write: Write) -> None:
    data = load(write(rows(60, lambda i: 0.5 * i)))
    assert (data.task, data.outputs) == ("regression", 1)
    assert data.train_y.std() == pytest.approx(1)
    assert data.score(data.targets(data.test_y), data.test_y) == 1.0
    assert data.score(np.full((len(data.test_y), 1), np.nan), data.test_y) == -np.inf


def test_label_by_name_may_stand_anywhere(write: Write) -> None:
    path = write("kind,a,b\n" + "".join(f"{'yes' if i % 2 else 'no'},{i},{-i}\n" for i in range(20)))
    data = load(path, label="kind")
    assert data.features == ("a", "b")
    assert data.classes == ("no", "yes")


def test_blank_lines_spaces_and_quotes(write: Write) -> None:
    data = load(write("\n".join(f'{i}, "{i + 1}" ,{"a" if i % 2 else "b"}\n' for i in range(20))))
    assert len(data.train_x) + len(data.test_x) == 20


def test_a_constant_feature_stays_finite(write: Write) -> None:
    data = load(write("".join(f"5,{i},{i % 2}\n" for i in range(20))))
    assert np.isfinite(data.train_x).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b,label\n", "header and no rows"),
        ("1,2,0\n3,4,1\n5,6\n", "line 3: 2 cells where line 1 has 3"),
        ("1,2,0\n3,x,1\n", r"line 2, column 'x2': a feature must be a finite number, got 'x'"),
        ("1,x,0\n3,4,1\n", r"line 1, column 'x2'"),
        ("1,2,0\n3,nan,1\n", "must be a finite number, got 'nan'"),
        ("1,2,0\n3,inf,1\n", "must be a finite number, got 'inf'"),
        ("1,2,0\n3,,1\n", "must be a finite number, got ''"),
        ("1,2,0\n3,4,\n", "line 2: the label is 'empty'"),
        ("1,2,0\n3,4,nan\n", "line 2: the label is 'nan'"),
        ("1,2,a\n3,4,a\n", "every label is 'a'. Two classes"),
        ("1,2,a\n3,4,a\n5,6,b\n", "class 'b' has one row only"),
        ("1\n2\n", "one column only"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text"),
        ("1,2,0\n3,4\x00,1\n", "is not text"),
    ],
)
def test_bad_files(write: Write, content: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(write(content))


def test_missing_file_folder_and_label(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*missing.csv"):
        load(str(tmp_path / "missing.csv"))
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        load(str(folder))
    with pytest.raises(InputError, match=r"unknown column of .* 'speceis'. Did you mean 'species'"):
        load(write("a,b,species\n1,2,x\n3,4,y\n"), label="speceis")
