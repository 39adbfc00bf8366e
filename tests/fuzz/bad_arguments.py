"""Wrong arguments for every option of every command: first each bad value at each place, then mixtures of them.

What exists is read from the commands themselves, so a new command or option is tried without a word here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from headstart.cli.group import cli

PASSWORD = "hunter2swordfish"  # in every URL below; it must never be printed

NUMBERS = (
    "", " ", "0", "-1", "-0", "00", "1.5", "1e3", "1e400", "-1e400", "nan", "NaN", "inf", "-inf", "Infinity", "0x10",
    "1_000", "１２", "½", "1,000", "1e-400", "2147483648", "9223372036854775808", "18446744073709551616", "1" * 5000,
    "--", "true", "None", "1;2", "(1)", "1+1", "9999999999", "1e18", "1e-320", "0.1e",
)  # fmt: skip
LISTS = (
    ",", "10,", ",10", "10,,5", "10 5", "10;5", "0,0", "-3,4", "1e1,2", "2147483647", "999999,999999",
    ",".join(["1"] * 20_000), "10,5,", "a,b", "[10, 5]", "10:20", "5:5", "9:1", "0:99999999999",
    "0:18446744073709551616",
    ":", "-1:3", "1:2:3",
)  # fmt: skip
SPECS = (
    "he*", "*he", "he**2", "he*0", "he*-1", "he*nan", "he*inf", "he*1e300*1e300", "he*1e400", "he(", "he)", "he()()",
    "he(mode)", "he(mode=)", "he(mode=fan_sideways)", "he(mode=fan_in,mode=fan_out)", "he(1,2,3,4,5)", "normal",
    "normal()",
    "normal(nan)", "normal(-1)", "normal(1e309)", "normal(0.1,0.2)", "uniform(2,1)", "HE", "he_normal", "kaiming",
    "xavierr",
    "sparse(1.5)", "gain(swiglu)", "gain(gain(relu))", "orthogonal(7)", "identity*1e300", "zeros*3",
    "(" * 3000, "he" * 3000,
    "he*" * 2000 + "2", "he\x00", "he\n", "hé", "😀", "__import__('os')", "he; rm -rf /", "$(id)", "%s%n", "{he}",
    "relu(0.1)", "leaky_relu(nan)", "elu(alpha=-inf)", "swiglu", "geglu", "softmax", "prelu(1e308)",
    "leaky_relu(1,2,3)",
    "circles(samples=1e9)", "circles(samples=1000000000)", "circles(noise=-1)", "circles(noise=nan)",
    "circles(noise=1e300)",
    "blobs(classes=1)", "blobs(classes=100000000)", "spirals(classes=0)", "digits(3)", "xor(samples=9)", "moons()",
    "adam(2)", "adam(0.9,0.999,0)", "momentum(1)", "momentum(-1)", "nesterov(nan)", "sgd(1)", "adamw", "rmsprop",
)  # fmt: skip
PATHS = (
    "", ".", "..", "/", "/dev/null", "/dev/full", "/dev/zero", "/dev/urandom", "/dev/stdin", "/proc/self/mem",
    "missing.csv",
    "missing/deep/file.csv", "folder", "folder/", "fifo", "circles", "a" * 300, "a" * 5000, "empty.csv", "binary.csv",
    "header_only.csv", "one_row.csv", "ragged.csv", "words.csv", "nan.csv", "utf16.csv", "huge_numbers.csv",
    "markup.csv",
    "table.csv", "bad.toml", "bad.json", "study.toml", "study_overflow.toml", "study_giant.toml", "not_a.db",
    "other.db",
    "readonly/x.png", "x.bmp", "x.png/y.png", "table.csv/x", "~nobody/x", "file:///etc/passwd", "\x00", "a\nb.png", "-",
    "x.html", "x.json", "x.svg", ".png", "...", "con.png", "pictures",
)  # fmt: skip
URLS = tuple(
    text.replace("PASS", PASSWORD)
    for text in (
        "postgresql://me:PASS@localhost:1/x", "postgresql://me:PASS@localhost:port/x", "postgresql://me:PASS@[::1/x",
        "postgresql://me:PASS@127.0.0.1:99999/x", "postgresql:///x?user=me&password=PASS&host=127.0.0.1&port=1",
        "postgresql://localhost:1/x?password=PASS", "postgres://me:PASS@localhost:1/x", "mysql://me:PASS@localhost/x",
        "oracle://me:PASS@localhost/x", "nosuch://me:PASS@localhost/x", "postgresql+nosuch://me:PASS@localhost/x",
        "postgresql://me:PASS@@localhost:1/x", "postgresql://me:PASS", "://me:PASS@x", "sqlite://me:PASS@x/y",
        "sqlite:///folder", "sqlite:////dev/full", "sqlite:///not_a.db", "sqlite:///missing/x.db", "postgresql://",
        "postgresql+psycopg://me:PASS@localhost:1/x?connect_timeout=PASS", "http://me:PASS@localhost/x",
        "postgresql://me:PASS@localhost:1/x?sslmode=PASS", "tcp://127.0.0.1:1", "tcp://nowhere.invalid:1", "tcp://",
        "x:y:z",
        "tls://127.0.0.1:1", "postgresql://me:PA%53S%ZZPASS@localhost:1/x",
    )
)  # fmt: skip
MODELS = (
    "model.py", "model.py:", ":build", "model.py:nothing", "model.py:broken", "model.py:missing",  "missing.py:b",
    "folder:build", "no.such.module:build", "os:path", "os:getcwd", "fifo:build", "not_a.db", "binary.csv",
    "study.toml", "weights.safetensors", "torch.nn:Linear", "model.py:build:x", "a b:c", "/dev/zero", "/dev/null:x",
)  # fmt: skip
EXAMPLES = (
    "0,4", "2,5", "2", "-1,4", "2,4;2,4", "x=2,4", "input=2,4", "2,4:int64<3", "2,4:int9", "2,4:int64<0", ";", "=",
    "2,4:",    "99999999,99999999", "2,4:int64<99999999999999999999999", "2,,4", "(2,4)", "2x4", "input=2,4;input=2,4",
)  # fmt: skip
WHERES = (
    "",
    "=",
    "scheme",
    "scheme=",
    "=he",
    "nothing=1",
    "depth=a",
    "scheme=he=x",
    "depth<3",
    "seed=nan",
    "scheme,depth",
)
EVERYTHING = NUMBERS + LISTS + SPECS + PATHS + URLS + WHERES + MODELS + EXAMPLES

# what is cheap and right, so that the one wrong value is what the command meets
RIGHT: dict[str, tuple[str, ...]] = {
    "compare": ("he", "--steps", "3", "--seeds", "1"),
    "tune": ("he", "--steps", "3", "--seeds", "2", "--trials", "2", "--profile", "3"),
    "sweep plan": ("study.toml",),
    "sweep run": ("study.toml",),
    "sweep status": ("study.toml",),
    "sweep retry": ("study.toml",),
    "sweep extend": ("study.toml", "--seeds", "2:3"),
    "report": ("runs.db",),
    "gain": ("gelu",),
    "phase": ("tanh",),
    "plan": ("model.py:build", "--example", "2,4"),
    "audit": ("model.py:build", "--example", "2,4"),
    "probe": ("model.py:build", "--input", "2,4"),
}


@dataclass(frozen=True)
class Place:
    """Where a value goes: a command's option, or "" for its arguments, and how many values at most."""

    command: str
    option: str
    flag: bool
    likely: tuple[str, ...]


def places() -> list[Place]:
    """Every option and argument of every command."""
    found = []
    for name, command in commands("", cli):
        for parameter in command.params:
            option = parameter.opts[-1] if isinstance(parameter, click.Option) else ""
            flag = isinstance(parameter, click.Option) and parameter.is_flag
            found.append(Place(name, option, flag, _likely(parameter)))
    return found


def commands(prefix: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, with their names as they are typed."""
    if not isinstance(command, click.Group):
        yield prefix, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands(f"{prefix} {name}".strip(), inner)


def _likely(parameter: click.Parameter) -> tuple[str, ...]:
    """The bad values that come nearest to what this one takes; the others are tried by chance."""
    name = parameter.name or ""
    if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
        return NUMBERS
    if name in ("target", "example", "inputs", "goal", "arguments"):
        return {
            "target": MODELS + PATHS,
            **dict.fromkeys(("example", "inputs", "goal"), EXAMPLES),
            "arguments": ("width=-1", "width=x", "x=1", "=", "width"),
        }[name]
    if name in ("store", "storage", "scheduler"):
        return URLS + PATHS
    if name in ("out", "file", "data") or isinstance(parameter.type, click.Path):
        return PATHS + (SPECS if name == "data" else ())
    if name in ("where", "by", "heat", "metric", "study"):
        return WHERES + LISTS
    return SPECS + LISTS + NUMBERS if name in ("schemes", "activation", "optimizer") else LISTS + NUMBERS + SPECS


def cases(count: int, seed: int) -> Iterator[tuple[str, ...]]:
    """So many command lines: at first one wrong value each, then several."""
    chance = random.Random(seed)
    everywhere = places()
    single = [(place, value) for place in everywhere for value in (("",) if place.flag else place.likely)]
    chance.shuffle(single)
    for place, value in single[: 2 * count // 3]:
        yield _line([(place, value)], chance)
    for _ in range(count - min(len(single), 2 * count // 3)):
        first = chance.choice(everywhere)
        several = [place for place in everywhere if place.command == first.command]
        chosen = chance.sample(several, min(len(several), chance.randint(1, 4)))
        pools = [chance.choice((place.likely, EVERYTHING)) for place in chosen]
        yield _line([(place, chance.choice(pool)) for place, pool in zip(chosen, pools, strict=True)], chance)


def _line(chosen: list[tuple[Place, str]], chance: random.Random) -> tuple[str, ...]:
    """A command line with these values; what is right already keeps its place before them."""
    command = chosen[0][0].command
    words = list(RIGHT.get(command, ()))
    arguments = [value for place, value in chosen if not place.option]
    if arguments and words and not words[0].startswith("-"):
        words = words[1:]
    if chance.random() < 0.1:
        words = []
    options = [part for place, value in chosen if place.option for part in _written(place, value, chance)]
    if command == "lab" and "--out" not in " ".join(options):  # or it would serve until it is stopped
        options.append("--out=lab.html")
    return (*command.split(), *arguments, *words, *options)


def _written(place: Place, value: str, chance: random.Random) -> tuple[str, ...]:
    if place.flag:
        return (place.option,)
    return (f"{place.option}={value}",) if chance.random() < 0.3 else (place.option, value)


def furnish(folder: Path) -> None:
    """The files that the paths above name: tables, studies and stores with something wrong, and some that are right."""
    import os
    import sqlite3

    texts = {
        "table.csv": "a,b,c\n" + "\n".join(f"{i},{i * i % 7},{i % 2}" for i in range(40)) + "\n",
        "empty.csv": "",
        "header_only.csv": "a,b,c\n",
        "one_row.csv": "a,b\n1,2\n",
        "ragged.csv": "a,b,c\n1,2\n1,2,3,4\n",
        "words.csv": "name,kind\n" + "\n".join(f"n{i},k{i}" for i in range(30)) + "\n",
        "nan.csv": "a,b\n" + "\n".join(["nan,1", "inf,0", "1e999,1", "3,0"] * 8) + "\n",
        "huge_numbers.csv": "a,b\n" + "\n".join(f"{i}e307,{i % 2}" for i in range(30)) + "\n",
        "markup.csv": "a,<!--<script>,y\n" + "\n".join(f"{i},{-i},<b>{i % 2}\x1b[31m" for i in range(30)) + "\n",
        "bad.toml": "[network\nhidden = 3",
        "bad.json": '{"hidden": [1, ',
        "study.toml": STUDY,
        "study_overflow.toml": STUDY.replace('"he"', '"he*1e300"').replace("multiplier = 1", "multiplier = 1e300"),
        "study_giant.toml": STUDY.replace("0, 2]", "0, 99999999999]"),
        "model.py": MODEL,
        "not_a.db": "this is no database\n" * 100,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "utf16.csv").write_text("a,b\n1,0\n2,1\n" * 20, encoding="utf-16")
    (folder / "circles").write_text("a,b\n1,2\n")
    (folder / "folder").mkdir()
    (folder / "readonly").mkdir()
    os.mkfifo(folder / "fifo")
    with sqlite3.connect(folder / "other.db") as other:
        other.execute("CREATE TABLE runs (id INTEGER, other TEXT)")
    other.close()


MODEL = """
from torch import nn

def build(width=6):
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))

def broken():
    raise OSError("no")

nothing = 3
"""
STUDY = """
data = "circles(samples=20)"
hidden = [3]
scheme = ["he", "zeros"]
multiplier = 1
steps = 3
seed = { range = [0, 2] }
"""
