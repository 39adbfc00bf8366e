"""What weights larger than a machine cost: written to disk, and made by many processes; as ratios within one run.

    python benchmarks/scale.py [--json] [--rounds 3] [--folder DIR] [--only materialize]

- *materialize*: a plan of 256 million numbers written as safetensors, against a plain write of as many bytes to the
  same disk, taking turns, both with fsync; the drawing alone, and its share of the processors.
- *torch*: the same model made by PyTorch (its own layers' start, then kaiming_normal_) and saved with safetensors,
  against planning it on the meta device and writing the plan, each in a process of its own: time and peak memory.
- *linear*: 10^7, 10^8 and 10^9 numbers of bfloat16, drawn and written: time per number, which must not grow.
- *processes*: FSDP2 over gloo, 4 processes against 1, each made on the meta device: processor time of `apply` per
  process, and its memory beyond its shards. From it: what 70 billion on 64 devices would take, extrapolated.
- *gpu*: where there is one: the same bits as on the processor, and the rate against normal_.

Every contest first checks that both sides did the same work: the numbers in the files and on the shards are the plan's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "2")
import numpy as np

from headstart.draws.weights import draw_entry
from headstart.models.checkpoints.contents import contents
from headstart.models.checkpoints.pieces import fill
from headstart.models.checkpoints.safetensors import read_checkpoint
from headstart.plans import Parameter, Plan, plan_parameters
from headstart.verbs.materialize import materialize

BARS = {
    "materialize / plain write, time": 1.25, "peak memory, ours / theirs": 0.5, "processor time, ours / theirs": 1.0,
    "time per number, largest / smallest": 1.3, "work of 1 process / of one of 4": 3.5,
    "memory beyond the shards": 0.05, "CUDA bits that differ": 0.0,
}  # fmt: skip
AT_LEAST = ("work of 1 process / of one of 4",)
SIDE = 4096
PIECE = 2**24  # bytes of a plain write
LARGE, DEVICES = 70e9, 64


def plan_of(numbers: float) -> Plan:
    """A plan of about so many numbers, in matrices of a transformer's size."""
    side = min(SIDE, math.isqrt(int(numbers) // 4))
    count = round(numbers / side**2)
    return plan_parameters([Parameter(f"layers.{i}.weight", (side, side)) for i in range(count)], "he")


def seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def plain_write(path: Path, size: int) -> None:
    """The bytes, already drawn, as fast as the disk takes them."""
    piece = np.random.default_rng(0).bytes(min(PIECE, size))
    with path.open("wb", buffering=0) as file:
        for begin in range(0, size, len(piece)):
            file.write(piece[: size - begin])
        os.fsync(file.fileno())
    path.unlink()


class Nowhere:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.most = 2**26
        self._buffer = np.empty(self.most, np.uint8)

    def space(self, size: int) -> Any:
        return self._buffer[:size]


def draw_all(plan: Plan, dtype: str) -> None:
    sink = Nowhere()
    for content in contents(plan, 0, dtype):
        fill(content, 0, dtype, sink)


def check_files(plan: Plan, folder: Path, dtype: str = "float32") -> None:
    """Some rows of every array are what the plan draws."""
    found = read_checkpoint(folder)
    assert list(found) == [entry.name for entry in plan]
    for number, entry in enumerate(plan):
        rows = (number % entry.shape[0], number % entry.shape[0] + 1)
        drawn = draw_entry(entry, 0, dtype, region=[rows, (0, entry.shape[1])])
        stored = found[entry.name].array[rows[0] : rows[1]]
        assert np.array_equal(np.asarray(stored).view(np.uint8), np.asarray(drawn).view(np.uint8)), entry.name


def written(plan: Plan, folder: Path, dtype: str = "float32") -> None:
    out = folder / "checkpoint"
    materialize(plan, out, dtype=dtype)
    shutil.rmtree(out)


def against_the_disk(folder: Path, rounds: int) -> dict[str, float]:
    plan = plan_of(2.56e8)
    numbers = sum(math.prod(entry.shape) for entry in plan)
    materialize(plan, folder / "checked")
    check_files(plan, folder / "checked")
    shutil.rmtree(folder / "checked")
    size = 4 * numbers
    pairs = []
    for _ in range(rounds):
        os.sync()
        ours = seconds(lambda: written(plan, folder))
        os.sync()
        pairs.append((ours, seconds(lambda: plain_write(folder / "plain", size))))
    began, processor = time.perf_counter(), time.process_time()
    draw_all(plan, "float32")
    wall, used = time.perf_counter() - began, time.process_time() - processor
    ours, plain = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return {
        "numbers": numbers, "materialize MB/s": size / ours / 1e6, "plain write MB/s": size / plain / 1e6,
        "materialize / plain write, time": statistics.median(a / b for a, b in pairs),
        "drawing alone MB/s": size / wall / 1e6, "drawing, ns of processor per number": 1e9 * used / numbers,
    }  # fmt: skip


def linear(folder: Path, rounds: int) -> dict[str, float]:
    draw_all(plan_of(1e6), "bfloat16")
    found, drawing = {}, {}
    for numbers in (1e7, 1e8, 1e9):
        plan = plan_of(numbers)
        exact = sum(math.prod(entry.shape) for entry in plan)
        materialize(plan, folder / "checked", dtype="bfloat16")
        check_files(plan, folder / "checked", "bfloat16")
        shutil.rmtree(folder / "checked")
        times = []
        for _ in range(rounds):
            os.sync()
            times.append(seconds(lambda plan=plan: written(plan, folder, "bfloat16")))
        began = time.process_time()
        draw_all(plan, "bfloat16")
        drawing[numbers] = 1e9 * (time.process_time() - began) / exact
        found[f"s, 10^{math.log10(numbers):.0f}"] = min(times)
        found[f"drawing, ns of processor per number, 10^{math.log10(numbers):.0f}"] = drawing[numbers]
    found["time per number, largest / smallest"] = drawing[1e9] / drawing[1e7]
    return found


TORCH = """
import sys, time
import torch
from torch import nn
from safetensors.torch import save_file
began = time.perf_counter()
model = nn.ModuleDict({{f"layer{{i}}": nn.Linear({side}, {side}, bias=False) for i in range({count})}})
for layer in model.values():
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
save_file(model.state_dict(), sys.argv[1] + ".safetensors")
import os
with open(sys.argv[1] + ".safetensors", "rb") as file:
    os.fsync(file.fileno())
print(time.perf_counter() - began)
"""
OURS = """
import sys, time
import torch
from torch import nn
import headstart as hs
began = time.perf_counter()
with torch.device("meta"):
    model = nn.ModuleDict({{f"layer{{i}}": nn.Linear({side}, {side}, bias=False) for i in range({count})}})
hs.materialize(hs.plan(model, "he"), sys.argv[1])
print(time.perf_counter() - began)
"""


def against_torch(folder: Path, rounds: int) -> dict[str, float]:
    """The processes' own time, without their imports, and what they take beyond an import of both libraries."""
    count = 16
    programs = {"ours": OURS, "theirs": TORCH}
    files = {"ours": folder / "ours", "theirs": folder / "theirs.safetensors"}
    runs: dict[str, list[Used]] = {side: [] for side in programs}
    idle = in_a_process("import torch, headstart, safetensors.torch\nprint(0)", folder / "none")
    for _ in range(rounds):
        for side, program in programs.items():
            os.sync()
            runs[side].append(in_a_process(program.format(side=SIDE, count=count), folder / side))
            check_stds(files[side], count)
            shutil.rmtree(folder / "ours", ignore_errors=True)
            files["theirs"].unlink(missing_ok=True)
    found: dict[str, float] = {"numbers": count * SIDE**2}
    for side, each in runs.items():
        found[f"{side}, s"] = statistics.median(used.seconds for used in each)
        found[f"{side}, s of processor"] = statistics.median(used.processor for used in each) - idle.processor
        found[f"{side}, peak MB"] = (max(used.peak for used in each) - idle.peak) / 1e6
    for what, unit in (("time", "s"), ("processor time", "s of processor"), ("peak memory", "peak MB")):
        found[f"{what}, ours / theirs"] = found[f"ours, {unit}"] / found[f"theirs, {unit}"]
    return found


def check_stds(path: Path, count: int) -> None:
    """Both sides gave every weight He's standard deviation, within six standard errors."""
    found = read_checkpoint(path)
    assert len(found) == count
    for name, stored in found.items():
        error = abs(float(np.asarray(stored.array[:256]).std()) / math.sqrt(2 / SIDE) - 1)
        assert error < 6 / math.sqrt(2 * 256 * SIDE), (name, error)


class Used(NamedTuple):
    """What a process used: the seconds that it told, those of processors, and the most bytes of memory."""

    seconds: float
    processor: float
    peak: float


def in_a_process(program: str, out: Path) -> Used:
    with subprocess.Popen([sys.executable, "-c", program, str(out)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, program
    return Used(float(told.splitlines()[-1]), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024.0)


RANK = "--rank-of"


def processes(folder: Path, rounds: int) -> dict[str, float]:
    """Each world in turn; the least that a process used in the rounds."""
    best: dict[int, list[dict[str, float]]] = {}
    for world in (1, 4):
        found = [run_world(world, folder / f"{world}-{number}") for number in range(rounds)]
        best[world] = [min((each[rank] for each in found), key=lambda row: row["s"]) for rank in range(world)]
    one, four = best[1][0]["s"], max(row["s"] for row in best[4])
    numbers = best[1][0]["numbers"]
    beyond = max(row["memory"] / row["shards"] - 1 for world in (1, 4) for row in best[world])
    rate = numbers / one  # of one thread
    return {
        "numbers": numbers, "apply, 1 process, s of processor": one, "apply, 4 processes, most s of processor": four,
        "work of 1 process / of one of 4": one / four, "memory beyond the shards": beyond,
        "extrapolated: 70 billion on 64 devices, s of one thread each": LARGE / DEVICES / rate,
    }  # fmt: skip


def run_world(world: int, place: Path) -> list[dict[str, float]]:
    """The ranks' rows."""
    place.mkdir()
    ranks = [
        subprocess.Popen([sys.executable, __file__, RANK, f"{rank}/{world}", "--folder", str(place)])
        for rank in range(world)
    ]
    codes = [rank.wait(timeout=600) for rank in ranks]
    assert codes == [0] * world, codes
    return [json.loads((place / f"{rank}.json").read_text()) for rank in range(world)]


def be_rank(rank: int, world: int, place: Path) -> None:
    """One process of several: its part of the model, made on the meta device and then applied."""
    import torch
    import torch.distributed as dist
    from torch import nn
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    import headstart as hs

    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("gloo", init_method=f"file://{place / 'store'}", rank=rank, world_size=world)
    mesh = init_device_mesh("cpu", (world,))
    hs.init(nn.Linear(512, 512))  # the compiled code is loaded
    with torch.device("meta"):
        model = nn.Sequential(*[nn.Linear(SIDE, SIDE, bias=False) for _ in range(8)])
    for layer in model:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    plan = hs.plan(model, "he")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model.to_empty(device="cpu")
    began = time.process_time()
    plan.apply(model, 0, threads=1)
    used = time.process_time() - began
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    shards = 0
    for name, parameter in model.named_parameters():  # the same work: this rank's rows are the plan's
        local = parameter.to_local()
        rows = (rank * SIDE // world, (rank + 1) * SIDE // world)
        assert local.shape == (rows[1] - rows[0], SIDE)
        drawn = draw_entry(plan[name], 0, region=[(rows[0], rows[0] + 2), (0, SIDE)])
        assert np.array_equal(local[:2].detach().numpy(), drawn), name
        shards += local.numel() * local.element_size()
    row = {"s": used, "memory": grown, "shards": shards, "numbers": 8 * SIDE**2}
    (place / f"{rank}.json").write_text(json.dumps(row))
    dist.barrier()
    dist.destroy_process_group()


def gpu(folder: Path, rounds: int) -> dict[str, float | str]:
    import torch

    if not torch.cuda.is_available():
        return {"no GPU here": "nothing was measured"}
    entry = plan_of(SIDE**2)["layers.0.weight"]
    drawn = draw_entry(entry, 0, device="cuda")
    differ = int((drawn.cpu().numpy().view(np.uint32) != draw_entry(entry, 0).view(np.uint32)).sum())
    into = torch.empty_like(drawn)

    def timed(call: Callable[[], Any]) -> float:
        call()
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(20):
            call()
        torch.cuda.synchronize()
        return (time.perf_counter() - began) / 20

    ours = statistics.median(timed(lambda: draw_entry(entry, 0, out=into)) for _ in range(rounds))
    theirs = statistics.median(timed(into.normal_) for _ in range(rounds))
    return {
        "device": torch.cuda.get_device_name(), "CUDA bits that differ": differ,
        "draws GB/s": 4 * SIDE**2 / ours / 1e9, "normal_ GB/s": 4 * SIDE**2 / theirs / 1e9,
        "draws / normal_, time": ours / theirs,
    }  # fmt: skip


CONTESTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "materialize": against_the_disk, "torch": against_torch, "linear": linear, "processes": processes, "gpu": gpu,
}  # fmt: skip


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=list(CONTESTS))
    parser.add_argument("--folder", type=Path, help="on the disk that is measured; 8 GB are needed")
    parser.add_argument(RANK, dest="rank", help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if options.rank:
        be_rank(*map(int, options.rank.split("/")), options.folder)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = {
            name: run(Path(folder), options.rounds) for name, run in CONTESTS.items() if options.only in (None, name)
        }
    if options.json:
        print(json.dumps(found))
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for contest, rows in found.items():
        print(contest)
        for name, value in rows.items():
            bar = BARS.get(name)
            good = bar is None or (value >= bar if name in AT_LEAST else value <= bar)
            held = "" if bar is None else f"   bar {bar:g}: {'held' if good else 'MISSED'}"
            print(f"  {name:<60} {value if isinstance(value, str) else f'{value:12.4g}'}{held}")


if __name__ == "__main__":
    main()
