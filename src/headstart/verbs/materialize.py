"""Materialize: a plan becomes a checkpoint on disk, with no model and no framework in between."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headstart import memory
from headstart.check import is_whole, told, whole
from headstart.check import seed as check_seed
from headstart.draws.dtypes import dtype_name
from headstart.errors import DiskError, InputError, Interrupted
from headstart.models.checkpoints.contents import contents, digest
from headstart.models.checkpoints.estimate import drawing_seconds
from headstart.models.checkpoints.folder import check, clean, is_finished, write_file
from headstart.models.checkpoints.pipeline import BUFFERS
from headstart.models.checkpoints.shards import Shard, index, index_name, of_part, shards
from headstart.models.checkpoints.write import buffer_size, write_shards
from headstart.plans import Plan
from headstart.words import count, duration
from headstart.words import memory as amount

SCHEMA = 1
PLAN = "plan.json"
SPARE = 2**20  # bytes for the plan, the index and the file system's own

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Materialized:
    """A checkpoint that was written from a plan, or would be.

    Args:
        folder: where it is.
        seed, dtype: as they were asked for.
        digest: of all that its bytes depend on; every file's header has it.
        shards: one row per file of the whole: file, bytes, arrays, first, last, mine (of this call's part), written (it
            is there).
        parameters: how many numbers the whole has.
        bytes: that all files have together.
        to_write: bytes that this call had, or would have, to write.
        seconds: that it took; of a dry run, that drawing would take.
        dry: whether nothing was to be written.
    """

    folder: Path
    seed: int
    dtype: str
    digest: str
    shards: tuple[dict[str, Any], ...]
    parameters: int
    bytes: int
    to_write: int
    seconds: float
    dry: bool = False

    @property
    def complete(self) -> bool:
        """Whether every file of the whole is there."""
        return all(row["written"] for row in self.shards)

    @property
    def finished(self) -> bool:
        """Whether every file of this call's part is there."""
        return all(row["written"] for row in self.shards if row["mine"])

    def rows(self) -> list[dict[str, Any]]:
        """One row per file: file, bytes, arrays, first, last, mine, written."""
        return [dict(row) for row in self.shards]

    def to_json(self) -> dict[str, Any]:
        """Plain data, with a schema number."""
        return {
            "schema": SCHEMA, "folder": str(self.folder), "seed": self.seed, "dtype": self.dtype, "digest": self.digest,
            "parameters": self.parameters, "bytes": self.bytes, "to_write": self.to_write, "seconds": self.seconds,
            "dry_run": self.dry, "complete": self.complete, "shards": self.rows(),
        }  # fmt: skip

    def __str__(self) -> str:
        """What it is, in a few lines."""
        mine = [row for row in self.shards if row["mine"]]
        there = sum(row["written"] for row in mine)
        part = "" if len(mine) == len(self.shards) else f", {len(mine):,} of them this part's"
        lines = [f"{self.parameters:,} numbers of {self.dtype}, {amount(self.bytes)} in "
                 f"{count(len(self.shards), 'file')}{part}"]  # fmt: skip
        if self.dry:
            there_already = f", {count(there, 'file is', 'files are')} there already" if there else ""
            lines.append(f"to write: {amount(self.to_write)}{there_already}")
            lines.append(f"drawing takes {duration(self.seconds)} here; writing is the disk's matter")
        elif self.finished and self.to_write:
            rate = f", {amount(self.to_write / self.seconds)}/s" if self.seconds else ""
            lines.append(f"wrote {amount(self.to_write)} to {self.folder} in {self.seconds:.1f} s{rate}")
        elif self.finished:
            lines.append(f"all of it stands in {self.folder} already")
        else:
            lines.append(f"{there:,} of {count(len(mine), 'file is', 'files are')} in {self.folder}")
        return "\n".join(lines)


def materialize(
    plan: Plan,
    folder: str | os.PathLike[str],
    seed: int = 0,
    *,
    dtype: Any = "float32",
    shard_bytes: int | str = "5GiB",
    include: Literal["all", "drawn"] = "all",
    part: tuple[int, int] | None = None,
    threads: int | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Materialized:
    """Write the weights of a plan as safetensors, straight to disk: the numbers that `plan.apply` gives a model.

    Neither a model nor a framework is needed, and two buffers of at most 64 MiB are all that is held in memory (and of
    an orthogonal weight its matrix). Any PyTorch, JAX or Keras process loads the files; they are named and indexed as
    transformers names them, with plan.json beside them. Interrupted, killed or out of disk: the same call goes on, and
    what was finished is not drawn again.

    Args:
        plan: what `hs.plan` made, or `Plan.from_json` read.
        folder: an empty one, one that does not exist yet, or one with this very checkpoint's finished files; other
            files than weights, such as config.json, may be there.
        seed: 0 to 2^64 - 1.
        dtype: float32, float64, float16 or bfloat16.
        shard_bytes: the most of a file, as a number of bytes or a text like "5GiB"; a larger array has a file of its
            own.
        include: "all": also what the plan leaves alone, with what its layer fills it with (a norm's scale with 1);
            "drawn": only what is drawn. An array that is tied to another is written once, under the first name.
        part: (3, 8) writes the third of eight parts of the files, for as many machines; each may have its own folder.
        threads: at most so many draw; the number changes no bit.
        dry_run: say what would be written, and how long drawing takes here; nothing is written.
        progress: called with the bytes written and those to write.

    Raises:
        InputError: a plan that draws nothing, or leaves alone what nobody knows the start of; a folder that cannot be
            written to or holds another checkpoint; not enough memory or disk. Nothing was written.
        DiskError: the disk takes no more; what was finished stays.
        Interrupted: by Ctrl-C; what was finished stays.

    >>> import tempfile
    >>> from headstart.plans import Parameter, plan_parameters
    >>> plan = plan_parameters([Parameter("weight", (300, 200)), Parameter("bias", (300,), "bias")], "he")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = materialize(plan, folder)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['model.safetensors', 'plan.json']
    >>> made.parameters, made.complete, [row["file"] for row in made.rows()]
    (60300, True, ['model.safetensors'])

    References: the format, https://huggingface.co/docs/safetensors.
    """
    job = _job(plan, _path(folder), seed, dtype, shard_bytes, include, part, threads, dry_run)
    _check_folder(job, plan, include)
    if dry_run:
        seconds = drawing_seconds([c for shard in job.left() for c in shard.contents], job.seed, job.dtype, threads)
        return job.result(job.left(), seconds)
    return _write(job, plan, progress)


@dataclass(frozen=True)
class _Job:
    """A call, checked: the files of the whole, and those of its part."""

    folder: Path
    seed: int
    dtype: str
    digest: str
    found: tuple[Shard, ...]
    mine: tuple[Shard, ...]
    threads: int | None
    dry: bool

    def left(self) -> list[Shard]:
        """Its files that are not there yet."""
        return [shard for shard in self.mine if not is_finished(self.folder, shard)]

    def result(self, wanted: Sequence[Shard], seconds: float) -> Materialized:
        numbers = {shard.number for shard in self.mine}
        rows = [
            {"file": shard.file, "bytes": shard.size, "arrays": len(shard.contents), "first": shard.contents[0].name,
             "last": shard.contents[-1].name, "mine": shard.number in numbers,
             "written": is_finished(self.folder, shard)}
            for shard in self.found
        ]  # fmt: skip
        return Materialized(
            folder=self.folder, seed=self.seed, dtype=self.dtype, digest=self.digest, shards=tuple(rows),
            parameters=sum(content.size for shard in self.found for content in shard.contents),
            bytes=sum(shard.size for shard in self.found), to_write=sum(shard.size for shard in wanted),
            seconds=seconds, dry=self.dry,
        )  # fmt: skip


def _job(
    plan: Any, folder: Path, seed: Any, dtype: Any, shard_bytes: Any, include: Any, part: Any, threads: Any, dry: bool
) -> _Job:
    """The call, with all that can be wrong about it."""
    if not isinstance(plan, Plan):
        raise InputError(f"materialize takes a plan, got {type(plan).__name__}. Pass what hs.plan(model) gives.")
    seed, kind, most = check_seed(seed), dtype_name(dtype), _shard_bytes(shard_bytes)
    threads = None if threads is None else whole(threads, "threads")
    of = _part(part)
    held = contents(plan, seed, kind, include)
    named = digest(plan, seed, kind, include)
    found = shards(held, kind, most, seed, named)
    mine = of_part(found, *of)
    memory.require(BUFFERS * buffer_size(mine, kind, threads), "writing", "Write a smaller shard_bytes.")
    return _Job(folder, seed, kind, named, found, mine, threads, dry)


def _path(given: Any) -> Path:
    if not isinstance(given, (str, os.PathLike)) or "\0" in str(given) or not str(given):
        raise InputError(f"a folder is a path without zero bytes, got {told(given)}. Write, for example, 'weights'.")
    return Path(given)


def _shard_bytes(given: Any) -> int:
    """A size as a number of bytes or a text."""
    size = memory.size(given, "shard_bytes", "5GiB") if isinstance(given, str) else given
    if not is_whole(size) or size < 1:
        raise InputError(f"shard_bytes must be an amount of at least one byte, got {told(given)}. Write '5GiB'.")
    return int(size)


def _part(given: Any) -> tuple[int, int]:
    if given is None:
        return 1, 1
    pair = tuple(given) if isinstance(given, (tuple, list)) else ()
    if len(pair) != 2 or not all(map(is_whole, pair)) or not 1 <= pair[0] <= pair[1]:
        raise InputError(f"part is which one of how many, from 1 on, got {told(given)}. Write, for example, (3, 8).")
    return int(pair[0]), int(pair[1])


def _check_folder(job: _Job, plan: Plan, include: str) -> None:
    """See that the files may stand there, beside what is there.

    Raises:
        InputError: a file, another checkpoint, or another plan.
    """
    from headstart.show.writing import check_writable

    folder = job.folder
    try:
        if not job.dry:
            check_writable(folder)
        elif folder.exists() and not folder.is_dir():
            raise InputError(f"{str(folder)!r} is a file, and a checkpoint is a folder. Choose another path.")
        check(folder, job.found)
        _check_plan(job, plan, include)
    except OSError as error:
        raise InputError(f"cannot use the folder {str(folder)!r}: {error.strerror or error}.") from None


def _check_plan(job: _Job, plan: Plan, include: str) -> None:
    """A plan that stands there already must give the same numbers."""
    path = job.folder / PLAN
    if not path.exists():
        return
    try:
        there = digest(Plan.from_json(json.loads(path.read_bytes())), job.seed, job.dtype, include)
    except (ValueError, RecursionError):  # no plan
        there = ""
    if there != job.digest:
        raise InputError(
            f"the folder {str(job.folder)!r} holds the {PLAN} of another checkpoint. "
            "Choose an empty folder, or remove what is there."
        )


def _write(job: _Job, plan: Plan, progress: Progress | None) -> Materialized:
    """Write what is not there yet."""
    began = time.monotonic()
    wanted: list[Shard] = []
    try:
        job.folder.mkdir(parents=True, exist_ok=True)
        clean(job.folder)
        wanted = job.left()
        _check_space(job.folder, wanted)
        if not (job.folder / PLAN).exists():
            write_file(job.folder, PLAN, (json.dumps(plan.to_json(), indent=1) + "\n").encode())
        total = sum(shard.numbers for shard in wanted)
        tell = None if progress is None else lambda done: progress(done, total)
        busy = write_shards(job.folder, wanted, job.seed, job.dtype, job.threads, tell)
        if len(job.found) > 1 and not busy and not (job.folder / index_name()).exists():
            write_file(job.folder, index_name(), index(job.found))
    except OSError as error:
        raise _disk_error(job, error) from None
    except KeyboardInterrupt:
        found = job.result(wanted, time.monotonic() - began)
        raise Interrupted("writing a checkpoint was interrupted; the same call goes on.", found) from None
    return job.result(wanted, time.monotonic() - began)


def _check_space(folder: Path, wanted: Sequence[Shard]) -> None:
    """See that what is to be written fits.

    Raises:
        DiskError: it does not.
    """
    needed = sum(shard.size for shard in wanted) + SPARE
    free = shutil.disk_usage(folder).free
    if wanted and needed > free:
        raise DiskError(
            f"{amount(needed)} are to be written to {str(folder)!r}, and its disk has {amount(free)} left. Make room, "
            "write another dtype, or a part of it (part=(1, 2)) to each of several disks."
        )


def _disk_error(job: _Job, error: OSError) -> DiskError:
    why = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        why, remedy = f"it is full ({why})", "Make room"
    elif error.errno == errno.EFBIG:
        why, remedy = f"a file may not be as large ({why})", "Raise the limit, or write a smaller shard_bytes elsewhere"
    else:
        remedy = "See to the disk"
    done = sum(is_finished(job.folder, shard) for shard in job.mine)
    return DiskError(
        f"the disk of {str(job.folder)!r} takes no more: {why}. {done:,} of {count(len(job.mine), 'file')} are there, "
        f"whole. {remedy}; then the same command goes on."
    )
