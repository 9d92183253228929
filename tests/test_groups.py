"""Tests that share one Airflow run on one worker; else two start, or two runs meet in one database."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process: every test shares it")
@pytest.mark.xdist_group("alone")
def test_the_group_of_a_test_reaches_the_scheduler(request: pytest.FixtureRequest) -> None:
    """As a suffix; pytest 9.2 made xdist 3.8 lose it in silence (pytest-xdist#1386)."""
    assert request.node.nodeid.endswith("@alone")
