"""Examples of a model's inputs on the command line: shapes, by name and of another type where need be.

8,512                        one float input of shape (8, 512)
8,512;8,16                   two inputs, in order
input_ids=2,16:int64<50257   by name, whole numbers below 50257
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from headstart.errors import InputError

_FORM = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>[\d,\s]*)(?::(?P<dtype>\w+))?(?:<(?P<below>\d+))?")
TYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool")
WORDS = (
    "Write sizes with commas (8,512), NAME=SIZES for a named input, and :int64<50257 for whole numbers below a limit"
)


class Wanted(NamedTuple):
    """One input: its name, "" for one by place, its shape and type; whole numbers are below a limit."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    below: int = 2


def parse_example(text: str) -> list[Wanted]:
    """What is wanted, input by input.

    >>> parse_example("input_ids=2,16:int64<50257")
    [Wanted(name='input_ids', shape=(2, 16), dtype='int64', below=50257)]
    >>> [each.shape for each in parse_example("8,512; 8,16")]
    [(8, 512), (8, 16)]

    Raises:
        InputError: it is not of this form, or inputs by name and by place are mixed.
    """
    found = [_wanted(part.strip(), text) for part in text.split(";")]
    named = [each for each in found if each.name]
    if named and len(named) < len(found):
        raise InputError(f"inputs are all by name or all by place, got {text!r}. {WORDS}.")
    if len({each.name for each in named}) < len(named):
        raise InputError(f"an input is named once, got {text!r}.")
    return found


def _wanted(part: str, text: str) -> Wanted:
    match = _FORM.fullmatch(part)
    if match is None or not match["shape"].strip():
        raise InputError(f"an example of inputs is a shape, got {part or text!r}. {WORDS}.")
    sizes = [size.strip() for size in match["shape"].split(",")]
    if not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise InputError(f"the sizes of an example are whole numbers of at least 1, got {part!r}. {WORDS}.")
    below = int(match["below"]) if match["below"] else 2
    dtype = match["dtype"] or ("int64" if match["below"] else "float32")
    if dtype not in TYPES:
        raise InputError(f"an example's type is one of {', '.join(TYPES)}, got {dtype!r} in {part!r}.")
    if below > 2**31:
        raise InputError(f"whole numbers of an example are below 2^31, got {part!r}. {WORDS}.")
    if below < 1 or (match["below"] and not dtype.startswith("int")):
        raise InputError(f"a limit is for whole numbers and at least 1, got {part!r}. {WORDS}.")
    return Wanted(match["name"] or "", tuple(map(int, sizes)), dtype, below)


def example_of(wanted: list[Wanted], library: str = "torch") -> Any:
    """The inputs: standard normal numbers, or whole ones below their limit; always the same.

    Args:
        library: whose arrays they are: torch's tensors, or NumPy's arrays, which the others take.

    Raises:
        InputError: they take more memory than there is.
    """
    from headstart.memory import require

    require(sum(8 * math.prod(each.shape) for each in wanted), "the example", "Write smaller sizes.")
    made = _tensors(wanted) if library == "torch" else _arrays(wanted)
    if wanted[0].name:
        return {each.name: array for each, array in zip(wanted, made, strict=True)}
    return tuple(made)


def _tensors(wanted: list[Wanted]) -> list[Any]:
    import torch

    generator = torch.Generator().manual_seed(0)

    def made(each: Wanted) -> Any:
        dtype = getattr(torch, each.dtype)
        if each.dtype.startswith("int") or each.dtype == "bool":
            return torch.randint(0, each.below, each.shape, generator=generator).to(dtype)
        return torch.randn(each.shape, generator=generator).to(dtype)

    return [made(each) for each in wanted]


def _arrays(wanted: list[Wanted]) -> list[Any]:
    import numpy as np

    random = np.random.default_rng(0)

    def made(each: Wanted) -> Any:
        if each.dtype.startswith("int") or each.dtype == "bool":
            return random.integers(0, each.below, each.shape).astype(each.dtype)
        numbers = random.normal(size=each.shape)
        if each.dtype != "bfloat16":
            return numbers.astype(each.dtype)
        from ml_dtypes import bfloat16  # JAX brings it: NumPy has no such type

        return numbers.astype(bfloat16)

    return [made(each) for each in wanted]
