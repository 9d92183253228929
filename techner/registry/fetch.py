"""Blobs into a local cache: several at once, resumed, verified; safe with many processes on one cache.

In the cache, `blobs/<sha256>` is a verified file, `blobs/<sha256>.<random>.partial` is being written by one
fetch, and `blobs/<sha256>.partial` was left by a failed fetch for the next one to continue. `locks/` keeps
processes from fetching the same blob twice; if locks do not work, they fetch it twice, with the same result.
"""

import hashlib
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from threading import Event

from techner.core.errors import CacheError, IntegrityError, ObjectMissing, StoreError
from techner.core.manifest import FileEntry
from techner.registry.blobs import blob_key
from techner.registry.cache_folder import (
    READ_ONLY,
    cache_errors,
    is_file_of,
    is_plain,
    plain_folder,
    size_bytes,
)
from techner.registry.locks import sweep, turn
from techner.store import Store
from techner.store.base import check_key

WORKERS = 8
QUIET_S = 60.0
"""A partial file that has not grown for this long is taken to be left by a dead process."""
_DAY_S = 24 * 3600.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_files(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """Return the entries if each is a distinct file inside the model; otherwise raise IntegrityError."""
    files = tuple(files)
    paths = {entry.path for entry in files}
    for entry in files:
        try:
            check_key(entry.path)
        except StoreError as error:
            raise IntegrityError(f"the manifest names a file outside the model: {entry.path!r}") from error
        if not _SHA256.fullmatch(entry.sha256) or entry.size_bytes < 0:
            raise IntegrityError(f"the manifest does not say what is in {entry.path!r}")
    for entry in files:
        if paths & {str(parent) for parent in Path(entry.path).parents}:
            raise IntegrityError(f"the manifest names {entry.path!r} below a file")
    if len(paths) != len(files):
        raise IntegrityError("the manifest names a file twice")
    return files


def fetch(store: Store, files: Iterable[FileEntry], *, cache: Path) -> int:
    """Download every blob that is missing or damaged in the cache, and return how many these were.

    Raises IntegrityError for a blob that is missing from the store or altered there, CacheError if the disk
    is full or refuses, StoreError if the store does not answer; what was received is kept for the next fetch.
    """
    wanted = {entry.sha256: entry for entry in check_files(files)}
    with cache_errors(cache), ThreadPoolExecutor(WORKERS) as workers:
        folder = plain_folder(cache / "blobs")
        present = workers.map(lambda entry: is_file_of(folder / entry.sha256, entry), wanted.values())
        # The largest first, because it takes longest.
        missing = sorted(
            (entry for entry, there in zip(wanted.values(), present, strict=True) if not there),
            key=lambda entry: -entry.size_bytes,
        )
        _require_space(missing, folder)
        stop = Event()
        running = [workers.submit(_fetch_one, store, entry, folder / entry.sha256, stop) for entry in missing]
        try:
            for one in running:
                one.result()
        finally:
            stop.set()  # the end of this is waited for: Ctrl-C must not last as long as the largest file
            workers.shutdown(cancel_futures=True)
    return len(missing)


def _require_space(missing: list[FileEntry], folder: Path) -> None:
    needed = sum(entry.size_bytes - size_bytes(_partial(folder / entry.sha256)) for entry in missing)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CacheError(
            str(folder.parent),
            f"{needed / 1e6:.1f} MB to fetch, but only {free / 1e6:.1f} MB of disk are free",
        )


def _fetch_one(store: Store, entry: FileEntry, target: Path, stop: Event) -> None:
    locks = plain_folder(target.parent.parent / "locks")
    with turn(
        locks / f"{target.name}.lock",
        is_done=lambda: stop.is_set() or is_file_of(target, entry),
        progress=lambda: [size_bytes(path) for path in sorted(_under_way(target))],
    ):
        if is_file_of(target, entry):  # another process was faster
            return
        own = target.with_name(f"{target.name}.{uuid.uuid4().hex[:12]}.partial")
        try:
            _fill(store, entry, own, stop, left=_left_over(target, own))
            own.chmod(READ_ONLY)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            own.replace(target)
        except IntegrityError:
            own.unlink(missing_ok=True)
            raise
        except BaseException:
            with suppress(FileNotFoundError):  # closed, and ours alone: the next fetch may continue it
                own.replace(_partial(target))
            raise
        _partial(target).unlink(missing_ok=True)
        sweep(target.parent, f"{target.name}.*.partial", older_s=QUIET_S)
        sweep(target.parent, "*.partial", older_s=_DAY_S)
        sweep(locks, "*.lock", older_s=_DAY_S)


def _left_over(target: Path, own: Path) -> bool:
    """Make `own` from what an earlier fetch left, if anything; no other process writes to that."""
    left = _partial(target)
    if is_plain(left):
        try:
            left.rename(own)  # only one process succeeds
            own.chmod(0o644)  # it is read-only if it was complete and its last rename failed
        except FileNotFoundError:
            return False
        return True
    if left.is_symlink():
        left.unlink()
    for path in _under_way(target):
        with suppress(FileNotFoundError):
            if is_plain(path) and time.time() - path.lstat().st_mtime > QUIET_S:
                shutil.copyfile(path, own)  # a copy: its process may only be asleep, and write again
                path.unlink()
                return True
    return False


def _under_way(target: Path) -> list[Path]:
    return list(target.parent.glob(f"{target.name}.*.partial"))


def _fill(store: Store, entry: FileEntry, own: Path, stop: Event, *, left: bool) -> None:
    """Write the whole blob to `own` and verify it; raises IntegrityError if the store's bytes are wrong."""
    with own.open("r+b" if left else "x+b") as file:
        try:
            found = _receive(store, entry, file, stop)
            if found != entry.sha256 and left:  # what was left may be damaged: start again
                file.seek(0)
                file.truncate(0)
                found = _receive(store, entry, file, stop)
        except ObjectMissing as error:
            raise IntegrityError(f"{entry.path}: blob {entry.sha256} is missing from {store.url}") from error
    if found != entry.sha256:
        raise IntegrityError(f"{entry.path}: blob {entry.sha256} in {store.url} was altered")


def _receive(store: Store, entry: FileEntry, file: BufferedRandom, stop: Event) -> str:
    """Append what is missing and return the SHA-256 of the whole; raises CancelledError on `stop`.

    A broken connection is opened again, as long as each one brings some bytes.
    """
    file.seek(0)
    hashed = hashlib.file_digest(file, "sha256")
    received = file.tell()
    # One chunk is hashed while the next one arrives: hashing takes as long as a fast network.
    with ThreadPoolExecutor(1) as hasher:
        last = hasher.submit(hashed.update, b"")
        while received < entry.size_bytes:
            before = received
            try:
                for chunk in store.chunks(blob_key(entry.sha256), start=received):
                    if stop.is_set():
                        raise CancelledError
                    last.result()
                    last = hasher.submit(hashed.update, chunk)
                    file.write(chunk)
                    received += len(chunk)
                    if received > entry.size_bytes:  # an altered blob must not fill the disk
                        return "longer"
                if received < entry.size_bytes:
                    return "shorter"
            except StoreError as error:
                if received == before or isinstance(error, ObjectMissing):
                    raise
    return hashed.hexdigest()


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")
