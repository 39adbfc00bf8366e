"""Keras models on each backend: the checks of `keras_checks.py`, one process per backend; the same bits from both."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import headstart as hs

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed", allow_module_level=True)

CHECKS = Path(__file__).with_name("keras_checks.py")
NAMES = re.findall(r"^@check\ndef (\w+)", CHECKS.read_text(), re.MULTILINE)
ON_TORCH = eval(re.search(r"^ON_TORCH = (\(.*?\))", CHECKS.read_text(), re.MULTILINE)[1])  # type: ignore[index]
# Keras's own way from a PyTorch tensor to NumPy
WARNINGS = ["-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning"]


@functools.cache
def results(backend: str) -> dict[str, Any]:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run(
        [sys.executable, *WARNINGS, str(CHECKS)], capture_output=True, text=True, timeout=600, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_on_torch(name: str) -> None:
    found = results("torch")[name]
    assert isinstance(found, dict) or found == "", found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ON_TORCH])
def test_on_jax(name: str) -> None:
    found = results("jax")[name]
    assert isinstance(found, dict) or found == "", found


def test_both_backends_draw_the_same_bits() -> None:
    """Orthogonal weights too, which come from the host on both."""
    one, other = results("torch")["digests"], results("jax")["digests"]
    assert len(one) > 60
    assert one == other


def test_another_seed_draws_others() -> None:
    """The twin of the comparison: what it compares is not the same whatever is drawn."""
    digests = results("torch")["digests"]
    assert results("torch")["other_seed"]["0 dense/kernel"] != digests["0 dense/kernel"]


def test_a_backend_that_is_not_installed_is_told() -> None:
    """Keras alone says that tensorflow is missing, or that it does not know the backend."""
    program = "import headstart as hs\ntry: hs.keras\nexcept hs.InputError as error: print(error)"
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    if subprocess.run([sys.executable, "-c", "import tensorflow"], capture_output=True, check=False).returncode == 0:
        pytest.skip("TensorFlow is installed")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert re.search(r"cannot be loaded with the backend tensorflow .*Set KERAS_BACKEND to one .*torch", done.stdout)


def test_models_of_keras_2_are_refused() -> None:
    kind = type("Model", (), {"__module__": "tf_keras.src.engine.training"})
    with pytest.raises(hs.InputError, match=r"a model of Keras 2 .* Build it with keras>=3"):
        hs.plan(kind())


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_keras_files_are_not_audited_by_themselves(name: str) -> None:
    with pytest.raises(hs.InputError, match="only Keras reads"):
        hs.audit(name)
