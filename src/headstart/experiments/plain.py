"""Plain data for JSON, which has no infinity and no NaN."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """The same data with tuples as lists, and numbers that JSON cannot hold as the strings "inf", "-inf" and "nan".

    >>> plain({"costs": (0.5, math.inf)})
    {'costs': [0.5, 'inf']}
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
