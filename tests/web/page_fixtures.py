"""What Python says, as data for the page's own tests: draws, data sets, moments, words; one JSON file each run.

Arrays are base64 of their bytes, little endian, so that equality means every bit.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import numpy as np
from page_tables import tables_read

import headstart as hs
from headstart import words
from headstart.draws.streams import stream, stream_words
from headstart.errors import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.network import network_for
from headstart.schemes import scheme
from headstart.show.theme.identity import scheme_styles
from headstart.show.theme.palette import SCHEME_COLOURS
from headstart.spec import format_value
from headstart.theory.activations import FORMULAS, activation
from headstart.theory.gains import gain
from headstart.web.tables import tables

NUMBERS = (0.0, 1.0, -1.0, 0.5, 2.5, 0.125, 1e-5, 0.0001, 0.00012345, 123456.0, 99999.5, 1e16, 1.5e-7, 12345.678, 1e22,
           0.693147, 641.6, 5e-324, 1.7976931348623157e308, 0.3, 1 / 3, 2 / 3, 0.045, 0.985, 100.0, 3e-7)  # fmt: skip
SCHEMES = (
    "zeros", "ones", "constant(-0.5)*3", "normal(0.01)", "normal(10)", "uniform(0.05)*2", "truncated_normal(0.02)",
    "truncated_normal(0.3, cut=1)", "truncated_normal(0.3, cut=0.0001)", "truncated_normal(0.3, cut=9)",
    "truncated_normal(0.02, corrected=false)*3", "xavier", "lecun", "glorot", "he", "he(mode=fan_out)",
    "he(mode=fan_avg, distribution=uniform)", "he(mode=fan_geo, distribution=truncated)", "he*1.3", "xavier*0.017",
    "glorot(distribution=truncated, corrected=false)", "gain", "gain(gelu)", "gain(leaky_relu(0.2))",
    "gain(tanh, q=0.5)", "gain(direction=backward)", "orthogonal", "orthogonal*1.41421356", "identity*2", "sparse(0.4)",
    "sparse(0.07, nonzero_std=0.5)*2", "siren(first=true)", "siren(30)",
)  # fmt: skip
COMPANIES = (
    ("zeros", "normal(10)", "normal(0.01)", "xavier", "he"), ("he", "zeros"), ("he*1.3", "he", "xavier", "sparse(0.4)"),
    ("ones", "größer", "lecun"), tuple(SCHEMES), tuple(reversed(SCHEMES)), (),
)  # fmt: skip
BAD_SCHEMES = ("hee", "he*", "he*0", "he*inf", "normal", "normal(-1)", "normal(0)", "he(mode=up)", "he(1, 2, 3, 4, 5)",
               "normal(1, std=2)", "he(foo=1)", "normal(x)", "", "he he", "uniform(nan)", "he(,)")  # fmt: skip
# settings of comparisons, of every kind that the page can train
COMPARISONS: tuple[dict[str, Any], ...] = (
    {"schemes": ["zeros", "normal(10)", "normal(0.01)", "xavier", "he"], "seeds": 3, "steps": 600},
    {
        "schemes": ["constant(0.5)", "he*8", "gain", "orthogonal"],
        "data": "moons",
        "hidden": [8, 8, 8],
        "activation": "tanh",
        "learning_rate": 0.1,
        "seeds": 3,
        "steps": 400,
    },
    {"schemes": ["zeros", "glorot", "normal(10)"], "data": "blobs", "learning_rate": 0.3, "seeds": 3, "steps": 600},
    {
        "schemes": ["he", "he*2"],
        "data": "spirals(3)",
        "hidden": [12],
        "activation": "gelu",
        "optimizer": "adam",
        "seeds": 2,
        "steps": 400,
        "batch_size": 37,
    },
    {"schemes": ["he"], "data": "xor", "learning_rate": 1e30, "seeds": 4, "steps": 50},
    {"schemes": ["he"], "learning_rate": 1e6, "seeds": 8, "steps": 200},
    {
        "schemes": ["normal(0.01)"],
        "data": "moons",
        "hidden": [4],
        "activation": "tanh",
        "seeds": 4,
        "steps": 1500,
        "learning_rate": 1.2,
    },
    {
        "schemes": ["normal(3)", "xavier"],
        "hidden": [10] * 12,
        "activation": "sigmoid",
        "optimizer": "momentum(0.8)",
        "seeds": 2,
        "steps": 100,
        "data_seed": 4,
    },
    {
        "schemes": ["lecun"],
        "hidden": [7],
        "activation": "leaky_relu(0.2)",
        "optimizer": "nesterov",
        "seeds": 1,
        "steps": 301,
        "learning_rate": 0.05,
    },
    {"schemes": ["gain(elu(2))"], "hidden": [6, 6], "activation": "elu(2)", "seeds": 2, "steps": 100},
)
BAD_STARTS = (
    "sparse(0.9)",
    "normal(1e-36)",
    "normal(1e38)",
    "constant(1e39)",
    "constant(1e-40)",
    "uniform(1e-42)",
    "uniform(1e39)",
    "orthogonal*1e-39",
    "he*1e38",
    "truncated_normal(1e39)",
    "sparse(0.4, nonzero_std=1e38)",
    "he*1e300",
    "truncated_normal(1e-40)",
    "truncated_normal(1e-40, cut=0.0001)",
    "identity*1e39",
)
NETWORKS = (((10, 5), "relu", 1), ((7,), "tanh", 3), ((4, 9, 4), "gelu", 2))
DATA = (
    ("circles", 0),
    ("circles(samples=301, noise=0.11)", 3),
    ("circles(noise=0)", 1),
    ("moons", 0),
    ("moons(samples=77, noise=0.4)", 12),
    ("blobs", 0),
    ("blobs(2, noise=0.5)", 5),
    ("blobs(5, samples=1000)", 1),
    ("xor", 0),
    ("xor(samples=2001, noise=0.7)", 2147483647),
    ("spirals", 0),
    ("spirals(3, samples=2000, noise=0.1)", 7),
)


def packed(array: Any, kind: str) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def fixtures() -> dict[str, Any]:
    """All of them, by the name of the test that reads them."""
    return {
        "tables": tables(),
        "numbers": [_number(value) for value in NUMBERS],
        "blake2b": _blake2b(),
        "streams": _streams(),
        "draws": _draws(),
        "errors": {
            "schemes": [_refusal(text) for text in BAD_SCHEMES],
            "starts": [_no_start(spec) for spec in BAD_STARTS],
        },
        "data": [_data(spec, seed) for spec, seed in DATA],
        "normals": _normals(),
        "activations": _activations(),
        "addresses": [_address(settings) for settings in COMPARISONS],
        "csv": tables_read(),
        "comparisons": [_comparison(settings) for settings in COMPARISONS],
        "identity": [_styles(names) for names in COMPANIES],
    }


def _styles(names: tuple[str, ...]) -> dict[str, Any]:
    found = scheme_styles(names)
    styles = [{"colour": SCHEME_COLOURS.index(found[name][0]), "dash": list(found[name][1])} for name in names]
    return {"names": list(names), "styles": styles}


def _number(value: float) -> dict[str, Any]:
    return {
        "value": repr(value),
        "four": words.number(value),
        "three": words.number(value, 3),
        "times": words.times(value),
        "percent": words.percent(value),
        "whole": words.percent(value, 0),
        "repr": repr(value),
        "fixed": f"{value:.4f}",
        "spec": format_value(value),
        "r_squared": words.r_squared(value),
    }


def _blake2b() -> list[list[str]]:
    messages = [
        bytes(range(256))[:size] * repeat for size, repeat in ((0, 1), (3, 1), (64, 2), (127, 1), (129, 1), (200, 5))
    ]
    return [
        [message.hex(), hashlib.blake2b(message, digest_size=size).hexdigest()]
        for message in messages
        for size in (16, 64)
    ]


def _streams() -> list[dict[str, Any]]:
    cases = ((0, "w", "weight"), (2**53 - 1, "layers.3.weight", "weight"), (7, "ü.🙂", "bias"))
    return [
        {"seed": seed, "name": name, "role": role, "stream": list(stream(seed, name, role)),
         "words": stream_words(seed, name, 0, 41, role).tolist()}
        for seed, name, role in cases
    ]  # fmt: skip


def _draws() -> list[dict[str, Any]]:
    found = []
    for hidden, phi, outputs in NETWORKS:
        network = network_for(2, outputs, "regression", hidden, phi)
        for spec in SCHEMES:
            seed = len(found)
            plan = network.plan(scheme(spec))
            found.append(
                {
                    "spec": spec,
                    "written": str(scheme(spec)),
                    "sizes": list(network.sizes),
                    "activation": phi,
                    "seed": seed,
                    "start": packed(network.start(scheme(spec), seed), "<f4"),
                    "stds": [entry.std for entry in plan if entry.role == "weight"],
                }
            )
    return found


def _refusal(text: str) -> dict[str, str]:
    try:
        scheme(text)
    except InputError as error:
        return {"text": text, "message": str(error)}
    raise AssertionError(f"{text!r} is a scheme")


def _no_start(spec: str) -> dict[str, str]:
    try:
        network_for(2, 1, "binary", (10, 5), "relu").start(scheme(spec), 0)
    except InputError as error:
        return {"spec": spec, "message": str(error)}
    raise AssertionError(f"{spec!r} can be drawn")


def _data(spec: str, seed: int) -> dict[str, Any]:
    data = load(spec, None, seed)
    return {
        "spec": spec, "seed": seed, "task": data.task, "classes": list(data.classes),
        **{name: packed(getattr(data, name).T if name.endswith("x") else getattr(data, name), "<f8")
           for name in ("train_x", "train_y", "test_x", "test_y")},
    }  # fmt: skip


def _normals() -> dict[str, str]:
    """Enough of them that every layer of the ziggurat, its wedges and its tail are met."""
    return {
        "generator": packed(np.random.default_rng([5, 4]).normal(size=100_000), "<f8"),
        "legacy": packed(np.random.RandomState(5).normal(size=5_000), "<f8"),
        "permutation": packed(np.random.RandomState(9).permutation(1000), "<f8"),
    }


def _activations() -> list[dict[str, Any]]:
    z = np.concatenate([np.linspace(-8, 8, 65), [-40.0, 40.0, 1e-9, 0.3, -0.7, np.inf, -np.inf, np.nan]])
    found = []
    for spec in (*FORMULAS, "leaky_relu(0.2)", "elu(2)", "hardtanh(-2, 3)", "softshrink(0)"):
        phi = activation(spec)
        with np.errstate(all="ignore"):
            found.append(
                {
                    "spec": spec,
                    "z": packed(z, "<f8"),
                    "value": packed(phi(z), "<f8"),
                    "saturates": phi.saturates,
                    "slope": packed(phi.derivative(z), "<f8"),
                    "gain": _gain(spec),
                }
            )
    return found


def _gain(spec: str) -> float | None:
    try:
        return float(gain(spec, 0.7))
    except InputError:
        return None


def _comparison(settings: dict[str, Any]) -> dict[str, Any]:
    result = hs.compare(**settings)
    rows = {row["scheme"]: row for row in result.summary()}
    return {
        "settings": {
            "data": "circles",
            "hidden": [10, 5],
            "activation": "relu",
            "learning_rate": 0.01,
            "optimizer": "sgd",
            "batch_size": None,
            "data_seed": 0,
            **settings,
        },
        "recorded": result.recorded_steps,
        "schemes": [
            {
                "summary": words.plain(rows[name]),
                "findings": [words.plain(finding.row()) for finding in result.verdicts[name].findings],
                "runs": [
                    {
                        "weights": packed(run.weights, "<f4"),
                        "costs": packed(run.costs, "<f8"),
                        "diverged": run.diverged_at,
                        "train": run.train_accuracy,
                        "test": run.test_accuracy,
                    }
                    for run in result.of(name)
                ],
            }
            for name in result.schemes
        ],
    }


def _address(settings: dict[str, Any]) -> dict[str, Any]:
    from headstart.web.state import address, page_state

    known = {
        **settings,
        "steps": min(settings["steps"], 100_000),
        "learning_rate": min(settings.get("learning_rate", 0.01), 1e6),
    }
    state = page_state(**known)
    return {"address": address(state), "settings": words.plain(state.model_dump(mode="json"))}
