"""Watch: a probe's rows while a model is trained, every so many steps, into a file that `headstart report` draws."""

from __future__ import annotations

import atexit
import fnmatch
import importlib.util
import json
import os
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from headstart import check
from headstart.errors import InputError
from headstart.models import adapter_of
from headstart.verbs.watch_sinks import Sink, sink_of

SCHEMA, MARK = 1, "headstart watch"
DIGITS = 5
FIELDS = ("rms", "batch_std", "cosine", "dead", "saturated", "grad_rms")


class Watch:
    """Hooks on a model in training; `close()` takes them away. As a context manager it closes itself.

    Args:
        file: where it writes. steps: how many forward passes in training were counted.
    """

    def __init__(self, file: Path | None, every: int, model: str, sinks: Iterable[Sink]) -> None:
        self.file, self._every, self._model, self._sinks = file, every, model, tuple(sinks)
        self._process = os.getpid()
        self._stream: Any = None if file is None else _opened(file)
        self._layers: tuple[str, ...] | None = None
        self._run = f"{self._process}-{time.time_ns()}"  # the same for all heads of one run
        self._watcher: Any = None
        here = weakref.ref(self)
        self._at_exit = lambda: _closed(here)
        atexit.register(self._at_exit)

    @property
    def steps(self) -> int:
        """How many forward passes in training were counted."""
        return int(self._watcher.steps)

    def close(self) -> None:
        """Write what is pending, and leave the model as it was. A second time does nothing."""
        watcher = self._watcher
        if watcher is not None and os.getpid() == self._process:  # not in a copy of the process
            watcher.close()
            if self._stream is not None:
                self._stream.close()
                self._stream = None
        atexit.unregister(self._at_exit)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Watch: every {self._every:,} steps of {self._model}, {self.steps:,} steps so far, into {self.file}>"

    def _put(self, measured: Any) -> None:
        """Write one measured pass."""
        if os.getpid() != self._process:
            return
        rows = measured.learnt.rows
        if self._stream is not None:
            if tuple(rows) != self._layers:
                self._layers = tuple(rows)
                self._write({
                    "headstart": MARK, "schema": SCHEMA, "run": self._run, "model": self._model, "every": self._every,
                    "layers": list(rows), "kinds": list(rows.values()),
                    "weights": list(measured.learnt.parameters),
                })  # fmt: skip
            found = [measured.rows.get(name, {}) for name in rows]
            line: dict[str, Any] = {"step": measured.step}
            for field in FIELDS:
                values = [_short(row.get(field)) for row in found]
                if any(value is not None for value in values):
                    line[field] = values
            for field in ("rms", "grad_rms"):
                line[f"weight_{field}"] = [
                    _short(measured.weights.get(name, {}).get(field)) for name in measured.learnt.parameters
                ]
            if measured.note:
                line["note"] = measured.note
            self._write(line)
        numbers = dict(_scalars(measured))
        for sink in self._sinks:
            sink(numbers, measured.step)

    def _write(self, line: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")
        self._stream.flush()


def watch(
    model: Any, every: int = 100, *, file: str | Path | None = "watch.jsonl", to: Any = None,
    layers: str | Iterable[str] | None = None,
) -> Watch:  # fmt: skip
    """Measure a probe's rows while a model is trained: at the first step, and every so many after it.

    The numbers come from your own forward and backward pass; training is what it would be without, to the bit. Between
    two measured steps there is a counter and nothing else. Each measured step is a line of the file, written at once:
    `headstart report watch.jsonl` draws it. The first measured step is preceded by one forward pass of its own, to
    learn the layers; it is undone. Whatever goes wrong is warned of once, and training goes on.

    A step is a forward pass of the model in training mode, with gradients. With a scaled loss gradients are scaled.

    Args:
        model: a torch.nn.Module; wrapped or compiled by torch.compile, too: then weights alone are told.
        every: steps from one measurement to the next.
        file: where the rows go, appended; None for no file.
        to: a TensorBoard SummaryWriter, a W&B run, the module mlflow, or (MlflowClient, run_id), or several in a list.
        layers: patterns of the names of rows, "blocks.*.attn*": only these. None for all.

    Raises:
        InputError: no model, a file that cannot be written, or something that numbers cannot be sent to.

    >>> import tempfile, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> optimizer = torch.optim.SGD(model.parameters(), 0.1)
    >>> with tempfile.TemporaryDirectory() as folder, watch(model, every=2, file=f"{folder}/watch.jsonl") as watching:
    ...     for _ in range(4):
    ...         loss = model(torch.ones(3, 4)).square().mean()
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...         optimizer.step()
    ...     watching.close()
    ...     print([json.loads(line).get("step") for line in watching.file.read_text().splitlines()])
    [None, 1, 3]
    """
    adapter = _watcher_of(model)
    every = check.whole(every, "every", 1, example="100")
    wanted = _wanted(layers)
    sinks = [sink_of(each) for each in ([] if to is None else to if isinstance(to, list) else [to])]
    if file is None and not sinks:
        raise InputError("a watch writes somewhere: file and to are both None. Pass one of them.")
    adapter.check_watchable(model)
    made = Watch(None if file is None else Path(file), every, type(model).__name__, sinks)
    made._watcher = adapter.Watcher(model, every, wanted, made._put)
    return made


def _opened(file: Path) -> Any:
    """The file, open for appending; a line that a kill cut off is ended first."""
    try:
        if "\0" in str(file):
            raise OSError(None, "a path has no zero bytes")
        stream = file.open("a+b")
        whole = stream.seek(0, os.SEEK_END) == 0
        if not whole:
            stream.seek(-1, os.SEEK_END)
            whole = stream.read(1) == b"\n"
        stream.close()
        text = file.open("a", encoding="utf-8")
        if not whole:
            text.write("\n")
        return text
    except OSError as error:
        raise InputError(f"cannot write {str(file)!r}: {error.strerror or error}. Choose another path.") from None


def _closed(here: Callable[[], Watch | None]) -> None:
    watching = here()
    if watching is not None:
        watching.close()


def _watcher_of(model: Any) -> ModuleType:
    """What watches models of this library.

    Raises:
        InputError: nothing does.
    """
    name = f"{adapter_of(model).__name__}.watch"
    if importlib.util.find_spec(name) is None:
        raise InputError(
            f"watch follows training loops of PyTorch, got {type(model).__name__}. Call hs.probe at the steps that you "
            "want to see."
        )
    return importlib.import_module(name)


def _wanted(layers: str | Iterable[str] | None) -> Callable[[str], bool]:
    """Whether a row is one of those that were asked for."""
    if layers is None:
        return lambda name: True
    patterns = (layers,) if isinstance(layers, str) else tuple(layers)
    if not patterns or not all(isinstance(each, str) and each for each in patterns):
        raise InputError(f'layers are patterns of names, got {check.told(layers)}. Write, for example, ["blocks.*"].')
    return lambda name: any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _short(value: Any) -> Any:
    """A number with a few digits; what JSON cannot hold as a word."""
    if value is None or isinstance(value, int):
        return value
    rounded = float(f"{value:.{DIGITS}g}")
    from headstart.words import plain

    return plain(rounded)


def _scalars(measured: Any) -> Iterable[tuple[str, float]]:
    """ "rms/0", "gradient/0": the numbers that a logger of scalars gets."""
    for name, row in measured.rows.items():
        for field, title in (("rms", "rms"), ("batch_std", "batch_std"), ("grad_rms", "gradient")):
            if row.get(field) is not None:
                yield f"headstart/{title}/{name}", float(row[field])
    for name, weight in measured.weights.items():
        if weight.get("grad_rms") is not None:
            yield f"headstart/weight_gradient/{name}", float(weight["grad_rms"])
