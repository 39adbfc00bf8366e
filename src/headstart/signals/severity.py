"""The two severities of a finding."""

from __future__ import annotations

from typing import Literal

Severity = Literal["fault", "remark"]  # something is wrong; something is worth knowing
