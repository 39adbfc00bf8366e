"""Each library's code for an activation is that activation, whatever its parameters."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

from headstart.libraries.activation_calls import CALLS
from headstart.theory.activations import FORMULAS, activation

os.environ.setdefault("KERAS_BACKEND", "jax")
Z = np.linspace(-6, 6, 241, dtype=np.float32) + np.float32(0.013)  # no kink lies on it
OTHER = {"slope": 0.3, "lower": 0.2, "upper": 0.4, "alpha": 1.5, "min": -0.5, "max": 2.0, "lambda": 0.7,
         "threshold": 0.6, "value": -0.4, "beta": 2.0, "b": 1.0}  # fmt: skip


def values(library: str, expression: str, parameters: dict[str, float]) -> np.ndarray:
    code = re.sub(r"\{(\w+)\}", lambda found: repr(parameters[found[1]]), expression)
    module = pytest.importorskip(library)
    if library == "torch":
        return eval(code, {"torch": module})(module.tensor(Z)).numpy()
    if library == "jax":
        __import__("jax.scipy.special")
        return np.asarray(eval(code, {"jax": module})(module.numpy.asarray(Z)))
    return module.ops.convert_to_numpy(eval(code, {"keras": module})(module.ops.convert_to_tensor(Z)))


@pytest.mark.parametrize("library", ["torch", "jax", "keras"])
def test_the_code_is_the_activation(library: str) -> None:
    for name, calls in CALLS.items():
        if library not in calls:
            continue
        defaults = dict(FORMULAS[name].parameters)
        for parameters in (defaults, {key: OTHER[key] for key in defaults}):
            ours = activation(f"{name}({', '.join(f'{key}={value}' for key, value in parameters.items())})")
            found = values(library, calls[library], parameters)
            np.testing.assert_allclose(found, ours(Z), rtol=2e-5, atol=3e-6, err_msg=f"{library} {name} {parameters}")


def test_every_activation_has_its_code_somewhere() -> None:
    assert CALLS.keys() == FORMULAS.keys()


def test_the_check_sees_another_parameter() -> None:
    other = values("torch", CALLS["leaky_relu"]["torch"], {"slope": 0.3})
    assert not np.allclose(other, activation("leaky_relu(0.2)")(Z))
