"""Made data sets: shapes, seeds, tasks, and what wrong arguments are told."""

from __future__ import annotations

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import MAKERS, check_spec, load

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


# --- geometry: labels and noise are where they are said to be --------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_spiral_arms_are_one_turn_long_and_a_class_apart(classes: int) -> None:
    data = load(f"spirals({classes}, 900, 0)", seed=4)
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        radius, turn = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
        off = (turn - radius - y / classes + 0.5) % 1 - 0.5
        np.testing.assert_allclose(off, 0, atol=1e-12)
        assert np.sqrt(0.02) <= radius.min() < 0.3
        assert 0.98 < radius.max() <= 1
        # the points are spread evenly over the disc; 4.5 standard deviations of the mean of n uniform numbers
        assert abs(np.mean(radius**2) - 0.51) < 4.5 * 0.98 / np.sqrt(12 * len(x))


@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_blobs_lie_around_the_corners_of_a_regular_polygon(classes: int) -> None:
    data = load(f"blobs({classes}, 90, 0)")
    corner = np.exp(2j * np.pi * data.train_y / classes)
    np.testing.assert_allclose(data.train_x, np.column_stack([corner.real, corner.imag]), atol=1e-12)


def test_xor_is_1_where_exactly_one_coordinate_is_positive() -> None:
    data = load("xor(samples=80, noise=0)")
    assert {tuple(row) for row in data.train_x} == {(-1, -1), (-1, 1), (1, -1), (1, 1)}
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        np.testing.assert_array_equal(y, (x[:, 0] > 0) != (x[:, 1] > 0))


def test_moons_are_two_half_circles_the_second_upside_down() -> None:
    data = load("moons(200, 0)")
    upper, lower = (data.train_x[data.train_y == k] for k in (0, 1))
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-12)
    np.testing.assert_allclose(np.hypot(*(lower - (1, 0.5)).T), 1, rtol=1e-12)
    assert (upper[:, 1] > -1e-12).all()
    assert (lower[:, 1] < 0.5 + 1e-12).all()


def test_the_inner_circle_is_label_1() -> None:
    data = load("circles(60, 0)")
    np.testing.assert_allclose(np.hypot(*data.train_x.T), np.where(data.train_y == 1, 0.8, 1.0), rtol=1e-12)


@pytest.mark.parametrize("spec", ["blobs(3, 6000, {})", "xor(6000, {})", "spirals(3, 6000, {})", "circles(6000, {})",
                                  "moons(6000, {})"])  # fmt: skip
@pytest.mark.parametrize("noise", [0.2, 3.0])
def test_noise_is_a_standard_deviation_around_where_the_point_would_be(spec: str, noise: float) -> None:
    """12,000 normal numbers: 4 % is six standard errors of their std, and a variance in its place is off by 80 %."""
    noisy, clean = load(spec.format(noise), seed=3), load(spec.format(0), seed=3)
    np.testing.assert_array_equal(noisy.train_y, clean.train_y)
    noise_of_points = noisy.train_x - clean.train_x
    assert noise_of_points.std() == pytest.approx(noise, rel=0.04)
    assert abs(noise_of_points.mean()) < 4.5 * noise / np.sqrt(12_000)
    assert abs(np.corrcoef(noise_of_points.T)[0, 1]) < 0.06


@pytest.mark.parametrize("spec", [name for name in MAKERS if name != "digits"])
def test_every_part_of_every_seed_is_a_draw_of_its_own(spec: str) -> None:
    parts = [part for seed in range(4) for data in [load(spec, seed=seed)] for part in (data.train_x, data.test_x)]
    points = {tuple(row) for part in parts for row in part}
    assert len(points) == sum(len(part) for part in parts)


@pytest.mark.parametrize("spec", ["circles", "moons"])
def test_parts_are_drawn_by_two_consecutive_seeds(spec: str) -> None:
    from sklearn import datasets

    make, data = getattr(datasets, f"make_{spec}"), load(f"{spec}(90, 0.1)", seed=5)
    for x, y, seed in ((data.train_x, data.train_y, 11), (data.test_x, data.test_y, 12)):
        expected_x, expected_y = make(n_samples=len(x), noise=0.1, random_state=seed)
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize(
    ("spec", "first_of_training", "last_of_testing"),
    [
        ("blobs", (0.48352331186497444, 0.1600830363791712), (0.33144396913112384, -0.2394216281940604)),
        ("blobs(5)", (1.0398150626908709, -0.015730389650007604), (0.14635859865205872, -0.7240206234030055)),
        ("xor", (-1.1346583361200215, -0.4562928189352583), (1.444100771135907, 1.2716072278468635)),
        ("spirals", (-0.3508490404452586, -0.5332566002717809), (-0.030629750659693127, 0.780146312337315)),
        ("spirals(3)", (-0.24590201787253707, 0.2428647210358873), (0.9813893331502254, -0.1203434200460241)),
    ],
)
def test_a_data_set_stays_what_it_was(spec: str, first_of_training: object, last_of_testing: object) -> None:
    data = load(spec, seed=1)
    np.testing.assert_allclose(data.train_x[0], first_of_training, rtol=1e-12)
    np.testing.assert_allclose(data.test_x[-1], last_of_testing, rtol=1e-12)


@pytest.mark.parametrize(("samples", "tested"), [(10, 10), (32, 10), (33, 11), (300, 100), (301, 100)])
def test_a_third_as_much_test_data_but_ten_at_least(samples: int, tested: int) -> None:
    for spec in ("circles", "xor", "blobs"):
        data = load(f"{spec}(samples={samples})")
        assert (len(data.train_x), len(data.test_x)) == (samples, tested)


@pytest.mark.parametrize("spec", ["blobs(7)", "spirals(4)", "xor", "circles", "moons"])
def test_classes_are_equally_many_or_one_apart(spec: str) -> None:
    data = load(spec)
    for y in (data.train_y, data.test_y):
        counts = np.bincount(y)
        assert counts.max() - counts.min() <= 1 + (spec == "xor")  # xor: two clouds per class


def test_digits_are_scaled_as_a_whole_by_the_training_data_alone() -> None:
    from sklearn.datasets import load_digits

    bunch, data = load_digits(), load("digits", seed=3)
    assert data.train_x.mean() == pytest.approx(0, abs=1e-12)
    assert data.train_x.std() == pytest.approx(1)
    step = (data.train_x.max() - data.train_x.min()) / 16
    zero = data.train_x.min()
    pixels = [np.rint((x - zero) / step) for x in (data.train_x, data.test_x)]
    for x, whole in zip((data.train_x, data.test_x), pixels, strict=True):
        np.testing.assert_allclose(x, whole * step + zero, rtol=1e-9, atol=1e-9)  # one scale for both, and all pixels
    labelled = [sorted(map(tuple, np.column_stack(pair))) for pair in (
        (np.vstack(pixels), [*data.train_y, *data.test_y]), (bunch.data, bunch.target))]  # fmt: skip
    assert labelled[0] == labelled[1]  # every picture once, with its own label
    assert len(data.test_x) == 360
    assert np.ptp(np.bincount(data.test_y)) <= 2  # as the classes themselves are


# --- arguments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("circles(30)", "circles(samples=30, noise=0.05)"),
        ("moons(noise=0.1)", "moons(samples=300, noise=0.1)"),
        ("blobs(4)", "blobs(classes=4, samples=300, noise=0.3)"),
        ("xor(40, 0.2)", "xor(samples=40, noise=0.2)"),
        ("spirals(3, 60, 0)", "spirals(classes=3, samples=60, noise=0)"),
        ("digits", "digits"),
    ],
)
def test_arguments_are_in_order_and_in_one_form(short: str, long: str) -> None:
    assert check_spec(short) == check_spec(long) == long
    np.testing.assert_array_equal(load(short).train_x, load(long).train_x)


def test_the_least_that_each_argument_may_be() -> None:
    for spec in ("circles(samples=10)", "blobs(2)", "spirals(2, 10, 0)", "moons(noise=0)"):
        assert len(load(spec).test_x) >= 10
    for spec in ("circles(samples=9)", "blobs(1)", "spirals(2, 9)", "moons(noise=-0.001)"):
        with pytest.raises(InputError, match=r"must be a (whole )?number of at least"):
            load(spec)


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
