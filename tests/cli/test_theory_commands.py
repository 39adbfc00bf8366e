"""`headstart gain` and `headstart phase`: JSON for programs, tables for people, errors with exit code 2."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.cli.main import run
from headstart.cli.theory import factor


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

    def test_each_column_has_its_own_number(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "200")
        lines = called(capsys, "gain", "elu(0.5)", "--q", "0.3,2", "--depth", "7")[1].splitlines()
        assert lines[2].split() == [
            "q", "E[φ]", "E[φ²]", "E[φ'²]", "gain", "backward", "slope", "stability", "χ1", "χ1^7"]  # fmt: skip
        for line, q in zip(lines[4:6], (0.3, 2.0), strict=True):
            at = hs.theory.moments("elu(0.5)", q)
            five = (at.mean, at.second_moment, at.derivative_second_moment, at.gain_forward, at.gain_backward)
            slope = [f"{at.variance_slope:.4f}", at.stability]
            told = [f"{q:g}", *(f"{value:.5g}" for value in five), *slope, f"{at.chi_1:.4f}"]
            assert line.split()[:-1] == told
            assert float(line.split()[-1].removeprefix("×")) == pytest.approx(at.chi_1**7, rel=5e-3)

    def test_says_what_torchs_constant_does(self, capsys: pytest.CaptureFixture[str]) -> None:
        out = called(capsys, "gain", "tanh")[1]
        assert "settles at q*=1.178" in out
        assert "×1.21" in out

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


def cells(out: str, first: str) -> list[str]:
    """The words of the row that begins with these, after them."""
    (line,) = [line for line in out.splitlines() if line.strip().startswith(first)]
    return line.strip()[len(first) :].split()


def titles(out: str, *words: str) -> list[str]:
    (line,) = [line for line in out.splitlines() if all(word in line.split() for word in words)]
    return line.split()


class TestColumns:
    """Every number stands under its own title: settings at which no two columns have the same number."""

    def test_gains(self, capsys: pytest.CaptureFixture[str]) -> None:
        """exp: E = e^(q/2), E^2 = e^2q twice, slope 2q, chi q; relu(z)^2: forward sqrt(2/3q), backward 1/sqrt(2q)."""
        out = called(capsys, "gain", "squared_relu", "--q", "0.5,3", "--depth", "7")[1]
        assert titles(out, "q", "gain") == [
            "q", "E[φ]", "E[φ²]", "E[φ'²]", "gain", "backward", "slope", "stability", "χ1", "χ1^7"]  # fmt: skip
        for q in (0.5, 3.0):
            found = cells(out, f"{q:g} ")
            expected = [q / 2, 1.5 * q * q, 2 * q, (2 / 3 / q) ** 0.5, (2 * q) ** -0.5, 2.0]
            assert [float(cell) for cell in found[:6]] == pytest.approx(expected, rel=1e-4)
            assert found[6] == "unstable"
            assert float(found[7]) == pytest.approx(4 / 3, abs=1e-4)
            assert float(found[8].removeprefix("×")) == pytest.approx((4 / 3) ** 7, rel=0.01)

    @pytest.mark.parametrize(("activation", "word"), [("tanh", "stable"), ("relu", "marginal"), ("gelu", "unstable")])
    def test_stability(self, capsys: pytest.CaptureFixture[str], activation: str, word: str) -> None:
        assert cells(called(capsys, "gain", activation, "--q", "1")[1], "1 ")[6] == word

    def test_libraries(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Variance and squared gradient over 9 layers, each from `practices`; GELU's differ."""
        out = called(capsys, "gain", "gelu", "--depth", "9")[1]
        assert "over 9 layers from variance 1" in out
        for name, rule in hs.theory.practices("gelu", 9).items():
            found = cells(out, name)
            if rule.weight_variance is None:
                assert found[:3] == ["–", "–", "–"]
                continue
            numbers = [float(cell.removeprefix("×")) for cell in found[:3]]
            assert rule.forward_factor != pytest.approx(rule.backward_factor, rel=0.02)
            expected = (rule.weight_variance, rule.forward_factor, rule.backward_factor)
            assert numbers == pytest.approx(expected, rel=0.05)
        assert "Recommended for gelu, 9 layers" in out

    def test_phases(self, capsys: pytest.CaptureFixture[str]) -> None:
        out, data = called(capsys, "phase", "tanh")[1], as_json(capsys, "phase", "tanh")
        assert titles(out, "scheme", "phase") == [
            "scheme", "n·Var(w)", "Var(b)", "phase", "q*", "χ1", "c*", "ξ_q", "ξ_c"]  # fmt: skip
        for row in data["schemes"]:
            at = hs.theory.depth_scale("tanh", row["sigma_w2"], row["sigma_b2"])
            found = cells(out, row["scheme"])
            assert [row[key] for key in ("q", "chi_1", "c_star", "phase")] == [at.q, at.chi_1, at.c_star, at.phase]
            for key, cell, exact in (("xi_q", found[6], at.xi_q), ("xi_c", found[7], at.xi_c)):
                assert row[key] == ("inf" if math.isinf(exact) else exact)
                assert cell == ("inf" if math.isinf(exact) else f"{exact:.4g}")
            words = [f"{row['sigma_w2']:.4g}", f"{row['sigma_b2']:.4g}", at.phase]
            assert found[:6] == [*words, *(f"{value:.4g}" for value in (at.q, at.chi_1, at.c_star))]
            if row["scheme"] == "He":
                assert at.xi_q != pytest.approx(at.xi_c, rel=0.1)
        assert {row["scheme"]: row["phase"] for row in data["schemes"]} == {
            "PyTorch default": "ordered", "Xavier": "critical", "He": "chaotic", "calculate_gain": "chaotic",
            "gain": "chaotic"}  # fmt: skip

    def test_the_half_stable_point_is_told_at_its_own_variance(self, capsys: pytest.CaptureFixture[str]) -> None:
        row = next(row for row in as_json(capsys, "phase", "silu")["schemes"] if row["scheme"] == "half-stable")
        assert (row["q"], row["chi_1"]) == (pytest.approx(14.32017362, rel=1e-6), pytest.approx(1, abs=1e-8))
        assert row["sigma_b2"] == pytest.approx(0.55514317, abs=1e-7)

    def test_unbounded_schemes_have_no_numbers(self, capsys: pytest.CaptureFixture[str]) -> None:
        """squared_relu with He's variance explodes from variance 1; its gain does not, at 2/3."""
        rows = {row["scheme"]: row for row in as_json(capsys, "phase", "squared_relu")["schemes"]}
        assert rows["He"]["phase"] == "unbounded"
        assert {rows["He"][key] for key in ("q", "chi_1", "c_star", "xi_q", "xi_c")} == {None}
        assert cells(called(capsys, "phase", "squared_relu")[1], "He")[2:] == ["unbounded", *["–"] * 5]

    def test_the_planes_ends(self, capsys: pytest.CaptureFixture[str]) -> None:
        """--max-w is the weight's end and --max-b the bias's: tanh's line leaves the one and the other."""
        line = as_json(capsys, "phase", "tanh", "--max-w", "1.5", "--max-b", "0.9")["critical_line"]
        assert 1.5 < max(point["sigma_w2"] for point in line) <= 1.8
        line = as_json(capsys, "phase", "tanh", "--max-w", "3", "--max-b", "0.1")["critical_line"]
        assert 0.1 < max(point["sigma_b2"] for point in line) <= 0.12
        for point in line[::30]:
            at = hs.theory.moments("tanh", point["q"])
            assert point["sigma_w2"] == pytest.approx(1 / at.derivative_second_moment, rel=1e-9)


class TestSimulationTable:
    def test_predicted_and_simulated_stand_side_by_side(self, capsys: pytest.CaptureFixture[str]) -> None:
        """tanh, 6 layers of 64: medians of 16 networks of a seed; variance at the last layer, gradient at the first."""
        arguments = ("gain", "tanh", "--simulate", "--depth", "6", "--width", "64", "--seed", "3")
        out = called(capsys, *arguments)[1]
        table = out[out.index("Predicted and simulated") :]
        assert titles(table, "initialization", "variance") == [
            "initialization", "variance", "simulated", "squared", "gradient", "simulated"]  # fmt: skip
        for name, w2 in (("PyTorch default", 1 / 3), ("PyTorch kaiming", 2.0), ("PyTorch calculate_gain", 25 / 9)):
            seen = hs.simulate("tanh", w2, depth=6, width=64, networks=16, seed=3)
            told = hs.theory.propagate("tanh", w2, depth=6)
            expected = (told.forward_factor, np.median(seen.q[:, -1] / seen.q[:, 0]), told.backward_factor,
                        np.median(seen.gradient[:, 0]))  # fmt: skip
            found = [float(cell.removeprefix("×")) for cell in cells(table, name)]
            assert found == pytest.approx([float(value) for value in expected], rel=0.05)
        assert out != called(capsys, *arguments[:-1], "4")[1]

    def test_biases_are_simulated_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        out = called(capsys, "phase", "gelu", "--simulate", "--depth", "5", "--width", "32", "--seed", "1")[1]
        point = hs.theory.half_stable("gelu")
        told = hs.theory.propagate("gelu", point.sigma_w2, point.sigma_b2, depth=5)
        seen = hs.simulate("gelu", point.sigma_w2, point.sigma_b2, depth=5, width=32, networks=16, seed=1)
        expected = (told.forward_factor, np.median(seen.q[:, -1] / seen.q[:, 0]), told.backward_factor,
                    np.median(seen.gradient[:, 0]))  # fmt: skip
        found = cells(out[out.index("Predicted and simulated") :], "half-stable")
        assert [float(cell.removeprefix("×")) for cell in found] == pytest.approx(list(map(float, expected)), rel=0.01)


@pytest.mark.parametrize(
    ("value", "words"),
    [(99999.0, "×1e+05"), (100000.0, "×1.0e+05"), (1e-4, "×0.0001"), (9.9e-5, "×9.9e-05"), (0.0, "×0.0e+00"),
     (math.inf, "×inf"), (1.0, "×1"), (None, "–")],
)  # fmt: skip
def test_factors_at_the_limits_of_their_words(value: float | None, words: str) -> None:
    assert factor(value) == words
