"""Where the examination of a batch is kept, and its name."""

from collections.abc import Callable

from techner.core.delivery import BatchRef, QualityReport
from techner.core.errors import ObjectMissing, Untrusted
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.policy import Policies
from techner.documents import document_digest, parse
from techner.quality.checks import CHECKS_VERSION
from techner.registry import Registry
from techner.store import Store


def admission_digest(batch: BatchRef, policies: Policies, manifest: Manifest) -> str:
    """Name an examination by everything its findings depend on, except production itself."""
    return admission_namer(policies, manifest)(batch)


def admission_namer(policies: Policies, manifest: Manifest) -> Callable[[BatchRef], str]:
    """Return `admission_digest` of any batch under these settings, which are digested once for all."""
    quality, scheme = document_digest(policies.quality), document_digest(policies.scheme)
    rest = (manifest.lineage.reference, policies.training.strategy, *manifest.pretrained_labels)

    def name(batch: BatchRef) -> str:
        parts = (str(CHECKS_VERSION), batch.digest, batch.metadata or "", quality, scheme, *rest)
        return digest("\n".join(parts).encode())

    return name


def admission_folder(batch: BatchRef, admission: str) -> str:
    return f"batches/{batch.digest}/{admission[:16]}"


def examined(store: Store, ref: BatchRef, policies: Policies) -> QualityReport | None:
    """Return the report of a delivery under the current policies; None if it was not examined under them."""
    _, manifest = Registry(store).production()
    return read_report(store, ref, admission_digest(ref, policies, manifest))


def read_report(store: Store, ref: BatchRef, admission: str) -> QualityReport | None:
    """Return the report of an examination; None if there is none, or its signature is not trusted."""
    key = f"{admission_folder(ref, admission)}/report.json"
    try:
        return parse(QualityReport, store.get(key), where=key)
    except (ObjectMissing, Untrusted):
        return None
