"""Object storage: one small interface and three implementations that pass one contract suite."""

from techner.store.base import Store, Stored
from techner.store.folder import FolderStore
from techner.store.memory import MemoryStore
from techner.store.urls import open_store

__all__ = ["FolderStore", "MemoryStore", "Store", "Stored", "open_store"]
