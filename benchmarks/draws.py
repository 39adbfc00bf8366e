"""How fast headstart draws, as ratios to its peers, measured side by side in one run.

    python benchmarks/draws.py [--json] [--log2-size 25] [--rounds 5]

Every contest first checks that both sides made the same distribution (mean, standard deviation, fourth moment within
six standard errors; orthogonality for orthogonal weights). Then the contestants take turns, each filling memory that it
has filled before where its library can, and medians are compared. A ratio above 1 means that headstart is faster.
JAX runs in a process of its own, held to one core for the one-core contest.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

BARS = {"normal_ 1 core": 0.85, "normal_ 2 cores": 1.6, "kaiming_uniform_ 1 core": 1.0, "kaiming_uniform_ 2 cores": 1.9,
        "trunc_normal_ 1 core": 15, "jax.random.normal 1 core": 8, "jax.random.normal 2 cores": 8,
        "Generator.standard_normal 1 core": 2.5, "orthogonal_ 1 core": 1.0, "orthogonal_ 2 cores": 1.0}  # fmt: skip

JAX_TIMER = """
import statistics, sys, time, jax
draw = jax.jit(lambda key: jax.random.normal(key, (int(sys.argv[1]),)))
z = draw(jax.random.key(0)).block_until_ready()
assert abs(float(z.mean())) < 0.01 and abs(float(z.std()) - 1) < 0.01
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter(); draw(jax.random.key(0)).block_until_ready(); times.append(time.perf_counter() - start)
print(statistics.median(times))
"""


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def race(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, slow_rounds: int = 1) -> tuple[float, float]:
    """Median seconds of each, taking turns; a peer slower than 2 s runs `slow_rounds` times."""
    first = seconds(theirs)
    rounds_theirs = slow_rounds if first > 2 else rounds
    our_times, their_times = [], [first] if rounds_theirs < rounds else []
    for round_ in range(rounds):
        our_times.append(seconds(ours))
        if round_ < rounds_theirs:
            their_times.append(seconds(theirs))
    return statistics.median(our_times), statistics.median(their_times)


def check_same_distribution(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Mean, standard deviation and kurtosis agree within six standard errors of the two samples."""
    n = min(ours.size, theirs.size)
    a, b = (x.reshape(-1)[:n].astype(np.float64) for x in (ours, theirs))
    assert abs(a.mean() - b.mean()) < 6 * a.std() * (2 / n) ** 0.5, "means differ"
    assert abs(a.std() / b.std() - 1) < 6 / n**0.5, "standard deviations differ"
    kurtosis = [((x - x.mean()) ** 4).mean() / x.var() ** 2 for x in (a, b)]
    assert abs(kurtosis[0] - kurtosis[1]) < 6 * (48 / n) ** 0.5, "kurtoses differ"


def contests(size: int, rounds: int) -> list[dict[str, Any]]:
    import torch

    import headstart as hs
    from headstart.draws import draw_array
    from headstart.schemes import TruncatedNormal

    side = (size // 2**12, 2**12)
    ours, theirs = torch.empty(side), torch.empty(side)
    array, init = ours.numpy(), torch.nn.init
    generator = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []

    def add(name: str, threads: int, our_time: float, their_time: float) -> None:
        contest = f"{name} {threads} core{'s' if threads > 1 else ''}"
        bar = BARS[contest]
        rows.append({"against": contest, "ours_s": our_time, "theirs_s": their_time, "ratio": their_time / our_time,
                     "bar": bar, "met": their_time / our_time >= bar})  # fmt: skip

    truncated = TruncatedNormal(1.0, 2.0)
    absolute = truncated.bound
    peers: dict[str, tuple[Callable[[int], Any], Callable[[], Any], int]] = {
        "normal_": (
            lambda threads: hs.sample("normal(1)", side, out=ours, backend="torch", threads=threads),
            lambda: init.normal_(theirs), 2,
        ),
        "kaiming_uniform_": (
            lambda threads: hs.sample("he(distribution=uniform)", side, out=ours, backend="torch", threads=threads),
            lambda: init.kaiming_uniform_(theirs, nonlinearity="relu"), 2,
        ),
        "trunc_normal_": (
            lambda threads: draw_array(truncated, side, 0, "w", out=ours, backend="torch", threads=threads),
            lambda: init.trunc_normal_(theirs, std=truncated.parent_std, a=-absolute, b=absolute), 1,
        ),
        "Generator.standard_normal": (
            lambda threads: hs.sample("normal(1)", side, out=array, threads=threads),
            lambda: generator.standard_normal(out=theirs.numpy(), dtype=np.float32), 1,
        ),
    }  # fmt: skip
    for name, (draw, peer, most_threads) in peers.items():
        draw(1)
        peer()
        check_same_distribution(array, theirs.numpy())
        for threads in range(1, min(most_threads, os.cpu_count() or 1) + 1):
            torch.set_num_threads(threads)
            add(name, threads, *race(lambda draw=draw, threads=threads: draw(threads), peer, rounds))
    for threads in range(1, min(2, os.cpu_count() or 1) + 1):
        command = [sys.executable, "-c", JAX_TIMER, str(size), str(rounds)]
        pin = (lambda: os.sched_setaffinity(0, {0})) if threads == 1 and hasattr(os, "sched_setaffinity") else None
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pin)
        ours_again = functools.partial(peers["normal_"][0], threads)
        add(
            "jax.random.normal",
            threads,
            statistics.median(seconds(ours_again) for _ in range(rounds)),
            float(done.stdout),
        )
    rows += orthogonal_contests(rounds)
    rows.append(memory_row(hs, ours, side))
    return rows


def orthogonal_contests(rounds: int) -> list[dict[str, Any]]:
    """2048 x 2048, each thread count in a process of its own, because BLAS reads it once."""
    rows = []
    for threads in range(1, min(2, os.cpu_count() or 1) + 1):
        env = {**os.environ, **{f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}}
        command = [sys.executable, __file__, "--orthogonal", str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        our_time, their_time = map(float, done.stdout.split())
        name = f"orthogonal_ {threads} core{'s' if threads > 1 else ''}"
        rows.append({"against": name, "ours_s": our_time, "theirs_s": their_time, "ratio": their_time / our_time,
                     "bar": BARS[name], "met": their_time / our_time >= BARS[name]})  # fmt: skip
    return rows


def orthogonal_race(rounds: int) -> None:
    import torch

    import headstart as hs

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    ours, theirs = torch.empty(2048, 2048), torch.empty(2048, 2048)

    def draw() -> None:
        hs.sample("orthogonal", (2048, 2048), out=ours, backend="torch")

    draw()
    torch.nn.init.orthogonal_(theirs)
    for weight in (ours, theirs):
        assert (weight @ weight.T - torch.eye(2048)).abs().max() < 1e-4, "not orthogonal"
    print(*race(draw, lambda: torch.nn.init.orthogonal_(theirs), rounds, rounds))


def memory_row(hs: Any, ours: Any, side: tuple[int, int]) -> dict[str, Any]:
    """Peak of Python's and NumPy's allocations while filling; the kernel itself allocates 32 elements per call."""
    tracemalloc.start()
    hs.sample("normal(1)", side, out=ours, backend="torch")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"against": "extra memory, bytes", "extra_bytes": peak, "bar": 2**20, "met": peak < 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description="Race headstart's draws against other libraries.")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--log2-size", type=int, default=25, help="elements, as a power of two")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--orthogonal", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.orthogonal:
        return orthogonal_race(options.orthogonal)
    rows = contests(2**options.log2_size, options.rounds)
    if options.json:
        return print(json.dumps({"schema": 1, "elements": 2**options.log2_size, "rows": rows}, indent=1))
    print(f"{'against':34} {'ours':>9} {'theirs':>9} {'ratio':>7} {'bar':>6}")
    for row in rows:
        verdict = "met" if row["met"] else "missed"
        if "ratio" not in row:
            print(f"{row['against']:34} {row['extra_bytes']:>9,} {'':17} {row['bar']:>6,} {verdict}")
            continue
        ours, theirs = row["ours_s"] * 1e3, row["theirs_s"] * 1e3
        print(
            f"{row['against']:34} {ours:>6.1f} ms {theirs:>6.0f} ms {row['ratio']:>6.2f}x {row['bar']:>5.2f}x {verdict}"
        )
    return None


if __name__ == "__main__":
    main()
