"""From a table to features and labels: identities, gaps, an index, names that stand twice, and what can be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load

RANDOM = np.random.default_rng(1)
NOISE = RANDOM.normal(size=(120, 2)).round(3)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes rows of two features of noise, a label, and other cells before and after them."""

    def write(header: str, labels: list[Any], before: list[list[Any]] | None = None, after: str = "") -> str:
        before = before or [[]] * len(labels)
        rows = [[*start, *NOISE[k], label] for k, (start, label) in enumerate(zip(before, labels, strict=True))]
        path = tmp_path / "table.csv"
        path.write_text("".join(",".join(map(str, row)) + after + "\n" for row in [header.split(","), *rows]))
        return str(path)

    return write


# --- identities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        ["9", "1234567", "1234568"],
        ["20240131", "20240129", "20240130"],
        ["9007199254740992", "9007199254740993", "1"],
        ["123456789012345678901234567890", "123456789012345678901234567891", "1"],
        ["1", "2", "1000000000000000000000001"],
    ],
)
def test_whole_numbers_are_classes_of_their_own_however_close(labels: list[str], written: Any) -> None:
    data = load(written("a,b,y", labels * 20))
    assert set(data.classes) == set(labels)
    assert np.bincount(data.train_y).tolist() == [15, 15, 15]


@pytest.mark.parametrize("labels", [["0.1", "0.10000000000000001", "0.2"], ["1.0000000000000001", "1", "2"]])
def test_numbers_with_a_point_are_classes_of_their_own_where_classes_are_asked_for(
    labels: list[str], written: Any
) -> None:
    assert len(load(written("a,b,y", labels * 20), task="classes").classes) == 3


def test_noise_is_not_learnt_because_labels_were_rounded(written: Any) -> None:
    """Thirty days of one month: a quantity by the rule, thirty classes on request, never one class."""
    days = [20240101 + k % 30 for k in range(120)]
    path = written("a,b,day", days)
    assert load(path).task == "regression"
    assert load(path, task="classes").classes == tuple(str(20240101 + k) for k in range(30))


# --- classes or numbers ---------------------------------------------------------------------------------------------


def test_the_rule_is_told_where_it_may_be_wrong_and_can_be_overruled(written: Any) -> None:
    letters = written("a,b,letter", [k % 26 + 1 for k in range(104)])
    assert load(letters).notes == (
        "label letter: a quantity (26 different whole numbers); --task classes if it is none",
    )
    found = load(letters, task="classes")
    assert (len(found.classes), found.notes) == (26, ())
    grades = written("a,b,grade", [k % 6 for k in range(60)])
    assert load(grades).notes == ("label grade: 6 classes (0, 1, 2, 3, 4, 5); --task numbers if it is a quantity",)
    assert load(grades, task="numbers").task == "regression"
    assert load(written("a,b,y", [k % 2 for k in range(60)])).notes == ()
    assert load(written("a,b,y", [k % 2 for k in range(60)]), task="numbers").task == "regression"
    with pytest.raises(InputError, match="task numbers needs labels that are numbers, got 'p' in column 'y'"):
        load(written("a,b,y", ["p", "q"] * 20), task="numbers")


def test_the_labels_of_the_training_part_must_differ(written: Any) -> None:
    with pytest.raises(InputError, match="every label of the training part is 1 up to rounding"):
        load(written("a,b,y", [1.0, 1.0 + 2**-52] * 4 + [1.0]), task="numbers")


# --- gaps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", ["NA", "N/A", "null", "None", "?", "-", "", "nan", "#N/A"])
def test_a_gap_is_called_one_wherever_it_is(gap: str, written: Any) -> None:
    filled = [[1.5]] * 40
    with pytest.raises(
        InputError, match=r"line 4, column 'c': a feature must be a finite number, got .*, a missing value"
    ):
        load(written("c,a,b,y", ["p", "q"] * 20, [*filled[:2], [gap], *filled[3:]]))
    with pytest.raises(InputError, match=r"line 4: the label is .*, a missing value"):
        load(written("a,b,y", ["p", "q", gap, "p"] * 10))
    with pytest.raises(InputError, match=r"line 4: the label is .*, a missing value"):
        load(written("a,b,y", ["1", "2", gap, "1"] * 10))


def test_a_minus_beside_a_plus_is_a_class(written: Any) -> None:
    assert load(written("a,b,y", ["+", "-"] * 20)).classes == ("+", "-")


def test_a_gap_in_a_column_that_is_left_out_does_not_matter(written: Any) -> None:
    path = written("c,a,b,y", ["p", "q"] * 20, [["NA"]] + [[1]] * 39)
    assert load(path, drop=["c"]).features == ("a", "b")
    assert load(path, features=["b"]).features == ("b",)


# --- columns without a name -----------------------------------------------------------------------------------------


SORTED = ["p"] * 20 + ["q"] * 20


@pytest.mark.parametrize("name", ["", "Unnamed: 0", '""'])
@pytest.mark.parametrize("index", [range(40), range(1, 41), range(39, -1, -1), [k * 7 % 40 for k in range(40)],
                                   [f"row {k}" for k in range(40)]])  # fmt: skip
def test_an_index_without_a_name_is_left_out(name: str, index: Any, written: Any) -> None:
    data = load(written(f"{name},a,b,y", SORTED, [[k] for k in index]))
    assert data.features == ("a", "b")
    does = "names" if isinstance(index, list) and isinstance(index[0], str) else "counts"
    assert data.notes == (f"the first column has no name and only {does} the rows: left out",)


@pytest.mark.parametrize("names", [",", "Unnamed: 0.1,Unnamed: 0", ",Unnamed: 0"])
def test_an_index_of_an_index_is_left_out_too(names: str, written: Any) -> None:
    data = load(written(f"{names},a,b,y", SORTED, [[k, k] for k in range(40)]))
    assert data.features == ("a", "b")
    assert data.notes[1:] == ("column 2 has no name and only counts the rows: left out",)


def test_a_column_without_a_name_that_measures_is_called_by_its_place(written: Any) -> None:
    data = load(written(",a,b,y", SORTED, [[k / 3] for k in range(40)]))
    assert (data.features, data.notes) == (("column 1", "a", "b"), ())
    repeated = load(written(",a,b,y", SORTED, [[k // 2] for k in range(40)]))
    assert repeated.features == ("column 1", "a", "b")


def test_an_index_with_a_name_stays_and_is_told(written: Any) -> None:
    data = load(written("Id,a,b,y", SORTED, [[k + 1] for k in range(40)]))
    assert data.features == ("Id", "a", "b")
    assert data.notes == ("column Id counts the rows: --drop Id if it is no measurement",)
    assert load(written("Id,a,b,y", SORTED, [[k + 1] for k in range(40)]), drop=["Id"]).notes == ()
    assert load(written("Unnamed: 0,a,b,y", SORTED, [[k] for k in range(40)]), features=["Unnamed: 0"]).notes == ()


def test_empty_columns_at_the_end_of_every_row_are_left_out(written: Any) -> None:
    data = load(written("a,b,y", SORTED, after=",,"))
    assert (data.features, data.notes) == (("a", "b"), ("columns 4 and 5 empty and without a name: left out",))


def test_a_table_of_an_index_and_a_label_has_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(",y\n" + "".join(f"{k},{k / 2}\n" for k in range(20)))
    with pytest.raises(InputError, match="has no feature beside 'y': the first column has no name"):
        load(str(path))


@pytest.mark.parametrize("header", ["a,a,y", "a,y,y", "y,b,y"])
def test_two_columns_of_one_name_are_an_error(header: str, written: Any) -> None:
    with pytest.raises(InputError, match=r"two columns are named '[ay]', \d and \d\. Rename one"):
        load(written(header, SORTED))


# --- what can be chosen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "features", "label"),
    [
        ({}, ("n", "a", "b"), "y"), ({"drop": ["n"]}, ("a", "b"), "y"), ({"features": ["b", "a"]}, ("b", "a"), "y"),
        ({"drop": ["y"]}, ("n", "a"), "b"), ({"features": ["a", "y"]}, ("a", "y"), "b"),
        ({"label": "b"}, ("n", "a", "y"), "b"), ({"label": "n", "drop": ["y"]}, ("a", "b"), "n"),
        ({"label": "n", "features": ["y"]}, ("y",), "n"),
    ],
)  # fmt: skip
def test_columns_are_chosen_by_name(
    asked: dict[str, Any], features: tuple[str, ...], label: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    columns = {name: RANDOM.integers(0, 3, size=60) + 10 * k for k, name in enumerate("naby")}
    path.write_text(
        "n,a,b,y\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns.values(), strict=True))
    )
    data = load(str(path), **asked)
    assert data.features == features
    assert data.classes == tuple(str(value) for value in sorted(set(columns[label])))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"drop": ["aa"]}, r"unknown column of .* 'aa'\. Did you mean 'a'"),
        ({"features": ["z"]}, r"unknown column of .* 'z'"),
        ({"drop": ["a"], "features": ["a"]}, "column 'a' is named as a feature and dropped"),
        ({"drop": ["y"], "label": "y"}, "column 'y' is the label, and cannot be dropped or a feature"),
        ({"features": ["a", "y"], "label": "y"}, "column 'y' is the label"),
        ({"drop": ["a", "b"]}, "has no feature left beside the label 'y'"),
        ({"features": ["a", "b", "y"]}, "has no column left for the label"),
        ({"features": ["a", "a"]}, "features names column 'a' twice"),
    ],
)
def test_choices_that_cannot_be(asked: dict[str, Any], words: str, written: Any) -> None:
    with pytest.raises(InputError, match=words):
        load(written("a,b,y", SORTED), **asked)


def test_a_column_of_words_says_how_to_leave_it_out(written: Any) -> None:
    path = written("name,a,b,y", SORTED, [[f"Mr {k}"] for k in range(40)])
    with pytest.raises(
        InputError, match=r"line 2, column 'name': .* got 'Mr 0'\. .* \(--drop name, or drop=\['name'\]\)"
    ):
        load(path)
    assert load(path, drop=["name"]).features == ("a", "b")


@pytest.mark.parametrize("asked", [{"label": "y"}, {"drop": ["a"]}, {"features": ["a"]}, {"header": False},
                                   {"task": "classes"}])  # fmt: skip
def test_a_made_set_is_not_read(asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"--{next(iter(asked))} .*of a CSV file; 'moons' is not one"):
        load("moons", **asked)


def test_messages_stay_short_whatever_is_in_a_cell(written: Any) -> None:
    for bad in ("x" * 5000, "9" * 5000):
        for path in (written("c,a,b,y", SORTED, [[bad]] * 40), written("a,b,y", [bad, bad + "1"] + ["p"] * 38)):
            with pytest.raises(InputError) as refused:
                load(path)
            assert len(str(refused.value)) < 500


@pytest.mark.parametrize("spec", ["circles(samples=1e9)", "moons(samples=1e15)", "xor(1e12)", "blobs(1e9)",
                                  "spirals(1e5, samples=1e6)", "circles(samples=1e300)"])  # fmt: skip
def test_made_data_larger_than_the_memory_is_refused_before_it_is_made(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "4GiB")
    with pytest.raises(InputError, match=r"needs .* of memory, more than the limit of 4 GiB\. Write fewer"):
        load(spec)
    assert len(load("blobs(4, samples=400)").train_x) == 400


def test_the_largest_data_seed_makes_every_set() -> None:
    for spec in ("circles", "moons", "xor", "spirals", "blobs"):
        data = load(spec, seed=2**31 - 1)
        assert not np.array_equal(data.train_x[: len(data.test_x)], data.test_x)


def test_one_test_row_of_a_quantity_is_right_or_wrong(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,y\n1,0.5\n2,1.5\n5,3.25\n")
    data = load(str(path))
    assert len(data.test_y) == 1
    assert data.score(data.test_y[:, None].astype(float), data.test_y) == 1.0
    assert data.score(data.test_y[:, None] + 1.0, data.test_y) == -np.inf
