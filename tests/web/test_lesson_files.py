"""Lessons: ours hold what they claim, and what is wrong with one is told with line, key and what to write."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.errors import InputError
from headstart.web.lesson import FOLDER, built_in, is_lesson, lesson, read_lesson, source

GOOD = """\
title = "A lesson"

[state]
schemes = ["zeros", "he"]

[[step]]
title = "First"
text = "Look."

[[step]]
title = "Second"
text = "Guess."
reveal = ["verdict"]

[step.question]
ask = "Which?"
options = ["zeros", "he"]
right = "he"
because = "It is."
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "My lesson.toml"


def read(file: Path, text: str) -> Any:
    file.write_text(text, encoding="utf-8")
    return read_lesson(file)


def test_a_lesson_is_read(file: Path) -> None:
    found = read(file, GOOD)
    assert (found.name, found.title, len(found.steps)) == ("my-lesson", "A lesson", 2)
    assert "panels=zeros;he" in found.steps[0].address
    assert found.steps[1].question.right == 1
    assert found.steps[1].reveal == ("verdict",)
    assert found.steps[0].question is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "A lesson"', 'titel = "A lesson"', "line 1, titel: unknown key of a lesson 'titel'. Did you mean"),
        ('title = "A lesson"', "", "title: title is a text, got nothing. Write title = "),
        ('text = "Guess."', 'txt = "Guess."', "line 12, step 2, txt: unknown key of a step 'txt'. Did you mean"),
        ('text = "Look."', "text = 3", "line 8, step 1, text: text is a text, got 3."),
        ('text = "Look."', "", "line 6, step 1, text: text is a text, got nothing."),
        ('["verdict"]', '["verdikt"]', "line 13, step 2, reveal: unknown part of the page 'verdikt'. Did"),
        ('["verdict"]', '"verdict"', "line 13, step 2, reveal: reveal is a list of parts of the page, got 'verdict'."),
        ('right = "he"', 'right = "hee"', "line 18, step 2, question.right: unknown option 'hee'. Did you mean 'he'?"),
        ('options = ["zeros", "he"]', 'options = ["he"]', "line 17, step 2, question.options: a question has 2 to 6"),
        ('options = ["zeros", "he"]', "options = 3", "line 17, step 2, question.options: options are a list of texts."),
        ('options = ["zeros", "he"]', 'options = ["he", "he"]', "a question has 2 to 6 different options, got 2"),
        ('because = "It is."', "", "step 2, question.because: because is a text, got nothing."),
        ('ask = "Which?"', 'aks = "Which?"', "line 16, step 2, question.aks: unknown key of a question 'aks'."),
        ('["zeros", "he"]\n\n[[', '["zeros", "hee"]\n\n[[', "step 1, state: unknown scheme 'hee'. Did you mean 'he'?"),
        ("schemes = ", "seeds = 65\nschemes = ", "step 1, state: the page takes at most 64 seeds, got 65."),
        ("schemes = ", "sceme = 1\nschemes = ", "step 1, state: unknown setting 'sceme'. Did you mean 'schemes'"),
        ('[state]\nschemes = ["zeros", "he"]', "state = 3", "line 3, state: state is a table, got 3. Write [state]."),
        ('title = "A lesson"', 'title = "A lesson', "is no TOML: "),
        ('title = "First"', f'title = "{"a" * 5001}"', "step 1, title: title has at most 5,000 characters, got 5,001."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, words: str, file: Path) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(InputError, match=re.escape(words)) as raised:
        read(file, GOOD.replace(old, new))
    assert str(raised.value).startswith(repr(str(file)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a lesson has at least one step"),
        ('title = "a"\nstep = 3\n', "line 2, step: a lesson has at least one step. Write [[step]]"),
        ('title = "a"\n' + '[[step]]\ntitle = "a"\ntext = "b"\n' * 51, "a lesson has at most 50 steps, got 51."),
        (GOOD.partition("[step.question]")[0], "line 13, step 2, reveal: what is revealed by an answer needs a"),
        ("a" * 10, "is no TOML"),
    ],
)  # fmt: skip
def test_other_files_are_told_too(text: str, words: str, file: Path) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read(file, text)


def test_bytes_that_are_no_text_are_told(file: Path) -> None:
    file.write_bytes(b'title = "\xff"')
    with pytest.raises(InputError, match=r"is no text in UTF-8 \(byte 9\)\. Save it as UTF-8\."):
        read_lesson(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Check the path, or write the name of a lesson"):
        lesson(str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match="is a folder"):
        lesson(str(tmp_path.with_suffix(".toml")) if tmp_path.with_suffix(".toml").mkdir() is None else "")


def test_ours_are_there_by_name() -> None:
    assert set(built_in()) == {"lecture", "depth"}
    assert is_lesson("lecture")
    assert not is_lesson("he")
    assert tomllib.loads(source("depth").decode())["title"] == built_in()["depth"].title
    with pytest.raises(InputError, match=r"unknown lesson 'dept'\. Did you mean 'depth'"):
        source("dept")


@pytest.mark.parametrize("name", ["lecture", "depth"])
def test_nothing_that_answers_a_question_is_shown_before_it(name: str) -> None:
    for step in built_in()[name].steps:
        if step.question is not None:
            assert {"verdict", "charts", "transport"} <= set(step.reveal), step.title
            assert "table" in step.address.partition("hide=")[2], step.title


def facts(name: str, title: str, **changed: Any) -> dict[str, Any]:
    """Scheme -> its row, from the settings of one step, with fewer seeds."""
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    (step,) = [step for step in document["step"] if step["title"] == title]
    state = {**document["state"], **step.get("state", {})}
    given = {key: value for key, value in state.items() if key not in ("hide", "view", "chart")}
    result = hs.compare(**{**given, "seeds": 2, "threads": 1, **changed})
    return {row["scheme"]: row for row in result.summary()} | {"result": result}


def test_one_of_four_finds_the_circle() -> None:
    found = facts("lecture", "One network, four starts")
    good = [
        name for name in ("zeros", "normal(10)", "normal(0.01)", "he") if found[name]["train_accuracy"]["median"] > 0.95
    ]
    assert good == ["he"]
    assert found["normal(10)"]["first_cost"]["median"] > 100  # what the step "Large" asks for
    assert found["normal(0.01)"]["verdict"] == "vanishing"  # and "Small"


def test_ten_units_stay_one() -> None:
    result = facts("lecture", "Zeros", seeds=1)["result"]
    (run,) = result.of("constant(0.5)")
    assert result.network.distinct_units(run.weights)[0] == 1
    assert result.network.distinct_units(result.of("he")[0].weights)[0] == 10


def test_twice_he_is_best_there() -> None:
    found = facts("lecture", "The multiplier", seeds=3)
    cost = {name: found[name]["final_cost"]["median"] for name in ("he*0.1", "he*0.5", "he", "he*2", "he*8")}
    assert min(cost, key=lambda name: cost[name]) == "he*2"


def test_depth_compounds() -> None:
    shallow = facts("depth", "Two layers forgive")
    assert all(shallow[name]["train_accuracy"]["median"] > 0.95 for name in ("xavier", "he", "he*1.6"))
    deep = facts("depth", "Twenty layers do not", steps=300)["result"]
    assert all(run.signals.forward_factor > 100 for run in deep.of("he*1.6"))
    assert deep.verdicts["xavier"].word == "vanishing"
    tanh = facts("depth", "Tanh cannot explode", steps=300)["result"]
    assert max(layer.flat_share or 0 for layer in tanh.of("xavier*8")[0].signals.layers) > 0.5
    fifty = facts("depth", "Fifty layers", steps=50)["result"]
    assert all(run.signals.backward_factor < 1e-9 for run in fifty.of("xavier*0.5"))
