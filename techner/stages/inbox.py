"""Deliveries: submit them, derive where each one stands, and record a person's word on it."""

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from techner.core.errors import BatchError, ObjectExists, ObjectMissing, RegistryError, Untrusted
from techner.core.examples import digest
from techner.core.manifest import BatchRef, Decision, Manifest
from techner.core.night import BatchMetadata, QualityReport
from techner.core.policy import Policies
from techner.core.scheme import label_scheme
from techner.documents import document_digest, parse, plain
from techner.quality.checks import CHECKS_VERSION
from techner.registry.aliases import production
from techner.registry.log import Log
from techner.stages.deliveries import INBOX, METADATA, Ignored, read_inbox
from techner.stages.strays import why_stray
from techner.store import Store


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
    """Under the present policies; None where it was not examined under them."""
    decision: Decision | None

    @property
    def is_due(self) -> bool:
        return self.status in (Status.PENDING, Status.ACCEPTED)


def submit(store: Store, path: Path, *, metadata: BatchMetadata | None = None) -> str:
    """Deliver a file to the inbox; returns its name there. The same bytes again are no error.

    Raises NotInitialised for a store without a model, BatchError for a name that is taken by other content.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error
    if path.name.endswith(METADATA):
        raise BatchError(f"{path.name!r} is a name for metadata; deliver the file it describes with --scope")
    if why := why_stray(path.name, len(data), ()):
        raise BatchError(f"{path.name!r} would not be read ({why}): rename it")
    _, manifest = production(store)  # raises where nobody would ever read the delivery: a wrong TECHNER_STORE
    if metadata:
        written = write_metadata(metadata)
        described = digest(written)
        if any(b.digest == digest(data) and b.metadata != described for b in manifest.lineage.batches):
            raise BatchError(
                f"{path.name!r} is in production; its scope counts after a `techner model rollback`"
            )
        with suppress(ObjectMissing):
            _refuse_other(path.name, store.get(INBOX + path.name), data)
        # The metadata goes first: no night may see the file without it.
        _deliver(store, path.name + METADATA, written)
    _deliver(store, path.name, data)
    return path.name


def write_metadata(metadata: BatchMetadata) -> bytes:
    """Write metadata canonically, without what it does not say."""
    said = {name: value for name, value in plain(metadata).items() if value is not None}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _deliver(store: Store, name: str, data: bytes) -> None:
    try:
        store.create(INBOX + name, data)
    except ObjectExists:
        _refuse_other(name, store.get(INBOX + name), data)


def _refuse_other(name: str, found: bytes, data: bytes) -> None:
    if found != data and name.endswith(METADATA):
        raise BatchError(f"another scope was delivered before; to correct it, replace {INBOX}{name}")
    if found != data:
        raise BatchError(f"{name!r} was delivered before with other content; batches never change: rename it")


def scope_metadata(store: Store, policies: Policies, scope: tuple[str, ...]) -> BatchMetadata:
    """Make the metadata of a delivery; raises BatchError for a label that would be refused at night."""
    _, manifest = production(store)
    if fault := label_scheme(manifest.pretrained_labels, policies).scope_fault(scope):
        raise BatchError(fault)
    return BatchMetadata(scope=scope)


def admission_digest(batch: BatchRef, policies: Policies, manifest: Manifest) -> str:
    """Name an examination by all that its findings rest on but production itself."""
    parts = (
        str(CHECKS_VERSION),
        batch.digest,
        batch.metadata or "",
        document_digest(policies.quality),
        document_digest(policies.scheme),
        manifest.lineage.reference,
        policies.training.strategy,
        *manifest.pretrained_labels,
    )
    return digest("\n".join(parts).encode())


def admission_folder(batch: BatchRef, admission: str) -> str:
    return f"batches/{batch.digest}/{admission[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """All that is in the inbox, by name."""

    batches: tuple[BatchState, ...]
    ignored: tuple[Ignored, ...]


def survey(store: Store, policies: Policies, *, cache: Path) -> tuple[BatchState, ...]:
    """Derive the state of every delivery, by name."""
    return survey_all(store, policies, cache=cache).batches


def survey_all(store: Store, policies: Policies, *, cache: Path) -> Surveyed:
    """Derive the state of every delivery, and name what in the inbox is none."""
    _, manifest = production(store)
    inbox = read_inbox(store, cache, max_bytes=policies.quality.max_delivery_bytes)
    return Surveyed(
        batches=tuple(_state(store, ref, policies, manifest) for ref in inbox.batches),
        ignored=inbox.ignored,
    )


def _state(store: Store, ref: BatchRef, policies: Policies, manifest: Manifest) -> BatchState:
    learnt = {batch.digest: batch for batch in manifest.lineage.batches}
    if ref.digest in learnt:
        # Nothing about it can matter any more, and there are more of these every night: not read.
        ref = replace(ref, metadata=learnt[ref.digest].metadata)
        return BatchState(ref=ref, status=Status.IN_PRODUCTION, report=None, decision=None)
    report = read_report(store, ref, admission_digest(ref, policies, manifest))
    decision = last_word(store, ref)
    status = Status.ACCEPTED if report else Status.PENDING
    if decision and decision.word in _STANDING:
        status = _STANDING[decision.word]
    elif report and report.action == "reject":
        status = Status.REJECTED
    return BatchState(ref=ref, status=status, report=report, decision=decision)


_STANDING = {"exclude": Status.EXCLUDED, "hold": Status.HELD}
WORDS = ("exclude", "release", "hold")


def examined(store: Store, ref: BatchRef, policies: Policies) -> QualityReport | None:
    """Return the report of a delivery under the present policies, if it was examined under them."""
    _, manifest = production(store)
    return read_report(store, ref, admission_digest(ref, policies, manifest))


def read_report(store: Store, ref: BatchRef, admission: str) -> QualityReport | None:
    """Return what an examination found; None where there was none, or none that is to be believed."""
    key = f"{admission_folder(ref, admission)}/report.json"
    try:
        return parse(QualityReport, store.get(key), where=key)
    except (ObjectMissing, Untrusted):
        return None


def decisions(store: Store, batch: BatchRef) -> Log[Decision]:
    return Log(store, f"decisions/{batch.digest}", Decision)


def last_word(store: Store, batch: BatchRef) -> Decision | None:
    """Return the newest word on a batch; one that is not to be believed holds it until a person says more."""
    try:
        newest = decisions(store, batch).newest()
    except Untrusted as error:
        why = f"the last word on it does not count: {error.what} is {error.why}. Release or exclude it anew"
        return Decision(id="", word="hold", who="techner", why=why, when=datetime.min.replace(tzinfo=UTC))
    return newest[1] if newest else None


def decide(store: Store, batch: BatchRef, word: str, *, who: str, why: str, when: datetime) -> bool:
    """Append a word on a batch; False where the newest word says the same for the same reason."""
    if word not in WORDS:
        raise RegistryError(f"{word!r} is no decision; say one of {', '.join(WORDS)}")
    log = decisions(store, batch)
    before = log.length()
    last = last_word(store, batch)
    if last and (last.word, last.why) == (word, why):
        return False
    record = Decision(id=uuid.uuid4().hex, word=word, who=who, why=why, when=when)
    if not log.append(record, after=before):
        raise RegistryError(f"somebody else decided on {batch.name!r} just now; look at it again")
    return True
