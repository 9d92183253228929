"""The login of the store from a connection of Airflow, so that its secrets backends work (ADR 41).

`techner.settings.login` imports this file by its name where `TECHNER_S3_CONN_ID` is set.
"""

from typing import TYPE_CHECKING

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from techner.store.login import S3Login

READ = frozenset({"aws_session_token", "endpoint_url", "region_name"})
"""What is read of a connection's extra fields."""


def login(conn_id: str) -> "S3Login":
    """Return the login that a connection holds; raises SettingsError where it does not fit."""
    from techner.core.errors import SettingsError
    from techner.store.login import S3Login

    at = f"TECHNER_S3_CONN_ID={conn_id!r}"
    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowException as error:
        raise SettingsError(f"{at}: {error}; add that connection to Airflow, or correct its name") from error
    extra = found.extra_dejson
    if unread := sorted(extra.keys() - READ):
        raise SettingsError(
            f"{at}: techner does not read {', '.join(unread)} of a connection; give a login, password and "
            f"{', '.join(sorted(READ))} alone, or leave the login to boto3 (AWS_ROLE_ARN, AWS_PROFILE)"
        )
    if not (found.login and found.password):
        raise SettingsError(f"{at}: give the access key as its login, and the secret key as its password")
    return S3Login(
        access_key=found.login,
        secret_key=found.password,
        session_token=extra.get("aws_session_token"),
        region=extra.get("region_name"),
        endpoint=extra.get("endpoint_url"),
    )
