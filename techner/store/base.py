"""The interface of object storage, and the rule for keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from techner.core.errors import StoreError

RESERVED = ".tmp"
"""First part of no key: a folder store writes there before it links."""
MAX_KEY_BYTES = 900  # S3 allows 1024 with the prefix
CHUNK_BYTES = 1 << 20
FOREIGN = "inbox/"
"""Others write below it, so that anything may be there: what cannot be read is listed with its fault."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One listed object. `tag` changes whenever its bytes may have."""

    key: str
    size_bytes: int
    tag: str
    fault: str | None = None
    """Why it cannot be read; only of what others write."""


class Store(Protocol):
    """Keys are relative POSIX paths. Every write is atomic and durable when the call returns."""

    @property
    def url(self) -> str:
        """Where it is, without credentials."""

    @property
    def identity(self) -> str:
        """Which store it is: two of one url may be behind two endpoints. Not to be shown."""

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing."""

    def create(self, key: str, data: bytes) -> None:
        """Write a new object; raises ObjectExists and changes nothing where the key is taken."""

    def put(self, key: str, data: bytes) -> None:
        """Write or overwrite: working files, and what can be made again from what is write-once."""

    def delete(self, key: str) -> None:
        """Remove an object; no error where it is missing.

        Of what is write-once, a collection alone removes (ADR 15).
        """

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        """Yield objects whose key starts with `prefix`, in UTF-8 byte order, at most `limit`."""

    def upload(self, key: str, path: Path) -> None:
        """`create` from a file, without holding it in memory."""

    def download(self, key: str, path: Path) -> None:
        """Write the object to `path`, without holding it in memory; raises ObjectMissing."""

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from `start` on in pieces, none where it lies behind them; raises ObjectMissing."""

    def presigned(self, key: str, *, seconds: int) -> str | None:
        """Return an address where anybody may GET the object for a while; None where there is none."""


def check_key(key: str) -> str:
    """Return `key` where it is safe as an object key and as a path below a folder; else raise StoreError."""
    parts = PurePosixPath(key).parts
    safe = (
        key
        and "/".join(parts) == key
        and not key.startswith("/")
        and not {"..", "."} & set(parts)
        and parts[0] != RESERVED
        and "\\" not in key
        and key.isprintable()
        and len(key.encode("utf-8", "surrogatepass")) <= MAX_KEY_BYTES
        and all(len(part.encode("utf-8", "surrogatepass")) <= 255 for part in parts)  # noqa: PLR2004 - NAME_MAX
    )
    if not safe:
        raise StoreError(f"{key[:120]!r} cannot be a key: use a relative path of printable characters")
    return key
