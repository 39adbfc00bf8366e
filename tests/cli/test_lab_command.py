"""`headstart lab`: files, lessons, the server until Ctrl-C, and what is told before anything is served."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from command_line import Headstart

URL = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]{22}/\n")


def state_of(page: str) -> str:
    found = re.search(r'id="state">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_out_writes_the_page_with_its_state(headstart: Headstart) -> None:
    done = headstart("lab", "he", "he*2", "--data", "moons", "--hidden", "8,8", "--out", "lab.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote lab.html\n")
    assert state_of(Path("lab.html").read_text()) == "v=1&data=moons&hidden=8,8&panels=he;he*2"


def test_a_table_stands_in_the_page(headstart: Headstart) -> None:
    rows = "".join(f"{k % 7},{k * k % 5},{'</script><b>' if k % 2 else 'rose'}\n" for k in range(40))
    Path("table.csv").write_text("length,width,kind\n" + rows)
    assert headstart("lab", "--data", "table.csv", "--label", "kind", "--out", "lab.html").returncode == 0
    page = Path("lab.html").read_text()
    assert state_of(page) == "v=1&data=table"
    held = re.search(r'id="table">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    assert '"name":"table.csv"' in held[1]
    assert "\\u003c/script\\u003e\\u003cb\\u003e" in held[1]


def test_a_lesson_of_ones_own_is_played(headstart: Headstart) -> None:
    assert headstart("lab", "lecture", "--out", "mine.toml").stderr == "wrote mine.toml\n"
    Path("mine.toml").write_text(Path("mine.toml").read_text().replace("Why the starting weights", "How </script> it"))
    assert headstart("lab", "mine.toml", "--out", "lesson.html").stderr == "wrote lesson.html\n"
    page = Path("lesson.html").read_text()
    assert state_of(page) == "v=1&lesson=mine"
    assert "How \\u003c/script\\u003e it matter" in page


def test_lessons_are_listed(headstart: Headstart) -> None:
    done = headstart("lab", "--lessons")
    assert done.returncode == 0
    assert re.search(r"^lecture +Why the starting weights matter +7$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "65"], "the page takes at most 64 seeds, got 65"),
        (["hee"], "unknown scheme 'hee'. Did you mean 'he'?"),
        (["lectur"], "unknown lesson 'lectur'. Did you mean 'lecture'?"),
        (["lecture", "he"], "a lesson has its own schemes and settings, got more than 'lecture'. Write it alone."),
        (["depth", "--seeds", "3"], "a lesson has its own schemes and settings"),
        (["none.toml"], "no file 'none.toml'. Check the path, or write the name of a lesson."),
        (["--data", "none.csv"], "no file 'none.csv'. Check the path, or write the name of a data set."),
        (["--data", "bad.csv"], "'bad.csv' has a header and no rows"),
        (["--dtype", "float64"], "the page trains in float32, got float64"),
        (["--preset", "course"], "Write headstart compare --preset course"),
        (["--out", "lab.png"], "a page is one .html file, got 'lab.png'"),
        (["--out", "nowhere/lab.html"], "the folder 'nowhere' does not exist"),
        (["he", "--out", "mine.toml"], "unknown lesson 'he'"),
        (["--out", "mine.toml"], "a lesson's source is of one lesson"),
        (["--port", "70000"], "70000 is not in the range 0<=x<=65535"),
        (["--lr", "3"], "Here it is --learning-rate FLOAT"),
    ],
)
def test_bad_input_is_told_before_anything_is_served(arguments: list[str], words: str, headstart: Headstart) -> None:
    Path("bad.csv").write_text("a,b\n")
    done = headstart("lab", "--no-browser", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())


def test_a_port_in_use_is_told(headstart: Headstart) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = headstart("lab", "--no-browser", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: cannot serve on port {port}: Address already in use. Write another --port, none for one that is free, "
        "or --out lab.html for a file.\n"
    )


@pytest.mark.parametrize("browser", ["none", "missing"])
def test_it_serves_until_ctrl_c(browser: str, tmp_path: Path) -> None:
    no_browser = ["--no-browser"] if browser == "none" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "headstart", "lab", "he", *no_browser], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=tmp_path, env={**os.environ, "BROWSER": str(tmp_path / "missing"), "PATH": str(tmp_path)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        url, said = process.stdout.readline(), ""
        while not said.endswith("Ctrl-C ends it.\n"):
            said += process.stderr.readline() or pytest.fail(said)
        assert URL.fullmatch(url)
        with urllib.request.urlopen(url.strip(), timeout=10) as answer:
            assert state_of(answer.read().decode()) == "v=1&panels=he"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=20)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    told = "" if browser == "none" else (
        "No browser opened: open the address above in one, or write a file with --out lab.html.\n"
    )  # fmt: skip
    assert said == f"{told}Ctrl-C ends it.\nInterrupted.\n"
