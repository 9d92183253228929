"""What pages know of the store: an index saves reading, and is never believed over what is there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from techner.core.errors import StoreRefused
from techner.core.policy import Policies
from techner.core.records import BatchWord
from techner.core.run_documents import Progress
from techner.documents import dump
from techner.inbox.admissions import admission_digest, admission_folder
from techner.inbox.decisions import decide
from techner.inbox.survey import survey
from techner.night.admit import admit
from techner.night.plan import plan
from techner.registry import Registry
from techner.registry.keyless_store import KeylessStore
from techner.registry.trust import trusted
from techner.store import MemoryStore, Store
from techner.store.overlay import OverlayStore
from techner.store.wrapped import WrappedStore
from techner.web.known import INDEX, Known
from techner.web.reading import Reading
from tests.counting import CountingStore
from tests.waiting import until
from tests.web.conftest import FAILED, PLAN, WHEN, Filled, fill, judge, report_on
from tests.world import POLICIES, World

Client = Callable[..., TestClient]
MOST_CALLS = 12
PAGES = (
    "/",
    "/models",
    "/models/{version}",
    "/compare?a={origin}&b={version}",
    "/batches",
    "/batches?state=in%20production",
    "/batches/{digest}",
    "/act/release/{digest}",
    "/act/rollback/{origin}",
    "/act/promote/{origin}",
    "/runs",
    "/run/scheduled-1",
    "/start",
)


@pytest.fixture(scope="module")
def years() -> Filled:
    """Return a store with seventy nights and sixty deliveries that no night has examined."""
    filled = fill(MemoryStore(), nights=70)
    for number in range(60):
        filled.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    manifest = Registry(filled.store).production()[1]
    for batch in manifest.lineage.batches:
        admission = admission_digest(batch, Policies(), manifest)
        key = f"{admission_folder(batch, admission)}/report.json"
        filled.store.create(key, dump(report_on(batch, admission)))
    return filled


@pytest.mark.parametrize("path", PAGES)
def test_a_new_process_asks_the_store_at_most_twelve_times_a_page(
    path: str, years: Filled, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = client(years.store)  # another process wrote the index
    until(lambda: all(asked.get(path).status_code == 200 for path in ("/batches", "/")), "the index")
    monkeypatch.setenv("TECHNER_CACHE", str(tmp_path / "of a new machine"))
    _, manifest = Registry(years.store).production()
    digest = manifest.lineage.batches[0].digest
    store = CountingStore(inner=years.store)
    answer = client(store).get(path.format(version=years.production, origin=years.origin, digest=digest))
    assert answer.status_code == 200
    assert len(store.calls) <= MOST_CALLS, store.calls
    assert not [call for call in store.calls if call.startswith("put")]


@pytest.mark.parametrize("path", ["/", "/runs"])
def test_a_night_that_trains_costs_no_more_than_twelve_calls(
    path: str, years: Filled, client: Client
) -> None:
    night = OverlayStore(inner=years.store, upper=MemoryStore())
    for name, data in (("plan.json", dump(PLAN)), ("corpus.json", b"{}")):
        night.put(f"runs/tonight/{name}", data)
    another = client(night)
    until(lambda: another.get(path).is_success, "the index")
    told = Progress(epoch=5, epochs=33, minutes_left=12.5, when=WHEN)
    night.put("runs/tonight/progress", dump(told))
    store = CountingStore(inner=night)
    assert "epoch 6 of 33" in client(store).get(path).text
    assert len(store.calls) <= MOST_CALLS, store.calls


def test_a_training_changes_nothing_that_is_known_of_examinations(promoted: World) -> None:
    promoted.store.create("inbox/second.jsonl", b'{"text": "TLS 1", "entities": [[0, 3, "PROTOCOL"]]}\n')
    promoted.until("assemble", "run-2")
    marks = []
    for epoch in (1, 2):
        told = Progress(epoch=epoch, epochs=3, minutes_left=1.0, when=WHEN)
        promoted.store.put("runs/run-2/progress", dump(told))
        reading = Reading(
            store=promoted.store, known=Known(), policies=POLICIES, cache=promoted.cache, now=WHEN
        )
        marks.append(reading.examining)
    assert marks[0] == marks[1] is not None


def test_a_look_at_one_batch_costs_the_next_page_nothing(years: Filled, client: Client) -> None:
    _, manifest = Registry(years.store).production()
    store = CountingStore(inner=years.store)
    asked = client(store)
    asked.get("/batches")
    until(lambda: asked.get("/").status_code == 200, "all documents to be read")
    digest = manifest.lineage.batches[0].digest
    assert asked.get(f"/batches/{digest}").status_code == 200
    store.calls.clear()
    assert asked.get("/").status_code == 200
    assert len(store.calls) <= MOST_CALLS, store.calls


def test_a_run_that_was_killed_while_it_examined_costs_one_listing(promoted: World, client: Client) -> None:
    for number in range(20):
        promoted.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    promoted.until("plan", "killed")
    another = client(promoted.store)
    until(lambda: another.get("/batches").text.count("new-") >= 20, "the index")
    store = CountingStore(inner=promoted.store)
    page = client(store).get("/batches").text
    assert page.count("new-") >= 20
    assert len(store.calls) <= MOST_CALLS, store.calls


def test_a_night_costs_only_what_is_new(years: Filled, client: Client) -> None:
    night = OverlayStore(inner=years.store, upper=MemoryStore())
    another = client(night)
    until(lambda: another.get("/runs").is_success, "the index")
    judge(night, "tonight", FAILED, version=None, batches=())
    store = CountingStore(inner=night)
    assert "tonight" in client(store).get("/runs").text
    assert len(store.calls) <= MOST_CALLS
    assert store.calls[-1] == f"put {INDEX}"


def test_without_the_index_pages_say_the_same(filled: Filled, client: Client) -> None:
    first = {path: client(filled.store).get(path).text for path in ("/", "/models", "/batches", "/runs")}
    assert filled.store.get(INDEX)
    indexed = {path: client(filled.store).get(path).text for path in first}
    filled.store.delete(INDEX)
    assert first == indexed == {path: client(filled.store).get(path).text for path in first}


def test_a_process_sees_what_others_write(filled: Filled, client: Client) -> None:
    asked = client(filled.store)
    assert "another.jsonl" not in asked.get("/batches").text
    filled.store.create("inbox/another.jsonl", b"new")
    Registry(filled.store).move(filled.origin, expected=filled.production, who="ada", why="back", when=WHEN)
    page = asked.get("/").text
    assert "The origin" in page
    assert "back" in page
    assert "another.jsonl" in asked.get("/batches").text


def test_a_delivery_that_was_replaced_is_read_again(promoted: World, client: Client) -> None:
    asked = client(promoted.store)
    (before,) = survey(promoted.store, POLICIES, cache=promoted.cache)
    assert before.ref.digest in asked.get("/batches").text
    promoted.store.put("inbox/first.jsonl", b'{"text": "TLS", "entities": []}\n')
    after = asked.get("/batches").text
    assert before.ref.digest not in after
    assert "1 pending" in after


def test_an_examination_is_seen_as_soon_as_a_run_has_made_it(promoted: World, client: Client) -> None:
    promoted.store.create("inbox/second.jsonl", b'{"text": "TLS 1", "entities": [[0, 3, "PROTOCOL"]]}\n')
    asked = client(promoted.store)
    assert "1 pending" in asked.get("/batches").text
    assert "1 pending" in asked.get("/batches").text
    promoted.until("admit", "run-2")
    assert "1 accepted" in asked.get("/batches").text
    assert "1 accepted" in client(promoted.store).get("/batches").text  # from the index


def test_an_examination_under_way_is_not_taken_for_none(promoted: World, client: Client) -> None:
    promoted.store.create("inbox/second.jsonl", b'{"text": "TLS 1", "entities": [[0, 3, "PROTOCOL"]]}\n')
    asked, run = client(promoted.store), promoted.run("run-2")
    planned = plan(run, POLICIES)
    assert planned
    assert "1 pending" in asked.get("/batches").text
    admit(run, planned.batches[0].digest)
    assert "1 accepted" in asked.get("/batches").text


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"\xff\t\xff\t{}\n\n\t\t", b"judgements/999999999998.json\t\t{}"]
)
def test_an_index_that_makes_no_sense_is_passed_over(data: bytes, filled: Filled, client: Client) -> None:
    right = client(filled.store).get("/runs").text
    filled.store.put(INDEX, data)
    assert client(filled.store).get("/runs").text == right


def test_a_row_that_cannot_be_read_is_read_from_its_document(filled: Filled, client: Client) -> None:
    right = client(filled.store).get("/runs").text
    lines = [line.rpartition(b"\t")[0] + b'\t{"old": 1}' for line in filled.store.get(INDEX).split(b"\n")]
    filled.store.put(INDEX, b"\n".join(lines))
    assert client(filled.store).get("/runs").text == right


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnly(WrappedStore):
    """Refuses writes, as a bucket does to a server without the right."""

    def put(self, key: str, data: bytes) -> None:
        raise StoreRefused(f"{key} refused {len(data)} bytes")


def test_a_server_that_may_not_write_shows_its_pages(filled: Filled, client: Client) -> None:
    asked = client(ReadOnly(inner=filled.store))
    assert asked.get("/").status_code == asked.get("/batches").status_code == 200


@pytest.fixture
def signed() -> tuple[MemoryStore, Store]:
    """Return a bucket, and the store in it that signs."""
    bucket = MemoryStore()
    return bucket, trusted(bucket, (), Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_in_a_signed_store_the_index_is_signed(
    signed: tuple[MemoryStore, Store], fill: Callable[[Store], Filled], client: Client
) -> None:
    bucket, store = signed
    fill(store)
    right = client(store).get("/runs").text
    forged = bucket.get(INDEX).replace(b"rejected", b"promoted")
    assert forged != bucket.get(INDEX)
    bucket.put(INDEX, forged)
    assert client(store).get("/runs").text == right


def test_without_a_key_nothing_is_written_to_a_signed_store(
    signed: tuple[MemoryStore, Store], fill: Callable[[Store], Filled], client: Client
) -> None:
    bucket, store = signed
    fill(store)
    assert client(KeylessStore(inner=bucket)).get("/runs").status_code == 200
    assert list(bucket.list("index/")) == []


def test_a_decision_counts_at_once(filled: Filled, client: Client, tmp_path: Any) -> None:
    asked = client(filled.store)
    assert "1 held" in asked.get("/batches").text
    (held,) = (s.ref for s in survey(filled.store, POLICIES, cache=tmp_path) if s.status == "held")
    decide(filled.store, held, BatchWord.EXCLUDE, who="ada", why="bad", when=WHEN)
    page = asked.get("/batches").text
    assert "1 excluded" in page
    assert "1 held" not in page


def test_a_decision_that_is_not_trusted_holds_its_batch(
    signed: tuple[MemoryStore, Store], fill: Callable[[Store], Filled], client: Client, tmp_path: Any
) -> None:
    bucket, store = signed
    fill(store)
    (held,) = (s.ref for s in survey(store, POLICIES, cache=tmp_path) if s.status == "held")
    newest = next(iter(bucket.list(f"decisions/{held.digest}/")))
    bucket.put(newest.key, bucket.get(newest.key).replace(b'"hold"', b'"release"'))
    assert "1 held" in client(store).get("/batches").text
    assert "not signed by a trusted key" in client(store).get(f"/batches/{held.digest}").text
