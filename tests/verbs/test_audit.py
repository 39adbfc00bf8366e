"""hs.audit's result: rows, table, JSON, files, a notebook's form, and the assertion for a test suite."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import headstart as hs
from headstart.verbs.result import Result


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    blocks = [module for _ in range(6) for module in (nn.Linear(16, 16), nn.Tanh())]
    found = nn.Sequential(*blocks, nn.Linear(16, 4))
    nn.init.zeros_(found[4].weight)
    return found


@pytest.fixture
def audit(model: nn.Module) -> hs.Audit:
    return hs.audit(model, torch.randn(4, 16))


def test_findings_name_the_parameter_the_number_the_limit_and_the_remedy(audit: hs.Audit) -> None:
    (finding,) = audit.faults
    assert (finding.code, finding.severity, finding.layer) == ("HS604", "fault", "4.weight")
    assert (finding.value, finding.limit) == (0.0, 0.0)
    assert "next weight sees nothing else" in finding.message
    assert "he, xavier" in finding.remedy
    assert not audit.healthy
    assert audit.remarks == ()


def test_rows_have_one_per_parameter_and_buffer() -> None:
    model = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32))
    rows = {row["name"]: row for row in hs.audit(model).rows()}
    assert list(rows) == [*dict(model.named_parameters()), *dict(model.named_buffers())]
    weight = rows["0.weight"]
    assert weight["shape"] == [32, 64]
    assert weight["std"] == pytest.approx(float(model[0].weight.detach().std()), rel=0.01)
    assert weight["high"] == float(model[0].weight.detach().max())
    assert rows["1.weight"]["recipes"] == ["ones"]
    assert rows["1.running_var"]["role"] == "buffer"


def test_rows_are_copies(audit: hs.Audit) -> None:
    audit.rows()[0]["name"] = "changed"
    assert audit.rows()[0]["name"] == "0.weight"


def test_the_forms_of_the_result(audit: hs.Audit) -> None:
    assert isinstance(audit, Result)
    assert repr(audit) == "<Audit: 14 parameters: 1 fault and 0 remarks>"
    text = str(audit)
    assert "HS604 zero layer (fault): 4.weight" in text
    assert "headstart explain CODE says more." in text
    assert max(map(len, text.splitlines())) <= 100
    page = audit._repr_html_()
    assert "<table" in page
    assert "HS604 zero layer (fault)" in page
    assert "<img" not in page


def test_layers_that_hold_the_same_are_told_once() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64)) for _ in range(12)))
    text = str(hs.audit(model))
    assert "0–11 (12 ×)" in text
    assert len(text.splitlines()) < 12


def test_json_and_files(audit: hs.Audit, tmp_path: Path) -> None:
    document = audit.to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["schema"], document["healthy"], document["example"]) == (1, False, True)
    assert document["findings"][0]["layer"] == "4.weight"
    written = audit.save(tmp_path / "out")
    assert set(written) == {"json", "csv"}
    assert json.loads(Path(written["json"]).read_text()) == document
    rows = list(csv.DictReader(io.StringIO(Path(written["csv"]).read_text())))
    assert [row["name"] for row in rows] == [row["name"] for row in audit.rows()]
    assert rows[4]["findings"] == "HS604"
    assert audit.report(tmp_path / "audit.html").read_text().count("HS604") >= 2
    assert audit.chart().to_dict()["title"]["text"] == "What each parameter has"


def test_what_json_cannot_hold() -> None:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, float("nan"))
    document = hs.audit(layer).to_json()
    assert json.dumps(document, allow_nan=False)
    assert document["parameters"][0]["std"] == "nan"


def test_the_assertion_for_a_test_suite(audit: hs.Audit) -> None:
    with pytest.raises(AssertionError, match=r"1 fault in the parameters:\nHS604 4.weight: All its values are zero"):
        audit.assert_healthy()
    audit.assert_healthy(allow=["HS604"])
    audit.assert_healthy(allow={"zero layer"})
    with pytest.raises(hs.InputError, match="unknown finding 'HS999'"):
        audit.assert_healthy(allow=["HS999"])
    hs.audit(nn.Linear(4, 4)).assert_healthy()
    assert hs.Unhealthy.exit_code == 3


def test_a_model_against_its_lock() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    plan = hs.init(model, "he", seed=7)
    lock = plan.lock(model, 7)
    same = hs.audit(model, lock=lock)
    assert same.healthy
    assert same.unlocked == {}
    assert hs.audit(model, lock=lock.to_json()).unlocked == {}
    with torch.no_grad():
        model[2].weight[0, 0] += 1e-6
    other = hs.audit(model, lock=lock)
    assert other.unlocked == {"2.weight": "has other values"}
    assert not other.healthy
    assert not other.faults
    assert "not as locked (has other values): 2.weight" in str(other)
    with pytest.raises(AssertionError, match=r"not as locked: 2\.weight has other values"):
        other.assert_healthy()
    with pytest.raises(hs.InputError, match=r"the lock is of another model: it has '0.weight', the model 'weight'"):
        hs.audit(nn.Linear(8, 16), lock=lock)
    with pytest.raises(hs.InputError, match="no lock"):
        hs.audit(model, lock={"schema": 1})


def test_asking_for_audit_loads_no_torch_and_its_room_does_not_hide_it() -> None:
    code = """
import headstart as hs, sys
hs.audit
assert "torch" not in sys.modules
import headstart.audits.check
assert callable(hs.audit)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
