"""Clients of boto3, with boto3's own chain of credentials."""

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from techner.core.errors import SettingsError
from techner.store.login import S3Login
from techner.store.patience import Patience

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_OPENING = threading.Lock()
"""A client may be used by several threads, but boto3's default session makes only one at a time."""
_CONNECTIONS = 50
"""Kept open for the threads of a server; with boto3's own 10, the others would connect for each request."""


def open_client(
    endpoint: str | None, *, setting: str, patience: Patience, login: S3Login | None = None
) -> "S3Client":
    """Open a client of Amazon S3, or of a compatible server at `endpoint`, which `setting` gave.

    Credentials are those of `login`; without it, boto3 finds them.

    Raises SettingsError if the endpoint is not valid, and what boto3 raises for AWS's own settings.
    """
    import boto3
    from botocore.config import Config

    address = _checked(endpoint, setting)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        connect_timeout=patience.connect_s,
        read_timeout=patience.read_s,
        max_pool_connections=_CONNECTIONS,
        # For presigned addresses botocore falls back to version 2, which newer servers refuse.
        signature_version="s3v4",
        # Only the checksums an operation requires: compatible servers often refuse the newer trailing ones.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    with _OPENING:
        return boto3.client(
            "s3",
            endpoint_url=address,
            config=config,
            region_name=login.region if login else None,
            aws_access_key_id=login.access_key if login else None,
            aws_secret_access_key=login.secret_key if login else None,
            aws_session_token=login.session_token if login else None,
        )


def _checked(endpoint: str | None, setting: str) -> str | None:
    """Return the address of a compatible server; raises SettingsError if it is not one, or has a password."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port  # raises if it is not a port
    except ValueError as error:
        raise _no_endpoint(endpoint, setting) from error
    is_address = parts.scheme in ("http", "https") and parts.hostname and port != 0 and endpoint.isprintable()
    if not is_address or parts.username or parts.password or parts.query or parts.fragment:
        raise _no_endpoint(endpoint, setting)
    return endpoint


def _no_endpoint(endpoint: str, setting: str) -> SettingsError:
    return SettingsError(
        f"{setting}={endpoint!r} is not an endpoint; write http://host:port, without a password: "
        "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile"
    )
