"""From a URL to a store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from techner.core.errors import SettingsError
from techner.store.base import Store
from techner.store.folder import FolderStore


def open_store(url: str, *, s3_endpoint: str | None = None) -> Store:
    """Open `file:///path`, a plain path, or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from techner.store.s3 import connect

        return connect(parts.netloc, parts.path.strip("/"), endpoint=s3_endpoint)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderStore(Path(unquote(parts.path)))
    if url and not parts.scheme:
        return FolderStore(Path(url).expanduser())
    raise SettingsError(f"TECHNER_STORE={url!r} is no store; use file:///folder or s3://bucket/prefix")
