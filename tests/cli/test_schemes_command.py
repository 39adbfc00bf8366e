"""`headstart schemes`: what stands under each family, in JSON and in print."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner, Result

import headstart as hs
from headstart.cli.schemes import catalogue, command
from headstart.layout import MODES
from headstart.libraries.schemes import CALLS, TRAPS
from headstart.schemes import FAMILIES


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def printed() -> str:
    return run().output


def test_rows_are_the_families_in_their_order() -> None:
    found = json.loads(run("--json").output)
    assert set(found) == {"schema", "schemes", "traps"}
    assert found["schema"] == 1
    assert found["traps"] == list(TRAPS)
    assert [row["name"] for row in found["schemes"]] == list(FAMILIES)
    for row in found["schemes"]:
        family = FAMILIES[row["name"]]
        assert (row["formula"], row["when"], row["paper"]) == (family.formula, family.when, family.paper)
        assert hs.scheme(row["example"]).name == row["name"]


def test_arguments_with_defaults_and_choices() -> None:
    rows = {row["name"]: row["arguments"] for row in catalogue()}
    assert rows["glorot"]["mode"] == {"default": "fan_avg", "choices": MODES}
    assert rows["siren"]["omega"] == {"default": 30.0, "choices": None}
    assert rows["normal"] == {"std": {"default": None, "choices": None}}
    assert rows["zeros"] == {}
    assert list(rows["truncated_normal"]) == ["std", "cut", "corrected"]


def test_calls_of_other_libraries_stand_under_their_own_family() -> None:
    """Names are parts of names: normal of truncated_normal, orthogonal of delta_orthogonal, he of half the words."""
    rows = {row["name"]: row["elsewhere"] for row in catalogue()}
    assert list(rows["normal"]) == ["normal(0.01)"]
    assert list(rows["orthogonal"]) == ["orthogonal"]
    assert list(rows["he"]) == ["he", "he(distribution=uniform)", "he(distribution=truncated)", "he(mode=fan_out)"]
    assert rows["lecun"] == rows["siren"] == rows["sparse"] == {}
    assert {spec: calls for row in rows.values() for spec, calls in row.items()} == CALLS
    assert sum(map(len, rows.values())) == len(CALLS)
    for name, row in rows.items():
        assert all(hs.scheme(spec).name == name for spec in row)


def headings(text: str) -> list[str]:
    return [line.split("  ")[0] for line in text.splitlines() if line and not line.startswith(" ")]


def test_print_has_every_family_and_the_closing_words(printed: str) -> None:
    found = headings(printed)
    assert [word for word in found if re.fullmatch(r"\w+(\(.*\))?", word)] == [f.example for f in FAMILIES.values()]
    assert found[-2:] == ["Every scheme takes a multiplier on its weights: he*1.3.",
                          "Names that mean something else than one may think:"]  # fmt: skip
    flat = " ".join(printed.split())
    for trap in TRAPS:
        assert f"- {trap}" in flat


def test_print_of_one_family_with_its_options_and_calls() -> None:
    text = run("glorot").output
    assert text.startswith("glorot  variance 2/(n_in + n_out)\n")
    flat = " ".join(text.split())
    assert "use: tanh layers where the backward signal matters" in flat
    assert "paper: Glorot & Bengio 2010, eq. 12 and 16" in flat
    assert ("options: mode=fan_in|fan_out|fan_avg|fan_geo, distribution=normal|uniform|truncated, cut=2.0, "
            "corrected=true") in flat  # fmt: skip
    assert "glorot elsewhere: PyTorch: xavier_normal_(w)" in flat
    assert "glorot(distribution=uniform) elsewhere: PyTorch: xavier_uniform_(w)" in flat


def test_options_leave_out_what_must_be_given() -> None:
    flat = " ".join(run("sparse", "normal").output.split())
    assert "options: nonzero_std=0.01" in flat
    assert "sparsity=" not in flat
    assert "std=none" not in flat.lower()


def test_names_narrow_both_forms_and_keep_the_catalogues_order() -> None:
    assert headings(run("he", "zeros").output)[:2] == ["zeros", "he"]
    assert [row["name"] for row in json.loads(run("he", "zeros", "--json").output)["schemes"]] == ["zeros", "he"]


def test_an_unknown_name_is_refused() -> None:
    done = run("hee")
    assert isinstance(done.exception, hs.InputError)
    assert "Did you mean 'he'" in str(done.exception)
