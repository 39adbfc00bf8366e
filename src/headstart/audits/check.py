"""All checks of an audit: from the evidence to the findings, in the order of the model's parameters."""

from __future__ import annotations

from headstart.audits import biases, copies, fans, memory, norms, scale, zeros
from headstart.audits.evidence import Evidence
from headstart.signals.rule import Finding

CHECKS = (
    memory.unwritten, memory.missing, zeros.zeros, copies.identical, copies.units, norms.norms, fans.fans, scale.scale,
    biases.dead_units, memory.ignored, memory.padding, biases.forget_biases,
)  # fmt: skip


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What is found: faults first, then by code, then in the model's order."""
    found = [finding for check in CHECKS for finding in check(evidence)]
    drifts = {finding.layer for finding in found if finding.code in ("HS614", "HS615")}
    # one width fits a forgotten root by chance; that the signal vanishes or explodes for it makes it likely
    found = [each for each in found if each.code != "HS612" or each.severity == "fault" or each.layer in drifts]
    places = {name: place for place, name in enumerate(evidence.tensors)}
    return tuple(
        sorted(found, key=lambda each: (each.severity != "fault", each.code, places.get(each.layer or "", -1)))
    )
