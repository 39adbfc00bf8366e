"""Trainings through the WebAssembly module, run by node, beside the same trainings by the compiled engine."""

from __future__ import annotations

import base64
import functools
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headstart.experiments.data.datasets import load
from headstart.experiments.engine import History, Samples, Schedule, train_networks
from headstart.experiments.engine.loop import callable_of
from headstart.experiments.engine.program import Program, _Order
from headstart.experiments.engine.schedule import QUANTITIES
from headstart.experiments.network import Network, network_for
from headstart.schemes import scheme

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "src/headstart/web/built"
SCRIPT = Path(__file__).with_name("web") / "engine.mjs"
FLAG = "--experimental-wasm-relaxed-simd"  # what node 20 needs; newer ones neither need nor know it
REAL = np.dtype("float32")


@dataclass(frozen=True)
class Training:
    """One network's training; a regression learns the squares of the first two inputs."""

    activation: str = "relu"
    hidden: tuple[int, ...] = (10, 5)
    data: str = "circles"
    optimizer: str = "sgd"
    rate: float = 0.05
    steps: int = 300
    decay: float = 0.0
    clip: float | None = None
    batch: int | None = None
    seed: int = 0
    scheme: str = "he"
    course: bool = False
    regression: bool = False

    @property
    def label(self) -> str:
        """What is not as usual."""
        usual = Training()
        told = [f"{name}={value}" for name, value in vars(self).items() if value != getattr(usual, name)]
        return " ".join(told) or "usual"

    def network(self) -> Network:
        data = load(self.data)
        classes, inputs = len(np.unique(data.train_y)), data.train_x.shape[1]
        if self.regression:
            return network_for(inputs, 2, "regression", self.hidden, self.activation)
        outputs = 1 if classes == 2 else classes
        return network_for(inputs, outputs, "binary" if classes == 2 else "classes", self.hidden, self.activation)

    def samples(self) -> Samples:
        data = load(self.data)
        targets = data.train_x[:, :2] ** 2 if self.regression else data.targets(data.train_y)
        return Samples.of(data.train_x.astype(np.float32), targets, "float32")

    def schedule(self) -> Schedule:
        return Schedule(
            self.steps, self.rate, max(1, self.steps // 7), optimizer=self.optimizer, weight_decay=self.decay,
            clip=self.clip, batch_size=self.batch, course_formula=self.course, record_last=False,
        )  # fmt: skip

    def start(self) -> np.ndarray:
        return self.network().start(scheme(self.scheme), self.seed, "float32")

    def natively(self) -> History:
        """As the compiled engine trains it."""
        return train_networks(self.network(), self.samples(), self.start()[None], self.schedule(), threads=1)

    def observed(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """What the compiled engine's `observe` leaves, as it stands in memory."""
        schedule = Schedule(1, 1.0, 1, record=tuple(QUANTITIES), course_formula=self.course)
        program = Program(self.network(), self.samples(), REAL, schedule)
        work = program.workspace()
        steepest, behaviour = np.zeros(program.total_rows, REAL), np.empty(2 * len(self.hidden))
        callable_of("observe", REAL)(
            *program._common(theta, work), work.total.ctypes.data, steepest.ctypes.data, behaviour.ctypes.data
        )
        return {"gradient": work.gradient, "steepest": steepest, "behaviour": behaviour, "totals": work.total.copy()}

    def for_node(self, slices: int = 1) -> dict[str, Any]:
        """As engine.mjs takes it."""
        network, samples, schedule = self.network(), self.samples(), self.schedule()
        program = Program(network, samples, REAL, schedule)
        order = _Order(samples.count, self.batch, 0).take(self.steps) if self.batch else np.empty(0, np.int64)
        return {
            "sizes": list(network.sizes), "activation": network.activation.name,
            "keeps_slope": program.rows.keeps_slope, "parameters": program.rows.parameters.tolist(),
            "loss": "course" if self.course else network.task, "optimizer": program.optimizer.name,
            "plain": program.optimizer.name == "sgd" and not (self.decay or self.clip),
            "arguments": list(program.optimizer.arguments), "rate": self.rate, "decay": self.decay,
            "clip": self.clip or 0, "steps": self.steps, "every": schedule.record_every, "batch": self.batch or 0,
            "samples": samples.count, "x": packed(samples.x), "targets": packed(samples.targets),
            "start": packed(self.start()), "order": packed(order), "slices": slices,
        }  # fmt: skip


def packed(array: np.ndarray) -> str:
    """The bytes, as text."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def unpacked(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@functools.cache
def node() -> tuple[str, ...] | None:
    """The command that runs a module with relaxed SIMD; None where there is none."""
    found = shutil.which("node")
    module = json.dumps(str(BUILT / "engine.wasm"))
    check = f"process.exit(WebAssembly.validate(require('fs').readFileSync({module})) ? 0 : 1)"
    for command in ((found,), (found, FLAG)) if found else ():
        if subprocess.run([*command, "-e", check], capture_output=True).returncode == 0:
            return command
    return None


def run_in_node(module: Path, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """What engine.mjs says of the cases."""
    command = node()
    assert command is not None
    given = json.dumps({"module": str(module), "cases": cases})
    done = subprocess.run([*command, str(SCRIPT)], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
