"""`headstart gain` and `headstart phase`: JSON for programs, tables for people, errors with exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.cli.main import run


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        run(list(arguments))
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, _ = called(capsys, *arguments, "--json")
    assert code == 0
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


class TestGain:
    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        data = as_json(capsys, "gain", "leaky_relu(0.2)", "--q", "0.1,1,4")
        assert set(data) == {"schema", "activation", "points", "frameworks", "files"}
        assert (data["schema"], data["activation"]) == (1, "leaky_relu(0.2)")
        assert [point["q"] for point in data["points"]] == [0.1, 1.0, 4.0]
        at = hs.theory.moments("leaky_relu(0.2)", 4.0)
        assert data["points"][2] == {
            "q": 4.0,
            "mean": at.mean,
            "second_moment": at.second_moment,
            "derivative_second_moment": at.derivative_second_moment,
            "gain_forward": at.gain_forward,
            "gain_backward": at.gain_backward,
            "variance_slope": at.variance_slope,
            "chi_1": at.chi_1,
        }
        assert data["frameworks"]["PyTorch calculate_gain"]["weight_variance"] == pytest.approx(2 / 1.04)

    def test_infinite_factors_are_valid_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        data = as_json(capsys, "gain", "squared_relu", "--depth", "90")
        assert data["frameworks"]["Keras he"]["forward_factor"] == "inf"

    @pytest.mark.parametrize("activation", ["gelu", "tanh", "softplus", "hardshrink", "squared_relu"])
    def test_tables_fit_a_hundred_columns(self, capsys: pytest.CaptureFixture[str], activation: str) -> None:
        code, out, err = called(capsys, "gain", activation, "--depth", "30")
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 100
        for word in ("χ1", "slope", "calculate_gain", "in words", "Recommended"):
            assert word in out
        assert f"{hs.gain(activation):.5g}" in out
        assert "…" not in out

    def test_says_what_torchs_constant_does(self, capsys: pytest.CaptureFixture[str]) -> None:
        out = called(capsys, "gain", "tanh")[1]
        assert "settles at q*=1.178" in out
        assert "×1.21" in out

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["gellu"], "Did you mean 'gelu'"),
            (["softmax"], "must be element-wise"),
            (["gelu", "--q", "0"], "must be a positive, finite number"),
            (["gelu", "--q", "a"], "each value of --q must be a number"),
            (["gelu", "--q", ","], "--q needs at least one number"),
            (["exponential", "--q", "1e4"], "grows too fast"),
            (["gelu", "--out", "picture.bmp"], "a file is saved as"),
            (["gelu", "--out", "no/such/folder/a.png"], "does not exist"),
        ],
    )
    def test_bad_input_exits_with_two(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
    ) -> None:
        code, out, err = called(capsys, "gain", *arguments)
        assert (code, out) == (2, "")
        assert words in err

    def test_curve_and_simulation_are_drawn(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        curve, signal = tmp_path / "gain.svg", tmp_path / "signal.svg"
        assert called(capsys, "gain", "tanh", "--out", str(curve))[0] == 0
        assert "keeps the signal (forward)" in curve.read_text()
        short = ("--simulate", "--depth", "5", "--width", "32")
        code, out, err = called(capsys, "gain", "tanh", *short, "--out", str(signal))
        assert code == 0
        assert "Predicted and simulated" in out
        assert "wrote" in err
        assert "mean squared gradient" in signal.read_text()
        assert "wrote" not in out


class TestPhase:
    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        data = as_json(capsys, "phase", "tanh")
        assert (data["schema"], data["activation"]) == (1, "tanh")
        schemes = {row["scheme"]: row for row in data["schemes"]}
        assert schemes["PyTorch default"]["phase"] == "ordered"
        assert schemes["Xavier"]["phase"] == "critical"
        assert schemes["He"]["phase"] == "chaotic"
        assert schemes["calculate_gain"]["q"] == pytest.approx(1.17848, abs=1e-5)
        for point in data["critical_line"][::40]:
            assert hs.theory.chi1("tanh", point["sigma_w2"], point["sigma_b2"]) == pytest.approx(1, rel=1e-9)

    def test_table(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = called(capsys, "phase", "gelu")
        assert (code, err) == (0, "")
        assert "half-stable" in out
        assert "critical" in out
        assert max(map(len, out.splitlines())) <= 100

    def test_an_activation_without_a_critical_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "No critical line in this range" in called(capsys, "phase", "softplus")[1]

    @pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
    def test_diagram_is_drawn(self, capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str) -> None:
        target = tmp_path / f"phase{suffix}"
        assert called(capsys, "phase", "tanh", "--out", str(target))[0] == 0
        content = target.read_bytes()
        assert len(content) > 10_000
        start = {".png": b"\x89PNG", ".svg": b"<svg", ".html": b"<"}[suffix]
        assert content.lstrip().startswith(start)

    def test_simulation(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = called(capsys, "phase", "relu", "--simulate", "--depth", "4", "--width", "16")
        assert code == 0
        assert "Predicted and simulated" in out

    def test_bad_input(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = called(capsys, "phase", "tanh", "--max-w", "-1")
        assert code == 2
        assert "must be a positive, finite number" in err
