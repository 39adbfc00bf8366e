"""Study files: how many runs they ask for, what zip does, the published schema, and broken rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import InputError
from headstart.experiments.settings import TrainingSettings
from headstart.experiments.sweep.runs import distinct_runs
from headstart.experiments.sweep.settings import FACTORS, StudySettings, read_study, study_schema, study_settings

EXAMPLE = """
data = "circles"
depth = [2, 5]            # hidden layers, each of `width` units
width = 32
activation = ["relu", "tanh"]
scheme = ["zeros", "he", "xavier"]
multiplier = { log = [0.25, 4.0], count = 9 }
learning_rate = 0.01
seed = { range = [0, 10] }
steps = 2000
"""
DOCS = Path(__file__).parents[3] / "docs"


def written(folder: Path, text: str, name: str = "study.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_example_asks_for_1080_runs_of_which_760_differ(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, EXAMPLE))
    assert study.name == "study"
    assert study.asked == 2 * 2 * 3 * 9 * 10
    assert len(distinct_runs(study)) == 2 * 2 * (1 + 9 + 9) * 10


def test_json_and_toml_are_the_same_study(tmp_path: Path) -> None:
    text = json.dumps({"$schema": "study.schema.json", "scheme": ["he", "zeros"], "seed": {"range": [0, 3]}})
    other = 'scheme = ["he", "zeros"]\nseed = [0, 1, 2]'
    first, second = read_study(written(tmp_path, text, "a.json")), read_study(written(tmp_path, other, "b.toml"))
    assert first.document() == second.document()
    assert list(distinct_runs(first)) == list(distinct_runs(second))


def test_a_document_reads_back_to_the_same_runs() -> None:
    study = study_settings(
        depth=[2, 3], width=[8, 16], learning_rate=[0.1, 0.01], zip=["width", "learning_rate"], seed=[4], target=0.1
    )
    document = {key: value for key, value in study.document().items() if value is not None}
    assert list(distinct_runs(study_settings(**document))) == list(distinct_runs(study))


def test_zipped_axes_move_together() -> None:
    study = study_settings(
        width=[8, 16, 32], depth=[1, 2], learning_rate=[0.1, 0.05, 0.02], seed=0, zip=[["width", "learning_rate"]]
    )
    pairs = {(point["width"], point["learning_rate"]) for point in study.points()}
    assert study.asked == 6
    assert pairs == {(8, 0.1), (16, 0.05), (32, 0.02)}


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(["he", "zeros", "xavier", "normal(1)"]), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=1, max_size=3, unique=True),
)
def test_asked_is_the_number_of_points_and_distinct_never_more(
    seeds: list[int], schemes: list[str], multipliers: list[float]
) -> None:
    study = study_settings(seed=seeds, scheme=schemes, multiplier=multipliers)
    zeros = "zeros" in schemes
    assert study.asked == len(list(study.points())) == len(seeds) * len(schemes) * len(multipliers)
    assert len(distinct_runs(study)) == len(seeds) * ((len(schemes) - zeros) * len(multipliers) + zeros)


def test_the_published_schema_is_the_models_own() -> None:
    published = json.loads((DOCS / "study.schema.json").read_text())
    assert published == study_schema(), "write it again: headstart sweep schema > docs/study.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


GOOD: list[dict[str, Any]] = [
    {},
    {"depth": [2, 5], "width": 32, "multiplier": {"log": [0.25, 4], "count": 9}, "seed": {"range": [0, 10]}},
    {"hidden": [[10, 5], [3]], "batch_size": ["all", 8], "zip": [["hidden", "batch_size"]]},
    {"hidden": [10, 5], "target": 0.1, "dtype": "float64", "data_seed": 3, "label": "y", "name": "n"},
]
BAD: list[dict[str, Any]] = [
    {"depth": "five"}, {"sedes": 3}, {"multiplier": {"log": [0.25, 4]}}, {"seed": []}, {"dtype": "float16"},
    {"learning_rate": -1}, {"steps": 0},
]  # fmt: skip


@pytest.mark.parametrize("document", GOOD)
def test_the_schema_admits_what_the_model_admits(document: dict[str, Any]) -> None:
    jsonschema.validate(document, study_schema())
    study_settings(**document)


@pytest.mark.parametrize("document", BAD)
def test_the_schema_refuses_what_the_model_refuses(document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, study_schema())
    with pytest.raises(InputError):
        study_settings(**document)


def test_what_a_study_shares_with_a_comparison_has_its_words_and_defaults() -> None:
    shared = set(TrainingSettings.model_fields)
    assert shared <= set(StudySettings.model_fields)
    published = study_schema()["properties"]
    for name in shared:
        said, field = TrainingSettings.model_fields[name], StudySettings.model_fields[name]
        assert str(field.description).startswith(str(said.description))
        assert published[name]["description"] == field.description
        usual = StudySettings().values_of(name) if name in FACTORS else (field.default,)
        assert usual == (("all",) if name == "batch_size" else (said.default,))


def test_every_key_is_described_in_the_published_schema() -> None:
    for name, entry in study_schema()["properties"].items():
        assert entry["description"].endswith((".", "]")), name


def test_every_factor_is_a_key_of_the_study() -> None:
    assert set(FACTORS) <= set(StudySettings.model_fields)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sedes": 3}, "unknown key 'sedes'. Did you mean 'seed'"),
        ({"depth": 3}, "depth needs width beside it"),
        ({"width": 3}, "width needs depth beside it"),
        ({"hidden": [3], "depth": 1, "width": 3}, "hidden already says every layer's size, so depth is too much"),
        ({"zip": [["depth", "seed"]]}, "zip names depth, which the study does not give"),
        ({"zip": ["sede", "seed"]}, "unknown factor in zip 'sede'. Did you mean 'seed'"),
        ({"seed": [0, 1], "steps": [1, 2, 3], "zip": ["seed", "steps"]}, "equally many values: seed has 2, steps"),
        ({"seed": [0, 1], "zip": [["seed"]]}, "two or more factors"),
        ({"seed": [0, 1], "steps": [1, 2], "zip": [["seed", "steps"], ["seed", "steps"]]}, "zip names seed twice"),
        ({"dtype": "float16"}, "dtype: .*'float32' or 'float64', got 'float16'"),
        ({"target": -1}, "target: .*greater than 0, got -1"),
        ({"data_seed": "x"}, "data_seed: .*integer, got 'x'"),
        ({"depth": "five", "width": 0}, r"depth must be .* width must be "),
    ],
)  # fmt: skip
def test_broken_rules(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        study_settings(**given)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.toml", "depth = ", "s.toml is not TOML: .*end of document"),
        ("s.json", "{", "s.json is not JSON: .*line 1"),
        ("s.json", "[1]", r"s.json must hold an object of keys and values, got \[1\]"),
        ("s.toml", "depth = 'five'\nwidth = 3", "s.toml: depth must be"),
        ("s.yaml", "a: 1", "a study is a .toml or .json file, got"),
        ("s.json", "[" * 100_000, "s.json is not JSON"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_study(written(tmp_path, text, name))


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the study .*none.toml': No such file"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not TOML"):
        read_study(tmp_path / "b.toml")
