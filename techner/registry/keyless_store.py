"""A store opened without a key, which refuses to write to the signed places of a signed store (ADR 25)."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from techner.core.errors import SettingsError
from techner.registry.trust import is_signed
from techner.store.wrapped import WrappedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessStore(WrappedStore):
    """Writes like `inner`, except what all readers with a key would refuse."""

    unsigned: list[str] = field(default_factory=list, compare=False, repr=False)
    """The unsigned record that was found, after the first look."""

    def create(self, key: str, data: bytes) -> None:
        self._require_unsigned(key)
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._require_unsigned(key)
        self.inner.put(key, data)

    def upload(self, key: str, path: Path) -> None:
        self._require_unsigned(key)
        self.inner.upload(key, path)

    def _require_unsigned(self, key: str) -> None:
        """Look at one generation: a store is signed from the first one on, or not at all."""
        if self.unsigned or not is_signed(key):
            return
        for entry in self.inner.list("aliases/", limit=1):
            if _signature(self.inner.get(entry.key)) is not None:
                raise SettingsError(
                    f"{self.url} is signed, and readers with the public key refuse an unsigned {key}: "
                    "set TECHNER_SIGNING_KEY"
                )
            self.unsigned.append(entry.key)


def _signature(data: bytes) -> object:
    try:
        record = json.loads(data)
    except ValueError:  # its reader reports that
        return None
    return record.get("signature") if isinstance(record, dict) else None
