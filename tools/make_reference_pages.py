"""Writes the reference tables of the docs from the code: schemes, activations, data sets, what frameworks call what.

python tools/make_reference_pages.py; `tests/tools/test_reference_pages.py` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from headstart.experiments.data.datasets import MAKERS, load
from headstart.libraries.activation_calls import CALLS as ACTIVATION_CALLS
from headstart.libraries.defaults import DEFAULTS, INSTALLED, TRAPS
from headstart.libraries.layers import TORCH_GAINS
from headstart.libraries.schemes import CALLS
from headstart.libraries.schemes import TRAPS as NAME_TRAPS
from headstart.schemes import FAMILIES
from headstart.theory.activations import activation
from headstart.theory.activations.catalogue import FORMULAS
from headstart.theory.gains import gain

DOCS = Path(__file__).parents[1] / "docs"
LIBRARIES = ("PyTorch", "JAX", "Keras", "timm")

SCHEMES = """# Schemes

A scheme is the rule for one weight before any shape is known. It is written as `name(value, key=value)*multiplier`; the
multiplier multiplies the standard deviation. `headstart schemes` prints this table, `help(hs.he)` one scheme's page.

"""
ACTIVATIONS = """# Activations

Names are those of PyTorch, JAX and Keras. The gain is what a layer's weights need beyond 1/√n_in so that the second
moment stays 1 at 1: `hs.gain(name)`; the stability of that fixed point is [another question](theory.md).

"""
DATA = """# Data sets

Made data are bit for bit what scikit-learn's makers give; `seed=` moves to another draw. The digits ship with the
package. A table of your own is [another page](howto/own-data.md).

"""
FRAMEWORKS = """# What frameworks call what

The same name means different distributions, and the same distribution has different names. Each row was read in the
library's source; the tests draw from every library that can be installed ({installed}) and compare.

## Schemes

`w` is a tensor of shape (out, in, *field).

"""
GAINS = """
## Gains

PyTorch's `calculate_gain` beside the gain that keeps the second moment; it refuses every other activation.

"""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def arguments(given: Iterable[Any]) -> str:
    """Arguments with their defaults; without one where it has to be given."""
    return ", ".join(code(each.name if each.default is None else f"{each.name}={each.default}") for each in given)


def schemes_page() -> str:
    """One row per family."""
    rows = [
        (code(family.example), family.formula, family.when, arguments(family.arguments), family.paper)
        for family in FAMILIES.values()
    ]
    return SCHEMES + table(("scheme", "formula", "when", "arguments, with their defaults", "source"), rows)


def activations_page() -> str:
    """One row per activation."""
    rows = []
    for name, formula in FORMULAS.items():
        calls = ACTIVATION_CALLS.get(name, {})
        own = ", ".join(code(f"{each}={value:g}") for each, value in formula.parameters)
        shown = [code(calls.get(library)) for library in ("torch", "jax", "keras")]
        rows.append((code(name), own, f"{gain(activation(name)):.6g}", *shown))
    return ACTIVATIONS + table(("activation", "parameters", "gain", "PyTorch", "JAX", "Keras"), rows)


def data_page() -> str:
    """One row per data set."""
    rows = []
    for name, maker in MAKERS.items():
        data = load(name)
        kind = f"{len(data.classes)} classes, {len(data.features)} features"
        rows.append((code(name), kind, arguments(maker.signature.arguments)))
    return DATA + table(("data", "what", "arguments, with their defaults"), rows)


def frameworks_page() -> str:
    """Schemes, defaults, gains, traps."""
    names = [(code(spec), *(code(calls.get(library)) for library in LIBRARIES)) for spec, calls in CALLS.items()]
    gains = [(code(name), f"{value:.6g}", f"{gain(name):.6g}") for name, value in TORCH_GAINS.items()]
    return "".join((
        FRAMEWORKS.format(installed=", ".join(INSTALLED)), table(("headstart", *LIBRARIES), names),
        "\n### Traps in the names\n\n", listed(NAME_TRAPS), "\n## What layers start from\n",
        *(defaults(library) for library in DEFAULTS), GAINS,
        table(("activation", "`calculate_gain`", "`hs.gain`"), gains),
    ))  # fmt: skip


def defaults(library: str) -> str:
    """What one library's layers start from."""
    tested = (
        "" if library in INSTALLED else "It is not installed for the tests: read in its documentation and source.\n\n"
    )
    rows = [(each.kind, each.layer, each.weights, code(each.spec), each.biases) for each in DEFAULTS[library]]
    shown = table(("kind", "layer", "weights", "as a scheme", "biases"), rows)
    return f"\n### {library}\n\n{tested}{shown}\n{listed(TRAPS[library])}"


def listed(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


PAGES = {
    "schemes.md": schemes_page, "activations.md": activations_page, "data-sets.md": data_page,
    "frameworks.md": frameworks_page,
}  # fmt: skip

if __name__ == "__main__":
    for page, made in PAGES.items():
        (DOCS / page).write_text(made())
