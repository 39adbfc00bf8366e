"""Audit: what every parameter of a model or checkpoint holds, and what is wrong with it. Changes nothing."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.audits.check import findings
from headstart.audits.evidence import Evidence, Tensor
from headstart.errors import InputError
from headstart.models import adapter_of
from headstart.models.passes import with_parameters
from headstart.plans.lock import Lock, Locked, digest
from headstart.signals.parameters import RULES
from headstart.signals.rule import Finding
from headstart.verbs.judged import Judged
from headstart.words import listed, plain

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.files import Files

SCHEMA = 1
PICKLES = (".pt", ".pth", ".bin", ".ckpt")
OF_KERAS = (".keras", ".h5", ".hdf5")


class Audit(Judged):
    """What every parameter holds, and what is wrong: `findings`, each with the parameter's name in `.layer`.

    Args:
        findings: faults first.
        tensors: the rows' data, one per parameter and buffer.
        seen: whether a pass on an example showed what follows each weight.
        unlocked: parameter -> how it differs from the lock that it was compared with; None without a lock.
    """

    _rules, _where = RULES, "in the parameters"

    def __init__(
        self, findings: tuple[Finding, ...], tensors: Iterable[Tensor], seen: bool,
        unlocked: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.findings, self.seen, self.unlocked = findings, seen, unlocked
        codes: dict[str, list[str]] = {}
        for finding in findings:
            codes.setdefault(finding.layer or "", []).append(finding.code)
        self._rows = [_row(tensor, codes.get(tensor.name, [])) for tensor in tensors]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong and all is as locked; remarks may be."""
        return super().healthy and not self.unlocked

    def rows(self) -> list[dict[str, Any]]:
        """One row per parameter and buffer: name, shape, role, what it looks like, its scale, what it fits."""
        return [dict(row) for row in self._rows]

    def to_json(self) -> dict[str, Any]:
        """Rows and findings as plain data."""
        found: dict[str, Any] = plain({
            "schema": SCHEMA, "healthy": self.healthy, "example": self.seen,
            "findings": [finding.row() for finding in self.findings], "parameters": self._rows,
            "lock": None if self.unlocked is None else dict(self.unlocked),
        })  # fmt: skip
        return found

    def _also_wrong(self) -> list[str]:
        return [f"not as locked: {name} {how}." for name, how in (self.unlocked or {}).items()]

    @property
    def headline(self) -> str:
        from headstart.show.model.audit_table import heading

        return heading(self._rows, self.findings)

    def print_to(self, console: Console) -> None:
        from headstart.show.model.audit_table import print_audit

        print_audit(self._rows, self.findings, console, self.unlocked)

    def chart(self) -> Any:
        """The standard deviation of each parameter, in the model's order, those with findings marked."""
        from headstart.show.model.audit_chart import audit_chart

        return audit_chart(self._rows, self.findings)

    def html_table(self) -> str:
        from headstart.show.model.audit_table import audit_html

        return audit_html(self._rows, self.findings)

    def _repr_html_(self) -> str:
        return self.html_table()

    def files(self) -> Files:
        """audit.json and audit.csv in a folder; .png, .svg, .pdf and .html on request."""
        from headstart.show.model.audit_files import audit_files

        return audit_files(self.to_json, self._rows, self.findings)


def audit(model: Any, example: Any = None, *, lock: Any = None, trust: bool = False, params: Any = None) -> Audit:
    """What every parameter and buffer of a model or checkpoint holds, and what is wrong with it. Changes nothing.

    For each parameter: what its values look like, their scale, and every recipe that fits. Findings have the
    parameter's name in `.layer`; a fault is something wrong, a remark worth knowing. What a weight is followed by comes
    from one forward pass on the example; without one, what only a pass can show is not judged.

    Args:
        model: a torch.nn.Module; a Flax NNX or Equinox module, a tree of JAX arrays, or a pair (Linen module, Haiku
            transform or function, tree); or the path of a safetensors file, or of a folder of shards.
        example: inputs for one forward pass: a tensor, a tuple, or a dict by name. Values do not matter, shapes do.
        lock: a `Lock`, or its JSON, that the values are compared with: what `plan(...).lock(model)` gave.
        trust: whether a pickled checkpoint (.pt, .pth, .bin, .ckpt) may be read: unpickling runs code that is in it.
        params: the parameters of a function or module over JAX that does not hold them.

    Raises:
        InputError: no model, an example that does not run, a file that cannot be read, or a lock of another model.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    >>> found = audit(model, torch.zeros(2, 8))
    >>> found.healthy, found.rows()[0]["looks"], found.rows()[0]["recipes"][0]
    (True, 'uniform', "U(±1/sqrt(fan_in)), PyTorch's default for Linear")
    >>> _ = torch.nn.init.zeros_(model[0].weight)
    >>> [(finding.code, finding.layer) for finding in audit(model, torch.zeros(2, 8)).findings]
    [('HS604', '0.weight')]
    """
    if isinstance(model, (str, os.PathLike)):
        if example is not None:
            raise InputError("a checkpoint has no forward pass and takes no example. Leave it out, or pass the model.")
        return audit_of(_of_path(Path(model), trust), lock)
    if params is not None:
        model = with_parameters(model, params)
    adapter = importlib.import_module(f"{adapter_of(model).__name__}.audit")
    return audit_of(adapter.evidence_of(model, example), lock)


def audit_of(evidence: Evidence, lock: Any = None) -> Audit:
    """The audit of evidence that an adapter gathered."""
    unlocked = None if lock is None else _unlocked(evidence, lock if isinstance(lock, Lock) else Lock.from_json(lock))
    return Audit(findings(evidence), evidence.tensors.values(), evidence.graph is not None, unlocked)


def _unlocked(evidence: Evidence, lock: Lock) -> dict[str, str]:
    """How parameters differ from a lock."""
    held = {name: tensor for name, tensor in evidence.tensors.items() if tensor.values is not None}
    wanted = [held[locked.name] for locked in lock.parameters if locked.name in held]
    if lock.parameters and not wanted:
        raise InputError(
            f"the lock is of another model: it has {lock.parameters[0].name!r}, the model "
            f"{next(iter(evidence.tensors), 'nothing')!r}. Pass the lock of this one."
        )
    return lock.differences({
        tensor.name: Locked(tensor.name, tensor.values.shape, tensor.dtype, digest(tensor.values.stored()))
        for tensor in wanted if tensor.values is not None
    })  # fmt: skip


def _of_path(path: Path, trust: bool) -> Evidence:
    if path.suffix.lower() in OF_KERAS:
        raise InputError(
            f"{str(path)!r} is a file of Keras's own, which only Keras reads. Load it and audit the model: "
            "hs.audit(keras.saving.load_model(path)), or build the model and call load_weights(path)."
        )
    if path.suffix.lower() in PICKLES:
        if not path.is_file():
            raise InputError(f"there is no file {str(path)!r}. Write the path of a checkpoint.")
        if not trust:
            raise InputError(
                f"{str(path)!r} is a pickle, and unpickling runs whatever code is in it. Save it as safetensors, or "
                "pass trust=True (--trust) if you know where it comes from."
            )
        pickles = importlib.import_module("headstart.models.torch.checkpoint")
        found: Evidence = pickles.evidence_of_pickle(path)
        return found
    from headstart.models.checkpoints.audit import evidence_of

    return evidence_of(path)


def _row(tensor: Tensor, codes: list[str]) -> dict[str, Any]:
    look, parameter = tensor.look, tensor.parameter
    notes = [f"the same array as {parameter.tied_to}"] if parameter.tied_to else []
    notes += [note for note in (tensor.missing, parameter.fixed if not tensor.missing else "", parameter.note) if note]
    return {
        "name": tensor.name, "shape": list(parameter.shape), "dtype": tensor.dtype,
        "role": "buffer" if tensor.buffer else parameter.role,
        "looks": None if look is None else look.kind, "mean": None if look is None else look.mean,
        "std": None if look is None else look.std, "low": None if look is None else look.low,
        "high": None if look is None else look.high, "recipes": list(tensor.recipes), "findings": sorted(set(codes)),
        "trainable": parameter.trainable and not tensor.buffer, "note": listed(notes) if notes else "",
    }  # fmt: skip
