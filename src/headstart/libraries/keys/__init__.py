"""What other libraries call the parameters that PyTorch's layers have: one table per library. Data only."""

from __future__ import annotations

from headstart.libraries.keys.equinox import EQUINOX
from headstart.libraries.keys.flax import FLAX
from headstart.libraries.keys.haiku import HAIKU
from headstart.libraries.keys.keras import KERAS
from headstart.libraries.keys.table import Part, Structure, Table
from headstart.libraries.keys.transformers import TRANSFORMERS

TABLES: dict[str, Table] = {table.name: table for table in (FLAX, EQUINOX, HAIKU, KERAS, TRANSFORMERS)}

__all__ = ["TABLES", "Part", "Structure", "Table"]
