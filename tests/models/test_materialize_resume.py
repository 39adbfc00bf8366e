"""Interrupted, killed, out of disk or shared: the same call goes on, and nothing half written has a name."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import filelock
import pytest

import headstart as hs
from headstart.models.checkpoints import folder as folders
from headstart.models.checkpoints.folder import Growing, ShardLock
from headstart.plans import Parameter, plan_parameters

PLAN = plan_parameters([Parameter(f"layers.{i}.weight", (60, 50)) for i in range(4)], "he")
SHARD = 12_000  # bytes: one weight in each
FILES = [f"model-{i:05d}-of-00004.safetensors" for i in (1, 2, 3, 4)]
WHOLE = sorted([*FILES, "model.safetensors.index.json", "plan.json"])

# the command, in whose second shard something happens
PROGRAM = """
import os, signal, sys
from headstart.models.checkpoints import folder
finish = folder.Growing.finish
def finish_second(self):
    if self._target.name.startswith("model-00002"):
        {event}
    finish(self)
folder.Growing.finish = finish_second
sys.argv = ["headstart", "materialize", "plan.json", "out", "--shard-bytes", "{size}"]
from headstart.cli.main import run
run()
"""


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def run_with(event: str, where: Path) -> subprocess.CompletedProcess[str]:
    (where / "plan.json").write_text(json.dumps(PLAN.to_json()))
    program = PROGRAM.format(event=event, size=SHARD)
    return subprocess.run([sys.executable, "-c", program], cwd=where, capture_output=True, text=True, check=False)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def goes_on(out: Path) -> None:
    """The same call finishes the folder, and leaves the first file as it is."""
    before = (out / FILES[0]).stat()
    made = hs.materialize(PLAN, out, shard_bytes=SHARD)
    assert made.complete
    assert made.to_write < made.bytes
    after = (out / FILES[0]).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert listed(out) == WHOLE


def same_as_in_one_go(out: Path, other: Path) -> None:
    hs.materialize(PLAN, other, shard_bytes=SHARD)
    for name in WHOLE:
        assert (out / name).read_bytes() == (other / name).read_bytes(), name


def test_after_ctrl_c_the_same_command_goes_on(tmp_path: Path) -> None:
    done = run_with("os.kill(os.getpid(), signal.SIGINT); __import__('time').sleep(0.2)", tmp_path)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "Interrupted: the same command goes on from here."
    out = tmp_path / "out"
    assert FILES[0] in listed(out)
    assert not [name for name in listed(out) if name.startswith(".")]
    assert "model.safetensors.index.json" not in listed(out)
    goes_on(out)
    same_as_in_one_go(out, tmp_path / "other")


def test_after_kill_9_the_same_command_cleans_up_and_goes_on(tmp_path: Path) -> None:
    assert run_with("os.kill(os.getpid(), signal.SIGKILL)", tmp_path).returncode == -signal.SIGKILL
    out = tmp_path / "out"
    left = listed(out)
    assert FILES[0] in left
    assert FILES[1] not in left
    assert [name for name in left if name.endswith(".part")]
    goes_on(out)
    same_as_in_one_go(out, tmp_path / "other")


def test_a_limit_of_the_process_is_told_and_nothing_half_written_stays(tmp_path: Path) -> None:
    plan = plan_parameters([Parameter("small", (60, 50)), Parameter("large", (100, 100))], "he")
    (tmp_path / "plan.json").write_text(json.dumps(plan.to_json()))
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY));"
        "sys.argv = ['headstart', 'materialize', 'plan.json', 'out', '--shard-bytes', '12000'];"
        "from headstart.cli.main import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    assert "a file may not be as large" in done.stderr
    assert "1 of 2 files are there, whole" in done.stderr
    assert listed(tmp_path / "out") == ["model-00001-of-00002.safetensors", "plan.json"]
    assert hs.materialize(plan, tmp_path / "out", shard_bytes=12_000).complete


def test_a_full_disk_is_told_and_the_same_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_sync: None
) -> None:
    append = Growing.append

    def full(self: Growing, data: Any) -> None:
        if self._target.name == FILES[2]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, data)

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(Growing, "append", full)
        with pytest.raises(hs.DiskError, match=r"is full .* 2 of 4 files are there, whole. Make room; then the same"):
            hs.materialize(PLAN, out, shard_bytes=SHARD)
    assert listed(out) == [*FILES[:2], "plan.json"]
    goes_on(out)


def test_space_is_asked_about_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_sync: None) -> None:
    usage = type("Usage", (), {"free": 2**20})
    with monkeypatch.context() as patched:
        patched.setattr("shutil.disk_usage", lambda path: usage)
        with pytest.raises(hs.DiskError, match=r"1.05 MiB are to be written to .*, and its disk has 1 MiB left"):
            hs.materialize(PLAN, tmp_path / "out", shard_bytes=SHARD)
        assert listed(tmp_path / "out") == []
    hs.materialize(PLAN, tmp_path / "out", shard_bytes=SHARD)
    with monkeypatch.context() as patched:  # what is finished needs no room
        patched.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
        assert hs.materialize(PLAN, tmp_path / "out", shard_bytes=SHARD).to_write == 0


def test_ctrl_c_from_python_says_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_sync: None
) -> None:
    def pressed(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(hs.Interrupted, match="the same call goes on") as stopped:
        hs.materialize(PLAN, tmp_path / "out", shard_bytes=SHARD, progress=pressed)
    found = stopped.value.finished
    assert isinstance(found, hs.Materialized)
    assert not found.complete
    assert not [name for name in listed(tmp_path / "out") if name.startswith(".")]
    assert hs.materialize(PLAN, tmp_path / "out", shard_bytes=SHARD).complete


def test_what_another_process_writes_is_left_to_it(tmp_path: Path, no_sync: None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    held = filelock.FileLock(out / f".{FILES[1]}.lock")
    theirs = out / f".{FILES[1]}.0123abcd.part"
    with held:
        theirs.write_bytes(b"half")
        made = hs.materialize(PLAN, out, shard_bytes=SHARD)
        assert theirs.read_bytes() == b"half"
        assert not made.finished
        assert [row["written"] for row in made.rows()] == [True, False, True, True]
        assert "model.safetensors.index.json" not in listed(out)
    goes_on(out)


def test_two_processes_share_one_folder(tmp_path: Path, no_sync: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first is in its first shard, writes the others, and leaves that one to it."""
    out = tmp_path / "out"
    finish, inside = Growing.finish, []

    def slow(self: Growing) -> None:
        if self._target.name == FILES[0] and not inside:
            inside.append(hs.materialize(PLAN, out, shard_bytes=SHARD))
        finish(self)

    monkeypatch.setattr(Growing, "finish", slow)
    assert hs.materialize(PLAN, out, shard_bytes=SHARD).complete
    assert inside
    assert listed(out) == WHOLE
    same_as_in_one_go(out, tmp_path / "other")


def test_a_lock_leaves_nothing(tmp_path: Path) -> None:
    first, second = ShardLock(tmp_path, FILES[0]), ShardLock(tmp_path, FILES[0])
    assert first.take()
    assert not second.take()
    first.free()
    assert second.take()
    second.free()
    assert listed(tmp_path) == []


OTHERS = {
    "seed": (PLAN, {"seed": 1}, "seed 0, not 1"),
    "dtype": (PLAN, {"dtype": "float16"}, "another plan or dtype"),
    "plan": (
        plan_parameters([Parameter(f"layers.{i}.weight", (60, 50)) for i in range(4)], "xavier"),
        {},
        "another plan",
    ),
    "shards": (PLAN, {"shard_bytes": 30_000}, "another shard_bytes"),
    "one": (PLAN, {"shard_bytes": "1GiB"}, "another shard_bytes"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_checkpoint_is_never_written_over(name: str, tmp_path: Path, no_sync: None) -> None:
    hs.materialize(PLAN, tmp_path, shard_bytes=SHARD)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    plan, how, why = OTHERS[name]
    for dry_run in (False, True):
        with pytest.raises(hs.InputError, match=f"holds another checkpoint: .*{why}"):
            hs.materialize(plan, tmp_path, dry_run=dry_run, **{"shard_bytes": SHARD, **how})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_somebody_elses_files_are_never_written_over(tmp_path: Path, no_sync: None) -> None:
    def refused(match: str) -> None:
        with pytest.raises(hs.InputError, match=match):
            hs.materialize(PLAN, tmp_path, shard_bytes=SHARD)

    (tmp_path / "config.json").write_text("{}")  # which is no weight
    for name in (FILES[1], "other.safetensors"):
        (tmp_path / name).write_bytes(b"theirs")
        refused(f"{name} is n.*")
        (tmp_path / name).unlink()
    (tmp_path / FILES[2]).symlink_to("nowhere")
    refused("a link to nothing")
    (tmp_path / FILES[2]).unlink()
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    refused("is the index of another one")
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "plan.json").write_text("[]")
    refused("plan.json of another checkpoint")
    (tmp_path / "plan.json").unlink()
    hs.materialize(PLAN, tmp_path, shard_bytes=SHARD)
    os.truncate(tmp_path / FILES[3], 5000)
    refused("it is cut off")


def test_old_small_leftovers_go_and_young_ones_stay(tmp_path: Path, no_sync: None) -> None:
    old, young, mine = (
        tmp_path / name for name in (".plan.json.0123abcd.part", ".plan.json.0123abce.part", ".mine.part")
    )
    for path in (old, young, mine):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    folders.clean(tmp_path)
    assert listed(tmp_path) == [".mine.part", ".plan.json.0123abce.part"]
