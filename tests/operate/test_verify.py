"""A whole store is verified: what it tells of is there, not only what is there is whole."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from techner.core.delivery import BatchRef
from techner.core.errors import AliasConflict
from techner.core.examples import Span
from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.trust import signature_key
from techner.runs.judgements import judgements
from techner.store import Store
from tests.moves import ask, publish
from tests.world import WHEN, WORD, World, tech_batch


def delete(store: Store, prefix: str) -> None:
    found = list(store.list(prefix))
    assert found
    for entry in found:
        store.delete(entry.key)


def newest(store: Store, prefix: str) -> str:
    return next(iter(store.list(prefix))).key


def aliases_gone(store: Store) -> None:
    delete(store, "aliases/")


def newest_generation_gone(store: Store) -> None:
    store.delete(newest(store, "aliases/production/"))


def first_generation_gone(store: Store) -> None:
    store.delete(list(store.list("aliases/production/"))[-1].key)


def reference_gone(store: Store) -> None:
    delete(store, "reference/")


def part_of_the_reference_altered(store: Store) -> None:
    key = next(entry.key for entry in store.list("reference/") if entry.key.endswith("regression.jsonl"))
    store.put(key, store.get(key)[:-40])


def memory_gone(store: Store) -> None:
    store.delete(blob_key(Registry(store).production()[1].records["memory.jsonl"].sha256))


def examination_gone(store: Store) -> None:
    delete(store, "batches/")


def admitted_rows_gone(store: Store) -> None:
    key = next(entry.key for entry in store.list("batches/") if entry.key.endswith("examples.jsonl"))
    store.put(key, b"".join(store.get(key).splitlines(keepends=True)[:-1]))


def quarantine_gone(store: Store) -> None:
    store.delete(next(e.key for e in store.list("batches/") if e.key.endswith("quarantine.jsonl")))


def gap_in_the_judgements(store: Store) -> None:
    log = judgements(store)
    first = log.newest()
    assert first
    for number in (2, 3):
        log.append(replace(first.record, id=f"other-{number}"), after=log.length())
    store.delete(list(store.list("judgements/"))[1].key)


def judgement_that_cannot_be_read(store: Store) -> None:
    store.put(newest(store, "judgements/"), b"{")


def page_of_a_run_gone(store: Store) -> None:
    first = judgements(store).newest()
    assert first
    assert first.record.report
    store.delete(blob_key(first.record.report.sha256))


def decision_on_an_unknown_batch(store: Store) -> None:
    decide(store, BatchRef(name="x", digest="f" * 64), BatchWord.EXCLUDE, who="x", why="x", when=WHEN)


def gap_in_the_decisions(store: Store) -> None:
    batch = Registry(store).production()[1].lineage.batches[0]
    for word in (BatchWord.HOLD, BatchWord.RELEASE):
        decide(store, batch, word, who="x", why=word, when=WHEN)
    store.delete(list(store.list(f"decisions/{batch.digest}/"))[-1].key)


def end_of_a_run_gone(store: Store) -> None:
    delete(store, "decisions/run-")


def version_that_no_alias_named(store: Store) -> None:
    Registry(store).create(replace(Registry(store).production()[1], number=7))


def one_signature_gone(store: Store) -> None:
    store.put(signature_key(Registry(store).production()[0]), b"00")


DAMAGES: dict[Callable[[Store], None], tuple[str, str]] = {
    aliases_gone: ("production", "log"),
    newest_generation_gone: ("production", "generation of 0001-"),
    first_generation_gone: ("production", "generation 1"),
    reference_gone: ("reference", ""),
    part_of_the_reference_altered: ("reference", ""),
    memory_gone: ("0001-", "memory.jsonl"),
    examination_gone: ("first.jsonl", "report.json"),
    admitted_rows_gone: ("first.jsonl", "batches/"),
    quarantine_gone: ("first.jsonl", "batches/"),
    gap_in_the_judgements: ("judgements", "record 2"),
    judgement_that_cannot_be_read: ("judgements", "log"),
    page_of_a_run_gone: ("judgements", "the page of run night-1"),
    decision_on_an_unknown_batch: ("decisions on ffffffffffff", "batch"),
    gap_in_the_decisions: ("decisions on ", "record 1"),
    end_of_a_run_gone: ("decisions on run night-1", "log"),
    version_that_no_alias_named: ("0007-", "alias"),
    one_signature_gone: ("0000-", "manifest.sig"),
}


def test_a_whole_store_has_no_fault(promoted: World) -> None:
    assert list(verify_all(promoted.store)) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_missing_is_a_fault(promoted: World, damage: Callable[[Store], None]) -> None:
    damage(promoted.store)
    where, what = DAMAGES[damage]
    found = [(fault.where, fault.what) for fault in verify_all(promoted.store)]
    assert any(one.startswith(where) and two.startswith(what) for one, two in found), found


def test_a_decision_on_a_batch_that_was_only_delivered_or_only_examined_is_no_fault(promoted: World) -> None:
    promoted.deliver("later.jsonl", tech_batch(300, 301))
    promoted.store.create(f"batches/{'e' * 64}/a/report.html", b"")  # by a night that was killed
    for digest in (sha256(promoted.store.get("inbox/later.jsonl")).hexdigest(), "e" * 64):
        decide(
            promoted.store, BatchRef(name="x", digest=digest), BatchWord.EXCLUDE, who="x", why="x", when=WHEN
        )
    assert list(verify_all(promoted.store)) == []


def test_a_log_that_cannot_be_read_is_said_once_and_nothing_else_is_taken_for_damage(promoted: World) -> None:
    promoted.store.put(newest(promoted.store, "aliases/production/"), b"{}")
    assert {damage.where for damage in verify_all(promoted.store)} == {"production"}


def test_a_version_that_came_too_late_is_no_fault(judged: World) -> None:
    registry = Registry(judged.store)

    def overtake(folder: Path, texts: list[str]) -> list[tuple[Span, ...]]:
        live, manifest = registry.production()
        registry.move(manifest.parent or "", expected=live, who="x", why="x", when=WHEN)
        return ask(folder, texts)

    with pytest.raises(AliasConflict):
        publish(judged.run("run-2"), WORD, query=overtake)
    named = {record.version for _, record in registry.log().records()}
    left = {entry.key.split("/")[1] for entry in judged.store.list("versions/")} - named
    assert [registry.manifest(name).number for name in left] == [2]
    assert list(verify_all(judged.store)) == []
