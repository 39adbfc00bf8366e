"""Files are whole or not there, and asked about before the work."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from headstart.errors import InputError
from headstart.show.files import Files
from headstart.show.writing import check_target, check_writable, write


def test_a_file_holds_what_was_written_and_is_a_file_like_any_other(tmp_path: Path) -> None:
    path, plain = tmp_path / "report.html", tmp_path / "plain"
    plain.write_bytes(b"")
    write({path: b"old and longer"})
    write({path: b"new"})
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [plain, path]


@pytest.mark.parametrize("step", ["replace", "chmod", "fdopen"])
@pytest.mark.parametrize(
    ("error", "raised"), [(OSError(28, "disk full"), InputError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_failed_write_leaves_nothing_behind_and_the_old_file_as_it_was(
    step: str, error: BaseException, raised: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    kept = tmp_path / "report.html"
    kept.write_bytes(b"old")
    monkeypatch.setattr(os, step, fails)
    for path in (kept, tmp_path / "other.html"):
        with pytest.raises(raised) as caught:
            write({path: b"new"})
        if raised is InputError:
            assert str(caught.value) == f"cannot write {str(path)!r}: disk full. Choose another path."
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert kept.read_bytes() == b"old"


def test_asking_whether_a_folder_can_be_written_to_changes_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "there"
    kept.mkdir()
    check_writable(kept)
    assert list(tmp_path.rglob("*")) == [kept]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"cannot write to the folder .*Choose another"):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_which_no_file_can_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path)


@pytest.mark.parametrize("made_before", [True, False])
def test_asking_leaves_no_folder_behind_however_deep_it_would_be(made_before: bool, tmp_path: Path) -> None:
    if made_before:
        (tmp_path / "a").mkdir()
    check_writable(tmp_path / "a" / "b" / "c")
    assert [path.name for path in tmp_path.rglob("*")] == ["a"] * made_before


def test_a_file_makes_the_folder_it_needs(tmp_path: Path) -> None:
    write({tmp_path / "a" / "b" / "report.html": b"new"})
    assert (tmp_path / "a" / "b" / "report.html").read_bytes() == b"new"
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"cannot write '.*report.html': File exists. Choose another"):
        write({tmp_path / "file" / "report.html": b"new"})


# --- what a result is saved as --------------------------------------------------------------------------------------


@pytest.fixture
def made() -> tuple[Files, list[str]]:
    """Files of four kinds, two of them for a folder, and which of them have been made."""
    asked: list[str] = []

    def maker(name: str) -> Any:
        def make() -> bytes:
            asked.append(name)
            return name.encode()

        return make

    names = ("main.png", "main.csv", "heat.png", "heat.json")
    return Files({name: maker(name) for name in names}, folder=("main.png", "heat.png")), asked


@pytest.mark.parametrize(("suffix", "name"), [(".png", "main.png"), (".csv", "main.csv"), (".json", "heat.json")])
@pytest.mark.parametrize("upper", [False, True])
def test_a_suffix_chooses_the_one_file_that_is_made(
    made: tuple[Files, list[str]], suffix: str, name: str, upper: bool, tmp_path: Path
) -> None:
    files, asked = made
    target = tmp_path / f"mine{suffix.upper() if upper else suffix}"
    assert list(files.save(target).values()) == [str(target)]
    assert target.read_bytes() == name.encode()
    assert asked == [name]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["out", "v1.2", "out.d"])
def test_any_other_path_is_a_folder_of_those_that_belong_there(
    made: tuple[Files, list[str]], name: str, tmp_path: Path
) -> None:
    files, asked = made
    folder = tmp_path / name
    assert files.save(str(folder)) == {"png": str(folder / "main.png"), "heat_png": str(folder / "heat.png")}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "main.png": b"main.png", "heat.png": b"heat.png",
    }  # fmt: skip
    assert asked == ["main.png", "heat.png"]


def test_nothing_is_written_before_all_is_made(made: tuple[Files, list[str]], tmp_path: Path) -> None:
    def fails() -> bytes:
        raise ValueError("no chart")

    files = Files({**made[0].makers, "heat.png": fails}, made[0].folder)
    with pytest.raises(ValueError, match="no chart"):
        files.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_made(made: tuple[Files, list[str]], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("kept")
    for place in ("taken", "none/mine.png", "picture.jpg"):
        with pytest.raises(InputError):
            made[0].save(tmp_path / place)
    assert made[1] == []


def test_the_suffixes_are_those_of_the_files_each_once(made: tuple[Files, list[str]]) -> None:
    assert made[0].suffixes == [".png", ".csv", ".json"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chart.gif", r"a file is saved as .png, .svg or .html, got '.*chart.gif'. Write, for example, chart.png"),
        ("CHART.JPG", r"got '.*CHART.JPG'. Write, for example, CHART.png"),
        ("none/chart.png", r"the folder '.*none' does not exist. Make it"),
        ("folder.svg", r"cannot write the file '.*folder.svg': it is a folder"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(InputError, match=words):
        check_target(tmp_path / name, (".png", ".svg", ".html"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_the_only_kind_is_told_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a file is saved as .csv, got"):
        check_target(tmp_path / "rows.xlsx", (".csv",))
    assert check_target(str(tmp_path / "rows.csv"), (".csv",)) == tmp_path / "rows.csv"


@pytest.mark.parametrize("name", ["a" * 300 + ".png", "a" * 300, "a/" * 3000 + "b.png", "a\0.png", "a\0"])
def test_a_path_that_no_disk_takes_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another path"):
        check_target(tmp_path / name, (".png", ".svg"))
    with pytest.raises(InputError, match="another path"):
        Files({"a.png": lambda: b""}, ("a.png",)).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_of_a_file_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "out" / "heat.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"cannot write the file '.*heat.png': it is a folder"):
        check_target(tmp_path / "out", (".png", ".svg"))


def test_all_files_or_none(tmp_path: Path) -> None:
    """The second cannot be put in its place: the first is not written either, nor their folder."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "kept").touch()
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(InputError, match="cannot write"):
        write({tmp_path / "new" / "c": b"1", tmp_path / "b": b"2", tmp_path / "a": b"3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a").read_bytes() == b"old"
