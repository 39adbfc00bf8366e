"""headstart: the initial weights of neural networks, chosen, explained and compared by experiment.

Importing headstart loads NumPy and the standard library only; everything else loads inside what needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.draws.philox import philox4x32
from headstart.draws.sample import sample
from headstart.draws.streams import stream_words
from headstart.errors import ExecutorError, HeadstartError, InputError, Interrupted, StoreError
from headstart.layout import Fans, Layout, fans
from headstart.schemes import Scheme, scheme
from headstart.schemes.names import (
    constant,
    delta_orthogonal,
    dirac,
    glorot,
    he,
    identity,
    lecun,
    normal,
    ones,
    orthogonal,
    siren,
    sparse,
    truncated_normal,
    uniform,
    xavier,
    zeros,
)

if TYPE_CHECKING:
    from headstart import theory, torch
    from headstart.experiments.simulation import simulate, singular_values
    from headstart.theory.gains import gain
    from headstart.verbs.audit import Audit, Unhealthy, audit
    from headstart.verbs.compare import Comparison, compare
    from headstart.verbs.plan import Plan, init, plan
    from headstart.verbs.study import Study, StudyReport, study
    from headstart.verbs.tune import Tuning, tune

__version__ = "0.1.0.dev0"

__all__ = [
    "Audit",
    "Comparison",
    "ExecutorError",
    "Fans",
    "HeadstartError",
    "InputError",
    "Interrupted",
    "Layout",
    "Plan",
    "Scheme",
    "StoreError",
    "Study",
    "StudyReport",
    "Tuning",
    "Unhealthy",
    "audit",
    "compare",
    "constant",
    "delta_orthogonal",
    "dirac",
    "fans",
    "gain",
    "glorot",
    "he",
    "identity",
    "init",
    "lecun",
    "normal",
    "ones",
    "orthogonal",
    "philox4x32",
    "plan",
    "sample",
    "scheme",
    "simulate",
    "singular_values",
    "siren",
    "sparse",
    "stream_words",
    "study",
    "theory",
    "torch",
    "truncated_normal",
    "tune",
    "uniform",
    "xavier",
    "zeros",
]

# name -> the module that defines it, loaded at first use
_LAZY = {
    "Audit": "headstart.verbs.audit",
    "Comparison": "headstart.verbs.compare",
    "Plan": "headstart.verbs.plan",
    "Study": "headstart.verbs.study",
    "StudyReport": "headstart.verbs.study",
    "Tuning": "headstart.verbs.tune",
    "Unhealthy": "headstart.verbs.audit",
    "audit": "headstart.verbs.audit",
    "compare": "headstart.verbs.compare",
    "gain": "headstart.theory.gains",
    "init": "headstart.verbs.plan",
    "plan": "headstart.verbs.plan",
    "simulate": "headstart.experiments.simulation",
    "singular_values": "headstart.experiments.simulation",
    "study": "headstart.verbs.study",
    "theory": "headstart",
    "torch": "headstart",
    "tune": "headstart.verbs.tune",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    import importlib

    if _LAZY[name] == "headstart":  # a room of its own
        return importlib.import_module(f"headstart.{name}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
