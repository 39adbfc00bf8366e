"""Findings: each verdict from the numbers that call for it, and none from numbers that do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headstart.signals.findings import Signals, judge, reason

HEALTHY = Signals(
    input_std=0.7,
    layer_std=(0.9, 0.8, 0.7),
    error_rms=(0.3, 0.4, 0.5),
    gradient_rms=(0.1, 0.1, 0.1),
    flat_share=(),
    saturated_outputs=0.0,
    widths=(10, 5),
    distinct_first=(10, 5),
    distinct_last=(10, 5),
    first_cost=0.7,
    final_cost=0.1,
    diverged_at=None,
)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({}, "healthy", "Healthy start: the signal changes × 1.00 per layer"),
        ({"final_cost": 0.69}, "healthy", "Yet the cost went from 0.7 to 0.69 only"),
        ({"final_cost": 2.0}, "healthy", "Yet the cost rose from 0.7 to 2"),
        ({"distinct_first": (1, 1), "distinct_last": (1, 1)}, "symmetric", "every hidden layer .*1 distinct unit of"),
        ({"distinct_first": (3, 5), "distinct_last": (3, 5)}, "symmetric", "of the 10 units .* layer 1 only 3 differ"),
        ({"distinct_first": (10, 1), "distinct_last": (10, 1)}, "symmetric", "the 5 units of hidden layer 2"),
        ({"saturated_outputs": 0.9, "first_cost": 690.0}, "saturated", "90 % of the examples .* first cost is 690"),
        ({"saturated_outputs": 0.9, "first_cost": float("inf")}, "saturated", "first cost is infinite"),
        ({"flat_share": (0.2, 0.8)}, "saturated", "hidden units start saturated: 80 % .* layer 2"),
        ({"gradient_rms": (0.0, 0.0, 0.0)}, "no gradient", "gradient of every weight is exactly zero"),
        ({"layer_std": (7e-2, 7e-3, 7e-4)}, "vanishing", "signal shrinks × 0.10 per layer, × 0.001 over 3 layers"),
        ({"layer_std": (7.0, 70.0, 700.0)}, "exploding", r"signal grows × 10.00 per layer, × 1e\+03 over 3 layers"),
        (
            {"layer_std": (7.0, 1e200, float("inf"))},
            "exploding",
            "signal grows past the largest number within 3 layers",
        ),
        ({"error_rms": (1e-4, 1e-2, 1.0)}, "vanishing", "gradient shrinks × 0.01 per layer on its way back"),
        ({"error_rms": (1e4, 1e2, 1.0)}, "exploding", "gradient grows × 1e\\+02 per layer on its way back"),
        ({"diverged_at": 7, "final_cost": float("nan")}, "diverged", "3 of 3 runs diverged: .* step 7"),
    ],
)
def test_verdicts(change: dict[str, object], code: str, words: str) -> None:
    import re

    found = judge([replace(HEALTHY, **change)] * 3)
    assert found[0].code == code
    assert re.search(words, reason(found))


def test_one_odd_run_does_not_decide() -> None:
    odd = replace(HEALTHY, layer_std=(1e-3, 1e-6, 1e-9), diverged_at=3, gradient_rms=(0.0, 0.0, 0.0))
    assert judge([HEALTHY, HEALTHY, odd])[0].code == "healthy"


def test_units_that_part_are_not_symmetric() -> None:
    assert judge([replace(HEALTHY, distinct_first=(1, 1))])[0].code == "healthy"


def test_the_cause_comes_before_the_divergence_it_ends_in() -> None:
    found = judge([replace(HEALTHY, layer_std=(7.0, 700.0, 70000.0), diverged_at=2)])
    assert [finding.code for finding in found] == ["exploding", "diverged"]
    assert "grows" in reason(found)
    assert "diverged" in reason(found)


def test_a_linear_model_has_no_hidden_layers_to_judge() -> None:
    linear = replace(
        HEALTHY, layer_std=(0.9,), error_rms=(0.3,), gradient_rms=(0.1,), widths=(), distinct_first=(), distinct_last=()
    )
    assert judge([linear])[0].code == "healthy"
