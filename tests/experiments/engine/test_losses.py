"""Costs and errors of the outputs, at logits from tiny to far beyond what exp can hold, against mpmath's 50 digits."""

from __future__ import annotations

import ctypes
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.experiments.engine.losses import loss_functions

LOGITS = (0.0, 1e-6, -0.3, 2.5, -8.0, 15.9, 40.0, -100.0, 120.0, -1000.0, 1000.0)
EPSILON = {"float32": 1e-6, "float64": 4e-15}
# exp's smallest float32 is the smallest normal one, so a vanishing probability stays that small and not exactly zero
NOTHING = {"float32": 1.2e-38, "float64": 1e-300}


def loss(name: str, z: np.ndarray, y: np.ndarray, dtype: str, padding: int = 5) -> tuple[float, float, np.ndarray]:
    """The cost's sum, the right answers and the error (outputs, samples) of logits (outputs, samples)."""
    outputs, samples = z.shape
    columns = samples + padding
    logits, errors = (np.full((outputs, columns), 7.0, dtype) for _ in range(2))
    targets = np.full((outputs, columns + 3), 7.0, dtype)  # y's rows are further apart than z's
    logits[:, :samples], targets[:, :samples] = z, y
    spare, total = np.full((2, columns), np.nan, dtype), np.zeros(2)
    error_at, cost_at = loss_functions(name, np.dtype(dtype))
    shape = (columns + 3, outputs, columns, samples)
    addresses = [array.ctypes.data for array in (logits, targets, errors, spare, total)]
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 8)(error_at)(*addresses[:2], *shape, *addresses[2:4])
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 7)(cost_at)(*addresses[:2], *shape, addresses[4])
    assert not errors[:, samples:].any()  # padding adds nothing to a gradient
    return total[0], total[1], errors[:, :samples].astype(np.float64)


def exact_softmax(z: np.ndarray) -> list[mpmath.mpf]:
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(float(value))) for value in z]
        return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("logit", LOGITS)
def test_cross_entropy_of_a_sigmoid_is_exact_at_any_logit(logit: float, label: int, dtype: str) -> None:
    z = np.array([[logit]]).astype(dtype)
    cost, _, error = loss("binary", z, np.array([[float(label)]]), dtype)
    with mpmath.workdps(500):  # 1 + exp(-1000) has 435 digits
        p = 1 / (1 + mpmath.exp(-mpmath.mpf(float(z[0, 0]))))
        expected, slope = -mpmath.log(p if label else 1 - p), p - label
    assert cost == pytest.approx(float(expected), rel=4e-15, abs=1e-300)
    assert error[0, 0] == pytest.approx(float(slope), rel=EPSILON[dtype], abs=EPSILON[dtype])
    if not label and logit < 0:  # the small probability itself keeps its digits
        assert error[0, 0] == pytest.approx(float(slope), rel=EPSILON[dtype], abs=NOTHING[dtype])


@pytest.mark.parametrize("dtype", EPSILON)
@given(
    logits=st.lists(st.one_of(st.floats(-5, 5), st.floats(-1000, 1000)), min_size=2, max_size=6),
    shift=st.sampled_from([0.0, 100.0, -100.0, 1000.0, -1000.0]), data=st.data(),
)  # fmt: skip
def test_softmax_is_exact_at_any_logits(dtype: str, logits: list[float], shift: float, data: st.DataObject) -> None:
    label = data.draw(st.integers(0, len(logits) - 1))
    z = (np.array(logits) + shift)[:, None].astype(dtype)
    cost, _, error = loss("classes", z, np.eye(len(logits))[:, [label]], dtype)
    p = exact_softmax(z[:, 0])
    with mpmath.workdps(1000):
        largest = max(float(value) for value in z[:, 0])
        normalizer = mpmath.fsum(mpmath.exp(mpmath.mpf(float(value)) - largest) for value in z[:, 0])
        expected = float(mpmath.log(normalizer) + largest - float(z[label, 0]))
    assert cost == pytest.approx(expected, rel=1e-12, abs=4e-16 * max(1.0, abs(largest)))
    one_hot = np.eye(len(logits))[label]
    np.testing.assert_allclose(error[:, 0], [float(a) - b for a, b in zip(p, one_hot, strict=True)],
                               rtol=0, atol=EPSILON[dtype])  # fmt: skip


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("largest", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [100.0, 1000.0])
def test_one_large_logit_wherever_it_stands_overflows_nothing(size: float, largest: int, dtype: str) -> None:
    z = np.zeros((4, 1))
    z[largest] = size
    cost, right, error = loss("classes", z, np.eye(4)[:, [1]], dtype)
    assert cost == pytest.approx(0.0 if largest == 1 else size)
    assert right == (largest == 1)
    np.testing.assert_allclose(error[:, 0], np.eye(4)[largest] - np.eye(4)[1], atol=1e-30)


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_squared_errors_are_means_over_the_outputs(outputs: int, dtype: str) -> None:
    rng = np.random.default_rng(outputs)
    z, y = (rng.normal(size=(outputs, 9)).astype(dtype) for _ in range(2))
    cost, right, error = loss("regression", z, y, dtype)
    z, y = z.astype(np.float64), y.astype(np.float64)
    assert cost == pytest.approx(np.sum(np.mean((z - y) ** 2, axis=0)), rel=1e-14)
    assert right == 0
    np.testing.assert_allclose(error, 2 * (z - y) / outputs, rtol=EPSILON[dtype], atol=EPSILON[dtype])


def test_an_answer_is_right_where_the_sign_or_the_largest_logit_says_so() -> None:
    """At a logit of zero the answer is class 0; of equal logits the first counts: as `Dataset.score` has it."""
    # each sample by itself: of two classes that are exchanged, as many are right as before
    for name in ("binary", "course"):
        for logit, label, right in [
            (0.0, 0.0, 1), (0.0, 1.0, 0), (1e-30, 1.0, 1), (-1e-30, 1.0, 0), (math.nan, 0.0, 0), (math.nan, 1.0, 0),
        ]:  # fmt: skip
            assert loss(name, np.array([[logit]]), np.array([[label]]), "float64")[1] == right, (name, logit, label)
    for logits, answer in [([1.0, 1.0, 0.0], 0), ([0.0, 3.0, 2.0], 1), ([0.0, 2.0, 2.0], 1), ([math.nan] * 3, None)]:
        for label in range(3):
            right = loss("classes", np.array(logits)[:, None], np.eye(3)[:, [label]], "float64")[1]
            assert right == (label == answer), (logits, label)


@pytest.mark.parametrize(
    ("logit", "label", "cost"),
    [
        (3.0, 1.0, math.log1p(math.exp(-3))),
        (3.0, 0.0, 3 + math.log1p(math.exp(-3))),
        (36.0, 0.0, 36.0),  # 1 - p is still above 0, if only by a few units of the last place
        (38.0, 0.0, math.inf),
        (38.0, 1.0, 0.0),  # 0 times infinity is left out
        (-800.0, 1.0, math.inf),
        (-800.0, 0.0, 0.0),
    ],
)
def test_the_courses_cost_is_infinite_where_the_sigmoid_rounds_to_its_ends(
    logit: float, label: float, cost: float
) -> None:
    z, y = np.array([[logit]]), np.array([[label]])
    assert loss("course", z, y, "float64")[0] == pytest.approx(cost, rel=0.02 if logit == 36 else 1e-12)
    np.testing.assert_array_equal(loss("course", z, y, "float64")[2], loss("binary", z, y, "float64")[2])


@pytest.mark.parametrize("name", ["binary", "classes", "regression", "course"])
def test_what_is_not_a_number_is_a_cost_that_is_not_a_number(name: str) -> None:
    outputs = {"classes": 3}.get(name, 1)
    z = np.zeros((outputs, 4))
    z[0, 2] = np.nan
    assert math.isnan(loss(name, z, np.eye(outputs)[:, [0] * 4], "float64")[0])
