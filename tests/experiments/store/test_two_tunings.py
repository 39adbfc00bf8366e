"""Two tunings on one PostgreSQL server: the second is told who holds the study, and a lost connection is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.storages._rdb.models import BaseModel

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.tune import storage as storage_module

ASKED: dict[str, Any] = {"trials": 8, "seeds": 3, "profile": 3}


@pytest.fixture
def server(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(storage_module, "CONNECT_SECONDS", 600)  # a busy machine answers late
    yield postgres_url.replace("tester@", "tester:geheim@")
    engine = sqlalchemy.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    BaseModel.metadata.drop_all(engine)
    engine.dispose()


def run(url: str, act: Callable[[], object] = lambda: None, scheme: str = "he") -> Any:
    calls = 0

    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        nonlocal calls
        calls += 1
        if calls == 14:
            act()
        return (multiplier - 2) ** 2 + learning_rate + 0.01 * seed

    return hs.tune(scheme, objective=loss, storage=url, **ASKED)


def test_the_second_is_told_who_holds_the_study_and_another_study_runs(server: str) -> None:
    said: list[str] = []

    def second() -> None:
        with pytest.raises(StoreError, match=r"is held by another tuning: process \d+ on .*Wait for it") as trouble:
            run(server)
        said.append(str(trouble.value))
        assert len(run(server, scheme="xavier").trials) == 8

    assert len(run(server, second).trials) == 8
    assert len(said) == 1
    assert "geheim" not in said[0]
    url = server.replace("postgresql:", "postgresql+psycopg:")
    storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name="headstart tune he on loss: objective", storage=storage)
    assert "FAIL" not in [trial.state.name for trial in study.trials]
    storage.engine.dispose()


def test_a_lost_connection_is_told_and_the_same_command_goes_on(server: str) -> None:
    def lose() -> None:
        engine = sqlalchemy.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            connection.execute(
                sqlalchemy.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        engine.dispose()

    with pytest.raises(StoreError, match=r"The 4 of 8 trials of he that had ended are kept, and the same") as trouble:
        run(server, lose)
    assert "geheim" not in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert len(run(server).trials) == 8
