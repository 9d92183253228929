"""What is damaged or missing in a whole store: files, aliases, sets, examinations, decisions, judgements."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

from techner.core.delivery import BatchRef, QualityReport
from techner.core.errors import IntegrityError, ObjectMissing, RegistryError
from techner.core.examples import digest
from techner.core.manifest import Lineage, Manifest
from techner.core.records import Decision, Judgement, RunOutcome
from techner.corpus.reference import load_reference
from techner.documents import parse
from techner.inbox.deliveries import INBOX
from techner.registry import PRODUCTION, Registry
from techner.registry.blobs import load_bytes
from techner.registry.lineage import read_part
from techner.registry.log import Log
from techner.registry.trust import signature_key
from techner.registry.verify import Damage, verify_store
from techner.runs.ending_log import RUN_WORDS
from techner.runs.judgements import judgements
from techner.store import Store


def verify_all(store: Store) -> Iterator[Damage]:
    """Yield what is wrong with a whole store: what is damaged, and what it refers to but does not hold."""
    names = list(Registry(store).versions())
    yield from verify_store(store, names)
    manifests = dict(_readable(store, names))
    judged: list[Judgement] = []
    yield from _log(judgements(store), "judgements", judged)
    yield from _reports(store, judged)
    yield from _endings(store, judged)
    yield from _aliases(store, manifests, judged)
    yield from _signatures(store, names)
    for reference in sorted({manifest.lineage.reference for manifest in manifests.values()}):
        try:
            load_reference(store, reference)
        except (IntegrityError, ObjectMissing) as error:
            yield Damage(where="reference", what=reference, detail=str(error))
    learnt = _learnt(store, [manifest.lineage for manifest in manifests.values()])
    yield from _examinations(store, learnt.values())
    yield from _decisions(store, {*learnt} | {batch.digest for one in judged for batch in one.batches})


def _learnt(store: Store, lineages: Collection[Lineage]) -> dict[str, BatchRef]:
    """Return what all versions together have learnt, by digest; each part is read once."""
    parts = {entry.sha256: entry for lineage in lineages for entry in lineage.part_files}
    found = {batch.digest: batch for lineage in lineages for batch in lineage.batches}
    for entry in parts.values():
        with suppress(IntegrityError):  # `verify_versions` reports it
            found |= {batch.digest: batch for batch in read_part(store, entry)}
    return found


def _readable(store: Store, names: Iterable[str]) -> Iterator[tuple[str, Manifest]]:
    for name in names:
        try:
            yield name, Registry(store).manifest(name)
        except (IntegrityError, RegistryError):  # `verify_versions` reports it
            continue


def _aliases(store: Store, manifests: dict[str, Manifest], judged: list[Judgement]) -> Iterator[Damage]:
    aliases = Registry(store).aliases()
    if PRODUCTION not in aliases:
        yield Damage(
            where=PRODUCTION,
            what="log",
            detail="is missing: its generations were removed, or the store was never initialised",
        )
    named: set[str] = set()
    for alias in aliases:
        try:
            named.update(record.version for _, record in Registry(store).log(alias).records())
        except IntegrityError:  # `verify_alias` reports it; what this log named is unknown
            return
    for one in judged:
        if one.version and one.outcome is RunOutcome.PROMOTED and one.version not in named:
            detail = f"is missing: run {one.id!r} was promoted. The log of {PRODUCTION} was cut short"
            yield Damage(where=PRODUCTION, what=f"generation of {one.version}", detail=detail)
    superseded = [(one.production, one.verdict) for one in judged if one.outcome is RunOutcome.SUPERSEDED]
    for name, manifest in manifests.items():
        if name not in named and (manifest.parent, manifest.verdict) not in superseded:
            yield Damage(
                where=name,
                what="alias",
                detail="no alias ever named it: generations were removed, or a publication was killed; "
                "`techner model gc` removes what nothing needs",
            )


def _log(log: Log[Any], where: str, into: list[Any]) -> Iterator[Damage]:
    """Yield the gaps and unreadable records of a log; append the readable records to `into`."""
    above: int | None = None
    try:
        for generation, record in log.believed():
            if above is not None and generation != above - 1:
                yield Damage(where=where, what=f"record {above - 1}", detail="is missing")
            if record is None:
                yield Damage(
                    where=where,
                    what=f"record {generation}",
                    detail="is not signed by a trusted key: find out who wrote it; "
                    "`techner model sign` signs what was written without a key",
                )
            else:
                into.append(record)
            above = generation
    except IntegrityError as error:
        yield Damage(where=where, what=f"record {above - 1}" if above else "log", detail=str(error))
        return
    if above is not None and above != 1:
        yield Damage(where=where, what=f"record {above - 1}", detail="is missing: the log begins after it")


def _reports(store: Store, judged: list[Judgement]) -> Iterator[Damage]:
    for one in judged:
        if one.report:
            try:
                load_bytes(store, one.report)
            except IntegrityError as error:
                yield Damage(where="judgements", what=f"the page of run {one.id}", detail=str(error))


def _endings(store: Store, judged: list[Judgement]) -> Iterator[Damage]:
    for one in judged:
        if one.ending and not any(store.list(f"decisions/{one.ending}/", limit=1)):
            detail = f"is missing: it said who ended run {one.id!r} as {one.outcome}, and why"
            yield Damage(where=f"decisions on run {one.id}", what="log", detail=detail)


def _signatures(store: Store, names: list[str]) -> Iterator[Damage]:
    """Yield the versions without a signature if others have one: a store is signed from the beginning."""
    keys = {entry.key for entry in store.list("versions/")}
    signed = {name for name in names if signature_key(name) in keys}
    for name in names if signed else ():
        if name not in signed:
            yield Damage(
                where=name, what="manifest.sig", detail="is missing, though other versions have theirs"
            )


def _examinations(store: Store, learnt: Iterable[BatchRef]) -> Iterator[Damage]:
    for batch in learnt:
        reports = [e.key for e in store.list(f"batches/{batch.digest}/") if e.key.endswith("/report.json")]
        if not reports:
            yield Damage(
                where=batch.name, what="report.json", detail="the examination of the batch is missing"
            )
        for key in reports:
            folder = key.rpartition("/")[0]
            try:
                report = parse(QualityReport, store.get(key), where=key)
                store.get(f"{folder}/quarantine.jsonl")
                rows = len(store.get(f"{folder}/examples.jsonl").splitlines())
            except (IntegrityError, ObjectMissing) as error:
                yield Damage(where=batch.name, what=folder, detail=str(error))
                continue
            if rows != report.accepted:
                detail = f"{rows} examples; the report says {report.accepted}"
                yield Damage(where=batch.name, what=f"{folder}/examples.jsonl", detail=detail)


def _decisions(store: Store, known: set[str]) -> Iterator[Damage]:
    digests = dict.fromkeys(entry.key.split("/")[1] for entry in store.list("decisions/"))
    for batch in digests:
        yield from _log(Log(store, f"decisions/{batch}", Decision), f"decisions on {batch[:12]}", [])
    unknown = {name for name in digests if not name.startswith(RUN_WORDS)} - known
    for batch in sorted(unknown):
        if not any(store.list(f"batches/{batch}/", limit=1)) and not _is_delivered(store, batch):
            yield Damage(
                where=f"decisions on {batch[:12]}",
                what="batch",
                detail="is not in the inbox, was never examined, and no version learnt it",
            )


def _is_delivered(store: Store, batch: str) -> bool:
    return any(digest(store.get(entry.key)) == batch for entry in store.list(INBOX))
