"""Loggers that a user has, told by what they can do: TensorBoard, Weights & Biases, MLflow. None is imported."""

from __future__ import annotations

import inspect
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from headstart.errors import InputError

Sink = Callable[[Mapping[str, float], int], None]
_NOT_MLFLOWS = re.compile(r"[^\w\-. /]")  # what a metric's name must not have there
_TYPES = "a TensorBoard SummaryWriter, a W&B run, the module mlflow, or (MlflowClient, run_id)"


def sink_of(logger: Any) -> Sink:
    """What sends numbers and their step to a logger.

    Raises:
        InputError: it is none that is known.
    """
    if isinstance(logger, tuple) and len(logger) == 2 and callable(getattr(logger[0], "log_metric", None)):
        return _mlflow_client(*logger)
    if callable(getattr(logger, "add_scalar", None)):
        return _tensorboard(logger)
    if callable(getattr(logger, "log_metrics", None)):
        return lambda numbers, step: logger.log_metrics(_finite(_renamed(numbers)), step=step)
    if callable(getattr(logger, "log_batch", None)):
        raise InputError("an MlflowClient writes to a run, and its id is missing. Pass to=(client, run_id).")
    if callable(getattr(logger, "log", None)) and _takes_a_dict(logger.log):
        return _wandb(logger)
    raise InputError(f"numbers go to {_TYPES}, got {type(logger).__name__}. Pass one of these, or None.")


def _tensorboard(writer: Any) -> Sink:
    def send(numbers: Mapping[str, float], step: int) -> None:
        for name, value in numbers.items():
            writer.add_scalar(name, value, step)

    return send


def _wandb(run: Any) -> Sink:
    """Without a step of its own: W&B drops what comes with a smaller step than it has seen, the user's numbers too."""
    if callable(getattr(run, "define_metric", None)):
        run.define_metric("headstart/step")
        run.define_metric("headstart/*", step_metric="headstart/step")
    return lambda numbers, step: run.log({**numbers, "headstart/step": step})


def _mlflow_client(client: Any, run: str) -> Sink:
    def send(numbers: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        for name, value in _finite(_renamed(numbers)).items():
            client.log_metric(run, name, value, timestamp=now, step=step)

    return send


def _renamed(numbers: Mapping[str, float]) -> dict[str, float]:
    """Names that MLflow takes."""
    return {_NOT_MLFLOWS.sub("_", name): value for name, value in numbers.items()}


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def _takes_a_dict(log: Callable[..., Any]) -> bool:
    """Whether it is W&B's log(data, step, commit), and not log(level, message)."""
    try:
        bound = inspect.signature(log).bind({}, commit=True)
    except (TypeError, ValueError):
        return False
    return next(iter(bound.arguments)) in ("data", "row", "metrics")
