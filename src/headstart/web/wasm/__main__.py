"""Make both modules: `python -m headstart.web.wasm [FOLDER]`, by default web/built.

Numba reads its settings when it is loaded, so they are set first: nothing is optimized for this processor, and nothing
in the IR depends on which one it is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ |= {
    "NUMBA_OPT": "0",
    "NUMBA_LOOP_VECTORIZE": "0",
    "NUMBA_SLP_VECTORIZE": "0",
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
}

from headstart.web.wasm.build import build

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "built"
    for name, module in build().items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(module)
        print(f"{folder / name}: {len(module)} bytes")
