"""A store with years of nights in it, made by the functions that make one, but without training."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.pages import FILES, START, judgement, made
from benchmarks.scale_measures import sentence
from techner.core.delivery import BatchRef
from techner.core.errors import ObjectExists
from techner.core.examples import digest
from techner.core.manifest import Lineage, Manifest
from techner.core.policy import Policies
from techner.corpus.reference import Reference, save_reference
from techner.documents import dump
from techner.formats import write_examples
from techner.inbox.admissions import admission_digest, admission_folder
from techner.registry import Registry
from techner.registry.blobs import save_bytes
from techner.registry.lineage import continued
from techner.reports.card import with_cards
from techner.runs.judgements import judgements
from techner.store import FolderStore
from techner.store.base import check_key
from tests.web.conftest import report_on

CARD_LINES = "- Batch ``, SHA-256 ``\n", "<li>Batch <code></code>, SHA-256 <code></code></li>\n"
"""What each form of a card had for each batch, beside name and digest, before ADR 55."""


class Unsynced(FolderStore):
    """Writes without waiting for the disk: the benchmark may lose its store."""

    def create(self, key: str, data: bytes) -> None:
        path = self.root / check_key(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError as error:
            raise ObjectExists(key) from error


class History(NamedTuple):
    """Bytes that all nights added, now and before ADR 55."""

    manifests: int
    parts: int
    cards: int
    manifests_before: int
    cards_before: int


def fill(root: Path, *, versions: int, batches: int, due: int) -> History:
    """Make versions that have learnt so many batches, each judged and promoted, and new deliveries."""
    store = Unsynced(root)
    refs = [_deliver(store, at) for at in range(batches + due)]
    manifest = _origin(store)
    line = [manifest]
    live = _publish(store, manifest, None)
    steps = [batches * night // (versions - 1) for night in range(versions)]
    for number, (before, upto) in enumerate(pairwise(steps), 1):
        new = refs[before:upto]
        lineage = continued(store, manifest.lineage, new)
        like = made(number, live, manifest.origin or live, ())
        manifest = with_cards(store, replace(like, files=manifest.files, lineage=lineage), {"new": len(new)})
        live = _publish(store, manifest, live)
        record = replace(judgement(number, live, new, passed=True), report=None)
        judgements(store).append(record, after=number - 1)
        line.append(manifest)
    for ref in refs[:batches]:
        _examine(store, ref, manifest)
    return _history(line, refs[0])


def _origin(store: FolderStore) -> Manifest:
    about = save_reference(store, Reference(rehearsal=(sentence(-1),), regression=(sentence(-2),)))
    like = made(0, None, None, ())
    files = tuple(save_bytes(store, f"{one.path}\n".encode(), path=one.path) for one in FILES)
    return with_cards(store, replace(like, files=files, lineage=replace(like.lineage, reference=about)), {})


def _publish(store: FolderStore, manifest: Manifest, live: str | None) -> str:
    version = Registry(store).create(manifest)
    when = START + timedelta(days=manifest.number)
    Registry(store).move(version, expected=live, who="airflow", why="gate: all passed", when=when)
    return version


def _deliver(store: FolderStore, at: int) -> BatchRef:
    data = write_examples([sentence(at)])
    ref = BatchRef(name=f"{at // 10:05d}-{at % 10}.jsonl", digest=digest(data))
    store.create(f"inbox/{ref.name}", data)
    return ref


def _examine(store: FolderStore, ref: BatchRef, manifest: Manifest) -> None:
    admission = admission_digest(ref, Policies(), manifest)
    folder = admission_folder(ref, admission)
    store.create(f"{folder}/examples.jsonl", write_examples([sentence(0)] * 9))
    store.create(f"{folder}/quarantine.jsonl", b"")
    report = report_on(ref, admission)
    store.create(f"{folder}/report.json", dump(report))


def _history(line: list[Manifest], ref: BatchRef) -> History:
    """Add up what the nights wrote; every batch has a name of the same length."""
    lists = [len(dump(replace(line[0], lineage=_only(line[0], count * (ref,))))) for count in (1, 2)]
    each, in_cards = lists[1] - lists[0], sum(map(len, CARD_LINES)) + 2 * len(ref.name + ref.digest)
    manifests = [len(dump(one)) for one in line]
    without = [len(dump(replace(one, lineage=_only(one, ())))) for one in line]
    cards = [sum(entry.size_bytes for name, entry in one.records.items() if "card" in name) for one in line]
    counts = [one.lineage.batch_count for one in line]
    listed = [min(len(one.lineage.batches), 50) for one in line]
    return History(
        manifests=sum(manifests),
        parts=sum(part.size_bytes for part in line[-1].lineage.parts),
        cards=sum(cards),
        manifests_before=sum(size + count * each for size, count in zip(without, counts, strict=True)),
        cards_before=sum(
            size + (count - shown) * in_cards
            for size, count, shown in zip(cards, counts, listed, strict=True)
        ),
    )


def _only(manifest: Manifest, batches: tuple[BatchRef, ...]) -> Lineage:
    return replace(manifest.lineage, parts=(), batches=batches)
