"""A seed is a paired comparison: the same numbers, and the same mini-batches, for every scheme."""

from __future__ import annotations

import numpy as np
import pytest

import headstart as hs

# Three features, three classes and three units in each layer: every matrix is square, so that xavier and lecun are one.
OPTIONS = {"hidden": (3, 3), "activation": "tanh", "steps": 30, "record_every": 5, "learning_rate": 0.3}


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("square") / "table.csv"
    numbers = np.random.default_rng(0).normal(size=(48, 3))
    path.write_text("".join(f"{a},{b},{c},{'rst'[i % 3]}\n" for i, (a, b, c) in enumerate(numbers)))
    return str(path)


@pytest.fixture(scope="module")
def paired(square: str) -> hs.Comparison:
    return hs.compare(["xavier", "normal(0.5)", "lecun"], data=square, seeds=3, batch_size=7, **OPTIONS)


def test_schemes_that_agree_train_alike_to_the_bit_with_mini_batches(paired: hs.Comparison) -> None:
    for one, two in zip(paired.of("xavier"), paired.of("lecun"), strict=True):
        np.testing.assert_array_equal(one.weights, two.weights)
        np.testing.assert_array_equal(one.costs, two.costs)


def test_each_seed_has_batches_of_its_own(square: str) -> None:
    """Constant weights start alike whatever the seed, so that only the batches tell the seeds apart."""
    runs = hs.compare(["constant(0.1)"], data=square, seeds=4, batch_size=7, **OPTIONS).of("constant(0.1)")
    assert len({run.weights.tobytes() for run in runs}) == 4
    assert len({run.costs[0] for run in runs}) == 1
    whole = hs.compare(["constant(0.1)"], data=square, seeds=4, **OPTIONS).of("constant(0.1)")
    assert len({run.weights.tobytes() for run in whole}) == 1


def test_a_seeds_run_does_not_depend_on_which_schemes_or_seeds_are_beside_it(
    paired: hs.Comparison, square: str
) -> None:
    (alone,) = hs.compare(["lecun"], data=square, seeds=1, batch_size=7, **OPTIONS).runs
    np.testing.assert_array_equal(alone.weights, paired.of("lecun")[0].weights)
