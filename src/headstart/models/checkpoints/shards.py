"""How arrays are cut into files, as transformers cuts and names them: a pure function, the same for whoever writes.

An array is never cut; one that is larger than a shard may be has a file of its own. A header says besides what the
format asks for which plan, seed and shard it is, so that a file can be recognised without reading its numbers.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.draws.dtypes import FORMATS
from headstart.draws.streams import FORMAT_VERSION
from headstart.errors import InputError
from headstart.models.checkpoints.contents import RESERVED, Content
from headstart.models.checkpoints.safetensors import INDEX, LONGEST, LOOKED_AT, SUFFIX
from headstart.words import count, memory

STEM = "model"
MOST = 99_999  # files that five digits count
CODES = {dtype: code for code, dtype in LOOKED_AT.items()}
OURS = "headstart"  # the header's key with what made the file


@dataclass(frozen=True)
class Shard:
    """One file.

    Args:
        number: of `total`, from 1 on.
        contents: its arrays, one behind the other.
        header: the file's first bytes, up to the numbers.
        numbers: the bytes of those.
    """

    number: int
    total: int
    contents: tuple[Content, ...]
    header: bytes
    numbers: int

    @property
    def file(self) -> str:
        return file_name(self.number, self.total)

    @property
    def size(self) -> int:
        """The file's bytes."""
        return len(self.header) + self.numbers


def file_name(number: int, total: int) -> str:
    """The name of a shard; of one that is alone, without a number.

    >>> file_name(1, 1), file_name(3, 7)
    ('model.safetensors', 'model-00003-of-00007.safetensors')
    """
    return f"{STEM}{SUFFIX}" if total == 1 else f"{STEM}-{number:05d}-of-{total:05d}{SUFFIX}"


def shards(found: Sequence[Content], dtype: str, shard_bytes: int, seed: int, digest: str) -> tuple[Shard, ...]:
    """The files.

    Args:
        found: the arrays, in order.
        shard_bytes: the most numbers of a file, in bytes, if it has more than one array.
        seed, digest: what the headers say besides.

    Raises:
        InputError: more files than names count, or more arrays in one than a header holds.
    """
    groups = _groups(found, FORMATS[dtype].bytes, shard_bytes)
    if len(groups) > MOST:
        raise InputError(
            f"shard_bytes={shard_bytes} makes {len(groups):,} files, more than the {MOST:,} that names count. "
            "Write a larger size, for example '5GB'."
        )
    made = []
    for number, group in enumerate(groups, 1):
        said = {"format": f"{FORMAT_VERSION}", "plan": digest, "seed": f"{seed}", "shard": f"{number}/{len(groups)}"}
        header, numbers = _header(group, dtype, said)
        if len(header) > LONGEST:
            raise InputError(
                f"the {len(group):,} arrays of one file need a header of {memory(len(header))}, more than the "
                f"{memory(LONGEST)} that the format has. Write a smaller shard_bytes."
            )
        made.append(Shard(number, len(groups), tuple(group), header, numbers))
    return tuple(made)


def index(found: Sequence[Shard]) -> bytes:
    """The file that says which array stands where; for more than one shard."""
    places = {content.name: shard.file for shard in found for content in shard.contents}
    size = sum(shard.numbers for shard in found)
    parameters = sum(content.size for shard in found for content in shard.contents)
    metadata = {"total_parameters": parameters, "total_size": size}
    return (json.dumps({"metadata": metadata, "weight_map": places}, indent=2) + "\n").encode()


def index_name() -> str:
    """The name of that file."""
    return f"{STEM}{INDEX}"


def of_part(found: Sequence[Shard], part: int, parts: int) -> tuple[Shard, ...]:
    """The shards of one of several parts of about equal bytes, each shard in exactly one.

    Args:
        part: from 1 to `parts`.
    """
    total = sum(shard.size for shard in found)
    begins = itertools.accumulate((shard.size for shard in found), initial=0)
    return tuple(
        shard
        for shard, begin in zip(found, begins, strict=False)
        if min((2 * begin + shard.size) * parts // (2 * total), parts - 1) == part - 1
    )


def told(said: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """How a file's own words differ from what is asked for."""
    words = {"format": "an older format of the draws", "seed": f"seed {said.get('seed')}, not {asked['seed']}",
             "plan": "another plan or dtype"}  # fmt: skip
    return next((text for key, text in words.items() if said.get(key) != asked[key]), "another shard_bytes")


def said_by(header: bytes) -> dict[str, str]:
    """What a header, without its length, says of what made the file; nothing in a file of somebody else."""
    try:
        found = json.loads(json.loads(header)[RESERVED][OURS])
        return {str(key): str(value) for key, value in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _groups(found: Sequence[Content], width: int, most: int) -> list[list[Content]]:
    """The arrays of each file, in the order of the files' first ones: a new file where the next array does not fit."""
    places = {content.name: place for place, content in enumerate(found)}
    alone = [[content] for content in found if content.size * width > most]
    together: list[list[Content]] = []
    held = most + 1
    for content in found:
        size = content.size * width
        if size > most:
            continue
        if held + size > most:
            together.append([])
            held = 0
        together[-1].append(content)
        held += size
    return sorted([*alone, *together], key=lambda group: places[group[0].name])


def _header(group: Sequence[Content], dtype: str, said: Mapping[str, str]) -> tuple[bytes, int]:
    """The header with its length before it, and how many bytes of numbers follow."""
    # every loader asks for "format", whose "pt" all of them take
    rows: dict[str, object] = {RESERVED: {"format": "pt", OURS: json.dumps(said)}}
    end = 0
    for content in group:
        begin, end = end, end + content.size * FORMATS[dtype].bytes
        rows[content.name] = {"dtype": CODES[dtype], "shape": list(content.shape), "data_offsets": [begin, end]}
    text = json.dumps(rows, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return len(text).to_bytes(8, "little") + text, end


def summary(found: Sequence[Shard]) -> str:
    """How many files of how much.

    >>> summary(())
    '0 files, 0 B'
    """
    return f"{count(len(found), 'file')}, {memory(sum(shard.size for shard in found))}"
