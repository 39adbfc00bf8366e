"""A sweep's report at size: intervals of many groups against SciPy's bootstrap, and the time of a whole report.

    python benchmarks/report.py

Both sides draw the same number of resamples, and the intervals are checked against each other first: their ends may
differ by what resampling leaves open.
"""

from __future__ import annotations

import tempfile
import time

import numpy as np
from scipy.stats import bootstrap

from headstart.experiments.analysis.statistics import RESAMPLES, median_intervals
from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import heat_map
from headstart.show.study.report import StudyView
from headstart.show.study.tables import summary_text

GROUPS, SEEDS, CHECKED = 1000, 10, 40
ROWS = 10_000


def intervals() -> None:
    """1,000 groups of ten seeds."""
    samples = np.random.default_rng(0).normal(size=(GROUPS, SEEDS))
    median_intervals(samples[:2].tolist())  # the resamples are drawn once per group size
    began = time.perf_counter()
    ours = np.array(median_intervals(list(samples)))
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    theirs = np.array([
        bootstrap((row,), np.median, n_resamples=RESAMPLES, method="percentile", rng=1).confidence_interval
        for row in samples[:CHECKED]
    ])  # fmt: skip
    scipys = (time.perf_counter() - began) * GROUPS / CHECKED
    off = np.abs(ours[:CHECKED] - theirs)
    assert np.median(off) < 0.02, np.median(off)
    assert off.max() < 0.6, off.max()  # a step of the median's discrete distribution
    print(f"{GROUPS:,} groups of {SEEDS} seeds: {seconds * 1e3:.1f} ms, scipy.stats.bootstrap {scipys:.1f} s "
          f"(from {CHECKED} groups), ratio {scipys / seconds:.0f}")  # fmt: skip


def report() -> None:
    """10,000 runs: two data sets, two activations, two schemes, 25 multipliers, five learning rates, ten seeds."""
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"{len(data)}{activation}{scheme}{m}{r}{seed}", "state": "done", "reason": None, "data": data,
            "label": None, "data_seed": 0, "hidden": [32, 32], "depth": 2, "width": 32, "activation": activation,
            "scheme": scheme, "multiplier": float(m), "learning_rate": float(r), "sigma_b": 0.0, "optimizer": "sgd",
            "batch_size": None, "steps": 1000, "target": None, "seed": seed, "dtype": "float32", "first_cost": 0.7,
            "final_cost": float(rng.lognormal()), "train_accuracy": 0.9, "test_accuracy": float(rng.beta(8, 2)),
            "steps_to_target": None, "diverged_at": None,
        }
        for data in ("circles", "moons") for activation in ("relu", "tanh") for scheme in ("he", "xavier")
        for m in np.geomspace(0.25, 4, 25) for r in np.geomspace(0.001, 1, 5) for seed in range(10)
    ]  # fmt: skip
    assert len(rows) == ROWS
    began, used = time.perf_counter(), time.process_time()
    summary = summarize(rows)
    heat = heat_map(summary)
    summary_text(summary)
    text, text_used = time.perf_counter() - began, time.process_time() - used
    with tempfile.TemporaryDirectory() as folder:
        StudyView(summary, heat).files().save(folder)
    print(f"{ROWS:,} runs: text {text:.1f} s ({text_used:.1f} s of processor), "
          f"all files {time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} s)")  # fmt: skip


if __name__ == "__main__":
    report()
    intervals()
