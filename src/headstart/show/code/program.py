"""The whole program: the weights one after the other, and how a library's model takes them."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.check import seed as check_seed
from headstart.errors import unknown
from headstart.plans import Entry, Plan
from headstart.show.code.calls import call
from headstart.show.code.loops import lines
from headstart.show.code.translate import translated
from headstart.show.model.tree import names_of
from headstart.words import count

_TEMPLATES = {
    "numpy": """\
def arrays(seed={seed}, dtype="float32"):
    \"\"\"Name -> array.\"\"\"
    return dict(weights(seed, dtype))
""",
    "torch": """\
def initialize(model, seed={seed}, dtype="float32"):
    \"\"\"Fill a model's parameters in place; those of 16 bits take the float32 numbers rounded.\"\"\"
    held = dict(model.named_parameters(remove_duplicate=False))
    with torch.no_grad():
        for name, values in weights(seed, dtype):
            held[name].copy_(torch.as_tensor(values))
        for layer in model.modules():
            if getattr(layer, "padding_idx", None) is not None:  # the row of padding stays 0
                layer.weight[layer.padding_idx] = 0
""",
    "flax": """\
def parameters(seed={seed}, dtype="float32"):
    \"\"\"A nested dict of arrays; of NNX, nnx.replace_by_pure_dict puts it into a state.\"\"\"
    tree = {{}}
    for name, values in weights(seed, dtype):
        *steps, leaf = (int(step) if step.isdecimal() else step for step in name.split("."))
        node = tree
        for step in steps:
            node = node.setdefault(step, {{}})
        node[leaf] = jnp.asarray(values)
    return tree
""",
    "equinox": """\
def initialize(model, seed={seed}, dtype="float32"):
    \"\"\"The model with these weights.\"\"\"

    def at(node, name):
        for step in name.split("."):
            node = getattr(node, step) if hasattr(node, step) else node[int(step) if step.isdecimal() else step]
        return node

    made = dict(weights(seed, dtype))
    leaves = [jnp.asarray(values) for values in made.values()]
    return eqx.tree_at(lambda model: [at(model, name) for name in made], model, leaves)
""",
    "keras": """\
def initialize(model, seed={seed}, dtype="float32"):
    \"\"\"Assign a model's variables; those of 16 bits take the float32 numbers rounded.\"\"\"
    held = {{variable.path: variable for variable in model.variables}}
    for name, values in weights(seed, dtype):
        held[name].assign(values)
""",
}
_IMPORTS = {
    "numpy": "", "torch": "import torch\n", "flax": "import jax.numpy as jnp\n",
    "equinox": "import equinox as eqx\nimport jax.numpy as jnp\n", "keras": "",
}  # fmt: skip
_WEIGHTS = '''\
def weights(seed, dtype):
    """Name and values of each parameter, one after the other."""

    def sample(spec, shape, name="w", layout="out_in", **how):
        return hs.sample(spec, shape, seed, name, layout, dtype=dtype, **how)
'''
LIBRARIES = tuple(_TEMPLATES)


def program(plan: Plan, library: str, seed: int = 0) -> str:
    """A program that makes a plan's weights with `hs.sample` alone.

    Args:
        plan: of any library's model.
        library: torch, flax, equinox, keras or numpy.
        seed: its default seed.

    Raises:
        InputError: an unknown library, or a draw that no spec string has.
    """
    if library not in LIBRARIES:
        raise unknown("library", str(library), LIBRARIES)
    check_seed(seed)
    entries, missing = translated(plan, library)
    body = lines(entries, _statement, "    ") or ["    yield from ()"]
    numpy = "import numpy as np\n" if any("np." in line for line in body) else ""
    imports = "".join(sorted((_IMPORTS[library] + numpy).splitlines(keepends=True)))
    head = [f'"""{_headline(entries)}"""\n', imports, "import headstart as hs\n" + _left(missing)]
    parts = ["\n".join(filter(None, head)), "\n".join((_WEIGHTS, *body)) + "\n", _TEMPLATES[library].format(seed=seed)]
    return "\n\n".join(parts)


def _headline(entries: Sequence[Entry]) -> str:
    return f"The initial weights of {count(len(entries), 'parameter')}, each a function of its seed and name alone."


def _statement(name: str, key: str, entry: Entry) -> str:
    return f"yield {name}, {call(entry, key)}"


def _left(missing: Sequence[tuple[str, str]]) -> str:
    """What is not in the program, and why, as comments; names that repeat told once."""
    by_reason: dict[str, list[str]] = {}
    for name, why in missing:
        by_reason.setdefault(why, []).append(name)
    told = "".join(f"# not here: {names_of(names)}: {why}\n" for why, names in by_reason.items())
    return f"\n{told}" if told else ""
