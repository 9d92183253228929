"""Copying objects of one store to another: what is the same there is not sent again (ADR 45)."""

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeVar

from techner.core.errors import IntegrityError, ObjectExists, ObjectMissing, StoreRefused
from techner.core.manifest import FileEntry, Manifest
from techner.operate.snapshot import BLOBS, COPIED
from techner.registry.blobs import blob_key
from techner.registry.cache_folder import cache_errors
from techner.registry.verify import Damage
from techner.store import Store
from techner.store.base import Stored

A = TypeVar("A")
B = TypeVar("B")
WORKERS = 8


@dataclass(slots=True, kw_only=True)
class Copier:
    """Copies to `target`, and counts what it did; several threads may use it."""

    source: Store
    target: Store
    scratch: Path
    """A folder for the files that are being copied."""
    tags: dict[str, str]
    """Key → tag in the source, of what was the same in both when it was copied."""
    on_bytes: Callable[[int], object]
    """Called with the size of each piece that is done."""
    there: dict[str, int] = field(init=False)
    """Key → size of what the target has."""
    faults: list[Damage] = field(default_factory=list)
    objects: int = 0
    size_bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.there = {entry.key: entry.size_bytes for place in COPIED for entry in self.target.list(place)}

    def is_current(self, entry: Stored) -> bool:
        """Tell whether the target has this object: a blob by its name and size, others by size and tag."""
        if self.there.get(entry.key) != entry.size_bytes:
            return False
        return entry.key.startswith(BLOBS) or self.tags.get(entry.key) == entry.tag

    def missing(self, manifest: Manifest) -> list[tuple[str, FileEntry]]:
        """Return the blobs of a version that the target lacks."""
        return [
            (path, entry)
            for path, entry in manifest.blobs
            if self.there.get(blob_key(entry.sha256)) != entry.size_bytes
        ]

    def copy(self, entry: Stored, data: bytes | None = None) -> None:
        """Copy an object, or what was read of it before; raises what reading it raises."""
        if self.is_current(entry):
            return
        data = self.source.get(entry.key) if data is None else data
        if not self._is_created(entry.key, data) and self.target.get(entry.key) != data:
            self.target.put(entry.key, data)
            self._count(len(data))
        self._done(entry, len(data))
        self.on_bytes(entry.size_bytes)

    def append(self, entry: Stored, data: bytes) -> None:
        """Copy a record of a log; raises IntegrityError if the target has another one in its place."""
        if not self._is_created(entry.key, data):
            held = self.target.get(entry.key)
            if held != data:
                if _unsigned(held) != _unsigned(data):
                    raise IntegrityError(
                        "the copy holds another record in its place, and keeps it: find out which one is "
                        "right, and replace the other"
                    )
                self.target.put(entry.key, data)  # signed with another key since
                self._count(len(data))
        self._done(entry, len(data))
        self.on_bytes(entry.size_bytes)

    def _is_created(self, key: str, data: bytes) -> bool:
        """Create an object, and tell whether there was none: to overwrite needs another right (ADR 50)."""
        if key in self.there:
            return False
        try:
            self.target.create(key, data)
        except ObjectExists:  # another copy was faster
            return False
        self._count(len(data))
        return True

    def copy_blob(self, entry: Stored) -> str | None:
        """Copy a blob and say what is wrong with it, if anything: then it is not sent."""
        if self.is_current(entry):
            return None
        sha256 = entry.key.rpartition("/")[2]
        with cache_errors(self.scratch):
            file = self.scratch / sha256
            try:
                found, size_bytes = self._receive(entry.key, file)
                if found != sha256:
                    return f"was altered: {size_bytes} bytes with the digest {found}"
                if entry.key in self.there:  # of another size: damaged
                    self.target.delete(entry.key)
                self._send(entry.key, file)
            except ObjectMissing:
                return "is missing"
            except StoreRefused as error:
                if entry.key not in self.there:
                    raise
                return f"is damaged in the copy, and this login may not delete it there ({error})"
            finally:
                file.unlink(missing_ok=True)
        self._done(entry, size_bytes)
        return None

    def _receive(self, key: str, file: Path) -> tuple[str, int]:
        hashed, size_bytes = hashlib.sha256(), 0
        with file.open("xb") as into:
            for chunk in self.source.chunks(key):
                hashed.update(chunk)
                size_bytes += into.write(chunk)
                self.on_bytes(len(chunk))
        return hashed.hexdigest(), size_bytes

    def _send(self, key: str, file: Path) -> None:
        try:
            self.target.upload(key, file)
        except ObjectExists:  # another backup was faster, with the same bytes
            return
        self._count(file.stat().st_size)

    def _done(self, entry: Stored, size_bytes: int) -> None:
        self.tags[entry.key] = entry.tag
        self.there[entry.key] = size_bytes

    def _count(self, size_bytes: int) -> None:
        with self._lock:
            self.objects += 1
            self.size_bytes += size_bytes


def each(work: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """Do the work for all items, several at once; after an error, no more is begun."""
    with ThreadPoolExecutor(WORKERS) as workers:
        running = [workers.submit(work, item) for item in items]
        try:
            return [one.result() for one in running]
        finally:
            workers.shutdown(cancel_futures=True)


def _unsigned(data: bytes) -> object:
    try:
        record = json.loads(data)
    except ValueError as error:
        raise IntegrityError("a record of a log must be a JSON document") from error
    return {**record, "signature": None} if isinstance(record, dict) else record
