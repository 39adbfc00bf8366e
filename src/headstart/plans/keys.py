"""Keys from names: a function, a mapping, a library's ready map, or several of them one behind the other.

A parameter's numbers are drawn by its key, so parameters of different frameworks with one key have the same numbers.
PyTorch's names are the canonical ones.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from headstart.errors import InputError, unknown
from headstart.libraries.keys import TABLES
from headstart.plans.canonical import Wishes, canonical, steps_of
from headstart.plans.parameter import Parameter
from headstart.spec import Argument, Signature, parse


class Key(NamedTuple):
    """What a map may give instead of a bare key: which part of that weight the parameter is, and whether mirrored.

    >>> Key("lstm.weight_ih_l0", picks=(1,), of=4)
    Key(name='lstm.weight_ih_l0', picks=(1,), of=4, flip=False)
    """

    name: str
    picks: tuple[int, ...] = ()
    of: int = 1
    flip: bool = False


Map = str | Mapping[str, str | Key] | Callable[[str], str | Key]
Names = Map | Sequence[Map] | None
MAPS = {
    name: Signature(
        "map of names",
        name,
        (
            Argument("same", "index", choices=("index", "function")),
            Argument("recurrent", "layer", choices=("layer", "cell")),
            Argument("lists", True),
        ),
    )
    for name in TABLES
}


def keyed(
    parameters: Sequence[Parameter], names: Names, model: Any = None, chains: Iterable[str] = ()
) -> tuple[Parameter, ...]:  # fmt: skip
    """The parameters with the keys that their numbers are drawn by.

    Args:
        parameters: of a model.
        names: None leaves the keys as they are. A function from a parameter's name to its key; a mapping from names
            (or the first steps of names) to keys; the name of a ready map, "flax", "equinox", "haiku", "keras" or
            "transformers", to PyTorch's names; or a list of these: a mapping behind a ready map is of its keys. A
            function and a mapping may give a `Key`, of a part of a weight. A ready map takes arguments, as in
            "flax(same=function)": same=function for transposed convolutions that compute what PyTorch's do, where
            the library's kernels are mirrored; recurrent=cell for the names of PyTorch's cells instead of its layers;
            lists=false where name_0 is no element of a list.
        model: whose parameters they are, if at hand: its own name may stand before theirs.
        chains: names of modules that run others one after the other (Sequential): PyTorch has no name for their list.

    Raises:
        InputError: an unknown map, one that gives no key, fails, or names what there is not.

    >>> from headstart.layout import Layout
    >>> keyed([Parameter("layers_0.kernel", (8, 5), layout=Layout((1,), (0,)))], "flax")[0].key
    'layers.0.weight'
    """
    found = tuple(parameters)
    if names is None:
        return found
    maps = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else [names]
    for one in maps:
        found = _mapped(found, one, model, chains)
    return found


def _mapped(parameters: tuple[Parameter, ...], names: Any, model: Any, chains: Iterable[str]) -> tuple[Parameter, ...]:
    if isinstance(names, str):
        return tuple(_ready(parameters, names, model, chains))
    if isinstance(names, Mapping):
        return _renamed(parameters, names)
    if callable(names):
        return tuple(_with(each, _call(names, each)) for each in parameters)
    raise InputError(
        f"names are a function, a mapping or a ready map ({', '.join(TABLES)}), got {names!r}. Write, for example, "
        "names='flax'."
    )


def _ready(parameters: Sequence[Parameter], text: str, model: Any, chains: Iterable[str]) -> list[Parameter]:
    spec = parse(text, "map of names", "flax")
    if spec.name not in MAPS:
        raise unknown("map of names", spec.name, MAPS)
    said = MAPS[spec.name].bind_spec(spec)
    root, prefix = getattr(model, "name", None), getattr(model, "base_model_prefix", None)
    wishes = Wishes(
        said["same"] == "function", said["recurrent"] == "cell", bool(said["lists"]),
        root if isinstance(root, str) else None, prefix if isinstance(prefix, str) else None,
        frozenset(steps_of(chain) for chain in chains),
    )  # fmt: skip
    return canonical(parameters, TABLES[spec.name], wishes)


def _renamed(parameters: tuple[Parameter, ...], names: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Whole keys, or their first steps; the longest that fits counts."""
    used, found = set(), []
    for parameter in parameters:
        fitting = [name for name in names if _begins(parameter.key, name) or _begins(parameter.name, name)]
        if not fitting:
            found.append(parameter)
            continue
        name = max(fitting, key=len)
        used.add(name)
        given = names[name]
        whole = name in (parameter.key, parameter.name)
        if not whole:
            old = parameter.key if _begins(parameter.key, name) else parameter.name
            if not isinstance(given, str):
                raise InputError(f"names: {name!r} begins {old!r}; a part of a weight is for a whole name.")
            given = (given + old[len(name) :]).lstrip("./") or given
        found.append(_with(parameter, given))
    for name in names:
        if name not in used:
            near = difflib.get_close_matches(str(name), [each.key for each in parameters], n=2)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise InputError(f"names: no parameter is called {name!r}, nor begins so.{hint}")
    return tuple(found)


def _begins(key: str, name: str) -> bool:
    return isinstance(name, str) and (key == name or (key.startswith(name) and key[len(name)] in "./"))


def _call(names: Callable[[str], Any], parameter: Parameter) -> Any:
    try:
        return names(parameter.name)
    except Exception as error:
        raise InputError(
            f"names(...) raised {type(error).__name__}: {error} for {parameter.name!r}. Give a key for every name."
        ) from error


def _with(parameter: Parameter, given: Any) -> Parameter:
    """A parameter under the key that a map gives it."""
    key = Key(given) if isinstance(given, str) else given
    if not isinstance(key, Key) or not isinstance(key.name, str) or not key.name:
        raise InputError(
            f"names gave {given!r} for {parameter.name!r}: a key is a string that is not empty. Give a key for every "
            "name; the name itself to leave it."
        )
    if isinstance(given, str):  # which part of its weight a parameter is stays as it is
        return replace(parameter, key=given)
    return replace(parameter, key=key.name, picks=key.picks, of=key.of, flip=key.flip)


def check_keys(parameters: Sequence[Parameter]) -> None:
    """No two parameters may draw the same numbers: keys are different, or they are different parts of one weight.

    Raises:
        InputError: two parameters of one key; names both.
    """
    taken: dict[str, Parameter] = {}
    parts: dict[str, list[Parameter]] = {}
    stacked = []
    for parameter in parameters:
        if parameter.tied_to is not None:
            continue
        first = taken.setdefault(parameter.key, parameter)
        if first is not parameter or parameter.picks:
            parts.setdefault(parameter.key, [first] if first is not parameter else []).append(parameter)
        if parameter.layout.stack_axes:
            stacked.append(parameter)
    for key, found in parts.items():
        _check_parts(key, found)
    for parameter in stacked:
        _check_slices(parameter, taken)


def _check_parts(key: str, found: Sequence[Parameter]) -> None:
    """Parts of one weight are different blocks of as many."""
    blocks: dict[int, Parameter] = {}
    for parameter in found:
        other = found[0]
        if parameter.of != other.of:
            raise InputError(
                f"{other.name!r} and {parameter.name!r} both have the key {key!r}, of {other.of} and {parameter.of} "
                "blocks. Give each a key of its own."
            )
        for pick in parameter.picks or range(parameter.of):
            if pick in blocks:
                what = f"block {pick + 1} of {parameter.of} of" if parameter.picks else "the whole of"
                raise InputError(
                    f"two parameters would have the same numbers: {blocks[pick].name!r} and {parameter.name!r} are "
                    f"both {what} {key!r}. Give each a key of its own by names=."
                )
            blocks[pick] = parameter


def _check_slices(parameter: Parameter, taken: Mapping[str, Parameter]) -> None:
    """The slices of a stack have names of their own, which no other parameter may have."""
    head, star, _ = parameter.key.partition("*")
    head = head if star else f"{parameter.key}."
    rank = len(parameter.shape)
    sizes = [parameter.shape[axis % rank] for axis in parameter.layout.stack_axes if -rank <= axis < rank]
    for key, other in taken.items():
        if other is parameter or not key.startswith(head):
            continue
        if _is_slice(key, parameter.key, sizes):
            raise InputError(
                f"two parameters would have the same numbers: {other.name!r} has the key {key!r}, and so has a slice "
                f"of {parameter.name!r}. Give each a key of its own by names=."
            )


def _is_slice(key: str, stacked: str, sizes: Sequence[int]) -> bool:
    """Whether a key is that of one slice of a stacked weight."""
    pattern = stacked if "*" in stacked else f"{stacked}.{'.'.join('*' * len(sizes))}"
    steps, wanted = key.split("."), pattern.split(".")
    if len(steps) != len(wanted):
        return False
    indices = [step for step, want in zip(steps, wanted, strict=True) if want == "*" != step]
    same = all(want in ("*", step) for step, want in zip(steps, wanted, strict=True))
    return (
        same
        and len(indices) == len(sizes)
        and all(index.isdecimal() and int(index) < size for index, size in zip(indices, sizes, strict=True))
    )
