"""The state of each delivery: derived from the store, never kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from techner.core.delivery import Action, BatchRef, QualityReport
from techner.core.errors import UnknownVersion
from techner.core.manifest import Manifest
from techner.core.policy import Policies
from techner.core.records import BatchWord, Decision, RunEnd
from techner.inbox.admissions import admission_digest, read_report
from techner.inbox.decisions import last_word
from techner.inbox.deliveries import Ignored, read_inbox
from techner.registry import Registry
from techner.registry.lineage import learnt
from techner.store import Store


class Status(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    """Admitted, but not yet in a promoted model: as due as a pending batch."""
    HELD = "held"
    """A model trained with it was rejected: it waits for a person's `release`."""
    REJECTED = "rejected"
    EXCLUDED = "excluded"
    IN_PRODUCTION = "in production"

    @property
    def is_due(self) -> bool:
        """Whether the next run learns such a batch by itself."""
        return self in (Status.PENDING, Status.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    ref: BatchRef
    status: Status
    report: QualityReport | None
    """Under the current policies; None if it was not examined under them."""
    decision: Decision | None

    @property
    def is_due(self) -> bool:
        return self.status.is_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """Everything in the inbox, by name."""

    batches: tuple[BatchState, ...]
    ignored: tuple[Ignored, ...]


def survey(store: Store, policies: Policies, *, cache: Path) -> tuple[BatchState, ...]:
    """Derive the state of every delivery, by name."""
    return survey_all(store, policies, cache=cache).batches


def survey_all(store: Store, policies: Policies, *, cache: Path) -> Surveyed:
    """Derive the state of every delivery, and list the ignored files of the inbox."""
    _, manifest = Registry(store).production()
    known = {batch.digest: batch for batch in learnt(store, manifest)}
    inbox = read_inbox(store, cache, max_bytes=policies.quality.max_delivery_bytes)
    return Surveyed(
        batches=tuple(_state(store, ref, policies, manifest, known) for ref in inbox.batches),
        ignored=inbox.ignored,
    )


def learnt_by(store: Store, ref: BatchRef) -> str | None:
    """Return the oldest version of production's line that has learnt a batch; None where none has."""
    registry = Registry(store)
    name, manifest = registry.production()
    digests = [batch.digest for batch in learnt(store, manifest)]
    # Each version on the line has learnt the beginning of this list.
    place = digests.index(ref.digest) if ref.digest in digests else len(digests)
    found = None
    while manifest.lineage.batch_count > place:
        found = name
        try:
            name = manifest.parent or ""
            manifest = registry.manifest(name)
        except UnknownVersion:  # collected
            break
    return found


def _state(
    store: Store, ref: BatchRef, policies: Policies, manifest: Manifest, known: Mapping[str, BatchRef]
) -> BatchState:
    """Derive one state; `known` has what production has learnt, by digest."""
    if ref.digest in known:
        # Not read: its report and decisions no longer matter, and there are more of these every night.
        ref = replace(ref, metadata=known[ref.digest].metadata)
        return BatchState(ref=ref, status=Status.IN_PRODUCTION, report=None, decision=None)
    report = read_report(store, ref, admission_digest(ref, policies, manifest))
    decision = last_word(store, ref)
    status = status_of(report.action if report else None, decision.word if decision else None)
    return BatchState(ref=ref, status=status, report=report, decision=decision)


def status_of(action: Action | None, word: BatchWord | RunEnd | None) -> Status:
    """Return the state of a batch that production has not learnt: examined so, and with this last word."""
    match word:
        case BatchWord.EXCLUDE:
            return Status.EXCLUDED
        case BatchWord.HOLD:
            return Status.HELD
        case BatchWord.RELEASE | RunEnd() | None:
            return _examined(action)
        case word:
            assert_never(word)


def _examined(action: Action | None) -> Status:
    match action:
        case None:
            return Status.PENDING
        case Action.REJECT:
            return Status.REJECTED
        case Action.ACCEPT | Action.QUARANTINE:
            return Status.ACCEPTED
        case action:
            assert_never(action)
