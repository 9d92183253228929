"""`test_up.py` tells one story on one running Airflow: its tests stay in the order of their names."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = [place for place, item in enumerate(items) if item.path.name == "test_up.py"]
    for place, item in zip(
        places, sorted((items[place] for place in places), key=lambda item: item.name), strict=True
    ):
        items[place] = item
