"""The command line as a user meets it: streams, JSON, exit codes, bad input, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUICK = ["--seeds", "2", "--steps", "200"]


def headstart(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headstart", *arguments], capture_output=True, text=True, timeout=120, cwd=cwd
    )


def test_help_names_the_commands() -> None:
    done = headstart("--help")
    assert done.returncode == 0
    assert "compare" in done.stdout
    assert "schemes" in done.stdout


def test_version() -> None:
    assert headstart("--version").stdout.startswith("headstart, version ")


def test_table_on_stdout_the_rest_on_stderr() -> None:
    done = headstart("compare", "zeros", "he", *QUICK)
    assert done.returncode == 0
    assert "symmetric" in done.stdout
    assert "zeros  HS101" in done.stdout
    assert "headstart explain CODE" in done.stderr
    assert "--out" in done.stderr
    assert "\x1b[" not in done.stdout


def test_json_has_the_documented_shape_and_is_the_same_twice(tmp_path: Path) -> None:
    first = headstart("compare", "zeros", "normal(10)", *QUICK, "--json", "--out", "pictures", cwd=tmp_path)
    second = headstart("compare", "zeros", "normal(10)", *QUICK, "--json", "--out", "pictures", cwd=tmp_path)
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert found["schema"] == 1
    assert set(found) == {"schema", "settings", "schemes", "files"}
    assert set(found["files"]) == {"png", "svg", "html"}
    assert all((tmp_path / path).is_file() for path in found["files"].values())
    zeros = found["schemes"][0]
    assert set(zeros) == {
        "scheme", "verdict", "reason", "findings", "train_accuracy", "test_accuracy", "first_cost", "final_cost",
        "runs",
    }  # fmt: skip
    assert set(zeros["findings"][0]) == {
        "code", "word", "severity", "layer", "value", "limit", "message", "remedy",
    }  # fmt: skip
    assert set(zeros["train_accuracy"]) == {"median", "low", "high"}
    assert set(zeros["runs"][0]) == {"seed", "train_accuracy", "test_accuracy", "diverged_at", "costs"}
    assert len(zeros["runs"][0]["costs"]) == len(found["settings"]["recorded_steps"])


def test_the_course_preset() -> None:
    done = headstart("compare", "--preset", "course", "--json")
    found = json.loads(done.stdout)
    assert found["settings"]["recorded_steps"] == list(range(0, 15_000, 1000))
    assert found["schemes"][1]["runs"][0]["costs"][0] == "inf"
    assert found["schemes"][1]["first_cost"]["median"] == "inf"
    text = headstart("compare", "--preset", "course").stdout
    assert "The course's table" in text
    assert "fails to break symmetry" in text


def test_schemes_lists_every_family_and_can_be_narrowed() -> None:
    rows = json.loads(headstart("schemes", "--json").stdout)["schemes"]
    assert {"zeros", "he", "glorot", "xavier", "orthogonal", "truncated_normal"} <= {row["name"] for row in rows}
    he = headstart("schemes", "he").stdout
    assert "kaiming_normal_(w, nonlinearity='relu')" in he
    assert "He et al. 2015" in he
    assert "glorot  variance" not in he
    assert headstart("schemes", "hee").returncode == 2


BAD = [
    (["compare", "hee"], "Did you mean 'he'"),
    (["compare", "he("], "malformed scheme"),
    (["compare", "normal()"], "argument is empty"),
    (["compare", "he*"], "must be a number"),
    (["compare", "he*-1"], "must be positive"),
    (["compare", "normal(nan)"], "must be finite"),
    (["compare", "--data", "cirlces"], "Did you mean 'circles'"),
    (["compare", "--activation", "rellu"], "Did you mean 'relu'"),
    (["compare", "--hidden", "10,0"], "at least 1"),
    (["compare", "--hidden", "10,-5"], "at least 1"),
    (["compare", "--hidden", "10,,5"], "got '10,,5'"),
    (["compare", "--hidden", ""], "got ''"),
    (["compare", "--hidden", "ten"], "got 'ten'"),
    (["compare", "--seeds", "0"], "seeds: "),
    (["compare", "--steps", "0"], "steps: "),
    (["compare", "--steps", "many"], "not a valid integer"),
    (["compare", "--learning-rate", "-1"], "learning rate must be positive"),
    (["compare", "--learning-rate", "nan"], "learning rate must be positive"),
    (["compare", "--data", "missing.csv"], "no file 'missing.csv'"),
    (["compare", "--data", "empty.csv"], "is empty"),
    (["compare", "--data", "ragged.csv"], "line 2"),
    (["compare", "--data", "words.csv"], "line 2, column 'x1'"),
    (["compare", "--data", "hole.csv"], "got 'nan'"),
    (["compare", "--data", "one.csv"], "every label is '1'"),
    (["compare", "--data", "binary.csv"], "is not text"),
    (["compare", "--out", "plain"], "cannot write to the folder"),
    (["compare", "--preset", "course", "--steps", "5"], "preset fixes --steps"),
    (["compare", "--preset", "course", "orthogonal"], "draws normal or constant weights"),
    (["compare", "--preset", "exam"], "course"),
    (["compare", "--nonsense"], "No such option"),
    (["compar"], "No such command"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "plain").write_text("")
    (tmp_path / "ragged.csv").write_text("1,2,0\n3,4\n")
    (tmp_path / "words.csv").write_text("1,2,0\nx,4,1\n")
    (tmp_path / "hole.csv").write_text("1,2,0\n3,nan,1\n")
    (tmp_path / "one.csv").write_text("1,2,1\n3,4,1\n")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    return tmp_path


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_told_plainly_and_writes_nothing(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from headstart.cli.main import run

    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    with pytest.raises(SystemExit) as stopped:
        run([*arguments, *([] if "--out" in arguments else ["--out", "pictures"] if "compare" in arguments else [])])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert words in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_keeps_what_finished_and_exits_130() -> None:
    # A test run in the background has Ctrl-C ignored, and its children would too.
    script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "from headstart.cli.main import run\nrun(['compare', 'he', '--seeds', '60', '--steps', '1000000'])"
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err
    if "runs had finished" in err:
        assert "healthy" in out
