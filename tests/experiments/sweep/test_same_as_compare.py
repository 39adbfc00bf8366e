"""A sweep's row is `compare`'s result for the same run, to the last bit and in every column that both have.

The two share the engine, but each chooses data, starts, seeds, rates, batches and scores by itself. What only a sweep
has (sigma_b, a target) is held to a plain loop in NumPy.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.draws.arrays import draw_array
from headstart.experiments.data.datasets import load
from headstart.experiments.sweep.stored import open_rows
from headstart.schemes import Normal
from headstart.verbs.compare import compare

CSV = Path("table.csv")
RESULTS = ("first_cost", "final_cost", "train_accuracy", "test_accuracy", "diverged_at")
SCHEMES = ["he", "xavier", "normal(0.7)*1.5", "zeros"]  # of zeros every logit is as large as every other
# what both take; the names of a sweep
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {"steps": 40},
    "two optimizers, mini-batches": {"data": "moons", "optimizer": ["momentum", "adam"], "batch_size": [7, 64],
                                     "learning_rate": [0.05, 0.2], "steps": 25, "hidden": [5, 3]},
    "nesterov in float64": {"data": "xor(samples=90)", "optimizer": "nesterov(0.7)", "dtype": "float64", "steps": 30,
                            "data_seed": 3, "activation": "tanh", "hidden": [6, 2, 4], "learning_rate": 0.3},
    "four classes": {"data": ["blobs(4)", "spirals(classes=3, noise=0.1)"], "batch_size": ["all", 32], "steps": 20,
                     "activation": ["gelu", "relu"], "hidden": [4], "learning_rate": 0.2},
    "numbers of a table": {"data": str(CSV), "label": "price", "data_seed": 2, "steps": 60, "batch_size": ["all", 9],
                           "activation": "tanh", "hidden": [[3], [5, 2]], "learning_rate": [0.1, 0.02]},
    "classes of a table": {"data": str(CSV), "label": "kind", "steps": 30, "optimizer": "adam", "hidden": [4]},
    "diverging": {"data": str(CSV), "label": "price", "activation": "squared_relu", "learning_rate": [0.01, 1e6],
                  "steps": 30, "hidden": [4]},
}  # fmt: skip


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table whose label stands in the middle, with columns of different scales and noise that no network learns."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    lines = [
        f"{100 * a:.6f},{3 * a - b * b + rng.normal(scale=0.4):.6f},{b:.6f},{int(a + b > 0.6)}"
        for a, b in rng.normal(size=(61, 2))
    ]
    CSV.write_text("size,price,age,kind\n" + "\n".join(lines) + "\n")


def pairs(settings: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A sweep's rows, each beside the comparison's of the same run; through a store on disk."""
    study = hs.study(settings, "study.db", scheme=SCHEMES, seed=[2, 0, 1])
    study.run(workers=2)
    found = []
    compared: dict[str, list[dict[str, Any]]] = {}
    for row in open_rows("study.db"):
        shared = {name: row[name] for name in ("data", "label", "data_seed", "hidden", "activation", "steps",
                  "learning_rate", "dtype", "optimizer", "batch_size")}  # fmt: skip
        if str(shared) not in compared:
            compared[str(shared)] = compare(SCHEMES, seeds=3, **shared).rows()
        spec = row["scheme"] if row["multiplier"] == 1 else f"{row['scheme']}*{row['multiplier']}"
        (same,) = (r for r in compared[str(shared)] if (r["scheme"], r["seed"]) == (spec, row["seed"]))
        found.append((row, same))
    return found


@pytest.mark.parametrize("case", SETTINGS)
def test_a_row_of_a_sweep_is_compares_result_of_the_same_run(case: str, table: None) -> None:
    settings = SETTINGS[case]
    found = pairs(settings)
    lists = [len(v) for k, v in settings.items() if isinstance(v, list) and (k != "hidden" or isinstance(v[0], list))]
    assert len(found) == math.prod(lists) * len(SCHEMES) * 3
    for row, same in found:
        assert row["state"] == "done"
        got, expected = ([r[name] for name in RESULTS] for r in (row, same))
        np.testing.assert_array_equal(np.array(got, float), np.array(expected, float), err_msg=str(row))
    assert len({row["train_accuracy"] for row, _ in found}) > 2  # no chance agreement


def test_a_regression_has_two_scores_and_a_diverged_one_none_worth_the_name(table: None) -> None:
    """The twin of the above: it would not notice training and test data swapped in both, nor diverging in neither."""
    rows = [row for row, _ in pairs(SETTINGS["diverging"])]
    diverged = [row for row in rows if row["diverged_at"] is not None]
    assert 0 < len(diverged) < len(rows)
    for row in diverged:
        assert math.isnan(row["final_cost"])
        assert (row["train_accuracy"], row["test_accuracy"]) == (-math.inf, -math.inf)
    assert all(row["train_accuracy"] != row["test_accuracy"] for row in rows if row["diverged_at"] is None)


# --- what a comparison has not: biases that are drawn ----------------------------------------------------------------


def test_a_run_whose_last_step_overflows_has_diverged_in_both() -> None:
    """No step follows it to see that the gradient is no number, but its cost is none."""
    study = hs.study(data="blobs", hidden=[10, 5], steps=2, learning_rate=1e6, scheme="he", seed={"range": [0, 8]})
    study.run()
    made = compare(["he"], data="blobs", hidden=(10, 5), steps=2, learning_rate=1e6, seeds=8)
    swept = [(row["seed"], row["diverged_at"], math.isnan(row["final_cost"])) for row in study.rows()]
    compared = [(row["seed"], row["diverged_at"], math.isnan(row["final_cost"])) for row in made.rows()]
    assert swept == compared
    assert any(step == 2 for _, step, _ in swept)
    assert all((step is not None) == gone for _, step, gone in swept)


def plain_descent(
    sizes: tuple[int, ...], seed: int, spec: str, sigma_b: float, rate: float, steps: int
) -> tuple[float, float, float, float]:
    """First and final cost and both accuracies of a tanh network on the circles: a plain loop over whole batches."""
    data = load("circles")
    weights, biases = [], []
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        weights.append(hs.sample(spec, (n_out, n_in), seed=seed, name=f"layers.{layer}.weight", dtype="float64"))
        drawn = np.zeros(n_out) if not sigma_b else draw_array(
            Normal(sigma_b), (n_out,), seed, f"layers.{layer}.bias", "bias", np.float64
        )  # fmt: skip
        biases.append(drawn.copy())

    def forward(x: np.ndarray) -> list[np.ndarray]:
        signals = [x]
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = signals[-1] @ w.T + b
            signals.append(np.tanh(z) if layer < len(weights) - 1 else z)
        return signals

    def cost() -> float:
        z = forward(data.train_x)[-1][:, 0]
        return float(np.mean(np.logaddexp(0, z) - data.train_y * z))

    def accuracy(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean((forward(x)[-1][:, 0] > 0) == (y == 1)))

    first = cost()
    for _ in range(steps):
        signals = forward(data.train_x)
        delta = (1 / (1 + np.exp(-signals[-1])) - data.train_y[:, None]) / len(data.train_y)
        for layer in reversed(range(len(weights))):
            by_weight, by_bias = delta.T @ signals[layer], delta.sum(axis=0)
            delta = (delta @ weights[layer]) * (1 - signals[layer] ** 2)
            weights[layer] = weights[layer] - rate * by_weight
            biases[layer] = biases[layer] - rate * by_bias
    return first, cost(), accuracy(data.train_x, data.train_y), accuracy(data.test_x, data.test_y)


def test_drawn_biases_and_multipliers_are_those_of_a_plain_loop() -> None:
    """Each run of a chunk has its own sigma_b, multiplier, rate and seed; float64, so that nothing is lost on the way.

    Largest relative difference of a cost seen: 2e-15.
    """
    study = hs.study(
        hidden=[6, 3], activation="tanh", dtype="float64", steps=40, scheme="he", multiplier=[0.6, 1.7],
        sigma_b=[0, 0.1, 0.8], learning_rate=[0.5, 0.05], seed=[1, 4],
    )  # fmt: skip
    study.run()
    rows = study.rows()
    assert len(rows) == 24
    for row in rows:
        expected = plain_descent(
            (2, 6, 3, 1), row["seed"], f"he*{row['multiplier']}", row["sigma_b"], row["learning_rate"], 40
        )
        assert [row[name] for name in RESULTS[:4]] == pytest.approx(expected, rel=1e-11)


# --- targets ---------------------------------------------------------------------------------------------------------

STEPS = 230  # a hundredth of it, rounded down, is 2; the last look is at 228


def costs_by_step(seed: int) -> list[float]:
    """The cost before each step and after the last."""
    settings = {"hidden": [8], "activation": "tanh", "steps": STEPS, "record_every": 1, "learning_rate": 0.5}
    (run,) = compare(["he"], seeds=seed + 1, **settings).of("he")[seed:]
    return run.costs.tolist()


@pytest.mark.parametrize("place", [0, 1, 2, 3, 57, 113, 227])
def test_the_first_look_that_finds_the_cost_below_the_target_ends_the_run(place: int) -> None:
    """A hundred looks: here before every other step, the first one before any."""
    costs = costs_by_step(2)
    target = (costs[place] + costs[place + 1]) / 2  # between two: this cost falls at every step
    assert all(a > b for a, b in pairwise(costs))
    study = hs.study(hidden=[8], activation="tanh", steps=STEPS, learning_rate=0.5, seed=2, target=target)
    study.run()
    (row,) = study.rows()
    reached = 2 * math.ceil((place + 1) / 2)
    assert row["steps_to_target"] == reached
    assert (row["first_cost"], row["final_cost"]) == pytest.approx((costs[0], costs[reached]), rel=1e-6)
    assert row["diverged_at"] is None


def test_a_run_that_starts_below_its_target_takes_no_step() -> None:
    study = hs.study(hidden=[8], steps=STEPS, seed=2, target=50.0)
    study.run()
    (row,) = study.rows()
    assert row["steps_to_target"] == 0
    assert row["final_cost"] == row["first_cost"]


def test_a_target_that_is_not_reached_changes_nothing() -> None:
    rows = []
    for target in (None, 1e-9):
        study = hs.study(hidden=[8], steps=STEPS, seed=[0, 1], target=target)
        study.run()
        rows += [{name: row[name] for name in (*RESULTS, "steps_to_target")} for row in study.rows()]
    assert rows[:2] == rows[2:]
    assert {row["steps_to_target"] for row in rows} == {None}
