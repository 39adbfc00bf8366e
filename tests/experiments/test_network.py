"""The lab's network: where its parameters lie, what it computes, how it starts, which of its units differ."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.draws import draw_array
from headstart.experiments.network import Network, network_for
from headstart.schemes import scheme
from headstart.theory.activations import activation

UNEQUAL = Network((3, 5, 2, 4), activation("tanh"), "classes")


def test_parameters_lie_layer_by_layer_weights_before_biases() -> None:
    theta = np.arange(15 + 5 + 10 + 2 + 8 + 4, dtype=np.float32)
    assert UNEQUAL.parameter_count == len(theta)
    assert UNEQUAL.layers == 3
    (w1, b1), (w2, b2), (w3, b3) = UNEQUAL.unflatten(theta)
    assert [a.shape for a in (w1, b1, w2, b2, w3, b3)] == [(5, 3), (5,), (2, 5), (2,), (4, 2), (4,)]
    np.testing.assert_array_equal(np.concatenate([a.ravel() for a in (w1, b1, w2, b2, w3, b3)]), theta)
    w2[1, 0] = -1  # a view: theta is the one place
    assert theta[25] == -1


def test_parameters_say_what_follows_them() -> None:
    """The scheme's gain is the activation's, and 1 before the output."""
    described = [(p.name, p.shape, p.role, p.activation) for p in UNEQUAL.parameters()]
    assert described == [
        ("layers.0.weight", (5, 3), "weight", "tanh"), ("layers.0.bias", (5,), "bias", None),
        ("layers.1.weight", (2, 5), "weight", "tanh"), ("layers.1.bias", (2,), "bias", None),
        ("layers.2.weight", (4, 2), "weight", "identity"), ("layers.2.bias", (4,), "bias", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hidden", "text"),
    [((), "2-1"), ((8, 8, 8), "2-8-8-8-1"), ((8,) * 4, "2-8×4-1"), ((4, 8, 8, 8, 8, 4, 1), "2-4-8×4-4-1-1")],
)
def test_more_than_three_equal_sizes_are_counted(hidden: tuple[int, ...], text: str) -> None:
    assert str(network_for(2, 1, "binary", hidden, "relu")) == text


def test_logits_are_an_affine_map_after_another_with_the_activation_between() -> None:
    theta, x = (
        np.random.default_rng(0).normal(size=UNEQUAL.parameter_count),
        np.random.default_rng(1).normal(size=(6, 3)),
    )
    (w1, b1), (w2, b2), (w3, b3) = UNEQUAL.unflatten(theta)
    for row, got in zip(x, UNEQUAL.logits(theta, x), strict=True):
        expected = w3 @ np.tanh(w2 @ np.tanh(w1 @ row + b1) + b2) + b3
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_logits_are_float64_even_of_float32_weights() -> None:
    theta = np.full(UNEQUAL.parameter_count, 0.1, np.float32)
    got, expected = (UNEQUAL.logits(t, np.ones((1, 3), np.float32)) for t in (theta, theta.astype(np.float64)))
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, expected)


def test_each_start_is_drawn_by_its_own_scheme_seed_and_bias_variance() -> None:
    schemes, seeds, sigma_bs = [scheme("he"), scheme("xavier"), scheme("he"), scheme("orthogonal*2")], [5, 5, 6, 7], \
        [0.0, 0.3, 0.3, 1.5]  # fmt: skip
    starts = UNEQUAL.starts(schemes, seeds, "float64", sigma_bs)
    for theta, one, seed, sigma_b in zip(starts, schemes, seeds, sigma_bs, strict=True):
        np.testing.assert_array_equal(theta, UNEQUAL.start(one, seed, "float64", sigma_b))
        expected = [
            draw_array(entry.draw, entry.shape, seed, entry.key, entry.stream_role, "float64")
            for entry in UNEQUAL.plan(one, sigma_b)
        ]
        np.testing.assert_array_equal(theta, np.concatenate([array.ravel() for array in expected]))
    weights = UNEQUAL.unflatten(starts[1])
    for (w, b), (same_w, none), (other_w, other_b) in zip(
        weights, UNEQUAL.unflatten(UNEQUAL.start(scheme("xavier"), 5, "float64")), UNEQUAL.unflatten(starts[2]),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(w, same_w)  # biases cost the weights no number
        assert not none.any()
        assert b.all()
        assert (w != other_w).all()
        assert (b != other_b).all()


def test_bias_variance_is_sigma_b_squared() -> None:
    """4,000 biases: 5 % is 4.5 standard errors of their std; sigma_b² or its root is off by 70 % or more."""
    wide = network_for(1, 1, "regression", (4000,), "relu")
    (_, biases), _ = wide.unflatten(wide.start(scheme("he"), 0, "float64", 0.3))
    assert biases.std() == pytest.approx(0.3, rel=0.05)


# --- distinct units -------------------------------------------------------------------------------------------------


def twins() -> np.ndarray:
    """Starting weights whose first hidden layer is five copies of one unit."""
    theta = np.random.default_rng(2).normal(size=UNEQUAL.parameter_count)
    (w1, b1), (w2, _), _ = UNEQUAL.unflatten(theta)
    w1[:], b1[:], w2[:] = w1[0], b1[0], w2[:, :1]
    return theta


@pytest.mark.parametrize("differing", ["weight in", "bias", "weight out"])
def test_units_differ_by_any_weight_they_receive_or_send_and_by_their_bias(differing: str) -> None:
    theta = twins()
    assert UNEQUAL.distinct_units(theta) == [1, 2]
    (w1, b1), (w2, _), _ = UNEQUAL.unflatten(theta)
    changed = {"weight in": w1[3, 2:], "bias": b1[3:4], "weight out": w2[1, 3:4]}[differing]
    changed[:] = np.nextafter(changed, np.inf)  # the least that can be
    assert UNEQUAL.distinct_units(theta) == [2, 2]


def test_units_that_send_to_the_output_alone_count_too() -> None:
    theta = twins()
    (_, _), (w2, b2), (w3, b3) = UNEQUAL.unflatten(theta)
    w2[:], b2[:], w3[:] = w2[0], b2[0], w3[:, :1]
    assert UNEQUAL.distinct_units(theta) == [1, 1]
    b3[0] += 1  # the output's bias belongs to no hidden unit
    assert UNEQUAL.distinct_units(theta) == [1, 1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_units_of_a_layer_that_diverged_count_as_different(bad: float) -> None:
    theta = twins()
    (_, b1), _, _ = UNEQUAL.unflatten(theta)
    b1[:] = bad
    assert UNEQUAL.distinct_units(theta) == [5, 2]
