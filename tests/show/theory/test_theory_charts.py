"""Charts of the theory: what they draw is what was computed."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.errors import InputError
from headstart.experiments.simulation import simulate
from headstart.show.files import check_target
from headstart.show.theory.gain import gain_chart, gain_rows
from headstart.show.theory.phase import phase_chart
from headstart.show.theory.signal import Signal, signal_chart, signal_rows
from headstart.theory import NoFixedPoint, chi1, gain, propagate
from headstart.theory.phasediagram import phase_diagram


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu", "softplus", "sigmoid", "hardshrink"])
def test_phase_diagram_is_chi_1_at_the_settled_variance(name: str) -> None:
    diagram = phase_diagram(name)
    for i, j in ((0, 50), (20, 100), (90, 150), (167, 247), (70, 12)):
        w2, b2 = float(diagram.sigma_w2[j]), float(diagram.sigma_b2[i])
        try:
            exact = chi1(name, w2, b2) if name != "relu" or w2 < 2 else np.nan
        except NoFixedPoint:
            exact = np.nan
        assert diagram.chi[i, j] == pytest.approx(exact, rel=5e-3, nan_ok=True), (w2, b2)


def test_phase_chart_holds_line_marks_and_words() -> None:
    text = phase_chart(phase_diagram("tanh")).to_json()
    for word in ("Xavier", "He", "calculate_gain", "gradients vanish", "gradients explode", "bias variance"):
        assert word in text


def test_gain_rows_are_the_gain() -> None:
    rows = gain_rows("tanh")
    for row in rows[::17]:
        if row["curve"].startswith("keeps the signal"):
            assert row["gain"] == gain("tanh", row["q"])
    assert {row["gain"] for row in rows if row["curve"].startswith("PyTorch")} == {5 / 3}
    assert not any(row["curve"].startswith("PyTorch") for row in gain_rows("gelu"))
    gain_chart("gelu").to_json()


def test_signal_rows_set_prediction_beside_measurement() -> None:
    signal = Signal("He", propagate("relu", 2.0, depth=3), simulate("relu", 2.0, depth=3, width=64))
    rows = signal_rows([signal])
    assert len(rows) == 6
    forward = [row for row in rows if row["quantity"] == "variance of the signal"]
    assert [row["layer"] for row in forward] == [1, 2, 3]
    assert [row["predicted"] for row in forward] == pytest.approx([1, 1, 1])
    assert all(row["low"] <= row["measured"] <= row["high"] for row in rows)
    assert "He" in signal_chart([signal], "relu", 64).to_json()


def test_what_leaves_the_axis_is_left_out() -> None:
    signal = Signal("tiny", propagate("relu", 1e-9, depth=4), simulate("relu", 1e-9, depth=4, width=8))
    assert signal_rows([signal])[3]["predicted"] is None


def test_suffix_is_checked_before_the_work() -> None:
    with pytest.raises(InputError, match=r"saved as \.png or \.svg"):
        check_target("chart.gif", [".png", ".svg"])
