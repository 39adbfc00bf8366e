"""Addresses that are wrong in every way: an error of one line, no traceback, and the password in none of it."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path

import pytest
from command_line import Headstart

from headstart.errors import HeadstartError, InputError, StoreError
from headstart.experiments.store import Store
from headstart.experiments.store.faults import explained
from headstart.experiments.store.urls import shown, store_url, without_secrets

WORD = "S3cr3tpw"
HERE = "127.0.0.1:1"  # where no server listens
FORMS = [
    "postgresql://me:{w}@127.0.0.1:port/lab", "postgresql://me:{w}@127.0.0.1:99999/lab",
    "postgresql://me:{w}@127.0.0.1:0/lab", "postgresql://me:{w}@127.0.0.1:-1/lab", "postgresql://me:{w}@127.0.0.1:/lab",
    "postgresql://me:{w}@127.0.0.1:1.5/lab", "postgresql://me:{w}@{h}", "postgresql://{h}/lab?user=me&password={w}",
    "postgresql://{h}/lab?user=me&pasword={w}", "postgresql://{h}/lab?{w}", "postgresql://{h}/lab?password",
    "postgresql://{h}/lab?password={w}&password={w}", "postgresql://me:{w}@[::1/lab", "postgresql://me:{w}@[::1]x/lab",
    "postgresql://me:{w}@::1]/lab", "postgresql://me:{w}@::1/lab", "postgresql://me:{w}@[]/lab",
    "postgresql://me:{w}@[::1]:1/lab", "postgresql://me%3A{w}@{h}/lab", "postgresql://me:{w}%40x@{h}/lab",
    "postgresql://me:x%40{w}@{h}/lab", "postgresql://me:x@{w}@{h}/lab", "postgresql://me:{w}@x@{h}/lab",
    "postgresql://me:x/{w}@{h}/lab", "postgresql://me:{w}/x@{h}/lab", "postgresql://me:x?{w}@{h}/lab",
    "postgresql://me:12?{w}@{h}/lab", "postgresql://me:x#{w}@{h}/lab", "postgresql://me:x:{w}@{h}/lab",
    "postgresql://me:%zz{w}@{h}/lab", "postgresql://me:{w}%@{h}/lab", "me:{w}@127.0.0.1/lab", "me:{w}@127.0.0.1",
    "postgresql:me:{w}@127.0.0.1/lab", "postgresql:/me:{w}@127.0.0.1/lab", "postgresql//me:{w}@127.0.0.1/lab",
    "//me:{w}@127.0.0.1/lab", " postgresql://me:{w}@{h}/lab ", "postgresql ://me:{w}@{h}/lab",
    "postgresql://me:{w} x@{h}/lab", "postgresql://me: {w}@{h}/lab", "postgresql://me:{w}\n@{h}/lab",
    "postgresql://me:{w}\0@{h}/lab", "postgresql://me:{w}\u00fc@{h}/lab", "postgresql://m\u00fc:{w}@{h}/l\u00e4b",
    "postgresql://me:{w}\N{GRINNING FACE}@{h}/lab", "postgres://me:{w}@{h}/lab", "POSTGRESQL://me:{w}@{h}/lab",
    "postgresql+psycopg://me:{w}@{h}/lab", "postgresql+asyncpg://me:{w}@{h}/lab", "postgresql+xx://me:{w}@{h}/lab",
    "mysql://me:{w}@127.0.0.1/lab", "mysql+pymysql://me:{w}@127.0.0.1:port/lab", "oracle://me:{w}@h",
    "sqlite://me:{w}@127.0.0.1/lab", "sqlite:///runs.db?password={w}", "sqlite:///me:{w}@127.0.0.1/lab",
    "sqlite+pysqlcipher://:{w}@/runs.db?cipher=x", "://me:{w}@127.0.0.1/lab", "jdbc:postgresql://me:{w}@{h}/lab",
    "host=127.0.0.1 port=1 user=me password={w}", "PASSWORD = {w} host=h", "postgresql://me:{w}@{h}/lab?sslmode={w}",
    "postgresql://me:{w}@{h}/lab?sslpassword={w}", "postgresql://me:{w}@ho st/lab", "postgresql://me:{w}@h\u00f6/lab",
    "postgresql://me:{w}@/lab?host=/nowhere", "postgresql://me:{w}@{h}/x@y", "postgresql://:{w}@{h}/lab",
    "postgresql://{w}:@{h}/lab", "postgresql://me:{w}@{h}/lab#frag", "postgresql:///lab?password={w}&host=127.0.0.1&port=1",
    "postgresql:///lab?service={w}", "postgresql://me:{w}@{h}/lab?connect_timeout={w}",
    "postgresql://me:{w}@{h}/lab?options=-c%20x={w}", "postgresql://", "postgresql://@", "postgresql://:@:/",
]  # fmt: skip


def of(form: str) -> str:
    return form.replace("{w}", WORD).replace("{h}", HERE)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_an_address_shows_its_password_or_ends_in_a_traceback(form: str) -> None:
    with pytest.raises((InputError, StoreError)) as said:
        Store(of(form)).exists()
    shown_whole = "".join(traceback.format_exception(said.value)).replace(
        of(form), ""
    )  # the frames repeat a call's text
    assert WORD not in str(said.value)
    assert WORD not in shown_whole
    assert "\n" not in str(said.value)
    assert 0 < len(str(said.value)) < 500
    with contextlib.suppress(InputError):
        assert WORD not in str(Store(of(form)))
        assert WORD not in repr(Store(of(form)))


@pytest.mark.parametrize("command", [["sweep", "run", "s.toml", "--store"], ["sweep", "plan", "s.toml", "--store"],
                                     ["report"], ["report", "--json"]])  # fmt: skip
def test_no_command_shows_a_password_or_leaves_a_file(command: list[str], headstart: Headstart, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("seed = 0\nsteps = 1")
    for form in FORMS:
        if "\0" in form:  # which no program can be given
            continue
        done = headstart(*command, of(form))
        assert done.returncode in (1, 2, 4), form
        assert WORD not in done.stdout + done.stderr, form
        assert done.stderr.count("\n") == 1, form
    assert [file.name for file in tmp_path.iterdir()] == ["s.toml"]


def test_the_check_sees_a_password() -> None:
    url = store_url(of(FORMS[6]))
    assert WORD in url.render_as_string(hide_password=False)
    assert "***" in shown(url)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://me:word@db.example.org:5433/lab", "postgresql://me:***@db.example.org:5433/lab"),
        ("postgresql://me@[::1]:5433/lab?sslmode=require", "postgresql://me@[::1]:5433/lab"),
        ("postgres://db/l\u00e4b", "postgresql://db/l\u00e4b"), ("postgresql:///lab", "postgresql:///lab"),
        ("postgresql://me%40corp:word@db", "postgresql://me@corp:***@db"),
        ("postgresql://me%3Aword@db", "postgresql://***@db"),
        ("postgresql://db/lab?user=me&password=word", "postgresql://me:***@db/lab"),
        ("runs.db", "runs.db"), ("sqlite://", "memory"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_address(address: str, words: str) -> None:
    assert shown(store_url(address)) == words


@pytest.mark.parametrize("name", ["a@b.db", "a:b.db", "./me:x@y.db", "postgres.db", "C:\\me@home\\a.db", "x y.db"])
def test_a_files_name_may_look_like_a_little_of_a_servers(name: str) -> None:
    assert store_url(name).database == name


def test_what_a_driver_repeats_is_blotted_out() -> None:
    url = store_url("postgresql://me:ab@db/lab?sslpassword=cde")
    assert without_secrets("role ab of abc: cde, cdef", url) == "role *** of abc: ***, ***f"
    with pytest.raises(StoreError) as said, explained(store_url(f"postgresql://me:{WORD}@db/lab")):
        raise OSError(f"cannot use {WORD}")
    assert str(said.value) == "the store 'postgresql://me:***@db/lab' cannot be used: cannot use ***."
    assert said.value.__cause__ is None
    assert said.value.__suppress_context__


def test_a_driver_that_is_not_installed_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("psycopg", "psycopg.pq"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HeadstartError, match=r"needs psycopg, which is not installed. Run: pip install") as said:
        Store(f"postgresql://me:{WORD}@{HERE}/lab")
    assert WORD not in str(said.value)
