"""A program's parts: tiles, mini-batches over many passes and tiles, what is recorded at which step, and memory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import stream_words
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.engine import Samples, Schedule, evaluate_networks, memory_needed, train_networks
from headstart.experiments.engine.history import empty_history
from headstart.experiments.engine.program import FIRST_LEVEL, TILE, Program, tile_width
from headstart.experiments.engine.schedule import QUANTITIES
from headstart.experiments.engine.train import STEP_BYTES
from headstart.experiments.measure import measure
from headstart.experiments.network import Network, Task, network_for
from headstart.schemes import scheme

EVERYTHING = tuple(QUANTITIES)


def problem(task: Task = "classes", count: int = 700) -> Dataset:
    """More samples than a tile holds, off the origin."""
    rng = np.random.default_rng(count)
    x = rng.normal(loc=[0.5, 0, -1], size=(count, 3))
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64) + (task == "classes") * (x[:, 2] > -1)
    classes = ("0", "1", "2") if task == "classes" else ("0", "1")
    return Dataset("made", task, x, x @ [1.0, -2.0, 0.5] if task == "regression" else y, x, y, classes)


def samples_of(data: Dataset, dtype: str = "float64", rows: np.ndarray | None = None) -> Samples:
    rows = np.arange(len(data.train_x)) if rows is None else rows
    return Samples.of(data.train_x[rows], data.targets(data.train_y[rows]), dtype)


# --- tiles ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(["float32", "float64"]))
def test_tiles_are_whole_vectors_nearly_equal_and_fit_the_cache(rows: int, count: int, dtype: str) -> None:
    item = np.dtype(dtype).itemsize
    vector = 64 // item
    padded = -(-count // vector) * vector
    tile = tile_width(rows, padded, np.dtype(dtype))
    assert tile % vector == 0
    assert 0 < tile <= padded
    tiles = -(-padded // tile)
    assert tile - padded / tiles < vector  # the last one is as wide as the others but for less than a vector each
    most = max(TILE, FIRST_LEVEL / (rows * item))
    assert tile < most + vector
    if tiles > 1:
        assert padded / (tiles - 1) > most * (1 - vector / most) - 1  # one fewer would not do


# --- mini-batches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("task", "count", "size", "steps"), [
    ("classes", 45, 7, 20), ("classes", 45, 16, 9), ("binary", 45, 45, 4), ("regression", 45, 1, 60),
    ("classes", 700, 450, 5),
])  # fmt: skip
def test_batches_are_cut_from_one_shuffled_pass_after_the_other(task: Task, count: int, size: int, steps: int) -> None:
    """Each step is one step on the samples that the seed's order says; a batch may reach into the next pass."""
    data = problem(task, count)
    network = network_for(3, data.outputs, task, (5, 4), "tanh")
    starts = np.stack([network.start(scheme("he"), 0, "float64")] * 2)
    schedule = Schedule(steps, 0.05, 4, batch_size=size)
    history = train_networks(network, samples_of(data), starts, schedule, batch_seeds=np.array([3, 2**40]))
    passes = -(-size * steps // count)
    for index, seed in enumerate((3, 2**40)):
        order = np.concatenate([
            np.argsort(stream_words(seed, f"order.{epoch}", 0, count), kind="stable") for epoch in range(passes)
        ])  # fmt: skip
        assert (np.bincount(order) == passes).all()
        theta = starts[:1]
        for step in range(steps):
            batch = samples_of(data, rows=order[step * size : (step + 1) * size])
            theta = train_networks(network, batch, theta, Schedule(1, 0.05, 1)).weights
        np.testing.assert_allclose(history.weights[index], theta[0], rtol=1e-9, atol=1e-12)
    assert not np.array_equal(*history.weights) or size == count


def test_every_seed_and_every_pass_has_an_order_of_its_own() -> None:
    data = problem("binary", 45)
    network = network_for(3, 1, "binary", (), "tanh")
    starts = np.zeros((6, network.parameter_count))
    seeds = np.array([0, 1, 2, 256, 2**32, 2**63], np.uint64)
    history = train_networks(network, samples_of(data), starts, Schedule(3, 0.5, 3, batch_size=15), batch_seeds=seeds)
    assert len({row.tobytes() for row in history.weights}) == 6


def test_costs_with_batches_are_of_all_the_data() -> None:
    data = problem("classes")
    network = network_for(3, 3, "classes", (5,), "tanh")
    start = network.start(scheme("he"), 0, "float64")[None]
    history = train_networks(network, samples_of(data), start, Schedule(9, 0.1, 9, batch_size=32))
    for place, theta in ((0, start), (1, history.weights)):
        assert history.costs[:, place] == evaluate_networks(network, samples_of(data), theta)[0]


# --- records --------------------------------------------------------------------------------------------------------


def slow_records(network: Network, theta: np.ndarray, data: Dataset) -> dict[str, object]:
    """What a record says of these weights: NumPy and sums over single samples."""
    x, layers = data.train_x, network.unflatten(theta)
    received, sums = [x], []
    for layer, (w, b) in enumerate(layers):
        sums.append(received[-1] @ w.T + b)
        received.append(network.activation(sums[-1]) if layer < len(layers) - 1 else sums[-1])
    slopes = [network.activation.derivative(z) for z in sums[:-1]]
    logits, targets = sums[-1], data.targets(data.train_y)
    if network.task == "classes":
        powers = np.exp(logits)
        error = powers / powers.sum(axis=1, keepdims=True) - targets
    elif network.task == "binary":
        error = 1 / (1 + np.exp(-logits)) - targets
    else:
        error = 2 * (logits - targets) / targets.shape[1]
    norms = []
    for (w, _), before, slope in zip(reversed(layers), reversed(received[:-1]), [*reversed(slopes), None], strict=True):
        by_weights, by_biases = error.T @ before / len(x), error.mean(axis=0)
        norms.insert(0, np.sqrt(np.sum(by_weights**2) + np.sum(by_biases**2)))
        error = (error @ w) * slope if slope is not None else error
    return {
        "accuracy": data.score(logits, data.train_y) if network.task != "regression" else 0.0,
        "gradient_norm": norms,
        "mean_square": [np.mean(a**2) for a in received[1:-1]],
        "saturated": [np.mean(np.abs(s) < 0.01) for s in slopes],
        "dead": [np.mean((s == 0).all(axis=0)) for s in slopes],
        "distinct": network.distinct_units(theta),
    }


@pytest.mark.parametrize(("task", "name"), [("classes", "relu"), ("binary", "gelu"), ("regression", "hardtanh")])
def test_each_record_is_of_the_weights_before_its_step(task: Task, name: str) -> None:
    """Several tiles of samples, unequal layers with biases, and a step count that no record interval divides."""
    data = problem(task)
    network = network_for(3, data.outputs, task, (9, 2, 5), name)
    start = network.start(scheme("he*1.5"), 4, "float64", sigma_b=1.0)[None]
    _, (w2, b2), *_ = network.unflatten(start[0])
    w2[0], b2[0] = 0, -50  # a unit that never fires
    history = train_networks(network, samples_of(data), start, Schedule(7, 0.02, 3, record=EVERYTHING))
    assert history.recorded_steps == [0, 3, 6, 7]
    for place, step in enumerate(history.recorded_steps):
        theta = train_networks(network, samples_of(data), start, Schedule(step, 0.02, 9)).weights if step else start
        np.testing.assert_array_equal(history.costs[:, place], evaluate_networks(network, samples_of(data), theta)[0])
        for quantity, expected in slow_records(network, theta[0], data).items():
            np.testing.assert_allclose(
                history.records[quantity][0, place], expected, rtol=1e-9, atol=1e-13, err_msg=f"{quantity} at {step}"
            )
    assert name == "gelu" or history.records["dead"][0, 0, 1] == 0.5


@pytest.mark.parametrize("record", [(name,) for name in EVERYTHING] + list(itertools.combinations(EVERYTHING, 2)))
def test_a_record_does_not_depend_on_what_else_is_recorded(record: tuple[str, ...]) -> None:
    data = problem("classes", 60)
    network = network_for(3, 3, "classes", (5, 2), "relu")
    starts = np.stack([network.start(scheme("he"), seed, "float32") for seed in range(2)])
    few, all_of_them = (
        train_networks(network, samples_of(data, "float32"), starts, Schedule(4, 0.1, 2, record=chosen))
        for chosen in (record, EVERYTHING)
    )
    assert set(few.records) == set(record)
    for name in record:
        np.testing.assert_array_equal(few.records[name], all_of_them.records[name])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("slope", "flat"), [(0.0099, True), (0.01, False), (0.0101, False), (-0.0099, True), (-0.02, False)]
)
def test_a_slope_is_saturated_below_a_hundredth(slope: float, flat: bool, dtype: str) -> None:
    """leaky_relu's own 0.01 is the boundary, whichever way float32 rounds it."""
    data = problem("binary", 60)
    network = network_for(3, 1, "binary", (4,), f"leaky_relu({slope})")
    start = network.start(scheme("he"), 0, dtype)[None]
    history = train_networks(network, samples_of(data, dtype), start, Schedule(1, 0.1, 1, record=("saturated", "dead")))
    (w, b), _ = network.unflatten(start[0].astype(np.float64))
    share = np.mean(data.train_x @ w.T + b < 0) if flat else 0.0
    assert history.records["saturated"][0, 0, 0] == pytest.approx(share)
    assert history.records["dead"][0, 0, 0] == 0


def test_a_unit_is_dead_only_if_no_sample_at_all_moves_it() -> None:
    """The one sample that fires is the first, the last, or at either side of a tile's edge."""
    data = problem("binary", 700)
    network = network_for(3, 1, "binary", (6, 40), "relu")  # enough rows for more than one tile
    program = Program(network, samples_of(data), np.dtype(np.float64), Schedule(1, 1.0, 1))
    assert program.tile < 700
    places = [0, 699, program.tile - 1, program.tile]
    data.train_x[:] = 0
    data.train_x[places, 0] = [1, 2, 3, 4]
    start = np.zeros((1, network.parameter_count))
    (w, b), *_ = network.unflatten(start[0])
    w[:, 0], b[:] = [1, 1, 1, 1, 1, -1], [-3.5, -2.5, -1.5, -0.5, -4, -0.1]  # 1, 2, 3, 4 samples fire; none; none
    history = train_networks(network, samples_of(data), start, Schedule(1, 0.1, 1, record=("dead", "saturated")))
    assert history.records["dead"][0, 0, 0] == pytest.approx(2 / 6)
    assert history.records["saturated"][0, 0, 0] == pytest.approx(1 - (1 + 2 + 3 + 4) / (6 * 700))


def test_records_have_a_column_per_layer() -> None:
    network = network_for(3, 1, "binary", (5, 2), "relu")
    history = empty_history(network, np.zeros((4, network.parameter_count)), Schedule(6, 1.0, 3, record=EVERYTHING))
    hidden = (4, 3, 2)
    assert {name: array.shape for name, array in history.records.items()} == {
        "accuracy": (4, 3), "gradient_norm": (4, 3, 3), "mean_square": hidden, "saturated": hidden, "dead": hidden,
        "distinct": hidden,
    }  # fmt: skip
    assert all(np.isnan(array).all() for array in (history.costs, *history.records.values()))
    assert (history.diverged_at == -1).all()
    assert (history.converged_at == -1).all()
    assert not history.finished.any()


# --- evaluation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "classes", "regression"])
@pytest.mark.parametrize("count", [1, 8, 700])
def test_evaluation_is_the_mean_cost_and_the_share_of_right_answers(task: Task, count: int) -> None:
    data = problem(task, count)
    network = network_for(3, data.outputs, task, (9, 4), "tanh")
    thetas = np.stack([network.start(scheme("he*2"), seed, "float64", sigma_b=0.5) for seed in range(3)])
    costs, accuracies = evaluate_networks(network, samples_of(data), thetas)
    targets = data.targets(data.train_y)
    for theta, cost, accuracy in zip(thetas, costs, accuracies, strict=True):
        z = network.logits(theta, data.train_x)
        expected = {
            "binary": lambda z=z: np.logaddexp(0, z) - targets * z,
            "classes": lambda z=z: np.log(np.exp(z).sum(axis=1)) - (targets * z).sum(axis=1),
            "regression": lambda z=z: (z - targets) ** 2,
        }[task]().mean()
        assert cost == pytest.approx(expected, rel=1e-12)
        assert accuracy == (0 if task == "regression" else data.score(z, data.train_y))


def test_weights_that_are_not_finite_cost_nan_and_no_neighbour() -> None:
    data = problem("classes", 20)
    network = network_for(3, 3, "classes", (4,), "tanh")
    thetas = np.stack([network.start(scheme("he"), seed, "float64") for seed in range(3)])
    clean = evaluate_networks(network, samples_of(data), thetas)
    thetas[1] = np.nan
    costs, accuracies = evaluate_networks(network, samples_of(data), thetas)
    assert np.isnan(costs[1])
    assert accuracies[1] == 0
    np.testing.assert_array_equal(costs[[0, 2]], clean[0][[0, 2]])
    np.testing.assert_array_equal(accuracies[[0, 2]], clean[1][[0, 2]])


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize(("name", "batch"), [("relu", None), ("gelu", 50), ("relu", 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_threads_bytes_are_those_of_its_buffers(optimizer: str, name: str, batch: int | None, dtype: str) -> None:
    """Up to the padding of rows to whole vectors, which here is below 1 %."""
    data = problem("classes")
    network = network_for(3, 3, "classes", (64, 128), name)
    program = Program(network, samples_of(data, dtype), np.dtype(dtype), Schedule(1, 1.0, 1, optimizer=optimizer,
                                                                                 batch_size=batch))  # fmt: skip
    taken = sum(buffer.nbytes for buffer in program.workspace()._buffers)
    assert program.bytes_per_thread == pytest.approx(taken, rel=0.01)


@pytest.mark.parametrize("record", [(), ("accuracy",), EVERYTHING])
def test_memory_grows_by_a_networks_history_and_by_a_threads_buffers(record: tuple[str, ...]) -> None:
    data = problem("classes")
    network, samples = network_for(3, 3, "classes", (20, 10), "tanh"), samples_of(data, "float32")
    schedule = Schedule(90, 1.0, 4, record=record, optimizer="adam")
    one, two = (memory_needed(network, samples, count, schedule) for count in (1, 2))
    history = empty_history(network, np.zeros((1, network.parameter_count), np.float32), schedule)
    arrays = [history.weights, history.costs, *history.records.values()]
    assert two - one == sum(array.nbytes for array in arrays)
    program = Program(network, samples, np.dtype(np.float32), schedule)
    assert memory_needed(network, samples, 1, schedule, threads=3) - one == 2 * program.bytes_per_thread
    records = STEP_BYTES * schedule.records
    assert one - (two - one) - program.bytes_per_thread == samples.x.nbytes + samples.targets.nbytes + records


# --- agreement with `measure` ---------------------------------------------------------------------------------------


def test_records_and_measurements_agree_on_what_both_tell() -> None:
    data = problem("classes")
    network = network_for(3, 3, "classes", (9, 4), "tanh")
    start = network.start(scheme("he*3"), 0, "float64", sigma_b=1.0)[None]
    history = train_networks(network, samples_of(data), start, Schedule(1, 0.1, 1, record=EVERYTHING))
    flat = [layer.flat_share for layer in measure(network, start[0], data, 0.0).layers[:-1]]
    assert max(flat) > 0.1
    np.testing.assert_allclose(history.records["saturated"][0, 0], flat)
