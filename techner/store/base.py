"""The interface of object storage, and the rule for keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from techner.core.errors import StoreError

RESERVED = ".tmp"
"""No key begins with this part: a folder store writes there before it links."""
MAX_KEY_BYTES = 900  # S3 allows 1024 with the prefix
CHUNK_BYTES = 1 << 20
FOREIGN = "inbox/"
"""Others write below it, so anything may be there: what cannot be read is listed with its fault."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One listed object. `tag` changes whenever its bytes may have."""

    key: str
    size_bytes: int
    tag: str
    fault: str | None = None
    """Why it cannot be read; only for what others write."""
    when: datetime | None = None
    """When it was written; a folder says so only of what others write."""


class Store(Protocol):
    """Keys are relative POSIX paths. Every write is atomic and durable when the call returns."""

    @property
    def url(self) -> str:
        """The address of the store, without credentials."""

    @property
    def identity(self) -> str:
        """Identifies the store: two with one URL may be behind two endpoints. Not shown to people."""

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing."""

    def create(self, key: str, data: bytes) -> None:
        """Write a new object; if the key is taken, raises ObjectExists and changes nothing."""

    def put(self, key: str, data: bytes) -> None:
        """Write or overwrite: only working files, and files that can be made again from write-once ones."""

    def delete(self, key: str) -> None:
        """Remove an object; not an error if it is missing.

        Only a collection removes write-once objects (ADR 15).
        """

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        """Yield objects whose key starts with `prefix`, in UTF-8 byte order, at most `limit`."""

    def upload(self, key: str, path: Path) -> None:
        """Like `create`, from a file and without holding it in memory."""

    def download(self, key: str, path: Path) -> None:
        """Write the object to `path`, without holding it in memory; raises ObjectMissing."""

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from `start` on in pieces, none if it lies beyond the end; raises ObjectMissing."""

    def presigned(self, key: str, *, seconds: int) -> str | None:
        """Return an address at which anyone can GET the object for `seconds`; None if the store has none."""

    def time(self) -> datetime | None:
        """Return what the store's own clock says; None if it has none of its own."""


def is_key(key: str) -> bool:
    """Tell whether a name is safe as an object key and as a path below a folder."""
    parts = key.split("/")
    return (
        all(part and part not in {".", ".."} for part in parts)
        and parts[0] != RESERVED
        and "\\" not in key
        and key.isprintable()
        and len(key.encode("utf-8", "surrogatepass")) <= MAX_KEY_BYTES
        and all(len(part.encode("utf-8", "surrogatepass")) <= 255 for part in parts)  # noqa: PLR2004 - NAME_MAX
    )


def check_key(key: str) -> str:
    """Return `key` if it is safe; else raise StoreError."""
    if not is_key(key):
        raise StoreError(f"{key[:120]!r} cannot be a key: use a relative path of printable characters")
    return key
