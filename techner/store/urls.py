"""Open a store by its URL."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from techner.core.errors import SettingsError
from techner.store.base import Store
from techner.store.folder import FolderStore
from techner.store.login import S3Login
from techner.store.patience import PATIENT, Patience

_BUCKET = re.compile(r"[A-Za-z0-9._-]+")


def open_store(
    url: str,
    *,
    s3_endpoint: str | None = None,
    s3_public_endpoint: str | None = None,
    patience: Patience = PATIENT,
    login: S3Login | None = None,
    setting: str = "TECHNER_STORE",
) -> Store:
    """Open `file:///path`, a plain path, or `s3://bucket/prefix`, which `setting` gave.

    A server is waited for with `patience`, and presigned addresses name `s3_public_endpoint`. Without a
    `login`, boto3 finds credentials. Raises SettingsError for anything else.
    """
    if url != url.strip():  # of a list or a file, cut wrong: a folder of such a name would be made
        raise _no_store(url, setting)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _no_store(url, setting) from error
    is_bucket = url.isprintable() and _BUCKET.fullmatch(parts.netloc) and not (parts.query or parts.fragment)
    if parts.scheme == "s3" and is_bucket:
        from techner.store.s3 import connect

        return connect(
            parts.netloc,
            parts.path.strip("/"),
            endpoint=s3_endpoint,
            public_endpoint=s3_public_endpoint,
            patience=patience,
            login=login,
        )
    if parts.scheme == "file" and not parts.netloc and parts.path and "\0" not in unquote(parts.path):
        return _folder(Path(unquote(parts.path)), setting)
    if url and not parts.scheme and "\0" not in url:
        try:
            return _folder(Path(url).expanduser(), setting)
        except RuntimeError as error:
            raise SettingsError(
                f"{setting}={url!r}: no such home folder; give a path that starts with /"
            ) from error
    raise _no_store(url, setting)


def place_of(url: str) -> tuple[str, ...]:
    """Return the parts of the place that a URL names: those of a store inside another begin with the other's.

    What is no store has a place too: opening it says what is wrong.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "s3":
            return ("s3", parts.netloc, *filter(None, parts.path.split("/")))
        path = Path(unquote(parts.path) if parts.scheme == "file" else url).expanduser().resolve()
    except (ValueError, OSError, RuntimeError):
        return ("?", url)
    return path.parts


def _folder(path: Path, setting: str) -> FolderStore:
    with suppress(OSError):  # a path that cannot be read is reported when it is used
        if path.is_file():
            raise SettingsError(f"{setting}: {path} is a file; give a folder, or s3://bucket/prefix")
    return FolderStore(path)


def _no_store(url: str, setting: str) -> SettingsError:
    return SettingsError(
        f"{setting}={url!r} is not a store; use file:///folder or s3://bucket/prefix (credentials for a "
        "bucket come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile)"
    )
