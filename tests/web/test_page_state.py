"""The page's settings: what compare takes, within what a browser can do, and as an address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from headstart.errors import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.data.reading import Reading
from headstart.web.given import _read, table_text
from headstart.web.limits import LIMITS
from headstart.web.link import command
from headstart.web.state import CHARTS, HIDEABLE, VIEWS, address, page_state

CORE = Path(__file__).parents[2] / "src/headstart/web/src/core"
ROWS = "".join(f"{i};{i * i % 7},5;{i % 5};{'rose' if i % 3 else 'iris'}\n" for i in range(40))
TABLE = "Id;length;width;kind\n" + ROWS


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    path.write_text(TABLE)
    return path


def parts(**given: Any) -> dict[str, str]:
    return dict(parse_qsl(address(page_state(**given))))


def test_defaults_are_left_out() -> None:
    assert address(page_state()) == "v=1"


def test_every_setting_stands_in_the_address() -> None:
    found = parts(
        schemes=["he*1.3", "normal(10)"], data="moons(noise=0.2)", hidden=[8, 8], activation="leaky_relu(0.2)",
        steps=50, learning_rate=0.5, optimizer="momentum(0.5)", batch_size=32, seeds=3, data_seed=4, view="seeds",
        chart="gradient", seed=1, layer=1, step=10, hide=["controls", "share"], teacher=True, theme="dark",
    )  # fmt: skip
    assert found == {
        "v": "1", "panels": "he*1.3;normal(10)", "data": "moons(samples=300, noise=0.2)", "hidden": "8,8",
        "act": "leaky_relu(0.2)", "steps": "50", "rate": "0.5", "optimizer": "momentum(0.5)", "batch": "32",
        "seeds": "3", "dataseed": "4", "view": "seeds", "chart": "gradient", "seed": "1", "layer": "1", "step": "10",
        "hide": "controls,share", "teacher": "1", "theme": "dark",
    }  # fmt: skip


def test_the_page_has_the_same_words() -> None:
    types = (CORE / "types.ts").read_text()
    for name, ours in (("VIEWS", VIEWS), ("CHARTS", CHARTS), ("HIDEABLE", HIDEABLE)):
        found = re.search(rf"{name} = \[(.*?)\]", types, re.DOTALL)
        assert found is not None
        assert tuple(re.findall(r'"(\w+)"', found[1])) == ours


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schemes": ["zeros", "he", "xavier", "glorot", "lecun", "ones", "gain"]}, "at most 6 panels, got 7 schemes"),
        ({"seeds": 65}, "at most 64 seeds, got 65"),
        ({"hidden": [5] * 51}, "at most 50 hidden layers, got 51"),
        ({"hidden": []}, "at least one hidden layer, got none"),
        ({"hidden": [65]}, "at most 64 units per layer, got 65"),
        ({"steps": 100_001}, "at most 100,000 steps, got 100,001"),
        ({"dtype": "float64"}, "trains in float32, got float64. Write headstart compare"),
        ({"preset": "course"}, "Write headstart compare --preset course"),
        ({"tune_learning_rate": True}, "one learning rate. Write headstart compare --tune-learning-rate"),
        ({"record_every": 7}, "got 7. Leave it out"),
        ({"data": "digits"}, "does not hold the data set digits. Write headstart compare --data digits"),
        ({"data": "circles(samples=5001)"}, "at most 5,000 samples, got 5,001"),
        ({"data": "blobs(9)"}, "at most 8 classes, got 9"),
        ({"activation": lambda z: z * z}, "not a function of your own"),
        ({"hide": ["verdikt"]}, "unknown part of the page 'verdikt'. Did you mean 'verdict'"),
        ({"view": "nonsense"}, "view: input should be 'one', 'seeds', 'weights'"),
        ({"seeds": 0}, "seeds: input should be greater than or equal to 1, got 0"),
        ({"schemes": ["hee"]}, "unknown scheme 'hee'. Did you mean 'he'"),
        ({"data": "moon"}, "unknown data set 'moon'. Did you mean 'moons'"),
    ],
)
def test_more_than_the_page_takes_is_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        page_state(**given)


def test_the_limits_themselves_are_taken() -> None:
    page_state(seeds=LIMITS["seeds"], hidden=[LIMITS["units"]] * LIMITS["layers"], steps=LIMITS["steps"])
    page_state(data=f"circles(samples={LIMITS['samples']})")


def test_the_command_of_a_state_is_that_state() -> None:
    from headstart.cli.lab import command as lab_command

    state = page_state(schemes=["he", "normal(10)"], hidden=[8, 8], data="moons(noise=0.2)", batch_size=32, seeds=2)
    words = command(state)
    assert words == ("headstart lab he 'normal(10)' --data 'moons(noise=0.2)' --hidden 8,8 --batch-size 32 --seeds 2")
    import shlex

    context = lab_command.make_context("lab", shlex.split(words)[2:])
    assert context.params["schemes"] == ("he", "normal(10)")
    assert (context.params["hidden"], context.params["batch_size"]) == ("8,8", 32)


# --- a table of one's own ---------------------------------------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    names = ("train_x", "train_y", "test_x", "test_y")
    return one.classes == other.classes and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in names
    )


def test_a_file_is_held_as_it_is(table: Path) -> None:
    found = table_text(page_state(data=table))
    assert found is not None
    assert found == ("flowers.csv", TABLE, Reading())
    assert found.to_json()["label"] is None
    assert parts(data=table)["data"] == "table"


@pytest.mark.parametrize(
    "reading",
    [{"drop": ["Id"]}, {"features": ["width", "length"]}, {"label": "kind", "drop": ["Id"]},
     {"label": "width", "drop": ["kind"]}, {"label": "width", "drop": ["kind"], "task": "numbers"}],
)  # fmt: skip
def test_a_table_is_read_as_it_was_told_to_be(reading: dict[str, Any], table: Path) -> None:
    state = page_state(data=table, data_seed=3, **reading)
    found = table_text(state)
    assert found is not None
    assert same(_read(found, 3), load(str(table), seed=3, **reading))


def test_values_are_written_to_the_last_digit() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)) * 10.0 ** rng.integers(-8, 8, (50, 3)), rng.normal(size=50).astype(np.float32)
    for data in ((x, y), (x, y > 0), (x.astype(np.float32), np.where(y > 0, "a,b", 'c"d'))):
        state = page_state(data=data)
        found = table_text(state)
        assert found is not None
        assert same(_read(found, 0), load(state.data))


def test_the_check_sees_another_number() -> None:
    one = load((np.eye(20), np.arange(20) % 2))
    other = load((np.eye(20) * 2 + np.eye(20)[::-1], np.arange(20) % 2))
    assert not same(one, other)


def test_a_table_beyond_the_pages_size_is_refused(tmp_path: Path) -> None:
    long, wide = tmp_path / "long.csv", tmp_path / "wide.csv"
    long.write_text("x,y\n" + "".join(f"{k}.5,{k % 2}\n" for k in range(5001)))
    wide.write_text("\n".join(",".join(str(k * j % 7) for k in range(66)) for j in range(30)))
    with pytest.raises(InputError, match=r"a table of at most 5,000 rows, got 5,001 of '?.*long\.csv"):
        table_text(page_state(data=long))
    with pytest.raises(InputError, match="a table of at most 64 features, got 65"):
        table_text(page_state(data=wide))


def test_a_text_beyond_the_pages_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("x,y\n" + "".join(f"{' ' * 2100}{k}.5,{k % 2}\n" for k in range(1000)))
    with pytest.raises(InputError, match=r"a table of at most 1\.91 MiB, got 2\.01 MiB of '?.*long\.csv"):
        table_text(page_state(data=path))


def test_what_is_wrong_with_a_table_is_told_as_compare_tells_it(tmp_path: Path) -> None:
    for text in ("", "a,b\n1,2\n", "a,b\n1,x\n2,\n", "a\n1\n2\n", "a,b\n1,2,3\n1,2\n"):
        path = tmp_path / "bad.csv"
        path.write_text(text)
        with pytest.raises(InputError) as ours:
            table_text(page_state(data=path))
        with pytest.raises(InputError) as theirs:
            load(str(path))
        assert str(ours.value) == str(theirs.value)


def test_header_speaks_of_files_only() -> None:
    with pytest.raises(InputError, match="header speaks of the first row of a file"):
        table_text(page_state(data=(np.eye(20), np.arange(20) % 2), header=True))


def test_a_reading_without_a_table_is_refused() -> None:
    assert table_text(page_state()) is None
    assert Reading().given() == {}
