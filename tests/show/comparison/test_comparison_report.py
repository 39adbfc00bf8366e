"""The comparison's page: its table under its headers, its settings, and the charts of a light and a dark page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_comparison import comparison, outcome, plane, signals

import headstart as hs
from headstart.errors import InputError
from headstart.show import page

COSTS = {"he": [[0.9, 0.5, 0.1], [0.8, 0.3, 0.2]], "normal(10)": [[0.7, 0.69, 0.6931], [0.7, 0.69, 0.6931]]}
SCORES = {"he": [(0.95, 0.85), (0.91, 0.75)], "normal(10)": [(0.5, 0.45), (0.5, 0.45)]}


class Table(HTMLParser):
    """The cells of a page's only table, with the classes they have."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.classes: list[list[str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self.classes.append([])
        self._open = self._open or tag in ("td", "th")
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.classes[-1].append(dict(attributes).get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


@pytest.fixture(autouse=True)
def quick(bundle_of: Callable[[str], None]) -> None:
    """The page's script is not what is looked at here."""
    bundle_of("print('const bundled = 1; // </script>')")


@pytest.fixture
def made() -> hs.Comparison:
    measured = {"he": [signals()] * 2, "normal(10)": [signals(saturated_outputs=0.9, first_cost=690.0)] * 2}
    ended = {"he": [outcome()] * 2, "normal(10)": [outcome(final_cost=0.6931)] * 2}
    return comparison(COSTS, scores=SCORES, measured=measured, ended=ended, optimizer="adam", learning_rate=0.25)


def charts(text: str) -> dict[str, dict[str, Any]]:
    """The specifications of the light and of the dark page."""
    found = {}
    for name in ("light", "dark"):
        (line,) = re.findall(rf"^const {name} = (.*);$", text, flags=re.MULTILINE)
        found[name] = json.loads(line.replace("<\\/", "</"))["chart"]
    return found


def test_every_cell_stands_under_its_header(made: hs.Comparison, tmp_path: Path) -> None:
    table = Table()
    table.feed(made.report(tmp_path / "report.html").read_text())
    header, *rows = table.rows
    he, normal = (dict(zip(header, row, strict=True)) for row in rows)
    assert header == ["scheme", "train accuracy", "test accuracy", "first cost", "final cost", "verdict",
                      "reason, from what was measured"]  # fmt: skip
    assert list(he.values())[:6] == ["he", "93.0 % (92.0–94.0)", "80.0 % (77.5–82.5)", "0.85", "0.15", "healthy"]
    assert list(normal.values())[:6] == ["normal(10)", "50.0 %", "45.0 %", "0.7", "0.6931", "saturated"]
    reasons = [row["reason"] for row in made.summary()]
    assert [he[header[6]], normal[header[6]]] == [reasons[0], f"{reasons[1]}  HS401 HS504"]
    assert [classes[5] for classes in table.classes[1:]] == ["good", "bad"]


def test_of_a_regression_the_page_tells_r_squared(tmp_path: Path) -> None:
    data = replace(plane(), task="regression", classes=(), train_y=np.arange(4.0), test_y=np.arange(2.0))
    made = comparison({"he": [[0.9, 0.5]]}, scores={"he": [(0.91234, -1.5)]}, data=data)
    text = made.report(tmp_path / "report.html").read_text()
    table = Table()
    table.feed(text)
    assert table.rows[0][1:3] == ["train R²", "test R²"]
    assert table.rows[1][1:3] == ["0.9123", "-1.5"]
    assert not [name for name in charts(text)["light"]["datasets"] if "boundary" in name or "shade" in name]


def test_the_page_says_what_was_compared(made: hs.Comparison, tmp_path: Path) -> None:
    made = replace(made, data=replace(made.data, name="<b>.csv"))
    text = made.report(tmp_path / "report.html").read_text()
    words = "&lt;b&gt;.csv, network 2-1, relu, 20 steps of Adam, learning rate 0.25"
    assert f"<title>headstart: {words}</title>" in text
    assert f'<p class="lead">{words}. Medians over the seeds, quartiles in brackets.' in text
    assert "<h1>What the starting weights do to training</h1>" in text
    (settings,) = re.findall(r"<pre>(.*?)</pre>", text, flags=re.DOTALL)
    assert json.loads(settings.replace("&quot;", '"')) == made.to_json()["settings"]


def test_the_chart_is_on_the_page_light_and_dark(made: hs.Comparison, tmp_path: Path) -> None:
    text = made.report(tmp_path / "report.html").read_text()
    found = charts(text)
    whole = json.loads(json.dumps(made.chart().to_dict()))
    assert found["light"] == {key: item for key, item in whole.items() if key != "title"}
    assert "datasets" not in found["dark"]
    assert found["light"]["config"]["background"] == "#FFFFFF"
    assert found["dark"]["config"]["background"] == "#1B1B1F"
    assert found["dark"]["config"]["title"]["color"] == "#E8E8E8"
    assert '<div id="chart"></div>' in text
    assert "const bundled = 1; // <\\/script>" in text  # a script that would end itself does not


def test_the_pages_own_script_draws_each_theme_when_it_is_preferred() -> None:
    text = page.DRAW + page.TEMPLATE.read_text()
    assert "preference.matches ? { ...dark[name], datasets: light[name].datasets } : light[name]" in text
    assert 'matchMedia("(prefers-color-scheme: dark)")' in text
    rules = re.findall(r":root \{(.*?)\}", text)
    light, dark, _ = (dict(re.findall(r"--(\w+): (#\w+)", line)) for line in rules)
    assert (light["ink"], light["paper"]) == ("#1a1a1a", "#ffffff")
    assert (dark["ink"], dark["paper"]) == ("#e8e8e8", "#1b1b1f")
    for word in ("good", "bad"):
        assert f".{word} {{ color: var(--{word});" in text


def test_three_files_with_what_their_names_say(made: hs.Comparison, tmp_path: Path) -> None:
    files = made.save(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert files == {kind: str(folder / f"compare.{kind}") for kind in ("png", "svg", "html")}
    beginnings = {"png": b"\x89PNG", "svg": b"<svg", "html": b"<!doctype html>"}
    assert all(Path(files[kind]).read_bytes().startswith(start) for kind, start in beginnings.items())
    width = int.from_bytes(Path(files["png"]).read_bytes()[16:20])
    assert width == pytest.approx(1.5 * float(re.search(r'width="([\d.]+)"', Path(files["svg"]).read_text())[1]), abs=2)


def test_a_report_that_cannot_be_put_in_place_leaves_the_old_one(
    made: hs.Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(28, "disk full")

    (tmp_path / "compare.html").write_text("old")
    monkeypatch.setattr(os, "replace", fails)
    for save in (lambda: made.save(tmp_path), lambda: made.report(tmp_path / "compare.html")):
        with pytest.raises(InputError, match="disk full"):
            save()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"compare.html": "old"}


def test_a_report_is_a_page(made: hs.Comparison, tmp_path: Path) -> None:
    for name in ("report.htm", "report", "report.png"):
        with pytest.raises(
            InputError, match=r"a report is one \.html file, got '.*report.*'. Write, for example, report.html"
        ):
            made.report(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert made.report(str(tmp_path / "REPORT.HTML")) == tmp_path / "REPORT.HTML"


def test_a_script_that_cannot_be_made_is_no_report(
    made: hs.Comparison, tmp_path: Path, bundle_of: Callable[[str], None]
) -> None:
    bundle_of("raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="exit code 3"):
        made.report(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
