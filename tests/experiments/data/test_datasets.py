"""Made data sets: shapes, seeds, tasks, and what wrong arguments are told."""

from __future__ import annotations

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import MAKERS, load

SPECS = ["circles", "moons", "blobs", "blobs(5)", "xor", "spirals", "spirals(3)", "digits"]


@pytest.mark.parametrize("spec", SPECS)
def test_every_class_is_in_both_parts(spec: str) -> None:
    data = load(spec)
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        assert len(x) == len(y)
        assert x.shape[1] == len(data.features)
        assert np.isfinite(x).all()
        assert set(y.tolist()) == set(range(len(data.classes)))
    assert data.task == ("binary" if len(data.classes) == 2 else "classes")
    assert data.targets(data.train_y).shape == (len(data.train_y), data.outputs)


@pytest.mark.parametrize("spec", SPECS)
def test_a_seed_gives_the_same_data_and_another_seed_other_data(spec: str) -> None:
    np.testing.assert_array_equal(load(spec, seed=1).train_x, load(spec, seed=1).train_x)
    assert (load(spec, seed=1).train_x != load(spec, seed=2).train_x).any()


@pytest.mark.parametrize("spec", [name for name in MAKERS if name != "digits"])
def test_training_and_test_data_differ(spec: str) -> None:
    data = load(spec)
    seen = {tuple(row) for row in data.train_x}
    assert not any(tuple(row) in seen for row in data.test_x)


def test_circles_are_the_courses_own() -> None:
    from sklearn.datasets import make_circles

    np.random.seed(1)
    x, y = make_circles(n_samples=300, noise=0.05)
    np.random.seed(2)
    test_x, test_y = make_circles(n_samples=100, noise=0.05)
    data = load("circles")
    np.testing.assert_array_equal(data.train_x, x)
    np.testing.assert_array_equal(data.train_y, y)
    np.testing.assert_array_equal(data.test_x, test_x)
    np.testing.assert_array_equal(data.test_y, test_y)


def test_arguments() -> None:
    assert load("circles(noise=0, samples=30)").train_x.shape == (30, 2)
    assert load("blobs(4)").outputs == 4
    radius = np.linalg.norm(load("circles(noise=0)").train_x, axis=1)
    assert np.allclose(np.sort(np.unique(radius.round(9))), [0.8, 1.0])


def test_score_counts_what_is_not_a_number_as_wrong() -> None:
    data = load("circles")
    right = np.where(data.test_y == 1, 2.0, -2.0)[:, None]
    assert data.score(right, data.test_y) == 1.0
    assert data.score(-right, data.test_y) == 0.0
    assert data.score(np.full_like(right, np.nan), data.test_y) == 0.0


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("cirlces", "unknown data set 'cirlces'. Did you mean 'circles'"),
        ("circles(noise=-1)", "noise of data set 'circles' must be a number of at least 0, got -1"),
        ("circles(samples=5)", "must be a whole number of at least 10"),
        ("circles(samples=30.5)", "must be a whole number"),
        ("circles(300, 0.1, 5)", "takes samples, noise"),
        ("circles(radius=2)", "unknown argument of data set 'circles' 'radius'"),
        ("blobs(1)", "classes of data set 'blobs' must be a whole number of at least 2"),
        ("blobs(many)", "must be a whole number"),
        ("circles*2", "no multiplier"),
        ("digits(3)", "takes no arguments"),
        ("folder/none", "no file 'folder/none'"),
        ("", "data is a name or the path"),
        (5, "data is a name or the path"),
    ],
)
def test_bad_specs(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(spec)


def test_a_label_belongs_to_a_csv_file() -> None:
    with pytest.raises(InputError, match="--label names the label column of a CSV file"):
        load("circles", label="y")


# --- scikit-learn as the oracle: the data are its arrays, bit for bit -----------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 0.05, 1.5])
@pytest.mark.parametrize("samples", [10, 31, 300])
@pytest.mark.parametrize("name", ["circles", "moons"])
def test_planar_data_are_scikit_learns_to_the_bit(name: str, samples: int, noise: float) -> None:
    from sklearn import datasets

    make = {"circles": datasets.make_circles, "moons": datasets.make_moons}[name]
    data = load(f"{name}(samples={samples}, noise={noise})", seed=3)
    for x, y, count, seed in (
        (data.train_x, data.train_y, samples, 7),
        (data.test_x, data.test_y, max(samples // 3, 10), 8),
    ):
        expected_x, expected_y = make(n_samples=count, noise=noise or None, random_state=seed)
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize("seed", [0, 5])
def test_digits_are_scikit_learns_to_the_bit(seed: int) -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        bunch.data, bunch.target, test_size=0.2, random_state=seed, stratify=bunch.target
    )
    data = load("digits", seed=seed)
    np.testing.assert_array_equal(data.train_x, (train_x - train_x.mean()) / train_x.std())
    np.testing.assert_array_equal(data.test_x, (test_x - train_x.mean()) / train_x.std())
    np.testing.assert_array_equal(data.train_y, train_y)
    np.testing.assert_array_equal(data.test_y, test_y)
    assert data.features == tuple(bunch.feature_names)
