"""Findings: each verdict from the numbers that call for it, and none from numbers that do not."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.signals.evidence import median
from headstart.signals.judge import ORDER, Verdict, judge
from headstart.signals.record import Outcome, Signal, Signals
from headstart.signals.registry import RULES
from headstart.signals.rule import LEFT_THE_PLATEAU, MOST, Finding

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
    assert sorted(ORDER) == sorted(code for code, rule in RULES.items() if rule.check is not None)


# --- limits: just inside, just outside ------------------------------------------------------------------------------


def above(limit: float) -> float:
    return math.nextafter(limit, INF)


def below(limit: float) -> float:
    return math.nextafter(limit, 0)


def through(*std: float) -> Signals:
    """A start whose input has standard deviation 1, and whose layers have these; all else is healthy."""
    hidden = [Signal(name=f"hidden layer {k + 1}", width=4, distinct=4) for k in range(len(std) - 1)]
    layers = [replace(layer, std=s, error_rms=0.4, gradient_rms=0.1)
              for layer, s in zip([*hidden, Signal(name="output layer", width=1)], std, strict=True)]  # fmt: skip
    return Signals(input=Signal(name="input", std=1.0), layers=tuple(layers), saturated_outputs=0.0, first_cost=0.7)


def back(*error: float) -> Signals:
    """A start whose error on its way has these sizes, the first layer's first; all else is healthy."""
    whole = through(*[1.0] * len(error))
    layers = (replace(layer, error_rms=size) for layer, size in zip(whole.layers, error, strict=True))
    return replace(whole, layers=tuple(layers))


# Learnt 0.43 of what there is to learn: no plateau, and too little to have made up for a start that is too large.
SOME = {"final_cost": 0.4}


def codes(*runs: Signals, after: dict[str, Any] | None = None) -> list[str]:
    """What is found in these starts and in as many ends."""
    return [finding.code for finding in judge(runs, [end(**(SOME | (after or {})))] * len(runs)).findings]


@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        (start(saturated_outputs=0.1), start(saturated_outputs=above(0.1)), "HS401"),
        (start(flat=(0.0, 0.5, None)), start(flat=(0.0, above(0.5), None)), "HS203"),
        (through(1e9, 1e-9, 100.0), through(1.0, 1.0, above(100.0)), "HS202"),
        (back(100.0, 1e9, 1.0), back(above(100.0), 1.0, 1.0), "HS302"),
    ],
)
def test_each_limit_of_a_start_is_kept_on_both_sides(inside: Signals, outside: Signals, code: str) -> None:
    assert codes(inside) == []
    assert codes(outside) == [code]


@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        (through(1e9, 1e-9, 0.01), through(1.0, 1.0, below(0.01)), "HS201"),
        (back(0.01, 1e9, 1.0), back(below(0.01), 1.0, 1.0), "HS301"),
        (start(gradient=(0.0, 5e-324, 0.0)), start(gradient=(0.0, 0.0, 0.0)), "HS303"),
    ],
)
def test_each_limit_of_a_start_on_a_plateau_is_kept_on_both_sides(inside: Signals, outside: Signals, code: str) -> None:
    """What training has left is recovered, so these are looked at where it has not."""
    assert codes(inside, after=STUCK) == ["HS504"]
    assert codes(outside, after=STUCK) == [code, "HS504"]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ((9, 5), (10, 5), []), ((10, 5), (9, 5), []), ((9, 5), (9, 5), ["HS101"]), ((1, 5), (9, 5), ["HS101"]),
        ((9, 5), (1, 5), ["HS101"]), ((9, 5), (10, 4), []),
    ],
)  # fmt: skip
def test_units_are_symmetric_if_they_are_fewer_at_both_ends(
    first: tuple[int, int], last: tuple[int, int], found: list[str]
) -> None:
    assert codes(start(distinct=(*first, None)), after={"distinct": (*last, None)}) == found


@pytest.mark.parametrize(
    ("first", "final", "constant", "found"),
    [
        (1.0, below(0.9), 1.0, []), (1.0, 0.9, 1.0, ["HS504"]), (1.0, 1.0, 1.0, ["HS504"]), (1.0, 1.1, 1.0, ["HS504"]),
        (1.0, above(1.1), 1.0, ["HS502"]), (2.0, 1.81, 2.0, ["HS504"]), (2.0, 1.79, 2.0, []),
        (0.0, 0.0, 1.0, []), (0.0, 1.0, 1.0, ["HS504"]), (1.0, INF, 1.0, ["HS502"]), (INF, INF, 1.0, ["HS504"]),
        (2.0, 1.0, 1.0, ["HS504"]), (1.0, 0.8, 2.0, []),  # what counts is the best constant answer, not the first cost
        (1.0, 0.99, 0.0, []), (1.0, 0.99, None, []),  # which nothing can be below, or nobody knows
    ],
)  # fmt: skip
def test_a_healthy_start_that_barely_learnt_says_so(
    first: float, final: float, constant: float | None, found: list[str]
) -> None:
    made = judge([start(first_cost=first)], [end(final_cost=final, constant_cost=constant)])
    assert [finding.code for finding in made.findings] == found
    assert made.word == ("rising" if "HS502" in found else "healthy")
    assert made.reason.startswith("Healthy start: ")
    said = {"HS502": f"The cost rose from {first:.4g} to {final:.4g} ", "HS504": "Training has not got far: the cost"}
    for code, words in said.items():
        assert (words in made.reason) == (code in found)


@pytest.mark.parametrize("runs", [1, 2, 3, 4, 5, 8])
def test_half_of_the_runs_are_enough_for_divergence_and_fewer_are_unstable(runs: int) -> None:
    needed, gone = -(-runs // 2), end(final_cost=NAN, diverged_at=7)
    found = judge([start()] * runs, [gone] * needed + [end()] * (runs - needed))
    assert [(f.code, f.value, f.limit) for f in found.findings] == [("HS501", needed / runs, 0.5)]
    fewer = judge([start()] * runs, [gone] * (needed - 1) + [end()] * (runs - needed + 1))
    assert [(f.code, f.value, f.limit) for f in fewer.findings] == [("HS503", (needed - 1) / runs, 0.0)][: needed - 1]


@pytest.mark.parametrize("runs", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize(
    ("odd", "code"),
    [(start(gradient=(0.0, 0.0, 0.0)), "HS303"), (start(std=(1.0, 1e-9, 1e-9)), "HS201"),
     (start(distinct=(3, 5, None)), "HS101")],
)  # fmt: skip
def test_a_median_is_decided_by_more_than_half_of_the_runs(runs: int, odd: Signals, code: str) -> None:
    """Exactly half is the mean of a healthy number and a sick one: of a factor of 1e-9 that is a half."""
    ends, needed = end(**STUCK, distinct=(3, 5, None)), runs // 2 + 1
    sick, well = ([odd] * count + [start()] * (runs - count) for count in (needed, (runs - 1) // 2))
    assert code in [finding.code for finding in judge(sick, [ends] * runs).findings]
    assert code not in [finding.code for finding in judge(well, [ends] * runs).findings]


# --- what makes up for a start --------------------------------------------------------------------------------------

TOO_SMALL = {"HS201": through(1.0, 1e-3), "HS301": back(1e-3, 1.0), "HS303": start(gradient=(0.0, 0.0, 0.0))}
TOO_LARGE = {
    "HS202": through(1.0, 1e3), "HS203": start(flat=(0.6, 0.0, None)), "HS302": back(1e3, 1.0),
    "HS401": start(saturated_outputs=0.2),
}  # fmt: skip
LEFT, NOT_LEFT, NEARLY_ALL, NOT_NEARLY_ALL = below(0.9), 0.9, 0.2, above(0.2)  # final costs, where a constant costs 1


@pytest.mark.parametrize(
    ("code", "one", "needed", "enough", "too_little"),
    [(code, one, LEFT_THE_PLATEAU, LEFT, NOT_LEFT) for code, one in TOO_SMALL.items()]
    + [(code, one, MOST, NEARLY_ALL, NOT_NEARLY_ALL) for code, one in TOO_LARGE.items()],
)
def test_a_start_is_made_up_for_by_so_much_and_no_less(
    code: str, one: Signals, needed: float, enough: float, too_little: float
) -> None:
    """To leave a plateau is enough; a start that is too large moves at once, so it has to get there."""
    assert RULES[code].overcome == needed
    one = replace(one, first_cost=1.0)
    recovered = judge([one], [end(final_cost=enough, constant_cost=1.0)])
    assert [(f.code, f.severity) for f in recovered.findings] == [(code, "remark"), ("HS505", "remark")]
    assert recovered.findings[1].value == 1 - enough >= recovered.findings[1].limit == needed
    assert recovered.word == "recovered"
    stays = judge([one], [end(final_cost=too_little, constant_cost=1.0)])
    assert (stays.findings[0].code, stays.findings[0].severity) == (code, "fault")
    assert stays.word == RULES[code].word
    assert "made up for it" not in stays.reason


def test_several_faults_are_made_up_for_by_what_the_worst_of_them_needs() -> None:
    both = start(std=(7e-2, 7e-3, 7e-4), saturated_outputs=0.2, first_cost=1.0)
    left = judge([both], [end(final_cost=LEFT, constant_cost=1.0)])
    assert [(f.code, f.severity) for f in left.findings] == [("HS401", "fault"), ("HS201", "fault")]
    there = judge([both], [end(final_cost=NEARLY_ALL, constant_cost=1.0)])
    assert [(f.code, f.severity) for f in there.findings] == [(c, "remark") for c in ("HS401", "HS201", "HS505")]
    assert there.findings[-1].limit == MOST


# --- which numbers are told -----------------------------------------------------------------------------------------


def test_numbers_are_medians_over_the_runs_in_any_order() -> None:
    runs = [start(saturated_outputs=share, first_cost=cost) for share, cost in ((0.0, 9.0), (0.2, 3.0), (1.0, 5.0))]
    for order in itertools.permutations(runs):
        found = judge(order)
        (finding,) = found.findings
        assert (finding.code, finding.value, finding.limit) == ("HS401", 0.2, 0.1)
        assert finding.layer == "output layer"
        assert "20 % of the examples" in finding.message
        assert finding.message.endswith("the first cost is 5.")
    assert judge([*runs[:2], *[start(saturated_outputs=0.4)] * 2]).findings[0].value == pytest.approx(0.3)


def test_the_course_of_training_is_told_in_medians_in_any_order() -> None:
    ends = [end(final_cost=cost, score=score) for cost, score in ((0.5, 0.7), (0.41, 0.91), (0.3, 0.8))]
    starts = [start(std=(7.0, 70.0, 700.0), first_cost=cost) for cost in (3.0, 2.0, 9.0)]
    for order in itertools.permutations(range(3)):
        found = judge([starts[k] for k in order], [ends[k] for k in order])
        assert "Training took the cost from 3 to 0.41 (accuracy 80.0 %)." in found.reason
    regression = judge(starts, [replace(after, metric="R²") for after in ends])
    assert "Training took the cost from 3 to 0.41 (R² 0.8)." in regression.reason


def test_the_layer_with_the_most_flat_units_is_named_by_its_median() -> None:
    odd, usual = start(flat=(1.0, 0.2, None)), start(flat=(0.1, 0.62, None))
    (finding,) = judge([usual, odd, usual]).findings
    assert (finding.code, finding.layer, finding.value, finding.limit) == ("HS203", "hidden layer 2", 0.62, 0.5)
    assert "62 % of the activations of hidden layer 2" in finding.message


@pytest.mark.parametrize(("outputs", "flat"), [(0.6, 0.8), (0.8, 0.6)])
def test_saturated_outputs_and_units_are_two_findings_and_the_cause_is_told(outputs: float, flat: float) -> None:
    found = judge([start(saturated_outputs=outputs, flat=(flat, 0.0, None))])
    assert [(f.code, f.layer, f.value) for f in found.findings] == [
        ("HS203", "hidden layer 1", flat), ("HS401", "output layer", outputs),
    ]  # fmt: skip
    assert (found.word, found.reason) == ("saturated", found.findings[0].message)


def symmetric(widths: tuple[int, ...], first: tuple[int, ...], last: tuple[int, ...]) -> Finding:
    whole = through(*[1.0] * (len(widths) + 1))
    hidden = (replace(layer, width=width, distinct=distinct)
              for layer, width, distinct in zip(whole.layers, widths, first, strict=False))  # fmt: skip
    one = replace(whole, layers=(*hidden, whole.layers[-1]))
    return judge([one], [end(distinct=(*last, None))]).findings[0]


@pytest.mark.parametrize(
    ("widths", "first", "last", "layer", "words"),
    [
        # the smallest share of distinct units, not their smallest number
        ((10, 100), (5, 20), (5, 20), 2, r"of the 100 units of hidden layer 2 only 20 differ .*\(20 distinct units of"),
        ((100, 10), (20, 5), (20, 5), 1, r"of the 100 units of hidden layer 1 only 20 differ .*\(20 distinct units of"),
        # what the last step found, not the first
        ((10, 5), (2, 5), (4, 5), 1, r"of the 10 units of hidden layer 1 only 4 differ .*\(4 distinct units of 10\)"),
        ((8, 6, 4), (8, 1, 4), (8, 1, 4), 2, r"the 6 units of hidden layer 2 are copies .*\(1 distinct unit of 6\)"),
        ((8,), (1,), (1,), 1, r"the 8 units of hidden layer 1 are copies .*\(1 distinct unit of 8\)"),
        ((5, 10), (1, 1), (1, 1), 2, r"units of every hidden layer are copies .*\(1 distinct unit of 10\)"),
        ((5, 10), (1, 2), (1, 2), 1, r"of the 5 .*\(1 distinct unit of 5\)|the 5 units .*\(1 distinct unit of 5\)"),
        ((4, 4), (2, 2), (2, 2), 1, r"of the 4 units of hidden layer 1 only 2 differ"),
        # a layer of one unit has nothing to part from
        ((1, 6), (1, 3), (1, 3), 2, r"of the 6 units of hidden layer 2 only 3 differ"),
    ],
)
def test_the_layer_where_symmetry_is_worst_is_named(
    widths: tuple[int, ...], first: tuple[int, ...], last: tuple[int, ...], layer: int, words: str
) -> None:
    finding = symmetric(widths, first, last)
    assert (finding.code, finding.layer) == ("HS101", f"hidden layer {layer}")
    assert (finding.value, finding.limit) == (last[layer - 1] / widths[layer - 1], 1.0)
    assert re.search(words, finding.message)
    assert ("every hidden layer" in finding.message) == (widths == (5, 10) and last == (1, 1))


FACTOR = r"× ([\d.e+-]+)"


def told(sentence: str) -> list[float]:
    """The factors in a sentence."""
    return [float(number.rstrip(".")) for number in re.findall(FACTOR, sentence)]


def shown(*factors: float) -> list[Any]:
    """How exactly factors are told: to three digits."""
    return [pytest.approx(factor, rel=5.1e-3) for factor in factors]


@given(
    layers=st.integers(1, 40), total=st.one_of(st.floats(1e-30, 0.0099), st.floats(101.0, 1e30)),
    entry=st.floats(1e-3, 1e3), middle=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_a_drift_forward_is_told_per_layer_and_over_all_layers(
    layers: int, total: float, entry: float, middle: float
) -> None:
    """Over L layers the signal changes by chi^L: the L-th root per layer, whatever happens in between."""
    one = through(*(middle,) * (layers - 1), entry * total)
    one = replace(one, input=replace(one.input, std=entry))
    (finding,) = judge([one] * 3).findings
    per_layer = math.exp(math.log(total) / layers)
    assert (finding.code, finding.limit) == (("HS201", 0.01) if total < 1 else ("HS202", 100))
    assert finding.word == ("vanishing" if total < 1 else "exploding")
    assert finding.value == pytest.approx(total, rel=1e-9)
    assert told(finding.message) == shown(per_layer, total)
    assert finding.message.index("per layer") < finding.message.index(f"over {layers} layer{'s' * (layers > 1)}.")
    assert ("shrinks" if total < 1 else "grows") in finding.message


@given(
    layers=st.integers(2, 40), total=st.one_of(st.floats(1e-30, 0.0099), st.floats(101.0, 1e30)),
    last=st.floats(1e-3, 1e3), middle=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_a_drift_backward_is_told_per_layer_and_from_end_to_end(
    layers: int, total: float, last: float, middle: float
) -> None:
    """From the output to the first of L layers the error passes L - 1 layers."""
    (finding,) = judge([back(last * total, *(middle,) * (layers - 2), last)] * 3).findings
    per_layer = math.exp(math.log(total) / (layers - 1))
    assert (finding.code, finding.limit) == (("HS301", 0.01) if total < 1 else ("HS302", 100))
    assert finding.value == pytest.approx(total, rel=1e-9)
    assert told(finding.message) == shown(per_layer, total)
    assert ("gradient shrinks" if total < 1 else "gradient grows") in finding.message
    assert finding.message.index("per layer on its way back") < finding.message.index("from the output to the first")


@given(
    steps=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=30), grows=st.booleans(), backwards=st.booleans(),
)  # fmt: skip
def test_the_layer_named_is_the_first_at_which_a_drift_has_passed_its_limit(
    steps: list[float], grows: bool, backwards: bool
) -> None:
    """Counted from where the signal, or the gradient, sets out."""
    sizes = list(itertools.accumulate((1 / step if grows else step for step in steps), lambda a, b: a * b))
    beyond = [place for place, size in enumerate(sizes) if (size > 100 if grows else size < 0.01)]
    found = judge([back(*sizes[::-1], 1.0) if backwards else through(*sizes)]).findings
    if not beyond:
        assert not found
        return
    names = [f"hidden layer {k + 1}" for k in range(len(sizes) - (not backwards))] + ["output layer"]
    assert found[0].layer == (names[-2 - beyond[0]] if backwards else names[beyond[0]])


@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.0949, "× 0.0949 per"), (0.1, "× 0.1 per"), (0.1046, "× 0.105 per"), (1.406, "× 1.41 per"),
     (99.44, "× 99.4 per"), (100.0, "× 100 per"), (0.01234, "× 0.0123 per"), (1.0, "× 1 per")],
)  # fmt: skip
def test_a_healthy_factor_is_told_to_three_digits(factor: float, words: str) -> None:
    found = judge([through(factor)])
    assert found.word == "healthy"
    assert words in found.reason


def test_a_healthy_factor_is_the_root_over_the_layers_and_the_median_of_the_runs() -> None:
    found = judge([through(9.0, 9.0, total) for total in (8.0, 27.0, 1.0)])
    assert found.word == "healthy"
    assert "changes × 2 per layer" in found.reason


def test_a_healthy_start_is_told_by_its_worst_layer() -> None:
    """The largest share that is saturated, of units or outputs; the smallest gradient."""
    assert "at most 30 % is saturated" in judge([start(flat=(0.1, 0.3, None), saturated_outputs=0.05)]).reason
    assert "at most 9 % is saturated" in judge([start(flat=(0.01, 0.0, None), saturated_outputs=0.09)]).reason
    assert "nothing is saturated" in judge([start(flat=(0.0, 0.0, None))]).reason
    assert "saturated" not in judge([start(saturated_outputs=None)]).reason
    assert "reaches every layer" in judge([start(gradient=(0.1, 1e-300, 0.1))]).reason
    assert "reaches every layer" not in judge([start(gradient=(0.1, 0.0, 0.1))]).reason


def test_a_dead_signal_vanishes_and_an_endless_one_explodes() -> None:
    (dead,) = judge([through(0.5, 0.005, 0.0, 0.0)]).findings
    assert (dead.code, dead.value, dead.layer) == ("HS201", 0.0, "hidden layer 3")  # where it is lost, not where small
    assert dead.message == "At the start the signal is lost in hidden layer 3: every example gives the same outputs."
    (endless,) = judge([through(INF)]).findings
    assert (endless.code, endless.value, endless.layer) == ("HS202", INF, "output layer")
    assert endless.message == "At the start the signal grows past the largest number on its way to the outputs."


def test_inputs_that_are_all_alike_have_no_signal_to_judge() -> None:
    alike = start(std=(0.0, 0.0, 0.0))
    alike = replace(alike, input=replace(alike.input, std=0.0))
    assert codes(alike) == []
    some = judge([alike, start(), start()])
    assert (some.word, some.findings) == ("healthy", ())
    assert judge([alike, *[start(std=(7.0, 70.0, 700.0))] * 2]).word == "exploding"


def test_a_gradient_that_is_gone_or_endless_is_told_without_a_factor_per_layer() -> None:
    (gone,) = judge([back(0.0, 0.0, 0.005, 0.5)]).findings
    assert (gone.code, gone.value, gone.layer) == ("HS301", 0.0, "hidden layer 2")
    assert gone.message == "Of the gradient nothing gets back as far as hidden layer 2."
    (endless,) = judge([back(INF, 1.0, 1.0)]).findings
    assert (endless.code, endless.value, endless.layer) == ("HS302", INF, "hidden layer 1")
    assert endless.message == "The gradient grows past the largest number on its way back."


@pytest.mark.parametrize("errors", [(0.0, 0.0, 0.0), (INF,) * 3])
def test_where_no_error_sets_out_or_none_is_a_number_there_is_no_drift(errors: tuple[float, ...]) -> None:
    assert codes(back(*errors)) == []


def test_the_step_of_divergence_is_the_median_of_the_runs_that_diverged() -> None:
    steps = (5, 90, None, 7, None)
    for order in itertools.permutations(steps):
        found = judge([start()] * 5, [end(diverged_at=step) for step in order])
        (finding,) = found.findings
        assert (finding.code, finding.value) == ("HS501", 0.6)
        assert finding.message == "3 of 5 runs diverged: their gradient stopped being finite at step 7 in the median."
    (finding,) = judge([start()] * 3, [end(diverged_at=7)] * 3).findings
    assert finding.message == "3 of 3 runs diverged: their gradient stopped being finite at step 7."
    (finding,) = judge([start()], [end(diverged_at=0)]).findings
    assert finding.message == "The run diverged: its gradient stopped being finite at step 0."


# --- the order of findings ------------------------------------------------------------------------------------------

TWINS = {"distinct": (1, 1, None)}
STARTS: dict[str, dict[str, Any]] = {
    "HS101": TWINS, "HS203": {"flat": (0.9, 0.0, None)}, "HS401": {"saturated_outputs": 0.9},
    "HS303": {"gradient": (0.0, 0.0, 0.0)},
}  # fmt: skip
FORWARD = {"": {}, "HS201": {"std": (7e-2, 7e-3, 7e-4)}, "HS202": {"std": (7.0, 70.0, 700.0)}}
BACKWARD = {"": {}, "HS301": {"error": (1e-4, 1e-2, 1.0)}, "HS302": {"error": (1e4, 1e2, 1.0)}}
UP, GONE = {"final_cost": 2.0}, {"final_cost": NAN, "diverged_at": 3}
ENDS: dict[str, list[dict[str, Any]]] = {
    "HS504": [STUCK] * 3, "HS501": [STUCK, GONE, GONE], "HS502": [UP] * 3, "HS503 HS504": [STUCK, STUCK, GONE],
    "HS502 HS503": [UP, UP, GONE],
}  # fmt: skip
# A cause before what comes of it: units that are alike, units that are flat, answers that are certain, no gradient at
# all, the signal, the gradient, what became of the runs.
WEIGHTIEST_FIRST = ["HS101", "HS203", "HS401", "HS303", "HS201", "HS202", "HS301", "HS302", "HS501", "HS502", "HS503",
                    "HS505", "HS504"]  # fmt: skip


@pytest.mark.parametrize("ended", ENDS)
@pytest.mark.parametrize("kept", range(2**4))
def test_the_weightiest_finding_comes_first(kept: int, ended: str) -> None:
    """Every set of faults, in the documented order; the reason tells the first, no gradient, and all of training."""
    some = [code for place, code in enumerate(STARTS) if kept >> place & 1]
    for forward, backward in itertools.product(FORWARD, BACKWARD):
        here = [code for code in (*some, forward, backward) if code]
        changes = {name: value for code in some for name, value in STARTS[code].items()}
        twins = TWINS if "HS101" in some else {}
        found = judge(
            [start(**changes, **FORWARD[forward], **BACKWARD[backward])] * 3,
            [end(**after, **twins) for after in ENDS[ended]],
        )
        wanted = sorted([*here, *ended.split()], key=WEIGHTIEST_FIRST.index)
        assert [finding.code for finding in found.findings] == wanted
        faults = [finding.word for finding in found.findings if finding.severity == "fault"]
        assert found.word == (faults[0] if faults else "healthy")
        first = [f for f in found.findings if f.code < "HS5"]
        said = [f.message for f in first[:1] + [f for f in first[1:] if f.code == "HS303"]]
        trained = [f.message for f in found.findings if f.code > "HS5"]
        healthy = re.match(r"Healthy start: [^.]* × 1 per layer.*?[.] ", found.reason)
        assert found.reason == " ".join([*(said or [healthy[0].strip() if healthy else ""]), *trained])
