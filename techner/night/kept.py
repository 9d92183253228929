"""A candidate that is trained stays in the cache until the store has it: a retry only uploads it.

It is believed only in a folder that nobody else can write: unlike a blob's, its name does not say its bytes.
What nobody came back for is evicted after two days, and counts against the bound of the cache until then.
"""

import os
import shutil
import stat
from pathlib import Path

from techner import __version__
from techner.core.document import document
from techner.core.errors import IntegrityError
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.core.run_documents import Corpus, Plan
from techner.documents import dump, parse
from techner.registry.blobs import file_digest
from techner.registry.cache_folder import cache_errors, is_file_of, make_folder
from techner.runs.run import Run
from techner.uptraining.task import Uptrained

_FOLDER = "candidates"
_MADE = "made.json"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@document
class Made:
    """What training reported, and the files that it left; written last."""

    files: tuple[FileEntry, ...]
    new_labels: tuple[str, ...]
    losses: tuple[float, ...]
    dev_f1: tuple[float, ...]


class KeptCandidate:
    """The place in the cache for the candidate of a run, made from its present plan and corpus."""

    def __init__(self, run: Run) -> None:
        """Name the place; the run has read its plan and corpus."""
        made_from = [run.seen[run.key(kind)] for kind in (Plan, Corpus)]
        name = digest("\n".join([run.store.identity, run.id, *made_from, __version__]).encode())
        self._cache, self._folder = run.cache, run.cache / _FOLDER / name

    @property
    def name(self) -> str:
        """The name by which a lease keeps it (`Lease`)."""
        return self._folder.relative_to(self._cache).as_posix()

    @property
    def model(self) -> Path:
        return self._folder / "model"

    def find(self) -> Uptrained | None:
        """Return what training reported, if an earlier try finished it and every file is whole."""
        with cache_errors(self._cache):
            if not _is_ours_alone(self._folder):
                return None
            try:
                made = parse(Made, (self._folder / _MADE).read_bytes(), where=_MADE)
            except (FileNotFoundError, IntegrityError):
                return None
            whole = _names(self.model) == {entry.path for entry in made.files} and all(
                is_file_of(self.model / entry.path, entry) for entry in made.files
            )
        if not whole:
            return None
        return Uptrained(new_labels=made.new_labels, losses=made.losses, dev_f1=made.dev_f1)

    def keep(self, made: Uptrained, trained: Path) -> None:
        """Move the trained model here; what a process killed meanwhile leaves, `find` does not believe."""
        files = tuple(
            FileEntry(
                path=name, sha256=file_digest(trained / name), size_bytes=(trained / name).stat().st_size
            )
            for name in sorted(_names(trained))
        )
        with cache_errors(self._cache):
            self.remove()
            make_folder(self._folder.parent)
            self._folder.mkdir(mode=0o700)
            trained.rename(self.model)
            data = dump(Made(files=files, new_labels=made.new_labels, losses=made.losses, dev_f1=made.dev_f1))
            (self._folder / _MADE).write_bytes(data)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _is_ours_alone(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    if not hasattr(os, "geteuid"):  # Windows, where a folder inherits its rights
        return stat.S_ISDIR(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS
