"""Which functions go into the module, and the table of contents that the page reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import llvmlite
import numba
import numpy as np

from headstart.experiments.engine import caching, kernels, loop, losses, optimizers, rows
from headstart.experiments.optimizers import KINDS, SGD
from headstart.experiments.sweep.runs import ENGINE_FORMAT
from headstart.theory.activations import FORMULAS, activation
from headstart.web.wasm import draws, tiles
from headstart.web.wasm.collect import Collected, Collector
from headstart.web.wasm.module import HEAP

FORMAT = 1  # of the contents
REAL = np.dtype("float32")  # what the page trains in
# The engine's parts in the order of `loop.PRODUCT` to `loop.UNITS`, without those that each run chooses.
_FIXED = ("product", "weight_gradient", "forward", "backward", "gather", "fill", "units")


@dataclass(frozen=True)
class Parts:
    """Every function, those that JavaScript calls by name, and what is where."""

    functions: tuple[Collected, ...]
    exports: Mapping[str, Collected]
    contents: dict[str, Any]


def parts() -> Parts:
    """Have Numba compile everything; `caching.compiler` is replaced, so this belongs in a process of its own."""
    collector = Collector()
    caching.compiler = collector  # what the engine asks for comes here from now on
    numbers = [*_products(), *loop.helper_functions(REAL), loop.units_function(REAL)]
    contents: dict[str, Any] = {
        "format": FORMAT,
        "engine": ENGINE_FORMAT,
        "compilers": versions(),
        "heap": HEAP,
        "functions": dict(zip(_FIXED, numbers, strict=True)),
        "activations": {name: _activation(name) for name in FORMULAS},
        "losses": {name: _loss(name) for name in losses.LOSSES},
        "optimizers": _optimizers(),
    }
    called = {name: loop.function_of(name, REAL) for name in ("train", "evaluate", "observe")}
    called["forward"] = contents["functions"]["forward"]
    called |= {body.__name__: collector(body, signature) for body, signature in draws.DRAWS.items()}
    functions = tuple(collector.functions)
    return Parts(functions, {name: functions[number - 1] for name, number in called.items()}, contents)


def _products() -> list[int]:
    """`kernels.product_functions`, with tiles for the browser's registers."""
    return [
        caching.c_function(tiles.product, kernels.ARGUMENTS[0], REAL),
        caching.c_function(tiles.weight_gradient, kernels.ARGUMENTS[1], REAL),
    ]


def _activation(name: str) -> dict[str, Any]:
    phi = activation(name)
    made = rows.row_functions(phi, REAL)
    found: dict[str, Any] = {
        "forward": made.forward,
        "backward": made.backward,
        "keeps_slope": made.keeps_slope,
        "parameters": [list(parameter) for parameter in phi.formula.parameters],
    }
    if phi.formula.parameters and not made.keeps_slope:  # there may be some for which phi(z) does not tell phi'
        kept = rows.compiled(phi.formula, True, REAL)
        found |= dict(zip(("forward_keeping_slope", "backward_with_slope"), kept, strict=True))
    return found


def _loss(name: str) -> dict[str, int]:
    return dict(zip(("error", "cost"), losses.loss_functions(name, REAL), strict=True))


def _optimizers() -> dict[str, int]:
    general = {name: optimizers.step_function(kind.code, False, REAL) for name, kind in KINDS.items()}
    return {**general, "plain_sgd": optimizers.step_function(SGD, True, REAL)}


def versions() -> str:
    """Of the compilers, which decide the module's bytes."""
    return f"numba {numba.__version__}, llvmlite {llvmlite.__version__}"
