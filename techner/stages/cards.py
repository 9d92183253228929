"""A manifest gets its model card, which is part of it."""

from collections.abc import Mapping
from dataclasses import replace

from techner.core.manifest import Manifest
from techner.registry.blobs import save_bytes
from techner.reports import cards
from techner.store import Store


def with_cards(store: Store, manifest: Manifest, counts: Mapping[str, int]) -> Manifest:
    """Return the manifest with both forms of its card among the records."""
    made = cards(manifest, counts)
    saved = {name: save_bytes(store, text.encode(), path=name) for name, text in made.items()}
    return replace(manifest, records=manifest.records | saved)
