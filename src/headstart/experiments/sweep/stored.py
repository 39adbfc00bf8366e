"""Studies and runs as a store has them: what it holds, whatever files and tables are today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.errors import InputError, StoreError, unknown
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.store.identity import stored_identity
from headstart.experiments.store.seals import parsed_settings
from headstart.experiments.sweep.rows import Row, rows_of
from headstart.experiments.sweep.runs import Identified, distinct_runs
from headstart.experiments.sweep.settings import StudySettings


def open_rows(address: str | Path, name: str | None = None) -> list[Row]:
    """One row per finished run of a store, in an order that depends on the settings alone.

    Args:
        address: of the store.
        name: only the runs of the study of this name.

    Raises:
        InputError: no store at that address, no study of that name.
        StoreError: the store cannot be read.
    """
    store = Store(address)
    if not store.exists():
        raise InputError(f"there is no store at {str(store)!r}. Make one: headstart sweep run FILE --store {store}")
    if name is None:
        return rows_of(_newest(store.results()))
    known = store.studies()
    if name not in known:
        raise unknown("study", name, known or ["none"])
    return rows_of_study(store.results(), runs_of(known[name], store))


def runs_of(stored: StoredStudy, store: Store) -> dict[str, Identified]:
    """Identity -> run of a study in a store. What its tables held stands there, so they need not be at hand."""
    try:
        return distinct_runs(_settings_of(stored), stored.seeds, stored.document["files"])
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"the store {store} is damaged: a study in it cannot be read ({type(error).__name__}). "
            "Restore it from a copy, or choose another file with --store."
        ) from None


def rows_of_study(results: dict[str, dict[str, Any]], runs: dict[str, Identified]) -> list[Row]:
    """The rows of a study's finished runs, each scheme by the name that this study gives it."""
    found = {identity: run for identity, run in runs.items() if identity in results}
    return rows_of(
        {identity: results[identity] | {"settings": parsed_settings(run.text)} for identity, run in found.items()}
    )


def _newest(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The results without those of an older engine format whose run has one of a newer."""
    formats = {identity: result["settings"]["engine"] for identity, result in results.items()}
    if len(set(formats.values())) < 2:
        return results
    newest: dict[str, str] = {}
    for identity in sorted(results, key=formats.__getitem__):
        newest[stored_identity(results[identity]["settings"] | {"engine": None})] = identity
    return {identity: results[identity] for identity in newest.values()}


def _settings_of(stored: StoredStudy) -> StudySettings:
    """The settings in a store's document; a key that this version has added has its default.

    They were checked when they were stored. Checked again they would depend on what is there today: the file of a
    table that has been moved is no data set's name.
    """
    keys = {key: value for key, value in stored.document.items() if key != "files" and value is not None}
    keys = {key: tuple(map(_hashable, value)) if isinstance(value, list) else value for key, value in keys.items()}
    return StudySettings.model_construct(**keys)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def differences(stored: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """What differs between two studies, a line per key."""
    keys = [key for key in dict.fromkeys([*stored, *given]) if stored.get(key) != given.get(key)]
    if keys == ["files"]:
        held = [path for path in given["files"] if stored["files"].get(path) != given["files"][path]]
        return [f"  {path} does not hold what it held when the study began" for path in held]
    return [f"  {key}: {_short(stored.get(key))} in the store, {_short(given.get(key))} now" for key in keys]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:40]} ... {text[-15:]}"
