"""PyTorch's own checkpoints, which are pickles: read only where the caller trusts them, since unpickling runs code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.audits.evidence import Evidence
from headstart.audits.values import Values
from headstart.errors import InputError
from headstart.models.checkpoints.audit import evidence_of_arrays
from headstart.models.torch.values import LOOKED_AT, TensorValues

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")


def evidence_of_pickle(path: Path) -> Evidence:
    """What an audit sees of a pickled checkpoint, or of a whole pickled model.

    Raises:
        InputError: it cannot be unpickled, or holds no tensors.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=False)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}.") from None
    except Exception as error:  # whatever a pickle does
        raise InputError(f"{str(path)!r} cannot be unpickled: {type(error).__name__}: {error}.") from error
    if isinstance(found, nn.Module):
        from headstart.models.torch.audit import evidence_of

        return evidence_of(found)
    arrays: dict[str, Values] = {}
    _collect(found, "", arrays)
    if not arrays:
        raise InputError(f"{str(path)!r} holds no tensors, it holds a {type(found).__name__}. Save a state_dict.")
    return evidence_of_arrays(arrays)


def _collect(found: Any, prefix: str, arrays: dict[str, Values]) -> None:
    """Tensors by name; a state_dict inside a dictionary keeps its own names."""
    if isinstance(found, Tensor):
        if found.dtype in LOOKED_AT and found.layout == torch.strided:
            arrays[prefix] = TensorValues(found)
    elif isinstance(found, Mapping):
        for key, value in found.items():
            inside = key in ("state_dict", "model", "module", "model_state_dict") and isinstance(value, Mapping)
            name = str(key)
            _collect(value, prefix if inside else f"{prefix}.{name}" if prefix else name, arrays)
