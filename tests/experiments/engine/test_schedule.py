"""Mini-batches, records, early stops, per-network learning rates, the memory limit, and checks before any work."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart import InputError, stream_words
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import History, Samples, Schedule, memory_needed, train_networks
from headstart.experiments.measure import measure
from headstart.experiments.network import network_for
from headstart.schemes import scheme

DATA = load("circles")
NETWORK = network_for(2, 1, "binary", (10, 5), "relu")
SAMPLES = {t: Samples.of(DATA.train_x, DATA.targets(DATA.train_y), t) for t in ("float32", "float64")}
EVERYTHING = ("accuracy", "gradient_norm", "mean_square", "saturated", "dead", "distinct")


def weights(spec: str = "he", count: int = 4, dtype: str = "float32") -> np.ndarray:
    return np.stack([NETWORK.start(scheme(spec), seed, dtype) for seed in range(count)])


def run(start: np.ndarray, schedule: Schedule, **options: object) -> History:
    return train_networks(NETWORK, SAMPLES[start.dtype.name], start, schedule, **options)


# --- mini-batches ---------------------------------------------------------------------------------------------------


def test_a_batch_of_everything_is_full_batch_training() -> None:
    start = weights(dtype="float64")
    whole = run(start, Schedule(20, 0.1, 5))
    batch = run(start, Schedule(20, 0.1, 5, batch_size=300))
    np.testing.assert_allclose(batch.weights, whole.weights, rtol=1e-9)
    np.testing.assert_allclose(batch.costs, whole.costs, rtol=1e-9)


def test_batches_pass_over_the_data_and_differ_by_seed() -> None:
    start = np.stack([weights(count=1)[0]] * 3)
    history = run(start, Schedule(90, 0.1, 30, batch_size=32), batch_seeds=np.array([0, 0, 1]))
    np.testing.assert_array_equal(history.weights[0], history.weights[1])
    assert (history.weights[0] != history.weights[2]).any()
    assert (history.costs[:, -1] < history.costs[:, 0]).all()


def test_batches_do_not_depend_on_chunks_or_records() -> None:
    start = weights()
    some, many = (run(start, Schedule(70, 0.1, every, batch_size=17)) for every in (70, 3))
    np.testing.assert_array_equal(some.weights, many.weights)


def test_one_step_of_a_batch_is_the_gradient_of_its_samples() -> None:
    start = weights(count=1, dtype="float64")
    order = np.argsort(stream_words(0, "order.0", 0, 300), kind="stable")[:7]
    batch = run(start, Schedule(1, 0.1, 1, batch_size=7))
    seven = Samples.of(DATA.train_x[order], DATA.targets(DATA.train_y[order]), "float64")
    alone = train_networks(NETWORK, seven, start, Schedule(1, 0.1, 1))
    np.testing.assert_allclose(batch.weights, alone.weights, rtol=1e-12)


# --- records --------------------------------------------------------------------------------------------------------


def test_records_are_what_numpy_measures() -> None:
    start = weights("he*2", count=1, dtype="float64")
    history = run(start, Schedule(50, 0.1, 50, record=EVERYTHING))
    for place, theta in ((0, start[0]), (1, history.weights[0])):
        measured = measure(NETWORK, theta, DATA, 0.0).layers
        layers = NETWORK.unflatten(theta)
        hidden, values = DATA.train_x, []
        for w, b in layers[:-1]:
            hidden = np.maximum(hidden @ w.T + b, 0)
            values.append(hidden)
        records = {name: array[0, place] for name, array in history.records.items()}
        np.testing.assert_allclose(records["mean_square"], [np.mean(v**2) for v in values], rtol=1e-12)
        np.testing.assert_allclose(records["saturated"], [np.mean(v == 0) for v in values], rtol=1e-12)
        np.testing.assert_allclose(records["dead"], [np.mean((v == 0).all(axis=0)) for v in values])
        np.testing.assert_array_equal(records["distinct"], [layer.distinct for layer in measured[:-1]])
        logits = NETWORK.logits(theta, DATA.train_x)
        assert records["accuracy"] == DATA.score(logits, DATA.train_y)
        sizes = [w.size for w, _ in layers]
        rms = np.array([layer.gradient_rms for layer in measured]) * np.sqrt(sizes)
        assert (records["gradient_norm"] >= rms * (1 - 1e-9)).all()  # the norm counts the biases too
        assert (records["gradient_norm"] <= 3 * rms).all()


def test_recording_changes_no_bit() -> None:
    start = weights()
    plain, watched = (run(start, Schedule(60, 0.1, 7, record=record)) for record in ((), EVERYTHING))
    np.testing.assert_array_equal(plain.weights, watched.weights)
    np.testing.assert_array_equal(plain.costs, watched.costs)


def test_kept_slopes_are_recorded_too() -> None:
    network = network_for(2, 1, "binary", (8,), "gelu")
    start = network.start(scheme("normal(40)"), 0, "float64")[None]
    history = train_networks(network, SAMPLES["float64"], start, Schedule(1, 0.1, 1, record=("saturated", "dead")))
    (w, b), _ = network.unflatten(start[0])
    slopes = network.activation.derivative(DATA.train_x @ w.T + b)
    assert history.records["saturated"][0, 0, 0] == pytest.approx(np.mean(np.abs(slopes) < 0.01))


# --- stopping -------------------------------------------------------------------------------------------------------


def test_a_network_stops_when_its_cost_is_low_enough() -> None:
    history = run(weights(), Schedule(20_000, 0.3, 50, stop_below=0.2))
    for index in range(4):
        at = history.converged_at[index]
        place = history.recorded_steps.index(at)
        assert history.costs[index, place] < 0.2
        assert (history.costs[index, :place] >= 0.2).all()
        assert np.isnan(history.costs[index, place + 1 :]).all()


@pytest.mark.parametrize("every", [10, 7, 1])
def test_a_cost_that_is_low_enough_at_the_last_record_alone_has_converged(every: int) -> None:
    plain = run(weights(), Schedule(40, 0.3, every))
    assert (plain.costs[:, -1] < plain.costs[:, :-1].min(axis=1)).all()  # it falls all the way
    for index in range(4):
        target = float(plain.costs[index, -2:].mean())
        history = run(weights()[index : index + 1], Schedule(40, 0.3, every, stop_below=target))
        assert history.converged_at[0] == 40
        assert history.final_cost(0) == plain.costs[index, -1]
        np.testing.assert_array_equal(history.weights[0], plain.weights[index])
        unrecorded = run(weights()[index : index + 1], Schedule(40, 0.3, every, record_last=False, stop_below=target))
        assert unrecorded.converged_at[0] == -1  # nobody looked
        never = run(weights()[index : index + 1], Schedule(40, 0.3, every, stop_below=target / 2))
        assert never.converged_at[0] == -1


def test_the_final_cost_is_that_of_the_step_it_stopped_at() -> None:
    history = run(weights(), Schedule(20_000, 0.3, 50, stop_below=0.2))
    for index in range(4):
        assert history.final_cost(index) == np.nanmin(history.costs[index]) < 0.2
    assert math.isnan(run(weights("normal(10)", 1), Schedule(50, 1e30, 10)).final_cost(0))


# --- a search in one call -------------------------------------------------------------------------------------------


def test_learning_rates_differ_per_network() -> None:
    start = np.stack([weights(count=1)[0]] * 3)
    rates = np.array([0.01, 0.1, 1.0])
    together = run(start, Schedule(100, 0.5, 100), learning_rates=rates)
    for index, rate in enumerate(rates):
        alone = run(start[:1], Schedule(100, float(rate), 100))
        np.testing.assert_array_equal(together.weights[index], alone.weights[0])


# --- memory ---------------------------------------------------------------------------------------------------------


def test_memory_is_computed_first_and_refused_with_the_figure() -> None:
    needed = memory_needed(NETWORK, SAMPLES["float32"], 4, Schedule(10, 0.1, 1), threads=2)
    run(weights(), Schedule(10, 0.1, 1), threads=2, memory_limit=needed)
    with pytest.raises(InputError, match=r"training needs .* of memory, more than the limit of "):
        run(weights(), Schedule(10, 0.1, 1), threads=2, memory_limit=needed - 1)


def test_memory_needed_is_about_what_is_taken() -> None:
    import tracemalloc

    network = network_for(2, 1, "binary", (64,) * 200, "tanh")
    start = np.stack([network.start(scheme("he"), 0, "float32")] * 2)
    schedule = Schedule(1, 0.1, 1, optimizer="adam")
    needed = memory_needed(network, SAMPLES["float32"], 2, schedule, threads=1)
    train_networks(network, SAMPLES["float32"], start, schedule, threads=1)  # compiled before it is traced
    tracemalloc.start()
    train_networks(network, SAMPLES["float32"], start, schedule, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak == pytest.approx(needed, rel=0.15)


# --- depth and width ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hidden", "steps"), [((1,), 3), ((4096,), 2), ((8,) * 3000, 2)])
def test_extreme_shapes(hidden: tuple[int, ...], steps: int) -> None:
    network = network_for(2, 1, "binary", hidden, "tanh")
    start = network.start(scheme("orthogonal"), 0, "float32")[None]
    history = train_networks(network, SAMPLES["float32"], start, Schedule(steps, 0.01, 1))
    assert np.isfinite(history.costs).all()
    assert history.costs[0, 0] == pytest.approx(
        float(np.mean(np.logaddexp(0, z := network.logits(start[0], DATA.train_x)[:, 0]) - DATA.train_y * z)), rel=1e-4
    )


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "every", "last", "recorded"),
    [
        (6, 3, True, [0, 3, 6]), (6, 3, False, [0, 3]), (7, 3, True, [0, 3, 6, 7]), (7, 3, False, [0, 3, 6]),
        (1, 1, True, [0, 1]), (1, 5, True, [0, 1]), (5, 5, True, [0, 5]), (5, 5, False, [0]),
    ],
)  # fmt: skip
def test_recorded_steps(steps: int, every: int, last: bool, recorded: list[int]) -> None:
    assert Schedule(steps, 1.0, every, record_last=last).recorded_steps == recorded


def test_the_least_that_each_setting_may_be() -> None:
    least = {"steps": 1, "learning_rate": 5e-324, "record_every": 1, "batch_size": 1, "weight_decay": 0.0,
             "clip": 5e-324, "stop_below": 0.0}  # fmt: skip
    Schedule(**least)
    for name, value in {"steps": 0, "learning_rate": 0.0, "record_every": 0, "batch_size": 0, "weight_decay": -5e-324,
                        "clip": 0.0, "stop_below": -5e-324}.items():  # fmt: skip
        with pytest.raises(InputError):
            Schedule(**{**least, name: value})


def test_numpys_numbers_are_numbers() -> None:
    given = Schedule(np.int64(4), np.float32(0.5), np.int32(2), batch_size=np.uint8(3), clip=np.float64(1))
    assert given == Schedule(4, 0.5, 2, batch_size=3, clip=1.0)
    assert [type(v) for v in (given.steps, given.learning_rate, given.batch_size)] == [int, float, int]


@pytest.mark.parametrize("name", ["steps", "learning_rate", "record_every", "batch_size"])
def test_a_truth_value_is_no_number(name: str) -> None:
    with pytest.raises(InputError):
        Schedule(**{"steps": 1, "learning_rate": 1.0, "record_every": 1, name: True})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stop_below": math.nan}, "stop_below must be"),
        ({"learning_rate": math.inf}, "learning rate must be a positive, finite number"),
        ({"weight_decay": math.inf}, "weight_decay must be"),
        ({"steps": 0}, "steps must be a whole number from 1 to 2\\^31 - 1, got 0"),
        ({"record_every": 0}, "record_every must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": 2.5}, "batch_size must be"),
        ({"learning_rate": 0.0}, "learning rate must be a positive, finite number"),
        ({"learning_rate": math.nan}, "learning rate must be a positive, finite number"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"weight_decay": -1.0}, "weight_decay must be"),
        ({"clip": 0.0}, "clip must be"),
        ({"clip": math.inf}, "clip must be"),
        ({"record": ("gradnorm",)}, "unknown quantity to record 'gradnorm'"),
    ],
)
def test_bad_schedules(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Schedule(**{"steps": 10, "learning_rate": 0.1, "record_every": 1, **settings})


def test_what_does_not_fit_is_refused_before_any_work() -> None:
    schedule, start = Schedule(10, 0.1, 1), weights()
    x, y = DATA.train_x, DATA.targets(DATA.train_y)

    def refused(words: str, samples: Samples | None = None, start: np.ndarray = start, **options: object) -> None:
        with pytest.raises(InputError, match=words):
            train_networks(NETWORK, samples or SAMPLES["float32"], start, options.pop("schedule", schedule), **options)

    refused(r"starting weights have shape \(networks, 91\)", start=start[:, :-1])
    refused("both float32 or both float64", start=start.astype(np.float64))
    refused("the data has 3 inputs, the network 2", Samples.of(np.column_stack([x, x[:, 0]]), y, "float32"))
    refused("the data has 2 outputs, the network 1", Samples.of(x, np.column_stack([y, y]), "float32"))
    refused("labels must be 0 or 1", Samples.of(x, 2 * y, "float32"))
    refused("a batch holds at most all 300 samples", schedule=Schedule(1, 0.1, 1, batch_size=301))
    refused("learning_rates needs one value per network", learning_rates=np.array([0.1]))
    refused("learning rate must be a positive, finite number", learning_rates=np.array([0.1, 0.1, -1, 0.1]))
    three = network_for(2, 3, "classes", (4,), "relu")
    with pytest.raises(InputError, match="exactly one class"):
        train_networks(three, Samples.of(x, np.zeros((300, 3)), "float32"), np.zeros((1, three.parameter_count), "f4"),
                       schedule)  # fmt: skip
    for bad in (np.nan, np.inf):
        with pytest.raises(InputError, match="must be finite numbers"):
            Samples.of(np.where(x == x[0, 0], bad, x), y, "float32")
    with pytest.raises(InputError, match="as many targets as samples"):
        Samples.of(x, y[:-1], "float32")
