"""Bad input, command by command: exit code 2, what to write instead, nothing on stdout and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Headstart
from sweep_rows import scheme_study

FILES = {
    "empty.csv": b"",
    "plain": b"",
    "ragged.csv": b"1,2,0\n3,4\n",
    "words.csv": b"1,2,0\nx,4,1\n",
    "hole.csv": b"1,2,0\n3,nan,1\n",
    "one.csv": b"1,2,1\n3,4,1\n",
    "binary.csv": bytes(range(256)),
}
BAD: list[tuple[list[str], str]] = [
    # --- compare
    (["compare", "hee"], "Did you mean 'he'"),
    (["compare", "he("], "malformed scheme"),
    (["compare", "normal()"], "needs its std. Write 'normal(0.01)'"),
    (["compare", "he*"], "must be a number"),
    (["compare", "he*-1"], "a multiplier must be a positive, finite number, got -1"),
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
    (["compare", "--learning-rate", "-1"], "learning rate must be a positive, finite number"),
    (["compare", "--learning-rate", "nan"], "learning rate must be a positive, finite number"),
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
    # --- tune
    (["tune", "hee"], "Did you mean 'he'"),
    (["tune", "he", "he"], "given twice"),
    (["tune", "--metric", "final_csot"], "Did you mean 'final_cost'"),
    (["tune", "--over", "multiplier,rate"], "unknown factor 'rate'"),
    (["tune", "--over", ""], "at least one of multiplier"),
    (["tune", "--trials", "0"], "trials: "),
    (["tune", "--seeds", "1"], "seeds: "),
    (["tune", "--multiplier-range", "2"], "two numbers with a comma between, got '2'"),
    (["tune", "--multiplier-range", "2,x"], "must be a number, got 'x'"),
    (["tune", "--multiplier-range", "8,2"], "the smaller first"),
    (["tune", "--learning-rate-range", "0,1"], "two positive numbers"),
    (["tune", "--metric", "steps_to_target"], "Give both or neither"),
    (["tune", "--target", "0.1"], "Give both or neither"),
    (["tune", "--storage", "none/tune.db"], "the storage 'none/tune.db' is in no folder that exists"),
    (["tune", "--data", "missing.csv"], "no file 'missing.csv'"),
    (["tune", "--hidden", "10,0"], "at least 1"),
    (["tune", "--out", "tune.txt"], "a file is saved as"),
    (["tune", "--out", "nowhere/tune.png"], "does not exist"),
    (["compare", "--tune-learning-rate", "--learning-rate", "0.1"], "either one for all schemes or tuned for each"),
    (["compare", "--tune-learning-rate", "--preset", "course"], "preset fixes --tune-learning-rate"),
    # --- gain and phase
    (["gain", "gellu"], "Did you mean 'gelu'"),
    (["gain", "softmax"], "must be element-wise"),
    (["gain", "gelu", "--q", "0"], "must be a positive, finite number"),
    (["gain", "gelu", "--q", "a"], "each value of --q must be a number"),
    (["gain", "gelu", "--q", ","], "--q needs at least one number"),
    (["gain", "exponential", "--q", "1e4"], "grows too fast"),
    (["gain", "gelu", "--out", "picture.bmp"], "a file is saved as"),
    (["gain", "gelu", "--out", "no/such/folder/a.png"], "does not exist"),
    (["phase", "tanh", "--max-w", "-1"], "must be a positive, finite number"),
    # --- report, of a store that is a list of made runs
    (["report", "runs.db", "--metric", "accuracy"], "unknown metric 'accuracy'. Did you mean 'test_accuracy'"),
    (["report", "runs.db", "--by", "shceme"], "unknown factor 'shceme'. Did you mean 'scheme'"),
    (["report", "runs.db", "--by", ""], "at least one factor"),
    (["report", "runs.db", "--heat", "depth"], "two different factors"),
    (["report", "runs.db", "--heat", "depth,hight"], "unknown factor"),
    (["report", "runs.db", "--where", "scheme"], "written factor=value"),
    (["report", "runs.db", "--where", "scheme=hee"], "no run has scheme=hee"),
    (["report", "runs.db", "--out", "plain"], "cannot write to the folder"),
    # --- the others
    (["schemes", "hee"], "Did you mean 'he'"),
    (["explain", "HS999"], "HS"),
    (["sweep", "run", "missing.toml"], "cannot read the study"),
    (["sweep", "extend", "missing.toml", "--seeds", "3"], "first:end"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_told_plainly_and_writes_nothing(
    arguments: list[str], words: str, headstart: Headstart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.verbs.study.open_rows", lambda store, study: scheme_study(4, 3))
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    pictures = ["--out", "pictures"] if "compare" in arguments and "--out" not in arguments else []
    done = headstart(*arguments, *pictures)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == FILES
