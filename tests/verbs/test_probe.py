"""What people hold of a probe: verdict, findings, rows, JSON, pictures, a remedy that was tried, a check for CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from made_trace import finding, mlp, verdict
from torch import Tensor, nn

import headstart as hs
from headstart.verbs.probe import Probe

FIELDS = ("name", "kind", "rms", "batch_std", "cosine", "dead", "saturated", "grad_rms", "predicted_rms",
          "predicted_grad",           "noise", "findings")  # fmt: skip


def deep(depth: int = 40, width: int = 32) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())))


@pytest.fixture(scope="module")
def sick() -> Probe:
    return hs.probe(deep(), torch.randn(16, 32, generator=torch.Generator().manual_seed(0)))


def test_a_deep_network_with_the_default_is_sick(sick: Probe) -> None:
    assert sick.verdict == "vanishing"
    assert not sick.healthy
    first = sick.findings[0]
    assert {first.code, first.severity} >= {"fault"}
    assert first.layer in {row.name for row in sick.layers} | set(sick.weights)
    assert first.message
    assert "hs.init(" in first.remedy
    assert sick.faults
    assert {each.severity for each in sick.remarks} <= {"remark"}
    assert set(sick.weights) == set(dict(deep().named_parameters()))


def test_rows_are_plain_data_with_their_findings(sick: Probe) -> None:
    rows = sick.rows()
    assert set(FIELDS) <= set(rows[0])
    assert [row["name"] for row in rows] == [row.name for row in sick.layers]
    assert {code for row in rows for code in row["findings"]} <= {each.code for each in sick.findings}
    assert any(row["findings"] for row in rows)
    document = json.loads(json.dumps(sick.to_json(), allow_nan=False))
    assert (document["schema"], document["verdict"], document["healthy"]) == (1, "vanishing", False)
    assert len(document["layers"]) == len(rows)
    assert document["findings"][0]["code"] == sick.findings[0].code


def test_a_check_for_a_test_suite(sick: Probe) -> None:
    with pytest.raises(hs.Unhealthy, match=f"in the signal or the gradient:\n{sick.faults[0].code} ") as told:
        sick.assert_healthy()
    assert isinstance(told.value, AssertionError)
    assert told.value.exit_code == 3
    with pytest.raises(hs.Unhealthy):
        sick.assert_healthy(allow=[sick.faults[0].code])
    sick.assert_healthy(allow={each.code for each in sick.faults})
    sick.assert_healthy(allow=[each.word for each in sick.faults])
    with pytest.raises(hs.InputError, match="unknown finding 'HS999'"):
        sick.assert_healthy(allow="HS999")
    Probe(mlp(3), verdict(finding("HS301", "0", severity="remark"))).assert_healthy()


def test_a_remedy_is_tried_on_a_copy_and_told_before_and_after() -> None:
    model, x = deep(), torch.randn(16, 32)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fixed = hs.probe(model, x).try_fix()
    assert fixed is not None
    assert fixed.cures
    assert (fixed.before.verdict, fixed.after.verdict) == ("vanishing", "healthy")
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert "vanishing before, healthy after" in str(fixed)
    assert "-> gone" in str(fixed)
    assert json.dumps(fixed.to_json(), allow_nan=False)
    namespace = {"hs": hs, "model": model, "x": x}
    exec(fixed.code, namespace)  # what it says is what to type
    assert hs.probe(model, x).healthy


def test_no_remedy_for_what_is_healthy_or_only_predicted() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    assert hs.probe(model, torch.randn(16, 8)).try_fix() is None
    with pytest.raises(hs.InputError, match="Probe without predict_only"):
        Probe(mlp(3, measured=False), verdict()).try_fix()


def test_text_notebook_and_files(sick: Probe, tmp_path: Path) -> None:
    assert repr(sick).startswith("<Probe: vanishing: 81 operations, 80 weights>")
    assert str(sick).startswith("vanishing: ")
    shown = sick._repr_mimebundle_()
    assert "<table>" in shown["text/html"]
    assert "data:image/png" in shown["text/html"]
    sick.save(tmp_path / "probe.json")
    assert json.loads((tmp_path / "probe.json").read_text())["verdict"] == "vanishing"
    sick.save(tmp_path / "probe.csv")
    assert (tmp_path / "probe.csv").read_text().startswith("op,value,name,kind")
    with pytest.raises(hs.InputError, match=r"a report is one \.html file"):
        sick.html(tmp_path / "probe.txt")


def test_losses_and_learning_rate() -> None:
    model, x, y = nn.Linear(6, 3), torch.randn(8, 6), torch.randn(8, 3)
    known = hs.probe(model, x, loss="mse", target=y)
    assert known.trace.loss == pytest.approx(float(nn.functional.mse_loss(model(x), y).detach()), rel=1e-5)
    assert hs.probe(model, x, loss=lambda output: output.square().mean()).trace.loss_kind == "given"
    rated = hs.probe(model, x, learning_rate=0.1)
    weight = rated.weights["weight"]
    assert weight.update == pytest.approx(0.1 * weight.grad_rms / weight.rms)  # type: ignore[operator]  # both are there
    assert "update" in str(rated)


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(20, 8), nn.Linear(8, 20)

    def forward(self, input_ids: Tensor, scale: float = 1.0) -> dict[str, Tensor]:
        return {"logits": self.head(scale * self.table(input_ids))}


def test_inputs_by_name_and_outputs_in_a_dict() -> None:
    found = hs.probe(Named(), input_ids=torch.randint(0, 20, (4, 5)), scale=2.0)
    assert [row.kind for row in found.layers][:1] == ["embedding"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"draws": 0}, "draws must be a whole number"),
        ({"draws": 1.5}, "draws must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"learning_rate": 0}, "learning_rate must be a positive"),
        ({"learning_rate": "fast"}, "learning_rate must be a positive"),
        ({"jacobian": -1}, "jacobian must be a whole number"),
        ({"loss": "mse"}, "the loss 'mse' compares with a target"),
        ({"loss": "mes", "target": torch.zeros(4, 2)}, "mes"),
        ({"loss": lambda output: output}, "loss"),
    ],
)
def test_bad_input(how: dict[str, Any], words: str) -> None:
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    with pytest.raises(hs.InputError, match=words):
        hs.probe(model, torch.randn(4, 3), **how)
    assert torch.equal(model.weight, before)
    assert model.weight.grad is None


def test_what_is_no_model() -> None:
    with pytest.raises(hs.InputError, match=r"a model is a torch\.nn\.Module.* got int"):
        hs.probe(3, torch.zeros(2, 2))
    with pytest.raises(hs.InputError, match="the class Linear: call it first"):
        hs.probe(nn.Linear, torch.zeros(2, 2))
