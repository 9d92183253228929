"""The login of the store from a connection of Airflow, so that its secrets backends work (ADR 41).

`techner.settings.login` imports this file by its name where `TECHNER_S3_CONN_ID` is set.
"""

import json
from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowNotFoundException,
    AirflowSecretsBackendAccessDenied,
)

if TYPE_CHECKING:
    from techner.store.login import S3Login

READ = frozenset({"aws_session_token", "endpoint_url", "region_name"})
"""What is read of a connection's extra fields."""
_UNREAD = ("host", "port", "schema")


def login(conn_id: str) -> "S3Login":
    """Return the login that a connection holds.

    Raises SettingsError where it does not fit, and StoreError where Airflow does not give it: its own error
    is the same for a connection that nobody has made and a secrets backend that is down.
    """
    from techner.core.errors import SettingsError, StoreError
    from techner.store.login import S3Login

    at = f"TECHNER_S3_CONN_ID={conn_id!r}"
    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise StoreError(
            f"{at} is not defined, or the secrets backend did not answer: add that connection to Airflow, "
            "correct its name, or see what Airflow logs of the backend"
        ) from error
    except AirflowSecretsBackendAccessDenied as error:
        raise SettingsError(f"{at}: {error}; let this process read that connection") from error
    except AirflowException as error:
        raise StoreError(f"{at}: {error}") from error
    extra = _extra(found)
    if extra is None:
        raise SettingsError(f"{at}: its extra fields are no JSON object; correct them, or remove them")
    unread = [name for name in _UNREAD if getattr(found, name)] + sorted(extra.keys() - READ)
    if unread:
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


def _extra(found: Any) -> dict[str, Any] | None:
    """Return the extra fields; None where Airflow would take for none what is not a JSON object."""
    try:
        is_object = isinstance(json.loads(found.extra or "{}"), dict)
    except ValueError:
        return None
    return found.extra_dejson if is_object else None  # which hides them in logs
