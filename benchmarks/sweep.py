"""What a sweep costs beyond training: ten thousand short runs, against the engine alone on the same networks.

Both train the same networks on the same threads, and are first checked to have reached the same costs. The sweep also
draws the starts, scores every network on training and test data, and stores every run durably in a SQLite file.

    python benchmarks/sweep.py            # 10,000 runs of 2,000 steps
    python benchmarks/sweep.py --runs 2000 --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import headstart as hs
from headstart.experiments.engine.train import available_cores
from headstart.experiments.sweep.chunks import prepared, schedule_of, starts


def study(runs: int, steps: int, hidden: list[int], store: Path) -> hs.Study:
    seeds = runs // 20
    return hs.study(
        {
            "scheme": ["he", "xavier"], "multiplier": {"log": [0.25, 4.0], "count": 10}, "hidden": hidden,
            "seed": {"range": [0, seeds]}, "steps": steps, "learning_rate": 0.01,
        },
        store,
    )  # fmt: skip


def engine_alone(found: hs.Study, threads: int) -> tuple[float, list[float]]:
    """Seconds of training alone, from starts that are already drawn; and the final cost of every run."""
    runs = list(found.runs().values())
    batch = runs[0].run.batch
    problem, schedule = prepared(batch), schedule_of(batch, batch.steps)
    begin, rates = starts(runs, problem), [run.run.learning_rate for run in runs]
    began = time.perf_counter()
    history = problem.train(begin, schedule, rates, [0] * len(runs), threads=threads)
    return time.perf_counter() - began, history.costs[:, -1].tolist()


def sweep(found: hs.Study, threads: int) -> tuple[float, list[float]]:
    """Seconds of the whole sweep into a fresh store; and the final cost of every run, in the study's order."""
    began = time.perf_counter()
    found.run(workers=threads)
    seconds = time.perf_counter() - began
    results = found.store.results()
    return seconds, [results[identity]["final_cost"] for identity in found.runs()]


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--hidden", default="10,5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available_cores())
    options = parser.parse_args()
    hidden = [int(size) for size in options.hidden.split(",")]
    ratios, kernels = [], []
    with tempfile.TemporaryDirectory() as folder:
        sweep(study(20, 10, hidden, Path(folder, "warm.db")), options.threads)  # compiles
        for number in range(options.rounds):
            found = study(options.runs, options.steps, hidden, Path(folder, f"{number}.db"))
            alone, costs = engine_alone(found, options.threads)
            whole, stored = sweep(found, options.threads)
            again, _ = engine_alone(found, options.threads)  # on both sides of it, because the machine is shared
            assert np.array_equal(costs, stored, equal_nan=True), "not the same work"
            kernels.append((alone + again) / 2)
            ratios.append(whole / kernels[-1])
            print(f"round {number + 1}: engine {alone:.2f} and {again:.2f} s, sweep {whole:.2f} s")
        fresh = study(options.runs, options.steps, hidden, Path(folder, "0.db"))
        resume = timed(lambda: study(options.runs, options.steps, hidden, Path(folder, "0.db")).run())
        status = timed(fresh.status)
        rows = timed(fresh.rows)
    per_run = statistics.median(kernels) / options.runs * options.threads
    print(f"{options.runs:,} runs of {options.steps:,} steps, layers {options.hidden}, {options.threads} threads: "
          f"{per_run * 1e3:.2f} ms of one thread each")  # fmt: skip
    print(f"sweep / engine alone: {statistics.median(ratios):.3f} (bar 1.05)")
    print(f"resume of the finished study {resume:.2f} s (bar 1), status {status:.3f} s (bar 0.3), rows {rows:.2f} s")


if __name__ == "__main__":
    main()
