"""What Python exports to the page is what the code says now, and complete."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from headstart.experiments.settings import CompareSettings
from headstart.schemes import FAMILIES, scheme
from headstart.signals.judge import HEALTHY, ORDER, RECOVERED
from headstart.signals.registry import rows
from headstart.signals.sentences import SENTENCES
from headstart.theory.activations import FORMULAS
from headstart.theory.gains import gain
from headstart.web.page import template
from headstart.web.state import page_state
from headstart.web.tables import FILE, tables, text

RUN = "the tables have changed. Run: python -m headstart.web.tables, and make page"


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two documents differ; floats only beyond what another processor rounds otherwise."""
    if {type(one), type(other)} <= {int, float}:  # the page's 1.0 is 1
        return [] if math.isclose(one, other, rel_tol=1e-12) else [where]
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return [where]
        return [found for key in one for found in differences(one[key], other[key], f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return [where]
        return [
            found
            for k, pair in enumerate(zip(one, other, strict=True))
            for found in differences(*pair, f"{where}[{k}]")
        ]
    return [] if one == other and type(one) is type(other) else [where]


def test_the_file_is_what_the_code_says() -> None:
    assert differences(json.loads(FILE.read_text(encoding="utf-8")), json.loads(text())) == [], RUN


def test_the_page_holds_that_file() -> None:
    page = template().html
    start = page.index('id="tables">') + len('id="tables">')
    held = json.loads(page[start : page.index("</script>", start)])
    assert differences(held, json.loads(FILE.read_text(encoding="utf-8"))) == [], RUN


def test_the_check_sees_a_change() -> None:
    assert differences({"a": [1.0, {"b": "x"}]}, {"a": [1.0, {"b": "y"}]}) == [".a[1].b"]
    assert differences({"a": 1.0}, {"a": 1.0 + 1e-9}) == [".a"]


def test_everything_is_there() -> None:
    found = tables()
    assert [row["name"] for row in found["schemes"]] == list(FAMILIES)
    assert [row["name"] for row in found["activations"]] == list(FORMULAS)
    assert {row["code"] for row in found["rules"]} == set(ORDER) <= {row["code"] for row in rows()}
    assert found["settings"].keys() == CompareSettings.model_fields.keys()


def test_gains_are_theorys() -> None:
    found = {row["name"]: row for row in tables()["activations"]}
    assert found["relu"]["gain"] == gain("relu") == pytest.approx(math.sqrt(2))
    assert found["tanh"]["backward_gain"] == gain("tanh", 1.0, "backward")
    assert scheme("gain(tanh)").std(fan_in=4, fan_out=9) == pytest.approx(found["tanh"]["gain"] / 2)
    assert [name for name, row in found.items() if row["dies"]] == [name for name in FORMULAS if found[name]["dies"]]
    assert found["relu"]["dies"]
    assert not found["tanh"]["dies"]
    assert not found["leaky_relu"]["dies"]
    assert found["hardtanh"]["dies"]


def test_every_word_of_a_verdict_has_its_paragraph() -> None:
    words = {row["word"] for row in tables()["rules"]} | {HEALTHY, RECOVERED}
    assert words == tables()["paragraphs"].keys()


def test_sentences_are_in_use() -> None:
    """A template that nothing fills would be a promise to the page."""
    from pathlib import Path

    import headstart.signals

    code = "".join(path.read_text() for path in Path(headstart.signals.__file__).parent.glob("*.py"))
    code = code.replace((Path(headstart.signals.__file__).parent / "sentences.py").read_text(), "")
    assert [name for name in SENTENCES if f'"{name}"' not in code] == []


def test_presets_are_states() -> None:
    presets = tables()["presets"]
    assert len({preset["name"] for preset in presets}) == len(presets) >= 5
    assert presets[0]["address"] == "v=1"
    assert page_state().schemes == CompareSettings.model_fields["schemes"].default
