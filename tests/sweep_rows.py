"""Rows of made-up studies, with the keys that a store gives; what came of each run is a function of its settings."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headstart.experiments.analysis.depth_theory import trainable_depth

Row = dict[str, Any]
SETTINGS: Row = {
    "data": "circles", "hidden": [10, 5], "depth": 2, "width": None, "activation": "relu", "scheme": "he",
    "multiplier": 1.0, "learning_rate": 0.01, "sigma_b": 0.0, "optimizer": "sgd", "batch_size": None, "steps": 2000,
    "target": None,
    "seed": 0, "dtype": "float32", "data_seed": 0, "label": None,
}  # fmt: skip
RESULTS: Row = {
    "first_cost": 0.7, "final_cost": 0.3, "train_accuracy": 0.9, "test_accuracy": 0.85, "steps_to_target": None,
    "diverged_at": None,
}  # fmt: skip


def run(**given: Any) -> Row:
    """One finished run; `depth` and `width` give the hidden layers. With a `reason` it failed and has no results."""
    settings = SETTINGS | {key: item for key, item in given.items() if key in SETTINGS}
    if settings["width"] is not None:
        settings["hidden"] = [settings["width"]] * settings["depth"]
    else:
        settings["depth"] = len(settings["hidden"])
        settings["width"] = settings["hidden"][0] if len(set(settings["hidden"])) == 1 else None
    results = RESULTS | {key: item for key, item in given.items() if key in RESULTS}
    if "reason" in given:
        results = dict.fromkeys(RESULTS)
    identity = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=8).hexdigest()
    state = {"id": identity, "state": "failed" if "reason" in given else "done", "reason": given.get("reason")}
    return {**state, **settings, **results}


def study(outcome: Callable[[Row], Row], **factors: list[Any]) -> list[Row]:
    """A run for each combination of the factors, with what `outcome` says of its settings."""
    found = []
    for combination in itertools.product(*factors.values()):
        settings = dict(zip(factors, combination, strict=True))
        found.append(run(**{**settings, **outcome(SETTINGS | settings)}))
    return found


def draws(row: Row, salt: str = "") -> np.random.Generator:
    """Random numbers that depend on the settings alone."""
    text = json.dumps([salt, {key: row[key] for key in SETTINGS}], sort_keys=True)
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()))


def multiplier_outcome(row: Row) -> Row:
    """A valley in the multiplier with its bottom at 1 for He and 1.4 for Xavier; too much of it diverges."""
    noise = draws(row)
    if row["scheme"] == "zeros":
        return {"final_cost": 0.6931, "train_accuracy": 0.5, "test_accuracy": 0.45}
    bottom = {"he": 1.0, "xavier": 1.4}.get(row["scheme"], 1.0) / row["learning_rate"] ** 0.1 * 0.01**0.1
    cost = 0.1 * math.exp(0.9 * abs(math.log(row["multiplier"] / bottom)) ** 1.5 + 0.12 * noise.normal())
    cost *= {"tanh": 1.3}.get(row["activation"], 1.0) * (1 + 0.15 * abs(row["depth"] - 3))
    if row["multiplier"] * row["learning_rate"] > 0.15 and noise.random() < 0.7:
        return {"final_cost": math.nan, "train_accuracy": 0.5, "test_accuracy": 0.48, "diverged_at": 12}
    accuracy = max(0.5, 1 - cost * 0.8)
    return {
        "final_cost": cost, "train_accuracy": min(1.0, accuracy + 0.02), "test_accuracy": accuracy,
        "steps_to_target": None if cost > 0.25 else int(4000 * cost),
    }  # fmt: skip


def depth_outcome(row: Row) -> Row:
    """Digits' accuracy that falls from 0.95 to 0.1 where the depth passes theory's trainable depth."""
    noise = draws(row)
    reach = trainable_depth(row["activation"], 1.0 * row["multiplier"] ** 2, row["sigma_b"])
    assert reach is not None
    margin = 4 * math.log(min(reach, 1e6) / row["depth"]) + 0.3 * noise.normal()
    accuracy = 0.1 + 0.85 / (1 + math.exp(-margin)) + 0.01 * noise.normal()
    return {"test_accuracy": accuracy, "train_accuracy": min(1.0, accuracy + 0.03), "final_cost": 2.3 * (1 - accuracy)}


def depth_study(columns: int = 13, rows: int = 10, seeds: int = 2) -> list[Row]:
    """tanh networks of 10 to 100 layers with weight variances from 1 to 4 and biases of variance 0.05."""
    return study(
        depth_outcome, data=["digits"], scheme=["xavier"], activation=["tanh"], sigma_b=[0.05**0.5], width=[64],
        depth=[round(d) for d in np.linspace(10, 100, rows)],
        multiplier=[float(w) ** 0.5 for w in np.linspace(1, 4, columns)], seed=list(range(seeds)),
    )  # fmt: skip


def scheme_study(seeds: int = 10, multipliers: int = 9, **factors: list[Any]) -> list[Row]:
    """Zeros, He and Xavier over multipliers; zeros once, because a multiplier does nothing to them."""
    found = study(
        multiplier_outcome, **factors, scheme=["he", "xavier"],
        multiplier=[float(m) for m in np.geomspace(0.25, 4, multipliers)], seed=list(range(seeds)),
    )  # fmt: skip
    return [*study(multiplier_outcome, **factors, scheme=["zeros"], seed=list(range(seeds))), *found]
