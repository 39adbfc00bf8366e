"""An address of either database, empty for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import programs, server

from headstart.experiments.store import Store
from headstart.experiments.store.tables import metadata


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if programs() is None:
        assert os.environ.get("CI") != "true", "install PostgreSQL: these tests run against a real server"
        pytest.skip("PostgreSQL is not installed")
    folder = Path("/tmp") if os.geteuid() == 0 else tmp_path_factory.mktemp("server")  # nobody must get in
    with server(folder) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "runs.db")
        return
    url = request.getfixturevalue("postgres_url")
    yield url
    metadata.drop_all(Store(url)._engine)
