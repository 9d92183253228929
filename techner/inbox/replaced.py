"""Whether a delivery was replaced after it was planned."""

from pathlib import Path

from techner.core.delivery import BatchRef
from techner.core.errors import ObjectMissing
from techner.core.examples import digest
from techner.inbox.deliveries import INBOX, METADATA, remembered
from techner.registry.cache_folder import cache_errors
from techner.store import Store


def was_replaced(store: Store, batch: BatchRef, cache: Path) -> bool:
    """Read a delivery again, whatever its change mark; if it changed, forget its digest and return True.

    The next survey then sees the new file, even if it was replaced under the same mark.
    """
    parts = {INBOX + batch.name: batch.digest, INBOX + batch.name + METADATA: batch.metadata}
    replaced = [key for key, expected in parts.items() if expected and _digest_now(store, key) != expected]
    for key in replaced:
        for entry in store.list(key, limit=1):
            with cache_errors(cache):
                remembered(store, entry, cache).unlink(missing_ok=True)
    return bool(replaced)


def _digest_now(store: Store, key: str) -> str | None:
    try:
        return digest(store.get(key))
    except ObjectMissing:
        return None
