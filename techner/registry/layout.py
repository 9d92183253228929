"""A version as a folder that appears whole or not at all: links in the cache, or copies elsewhere."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from techner.core.errors import IntegrityError
from techner.core.manifest import FileEntry
from techner.registry.cache_folder import READ_ONLY, cache_errors, is_file_of, plain_folder
from techner.registry.fetch import check_files, fetch
from techner.registry.leases import Lease, blob_name
from techner.registry.locks import sweep, turn
from techner.store import Store

_DAY_S = 24 * 3600.0
_TRIES = 5
"""A lease keeps blobs in the cache; where it cannot be had, others may evict them as often as they like."""


def lay_out(store: Store, version: str, files: Iterable[FileEntry], *, cache: Path) -> Path:
    """Return the folder of a version in the cache, verified; what is missing or damaged is fetched.

    Raises what `fetch` raises; whole folders in the cache stay whole. Whoever needs the folder after this
    call holds a lease of it, or it may be evicted.
    """
    files = check_files(files)
    with cache_errors(cache):
        models = plain_folder(cache / "models")
        folder = models / version
        if holds_exactly(folder, files):
            return folder

        def make() -> None:
            # One process at a time repairs a folder, so that none replaces what another has just repaired.
            with turn(plain_folder(cache / "locks") / f"{version}.lock"):
                if not holds_exactly(folder, files):
                    sweep(models, ".*", older_s=_DAY_S)
                    _replace(folder, files, blobs=cache / "blobs")

        _with_blobs(store, files, cache, make)
    return folder


def checkout(store: Store, files: Iterable[FileEntry], *, into: Path, cache: Path) -> Path:
    """Copy `files` into a new folder `into`, each verified; blobs that `cache` holds are not fetched again.

    The folder appears whole or not at all. Raises what `fetch` raises, and IntegrityError if `into` has other
    files already.
    """
    files = check_files(files)
    into.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))

    def copy() -> None:
        for entry in files:
            (scratch / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache / "blobs" / entry.sha256, scratch / entry.path)

    try:
        scratch.chmod(0o755)
        _with_blobs(store, files, cache, copy)
        try:
            scratch.rename(into)
        except OSError:
            if not into.is_dir():
                raise
            if not holds_exactly(into, files):  # another process was faster, with other files
                raise IntegrityError(f"{into} holds the wrong files; remove it and try again") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return into


def _with_blobs(store: Store, files: tuple[FileEntry, ...], cache: Path, work: Callable[[], None]) -> None:
    """Fetch the blobs and do the work; what was evicted before the work read it is fetched again."""
    with Lease(cache, map(blob_name, files)):
        for left in reversed(range(_TRIES)):
            fetch(store, files, cache=cache)
            try:
                work()
            except FileNotFoundError:
                if not left:
                    raise
            else:
                return


def holds_exactly(folder: Path, files: Iterable[FileEntry]) -> bool:
    """Tell whether `folder` holds exactly these files, byte for byte, and no link."""
    wanted = {entry.path: entry for entry in files}
    if folder.is_symlink() or not folder.is_dir():
        return False
    found = {path.relative_to(folder).as_posix() for path in _below(folder)}
    return found == wanted.keys() and all(is_file_of(folder / path, wanted[path]) for path in found)


def _below(folder: Path) -> Iterator[Path]:
    """Yield everything below that is not a folder; links are not followed."""
    for item in os.scandir(folder):
        if item.is_dir(follow_symlinks=False):
            yield from _below(Path(item.path))
        else:
            yield Path(item.path)


def _replace(folder: Path, files: tuple[FileEntry, ...], *, blobs: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new = scratch / "new"
        new.mkdir()
        for entry in files:
            (new / entry.path).parent.mkdir(parents=True, exist_ok=True)
            _link(blobs / entry.sha256, new / entry.path)
        if folder.is_symlink() or folder.exists():
            folder.rename(scratch / "old")
        try:
            new.rename(folder)
        except OSError:
            if not holds_exactly(folder, files):  # another process was faster: locks do not work here
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _link(blob: Path, target: Path) -> None:
    """Give a blob a second name, so that a model is not stored twice."""
    try:
        os.link(blob, target, follow_symlinks=False)
    except OSError:  # a file system without links, or too many links to this file
        shutil.copyfile(blob, target, follow_symlinks=False)
        target.chmod(READ_ONLY)
