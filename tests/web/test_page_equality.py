"""Weights, costs and scores in Chromium are Python's, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_checks import go_to, opened, results

from headstart.verbs.compare import Comparison, compare
from headstart.web.state import address, page_state

# What is trained: the course's comparison, then activations, optimizers, data, depth and classes.
ASKED: tuple[dict[str, Any], ...] = (
    {"seeds": 4},
    {"data": "moons", "hidden": [8, 8, 8], "activation": "tanh", "learning_rate": 0.1, "seeds": 3, "steps": 2000,
     "schemes": ["zeros", "xavier", "he", "he*2"]},
    {"data": "xor", "activation": "sigmoid", "learning_rate": 0.5, "seeds": 3, "steps": 2000,
     "schemes": ["normal(1)", "glorot", "he*3"]},
    {"data": "blobs(4, noise=0.2)", "optimizer": "adam", "activation": "gelu", "hidden": [7], "seeds": 3, "steps": 500,
     "schemes": ["he", "uniform(0.3)", "constant(0.5)"]},
    {"data": "spirals", "optimizer": "momentum(0.8)", "batch_size": 50, "activation": "leaky_relu(0.2)", "seeds": 3,
     "steps": 700, "learning_rate": 0.2, "hidden": [24, 17], "schemes": ["gain", "truncated_normal(0.3)"]},
    {"data": "moons(samples=77, noise=0.4)", "data_seed": 5, "optimizer": "nesterov", "activation": "silu",
     "hidden": [6] * 10, "seeds": 2, "steps": 300, "learning_rate": 0.05, "schemes": ["lecun", "siren(first=true)"]},
    {"activation": "elu", "hidden": [64, 64], "seeds": 1, "steps": 100, "learning_rate": 0.3,
     "schemes": ["he", "sparse(0.4)"]},
    {"learning_rate": 1e6, "seeds": 2, "steps": 200, "schemes": ["he", "normal(10)"]},
)  # fmt: skip


def differences(found: dict[str, list[dict[str, Any]]], result: Comparison) -> list[str]:
    """Where the page's runs differ from Python's."""
    wrong = []
    if list(found) != result.schemes:
        return [f"{list(found)} is not {result.schemes}"]
    for run in result.runs:
        ours = found[run.scheme][run.seed]
        name = f"{run.scheme}, seed {run.seed}"
        if ours["end"] != run.weights.astype("<f4").tobytes():
            wrong.append(f"{name}: weights")
        costs = np.frombuffer(ours["costs"], "<f8")
        if not np.array_equal(costs, run.costs, equal_nan=True):
            wrong.append(f"{name}: costs differ by {np.nanmax(np.abs(costs - run.costs)):.1e}")
        if (ours["score"], ours["test"]) != (run.train_accuracy, run.test_accuracy):
            wrong.append(f"{name}: {ours['score']}, {ours['test']} is not {run.train_accuracy}, {run.test_accuracy}")
        if ours["diverged"] != run.diverged_at:
            wrong.append(f"{name}: diverged at {ours['diverged']}, not {run.diverged_at}")
    return wrong


@pytest.fixture(scope="module")
def compared() -> list[Comparison]:
    return [compare(**asked) for asked in ASKED]


def test_every_bit_is_pythons(tabs: Any, compared: list[Comparison]) -> None:
    tab = opened(tabs, address(page_state(**ASKED[0])))
    support = tab.evaluate("headstart.lab.support")
    assert (support["wasm"], support["fused"]) == ("relaxed", True), support
    networks = weights = 0
    for asked, result in zip(ASKED, compared, strict=True):
        go_to(tab, address(page_state(**asked)))
        found = results(tab)
        assert differences(found, result) == [], asked
        networks += len(result.runs)
        weights += sum(run.weights.size for run in result.runs)
    assert networks > 60
    assert weights > 15_000


def test_the_check_sees_one_bit(compared: list[Comparison]) -> None:
    result = compared[0]
    found = {
        name: [
            {"end": run.weights.astype("<f4").tobytes(), "costs": run.costs.tobytes(), "score": run.train_accuracy,
             "test": run.test_accuracy, "diverged": run.diverged_at}
            for run in result.of(name)
        ]
        for name in result.schemes
    }  # fmt: skip
    assert differences(found, result) == []
    end = bytearray(found["he"][1]["end"])
    end[20] ^= 1
    found["he"][1]["end"] = bytes(end)
    assert differences(found, result) == ["he, seed 1: weights"]


def test_verdicts_are_pythons_word_for_word(tabs: Any, compared: list[Comparison]) -> None:
    tab = opened(tabs, address(page_state(**ASKED[0])))
    for asked, result in zip(ASKED, compared, strict=True):
        go_to(tab, address(page_state(**asked)))
        found = tab.evaluate("headstart.lab.state.panels.map((_, k) => headstart.lab.summary(k).verdict)")
        for name, ours in zip(result.schemes, found, strict=True):
            verdict = result.verdicts[name]
            assert (ours["word"], ours["reason"]) == (verdict.word, verdict.reason), (asked, name)
            assert [item["code"] for item in ours["findings"]] == [item.code for item in verdict.findings]
