"""A probe's rows as lines: what repeats is told once, with its ranges, and no row or finding is lost."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from made_trace import NOTHING, finding, irregular, mlp, transformer, verdict
from rich.console import Console

from headstart.show.characters import ERRORS
from headstart.show.console import text
from headstart.show.model.probe_lines import SCREEN, folded, span
from headstart.show.model.probe_table import codes_of, every_row, narrowed, notes, print_probe, probe_table
from headstart.show.wrapping import length
from headstart.signals.judge import Verdict
from headstart.signals.trace import Row, Trace, Weight

TRACES = {"mlp": mlp(60, backward=0.2), "transformer": transformer(12), "irregular": irregular(400)}


@pytest.mark.parametrize("name", TRACES)
def test_every_row_stands_on_one_line(name: str) -> None:
    rows = TRACES[name].rows
    found = [row.name for line in folded(rows, {}) for row in line.rows]
    assert sorted(found) == sorted(row.name for row in rows)
    assert len(folded(rows, {})) <= SCREEN + 20  # and headings


def test_few_rows_are_a_line_each() -> None:
    assert [line.rows for line in folded(mlp(6).rows, {})] == [(row,) for row in mlp(6).rows]


def test_a_row_with_a_finding_is_a_line_of_its_own() -> None:
    trace = transformer(12)
    lines = folded(trace.rows, {"transformer.h.7.mlp.c_fc": ["HS202"]})
    (line,) = [line for line in lines if any(row.name == "transformer.h.7.mlp.c_fc" for row in line.rows)]
    assert len(line.rows) == 1


def test_blocks_begin_where_modules_do() -> None:
    """A stretch that begins in the middle of one block and ends in the middle of another is no repeat."""
    labels = [line.label for line in folded(transformer(12).rows, {})]
    assert "0–7 (8 ×)" in labels
    assert labels[labels.index("0–7 (8 ×)") + 1] == "ln_1"
    assert "add 2" in labels


def test_lines_of_other_sizes_are_not_one() -> None:
    rows = [Row(op=k, value=k, name=f"layers.{k}", kind="linear", rms=1.0 if k < 30 else 1e-6) for k in range(60)]
    assert [line.label for line in folded(rows, {})] == ["layers.0–29 (30 ×)", "layers.30–59 (30 ×)"]


def test_ranges() -> None:
    assert span([1.0, math.nan, 3.0], str) == "1.0–nan"
    assert span([math.inf, math.inf], str) == "inf"
    assert span([None, 2.0], str) == "2.0"


def printed(trace: Trace, judged: Verdict, width: int) -> str:
    return text(lambda console: print_probe(trace, judged, console), width)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("name", TRACES)
def test_the_table_keeps_to_the_width_with_one_line_per_layer(name: str, width: int) -> None:
    trace = TRACES[name]
    shown = printed(trace, verdict(finding("HS301", trace.rows[0].name)), width)
    longest = max(length(piece) for line in probe_table(trace, ()).rows for piece in line[0].split(" ("))
    if width >= 60:
        assert max(map(length, shown.splitlines())) <= max(width, longest + 45)
    table, left_out = narrowed(probe_table(trace, ()), width)
    assert [row[0] for row in table.rows] == [row[0] for row in probe_table(trace, ()).rows]
    assert {column.name for column in table.columns} >= {"layer", "rms"}
    assert all(name in shown.replace("\n", " ") or width < 60 for name in left_out)


def test_the_verdict_comes_first_then_findings_then_the_table() -> None:
    shown = printed(mlp(6), verdict(finding("HS301", "0"), finding("HS204", None, "independent")), 100)
    order = [shown.index(part) for part in ("vanishing: ", "HS301 vanishing (fault): 0", "HS204", "layer ", "input ")]
    assert order == sorted(order)
    assert 'hs.init(model, "he", example=x)' in shown


def test_a_finding_of_a_weight_stands_at_its_layer() -> None:
    found = (finding("HS301", "4.weight"), finding("HS302", "nowhere"))
    assert codes_of(mlp(6), found) == {"4": ["HS301"]}
    row = next(row for row in probe_table(mlp(6), found).rows if row[0] == "4")
    assert row[-1] == "HS301"


def test_trouble_is_coloured_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(judged: Verdict) -> str:
        buffer = io.StringIO()
        console = Console(file=buffer, width=100, force_terminal=True, color_system="standard", highlight=False)
        print_probe(mlp(6), judged, console)
        return buffer.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    sick = [line for line in shown(verdict(finding("HS301", "0"))).splitlines() if "31m" in line]
    assert any(line.startswith("\x1b[1;31m0") for line in sick)
    assert "31m" not in shown(verdict())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in shown(verdict(finding("HS301", "0")))


def test_any_encoding_holds_it() -> None:
    buffer = io.TextIOWrapper(io.BytesIO(), "ascii", errors=ERRORS)  # as the program sets its streams
    print_probe(transformer(12), verdict(finding("HS301", "transformer.wte")), Console(file=buffer, width=80))
    buffer.flush()
    assert b"0-7 (8 x)" in buffer.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


def test_what_is_not_finite_and_what_is_zero_are_told() -> None:
    trace = mlp(3)
    rows = tuple(replace(row, rms=math.inf, batch_std=math.nan, grad_rms=0.0, nonfinite=3) for row in trace.rows)
    table = probe_table(replace(trace, rows=rows), ())
    line = dict(zip((column.name for column in table.columns), table.rows[1], strict=True))
    assert (line["rms"], line["batch std"], line["gradient"]) == ("inf", "nan", "0")
    assert "3 not finite" in line["also"]


def test_spreads_over_draws_stand_beside_the_number() -> None:
    trace = mlp(2)
    rows = tuple(replace(row, spread={"rms": (0.5, 2.0)}) for row in trace.rows)
    assert probe_table(replace(trace, rows=rows), ()).rows[1][3] == "1 (0.5–2)"


def test_notes_are_told_once_and_the_inputs_have_none() -> None:
    rows = [Row(op=-1, value=0, name="input", kind="input", grad_note="not trained")]
    rows += [Row(op=k, value=k, name=f"blocks.{k}", kind="linear", grad_note="under no_grad") for k in range(3)]
    assert notes(rows) == ["blocks.0–2 (3 ×): under no_grad."]


def test_updates_are_told_where_there_is_a_learning_rate() -> None:
    weight = Weight(name="0.weight", role="weight", shape=(4, 4), rms=0.5, grad_rms=0.1, update=0.02)
    shown = printed(replace(mlp(1), weights={"0.weight": weight}), verdict(), 100)
    assert "update" in shown
    assert "update" not in printed(mlp(1), verdict(), 100)


def test_an_empty_trace_and_one_that_was_only_predicted() -> None:
    assert "healthy: " in printed(Trace(graph=NOTHING), verdict(), 80)
    assert "Nothing was run" in printed(Trace(graph=NOTHING, measured=False), verdict(), 80)


def test_every_operation_by_itself() -> None:
    assert len(every_row(irregular(400), ()).rows) == 400
