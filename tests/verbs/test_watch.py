"""A watch: training is to the bit what it is without, its rows are a probe's, and nothing it meets stops a training."""

from __future__ import annotations

import copy
import io
import json
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import headstart as hs

STEPS = 60


class Busy(nn.Module):
    """Everything that a pass may change or draw: dropout, batch norm, counters, three generators, in-place, a cache."""

    def __init__(self, recompute: str = "") -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Linear(16, 4)
        self.inner = nn.Sequential(nn.Linear(16, 16), nn.Dropout(0.3), nn.ReLU(inplace=True))
        self.calls, self.recompute = 0, recompute
        self.cache: dict[str, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        h = self.norm(self.first(x))
        h.mul_(1 + 0.01 * random.random() + 0.01 * float(np.random.rand()))
        if self.recompute:
            h = h + checkpoint(self.inner, h, use_reentrant=self.recompute == "reentrant")  # type: ignore[no-untyped-call]  # torch's
        else:
            h = h + self.inner(h)
        self.cache["h"] = h.detach()
        return torch.utils.checkpoint.checkpoint(self.last, h, use_reentrant=False) if self.recompute else self.last(h)  # type: ignore[no-any-return, no-untyped-call]  # torch's


def plain(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(batch()).square().mean().backward()
    optimizer.step()


def mixed(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(batch()).float().square().mean()
    (loss * 1024).backward()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad /= 1024
    optimizer.step()


def accumulated(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    for _ in range(3):
        model(batch()).square().mean().backward()
    optimizer.step()


def with_evaluation(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    plain(model, batch, optimizer)
    model.eval()
    with torch.no_grad():
        model(batch())
    model(batch())
    model.train()
    with torch.inference_mode():
        model(batch())


def twice(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    first, second = model(batch()), model(batch())
    (first * second).mean().backward()
    optimizer.step()


def whole_recomputed(model: nn.Module, batch: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    checkpoint(model, batch(), use_reentrant=False).square().mean().backward()  # type: ignore[no-untyped-call]  # torch's
    optimizer.step()


def trained(
    step: Any, tmp_path: Path | None, recompute: str = "", every: int = 7, steps: int = STEPS, **how: Any
) -> tuple[dict[str, Tensor], tuple[Any, ...], int]:
    """The model's state after training, the generators', and how many passes were counted."""
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    model = Busy(recompute)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    watching = None if tmp_path is None else hs.watch(model, every, file=tmp_path / "watch.jsonl", **how)
    for _ in range(steps):
        step(model, lambda: torch.randn(12, 8), optimizer)
    if watching is not None:
        watching.close()
        watching.close()
    state = (torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist(), model.calls)
    return model.state_dict(), state, 0 if watching is None else watching.steps


@pytest.mark.parametrize("recompute", ["", "reentrant", "not"])
@pytest.mark.parametrize("step", [plain, mixed, accumulated, with_evaluation, twice, whole_recomputed])
def test_training_is_what_it_is_without_to_the_bit(step: Any, recompute: str, tmp_path: Path) -> None:
    if step is whole_recomputed and recompute:
        pytest.skip("one checkpoint inside another")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if recompute == "reentrant" else "error")  # that no input asks for a gradient
        alone, generators, _ = trained(step, None, recompute)
        watched, after, steps = trained(step, tmp_path, recompute)
    assert generators == after
    assert all(torch.equal(alone[name], watched[name]) for name in alone)
    assert steps == STEPS * {accumulated: 3, twice: 2}.get(step, 1)
    lines = read(tmp_path)
    assert [line["step"] for line in lines[1:]] == list(range(1, steps + 1, 7))
    assert all(line.get("grad_rms") for line in lines[1:])


def test_the_check_sees_one_random_number_more(tmp_path: Path) -> None:
    def drawing(*given: Any) -> None:
        plain(*given)
        torch.rand(1)

    assert not torch.equal(trained(plain, None)[0]["last.weight"], trained(drawing, None)[0]["last.weight"])


def test_three_hundred_steps_of_a_transformer_and_a_recurrence(tmp_path: Path) -> None:
    def run(watched: bool) -> list[Tensor]:
        torch.manual_seed(1)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        model = nn.Sequential(
            nn.GRU(6, 16, batch_first=True), First(), nn.TransformerEncoder(layer, 2), nn.Linear(16, 3)
        )
        optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
        watching = hs.watch(model, 100, file=tmp_path / "watch.jsonl") if watched else None
        for _ in range(300):
            plain(model, lambda: torch.randn(4, 5, 6), optimizer)
        if watching is not None:
            watching.close()
        return list(model.parameters())

    assert all(map(torch.equal, run(False), run(True)))
    assert [line["step"] for line in read(tmp_path)[1:]] == [1, 101, 201]


class First(nn.Module):
    def forward(self, given: tuple[Tensor, Tensor]) -> Tensor:
        return given[0]


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "watch.jsonl").read_text().splitlines()]


def mlp(*sizes: int) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.Tanh())))


def test_the_rows_are_a_probes(tmp_path: Path) -> None:
    model, x = mlp(6, 12, 12, 3), torch.randn(10, 6)
    with hs.watch(model, file=tmp_path / "watch.jsonl"):
        model(x).square().sum().backward()
    head, line = read(tmp_path)
    probe = hs.probe(model, x, loss=lambda output: output.square().sum())
    assert head["layers"] == [row.name for row in probe.layers]
    assert head["kinds"] == [row.kind for row in probe.layers]
    for field in ("rms", "batch_std", "cosine", "saturated", "grad_rms"):
        wanted = [getattr(row, field) for row in probe.layers]
        got = line[field]
        assert [a is None for a in wanted] == [b is None for b in got]
        assert [a for a in got if a is not None] == pytest.approx(
            [a for a in wanted if a is not None], rel=1e-4, abs=1e-5
        )
    weights = {name: weight.grad_rms for name, weight in probe.weights.items()}
    assert dict(zip(head["weights"], line["weight_grad_rms"], strict=True)) == pytest.approx(weights, rel=1e-4)


def test_dead_units_of_a_convolution_are_whole_channels(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 2))
    with torch.no_grad():
        model[0].bias[:2] = -1e3  # type: ignore[index]
    with hs.watch(model, file=tmp_path / "watch.jsonl"):
        model(torch.randn(6, 3, 8, 8)).sum().backward()
    head, line = read(tmp_path)
    assert line["dead"][head["layers"].index("1")] == 0.25


def test_the_batch_may_shrink_and_rows_may_be_chosen(tmp_path: Path) -> None:
    model = mlp(6, 12, 3)
    with hs.watch(model, 1, file=tmp_path / "watch.jsonl", layers=["[02]"]):
        for size in (10, 3, 1):
            model(torch.randn(size, 6)).sum().backward()
    head, first, second, third = read(tmp_path)
    assert head["layers"] == ["0", "2"]
    assert None not in first["batch_std"] + second["batch_std"]
    assert "batch_std" not in third
    assert len(third["rms"]) == 2


class Fork(nn.Module):
    """Takes another way from its second call on."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.calls = nn.Linear(4, 4), nn.Linear(4, 4), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.tanh(self.a(x)) if self.calls < 2 else self.b(torch.relu(self.a(x)))


def test_a_model_that_takes_another_way_is_learnt_anew(tmp_path: Path) -> None:
    model = Fork()
    with hs.watch(model, 1, file=tmp_path / "watch.jsonl"):
        for _ in range(4):
            model(torch.randn(3, 4)).sum().backward()
    lines = read(tmp_path)
    assert [line["step"] for line in lines if "step" in line] == [1, 2, 3, 4]
    assert [len(line["layers"]) for line in lines if "layers" in line] == [3, 4]
    assert "learnt anew" in lines[2]["note"]


def test_a_lazy_layer_is_watched_once_it_has_a_shape(tmp_path: Path) -> None:
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 1))
    with hs.watch(model, file=tmp_path / "watch.jsonl") as watching:
        for _ in range(3):
            model(torch.randn(5, 7)).sum().backward()
    assert watching.steps == 2
    assert [line.get("step") for line in read(tmp_path)] == [None, 1]


def test_a_compiled_model_shows_its_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), backend="eager")
    with hs.watch(model, 1, file=tmp_path / "watch.jsonl"):
        for _ in range(2):
            model(torch.ones(3, 4)).sum().backward()
    head, first, *_ = read(tmp_path)
    assert (head["layers"], head["weights"]) == ([], ["0.weight", "0.bias"])
    assert None not in first["weight_grad_rms"]
    assert "compiled" in first["note"]


def test_a_probe_of_a_watched_model_is_no_step(tmp_path: Path) -> None:
    model = mlp(4, 8, 2)
    with hs.watch(model, 1, file=tmp_path / "watch.jsonl") as watching:
        hs.probe(model, torch.randn(5, 4))
        assert watching.steps == 0
        model(torch.randn(5, 4)).sum().backward()
        hs.probe(model, torch.randn(5, 4))
        assert watching.steps == 1


def test_two_watches_do_not_disturb_one_another(tmp_path: Path) -> None:
    model = mlp(4, 8, 2)
    with (
        hs.watch(model, 2, file=tmp_path / "watch.jsonl"),
        hs.watch(model, 1, file=tmp_path / "other.jsonl", layers="0"),
    ):
        for _ in range(3):
            model(torch.randn(5, 4)).sum().backward()
    assert [line.get("step") for line in read(tmp_path)] == [None, 1, 3]
    other = [json.loads(line) for line in (tmp_path / "other.jsonl").read_text().splitlines()]
    assert [line.get("step") for line in other] == [None, 1, 2, 3]
    assert all(line["rms"][0] is not None for line in other[1:])
    assert torch.overrides._get_current_function_mode() is None


# --- what goes wrong --------------------------------------------------------------------------------------------------


class Interrupted(nn.Module):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.layer, self.error, self.armed = nn.Linear(4, 4), error, False

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        if self.armed:
            raise self.error
        return torch.tanh(x)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_pass_leaves_nothing_behind(error: type[BaseException], tmp_path: Path) -> None:
    model = Interrupted(error)
    with hs.watch(model, 2, file=tmp_path / "watch.jsonl"):
        for _ in range(2):
            model(torch.ones(3, 4)).sum().backward()
        model.armed = True
        with pytest.raises(error):
            model(torch.ones(3, 4))
        model.armed = False
        for _ in range(3):
            model(torch.ones(3, 4)).sum().backward()
    assert torch.overrides._get_current_function_mode() is None
    assert [line["step"] for line in read(tmp_path)[1:]][:2] == [1, 3]
    assert not model._forward_pre_hooks
    assert not model._forward_hooks


def test_a_sink_that_fails_is_told_once_and_training_goes_on(tmp_path: Path) -> None:
    class Full:
        def add_scalar(self, tag: str, scalar_value: float, global_step: int | None = None) -> None:
            raise OSError("no space left on device")

    model = mlp(4, 4)
    watching = hs.watch(model, 1, file=None, to=Full())
    model(torch.ones(2, 4)).sum().backward()
    with pytest.warns(RuntimeWarning, match="stopped watching after step 2: OSError: no space left"):
        model(torch.ones(2, 4)).sum().backward()
    for _ in range(3):  # and no warning
        model(torch.ones(2, 4)).sum().backward()
    watching.close()
    assert not model._forward_pre_hooks
    assert not model[0].weight._backward_hooks


def test_warnings_that_are_errors_do_not_stop_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from headstart.models.torch import watch

    def broken(*given: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(watch, "output_numbers", broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        state, *_ = trained(plain, tmp_path, steps=5)
    assert torch.equal(state["last.weight"], trained(plain, None, steps=5)[0]["last.weight"])


def test_a_kill_loses_no_line_that_was_written(tmp_path: Path) -> None:
    code = (
        "import torch, headstart as hs\n"
        "model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())\n"
        "hs.watch(model, 1, file='watch.jsonl')\n"
        "while True: model(torch.ones(3, 4)).sum().backward()\n"
    )
    running = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    try:
        for _ in range(600):
            if (tmp_path / "watch.jsonl").exists() and (tmp_path / "watch.jsonl").read_text().count("\n") > 20:
                break
            time.sleep(0.1)
    finally:
        running.kill()
        running.wait()
    lines = (tmp_path / "watch.jsonl").read_text().splitlines()
    steps = [json.loads(line).get("step") for line in lines[:-1]]
    assert steps[1:] == list(range(1, len(steps)))
    with (tmp_path / "watch.jsonl").open("a") as file:  # as if the last line were cut off
        file.write('{"step": 99')
    model = mlp(4, 4)
    with hs.watch(model, file=tmp_path / "watch.jsonl"):
        model(torch.ones(2, 4)).sum().backward()
    added = (tmp_path / "watch.jsonl").read_text().splitlines()[-2:]
    assert json.loads(added[0])["headstart"] == "headstart watch"


def test_a_copy_and_a_file_of_the_model_have_no_watch(tmp_path: Path) -> None:
    model = mlp(4, 4)
    with hs.watch(model, 1, file=tmp_path / "watch.jsonl") as watching:
        copied = copy.deepcopy(model)
        buffer = io.BytesIO()
        torch.save(model, buffer)
        buffer.seek(0)
        loaded = torch.load(buffer, weights_only=False)
        for other in (copied, loaded):
            other(torch.ones(2, 4)).sum().backward()
        assert watching.steps == 0
        assert b"headstart" not in buffer.getvalue()
    assert model.state_dict().keys() == copied.state_dict().keys()


def test_what_is_pending_is_written_at_the_end_of_the_process(tmp_path: Path) -> None:
    code = (
        "import torch, headstart as hs\n"
        "model = torch.nn.Linear(4, 4)\n"
        "hs.watch(model, file='watch.jsonl')\n"
        "model(torch.ones(3, 4)).sum().backward()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.get("step") for line in read(tmp_path)] == [None, 1]


# --- loggers: fakes with the signatures that the real ones have -------------------------------------------------------


class Writer:
    def __init__(self) -> None:
        self.got: list[tuple[str, float, int | None]] = []

    def add_scalar(
        self, tag: str, scalar_value: float, global_step: int | None = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        self.got.append((tag, scalar_value, global_step))


class Run:
    def __init__(self) -> None:
        self.got: list[tuple[dict[str, Any], int | None]] = []
        self.defined: list[tuple[str, Any]] = []

    def define_metric(self, name: str, step_metric: Any = None, **how: Any) -> None:
        self.defined.append((name, step_metric))

    def log(self, data: dict[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        self.got.append((data, step))


class Mlflow:
    def __init__(self) -> None:
        self.got: list[tuple[dict[str, float], int | None]] = []

    def log_metrics(
        self, metrics: dict[str, float], step: int | None = None, synchronous: bool | None = None,
        run_id: str | None = None, timestamp: int | None = None,
    ) -> None:  # fmt: skip
        self.got.append((metrics, step))


class Client:
    def __init__(self) -> None:
        self.got: list[tuple[str, str, float, int | None]] = []

    def log_metric(
        self, run_id: str, key: str, value: float, timestamp: int | None = None, step: int | None = None,
        synchronous: bool | None = None,
    ) -> None:  # fmt: skip
        assert timestamp is not None
        self.got.append((run_id, key, value, step))

    def log_batch(self, run_id: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        raise NotImplementedError


def test_numbers_go_to_the_loggers_that_there_are() -> None:
    writer, run, mlflow, client = Writer(), Run(), Mlflow(), Client()
    model = mlp(4, 4)
    with hs.watch(model, 2, file=None, to=[writer, run, mlflow, (client, "abc")]):
        for _ in range(3):
            model(torch.randn(5, 4)).sum().backward()
    tags = {tag for tag, _, _ in writer.got}
    assert {"headstart/rms/0", "headstart/gradient/1", "headstart/weight_gradient/0.weight"} <= tags
    assert {step for _, _, step in writer.got} == {1, 3}
    assert [step for _, step in run.got] == [None, None]  # a step of ours could be behind the user's
    assert [data["headstart/step"] for data, _ in run.got] == [1, 3]
    assert ("headstart/*", "headstart/step") in run.defined
    assert [step for _, step in mlflow.got] == [1, 3]
    assert set(mlflow.got[0][0]) == {key for _, key, _, step in client.got if step == 1} == tags
    assert {found[0] for found in client.got} == {"abc"}


def test_a_real_summary_writer(tmp_path: Path) -> None:
    tensorboard = pytest.importorskip("torch.utils.tensorboard", exc_type=ImportError)
    writer = tensorboard.SummaryWriter(tmp_path)
    model = mlp(4, 4)
    with hs.watch(model, file=None, to=writer):
        model(torch.randn(5, 4)).sum().backward()
    writer.close()
    assert any(tmp_path.iterdir())


# --- bad input --------------------------------------------------------------------------------------------------------


class Logger:
    def log(self, level: int, msg: str, *args: Any) -> None: ...


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"every": 0}, "every must be a whole number of at least 1, got 0"),
        ({"every": 2.5}, "every must be a whole number"),
        ({"every": True}, "every must be a whole number"),
        ({"file": None}, "file and to are both None"),
        ({"file": "/nowhere/watch.jsonl"}, "cannot write '/nowhere/watch.jsonl'"),
        ({"file": "."}, "cannot write '.'"),
        ({"file": "a\0b"}, "zero bytes"),
        ({"to": Logger()}, "numbers go to a TensorBoard SummaryWriter, .*, got Logger"),
        ({"to": "tensorboard"}, "numbers go to .*, got str"),
        ({"to": [Writer(), 3]}, "got int"),
        ({"to": type("MlflowClient", (), {"log_batch": lambda self: None})()}, "Pass to=\\(client, run_id\\)"),
        ({"layers": []}, "layers are patterns of names, got \\[\\]"),
        ({"layers": [3]}, "layers are patterns of names"),
        ({"layers": ""}, "layers are patterns of names"),
    ],
)
def test_bad_input(how: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = mlp(4, 4)
    with pytest.raises(hs.InputError, match=words):
        hs.watch(model, **how)
    assert not model._forward_pre_hooks
    assert not list(tmp_path.iterdir())


def test_models_that_cannot_be_watched() -> None:
    with pytest.raises(hs.InputError, match=r"a model is a torch\.nn\.Module.* got int"):
        hs.watch(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that scripting is deprecated
        scripted = torch.jit.script(nn.Linear(2, 2))  # type: ignore[no-untyped-call]  # torch's
    with pytest.raises(hs.InputError, match="scripted"):
        hs.watch(scripted, file=None, to=Writer())
    model = nn.Linear(2, 2)
    model.compile(backend="eager")
    with pytest.raises(hs.InputError, match="compiled in place"):
        hs.watch(model, file=None, to=Writer())
