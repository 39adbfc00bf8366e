"""How fast the page trains: WebAssembly in node beside the compiled engine, in one run: `python benchmarks/page.py`.

Both train the same network from the same weights in slices of some milliseconds, in turns; of each the fastest slice
counts, because on a busy machine most slices wait. Node's compiler is Chromium's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the harness is the equality tests'

from node_engine import BUILT, REAL, Training, node, run_in_node

from headstart.experiments.engine.program import Program

ROUNDS = 4
SLICES = 150
# network -> (training, steps in a slice, the most that the page may take of the engine's time)
NETWORKS = {
    "2-10-5-1 relu": (Training(rate=0.01, steps=100), 2.5),
    "2-10-5-1 tanh": (Training("tanh", rate=0.01, steps=100), 2.5),
    "2-10-5-1 sigmoid": (Training("sigmoid", rate=0.01, steps=100), 2.5),
    "2-10-5-1 gelu": (Training("gelu", rate=0.01, steps=100), 2.5),
    "2-10-5-1 relu, adam": (Training(rate=0.01, steps=100, optimizer="adam"), 2.5),
    "2-10x6-1 tanh": (Training("tanh", hidden=(10,) * 6, rate=0.01, steps=30), 3.0),
    "2-32-32-1 relu": (Training(hidden=(32, 32), rate=0.01, steps=20), 3.0),
    "2-32x10-1 tanh": (Training("tanh", hidden=(32,) * 10, rate=0.01, steps=5), 3.0),
}


def native(training: Training) -> float:
    """Seconds per step of the compiled engine: the fastest slice."""
    program = Program(training.network(), training.samples(), REAL, training.schedule())
    work, theta = program.workspace(), training.start().copy()
    work.forget()
    settings = np.array([training.rate, 0, 0, program.samples.count, *program.optimizer.arguments])
    bounds, costs = np.array([0, training.steps, 2**40, work.batch_row], np.int64), np.zeros(1)
    best = float("inf")
    for _ in range(SLICES):
        began = time.perf_counter()
        program.train(
            *program._common(theta, work), 0, 0, settings.ctypes.data, bounds.ctypes.data, costs.ctypes.data,
            work.total.ctypes.data,
        )  # fmt: skip
        best = min(best, time.perf_counter() - began)
    return best / training.steps


def in_node(training: Training, module: str) -> float:
    """The same through a module."""
    case = training.for_node(SLICES) | {"every": 2**40}
    return float(run_in_node(BUILT / module, [case])["results"][0]["seconds"]) / training.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=NETWORKS, action="append")
    options = parser.parse_args()
    if node() is None:
        sys.exit("no node that runs WebAssembly with relaxed SIMD is installed")
    rows = []
    for name, (training, bar) in NETWORKS.items():
        if options.only and name not in options.only:
            continue
        rounds = [
            (native(training), in_node(training, "engine.wasm"), in_node(training, "engine_plain.wasm"))
            for _ in range(ROUNDS)
        ]
        engine, page, plain = (1e6 * min(times) for times in zip(*rounds, strict=True))
        rows.append(
            {"network": name, "engine": engine, "page": page, "plain": plain, "ratio": page / engine, "bar": bar}
        )
        if not options.json:
            print(
                f"{name:22} engine {engine:8.2f}  page {page:8.2f}  plain {plain:8.2f} us per step   "
                f"page / engine {page / engine:.2f}  bar at most {bar}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
