"""Compiled code that several processes kept on disk is the same code when one process loads all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMON = """
import numba, sys
for _ in range({before}):  # numbers that Numba gives away before ours
    numba.njit(lambda x: x)
import numpy as np
from headstart.draws.arrays import draw_array
from headstart.draws.many import draw_many
from headstart.schemes.distributions import Normal, TruncatedNormal
"""
ROWS = "draw_array(Normal(1.0), (300, 300), 0, 'w')\n"
STREAMS = "draw_many([TruncatedNormal(0.2, 2.0)], (3, 4), [0], 'w', 'weight', np.empty((1, 12), np.float32))\n"
BOTH = (
    ROWS
    + """
rows = np.empty((1, 12), np.float32)
draw_many([TruncatedNormal(0.2, 2.0)], (3, 4), [0], 'w', 'weight', rows)
expected = draw_array(TruncatedNormal(0.2, 2.0), (3, 4), 0, 'w', backend='numpy')
assert (rows.reshape(3, 4) == expected).all(), (rows, expected)
"""
)


def run(folder: Path, before: int, code: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", COMMON.format(before=before) + code], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_code_that_two_processes_kept_does_not_take_each_others_place(tmp_path: Path) -> None:
    """In the one process the normal writer has the number that the truncated one has in the other."""
    run(tmp_path, 1, ROWS)
    run(tmp_path, 0, STREAMS)
    run(tmp_path, 0, BOTH)
