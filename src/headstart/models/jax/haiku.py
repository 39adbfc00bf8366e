"""Haiku: a pair of functions, and parameters as a dict of dicts."""

from __future__ import annotations

import sys
from typing import Any


def is_haiku(given: Any) -> bool:
    haiku = sys.modules.get("haiku")
    return haiku is not None and isinstance(given, (haiku.Transformed, haiku.TransformedWithState))
