"""A login that Airflow keeps, asked for by a plugin: nothing here imports Airflow (ADR 41)."""

from importlib import import_module
from typing import TYPE_CHECKING

from techner.core.errors import SettingsError

if TYPE_CHECKING:
    from techner.store.login import S3Login

_PLUGIN = "techner_connection"


def login_of(conn_id: str) -> "S3Login":
    """Return the login of a connection of Airflow.

    Raises SettingsError outside Airflow's processes and for a connection that is not understood, and
    StoreError for one that is not found: its secrets backend may be down.
    """
    try:
        plugin = import_module(_PLUGIN)
    except ModuleNotFoundError as error:
        if error.name not in (_PLUGIN, "airflow"):
            raise
        raise SettingsError(
            f"TECHNER_S3_CONN_ID={conn_id!r} names a connection of Airflow, which only its tasks and pages "
            "can read: unset it here, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from error
    found: S3Login = plugin.login(conn_id)
    return found
