"""Measuring in NumPy: moments by their definition, and where the inputs of a batch lie, by operations made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from headstart.graph.graph import Graph
from headstart.graph.values import Op, Value
from headstart.signals.measure.batches import Batches, rolled
from headstart.signals.measure.moments import dead_share, effective_rank, moments, products
from headstart.signals.measure.seen import Batch, Mixed

RNG = np.random.default_rng(5)
INPUTS = 4


@pytest.mark.parametrize(
    ("shape", "batch"),
    [((4, 30), Batch(0, 1, 4, 1)), ((3, 4, 5), Batch(1, 1, 4, 1)), ((24, 5), Batch(0, 2, 4, 3)),
     ((4, 300_000), Batch(0, 1, 4, 1))],
)  # fmt: skip
def test_moments_are_what_they_are_called(shape: tuple[int, ...], batch: Batch) -> None:
    y = (RNG.normal(size=shape) + 0.3).astype(np.float32)
    at = batch.axis
    apart = y.astype(np.float64).reshape(*shape[:at], batch.outer, 4, batch.inner, *shape[at + 1 :])
    rows = np.moveaxis(apart, at + 1, 0).reshape(4, -1)
    found = moments(y, batch)
    directions = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = directions @ directions.T
    assert found.rms == pytest.approx(np.sqrt(np.mean(rows**2)))
    assert found.mean == pytest.approx(rows.mean())
    assert found.batch_std == pytest.approx(np.sqrt(rows.var(0).mean()))
    assert found.cosine == pytest.approx((pairs.sum() - 4) / 12, abs=1e-9)
    gram = products(y, batch)
    assert gram is not None
    assert gram == pytest.approx(rows @ rows.T)
    assert 1 < (effective_rank(gram) or 0) <= 4


def test_moments_of_numbers_that_are_none_and_of_too_large_ones() -> None:
    batch = Batch(0, 1, 2, 1)
    bad = moments(np.array([[1.0, np.nan], [np.inf, 2.0]]), batch)
    assert (bad.nonfinite, bad.batch_std, bad.cosine) == (2, None, None)
    large = moments(np.full((2, 2), 3e30, np.float32), batch)
    assert large.rms == pytest.approx(3e30)
    assert large.nonfinite == 0


def test_units_that_are_zero_for_every_input() -> None:
    y = RNG.normal(size=(4, 6, 5))
    y[:, :, 2] = 0
    y[:3, :, 3] = 0  # one input has it
    batch = Batch(0, 1, 4, 1)
    silent = moments(y, batch, silent=True).silent
    assert silent is not None
    assert dead_share(y.shape, batch, silent, 2) == pytest.approx(1 / 5)


# --- where the inputs lie -------------------------------------------------------------------------------------------


def through(run: Callable[..., Any], shape: tuple[int, ...], start: int = 0, name: str = "other", strict: bool = True,
            beside: Any = None) -> Batch | None:  # fmt: skip
    """What one operation does to the batch; it takes an input, and an array that is none if one is given."""
    given = [RNG.normal(size=shape), *([] if beside is None else [beside])]
    out = np.shape(run(*given))
    values = [Value(0, shape, "data", "input 0")]
    inputs: list[tuple[str, int]] = [("input", 0)]
    if beside is not None:
        values.append(Value(1, beside.shape, "weight", "parameter w"))
        inputs.append(("other", 1))
    values.append(Value(len(values), out, "data", "op", 0))
    op = Op(0, name, name, "", (), tuple(inputs), (len(values) - 1,), replay=lambda arrays: run(*arrays))
    graph = Graph(tuple(values), (op,), (len(values) - 1,), ())
    batches = Batches(graph, INPUTS, strict, lambda value: "f", lambda value: None)
    batches.start(0, start)
    batches.carry(op)
    return batches.known.get(len(values) - 1)


@pytest.mark.parametrize(
    ("run", "shape", "start", "expected"),
    [
        (lambda x: x.reshape(24, 5), (4, 6, 5), 0, Batch(0, 1, 4, 6)),
        (lambda x: x.swapaxes(0, 1).reshape(24, 5), (4, 6, 5), 0, Batch(0, 6, 4, 1)),
        (lambda x: np.moveaxis(x, 0, -1), (4, 6, 5), 0, Batch(2, 1, 4, 1)),
        (lambda x: x[2], (6, 4, 5), 1, Batch(0, 1, 4, 1)),
        (lambda x: (x - x.mean(0)) / x.std(0), (4, 5), 0, Batch(0, 1, 4, 1)),  # batch norm
        (lambda x: np.einsum("btd,bsd->bts", x, x), (4, 4, 5), 0, Batch(0, 1, 4, 1)),  # as many places as inputs
        (lambda x: np.sort(x, 1), (4, 5), 0, Batch(0, 1, 4, 1)),
        (lambda x: x.mean(0), (4, 5), 0, None),  # over the inputs: nothing is left of them
    ],
)
def test_the_batch_is_followed(run: Callable[..., Any], shape: tuple[int, ...], start: int, expected: Any) -> None:
    assert through(run, shape, start) == expected


def test_a_square_product_does_not_take_units_for_inputs() -> None:
    assert through(lambda x, w: x @ w, (4, 4), beside=np.eye(4)) == Batch(0, 1, 4, 1)
    assert through(lambda x, w: w @ x.T, (4, 4), beside=np.eye(4)) == Batch(1, 1, 4, 1)


@pytest.mark.parametrize("run", [lambda x: x[1:], lambda x: np.cumsum(x, 0), lambda x: np.tril(np.ones((4, 4))) @ x])
def test_what_goes_along_the_axis_shows_that_it_is_no_batch(run: Callable[..., Any]) -> None:
    with pytest.raises(Mixed):
        through(run, (4, 5))
    assert through(run, (4, 5), strict=False) is None


def test_an_order_of_inputs_is_undone_by_as_many_steps_as_there_are_inputs() -> None:
    y, batch = RNG.normal(size=(2, 24)), Batch(1, 2, 4, 3)
    moved = y
    for step in range(4):
        assert step == 0 or not np.array_equal(moved, y)
        moved = rolled(moved, batch)
    assert np.array_equal(moved, y)
