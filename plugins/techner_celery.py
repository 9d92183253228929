"""Celery's configuration for workers that import once what each task would import by itself (ADR 54).

A task is a process forked from the worker's, so what is imported there is imported in the task.
`AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS=techner_celery.CONFIG` turns it on.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Make `CONFIG` when Celery asks for it: Airflow imports this module in all its processes."""
    if name != "CONFIG":
        raise AttributeError(name)
    from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG

    return DEFAULT_CELERY_CONFIG | {"imports": ("techner.night.preload",)}
