"""What services import: download a version, verified, and load it.

Downloading needs neither spaCy nor Airflow.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from techner.core.manifest import Manifest
from techner.registry.aliases import alias_log
from techner.registry.blobs import checkout, is_intact
from techner.registry.versions import read_manifest
from techner.store import Store, open_store

if TYPE_CHECKING:
    from spacy.language import Language


class ModelStore:
    """The models of one store, with a local cache."""

    def __init__(self, url: str, *, cache: Path | None = None, s3_endpoint: str | None = None) -> None:
        self._store: Store = open_store(url, s3_endpoint=s3_endpoint)
        self._cache = cache or Path.home() / ".cache" / "techner"

    def resolve(self, name: str = "production") -> str:
        """Return the version that an alias names; a version names itself. One list request, one get."""
        newest = alias_log(self._store, name).newest()
        return newest[1].version if newest else name

    def manifest(self, name: str = "production") -> Manifest:
        """Return the manifest; raises UnknownVersion."""
        return read_manifest(self._store, self.resolve(name))

    def pull(self, name: str = "production") -> Path:
        """Download what is missing and return the folder of the model, every file verified by SHA-256."""
        version = self.resolve(name)
        manifest = read_manifest(self._store, version)
        folder = self._cache / "models" / version
        if folder.is_dir() and not is_intact(folder, manifest.files):
            shutil.rmtree(folder)  # damaged on this disk: the store still has it
        if not folder.is_dir():
            checkout(self._store, manifest.files, into=folder, cache=self._cache)
        return folder

    def load(self, name: str = "production") -> "Language":
        """Pull and load; the pipeline's `meta` says which version it is."""
        import spacy

        version = self.resolve(name)
        nlp = spacy.load(self.pull(version))
        nlp.meta["techner_version"] = version
        return nlp
