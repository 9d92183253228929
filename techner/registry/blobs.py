"""Files by content: each distinct file is stored once, under its SHA-256."""

import hashlib
from contextlib import suppress
from pathlib import Path

from techner.core.errors import IntegrityError, ObjectExists, ObjectMissing
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.store import Store


def blob_key(sha256: str) -> str:
    return f"blobs/sha256/{sha256}"


def save_bytes(store: Store, data: bytes, *, path: str) -> FileEntry:
    """Store `data` as a blob; return its entry, with this `path`."""
    entry = FileEntry(path=path, sha256=digest(data), size_bytes=len(data))
    with suppress(ObjectExists):  # the same bytes: nothing to do
        store.create(blob_key(entry.sha256), data)
    return entry


def load_bytes(store: Store, entry: FileEntry) -> bytes:
    """Return the blob; raises IntegrityError if it is missing or does not match its digest."""
    try:
        data = store.get(blob_key(entry.sha256))
    except ObjectMissing as error:
        raise IntegrityError(f"{entry.path}: blob {entry.sha256} is missing from {store.url}") from error
    if digest(data) != entry.sha256:
        raise IntegrityError(f"{entry.path}: blob {entry.sha256} in {store.url} was altered")
    return data


def save_folder(store: Store, folder: Path) -> tuple[FileEntry, ...]:
    """Store every file below `folder`, and return their entries by path; blobs that it has are not sent."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    entries: dict[Path, FileEntry] = {}
    # The largest first: one that the store cannot take is refused before the others were sent.
    for path in sorted(paths, key=lambda path: path.stat().st_size, reverse=True):
        entry = FileEntry(
            path=path.relative_to(folder).as_posix(),
            sha256=file_digest(path),
            size_bytes=path.stat().st_size,
        )
        if not any(store.list(blob_key(entry.sha256), limit=1)):
            with suppress(ObjectExists):
                store.upload(blob_key(entry.sha256), path)
        entries[path] = entry
    return tuple(entries[path] for path in paths)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
