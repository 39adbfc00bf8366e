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


# --- which rows are for testing, and what scales them ---------------------------------------------------------------


def raw_numbers(parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The row numbers of the training and the test data, from a column that held 0, 1, 2, ... before it was scaled.

    Only one scale for both parts leaves the steps between all values equal.
    """
    together = np.sort(np.concatenate(parts))
    np.testing.assert_allclose(np.diff(together), np.diff(together)[0], rtol=1e-9)
    return tuple(np.rint((part - together[0]) / (together[1] - together[0])).astype(int) for part in parts)


def test_the_training_data_alone_says_how_both_parts_are_scaled(write: Write) -> None:
    """A last row far out: whichever part it is in, a mean over all rows would show."""
    values = np.array([i * i % 7 + (1000.0 if i == 59 else 0.0) for i in range(60)])
    path = write("".join(f"{i},{values[i]},{i % 2}\n" for i in range(60)))
    for seed in range(8):
        data = load(path, seed=seed)
        train, test = raw_numbers((data.train_x[:, 0], data.test_x[:, 0]))
        mean, std = values[train].mean(), values[train].std()
        np.testing.assert_allclose(data.train_x[:, 1], (values[train] - mean) / std, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(data.test_x[:, 1], (values[test] - mean) / std, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(data.train_y, train % 2)  # each row keeps its label
        np.testing.assert_array_equal(data.test_y, test % 2)


def test_a_regressions_numbers_are_scaled_by_the_training_data_alone_too(write: Write) -> None:
    data = load(write(rows(60, lambda i: 3.5 * i - 7)))
    numbers = [raw_numbers(parts) for parts in
               ((data.train_y, data.test_y), (data.train_x[:, 0], data.test_x[:, 0]))]  # fmt: skip
    for by_label, by_feature in zip(*numbers, strict=True):
        np.testing.assert_array_equal(by_label, by_feature)
    assert data.train_y.mean() == pytest.approx(0, abs=1e-12)
    assert data.train_y.std() == pytest.approx(1)
    assert abs(data.test_y.mean()) > 1e-3


@pytest.mark.parametrize("label", [lambda i: i % 2, lambda i: i / 2], ids=["classes", "numbers"])
def test_the_seed_chooses_the_rows_for_testing(write: Write, label: Callable[[int], object]) -> None:
    path = write(rows(60, label))
    tests = []
    for seed in (0, 0, 1, 2):
        data = load(path, seed=seed)
        train, test = raw_numbers((data.train_x[:, 0], data.test_x[:, 0]))
        assert sorted([*train, *test]) == list(range(60))  # every row is in one part
        tests.append(set(test))
    assert tests[0] == tests[1]
    assert tests[0] != tests[2] != tests[3] != tests[0]


@pytest.mark.parametrize(("count", "tested"), [(40, 10), (41, 11), (43, 11), (44, 11), (45, 12)])
@pytest.mark.parametrize("label", [lambda i: i % 2, lambda i: i / 2], ids=["classes", "numbers"])
def test_a_quarter_of_the_rows_rounded_up_is_for_testing(
    write: Write, count: int, tested: int, label: Callable[[int], object]
) -> None:
    data = load(write(rows(count, label)))
    assert (len(data.test_x), len(data.test_y)) == (tested, tested)
    assert (len(data.train_x), len(data.train_y)) == (count - tested, count - tested)


def test_a_rare_class_has_its_share_of_the_test_data_whatever_the_seed(write: Write) -> None:
    path = write(rows(80, lambda i: "rare" if i % 20 == 3 else "common"))
    for seed in range(6):
        data = load(path, seed=seed)
        assert np.bincount(data.test_y).tolist() == [19, 1]
        assert np.bincount(data.train_y).tolist() == [57, 3]


def test_classes_share_the_test_data_where_it_has_room_for_all(write: Write) -> None:
    room = load(write(rows(16, lambda i: "abcd"[i % 4])))
    assert np.bincount(room.test_y).tolist() == [1, 1, 1, 1]
    full = load(write(rows(12, lambda i: "abcd"[i % 4])))  # three rows for four classes
    assert len(full.test_y) == 3


def test_two_rows_of_a_class_are_enough_and_one_is_not(write: Write) -> None:
    labels = ["a"] * 10 + ["b"] * 2
    assert load(write(rows(12, lambda i: labels[i]))).classes == ("a", "b")
    with pytest.raises(InputError, match="class 'b' has one row only"):
        load(write(rows(11, lambda i: labels[i])))


# --- classes or numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([float(k) for k in range(20)], "classes"),
        ([float(k) for k in range(21)], "regression"),
        ([*range(19), 0.5], "regression"),
        ([0, 1], "binary"),
        ([-1, 1], "binary"),
        ([0.25, 0.75], "regression"),
        (["1", "1.0", "01", "2"], "binary"),
        (["0", "-0", "1"], "binary"),
        ([*range(21), "x"], "classes"),  # words are classes, however many
    ],
)
def test_up_to_twenty_whole_numbers_are_classes(write: Write, values: list[object], task: str) -> None:
    data = load(write(rows(8 * len(values), lambda i: values[i % len(values)])))
    assert data.task == task
    assert data.outputs == (len(data.classes) if task == "classes" else 1)


def test_classes_are_in_the_order_of_their_numbers_or_of_the_alphabet(write: Write) -> None:
    data = load(write(rows(48, lambda i: [10, 9, -2][i % 3])))
    assert data.classes == ("-2", "9", "10")
    train, _ = raw_numbers((data.train_x[:, 0], data.test_x[:, 0]))
    np.testing.assert_array_equal(data.train_y, np.array([2, 1, 0])[train % 3])
    assert load(write(rows(48, lambda i: ["10", "9", "b"][i % 3]))).classes == ("10", "9", "b")


def test_long_numbers_are_classes_of_their_own(write: Write) -> None:
    data = load(write(rows(40, lambda i: 1_000_001 + i % 2)))
    assert data.classes == ("1000001", "1000002")
    assert set(data.train_y) == {0, 1}


# --- header and label column ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "label", "features"),
    [
        ("a,b,c\n", None, ("a", "b")),
        ("a,b,c\n", "a", ("b", "c")),
        ("a, b ,c\n", "b", ("a", "c")),
        ("a,b,2020\n", None, ("a", "b")),  # the label's own name may look like a number
        ("2019,b,2020\n", "2020", ("2019", "b")),  # whoever names the label says that there is a header
        ("", None, ("x1", "x2")),
        ("\ufeffa,b,c\n", "a", ("b", "c")),  # a byte order mark is no part of a name
    ],
)
def test_the_label_is_the_last_column_or_the_one_named(
    write: Write, first: str, label: str | None, features: tuple[str, ...]
) -> None:
    data = load(write(first + "".join(f"{i % 2},{i % 2},{i % 2}\n" for i in range(24))), label=label)
    assert data.features == features
    assert len(data.train_x) + len(data.test_x) == 24


def test_the_named_columns_numbers_are_the_labels(write: Write) -> None:
    path = write("a,b,c\n" + "".join(f"{i},{i % 3},{-2 * i}\n" for i in range(48)))
    data = load(path, label="b")
    train, _ = raw_numbers((data.train_x[:, 0], data.test_x[:, 0]))
    np.testing.assert_array_equal(data.train_y, train % 3)
    np.testing.assert_allclose(data.train_x[:, 1], -data.train_x[:, 0])


def test_without_a_header_there_are_only_the_names_that_were_made(write: Write) -> None:
    path = write(rows(24, lambda i: i % 2))
    assert load(path, label="x2").features == ("x1", "label")
    with pytest.raises(InputError, match="unknown column"):
        load(path, label="x3")


def test_two_columns_and_two_rows_of_each_class_are_the_least(write: Write) -> None:
    assert load(write("1,a\n2,b\n3,a\n4,b\n")).train_x.shape == (3, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("1,2,0\n3,4,inf\n", "a label is not a finite number"),
        ("1,2,0\n3,4,NaN\n", "line 2: the label is 'NaN'"),
        ("a,b,label\n1,2,0\n\n3,4, \n", "line 4: the label is 'empty'"),
        ("a,b,label\n1,2,0\n,4,1\n", "line 3, column 'a': a feature must be a finite number, got ''"),
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
