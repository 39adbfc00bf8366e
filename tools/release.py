"""A release: its tag must agree with the version in the code and with the CHANGELOG, whose section is its notes.

python tools/release.py check v0.1.0    # exit code 1 and a sentence if they do not agree
python tools/release.py notes v0.1.0    # the section, in Markdown
python tools/release.py lowest          # the oldest versions that pyproject.toml allows, a pip constraint a line
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
BOUND = re.compile(r"^([A-Za-z0-9_.-]+)(\[[a-z,]+\])?>=([0-9.]+)")


def version() -> str:
    """The version, from the one place where it stands."""
    found = VERSION.search((ROOT / "src/headstart/__init__.py").read_text())
    assert found is not None
    return found[1]


def notes(wanted: str) -> str:
    """The CHANGELOG's section of a version; of one in development, what is unreleased."""
    title = "Unreleased" if "dev" in wanted else wanted
    sections = re.split(r"^## \[(.+?)\].*$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    return found[title].strip() if title in found else ""


def problems(tag: str) -> list[str]:
    """Why a tag cannot be released."""
    wanted = tag.removeprefix("v")
    found = []
    if tag == wanted:
        found.append(f"a release's tag is v and its version, got {tag!r}. Write v{version()}.")
    if wanted != version():
        found.append(f"the code's version is {version()}, the tag says {wanted}. Change __version__ or the tag.")
    if not notes(wanted):
        found.append(f"CHANGELOG.md has nothing under ## [{wanted}]. Move what is unreleased there.")
    if f"version: {version()}" not in (ROOT / "CITATION.cff").read_text():
        found.append(f"CITATION.cff has another version than {version()}. Write it there.")
    return found


def lowest(*extras: str) -> list[str]:
    """The oldest versions that are allowed, of the base package and of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    return [
        f"{name}=={bound}" for each in wanted if (found := BOUND.match(each)) for name, _, bound in [found.groups()]
    ]


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check", tag]:
            found = problems(tag)
            print("\n".join(found) or f"{tag} can be released", file=sys.stderr)
            return int(bool(found))
        case ["notes", tag]:
            print(notes(tag.removeprefix("v")))
            return 0
        case ["lowest", *extras]:
            print("\n".join(lowest(*extras)))
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
