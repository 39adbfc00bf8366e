"""What it costs to check that a model holds its plan, against applying the plan, in processor time of one thread.

    python benchmarks/verify.py [--json] [--rounds 3]

- *sampled*: 100 million numbers of Linear 4096 x 4096, a share of 1e-4 drawn again, and all of them.
- *small*: 1,000 Linear 64 x 64, which are compared whole.
- *orthogonal*: a Linear 1024 x 1024, whose matrix has to be made whole.

Each first checks that a model with one row of zeros is told to differ.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import torch
from torch import nn

import headstart as hs

BARS = {"verify 1e-4 / apply": 0.1, "verify all / apply": 3.0, "verify, ms per parameter, small": 0.5,
        "verify / apply, orthogonal": 2.0}  # fmt: skip


def processor(call: Callable[[], Any], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return statistics.median(found)


def checked(plan: hs.Plan, model: nn.Module, layer: nn.Linear) -> None:
    """What is as planned passes, and a row of zeros does not."""
    plan.apply(model, threads=1)
    assert plan.verify(model).healthy
    kept = layer.weight[3].clone()
    with torch.no_grad():
        layer.weight[3] = 0
    assert [each.name for each in plan.verify(model, sample=1).wrong] == ["0.weight"]
    with torch.no_grad():
        layer.weight[3] = kept


def contests(rounds: int) -> dict[str, float]:
    large = nn.Sequential(*[nn.Linear(4096, 4096, bias=False) for _ in range(6)])
    plan = hs.plan(large, "he")
    checked(plan, large, large[0])
    apply = processor(lambda: plan.apply(large, threads=1), rounds)
    sampled = processor(lambda: plan.verify(large), rounds)
    every = processor(lambda: plan.verify(large, sample=1), rounds)
    small = nn.Sequential(*[nn.Linear(64, 64) for _ in range(1000)])
    plan_small = hs.plan(small, "he")
    checked(plan_small, small, small[0])
    many = processor(lambda: plan_small.verify(small), rounds)
    square = nn.Sequential(nn.Linear(1024, 1024, bias=False))
    plan_square = hs.plan(square, "orthogonal")
    checked(plan_square, square, square[0])
    made = processor(lambda: plan_square.apply(square, threads=1), rounds)
    compared = processor(lambda: plan_square.verify(square), rounds)
    return {
        "apply s": apply, "verify 1e-4 s": sampled, "verify all s": every, "verify 1e-4 / apply": sampled / apply,
        "verify all / apply": every / apply, "verify, ms per parameter, small": 1e3 * many / 2000,
        "verify / apply, orthogonal": compared / made,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = contests(options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        bar = f"   bar {BARS[name]}: {'held' if value <= BARS[name] else 'MISSED'}" if name in BARS else ""
        print(f"{name:34} {value:10.4g}{bar}")


if __name__ == "__main__":
    main()
