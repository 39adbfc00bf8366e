"""What every result can do: a line as repr, its table as str, both forms in a notebook, a file or a folder on disk."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.experiments.settings import CompareSettings, TrainingSettings
from headstart.experiments.tune.settings import TuneSettings
from headstart.verbs.result import Result

KINDS = ["comparison", "tuning", "study", "report"]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    study = hs.study(scheme=["he", "xavier"], multiplier=[0.5, 1.0], seed=[0, 1], steps=60)
    study.run()
    return {
        "comparison": hs.compare(["zeros", "he"], seeds=2, steps=60),
        "tuning": hs.tune("he", trials=4, seeds=2, steps=60, profile=3),
        "study": study,
        "report": study.results(metric="final_cost"),
    }


@pytest.fixture(params=KINDS)
def result(request: pytest.FixtureRequest, results: dict[str, Any]) -> Any:
    return results[request.param]


def test_the_repr_is_one_short_line(result: Any) -> None:
    assert isinstance(result, Result)
    assert "\n" not in repr(result)
    assert len(repr(result)) < 200
    assert repr(result).startswith(f"<{type(result).__name__}: ")


def test_the_str_is_the_table(result: Any) -> None:
    lines = str(result).splitlines()
    assert any(line.split()[:1] == ["he"] for line in lines)
    assert any("──" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_a_notebook_shows_table_and_chart(result: Any) -> None:
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == str(result)
    assert bundle["text/html"] == result._repr_html_()
    assert re.search(r"<table.*he.*</table>", bundle["text/html"], re.DOTALL)
    assert 'src="data:image/png;base64,iVBOR' in bundle["text/html"]
    assert "<script" not in bundle["text/html"]


def test_a_folder_gets_all_files_and_nothing_else(result: Any, tmp_path: Path) -> None:
    files = result.save(tmp_path / "new" / "folder")
    assert {"png", "svg", "html"} <= set(files)
    assert sorted(str(path) for path in (tmp_path / "new" / "folder").iterdir()) == sorted(files.values())


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".html", ".json", ".csv"])
def test_a_suffix_writes_that_one_file(result: Any, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"mine{suffix}"
    assert result.save(target) == {suffix[1:]: str(target)}
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    content = target.read_bytes()
    starts = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF", ".html": b"<!doctype html>"}
    assert content.lower().startswith(starts.get(suffix, b"").lower())
    if suffix == ".json":
        assert json.loads(content)["schema"] == 1
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert {"he"} <= {row["scheme"] for row in rows}


def test_a_report_is_one_html_file(result: Any, tmp_path: Path) -> None:
    for name in ("r.html", "R.HTML"):
        assert result.report(str(tmp_path / name)) == tmp_path / name
        assert (tmp_path / name).read_bytes().startswith(b"<!doctype html>")
    with pytest.raises(hs.InputError, match=r"a report is one \.html file, got '.*r\.pdf'"):
        result.report(tmp_path / "r.pdf")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("no/file.png", "the folder 'no' does not exist"),
        ("picture.jpg", r"saved as .*\.png.* got 'picture.jpg'"),
        ("taken", "cannot write to the folder 'taken'"),
        ("folder.png", "it is a folder"),
    ],
)
def test_a_place_that_cannot_be_written_to(
    result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").write_text("mine")
    Path("folder.png").mkdir()
    with pytest.raises(hs.InputError, match=words):
        result.save(place)
    assert sorted(os.listdir()) == ["folder.png", "taken"]
    assert Path("taken").read_text() == "mine"


def test_a_failed_write_leaves_the_old_file_and_nothing_new(
    result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "old.csv"
    target.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(hs.InputError, match=r"cannot write '.*old\.csv': No space left"):
        result.save(target)
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert target.read_text() == "old"


def test_a_study_without_runs_says_so() -> None:
    study = hs.study(scheme="he", seed=[0, 1], steps=10)
    assert "0 of 2 runs done" in repr(study)
    assert str(study) == study.headline
    assert study.headline in study._repr_html_()


# --- settings are said once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "model"), [(hs.compare, CompareSettings), (hs.tune, TuneSettings)])
def test_defaults_in_the_signature_are_the_settings_own(verb: Any, model: type[TrainingSettings]) -> None:
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in model.model_fields and parameter.default is not None:
            default = model.model_fields[name].default
            assert parameter.default in (default, default[0] if name == "schemes" else default), name


@pytest.mark.parametrize(("verb", "model"), [(hs.compare, CompareSettings), (hs.tune, TuneSettings)])
def test_every_setting_is_an_argument_with_words(verb: Any, model: type[TrainingSettings]) -> None:
    told = verb.__doc__.partition("Args:")[2]
    inner = {"preset", "objective"}  # hs.compare_course; the function itself
    for name in model.model_fields.keys() - inner:
        assert name in inspect.signature(verb).parameters, name
        assert f"\n        {name}: " in told, name
        assert model.model_fields[name].description, name
