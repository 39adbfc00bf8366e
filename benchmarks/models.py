"""What planning and initializing a PyTorch model costs, as ratios to its peers in one run.

    python benchmarks/models.py [--json] [--rounds 5] [--layers 80] [--only probe]

- *plan on meta*: record and plan an encoder (80 layers of 8192 and 28672: 59 billion parameters) against a plain
  forward pass on the meta device, in processor time; and the memory beyond the plain pass.
- *apply, large*: He into 100 million parameters of Linear 4096 and Conv2d 512 on two cores against kaiming_normal_,
  layer by layer, and against AnyInit's whole call where it is installed; memory beyond the model.
- *apply, small*: 1,000 Linear 64x64 against kaiming_normal_.
- *watch*: 400 training steps of small and middle-sized models (Adam), with a watch at every=100 and without one,
  in processor time, taking turns; both must end with the same weights to the bit.
- *audit*: looks, recipes and findings of 100 million parameters, in processor time, after checking that it names each
  weight's recipe and one that was made sick; and of 1,000 Linear 64x64.

- *probe*: measuring a forward and a backward pass against a plain one, in processor time on one thread: an MLP, a
  residual convolutional net and an encoder; and per operation of a small MLP, whose plain pass takes no time. What
  theory says is worked out when it is looked at, and is timed apart. Peak memory of tensors beyond the model.

Every contest first checks that both sides gave each weight the same standard deviation, within six standard errors; the
probe's that both found the same gradients.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")
import torch
from torch import nn

import headstart as hs
from headstart.models.torch.measure import trace_of

BARS = {"plan on meta / (1.5 plain + 0.3 s)": 1.0, "kaiming_normal_ / apply, large": 2.0, "AnyInit / init, large": 15.0,
        "apply / kaiming_normal_, small": 1.5, "memory beyond the model": 0.05, "audit s, large": 1.0,
        "watch / without, MLP 60 x 100": 1.03, "watch / without, MLP 10 x 512": 1.03,
        "watch / without, encoder 4 x 128": 1.03,
        "probe / plain, MLP": 1.5, "probe / plain, convolutions": 1.5, "probe / plain, encoder": 1.5,
        "probe us per operation, small": 450.0, "peak probe / plain, MLP": 1.1, "peak probe / plain, convolutions": 1.1,
        "peak probe / plain, encoder": 1.1}  # fmt: skip
AT_LEAST = ("kaiming_normal_ / apply, large", "AnyInit / init, large")


def processor(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def wall(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def race(first: Callable[[], Any], second: Callable[[], Any], rounds: int, clock: Any) -> tuple[float, float]:
    """Median seconds of each, taking turns."""
    first(), second()
    pairs = [(clock(first), clock(second)) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def kaiming(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def check_he(model: nn.Module) -> None:
    """Whether every weight has He's standard deviation."""
    for name, weight in model.named_parameters():
        expected = math.sqrt(2 / weight[0].numel())
        error = abs(float(weight.detach().std()) / expected - 1)
        assert error < 6 / math.sqrt(2 * weight.numel()), (name, error)


def plan_on_meta(layers: int, rounds: int) -> dict[str, float]:
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(8192, 64, 28672, batch_first=True)
        model = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).eval()
        example = torch.randn(1, 128, 8192)

    def plain() -> None:
        with torch.no_grad():
            model(example)

    plain()
    before = peak()
    plan = hs.plan(model, "gain", example)
    grown = peak() - before
    assert len(plan) == 8 * layers, len(plan)
    assert sum(entry.ends_residual for entry in plan) == 2 * layers
    one, two = race(plain, lambda: hs.plan(model, "gain", example), rounds, processor)
    return {"parameters": sum(p.numel() for p in model.parameters()), "plain s": one, "plan s": two,
            "plan on meta / (1.5 plain + 0.3 s)": two / (1.5 * one + 0.3), "memory MB": grown / 1e6}  # fmt: skip


def large(rounds: int) -> dict[str, float]:
    model = nn.Sequential(
        *[nn.Linear(4096, 4096, bias=False) for _ in range(4)], *[nn.Conv2d(512, 512, 3, bias=False) for _ in range(14)]
    )
    plan = hs.plan(model, "he")
    hs.init(nn.Sequential(nn.Linear(64, 64), nn.Conv2d(4, 4, 3)))  # the compiled code is loaded once
    before = peak()
    plan.apply(model)
    grown = peak() - before
    check_he(model)
    kaiming(model)
    check_he(model)
    theirs, ours = race(lambda: kaiming(model), lambda: plan.apply(model), rounds, wall)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    found = {"parameters": size / 4, "apply s": ours, "kaiming_normal_ s": theirs,
             "kaiming_normal_ / apply, large": theirs / ours, "memory beyond the model": grown / size}  # fmt: skip
    return found | against_anyinit(rounds)


def against_anyinit(rounds: int) -> dict[str, float]:
    """AnyInit's whole call and ours, on a model that both can run: 100 million parameters of Linear 4096."""
    try:
        import anyinit
    except ModuleNotFoundError:
        return {}
    layers = [part for _ in range(6) for part in (nn.Linear(4096, 4096, bias=False), nn.ReLU())]
    model, example = nn.Sequential(*layers), torch.randn(1, 4096)
    anyinit.initialize(model)
    theirs, ours = race(
        lambda: anyinit.initialize(model), lambda: hs.init(model, "he", example=example), min(rounds, 3), wall
    )
    check_he(model)
    return {"AnyInit s": theirs, "init s": ours, "AnyInit / init, large": theirs / ours}


def small(rounds: int) -> dict[str, float]:
    model = nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(1000)])
    plan = hs.plan(model, "he")
    plan.apply(model)
    check_he(model)
    theirs, ours = race(lambda: kaiming(model), lambda: plan.apply(model), 3 * rounds, processor)
    return {"apply s": ours, "kaiming_normal_ s": theirs, "apply / kaiming_normal_, small": ours / theirs}


def audit(rounds: int) -> dict[str, float]:
    model = nn.Sequential(
        *[nn.Linear(4096, 4096, bias=False) for _ in range(4)], *[nn.Conv2d(512, 512, 3, bias=False) for _ in range(14)]
    )
    kaiming(model)
    rows = hs.audit(model).rows()
    assert all(row["looks"] == "normal" and "He, fan_in" in row["recipes"] for row in rows)
    model[2].weight.data[5, 7] = math.nan
    assert [finding.layer for finding in hs.audit(model).faults] == ["2.weight"]
    kaiming(model)
    many = nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(1000)])
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    before = peak()
    large = statistics.median(processor(lambda: hs.audit(model)) for _ in range(rounds))
    grown = peak() - before
    return {"parameters": size / 4, "audit s, large": large, "memory beyond the model": grown / size,
            "audit s, small": statistics.median(processor(lambda: hs.audit(many)) for _ in range(rounds))}  # fmt: skip


WATCHED_STEPS = 400


def watched(rounds: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, make, batch in (
        ("MLP 60 x 100", lambda: mlp(60, 100), torch.randn(64, 100)),
        ("MLP 10 x 512", lambda: mlp(10, 512), torch.randn(64, 512)),
        ("encoder 4 x 128", encoder, torch.randn(8, 32, 128)),
    ):
        trained(make, batch, True, 2)
        pairs = [(trained(make, batch, False), trained(make, batch, True)) for _ in range(rounds)]
        for (_, alone), (_, seen) in pairs:
            assert all(map(torch.equal, alone, seen)), name
        found[f"watch / without, {name}"] = statistics.median(seen / alone for (alone, _), (seen, _) in pairs)
    return found


def mlp(depth: int, width: int) -> nn.Module:
    return nn.Sequential(*(part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())))


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(128, 4, 512, batch_first=True)
    return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)


def trained(
    make: Callable[[], nn.Module], batch: torch.Tensor, watched: bool, steps: int = WATCHED_STEPS
) -> tuple[float, list[torch.Tensor]]:
    """Processor time of a training, and the weights at its end."""
    torch.manual_seed(0)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        watching = hs.watch(model, file=f"{folder}/watch.jsonl") if watched else None
        for _ in range(steps):
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
        if watching is not None:
            watching.close()
        return time.process_time() - began, [parameter.detach() for parameter in model.parameters()]


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.one, self.two = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.two(self.second(torch.relu(self.one(self.first(x))))))


def probed(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A model and a batch."""
    torch.manual_seed(0)
    if name in ("MLP", "small"):
        width, batch = (512, 256) if name == "MLP" else (100, 64)
        layers = [part for _ in range(60) for part in (nn.Linear(width, width), nn.ReLU())]
        return nn.Sequential(*layers), torch.randn(batch, width)
    if name == "convolutions":
        blocks = [Residual(64) for _ in range(6)]
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
        return nn.Sequential(nn.Conv2d(3, 64, 3, 2), *blocks, *head), torch.randn(8, 3, 48, 48)
    layer = nn.TransformerEncoderLayer(256, 4, 1024, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, 6, enable_nested_tensor=False), torch.randn(8, 64, 256)


def plain_pass(model: nn.Module, x: torch.Tensor) -> dict[str, float]:
    """Forward and backward; the root mean square of each gradient, which is dropped."""
    model(x).square().mean().backward()
    found = {name: float(p.grad.square().mean().sqrt()) for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def probe_pass(model: nn.Module, x: torch.Tensor) -> Any:
    return trace_of(model, (x,), loss=lambda output: output.square().mean())


def probe(rounds: int) -> dict[str, float]:
    torch.set_num_threads(1)
    found: dict[str, float] = {}
    for name in ("MLP", "convolutions", "encoder", "small"):
        model, x = probed(name)
        trace, plain = probe_pass(model, x), plain_pass(model, x)
        for weight, size in plain.items():
            told = trace.weights[weight].grad_rms
            assert math.isclose(told, size, rel_tol=1e-3, abs_tol=1e-18), (name, weight, told, size)
        one, two = race(lambda m=model, x=x: plain_pass(m, x), lambda m=model, x=x: probe_pass(m, x), rounds, processor)
        if name == "small":
            found["probe us per operation, small"] = 1e6 * (two - one) / len(trace.graph.ops)
            found["theory us per operation, small"] = 1e6 * processor(lambda t=trace: t.rows) / len(trace.graph.ops)
            continue
        found |= {f"plain s, {name}": one, f"probe / plain, {name}": two / one}
        found[f"theory / plain, {name}"] = processor(lambda t=trace: t.rows) / one
        more = x.repeat(4, *[1] * (x.dim() - 1))
        peaks = [tensor_peak(lambda run=run, m=model, x=more: run(m, x)) for run in (probe_pass, plain_pass)]
        found[f"peak probe / plain, {name}"] = peaks[0] / peaks[1]
    return found


def tensor_peak(run: Callable[[], Any]) -> int:
    """The most memory that tensors held at once beyond what there was, in bytes, as torch's own allocator counts."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        run()
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(itertools.accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=80)
    parser.add_argument("--only", choices=["plan on meta", "large", "small", "audit", "probe", "watch"])
    options = parser.parse_args()
    torch.set_num_threads(2)
    contests: dict[str, Callable[[], dict[str, float]]] = {
        "plan on meta": lambda: plan_on_meta(options.layers, options.rounds), "large": lambda: large(options.rounds),
        "small": lambda: small(options.rounds), "audit": lambda: audit(options.rounds),
        "probe": lambda: probe(options.rounds), "watch": lambda: watched(options.rounds),
    }  # fmt: skip
    found = {name: run() for name, run in contests.items() if options.only in (None, name)}
    if options.json:
        print(json.dumps(found))
        return
    for contest, rows in found.items():
        print(contest)
        for name, value in rows.items():
            bar = BARS.get(name)
            held = (
                "" if bar is None else f"   bar {bar:g}: {'held' if (value >= bar) == (name in AT_LEAST) else 'MISSED'}"
            )
            print(f"  {name:<40} {value:12.4g}{held}")


if __name__ == "__main__":
    main()
