"""Findings: each verdict from the numbers that call for it, and none from numbers that do not."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from headstart.signals.evidence import median
from headstart.signals.judge import ORDER, Verdict, judge
from headstart.signals.record import Outcome, Signal, Signals
from headstart.signals.registry import RULES

NAMES = ("hidden layer 1", "hidden layer 2", "output layer")
WIDTHS = (10, 5, 1)
INF, NAN = math.inf, math.nan


def start(
    std: tuple[float, ...] = (0.9, 0.8, 0.7),
    error: tuple[float, ...] = (0.3, 0.4, 0.5),
    gradient: tuple[float, ...] = (0.1, 0.1, 0.1),
    flat: tuple[float | None, ...] = (None, None, None),
    distinct: tuple[int | None, ...] = (10, 5, None),
    **rest: Any,
) -> Signals:
    """A healthy start of a network with 10, 5 and 1 units; arguments change it."""
    rows = zip(NAMES, WIDTHS, std, error, gradient, flat, distinct, strict=True)
    layers = tuple(
        Signal(name=name, width=width, std=s, error_rms=e, gradient_rms=g, flat_share=f, distinct=d)
        for name, width, s, e, g, f, d in rows
    )
    whole: dict[str, Any] = {"saturated_outputs": 0.0, "first_cost": 0.7} | rest
    return Signals(input=Signal(name="input", std=0.7), layers=layers, **whole)


def end(**change: Any) -> Outcome:
    """A good end, with changes."""
    good: dict[str, Any] = {"final_cost": 0.1, "constant_cost": 0.7, "score": 0.97, "distinct": (10, 5, None)}
    return Outcome(**good | change)


def verdict(at_start: dict[str, Any], at_end: dict[str, Any] | None = None, runs: int = 3) -> Verdict:
    return judge([start(**at_start)] * runs, [end(**(at_end or {}))] * runs)


STUCK = {"final_cost": 0.69, "score": 0.52}


@pytest.mark.parametrize(
    ("at_start", "at_end", "word", "codes", "words"),
    [
        ({}, {}, "healthy", "", "^Healthy start: the signal changes × 1 per layer, .* gradient reaches every layer.$"),
        ({}, STUCK, "healthy", "HS504", "not got far: .* from 0.7 to 0.69 .accuracy 52.0 %., .* inputs costs 0.7"),
        ({}, {"final_cost": 2.0}, "rising", "HS502", "The cost rose from 0.7 to 2 "),
        ({"distinct": (1, 1, None)}, {"distinct": (1, 1, None)}, "symmetric", "HS101",
         "every hidden layer .*1 distinct unit of 10"),
        ({"distinct": (3, 5, None)}, {"distinct": (3, 5, None)}, "symmetric", "HS101",
         "of the 10 units of hidden layer 1 only 3 differ"),
        ({"distinct": (10, 1, None)}, {"distinct": (10, 1, None)}, "symmetric", "HS101",
         "the 5 units of hidden layer 2"),
        ({"saturated_outputs": 0.9, "first_cost": 690.0}, {"final_cost": 0.4}, "saturated", "HS401",
         "90 % of the examples .* first cost is 690. Training took the cost from 690 to 0.4 .accuracy 97.0 %.[.]$"),
        ({"saturated_outputs": 0.9, "first_cost": INF}, {"final_cost": 0.4}, "saturated", "HS401",
         "first cost is inf[.]"),
        ({"saturated_outputs": 0.9, "first_cost": 690.0}, {}, "recovered", "HS401 HS505", "made up for it: the cost"),
        ({"flat": (0.2, 0.8, None)}, {"final_cost": 0.4}, "saturated", "HS203", "start saturated: 80 % .* layer 2"),
        ({"gradient": (0.0, 0.0, 0.0)}, STUCK, "no gradient", "HS303 HS504", "every weight is exactly zero"),
        ({"std": (7e-2, 7e-3, 7e-4)}, STUCK, "vanishing", "HS201 HS504",
         "shrinks × 0.1 per layer, × 0.001 over 3 layers. Training has not got far"),
        ({"std": (7e-2, 7e-3, 7e-4)}, {"final_cost": 0.6}, "recovered", "HS201 HS505",
         "shrinks .* made up for it: the cost"),
        ({"std": (7e-2, 0.0, 0.0)}, STUCK, "vanishing", "HS201 HS504", "lost in hidden layer 2: every example gives"),
        ({"std": (7.0, 70.0, 700.0)}, {"final_cost": 0.4}, "exploding", "HS202",
         r"signal grows × 10 per layer, × 1e\+03 over 3 layers. Training took the cost from 0.7 to 0.4"),
        ({"std": (7.0, 1e200, INF)}, {"final_cost": 0.4}, "exploding", "HS202", "grows past the largest number"),
        ({"error": (1e-4, 1e-2, 1.0)}, STUCK, "vanishing", "HS301 HS504",
         "shrinks × 0.01 per layer on its way back, × 0.0001 from the output to the first layer"),
        ({"error": (0.0, 1e-2, 1.0)}, STUCK, "vanishing", "HS301 HS504", "nothing gets back as far as hidden layer 1"),
        ({"error": (1e4, 1e2, 1.0)}, {"final_cost": 0.4}, "exploding", "HS302",
         "gradient grows × 100 per layer on its way back"),
        ({}, {"diverged_at": 7, "final_cost": NAN}, "diverged", "HS501", "3 of 3 runs diverged: .* at step 7[.]"),
    ],
)  # fmt: skip
def test_verdicts(at_start: dict[str, Any], at_end: dict[str, Any], word: str, codes: str, words: str) -> None:
    found = verdict(at_start, at_end)
    assert found.word == word
    assert [finding.code for finding in found.findings] == codes.split()
    assert re.search(words, found.reason), found.reason


def test_one_odd_run_does_not_decide() -> None:
    odd = start(std=(1e-3, 1e-6, 1e-9), gradient=(0.0, 0.0, 0.0))
    assert judge([start(), start(), odd], [end(), end(), end(final_cost=5.0)]).word == "healthy"


def test_some_diverged_runs_are_told_and_leave_the_medians_numbers() -> None:
    outcomes = [end(), end(final_cost=NAN, diverged_at=4, score=0.0), end()]
    found = judge([start()] * 3, outcomes)
    assert found.word == "unstable"
    assert "1 of 3 runs diverged: their gradient stopped being finite at step 4." in found.reason
    assert "nan" not in found.reason


def test_a_start_that_some_seeds_overcame_says_in_how_many() -> None:
    outcomes = [end(), end(), end(**STUCK)]
    found = judge([start(std=(7e-2, 7e-3, 7e-4))] * 3, outcomes)
    assert found.word == "recovered"
    assert "made up for it in 2 of 3 runs" in found.reason
    twin = judge([start(std=(7e-2, 7e-3, 7e-4))] * 3, [end(), end(**STUCK), end(**STUCK)])
    assert twin.word == "vanishing"


def test_what_was_overcome_is_a_remark_and_what_was_not_a_fault() -> None:
    small = {"std": (7e-2, 7e-3, 7e-4)}
    severities = [{f.code: f.severity for f in verdict(small, after).findings} for after in ({}, STUCK)]
    assert severities == [{"HS201": "remark", "HS505": "remark"}, {"HS201": "fault", "HS504": "remark"}]


def test_symmetry_is_never_overcome() -> None:
    twins = {"distinct": (1, 1, None)}
    assert verdict(twins, {**twins, "final_cost": 0.01}).word == "symmetric"
    both = verdict({**twins, "std": (7e-2, 7e-3, 7e-4)}, {**twins, "final_cost": 0.01})
    assert [(f.code, f.severity) for f in both.findings] == [("HS101", "fault"), ("HS201", "fault")]


def test_units_that_become_alike_were_not_started_so() -> None:
    assert verdict({}, {"distinct": (1, 1, None)}).word == "healthy"


def test_the_weightiest_fault_names_the_verdict() -> None:
    twins = {"distinct": (1, 1, None)}
    found = verdict({**twins, "saturated_outputs": 0.9, "std": (7.0, 70.0, 700.0)}, {**twins, "final_cost": 0.4})
    assert [finding.word for finding in found.findings] == ["symmetric", "saturated", "exploding"]


def test_half_of_the_runs_is_the_limit_of_divergence() -> None:
    gone = end(final_cost=NAN, diverged_at=4, score=0.0)
    found = judge([start()] * 4, [gone, end(), gone, end()])
    assert [(f.code, f.value, f.limit) for f in found.findings] == [("HS501", 0.5, 0.5)]
    found = judge([start()] * 5, [gone, end(), gone, end(), end()])
    assert [(f.code, f.value, f.limit) for f in found.findings] == [("HS503", 0.4, 0.0)]


def test_units_that_part_are_not_symmetric_and_not_called_different() -> None:
    found = verdict({"distinct": (1, 1, None)})
    assert found.word == "healthy"
    assert "all units differ" not in found.reason


def test_what_is_saturated_within_the_limit_is_said() -> None:
    assert "at most 30 % is saturated" in verdict({"flat": (0.3, 0.1, None)}).reason


def test_the_cause_comes_before_the_divergence_it_ends_in() -> None:
    found = verdict({"std": (7.0, 700.0, 70000.0)}, {"diverged_at": 2, "final_cost": NAN}, runs=1)
    assert [finding.code for finding in found.findings] == ["HS202", "HS501"]
    assert "grows" in found.reason
    assert "The run diverged" in found.reason


def test_value_and_limit_are_of_the_same_thing() -> None:
    (finding, _) = verdict({"std": (7e-2, 7e-3, 7e-4)}, STUCK).findings
    assert (finding.value, finding.limit) == (pytest.approx(1e-3), 0.01)  # both over the whole depth
    assert finding.layer == "output layer"  # the first beyond the limit: 0.1 and 0.01 are within
    assert finding.remedy == RULES["HS201"].fix
    (finding,) = verdict({"flat": (0.2, 0.8, None)}, {"final_cost": 0.4}).findings
    assert (finding.value, finding.limit, finding.layer) == (0.8, 0.5, "hidden layer 2")
    twins = {"distinct": (3, 5, None)}
    (finding,) = verdict(twins, twins).findings
    assert (finding.value, finding.limit, finding.layer) == (0.3, 1.0, "hidden layer 1")


def test_a_limit_belongs_to_what_is_within_it() -> None:
    assert verdict({"std": (0.7, 0.7, 0.007000001)}, STUCK).word == "healthy"
    assert verdict({"std": (0.7, 0.7, 0.006999999)}, STUCK).word == "vanishing"
    assert verdict({"saturated_outputs": 0.1}).word == "healthy"


def test_a_start_alone_is_judged_without_an_outcome() -> None:
    found = judge([start(std=(7e-2, 7e-3, 7e-4))])
    assert [finding.code for finding in found.findings] == ["HS201"]
    assert found.reason.endswith("over 3 layers.")
    assert "at the start" in judge([start(distinct=(1, 1, None))]).reason


def test_what_was_not_measured_is_not_judged() -> None:
    bare = Signals(input=Signal(name="input"), layers=(Signal(name="encoder.0"), Signal(name="encoder.1")))
    found = judge([bare], [Outcome(final_cost=0.3)])
    assert (found.word, found.findings, found.reason) == ("healthy", (), "Nothing was found.")


def test_a_linear_model_has_no_hidden_layers_to_judge() -> None:
    whole = start()
    linear = replace(whole, layers=whole.layers[-1:])
    assert judge([linear], [end(distinct=())]).word == "healthy"


def test_the_median_counts_nan_as_the_worst_wherever_it_stands() -> None:
    assert median([NAN, 3.0, 1.0]) == 3.0
    assert median([NAN, INF, 1.0]) == INF
    assert median([None, 2.0, INF, INF]) == INF
    assert median([None]) is None
    assert math.isnan(median([NAN, NAN, 1.0]) or 0.0)


def test_every_rule_has_its_place_in_the_order() -> None:
    assert sorted(ORDER) == sorted(RULES)
