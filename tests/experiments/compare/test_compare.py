"""The comparison: what it returns, what it may depend on, and the reasons it gives."""

from __future__ import annotations

import inspect
import itertools
import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.errors import Interrupted
from headstart.experiments import engine
from headstart.experiments.compare.comparison import spread
from headstart.experiments.compare.own_rates import steps_needed
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.measure import constant_cost, measure
from headstart.experiments.measure import outcome as measured_outcome
from headstart.experiments.network import Network, network_for
from headstart.experiments.settings import CompareSettings
from headstart.schemes import scheme
from headstart.signals.judge import judge
from headstart.signals.record import Outcome, Signals

QUICK = {"seeds": 3, "steps": 300, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def course_network() -> hs.Comparison:
    """The default schemes with eight seeds, at the course's own length."""
    return hs.compare(seeds=8)


def test_the_default_comparison_tells_the_lectures_story(course_network: hs.Comparison) -> None:
    median = {row["scheme"]: row["train_accuracy"]["median"] for row in course_network.summary()}
    # medians over 16 seeds of a plain NumPy loop: 50, 79, 51, 99 and 99 %; eight seeds scatter by a few points
    assert median["zeros"] == 0.5
    assert 0.70 < median["normal(10)"] < 0.88
    assert median["normal(0.01)"] < 0.56
    assert median["he"] > 0.97
    assert median["xavier"] > 0.95


def test_verdicts_of_the_default_comparison(course_network: hs.Comparison) -> None:
    verdicts = {row["scheme"]: row["verdict"] for row in course_network.summary()}
    assert verdicts == {
        "zeros": "symmetric", "normal(10)": "saturated", "normal(0.01)": "vanishing", "xavier": "healthy",
        "he": "healthy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "options", "verdict", "words"),
    [
        ("constant(0.5)", {}, "symmetric", "1 distinct unit of 10"),
        ("constant(-0.5)", {}, "symmetric", "gradient of every weight is exactly zero"),
        ("ones", {"activation": "tanh"}, "symmetric", "copies of one another"),
        ("normal(0.0001)", {}, "vanishing", "shrinks"),
        ("normal(3)", {"hidden": (10,) * 10, "activation": "tanh"}, "saturated", "hidden units start saturated"),
        ("normal(3)", {"hidden": (64,) * 6}, "saturated", "outputs start saturated"),
        ("xavier", {"hidden": (20,) * 30}, "vanishing", "over 31 layers"),
        ("he", {"hidden": (20,) * 30}, "healthy", "Healthy start"),
        ("normal(2)", {"hidden": (30,) * 8, "data": "regression"}, "exploding", "signal grows"),
        ("orthogonal", {"activation": "tanh", "hidden": (20,) * 20}, "healthy", "Healthy start"),
        ("he", {"data": "digits", "hidden": (32,)}, "healthy", "Healthy start"),
        ("normal(0.5)", {"activation": "sigmoid", "hidden": (10,) * 8}, "vanishing", "shrinks"),
    ],
)
def test_an_odd_scheme_gets_the_right_reason(
    spec: str, options: dict[str, object], verdict: str, words: str, tmp_path: Path
) -> None:
    if options.get("data") == "regression":
        path = tmp_path / "line.csv"
        path.write_text("".join(f"{i},{(i * 37) % 11},{i + 0.5 * (i % 7)}\n" for i in range(80)))
        options = {**options, "data": str(path)}
    (row,) = hs.compare([spec], **{**QUICK, **options}).summary()
    assert row["verdict"] == verdict
    assert words in row["reason"]


def test_rows_and_summary(course_network: hs.Comparison) -> None:
    rows = course_network.rows()
    assert len(rows) == 40
    assert [row["seed"] for row in rows if row["scheme"] == "he"] == list(range(8))
    he = next(row for row in course_network.summary() if row["scheme"] == "he")
    scores = [row["train_accuracy"] for row in rows if row["scheme"] == "he"]
    assert he["train_accuracy"] == {
        "median": pytest.approx(np.median(scores)),
        "low": pytest.approx(np.percentile(scores, 25)),
        "high": pytest.approx(np.percentile(scores, 75)),
    }


def test_seeds_that_two_comparisons_share_agree() -> None:
    few, many = hs.compare(["he"], **{**QUICK, "seeds": 2}), hs.compare(["he", "xavier"], **{**QUICK, "seeds": 5})
    for a, b in zip(few.of("he"), many.of("he"), strict=False):
        np.testing.assert_array_equal(a.costs, b.costs)
        np.testing.assert_array_equal(a.weights, b.weights)


def test_the_same_call_twice_gives_the_same_json() -> None:
    first, second = (json.dumps(hs.compare(**QUICK, threads=threads).to_json()) for threads in (1, 2))
    assert first == second


def test_tasks_follow_from_the_data(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},{-i},{0.25 * i}\n" for i in range(60)))
    result = hs.compare(["he"], data=str(path), **QUICK)
    assert result.network.task == "regression"
    assert result.summary()[0]["test_accuracy"]["median"] > 0.95  # R² of a straight line
    classes = hs.compare(["he"], data="blobs(4)", **QUICK)
    assert classes.network.task == "classes"
    assert classes.summary()[0]["test_accuracy"]["median"] > 0.8
    linear = hs.compare(["he"], data="blobs(3)", hidden=(), **QUICK)
    assert linear.summary()[0]["train_accuracy"]["median"] > 0.9


def test_optimizers_and_batches() -> None:
    quick = {"seeds": 2, "steps": 200, "learning_rate": 0.05}
    adam = hs.compare(["he"], optimizer="adam", batch_size=50, **quick)
    assert adam.settings.optimizer == "adam"
    assert adam.summary()[0]["train_accuracy"]["median"] > 0.9
    assert adam.runs[0].costs[-1] != adam.runs[1].costs[-1]
    with pytest.raises(hs.InputError, match="a batch holds at most all 300 samples"):
        hs.compare(["he"], batch_size=301, **quick)


def test_a_diverged_run_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    result = hs.compare(["he", "zeros"], data=str(path), activation="identity", seeds=2, steps=400, learning_rate=100)
    row = result.rows()[0]
    assert 0 < row["diverged_at"] < 400
    assert math.isnan(row["final_cost"])
    assert row["train_accuracy"] == -math.inf
    assert "diverged" in result.summary()[0]["reason"]
    schemes = result.to_json()["schemes"]
    assert schemes[0]["runs"][0]["costs"][-1] == "nan"
    assert schemes[0]["runs"][0]["train_accuracy"] == "-inf"
    json.dumps(result.to_json(), allow_nan=False)


def test_interrupting_keeps_what_finished() -> None:
    def stop_halfway(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he", "xavier"], seeds=60, steps=3000, progress=stop_halfway)
    partial = stopped.value.finished
    assert partial is not None
    assert 0 < len(partial.runs) < 120
    whole = hs.compare(["he", "xavier"], seeds=1, steps=3000)
    np.testing.assert_array_equal(partial.of("he")[0].costs, whole.of("he")[0].costs)


# --- which seeds, which data, which rate ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batched() -> hs.Comparison:
    """Xavier and LeCun are one rule under two names; constant weights leave nothing to a seed but its batches."""
    return hs.compare(
        ["lecun", "constant(0.3)", "xavier"], data="blobs(3, noise=0.8)", hidden=(6, 4), activation="tanh", seeds=3,
        steps=60,
        learning_rate=0.2, optimizer="momentum(0.5)", batch_size=40, record_every=7, data_seed=5,
    )  # fmt: skip


def outcome(run: Any) -> tuple[object, ...]:
    """Everything of a run but its scheme."""
    return (
        run.seed, run.train_accuracy, run.test_accuracy, run.costs.tobytes(), run.diverged_at, run.signals,
        run.weights.tobytes(),
    )  # fmt: skip


def test_a_seed_is_a_paired_comparison(batched: hs.Comparison) -> None:
    """Two names of one rule agree to the bit: the same weights, data and batches for each seed."""
    assert [outcome(run) for run in batched.of("xavier")] == [outcome(run) for run in batched.of("lecun")]
    without_name = [[{**row, "scheme": ""} for row in batched.rows() if row["scheme"] == name]
                    for name in ("xavier", "lecun")]  # fmt: skip
    assert without_name[0] == without_name[1]
    assert [run.seed for run in batched.runs] == [0, 1, 2] * 3
    assert [run.scheme for run in batched.runs[::3]] == ["lecun", "constant(0.3)", "xavier"]


def test_each_seed_has_batches_of_its_own(batched: hs.Comparison) -> None:
    assert len({run.costs[-1] for run in batched.of("constant(0.3)")}) == 3
    assert len({run.costs[0] for run in batched.of("constant(0.3)")}) == 1


@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_run_is_what_the_engine_makes_of_its_seed_alone(batched: hs.Comparison, place: int) -> None:
    run, data = batched.runs[place], load("blobs(3, noise=0.8)", seed=5)
    network = network_for(2, 3, "classes", (6, 4), "tanh")
    history = engine.train_networks(
        network, engine.Samples.of(data.train_x, np.eye(3)[data.train_y.astype(int)], "float32"),
        network.start(scheme(run.scheme), run.seed)[None],
        engine.Schedule(60, 0.2, 7, optimizer="momentum(0.5)", batch_size=40), batch_seeds=np.array([run.seed]),
    )  # fmt: skip
    np.testing.assert_array_equal(run.weights, history.weights[0])
    np.testing.assert_array_equal(run.costs, history.costs[0])
    assert batched.recorded_steps == [*range(0, 60, 7), 60]


def logits(sizes: tuple[int, ...], theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A tanh network, layer by layer: weights (outputs, inputs), then biases."""
    theta, signal, at = theta.astype(np.float64), x, 0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        weights = theta[at : at + n_in * n_out].reshape(n_out, n_in)
        biases = theta[at + n_in * n_out : at + n_in * n_out + n_out]
        at += (n_in + 1) * n_out
        signal = np.array([[float(row @ w) + b for w, b in zip(weights, biases, strict=True)] for row in signal])
        if layer < len(sizes) - 2:
            signal = np.tanh(signal)
    return signal


def test_each_score_is_of_its_own_part_of_the_data(batched: hs.Comparison) -> None:
    data = batched.data
    differ = 0
    for run, row in zip(batched.runs, batched.rows(), strict=True):
        train, test = (
            float(np.mean(logits((2, 6, 4, 3), run.weights, x).argmax(axis=1) == y))
            for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y))
        )
        assert (run.train_accuracy, run.test_accuracy) == (train, test)
        assert (row["train_accuracy"], row["test_accuracy"]) == (train, test)
        assert (row["first_cost"], row["final_cost"]) == (run.costs[0], run.costs[-1])
        differ += train != test
    assert differ == len(batched.runs)


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> hs.Comparison:
    path = tmp_path_factory.mktemp("data") / "line.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},{i * 37 % 11},{0.25 * i + i * 29 % 13}\n" for i in range(60)))
    return hs.compare(["he", "zeros"], data=str(path), activation="tanh", hidden=(4,), **QUICK)


def test_the_score_of_a_regression_is_r_squared_of_its_own_part(regression: hs.Comparison) -> None:
    from sklearn.metrics import r2_score

    data = regression.data
    for run in regression.runs:
        train, test = (
            r2_score(y, logits((2, 4, 1), run.weights, x)[:, 0])
            for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y))
        )
        assert (run.train_accuracy, run.test_accuracy) == (pytest.approx(train), pytest.approx(test))
        assert train != pytest.approx(test)


@pytest.mark.parametrize("name", ["batched", "regression"])
def test_signals_are_those_of_the_start_and_of_the_end(name: str, request: pytest.FixtureRequest) -> None:
    result: hs.Comparison = request.getfixturevalue(name)
    network = result.network
    for run in result.runs:
        start = network.start(scheme(run.scheme), run.seed)
        last = logits(network.sizes, start, result.data.train_x)
        assert run.signals.layers[-1].std == pytest.approx(float(np.sqrt(np.mean(last.var(axis=0)))), rel=1e-5)
        assert [layer.distinct for layer in run.signals.layers[:-1]] == network.distinct_units(start)
        assert run.outcome.distinct == tuple(network.distinct_units(run.weights))
        assert (run.signals.first_cost, run.outcome.final_cost) == (run.costs[0], run.costs[-1])
        assert (run.outcome.diverged_at, run.outcome.score) == (run.diverged_at, run.train_accuracy)
        assert run.outcome.metric == ("R²" if name == "regression" else "accuracy")
        assert run.outcome.constant_cost == constant_cost(result.data)
    assert any(run.costs[0] != run.costs[-1] for run in result.runs)


def test_a_run_is_measured_at_its_start_and_judged_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[np.ndarray] = []
    ends: list[np.ndarray] = []

    def at_the_start(network: Network, start: np.ndarray, data: Dataset, first_cost: float) -> Signals:
        starts.append(start)
        return measure(network, start, data, first_cost)

    def at_the_end(network: Network, last: np.ndarray, data: Dataset, *rest: Any) -> Outcome:
        ends.append(last)
        return measured_outcome(network, last, data, *rest)

    monkeypatch.setattr("headstart.experiments.problem.measure", at_the_start)
    monkeypatch.setattr("headstart.experiments.problem.outcome", at_the_end)
    result = hs.compare(["he"], seeds=2, steps=5, hidden=(3,))
    for run, start, end in zip(result.runs, starts, ends, strict=True):
        np.testing.assert_array_equal(start, result.network.start(scheme("he"), run.seed))
        np.testing.assert_array_equal(end, run.weights)
        assert not np.array_equal(start, end)


def test_a_run_can_diverge_at_the_very_first_step() -> None:
    (row,) = hs.compare(["normal(1e30)"], hidden=(4, 4), activation="identity", seeds=1, steps=5).rows()
    assert row["diverged_at"] == 0


def test_the_summary_is_of_each_schemes_own_runs(batched: hs.Comparison) -> None:
    for row in batched.summary():
        runs = batched.of(row["scheme"])
        for column, numbers in (
            ("train_accuracy", [run.train_accuracy for run in runs]),
            ("test_accuracy", [run.test_accuracy for run in runs]),
            ("first_cost", [run.costs[0] for run in runs]), ("final_cost", [run.costs[-1] for run in runs]),
        ):  # fmt: skip
            low, median, high = np.percentile(numbers, (25, 50, 75))
            assert row[column] == pytest.approx({"median": median, "low": low, "high": high})
        verdict = judge([run.signals for run in runs], [run.outcome for run in runs])
        assert batched.verdicts[row["scheme"]] == verdict
        assert (row["verdict"], row["reason"]) == (verdict.word, verdict.reason)


def test_json_holds_the_settings_and_every_run(batched: hs.Comparison) -> None:
    found = batched.to_json()
    assert found["schema"] == 1
    assert found["settings"] == {
        "schemes": ["lecun", "constant(0.3)", "xavier"], "data": "blobs(3, noise=0.8)", "label": None,
        "features": None, "drop": None, "header": None, "hidden": [6, 4],
        "activation": "tanh", "seeds": 3, "steps": 60, "learning_rate": 0.2, "tune_learning_rate": False,
        "optimizer": "momentum(0.5)", "batch_size": 40, "record_every": 7, "dtype": "float32", "data_seed": 5,
        "preset": None, "task": "classes", "recorded_steps": [*range(0, 60, 7), 60],
    }  # fmt: skip
    assert found["data"] == {
        "name": "blobs(3, noise=0.8)", "task": "classes", "rows": {"train": 300, "test": 100},
        "features": ["x1", "x2"], "classes": ["0", "1", "2"], "notes": [],
    }  # fmt: skip
    for row, summary in zip(found["schemes"], batched.summary(), strict=True):
        assert {key: row[key] for key in summary} == summary
        findings = batched.verdicts[row["scheme"]].findings
        assert row["findings"] == [finding.row() for finding in findings]
        assert row["runs"] == [
            {"seed": run.seed, "train_accuracy": run.train_accuracy, "test_accuracy": run.test_accuracy,
             "diverged_at": None, "costs": list(run.costs)}
            for run in batched.of(row["scheme"])
        ]  # fmt: skip


def test_other_data_seeds_give_other_data() -> None:
    first, second = (hs.compare(["he"], seeds=1, steps=1, data_seed=seed).data for seed in (0, 1))
    assert not np.array_equal(first.train_x, second.train_x)


def test_the_defaults_are_the_settings_own() -> None:
    """What `compare` takes without being told is what the settings model says, name by name."""
    parameters = inspect.signature(hs.compare).parameters
    fields = CompareSettings.model_fields
    assert parameters.keys() - fields.keys() == {"threads", "progress", "cancel"}
    for name in parameters.keys() & fields.keys() - {"schemes", "learning_rate"}:
        default = fields[name].default
        assert parameters[name].default == default, name
    captured = hs.compare(seeds=1, steps=1).settings
    assert captured == CompareSettings(seeds=1, steps=1)


# --- interruption ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stops_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Training that Ctrl-C ends after so many networks, in the order of their jobs."""
    train = engine.train_networks

    def install(finished: int) -> None:
        def stopped(*arguments: Any, **options: Any) -> engine.History:
            history = train(*arguments, **options)
            history.finished[finished:] = False
            raise engine.Cancelled(history)

        monkeypatch.setattr(engine, "train_networks", stopped)

    return install


@pytest.mark.parametrize(
    ("finished", "kept"),
    [(1, {"he": [0]}), (2, {"he": [0], "zeros": [0]}), (3, {"he": [0, 1], "zeros": [0]}),
     (5, {"he": [0, 1, 2], "zeros": [0, 1]})],
)  # fmt: skip
def test_an_interrupted_comparison_has_all_schemes_for_the_seeds_it_got_to(
    finished: int, kept: dict[str, list[int]], stops_after: Any
) -> None:
    whole = hs.compare(["he", "zeros"], seeds=3, steps=20)
    stops_after(finished)
    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he", "zeros"], seeds=3, steps=20)
    partial = stopped.value.finished
    assert partial is not None
    assert partial.schemes == list(kept)
    assert {name: [run.seed for run in partial.of(name)] for name in partial.schemes} == kept
    for name, seeds in kept.items():
        assert [outcome(run) for run in partial.of(name)] == [outcome(whole.of(name)[seed]) for seed in seeds]
    assert [row["scheme"] for row in partial.summary()] == list(kept)
    json.dumps(partial.to_json(), allow_nan=False)


def test_interrupted_before_the_first_run_there_is_no_comparison(stops_after: Any) -> None:
    stops_after(0)
    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he", "zeros"], seeds=3, steps=20)
    assert stopped.value.finished is None


# --- progress, rates and threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tune", [False, True])
def test_progress_counts_up_to_all_network_steps(tune: bool) -> None:
    calls: list[tuple[int, int]] = []
    result = hs.compare(
        ["he", "xavier"], seeds=3, steps=40, tune_learning_rate=tune, threads=1,
        progress=lambda done, total: calls.append((done, total)),
    )  # fmt: skip
    search = steps_needed(result.settings) if tune else 0
    assert {total for _, total in calls} == {search + 2 * 3 * result.settings.run_units}
    done = [count for count, _ in calls]
    assert done == sorted(done)
    assert done[-1] == calls[-1][1]
    if tune:  # the search never claims a part of the comparison, and the comparison starts where it ends
        assert any(count <= search for count in done)
        assert [count for count in done if count > search][-1] == search + 6 * result.settings.run_units


def test_each_run_is_trained_with_its_schemes_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"he": 0.3, "normal(2)": 0.002, "zeros": 0.05}
    quick = {"seeds": 2, "steps": 30, "data": "xor"}
    monkeypatch.setattr("headstart.experiments.compare.comparison.scheme_rates", lambda *_, **__: rates)
    tuned = hs.compare(list(rates), tune_learning_rate=True, **quick)
    assert tuned.learning_rates == rates
    for name, rate in rates.items():
        alone = hs.compare([name], learning_rate=rate, **quick)
        assert [outcome(run) for run in tuned.of(name)] == [outcome(run) for run in alone.of(name)]
        assert {row["learning_rate"] for row in tuned.rows() if row["scheme"] == name} == {rate}
    assert [row["learning_rate"] for row in tuned.summary()] == list(rates.values())
    assert [row["learning_rate"] for row in tuned.to_json()["schemes"]] == list(rates.values())


def test_threads_are_passed_on_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    train, used = engine.train_networks, []

    def spy(*arguments: Any, **options: Any) -> engine.History:
        used.append(options["threads"])
        assert threading.current_thread() is threading.main_thread()
        return train(*arguments, **options)

    monkeypatch.setattr(engine, "train_networks", spy)
    hs.compare(["he"], seeds=2, steps=8, threads=3, tune_learning_rate=True)
    assert set(used) == {3}
    assert len(used) > 2  # the search too


# --- quartiles ------------------------------------------------------------------------------------------------------


def test_spread_orders_what_is_not_finite_last() -> None:
    assert spread([1.0, 2.0, math.inf])["median"] == 2.0
    assert spread([math.inf, math.inf, 1.0])["median"] == math.inf
    assert math.isnan(spread([1.0, math.nan, math.nan])["median"])
    assert spread([0.5]) == {"median": 0.5, "low": 0.5, "high": 0.5}


SMALL_TANH = {"hidden": (4,), "activation": "tanh", "learning_rate": 1.2, "seeds": 8}
SIGMOID = {"hidden": (5, 5, 5), "activation": "sigmoid", "learning_rate": 1.0, "seeds": 8, "steps": 20_000}


@pytest.mark.parametrize("data", ["moons", "circles"])
@pytest.mark.parametrize(("spec", "options"), [("normal(0.01)", SMALL_TANH), ("glorot", SIGMOID)])
def test_a_small_start_that_learnt_has_recovered(spec: str, options: dict[str, object], data: str) -> None:
    result = hs.compare([spec], data=data, **options)
    verdict, (row,) = result.verdicts[spec], result.summary()
    assert row["verdict"] == verdict.word == "recovered"
    assert {finding.severity for finding in verdict.findings} == {"remark"}
    small = verdict.findings[0]
    assert small.code == "HS201"
    assert small.value < small.limit == 0.01
    per_layer = small.value ** (1 / result.network.layers)
    assert f"At the start the signal shrinks × {per_layer:.3g} per layer" in row["reason"]
    assert f"(accuracy {100 * row['train_accuracy']['median']:.1f} %)" in row["reason"]
    assert "hardly depend" not in row["reason"]
    assert row["train_accuracy"]["median"] > 0.8


def test_the_same_start_at_a_small_rate_has_not_recovered() -> None:
    (row,) = hs.compare(
        ["normal(0.01)"], data="moons", **{**SMALL_TANH, "steps": 2000, "learning_rate": 0.001}
    ).summary()
    assert row["verdict"] == "vanishing"
    assert row["reason"].endswith("Training took the cost from 0.6931 to 0.693 (accuracy 81.8 %).")


def test_words_do_not_contradict_numbers_at_a_far_too_large_rate() -> None:
    result = hs.compare(["he"], learning_rate=1e6)
    (row,) = result.summary()
    diverged = sum(run.diverged_at is not None for run in result.runs)
    assert 0 < diverged < 8
    assert row["verdict"] == "rising"
    assert [finding.code for finding in result.verdicts["he"].findings] == ["HS502", "HS503"]
    first, last = row["first_cost"]["median"], row["final_cost"]["median"]
    assert f"The cost rose from {first:.4g} to {last:.4g} (accuracy 50.0 %)." in row["reason"]
    assert f"{diverged} of 16 runs diverged" in row["reason"]
    assert "nan" not in row["reason"]


@pytest.mark.parametrize(
    ("costs", "low", "median", "high"),
    [
        ([3.0, 1.0, 2.0, math.nan], 1.75, 2.5, math.nan),
        ([3.0, 1.0, 2.0, math.inf], 1.75, 2.5, math.inf),
        ([2.0, math.nan, 1.0, 3.0, 4.0], 2.0, 3.0, 4.0),
        ([math.nan, math.inf, 1.0, 2.0, 5.0], 2.0, 5.0, math.inf),
        ([-math.inf, 0.5], -math.inf, -math.inf, -math.inf),  # R² of a run that diverged, beside one that did not
        ([-math.inf, 0.1, 0.2, 0.6, 0.8], 0.1, 0.2, 0.6),
        ([math.nan, math.nan, 1.0, 9.0], 7.0, math.nan, math.nan),
    ],
)
def test_quartiles_do_not_depend_on_the_order_of_the_seeds(
    costs: list[float], low: float, median: float, high: float
) -> None:
    for order in itertools.permutations(costs):
        assert spread(list(order)) == pytest.approx({"median": median, "low": low, "high": high}, nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_quartiles_of_finite_numbers_are_numpys(numbers: list[float]) -> None:
    low, median, high = np.percentile(numbers, (25, 50, 75))
    assert spread(numbers) == pytest.approx({"median": median, "low": low, "high": high}, rel=1e-9, abs=1e-9)


def test_progress_goes_on_while_networks_are_measured() -> None:
    done: list[int] = []
    result = hs.compare(["he"], seeds=50, steps=1, progress=lambda at, total: done.append(at))
    assert len({at for at in done if at > 50 * result.settings.steps}) >= 50
