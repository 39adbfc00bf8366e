"""Figures of one chart: their size is the one that was asked for, their look too, and they say what made them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sweep_rows import multiplier_outcome, run, study
from tunings import tuning

from headstart.errors import InputError
from headstart.experiments.simulation import simulate
from headstart.show.figure.look import Look
from headstart.show.figure.origin import origin_of
from headstart.show.figure.plain import PlainFigure, command_line
from headstart.show.study.report import CHARTS
from headstart.show.theory.gain import gain_chart
from headstart.show.theory.phase import phase_chart
from headstart.show.theory.signal import Signal, signal_chart
from headstart.theory.phasediagram import phase_diagram
from headstart.theory.propagation import propagate
from headstart.verbs.study import StudyReport
from headstart.verbs.tune import Tuning


def signals() -> list[Signal]:
    predicted = propagate("relu", 2.0, depth=5)
    return [Signal("He", predicted, simulate("relu", 2.0, depth=5, width=16, networks=2, seed=0))]


@pytest.fixture(scope="module")
def report() -> StudyReport:
    factors = {"scheme": ["zeros", "he", "xavier"], "multiplier": [0.5, 1, 2], "seed": [0, 1, 2, 3]}
    rows = study(multiplier_outcome, **factors)
    return StudyReport(rows)


CHART: dict[str, Any] = {
    "gain": lambda width, height: gain_chart("gelu", width, height),
    "phase": lambda width, height: phase_chart(phase_diagram("tanh"), width, height),
    "simulated": lambda width, height: signal_chart(signals(), "relu", 16, width, height, 1.5),
}


def size_of(path: Path) -> tuple[float, float]:
    found = re.search(rb'<svg[^>]* width="([0-9.]+)" height="([0-9.]+)"', path.read_bytes())
    assert found is not None
    return float(found[1]), float(found[2])


@pytest.mark.parametrize("name", CHART)
@pytest.mark.parametrize("size", ["600x400px", "420x520px"])
def test_a_picture_of_theory_has_its_size_and_fills_it(name: str, size: str, tmp_path: Path) -> None:
    made = PlainFigure(CHART[name], Look(size=size, theme="slide"), [name])
    made.save(tmp_path / "f.svg")
    wide, tall = map(float, size.removesuffix("px").split("x"))
    assert size_of(tmp_path / "f.svg") == pytest.approx((wide, tall), abs=0.01)
    drawn = re.search(r'<svg[^>]* width="([0-9.]+)" height="([0-9.]+)"', made._sized[1])
    assert drawn is not None
    assert float(drawn[1]) == pytest.approx(wide, rel=0.06)  # drawn for it, not shrunk into it
    assert float(drawn[2]) == pytest.approx(tall, rel=0.06)


@pytest.mark.parametrize("name", CHARTS)
def test_a_report_has_figures_of_any_look(name: str, report: StudyReport, tmp_path: Path) -> None:
    made = report.figure(name, size="500x400px", theme="dark", title="Mine")
    made.save(tmp_path / "f.svg")
    assert size_of(tmp_path / "f.svg") == pytest.approx((500, 400), abs=0.01)
    assert made.title == "Mine"
    assert report.chart(name, theme="dark").to_dict()["config"]["background"] == "#1B1B1F"
    assert report.chart(name).to_dict()["config"]["background"] == "#FFFFFF"
    assert origin_of(tmp_path / "f.svg")["command"] == ""  # of rows that no store holds


def test_a_tuning_has_figures_of_any_look(tmp_path: Path) -> None:
    found = tuning("final_cost", [(0.1, 0.2), (0.2, 0.3)])
    found.figure(size="12x8cm", dpi=100, theme="print").save(tmp_path / "t.png")
    png = (tmp_path / "t.png").read_bytes()
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (472, 314)
    words = origin_of(tmp_path / "t.png")["command"]
    assert words == "headstart tune 'normal(1)' 'normal(2)' --size 12x8cm --dpi 100 --theme print"
    assert (
        found.chart(theme="slide").to_dict()["title"]["fontSize"] == 1.5 * found.chart().to_dict()["title"]["fontSize"]
    )
    with pytest.raises(InputError, match="unknown theme"):
        found.chart(theme="lihgt")


def test_a_figure_of_what_python_gave_has_no_command() -> None:
    found = tuning("final_cost", [(0.1, 0.2)])
    assert found.words == ["tune", "normal(1)"]
    given = found.settings.model_copy(update={"data": "table (0123abcd)"})
    assert Tuning(given, found.schemes).words == []
    assert command_line([], {"theme": "dark"}) == ""


def test_one_scheme_alone_and_failed_runs_draw_too(tmp_path: Path) -> None:
    rows = [run(seed=seed, multiplier=multiplier) for seed in range(3) for multiplier in (1, 2)]
    made = StudyReport(rows).figure(size="300x200px", theme="slide")
    made.save(tmp_path / "f.svg")
    assert size_of(tmp_path / "f.svg") == pytest.approx((300, 200), abs=0.01)
