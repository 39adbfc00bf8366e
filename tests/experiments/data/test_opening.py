"""Whatever a name stands for is read within limits or refused: nothing hangs, nothing fills the memory."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headstart import InputError
from headstart.experiments.data import opening
from headstart.experiments.data.datasets import is_csv, load
from headstart.experiments.data.opening import exists, is_regular, read_file

TABLE = "a,b,y\n" + "".join(f"{i / 7},{i * i % 5 / 3},{'xy'[i % 2]}\n" for i in range(40))
posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.3)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[[list[bytes]], str]]:
    """A named pipe with a thread that writes these pieces into it."""
    threads = []

    def make(pieces: list[bytes]) -> str:
        path = tmp_path / f"pipe{len(threads)}"
        os.mkfifo(path)

        def write() -> None:
            with open(path, "wb", buffering=0) as pipe:
                for piece in pieces:
                    time.sleep(0.02)
                    pipe.write(piece)

        threads.append(threading.Thread(target=write))
        threads[-1].start()
        return str(path)

    yield make
    for thread in threads:
        thread.join()


@posix
def test_a_pipe_is_read_to_its_end_however_slowly_it_comes(written: Callable[[list[bytes]], str]) -> None:
    raw = TABLE.encode()
    pieces = [raw[k : k + 100] for k in range(0, len(raw), 100)]
    assert read_file(written(pieces)) == raw
    assert load(written([raw])).classes == ("x", "y")
    assert read_file(written([])) == b""


@posix
def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"pipe' is a pipe, and nothing came from it in 0\.3 s\. Write it to a file"):
        load(str(tmp_path / "pipe"))


@posix
def test_a_pipe_without_end_is_refused_by_size_or_by_time(
    written: Callable[[list[bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(most: int, longest: float, pieces: int) -> str:
        monkeypatch.setattr(opening, "LARGEST", most)
        monkeypatch.setattr(opening, "LONGEST", longest)
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            stop = threading.Event()
            thread = threading.Thread(target=lambda: [stop.wait(0.01) or pipe.write(b"1,2\n") for _ in range(pieces)])
            thread.start()
            try:
                with pytest.raises(InputError) as refused:
                    read_file(f"/dev/fd/{reading}")
            finally:
                stop.set()
                thread.join()
                os.close(reading)
        return str(refused.value)

    assert "has no end after 0.2 s" in read(2**20, 0.2, 60)
    assert "more than the limit" in read(40, 60.0, 30)


@posix
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_devices_are_refused(path: str) -> None:
    if not os.path.exists(path):
        pytest.skip(f"no {path} here")
    with pytest.raises(InputError, match=f"{path}' is a device, not a file"):
        load(path)


@posix
def test_sockets_and_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")
        with pytest.raises(InputError, match=r"cannot read the data 'socket\.csv'"):
            load("socket.csv")
    with pytest.raises(InputError, match="is a folder"):
        load("./")


def test_a_file_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(InputError, match=r"it holds 1,099,511,627,776 bytes or more\) needs 20 TiB of memory"):
        load(str(path))
    path.write_text(TABLE)
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", str(opening.TAKES * (len(TABLE) - 1)))
    with pytest.raises(InputError, match="more than the limit"):
        load(str(path))
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "1GiB")
    assert load(str(path)).classes == ("x", "y")


@pytest.mark.parametrize(
    "name", ["x" * 300, "x" * 300 + ".csv", "x" * 5000, "a\0b.csv", "\udcff.csv", "a\0b", "d/" * 3000]
)
def test_names_that_no_file_can_have_are_refused_in_a_line(name: str) -> None:
    with pytest.raises(InputError) as refused:
        load(name)
    assert len(str(refused.value)) < 300
    str(refused.value).encode("utf-8")
    assert not exists(name)
    assert not is_regular(name)


def test_an_address_is_no_path() -> None:
    with pytest.raises(InputError, match=r"got the address 'https://example\.org/iris\.csv'\. Download it first"):
        load("https://example.org/iris.csv")
    with pytest.raises(InputError, match=r"no file 'C:/"):
        load("C://data/iris.csv")


# --- a file and a data set of one name ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circles", "Circles", "moons(noise=0.1)", "digits", "blobs(3)"])
def test_a_file_never_stands_for_a_data_set(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(name)
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(TABLE)
    assert not is_csv(name)
    assert load(name).train_x.tobytes() == before.train_x.tobytes()
    for path in (f"./{name}", Path(name), str(tmp_path / name)):
        assert load(path).classes == ("x", "y")


def test_a_file_of_any_other_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("iris", "circles.csv", "circles.txt", "circles-2", "two words", "TABLE.CSV"):
        Path(name).write_text(TABLE)
        assert load(name).name == name
    with pytest.raises(InputError, match=r"unknown data set 'cirlces'\. Did you mean 'circles'"):
        load("cirlces")
