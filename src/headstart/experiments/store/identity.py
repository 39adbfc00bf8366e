"""The identity of a run: the hash of what is trained, whatever its scheme was called.

Two ways to write one distribution are one run: lecun is xavier, normal(1) twice as large is normal(2). The settings
that are stored beside the identity keep the name that was asked for.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from headstart.errors import InputError
from headstart.schemes import scheme

OWN = ("scheme", "multiplier", "sigma_b", "learning_rate", "seed")  # of each run; the others are its batch's


def run_identity(
    shared: str, spec: str, multiplier: float, sigma_b: float, learning_rate: float, seed: int
) -> str:  # fmt: skip
    """The identity of a run.

    Args:
        shared: what its batch shares, the engine's format among it, as JSON without the closing brace.
        spec: its scheme.
        multiplier: of the scheme's weights, on top of its own.

    >>> [run_identity('{"steps":1', name, 1.0, 0.0, 0.1, 0)[:8] for name in ("lecun", "xavier", "he")]
    ['6d964e4b', '6d964e4b', 'c70e9592']
    """
    text = (
        f'{shared},"scheme":{_distribution(spec, multiplier)},"sigma_b":{sigma_b!r},'
        f'"learning_rate":{learning_rate!r},"seed":{seed}}}'
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def stored_identity(settings: Mapping[str, Any]) -> str:
    """The identity of a run by its stored settings."""
    shared = {name: value for name, value in settings.items() if name not in OWN}
    own = (settings[name] for name in OWN)
    return run_identity(compact(shared)[:-1], *own)


def compact(settings: Mapping[str, Any]) -> str:
    """Settings as they are stored: JSON without spaces, in the order of the keys."""
    return json.dumps(settings, separators=(",", ":"))


@functools.lru_cache(maxsize=4096)
def _distribution(spec: str, multiplier: float) -> str:
    """The one spec string, as JSON, of all schemes that draw these weights; one of another version is its own."""
    try:
        return json.dumps((scheme(spec) * multiplier).canonical)
    except InputError:
        return json.dumps(f"{spec}*{multiplier!r}")
