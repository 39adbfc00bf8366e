"""Findings: each verdict from the numbers that call for it, and none from numbers that do not."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.signals.findings import Finding, Signals, judge, reason

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


# --- limits: just inside, just outside ------------------------------------------------------------------------------

ABOVE = {limit: math.nextafter(limit, math.inf) for limit in (0.1, 0.5, 1.0, 100.0)}
BELOW = {limit: math.nextafter(limit, 0) for limit in (0.01, 0.9)}


def codes(*runs: Signals) -> list[str]:
    return [finding.code for finding in judge(runs)]


def through(*layer_std: float) -> dict[str, object]:
    """A signal whose input has standard deviation 1."""
    return {"input_std": 1.0, "layer_std": layer_std}


@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        ({"saturated_outputs": 0.1}, {"saturated_outputs": ABOVE[0.1]}, "saturated"),
        ({"flat_share": (0.0, 0.5)}, {"flat_share": (0.0, ABOVE[0.5])}, "saturated"),
        (through(1e9, 1e-9, 100.0), through(1.0, 1.0, ABOVE[100.0]), "exploding"),
        (through(1e9, 1e-9, 0.01), through(1.0, 1.0, BELOW[0.01]), "vanishing"),
        ({"error_rms": (100.0, 1e9, 1.0)}, {"error_rms": (ABOVE[100.0], 1.0, 1.0)}, "exploding"),
        ({"error_rms": (0.01, 1e9, 1.0)}, {"error_rms": (BELOW[0.01], 1.0, 1.0)}, "vanishing"),
        ({"gradient_rms": (0.0, 5e-324, 0.0)}, {"gradient_rms": (0.0, 0.0, 0.0)}, "no gradient"),
        ({"distinct_first": (9, 5)}, {"distinct_first": (9, 5), "distinct_last": (9, 5)}, "symmetric"),
        ({"distinct_last": (9, 5)}, {"distinct_first": (1, 5), "distinct_last": (9, 5)}, "symmetric"),
        ({"diverged_at": None}, {"diverged_at": 0}, "diverged"),
    ],
)
def test_each_limit_is_kept_on_both_sides(inside: dict[str, object], outside: dict[str, object], code: str) -> None:
    assert codes(replace(HEALTHY, **inside)) == ["healthy"]
    assert codes(replace(HEALTHY, **outside)) == [code]


@pytest.mark.parametrize(
    ("first", "final", "said"),
    [
        (1.0, BELOW[0.9], ""), (1.0, 0.9, "only"), (1.0, 1.0, "only"), (1.0, ABOVE[1.0], "rose"),
        (2.0, 1.81, "only"), (2.0, 1.79, ""), (0.0, 0.0, "only"), (1.0, math.nan, "not a number only"),
        (1.0, math.inf, "rose from 1 to infinite"),
    ],
)  # fmt: skip
def test_a_healthy_start_that_barely_learnt_says_so(first: float, final: float, said: str) -> None:
    (finding,) = judge([replace(HEALTHY, first_cost=first, final_cost=final)])
    assert finding.code == "healthy"
    assert ("Yet" in finding.sentence) == bool(said)
    assert said in finding.sentence


@pytest.mark.parametrize("runs", [2, 3, 4, 5, 8])
@pytest.mark.parametrize(("change", "code"), [({"gradient_rms": (0.0,) * 3}, "no gradient"),
                                              ({"diverged_at": 7}, "diverged")])  # fmt: skip
def test_half_of_the_runs_are_enough_and_fewer_are_not(runs: int, change: dict[str, object], code: str) -> None:
    odd, needed = replace(HEALTHY, **change), -(-runs // 2)
    assert codes(*[odd] * needed, *[HEALTHY] * (runs - needed)) == [code]
    assert codes(*[HEALTHY] * (runs - needed + 1), *[odd] * (needed - 1)) == ["healthy"]


# --- which numbers are told -----------------------------------------------------------------------------------------


def test_numbers_are_medians_over_the_runs_in_any_order() -> None:
    runs = [replace(HEALTHY, saturated_outputs=share, first_cost=cost) for share, cost in ((0.0, 9), (0.2, 3), (1, 5))]
    for order in (runs, runs[::-1], [runs[1], runs[0], runs[2]]):
        (finding,) = judge(order)
        assert (finding.code, finding.value, finding.limit) == ("saturated", 0.2, 0.1)
        assert "20 % of the examples" in finding.sentence
        assert finding.sentence.endswith("the first cost is 5.")
    assert judge(runs[:2] + [replace(HEALTHY, saturated_outputs=0.4)] * 2)[0].value == pytest.approx(0.3)


def test_the_layer_with_the_most_flat_units_is_named_by_its_median() -> None:
    odd, usual = replace(HEALTHY, flat_share=(1.0, 0.2)), replace(HEALTHY, flat_share=(0.1, 0.62))
    (finding,) = judge([usual, odd, usual])
    assert (finding.layer, finding.value, finding.limit) == (2, 0.62, 0.5)
    assert "62 % of the activations of hidden layer 2" in finding.sentence


@pytest.mark.parametrize(("outputs", "flat", "layer"), [(0.6, 0.8, 1), (0.8, 0.6, 3)])
def test_of_saturated_outputs_and_units_the_worse_is_told(outputs: float, flat: float, layer: int) -> None:
    (finding,) = judge([replace(HEALTHY, saturated_outputs=outputs, flat_share=(flat, 0.0))])
    assert (finding.layer, finding.value) == (layer, 0.8)  # the output is the third layer
    assert finding.sentence.startswith("The outputs" if layer == 3 else "The hidden units")


def symmetric(widths: tuple[int, ...], first: tuple[int, ...], last: tuple[int, ...]) -> Finding:
    return judge([replace(HEALTHY, widths=widths, distinct_first=first, distinct_last=last)])[0]


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
    assert (finding.code, finding.layer, finding.value) == ("symmetric", layer, last[layer - 1])
    assert finding.limit == widths[layer - 1]
    assert re.search(words, finding.sentence)
    assert ("every hidden layer" in finding.sentence) == (widths == (5, 10) and last == (1, 1))


def test_layers_that_part_in_half_of_the_runs_are_not_symmetric() -> None:
    stuck = replace(HEALTHY, distinct_first=(3, 5), distinct_last=(3, 5))
    assert codes(stuck, HEALTHY, HEALTHY) == ["healthy"]
    assert codes(stuck, stuck, HEALTHY) == ["symmetric"]


FACTOR = r"× ([\d.e+-]+)"


def told(sentence: str) -> list[float]:
    """The factors in a sentence."""
    return [float(number.rstrip(".")) for number in re.findall(FACTOR, sentence)]


def shown(factor: float) -> float:
    """How exactly a factor is told: to a hundredth from 0.1 to below 100, to one digit elsewhere."""
    return 0.0051 if 0.1 <= factor < 99.995 else 0.51 * 10 ** math.floor(math.log10(factor))


@given(
    layers=st.integers(1, 40), total=st.one_of(st.floats(1e-30, 0.0099), st.floats(101.0, 1e30)),
    start=st.floats(1e-3, 1e3), middle=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_a_drift_forward_is_told_per_layer_and_over_all_layers(
    layers: int, total: float, start: float, middle: float
) -> None:
    """Over L layers the signal changes by chi^L: the L-th root per layer, whatever happens in between."""
    stds = (middle,) * (layers - 1) + (start * total,)
    (finding,) = judge([replace(HEALTHY, input_std=start, layer_std=stds)] * 3)
    per_layer = math.exp(math.log(total) / layers)
    assert finding.code == ("vanishing" if total < 1 else "exploding")
    assert finding.layer is None
    assert finding.limit == 100
    assert finding.value == pytest.approx(per_layer, rel=1e-9)
    assert told(finding.sentence) == [
        pytest.approx(per_layer, abs=shown(per_layer)), pytest.approx(total, abs=shown(total)),
    ]  # fmt: skip
    assert finding.sentence.index("per layer") < finding.sentence.index(f"over {layers} layer{'s' * (layers > 1)}, so")
    assert ("shrinks" if total < 1 else "grows") in finding.sentence


@given(
    layers=st.integers(2, 40), total=st.one_of(st.floats(1e-30, 0.0099), st.floats(101.0, 1e30)),
    end=st.floats(1e-3, 1e3), middle=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_a_drift_backward_is_told_per_layer_and_from_end_to_end(
    layers: int, total: float, end: float, middle: float
) -> None:
    """From the output to the first of L layers the error passes L - 1 layers."""
    errors = (end * total,) + (middle,) * (layers - 2) + (end,)
    (finding,) = judge([replace(HEALTHY, error_rms=errors)] * 3)
    per_layer = math.exp(math.log(total) / (layers - 1))
    assert (finding.code, finding.layer) == ("vanishing" if total < 1 else "exploding", 1)
    assert finding.value == pytest.approx(per_layer, rel=1e-9)
    assert told(finding.sentence) == [
        pytest.approx(per_layer, abs=shown(per_layer)), pytest.approx(total, abs=shown(total)),
    ]  # fmt: skip
    assert ("gradient shrinks" if total < 1 else "gradient grows") in finding.sentence


@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.0949, "× 0.09 per"), (0.1, "× 0.10 per"), (0.104, "× 0.10 per"), (1.406, "× 1.41 per"), (99.4, "× 99.40 per"),
     (100.0, r"× 1e\+02 per"), (0.0123, "× 0.01 per")],
)  # fmt: skip
def test_factors_change_their_form_at_a_tenth_and_a_hundred(factor: float, words: str) -> None:
    (finding,) = judge([replace(HEALTHY, **through(factor))])
    assert finding.code == "healthy"
    assert re.search(words, finding.sentence)
    assert finding.value == pytest.approx(factor)


def test_a_healthy_factor_is_the_root_over_the_layers_and_the_median_of_the_runs() -> None:
    runs = [replace(HEALTHY, **through(9.0, 9.0, total)) for total in (8.0, 27.0, 1.0)]
    (finding,) = judge(runs)
    assert finding.value == pytest.approx(2)
    assert "changes × 2.00 per layer" in finding.sentence


def test_a_dead_signal_vanishes_and_an_endless_one_explodes() -> None:
    (dead,) = judge([replace(HEALTHY, **through(0.5, 0.0, 0.0))])
    assert dead.code == "vanishing"
    assert "shrinks × 0 per layer, × 0 over 3 layers" in dead.sentence
    (endless,) = judge([replace(HEALTHY, **through(math.inf))])
    assert endless.code == "exploding"
    assert "within 1 layer," in endless.sentence


def test_inputs_that_are_all_alike_have_no_signal_to_judge() -> None:
    assert codes(replace(HEALTHY, input_std=0.0, layer_std=(0.0, 0.0, 0.0))) == ["healthy"]


@pytest.mark.parametrize("errors", [(0.0, 0.0, 0.5), (0.0, 0.0, 0.0), (math.inf, 1.0, 1.0), (math.inf,) * 3])
def test_a_gradient_that_is_gone_or_endless_is_no_drift(errors: tuple[float, ...]) -> None:
    assert codes(replace(HEALTHY, error_rms=errors)) == ["healthy"]


def test_the_step_of_divergence_is_the_median_of_the_runs_that_diverged() -> None:
    steps = (5, 90, None, 7, None)
    (finding,) = judge([replace(HEALTHY, diverged_at=step) for step in steps])
    assert (finding.code, finding.value) == ("diverged", 7.0)
    assert re.search(r"3 of 5 runs diverged.* at step 7 \(median\)", finding.sentence)


# --- the order of findings ------------------------------------------------------------------------------------------

EVERYTHING = {
    "distinct_first": (1, 1), "distinct_last": (1, 1), "saturated_outputs": 0.9, "gradient_rms": (0.0, 0.0, 0.0),
    **through(1e-2, 1e-4, 1e-6), "error_rms": (1e4, 1e2, 1.0), "diverged_at": 3,
}  # fmt: skip
ORDER = ["symmetric", "saturated", "no gradient", "vanishing", "exploding", "diverged"]
FIELDS = [("distinct_first", "distinct_last"), ("saturated_outputs",), ("gradient_rms",), ("input_std", "layer_std"),
          ("error_rms",), ("diverged_at",)]  # fmt: skip


@pytest.mark.parametrize("kept", range(1, 2**6))
def test_the_weightiest_finding_comes_first(kept: int) -> None:
    """Every set of faults, in the documented order; the reason tells the first, no gradient and the divergence."""
    here = [place for place in range(6) if kept >> place & 1]
    found = judge([replace(HEALTHY, **{name: EVERYTHING[name] for place in here for name in FIELDS[place]})])
    assert [finding.code for finding in found] == [ORDER[place] for place in here]
    told = [f.sentence for index, f in enumerate(found) if index == 0 or f.code in ("no gradient", "diverged")]
    assert reason(found) == " ".join(told)
