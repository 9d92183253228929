"""Pages on a store that nobody has read here before: they do not wait, and none is taken for whole."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from techner.core.delivery import BatchRef
from techner.core.errors import ObjectMissing, StoreError
from techner.core.examples import digest
from techner.core.policy import Policies
from techner.documents import dump
from techner.inbox.admissions import admission_digest, admission_folder
from techner.registry import Registry
from techner.registry.trust import trusted
from techner.store import MemoryStore, Store, Stored
from techner.store.overlay import OverlayStore
from techner.store.wrapped import WrappedStore
from techner.web.access import Answering, Visitor
from techner.web.ahead import NAME
from techner.web.known import INDEX
from techner.web.scheduler import Starting
from tests.counting import CountingStore
from tests.waiting import until
from tests.web.conftest import Filled, fill, report_on
from tests.web.test_start import Runs, send

Client = Callable[..., TestClient]
PAGES = (
    "/",
    "/models",
    "/models/{version}",
    "/batches",
    "/batches/{digest}",
    "/act/release/{digest}",
    "/act/rollback/{origin}",
    "/runs",
    "/run/scheduled-1",
    "/start",
)
NEW = 30
"""Deliveries that no night has examined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread(WrappedStore):
    """Has no index, and lets nothing be read ahead before it may be; notes what pages themselves ask."""

    may: threading.Event = field(default_factory=threading.Event)
    held: str = ""
    """How the keys begin that are not read ahead before they may be."""
    problems: list[StoreError] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def get(self, key: str) -> bytes:
        if self._is_ahead() and key.startswith(self.held):
            assert self.may.wait(60)
            if self.problems:
                raise self.problems.pop()
        if key == INDEX:
            raise ObjectMissing(key)
        return self.inner.get(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        self._is_ahead()
        return self.inner.list(prefix, limit=limit)

    def put(self, key: str, data: bytes) -> None:
        if key != INDEX:
            self.inner.put(key, data)

    def _is_ahead(self) -> bool:
        is_ahead = threading.current_thread().name == NAME
        if not is_ahead:
            self.calls.append("call")
        return is_ahead


@pytest.fixture(scope="module")
def years() -> Filled:
    """Return a store with more nights than a page reads by itself."""
    filled = fill(MemoryStore(), nights=70)
    for number in range(NEW):
        filled.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    return filled


@pytest.fixture
def unread(years: Filled) -> Iterator[Unread]:
    store = Unread(inner=years.store)
    yield store
    store.may.set()


def address(path: str, years: Filled) -> str:
    batch = Registry(years.store).production()[1].lineage.batches[0]
    return path.format(version=years.production, origin=years.origin, digest=batch.digest)


def whole(asked: TestClient, path: str) -> str:
    """Look at a page until it is whole, and return it."""

    def look() -> str:
        answer = asked.get(path)
        return "" if answer.status_code == 503 or "still reading" in answer.text else answer.text

    return until(look, "all documents to be read")


@pytest.mark.parametrize("path", PAGES)
def test_the_first_look_asks_the_store_at_most_twelve_times_and_says_that_it_is_not_whole(
    path: str, years: Filled, unread: Unread, client: Client
) -> None:
    answer = client(unread).get(address(path, years))
    assert len(unread.calls) <= 12
    assert answer.status_code == 503
    assert "documents of the store are read here" in answer.text


def test_until_all_is_read_the_overview_shows_production_and_nothing_that_may_be_wrong(
    years: Filled, unread: Unread, client: Client
) -> None:
    asked = client(unread)
    first = asked.get("/")
    assert "0 of 24" in first.text  # moves, records, manifests, decisions and deliveries
    assert years.production in first.text
    assert 'id="needs"' not in first.text
    assert (first.headers["Refresh"], first.headers["Retry-After"]) == ("2", "2")
    unread.may.set()
    assert whole(asked, "/") == whole(client(years.store), "/")


def test_a_form_that_is_sent_meanwhile_does_nothing(years: Filled, unread: Unread, client: Client) -> None:
    visitor = Visitor(name="airflow:ada", may_edit=True)
    asked = client(
        unread, answering=Answering(person=lambda: "ada", secret=lambda: b"s", visitor=lambda: visitor)
    )
    answer = asked.post(address("/act/rollback/{origin}", years), data={"why": "it is bad"})
    assert answer.status_code == 503
    assert "Nothing was done" in answer.text
    assert "Refresh" not in answer.headers
    assert Registry(years.store).production()[0] == years.production


@pytest.mark.parametrize("path", ["/", "/batches"])
def test_deliveries_that_are_not_read_yet_are_told_and_counted_as_nothing(path: str, client: Client) -> None:
    filled = fill(MemoryStore())
    for number in range(NEW):
        filled.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    store = Unread(inner=filled.store)
    asked = client(store)
    first = asked.get(path).text
    assert f"{NEW} files of the inbox are not read here yet, and in none of these figures" in first
    assert not re.search(r"\d (ignored|in all)", first)
    store.may.set()
    assert whole(asked, path) == whole(client(filled.store), path)


def test_deliveries_whose_reports_are_not_read_yet_are_counted_apart_too(client: Client) -> None:
    filled = fill(MemoryStore())
    manifest = Registry(filled.store).production()[1]
    for number in range(NEW):
        data = b"%d" % number
        batch = BatchRef(name=f"new-{number}.jsonl", digest=digest(data))
        filled.store.create(f"inbox/{batch.name}", data)
        admission = admission_digest(batch, Policies(), manifest)
        key = f"{admission_folder(batch, admission)}/report.json"
        filled.store.create(key, dump(report_on(batch, admission)))
    store = Unread(inner=filled.store, held="batches/")
    asked = client(store)
    told = f"{NEW + 2} files of the inbox are not read here yet"  # one is held, and one is hostile
    until(lambda: told in asked.get("/batches").text, "all but the reports to be read")
    store.may.set()
    assert whole(asked, "/batches") == whole(client(filled.store), "/batches")


def test_a_batch_that_is_not_read_yet_is_not_said_to_be_unknown(client: Client) -> None:
    filled = fill(MemoryStore())
    for number in range(NEW):
        filled.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    store, unknown = Unread(inner=filled.store), "0" * 64
    asked = client(store)
    for path in (f"/batches/{unknown}", f"/act/exclude/{unknown}"):
        assert asked.get(path).status_code == 503
    store.may.set()
    until(lambda: asked.get(f"/batches/{unknown}").status_code == 404, "the inbox to be read")


def test_a_night_on_a_batch_that_is_not_read_yet_is_neither_refused_nor_started(client: Client) -> None:
    filled = fill(MemoryStore())
    for number in range(NEW):
        filled.store.create(f"inbox/new-{number}.jsonl", b"%d" % number)
    store, runs = Unread(inner=filled.store), Runs()
    asked = client(store, starting=Starting(scheduler=lambda: runs, secret=lambda: b"secret"))
    assert f"{NEW} files of the inbox are not read here yet" in asked.get("/start").text
    sent = send(asked, batches=["new-29.jsonl"])
    assert (sent.status_code, runs.started) == (503, {})
    assert "Nothing was done" in sent.text
    store.may.set()
    until(lambda: send(asked, batches=["new-29.jsonl"]).status_code == 303, "the inbox to be read")


def test_an_error_of_the_store_is_told_and_the_next_look_goes_on(unread: Unread, client: Client) -> None:
    unread.problems.append(StoreError("the disk is gone"))
    unread.may.set()
    asked = client(unread)
    until(lambda: "the disk is gone" in asked.get("/models").text, "the error to be told")
    assert "Nights and versions" in whole(asked, "/models")


def test_a_damaged_record_is_told_as_an_error_once_the_others_are_read(years: Filled, client: Client) -> None:
    damaged = OverlayStore(inner=years.store, upper=MemoryStore())
    key = next(entry.key for entry in years.store.list("judgements/"))
    damaged.put(key, b"{")
    store = Unread(inner=damaged)
    store.may.set()
    asked = client(store)
    answer: Any = until(lambda: (found := asked.get("/runs")).status_code != 503 and found, "the error")
    assert answer.status_code == 500
    assert key in answer.text


def test_records_that_are_not_trusted_are_no_reason_to_wait_for_ever(client: Client) -> None:
    bucket = MemoryStore()
    signed: Store = trusted(bucket, (), Ed25519PrivateKey.from_private_bytes(bytes(32)))
    fill(signed, nights=70)
    for entry in [*bucket.list("judgements/")]:
        if not entry.key.endswith(".sig"):
            bucket.put(entry.key, bucket.get(entry.key).replace(b"promoted", b"rejected"))
    page = whole(client(signed), "/runs")
    assert "records are not signed by a trusted key" in page


def test_the_run_that_an_address_names_is_found_without_reading_the_others(
    years: Filled, client: Client
) -> None:
    whole(client(years.store), "/runs")  # another process wrote the index
    store = CountingStore(inner=years.store)
    assert client(store).get("/run/scheduled-1").status_code == 200
    assert len([call for call in store.calls if call.startswith("get judgements/")]) == 1
