"""Compiled code on disk: a second process loads it, for activations with and without a slope array of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import headstart as hs
from headstart.experiments.engine import caching
for name in ("tanh", "gelu", "elu(2)"):
    hs.compare(["he"], activation=name, seeds=1, steps=3)
print(len(caching._kept), sum(function._cache_hits for function in caching._kept))
"""


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    (compiled, none), (needed, loaded) = outputs
    assert none == "0"
    assert compiled == needed == loaded
