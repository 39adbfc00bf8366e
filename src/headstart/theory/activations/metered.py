"""A user's function under control: in few shapes, in our words when it fails, at a known pace, and to an end.

Before it is used it is seen to be element-wise, not random, and in float64. The pace is measured: it decides how
closely the function is looked at, and whether it is asked once per place and its polynomials after that. A function
that takes a minute is refused.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.theory.search import CLOSE, COARSE, FEW_CALLS, Array, Curve, Search

# Irregular points, so that no pattern of a function can hide between them.
PROBES = np.array([-2.718281, -1.324717, -0.577215, -0.114942, 0.261497, 0.915965, 1.618033, 3.359885])
_SIZES = (256, 2048, 16384, 131072)  # of arrays, because a compiler may start anew for each
_SLOW, _VERY_SLOW = 5e-6, 2e-4  # seconds per number; far above what a loaded machine makes of NumPy, torch or JAX
_SLOW_CALL, _ENDLESS_CALL = 0.03, 1.0  # seconds per call, whatever it is given
MOST_SECONDS = 60.0  # that one slow function may take in all
_MOST_REMEMBERED = 1_000_000  # numbers


@dataclass(frozen=True)
class Foreign:
    """A function of float64 arrays, its derivative where the framework has one, and how closely to look at it.

    `slow`: ask it once per place and use polynomials after that.
    """

    value: Curve
    slope: Curve | None
    by: str
    search: Search
    slow: bool


@dataclass
class Way:
    """One way to call a function: with arrays of float64, of some size each."""

    call: Callable[[Array], Any]
    slope: Curve | None = None
    by: str = ""
    one_by_one: bool = False
    any_size: bool = False  # NumPy's functions are not compiled for a size


def double() -> Any:
    """JAX computes in float64 only where it is told to."""
    jax = sys.modules.get("jax")
    return contextlib.nullcontext() if jax is None else jax.enable_x64(True)


class Metered:
    """A curve in few shapes, its errors in our words, and no more than `MOST_SECONDS` where it is slow."""

    def __init__(self, call: Callable[[Array], Any], name: str, any_size: bool) -> None:
        self.call, self.name, self.any_size = call, name, any_size
        self.slow, self.calls, self.seconds = False, 0, 0.0

    def __call__(self, z: Array) -> Array:
        if z.size == 0:
            return np.empty(0)
        if self.any_size:
            return self.once(z)
        parts, at = [], 0
        while at < z.size:
            size = next((size for size in _SIZES if size >= z.size - at), _SIZES[-1])
            part = z[at : at + size]
            # the last number again where the array is not full: it is one that the function knows
            full = np.concatenate([part, np.full(size - part.size, part[-1])])
            parts.append(self.once(full)[: part.size])
            at += size
        return np.concatenate(parts)

    def once(self, z: Array) -> Array:
        """One call, with a copy: a function may work in place."""
        if self.slow and self.seconds > MOST_SECONDS:
            raise InputError(
                f"activation {self.name} is too slow: {self.calls} calls took {self.seconds:.0f} s. If it is compiled "
                "anew in each call, compile it once outside; write it for whole arrays; or give its kinks to "
                "theory.custom."
            )
        began = time.perf_counter()
        try:
            with np.errstate(all="ignore"), double():
                result = self.call(z.copy())
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"activation {self.name} raised {short(error)} for {z.size} numbers from {z.min():.6g} to "
                f"{z.max():.6g}. Write a function that takes one array of any length, and is defined for all real z."
            ) from error
        finally:
            self.calls += 1
            self.seconds += time.perf_counter() - began
        return _checked(result, z, self.name)


def judged(way: Way, name: str) -> Foreign:
    """The way's curves, after they were seen to be element-wise and their pace was measured."""
    value = Metered(way.call, name, way.any_size or way.one_by_one)
    slope = None if way.slope is None else Metered(way.slope, f"the derivative of {name}", way.any_size)
    call, number = _pace(value, name, way.one_by_one)
    if way.one_by_one:
        value.call = _remembering(way.call)
    slow_number = _VERY_SLOW if way.one_by_one else _SLOW
    search = FEW_CALLS if number > _VERY_SLOW else COARSE if way.one_by_one or number > slow_number else CLOSE
    value.slow = way.one_by_one or search is not CLOSE or call > _SLOW_CALL
    if slope is not None:
        slope.slow = value.slow
    return Foreign(value, slope, way.by, search, value.slow)


def _pace(value: Metered, name: str, one_by_one: bool) -> tuple[float, float]:
    """Seconds of a call and of a number in it, from the calls that see whether phi is element-wise."""
    seconds: dict[int, list[float]] = {}

    def timed(z: Array) -> Array:
        began = time.perf_counter()
        result = value.once(z)
        seconds.setdefault(z.size, []).append(time.perf_counter() - began)
        if len(seconds[z.size]) == 2 and min(seconds[z.size]) > _ENDLESS_CALL * (z.size if one_by_one else 1):
            raise InputError(
                f"activation {name} is too slow: a call with {z.size} numbers takes {min(seconds[z.size]):.2g} s. "
                "If it is compiled anew in each call, compile it once outside."
            )
        return result

    whole = timed(PROBES)
    if not np.array_equal(whole, timed(PROBES), equal_nan=True):
        raise InputError(f"activation {name} is random: two calls with the same z differ. Write its mean instead.")
    _checkdouble(whole, name)
    if one_by_one:  # nothing can mix
        return 0.0, min(seconds[PROBES.size]) / PROBES.size
    backwards = timed(PROBES[::-1].copy())[::-1]
    many = np.concatenate([PROBES, np.linspace(-3.1, 2.9, _SIZES[0] - PROBES.size)])
    among = timed(many)[: PROBES.size]
    if not all(np.allclose(whole, other, rtol=1e-9, atol=1e-12, equal_nan=True) for other in (backwards, among)):
        raise InputError(
            f"an activation must be element-wise, and {name} mixes the elements of its input (as softmax does). "
            "Write a function of one number, applied to each element."
        )
    number = 0.0
    for size in _SIZES[:2]:  # what seems slow is measured again, longer
        z = np.resize(many, size)
        for _ in range(3):
            timed(z)
        number = max(0.0, min(seconds[size]) - min(seconds[PROBES.size])) / (size - PROBES.size)
        if not _SLOW < number < _VERY_SLOW:
            break
    return min(seconds[PROBES.size]), number


def _checked(result: Any, z: Array, name: str) -> Array:
    if isinstance(result, (list, tuple)) or result is None:
        raise InputError(
            f"an activation must return an array of the same shape; {name} returned {short(result)}. Return one array."
        )
    values = np.asarray(result)
    if values.shape != z.shape:
        raise InputError(
            f"an activation must be element-wise; {name} returned shape {values.shape} for {z.shape}. "
            "Write a function of one number, applied to each element."
        )
    if values.dtype.kind not in "fbiu" or (values.dtype.kind == "f" and values.dtype.itemsize < 8):
        raise InputError(
            f"activation {name} must compute in float64, got {values.dtype} for float64 input. Remove the conversion."
        )
    return values.astype(np.float64)


def _checkdouble(values: Array, name: str) -> None:
    """Values that all fit into float32, and not all into less, were computed in float32."""
    with np.errstate(all="ignore"):
        single = np.array_equal(values, values.astype(np.float32))
        fine = np.count_nonzero(values != values.astype(np.float16))
    if single and fine >= values.size // 2:
        raise InputError(
            f"activation {name} must compute in float64, got numbers of float32's precision. Remove the conversion."
        )


def short(thing: Any) -> str:
    text = " ".join(repr(thing).split())
    return text if len(text) <= 120 else f"{text[:100]}..."


def _remembering(call: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The same, each number asked once."""
    known: dict[float, float] = {}

    def remembered(z: Array) -> Array:
        new = np.array(sorted(set(z.tolist()) - known.keys()))
        if new.size:
            if len(known) > _MOST_REMEMBERED:
                known.clear()
                new = np.unique(z)
            known.update(zip(new.tolist(), np.asarray(call(new)).tolist(), strict=True))
        return np.array([known[number] for number in z.tolist()])

    return remembered
