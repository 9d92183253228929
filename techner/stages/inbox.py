"""Deliveries: submit them, derive where each one stands, and record a person's word on it."""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from techner.core.errors import BatchError, ObjectExists, ObjectMissing, RegistryError, StoreError
from techner.core.examples import digest
from techner.core.manifest import BatchRef, Decision, Manifest
from techner.core.night import QualityReport
from techner.core.policy import QualityPolicy
from techner.documents import document_digest, parse
from techner.quality.checks import CHECKS_VERSION
from techner.registry.aliases import production
from techner.registry.log import Log
from techner.store import Store, Stored
from techner.store.base import check_key

INBOX = "inbox/"
log = logging.getLogger("techner.nightly")


class Status(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    """Admitted, and in no promoted model yet: as pending as before."""
    HELD = "held"
    """The gate rejected a model made with it: waits for a person's `release`."""
    REJECTED = "rejected"
    EXCLUDED = "excluded"
    IN_PRODUCTION = "in production"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    ref: BatchRef
    status: Status
    report: QualityReport | None
    """Under the present policy; None where it was not examined under it."""
    decision: Decision | None

    @property
    def is_due(self) -> bool:
        return self.status in (Status.PENDING, Status.ACCEPTED)


def submit(store: Store, path: Path) -> str:
    """Deliver a file to the inbox; returns its name there. The same bytes again are no error.

    Raises NotInitialised for a store without a model, BatchError for a name that is taken by other content.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error
    production(store)  # raises where nobody would ever read the delivery: a wrong TECHNER_STORE, most likely
    key = INBOX + path.name
    try:
        store.create(key, data)
    except ObjectExists as error:
        if store.get(key) != data:
            raise BatchError(
                f"{path.name!r} was delivered before with other content; batches never change: rename it"
            ) from error
    return path.name


def admission_digest(batch: BatchRef, policy: QualityPolicy, manifest: Manifest) -> str:
    """Name an examination: the same batch under another policy, reference or label scheme is another one."""
    scheme = (*manifest.pretrained_labels, *policy.labels)
    parts = (str(CHECKS_VERSION), batch.digest, document_digest(policy), manifest.lineage.reference, *scheme)
    return digest("\n".join(parts).encode())


def admission_folder(batch: BatchRef, admission: str) -> str:
    return f"batches/{batch.digest}/{admission[:16]}"


def survey(store: Store, policy: QualityPolicy, *, cache: Path) -> tuple[BatchState, ...]:
    """Derive the state of every delivery, by name."""
    _, manifest = production(store)
    return tuple(_state(store, ref, policy, manifest) for ref in _deliveries(store, cache))


def _deliveries(store: Store, cache: Path) -> Iterator[BatchRef]:
    seen = set()
    for entry in store.list(INBOX):
        if entry.key.endswith("/"):  # an S3 console's way to show an empty folder
            continue
        try:
            check_key(entry.key)
        except StoreError as error:  # one odd name must not stop the night
            log.warning("not read, rename it: %s", error)
            continue
        ref = BatchRef(name=entry.key.removeprefix(INBOX), digest=_delivery_digest(store, entry, cache))
        if ref.digest not in seen:  # the same content under two names is one batch
            seen.add(ref.digest)
            yield ref


def _delivery_digest(store: Store, entry: Stored, cache: Path) -> str:
    """Return the digest of a delivery, read again only where the store's change mark is a new one."""
    known = cache / "deliveries" / digest(f"{store.url}\n{entry.key}\n{entry.tag}".encode())
    if known.is_file():
        return known.read_text()
    found = digest(store.get(entry.key))
    known.parent.mkdir(parents=True, exist_ok=True)
    fresh = known.with_suffix(f".{uuid.uuid4().hex}")
    fresh.write_text(found)
    fresh.replace(known)
    return found


def _state(store: Store, ref: BatchRef, policy: QualityPolicy, manifest: Manifest) -> BatchState:
    if ref.digest in {batch.digest for batch in manifest.lineage.batches}:
        # Nothing about it can matter any more, and there are more of these every night: not read.
        return BatchState(ref=ref, status=Status.IN_PRODUCTION, report=None, decision=None)
    report = read_report(store, ref, admission_digest(ref, policy, manifest))
    newest = decisions(store, ref).newest()
    decision = newest[1] if newest else None
    status = Status.ACCEPTED if report else Status.PENDING
    if decision and decision.word in _STANDING:
        status = _STANDING[decision.word]
    elif report and report.action == "reject":
        status = Status.REJECTED
    return BatchState(ref=ref, status=status, report=report, decision=decision)


_STANDING = {"exclude": Status.EXCLUDED, "hold": Status.HELD}
WORDS = ("exclude", "release", "hold")


def examined(store: Store, ref: BatchRef, policy: QualityPolicy) -> QualityReport | None:
    """Return the report of a delivery under the present policy, if it was examined under it."""
    _, manifest = production(store)
    return read_report(store, ref, admission_digest(ref, policy, manifest))


def read_report(store: Store, ref: BatchRef, admission: str) -> QualityReport | None:
    key = f"{admission_folder(ref, admission)}/report.json"
    try:
        return parse(QualityReport, store.get(key), where=key)
    except ObjectMissing:
        return None


def decisions(store: Store, batch: BatchRef) -> Log[Decision]:
    return Log(store, f"decisions/{batch.digest}", Decision)


def decide(store: Store, batch: BatchRef, word: str, *, who: str, why: str, when: datetime) -> bool:
    """Append a word on a batch; False where the newest word says the same for the same reason."""
    if word not in WORDS:
        raise RegistryError(f"{word!r} is no decision; say one of {', '.join(WORDS)}")
    log = decisions(store, batch)
    newest = log.newest()
    if newest and (newest[1].word, newest[1].why) == (word, why):
        return False
    record = Decision(id=uuid.uuid4().hex, word=word, who=who, why=why, when=when)
    if not log.append(record, after=newest[0] if newest else 0):
        raise RegistryError(f"somebody else decided on {batch.name!r} just now; look at it again")
    return True
