"""A store with two small versions, filled by the real registry; the files are no model."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from techner.client import ModelStore
from techner.core.manifest import Manifest
from techner.registry import Registry
from techner.registry.blobs import save_bytes
from techner.registry.trust import trusted
from techner.store import FolderStore, Store
from tests.registry.making import WHEN, manifest

MODEL = {
    "config.cfg": b"[nlp]",
    "ner/model": bytes(range(256)) * 40,
    "vocab/vectors": b"v" * 5000,
    "meta.json": b"{}",
}


@dataclass(frozen=True)
class Small:
    """A store whose production changed every file of its parent, and a cache that holds the parent."""

    root: Path
    cache: Path
    old: str = ""
    new: str = ""
    key: Any = None
    """Signs what is published."""
    when = WHEN

    @property
    def store(self) -> Store:
        return trusted(FolderStore(self.root), (), self.key)

    def publish(self, files: dict[str, bytes], *, number: int) -> str:
        """Make a version of these files and promote it."""
        entries = tuple(save_bytes(self.store, data, path=path) for path, data in files.items())
        return self.promote(replace(manifest(number), files=entries))

    def promote(self, made: Manifest) -> str:
        version = Registry(self.store).create(made)
        newest = Registry(self.store).log().newest()
        expected = newest.record.version if newest else None
        Registry(self.store).move(version, expected=expected, who="t", why="t", when=WHEN)
        return version

    @property
    def models(self) -> ModelStore:
        return ModelStore(self.store.url, cache=self.cache)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path / "store", tmp_path / "cache")
    old = made.publish(MODEL, number=0)
    made.models.pull()
    return replace(made, old=old, new=made.publish({p: data + b"2" for p, data in MODEL.items()}, number=1))
