"""The course's weights in layer order, and the course's table beside its published numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.compare.presets import COURSE, COURSE_TABLE, course_start
from headstart.experiments.network import network_for
from headstart.schemes import scheme

PUBLISHED = json.loads((Path(__file__).parents[2] / "published" / "course.json").read_text())


@pytest.mark.parametrize(("spec", "std"), [("normal(10)", lambda n: 10), ("he", lambda n: (2 / n) ** 0.5),
                                           ("lecun*0.5", lambda n: 0.5 * n**-0.5)])  # fmt: skip
def test_one_stream_of_numbers_runs_through_all_layers(spec: str, std: object) -> None:
    """Unequal layers, so that an order of columns first or a stream per layer shows."""
    network = network_for(3, 2, "classes", (4, 5), "relu")
    np.random.seed(3)
    for (weights, biases), (n_in, n_out) in zip(
        network.unflatten(course_start(network, scheme(spec))), ((3, 4), (4, 5), (5, 2)), strict=True
    ):
        np.testing.assert_allclose(weights, np.random.randn(n_out, n_in) * std(n_in), rtol=1e-15)
        assert not biases.any()


def test_a_constant_takes_no_number_of_the_stream() -> None:
    network = network_for(3, 1, "binary", (4,), "relu")
    for weights, biases in network.unflatten(course_start(network, scheme("constant(0.5)"))):
        assert (weights == 0.5).all()
        assert not biases.any()


@pytest.mark.parametrize("spec", ["he(distribution=uniform)", "orthogonal", "he(distribution=truncated)"])
def test_other_distributions_are_refused(spec: str) -> None:
    network = network_for(3, 1, "binary", (4,), "relu")
    with pytest.raises(InputError, match="the course preset draws normal or constant weights"):
        course_start(network, scheme(spec))


def test_the_table_is_of_the_runs_and_in_their_order() -> None:
    assert tuple(name for name, *_ in COURSE_TABLE) == COURSE["schemes"]
    for name, share, _ in COURSE_TABLE:
        assert share == round(PUBLISHED[name]["train_accuracy"], 2)
