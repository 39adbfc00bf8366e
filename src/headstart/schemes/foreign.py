"""Schemes by other libraries' names: kaiming_normal, xavier_uniform, HeNormal mean what that library draws.

A name that headstart has too is headstart's own, unless a path (`jax.nn.initializers.`) or PyTorch's underscore says
whose it is. What was understood is told in a note: logged as "headstart", which without a handler is a line on stderr.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from headstart.check import finite, is_number, positive
from headstart.errors import InputError, unknown
from headstart.layout import MODES
from headstart.libraries.layers import TORCH_GAINS
from headstart.libraries.names import DIFFERENT, DISTRIBUTIONS, NAMES, PATHS, Foreign
from headstart.spec import Spec

Read = tuple[str, dict[str, Any], float]  # a family's name, its arguments, a multiplier

_log = logging.getLogger("headstart")


def foreign(spec: Spec, families: Any) -> Foreign | None:
    """The other library's name that a spec has, or None where it is headstart's own.

    Raises:
        InputError: a name that means something no scheme draws, or one that this library does not have.
    """
    key, library = spec.name.replace("_", ""), _library(spec)
    if spec.name in families and not library:
        return None
    if library == "PyTorch" and key in DIFFERENT:
        raise InputError(DIFFERENT[key])
    rows = [row for row in NAMES.get(key, ()) if library in row.libraries]
    if rows:
        return rows[0]
    if spec.path and key in NAMES:
        raise InputError(
            f"{library} has no {spec.written}: it is a name of {NAMES[key][0].libraries}. Leave the path away."
        )
    return None


def translated(spec: Spec, row: Foreign) -> Read:
    """The family, arguments and multiplier that draw what the library draws."""
    own = {name: value for name, value in spec.keywords.items() if name not in dict(row.takes)}
    given = _bound(spec, row)
    name, arguments, multiplier = _read(row, given, spec.written)
    return name, {**arguments, **own}, multiplier * (1.0 if spec.multiplier is None else spec.multiplier)


def tell(spec: Spec, row: Foreign, result: str) -> None:
    """Say what a name was taken for."""
    remark = f"; {row.remark}" if row.remark else ""
    _log.warning(f"Note: {spec.written}, as in {row.libraries}, is {result} here{remark}.")


def _library(spec: Spec) -> str:
    """The library that a path or an underscore at the end speaks of."""
    parts = spec.path.split(".")
    for part, library in PATHS.items():
        if part in parts:
            return library
    if spec.path:
        raise InputError(
            f"a path before a scheme's name is a library's, got {spec.path}{spec.written}. "
            f"Write, for example, torch.nn.init.kaiming_normal_ or {spec.written} alone."
        )
    if not spec.name.endswith("_"):
        return ""
    key = spec.name.replace("_", "")
    named = " ".join(row.libraries for row in NAMES.get(key, ()))
    return "PyTorch" if "PyTorch" in named or key in DIFFERENT else "timm" if "timm" in named else ""


def _bound(spec: Spec, row: Foreign) -> dict[str, Any]:
    """The library's own arguments by name; others are left to headstart's scheme."""
    names = [name for name, _ in row.takes]
    if len(spec.positional) > len(names):
        takes = f"takes {', '.join(names)}" if names else "takes no arguments"
        raise InputError(f"{spec.written} {takes}, got {len(spec.positional)} values. Write '{row.family}' instead.")
    by_place = dict(zip(names, spec.positional, strict=False))
    twice = by_place.keys() & spec.keywords.keys()
    if twice:
        raise InputError(f"{spec.written} got {min(twice)} twice. Write it once.")
    given = dict(row.takes) | by_place | {name: value for name, value in spec.keywords.items() if name in names}
    for name, default in row.takes:
        if is_number(default):
            finite(given[name], f"{name} of {spec.written}")
        if given[name] == "":
            raise InputError(f"{spec.written} needs its {name}. Write it, or one of headstart's own schemes.")
    return given


def _read(row: Foreign, given: dict[str, Any], written: str) -> Read:
    if "nonlinearity" in given:
        return _kaiming(row, given)
    if row.family == "variance_scaling":
        return _variance_scaling(given, written)
    if row.family == "truncated_normal":
        return _truncated(row, given, written)
    if row.family in ("normal", "uniform"):
        return row.family, _symmetric(row, given, written), 1.0
    if row.family == "constant":
        return "constant", {"value": given.get("val", given.get("value"))}, 1.0
    gain = positive(given.get("gain", given.get("scale", 1.0)), f"the gain of {written}", "1.0")
    return row.family, {"distribution": row.distribution} if row.distribution else {}, gain


def _kaiming(row: Foreign, given: dict[str, Any]) -> Read:
    """PyTorch's gain for the nonlinearity it is told: with none, that of relu."""
    word = str(given["nonlinearity"])
    arguments = {"mode": given["mode"], "distribution": row.distribution}
    if word == "leaky_relu":
        return "he", arguments, 1 / math.sqrt(1 + given["a"] ** 2)
    gains = TORCH_GAINS | {"linear": 1.0}
    if word not in gains:
        raise unknown("nonlinearity of PyTorch's", word, [*gains, "leaky_relu"])
    if word == "relu":
        return "he", arguments, 1.0
    return "xavier", arguments, gains[word]


def _variance_scaling(given: dict[str, Any], written: str) -> Read:
    scale = positive(given["scale"], f"the scale of {written}", "2.0")
    if given["mode"] not in MODES:
        raise unknown(f"mode of {written}", str(given["mode"]), MODES)
    if given["distribution"] not in DISTRIBUTIONS:
        raise unknown(f"distribution of {written}", str(given["distribution"]), DISTRIBUTIONS)
    arguments = {"mode": given["mode"], "distribution": DISTRIBUTIONS[given["distribution"]]}
    return ("he", arguments, 1.0) if scale == 2 else ("xavier", arguments, math.sqrt(scale))


def _truncated(row: Foreign, given: dict[str, Any], written: str) -> Read:
    """A normal of this standard deviation before the cut; `absolute` bounds are a and b, relative ones in its units."""
    std = positive(given.get("std", given.get("stddev")), f"the standard deviation of {written}", "0.02")
    low, high = given.get("a", -2.0), given.get("b", 2.0)
    if given.get("mean", 0) != 0 or low != -high or high <= 0:
        raise InputError(
            f"a truncated normal here has mean 0 and bounds -b and b, got mean={given.get('mean', 0):g}, a={low:g}, "
            f"b={high:g} in {written}. Write truncated_normal(0.02) and add the mean yourself."
        )
    cut = high / std if row.distribution == "absolute" else high
    return "truncated_normal", {"std": std, "cut": cut, "corrected": False}, 1.0


def _symmetric(row: Foreign, given: dict[str, Any], written: str) -> dict[str, Any]:
    """The size of a distribution about 0."""
    if row.family == "normal":
        if given.get("mean", 0) != 0:
            raise InputError(f"a normal here has mean 0, got {given['mean']:g} in {written}. Write normal(0.01).")
        return {"std": given.get("std", given.get("stddev"))}
    low = float(given.get("a", given.get("minval", 0.0)))
    high = float(given.get("b", given.get("maxval", given.get("scale", 1.0))))
    if low != -high:
        raise InputError(
            f"a uniform scheme here is symmetric, got {low:g} to {high:g} in {written}. Write uniform({high:g}) for "
            f"-{high:g} to {high:g}."
        )
    return {"bound": high}
