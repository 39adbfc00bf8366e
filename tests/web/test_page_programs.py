"""Copy as code: every program that the page shows stands alone, starts from its weights and trains as it does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Headstart
from test_page_core import ESBUILD, TESTS, WEB, pytestmark  # noqa: F401  (the mark skips this file where that skips)

from headstart.experiments.network import network_for
from headstart.schemes import scheme
from headstart.web.tables import tables

TABLE = "a,b,c,y\n" + "".join(
    f"{k % 7 / 3:.3f},{k * 5 % 11 / 4:.3f},{k * 3 % 5},{k % 7 - k % 3}.5\n" for k in range(60)
)
POINTS = ";".join(f"{k * 7 % 13 / 4 - 1},{k * 5 % 11 / 3},{int(k % 4 > 1)}" for k in range(40))
STATES: dict[str, dict[str, Any]] = {
    "first": {"address": "steps=20&seed=2"},
    "classes": {"address": "data=blobs&hidden=6,5,4&act=tanh&optimizer=adam&rate=0.02&steps=15&panels=he;gain*1.3"
                           "&dataseed=3"},
    "parameters": {"address": "data=moons(noise=0.2)&act=leaky_relu(0.2)&optimizer=momentum(0.8)&rate=0.05&steps=20"
                              "&panels=zeros;he(mode=fan_out,%20distribution=uniform)*0.7&seeds=3"},
    "table": {"address": "data=table&hidden=5&act=gelu&optimizer=nesterov&rate=0.01&steps=10"
                         "&panels=truncated_normal(0.5)",
              "table": {"kind": "csv", "name": "my table.csv", "text": TABLE, "label": "y", "drop": ["c"],
                        "header": None, "task": "numbers", "features": None}},
    "points": {"address": f"data=points&points={POINTS}&hidden=4&steps=10&seeds=2&panels=orthogonal"},
    "batch": {"address": "data=spirals&batch=32&hidden=8&steps=12&seeds=2&panels=glorot"},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of each state the page's programs, and its own start and end."""
    folder = tmp_path_factory.mktemp("programs")
    given = {"tables": tables(), "programs": [{"table": None, **state} for state in STATES.values()]}
    (folder / "fixtures.json").write_text(json.dumps(given), encoding="utf-8")
    bundle = folder / "programs.mjs"
    subprocess.run(
        [ESBUILD, TESTS / "programs.ts", "--bundle", "--platform=node", "--format=esm", f"--outfile={bundle}",
         "--log-level=warning"],
        check=True, timeout=60,
    )  # fmt: skip
    known = {"HEADSTART_FIXTURES": str(folder / "fixtures.json"), "HEADSTART_MODULE": str(WEB / "built/engine.wasm")}
    done = subprocess.run(
        ["node", "--experimental-wasm-relaxed-simd", bundle], capture_output=True, text=True, timeout=120, check=True,
        env=os.environ | known,
    )  # fmt: skip
    return dict(zip(STATES, json.loads(done.stdout), strict=True))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my table.csv").write_text(TABLE, encoding="utf-8")


def layers(state: dict[str, Any]) -> list[np.ndarray]:
    """The weight matrices that the page starts from, (outputs, inputs)."""
    theta, found, at = np.array(state["start"], np.float32), [], 0
    for n_in, n_out in pairwise(state["sizes"]):
        found.append(theta[at : at + n_in * n_out].reshape(n_out, n_in))
        at += n_out * (n_in + 1)
    return found


def same(found: list[Any], state: dict[str, Any]) -> None:
    """To the bit; of an orthogonal matrix, to the rounding of float32."""
    for ours, theirs in zip(layers(state), map(np.asarray, found), strict=True):
        if "orthogonal" in state["schemes"][-1]:
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-7)
        else:
            assert (theirs.view(np.uint32) == ours.view(np.uint32)).all()


def started(program: str) -> str:
    """The program up to its data: the start alone."""
    return program[: program.index("\ndata = load(")]


def told(output: str) -> float:
    return float(re.findall(r"(?:cost|score) (\S+)", output)[-1])


def run(program: str, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], float]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(program, "program.py", "exec"), names)
    return names, told(capsys.readouterr().out)


@pytest.mark.parametrize("name", STATES)
def test_the_page_reads_its_own_address(made: dict[str, Any], name: str) -> None:
    assert made[name]["notices"] == []


@pytest.mark.parametrize("name", STATES)
def test_numpy(made: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    names, score = run(made[name]["programs"]["NumPy"], capsys)
    same(names["weights"], made[name])
    assert score == pytest.approx(made[name]["score"], abs=0.01)


@pytest.mark.parametrize("name", ["first", "classes", "table", "points"])
def test_torch(made: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    program = made[name]["programs"]["PyTorch"]
    start: dict[str, Any] = {}
    exec(started(program), start)
    same([layer.weight.detach().numpy() for layer in start["layers"]], made[name])
    assert all((layer.bias == 0).all() for layer in start["layers"])
    _, cost = run(program, capsys)
    assert cost == pytest.approx(made[name]["cost"], rel=0.1)  # it prints the cost before the last step


@pytest.mark.parametrize("name", ["classes", "parameters", "points"])
def test_jax(made: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jax")
    names, cost = run(made[name]["programs"]["JAX"], capsys)
    same(names["weights"], made[name])
    assert cost == pytest.approx(made[name]["cost"], rel=1e-3)


@pytest.mark.parametrize("name", ["classes", "table"])
def test_keras(
    made: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))
    pytest.importorskip("keras")

    program = made[name]["programs"]["Keras"]
    start: dict[str, Any] = {}
    exec(started(program), start)
    kernels = [np.asarray(layer.kernel.value) for layer in start["model"].layers]
    same([np.ascontiguousarray(kernel.T) for kernel in kernels], made[name])
    _, cost = run(program, capsys)
    assert cost == pytest.approx(made[name]["cost"], rel=1e-2)


@pytest.mark.parametrize("name", STATES)
def test_python(made: dict[str, Any], name: str) -> None:
    names: dict[str, Any] = {}
    exec(made[name]["programs"]["Python"], names)
    result = names["result"]
    assert list(result.schemes) == made[name]["schemes"]
    network, seed = result.network, 2 if name == "first" else 0
    start = network.start(scheme(made[name]["schemes"][-1]), seed)
    np.testing.assert_allclose(start, np.array(made[name]["start"], np.float32), rtol=0, atol=1e-7)
    if name != "batch":
        of_last = result.of(made[name]["schemes"][-1])[seed]
        assert of_last.outcome.final_cost == pytest.approx(made[name]["cost"], rel=1e-6)


@pytest.mark.parametrize("name", [name for name in STATES if name != "points"])
def test_command_line(made: dict[str, Any], name: str, headstart: Headstart, tmp_path: Path) -> None:
    import shlex

    program = made[name]["programs"]["CLI"].replace("\\\n", " ")
    words = shlex.split(program)
    assert words[0] == "headstart"
    done = headstart(*words[1:], "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [row["scheme"] for row in found["schemes"]] == made[name]["schemes"]
    if name != "batch":
        run = found["schemes"][-1]["runs"][2 if name == "first" else 0]
        assert run["costs"][-1] == pytest.approx(made[name]["cost"], rel=1e-6)


@pytest.mark.skipif(sys.platform == "win32", reason="the command is written for a shell of Unix")
def test_the_command_of_clicked_points_writes_its_file(made: dict[str, Any], tmp_path: Path) -> None:
    text = made["points"]["programs"]["CLI"]
    file, command = text[: text.index("headstart compare")], text[text.index("headstart compare") :]
    subprocess.run(["sh", "-c", file], check=True, cwd=tmp_path, timeout=10)
    assert (tmp_path / "points.csv").read_text().count("\n") == 41
    assert "--data points.csv" in command
    assert "--label class" in command


def test_another_seed_would_be_seen(made: dict[str, Any]) -> None:
    network = network_for(2, 1, "binary", (10, 5), "relu")
    assert (network.start(scheme("he"), 1) != np.array(made["first"]["start"], np.float32)).any()
