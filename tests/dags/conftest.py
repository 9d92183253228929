"""Airflow's database, migrated once for all tests of DAGs."""

from pathlib import Path

import pytest

from tools.local.environment import airflow_environment, migrate


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an Airflow home with a migrated database."""
    home = tmp_path_factory.mktemp("airflow")
    migrate(airflow_environment(home, store="", cache=home))
    return home
