"""Sick models of every kind, their twins, and models that are well: what is said of each, and of which layer."""

from __future__ import annotations

import pytest
import sick_corpus
import sick_others
import torch
import well_models

from headstart.models.torch.measure import trace_of
from headstart.signals.judge import Verdict
from headstart.signals.probe.judge import judge_trace
from headstart.signals.rule import Finding

ROWS = {**sick_corpus.ROWS, **sick_others.ROWS}


def verdict(model: torch.nn.Module, sick: sick_corpus.Sick) -> Verdict:
    return judge_trace(trace_of(model, sick.inputs, loss=sick.loss, target=sick.target))


def names(finding: Finding, guilty: tuple[str, ...]) -> bool:
    """Whether a finding is at one of these modules, or at a part of one."""
    layer = finding.layer or ""
    return any(layer == name or layer.startswith((f"{name}.", f"{name} ")) or not name for name in guilty)


@pytest.mark.parametrize("name", ROWS)
def test_a_sick_model_is_told_by_its_sickness_and_layer_and_its_twin_has_no_fault(name: str) -> None:
    sick = ROWS[name]()
    found = verdict(sick.model, sick)
    told = [each for each in found.findings if each.code in sick.codes and each.severity == sick.severity]
    assert any(names(each, sick.guilty) for each in told), [(each.code, each.layer) for each in found.findings]
    assert all(each.message.endswith(".") and each.remedy for each in found.findings)
    assert (found.word == "healthy") == (sick.severity == "remark")
    well = verdict(sick.healthy, sick)
    assert not [each for each in well.findings if each.severity == "fault"], well.reason
    assert well.word == "healthy"


@pytest.mark.parametrize("name", well_models.MODELS)
def test_a_model_as_its_paper_starts_it_has_no_fault(name: str) -> None:
    torch.manual_seed(0)
    well = well_models.MODELS[name]
    found = judge_trace(trace_of(well.make(), well.inputs, loss=well.loss, target=well.target))
    assert found.word == "healthy", found.reason
