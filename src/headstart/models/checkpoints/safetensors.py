"""Read safetensors: a header in JSON, then the arrays, which are mapped into memory and not read.

The format: eight bytes with the header's length, the header (name -> dtype, shape, first and last byte), the bytes. All
that the header says is checked against the file before anything is believed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.audits.values import ArrayValues
from headstart.errors import InputError
from headstart.words import count, memory

SUFFIX = ".safetensors"
INDEX = ".safetensors.index.json"
LONGEST = 100_000_000  # bytes of a header, the format's own limit
# dtype -> (bytes, NumPy's type as stored)
DTYPES: dict[str, tuple[int, str]] = {
    "F64": (8, "<f8"), "F32": (4, "<f4"), "F16": (2, "<f2"), "BF16": (2, "<u2"), "F8_E4M3": (1, "u1"),
    "F8_E5M2": (1, "u1"), "I64": (8, "<i8"), "I32": (4, "<i4"), "I16": (2, "<i2"), "I8": (1, "i1"),
    "U64": (8, "<u8"), "U32": (4, "<u4"), "U16": (2, "<u2"), "U8": (1, "u1"), "BOOL": (1, "?"),
}  # fmt: skip
LOOKED_AT = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class Stored(ArrayValues):
    """An array of a checkpoint, with the dtype that the file calls it."""

    def __init__(self, array: NDArray[Any], code: str) -> None:
        super().__init__(array, LOOKED_AT.get(code, code.lower()), _from_bfloat16 if code == "BF16" else None)
        self.is_real = code in LOOKED_AT


def read_checkpoint(path: Path) -> dict[str, Stored]:
    """The arrays of a file, of a folder of shards, or of a shards' index; by name.

    Raises:
        InputError: it is no safetensors, it is cut off, its header does not fit it, or a shard is missing.
    """
    if not path.exists():
        raise InputError(f"there is no {str(path)!r}. Write the path of a {SUFFIX} file, or of a folder with them.")
    if path.is_dir():
        indices = sorted(path.glob(f"*{INDEX}"))
        if indices:
            return _shards(indices[0])
        files = sorted(path.glob(f"*{SUFFIX}"))
        if not files:
            raise InputError(f"the folder {str(path)!r} has no {SUFFIX} file. Write the path of one.")
        return _together(files)
    return _shards(path) if path.name.endswith(INDEX) else read_file(path)


def _together(files: list[Path]) -> dict[str, Stored]:
    found: dict[str, Stored] = {}
    for file in files:
        for name, stored in read_file(file).items():
            if name in found:
                raise InputError(
                    f"{name!r} stands in two files of {str(file.parent)!r}. Audit one of them by its path."
                )
            found[name] = stored
    return found


def _shards(index: Path) -> dict[str, Stored]:
    """The arrays that an index names, each from its shard."""
    try:
        document = json.loads(index.read_bytes())
        places = dict(document["weight_map"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{str(index)!r} is no index of shards: {error}. It has a weight_map of names and files."
        ) from None
    files = {}
    for file in dict.fromkeys(map(str, places.values())):
        shard = index.parent / file
        if shard.parent.resolve() != index.parent.resolve():
            raise InputError(f"the index {index.name} names the file {file!r} outside its folder.")
        if not shard.exists():
            raise InputError(f"the index {index.name} names the shard {file!r}, which is missing. Fetch it again.")
        files[file] = read_file(shard)
    absent = [name for name, file in places.items() if name not in files[str(file)]]
    if absent:
        raise InputError(f"the shard {str(places[absent[0]])!r} has no {absent[0]!r}, which its index promises.")
    return {name: files[str(file)][name] for name, file in places.items()}


def read_file(path: Path) -> dict[str, Stored]:
    """The arrays of one file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > LONGEST or length < 2:
            raise _foreign(path, f"its first eight bytes say a header of {length:,} bytes")
        if 8 + length > size:
            first = file.read(1)
            if first not in (b"{", b""):
                raise _foreign(path, "no header follows its first eight bytes")
            raise InputError(
                f"{str(path)!r} is cut off: its header has {length:,} bytes, the file {count(size, 'byte')} in all. "
                "Fetch it again."
            )
        text = file.read(length)
    header = _header(path, text)
    data = size - 8 - length
    entries = {name: _entry(path, name, given, data) for name, given in header.items() if name != "__metadata__"}
    _check_overlap(path, entries)
    if not entries:
        return {}
    if not data:
        return {name: Stored(np.zeros(shape, DTYPES[code][1]), code) for name, (code, shape, _, _) in entries.items()}
    whole = np.memmap(path, np.uint8, "r", offset=8 + length, shape=(data,))
    return {
        name: Stored(whole[begin:end].view(DTYPES[code][1]).reshape(shape), code)
        for name, (code, shape, begin, end) in entries.items()
    }


def _header(path: Path, text: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):
        raise _foreign(path, "no header follows its first eight bytes")
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _foreign(path, f"its header is no JSON ({error})") from None
    assert isinstance(found, dict)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{max(names, key=names.count)!r} stands there twice")
    return dict(pairs)


def _entry(path: Path, name: str, given: Any, data: int) -> tuple[str, tuple[int, ...], int, int]:
    """(dtype, shape, first byte, last byte) of an array."""
    try:
        code, shape, (begin, end) = given["dtype"], tuple(given["shape"]), given["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    except (TypeError, KeyError, ValueError):
        raise _lies(path, name, "it lacks dtype, shape or data_offsets") from None
    if not whole or begin > end:
        raise _lies(path, name, f"its shape {list(shape)} and bytes {begin} to {end} are no sizes")
    if not isinstance(code, str) or code not in DTYPES:
        raise _lies(path, name, f"its dtype {code!r} is unknown. Known: {', '.join(DTYPES)}")
    if end > data:
        raise InputError(
            f"{str(path)!r} is cut off: {name!r} ends at byte {end:,} of the data, and only "
            f"{count(data, 'byte is', 'bytes are')} there. Fetch it again."
        )
    needed = math.prod(shape) * DTYPES[code][0]
    if needed != end - begin:
        raise _lies(
            path, name, f"{code} of shape {list(shape)} takes {memory(needed)}, its bytes are {memory(end - begin)}"
        )
    return code, shape, begin, end


def _check_overlap(path: Path, entries: Mapping[str, tuple[str, tuple[int, ...], int, int]]) -> None:
    last, before = 0, ""
    for name, (_, _, begin, end) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if begin < last and end > begin:
            raise _lies(path, name, f"its bytes overlap those of {before!r}")
        last, before = max(last, end), name


def _foreign(path: Path, why: str) -> InputError:
    return InputError(f"{str(path)!r} is no safetensors file: {why}. Write the path of a {SUFFIX} file.")


def _lies(path: Path, name: str, why: str) -> InputError:
    return InputError(f"the header of {str(path)!r} is wrong about {name!r}: {why}.")


def _from_bfloat16(stored: NDArray[Any]) -> NDArray[np.float32]:
    """The upper half of a float32 is all that is stored."""
    return (np.ascontiguousarray(stored).astype(np.uint32) << 16).view(np.float32)
