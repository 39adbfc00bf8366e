"""headstart: the initial weights of neural networks, chosen, explained and compared by experiment.

Importing headstart loads nothing: each name loads at its first use, schemes and draws with NumPy and the standard
library only. So the command line can listen to Ctrl-C before anything heavy loads.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself takes longer than this file
if TYPE_CHECKING:
    from typing import Any

    from headstart import keras, theory, torch
    from headstart.draws.philox import philox4x32
    from headstart.draws.sample import sample
    from headstart.draws.streams import stream_words
    from headstart.errors import ExecutorError, HeadstartError, InputError, Interrupted, StoreError, Unhealthy
    from headstart.experiments.simulation import simulate, singular_values
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
    from headstart.theory.gains import gain
    from headstart.verbs.audit import Audit, audit
    from headstart.verbs.compare import Comparison, compare
    from headstart.verbs.lab import Lab, lab
    from headstart.verbs.plan import Plan, init, plan
    from headstart.verbs.probe import Probe, probe
    from headstart.verbs.study import Study, StudyReport, study
    from headstart.verbs.tune import Tuning, tune
    from headstart.verbs.verify import Verified
    from headstart.verbs.watch import Watch, watch

__version__ = "0.1.0.dev0"

__all__ = [
    "Audit",
    "Comparison",
    "ExecutorError",
    "Fans",
    "HeadstartError",
    "InputError",
    "Interrupted",
    "Lab",
    "Layout",
    "Plan",
    "Probe",
    "Scheme",
    "StoreError",
    "Study",
    "StudyReport",
    "Tuning",
    "Unhealthy",
    "Verified",
    "Watch",
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
    "jax",
    "keras",
    "lab",
    "lecun",
    "normal",
    "ones",
    "orthogonal",
    "philox4x32",
    "plan",
    "probe",
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
    "watch",
    "xavier",
    "zeros",
]

# module -> the names it defines, loaded at first use
_HOMES = {
    "headstart": "jax keras theory torch",
    "headstart.draws.philox": "philox4x32",
    "headstart.draws.sample": "sample",
    "headstart.draws.streams": "stream_words",
    "headstart.errors": "ExecutorError HeadstartError InputError Interrupted StoreError Unhealthy",
    "headstart.experiments.simulation": "simulate singular_values",
    "headstart.layout": "Fans Layout fans",
    "headstart.schemes": "Scheme scheme",
    "headstart.schemes.names": (
        "constant delta_orthogonal dirac glorot he identity lecun normal ones orthogonal siren sparse "
        "truncated_normal uniform xavier zeros"
    ),
    "headstart.theory.gains": "gain",
    "headstart.verbs.audit": "Audit audit",
    "headstart.verbs.compare": "Comparison compare",
    "headstart.verbs.lab": "Lab lab",
    "headstart.verbs.plan": "Plan init plan",
    "headstart.verbs.probe": "Probe probe",
    "headstart.verbs.study": "Study StudyReport study",
    "headstart.verbs.tune": "Tuning tune",
    "headstart.verbs.verify": "Verified",
    "headstart.verbs.watch": "Watch watch",
}
_LAZY = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    import importlib

    if _LAZY[name] == "headstart":  # a room of its own
        return importlib.import_module(f"headstart.{name}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
