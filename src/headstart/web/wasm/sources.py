"""What the modules are made from, as one hash: a module that carries another one is stale."""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
# The engine's bodies and what they are bound to; not what prepares data and threads for them.
SOURCES = (
    *(f"experiments/engine/{name}.py" for name in (
        "arithmetic", "kernels", "loop", "losses", "optimizers", "portable", "rows", "simd")),
    "experiments/optimizers.py",
    *(f"theory/activations/{name}.py" for name in ("catalogue", "formula", "piecewise", "primitives", "smooth")),
    "draws/philox.py", "draws/backends/vector_ir.py",
    *(f"web/wasm/{name}.py" for name in ("build", "collect", "draws", "link", "module", "parts", "tiles")),
)  # fmt: skip


def source_hash() -> str:
    """Of every source a module may be made from.

    >>> len(source_hash())
    16
    """
    digest = hashlib.blake2b(digest_size=8)
    for name in SOURCES:
        text = (PACKAGE / name).read_bytes()
        digest.update(f"{name} {len(text)} ".encode() + text)
    return digest.hexdigest()
