"""The pages that change something: what they say, what they do, and whom they refuse."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi.testclient import TestClient

from techner.core.errors import Untrusted
from techner.core.records import BatchWord, Generation
from techner.inbox.decisions import decide, last_word
from techner.inbox.survey import Status, survey
from techner.registry import Registry
from techner.settings import load_settings
from techner.store import MemoryStore, Store, Stored
from techner.store.wrapped import WrappedStore
from techner.web import Answering, Visitor
from tests.waiting import until
from tests.web.conftest import HOSTILE, WHEN
from tests.world import POLICIES, World, tech_batch

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
ADA = Visitor(name="airflow:ada", may_edit=True)


def seen_by(visitor: Visitor = ADA) -> Answering:
    return Answering(person=lambda: None, secret=lambda: b"secret", visitor=lambda: visitor)


def fields(html: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))


def send(page: TestClient, address: str, **changed: str) -> httpx.Response:
    """Read a page and send its form, as a browser does."""
    form = fields(page.get(address).text) | {"why": "it finds ghosts"} | changed
    sent: httpx.Response = page.post(address, data=form, follow_redirects=False)
    return sent


def newest(store: Store) -> Generation:
    found = Registry(store).log().newest()
    assert found
    return found.record


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def digest_of(store: Store, name: str) -> str:
    states = survey(store, load_settings().policies, cache=load_settings().cache)
    return next(state.ref.digest for state in states if state.ref.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted(WrappedStore):
    """Holds decisions that no trusted key has signed."""

    def get(self, key: str) -> bytes:
        if key.startswith("decisions/"):
            raise Untrusted(key, "signed by nobody")
        return self.inner.get(key)


def test_a_batch_whose_last_word_is_not_trusted_is_released_on_its_page(world: World, client: Client) -> None:
    """Its time is none, which no zone west of Greenwich has."""
    world.deliver("a.jsonl", tech_batch(0, 5))
    (state,) = survey(world.store, POLICIES, cache=world.cache)
    decide(world.store, state.ref, BatchWord.EXCLUDE, who="ada", why="not ours", when=WHEN)
    store = Doubted(inner=world.store)
    asked = client(store, answering=seen_by(), zone=ZoneInfo("America/New_York"))
    page = asked.get(f"/act/release/{state.ref.digest}")
    assert page.status_code == 200
    assert "release or exclude it again" in page.text


def test_a_rollback_and_a_promotion_do_what_the_command_line_does(promoted: World, client: Client) -> None:
    page = client(promoted.store, answering=seen_by())
    version, manifest = Registry(promoted.store).production()
    back, forward = f"/act/rollback/{manifest.parent}", f"/act/promote/{version}"
    told = text_of(page.get(back).text)
    assert "1 batch leaves production: first.jsonl . Held, so that no night learns from it" in told
    assert f"It no longer finds {', '.join(manifest.new_labels)}" in told

    sent = send(page, back, why=" it finds <i>ghosts</i> ")
    assert (sent.status_code, sent.headers["Location"]) == (303, "?done=true")
    move = newest(promoted.store)
    assert (move.version, move.who, move.why) == (
        manifest.parent,
        "airflow:ada",
        "rollback: it finds <i>ghosts</i>",
    )
    (state,) = survey(promoted.store, POLICIES, cache=promoted.cache)
    assert state.status is Status.HELD
    after = page.get(f"{back}?done=true").text
    assert f"Production names {manifest.parent}." in after
    assert ">done<" in after
    assert "it finds &lt;i&gt;ghosts&lt;/i&gt;" in after
    assert "<form" not in after

    assert "1 batch comes into production: first.jsonl" in text_of(page.get(forward).text)
    assert send(page, forward, why="it was right").status_code == 303
    move = newest(promoted.store)
    assert (move.version, move.who, move.why) == (version, "airflow:ada", "promoted: it was right")
    assert not any(promoted.store.list("runs/rollback"))
    assert not any(promoted.store.list("runs/promote"))


def test_a_version_that_does_not_load_is_refused_and_nothing_moves(filled: Filled, client: Client) -> None:
    """The files of this store are no model."""
    answer = send(client(filled.store, answering=seen_by()), f"/act/rollback/{filled.origin}")
    assert answer.status_code == 500
    assert "does not load in a clean process" in answer.text
    assert newest(filled.store).version == filled.production


def test_a_page_says_what_would_change_beside_the_scores(filled: Filled, client: Client) -> None:
    told = text_of(client(filled.store, answering=seen_by()).get(f"/act/rollback/{filled.origin}").text)
    assert "2 batches leave production: 2026-10-30.jsonl , 2026-10-31.jsonl" in told
    assert "It no longer finds PROGRAMMING_LANGUAGE, PROTOCOL" in told
    assert "gate: all 2 checks passed (run scheduled-2)" in told


def test_a_form_that_was_read_before_production_moved_does_nothing(filled: Filled, client: Client) -> None:
    page, address = client(filled.store, answering=seen_by()), f"/act/rollback/{filled.origin}"
    form = fields(page.get(address).text) | {"why": "late"}
    between = Registry(filled.store).manifest(filled.production).parent
    assert between
    Registry(filled.store).move(
        between, expected=filled.production, who="cli:bob", why="rollback: <b>ghosts</b>", when=WHEN
    )
    answer = page.post(address, data=form)
    assert answer.status_code == 409
    assert f"Production was moved meanwhile: it names {between} (cli:bob: rollback" in answer.text
    assert "<b>ghosts" not in answer.text
    assert "late</textarea>" in answer.text
    assert newest(filled.store).version == between


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (" \n", "A reason is needed"),
        ("…!", "A reason is needed"),
        ("x" * 2001, "The reason has 2001 characters; 2000 are allowed"),
    ],
)
@pytest.mark.parametrize("action", ["rollback", "exclude"])
def test_a_reason_that_is_none_is_told_beside_the_form(
    action: str, why: str, told: str, filled: Filled, client: Client
) -> None:
    page = client(filled.store, answering=seen_by())
    about = filled.origin if action == "rollback" else digest_of(filled.store, HOSTILE)
    answer = send(page, f"/act/{action}/{about}", why=why)
    assert answer.status_code == 422
    assert told in answer.text
    assert newest(filled.store).version == filled.production
    assert not any(filled.store.list(f"decisions/{about}/"))


def test_who_may_not_edit_the_dag_sees_what_would_happen_and_does_nothing(
    filled: Filled, client: Client
) -> None:
    form = fields(client(filled.store, answering=seen_by()).get(f"/act/rollback/{filled.origin}").text)
    page = client(filled.store, answering=seen_by(Visitor(name="airflow:ada")))
    shown = page.get(f"/act/rollback/{filled.origin}").text
    assert "What will happen" in shown
    assert "<form" not in shown
    refused = page.post(f"/act/rollback/{filled.origin}", data=form | {"why": "mine"})
    assert refused.status_code == 403
    assert "Airflow does not let you edit the DAG" in refused.text
    assert newest(filled.store).version == filled.production


def test_a_form_of_another_person_action_object_or_state_is_refused(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    bob = client(filled.store, answering=seen_by(Visitor(name="airflow:bob", may_edit=True)))
    address = f"/act/exclude/{digest_of(filled.store, HOSTILE)}"
    held = f"/act/exclude/{digest_of(filled.store, '2026-11-02.jsonl')}"
    mine = fields(page.get(address).text)
    state, token = mine["state"], mine["token"]
    for tried, form in (
        (page, {}),
        (page, {"state": state, "token": ""}),
        (page, {"state": state, "token": "0" * 64}),
        (page, {"state": f"{state}0", "token": token}),
        (bob, mine),
    ):
        assert tried.post(address, data=form | {"why": "trust me"}).status_code == 422
    for other in (held, address.replace("exclude", "release")):
        assert page.post(other, data=mine | {"why": "trust me"}).status_code == 422
    assert not any(filled.store.list(f"decisions/{digest_of(filled.store, HOSTILE)}/"))


def test_a_form_too_long_to_be_one_is_not_read(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    assert send(page, f"/act/rollback/{filled.origin}", filling="x" * 2**16).status_code == 422


def test_what_cannot_be_done_says_why_and_has_no_form(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    learnt = digest_of(filled.store, "2026-10-30.jsonl")
    pending = digest_of(filled.store, HOSTILE)
    for address, told in {
        f"/act/rollback/{filled.production}": f"Production names {filled.production}.",
        f"/act/promote/{filled.origin}": f"Production was made from {filled.origin}: roll back to it",
        f"/act/exclude/{learnt}": "only a rollback takes it out",
        f"/act/release/{pending}": "The batch is pending: nothing keeps it out",
    }.items():
        shown = page.get(address).text
        assert told in shown
        assert "<form" not in shown


@pytest.mark.parametrize(
    "about", ["none", "0001-0123456789abcdef", "..%2F..", "%2e%2e", "a%00b", "<i>", "0" * 64, "é" * 300]
)
@pytest.mark.parametrize("action", ["rollback", "promote", "exclude", "release", "delete"])
def test_what_does_not_exist_is_not_found(action: str, about: str, filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    address = f"/act/{action}/{quote(about, safe='%')}"
    assert page.get(address).status_code == 404
    assert page.post(address, data={"why": "x"}).status_code == 404


def test_a_batch_is_excluded_and_released_with_name_and_reason(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    digest = digest_of(filled.store, HOSTILE)
    asked = page.get(f"/act/exclude/{digest}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.jsonl" in asked
    assert "<script>alert" not in asked
    assert "No night learns from this batch until somebody releases it" in asked
    assert send(page, f"/act/exclude/{digest}", why="<b>wrong</b>").status_code == 303
    states = {
        state.ref.digest: state for state in survey(filled.store, POLICIES, cache=load_settings().cache)
    }
    decision = states[digest].decision
    assert decision
    assert (decision.word, decision.who, decision.why) == ("exclude", "airflow:ada", "<b>wrong</b>")
    shown = page.get(f"/act/exclude/{digest}?done=true").text
    assert "The batch is excluded." in shown
    assert "&lt;b&gt;wrong&lt;/b&gt;" in shown

    assert "The batch is due again" in page.get(f"/act/release/{digest}").text
    assert send(page, f"/act/release/{digest}", why="read it").status_code == 303
    assert "The batch is pending: nothing keeps it out" in page.get(f"/act/release/{digest}").text


def test_a_word_on_a_batch_that_another_had_meanwhile_comes_first(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by())
    ref = next(
        state.ref
        for state in survey(filled.store, POLICIES, cache=load_settings().cache)
        if state.ref.name == HOSTILE
    )
    form = fields(page.get(f"/act/exclude/{ref.digest}").text) | {"why": "wrong"}
    decide(filled.store, ref, BatchWord.RELEASE, who="cli:bob", why="it is right", when=WHEN)
    answer = page.post(f"/act/exclude/{ref.digest}", data=form)
    assert answer.status_code == 409
    assert "The batch is pending now (cli:bob: it is right). Nothing was done" in answer.text
    said = last_word(filled.store, ref)
    assert said
    assert said.word is BatchWord.RELEASE


class Slow(MemoryStore):
    """Sends no blob before it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may, self.asked = threading.Event(), threading.Event()

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        self.asked.set()
        assert self.may.wait(60)
        return super().chunks(key, start=start)


def test_one_form_is_carried_out_at_a_time(fill: Callable[[Store], Filled], client: Client) -> None:
    store = Slow()
    filled = fill(store)
    page, address = client(store, answering=seen_by()), f"/act/rollback/{filled.origin}"
    form = fields(page.get(address).text) | {"why": "ghosts"}
    first = threading.Thread(target=page.post, args=(address,), kwargs={"data": form})
    first.start()
    try:
        until(store.asked.is_set, "the first form is carried out")
        second = page.post(address, data=form)
        assert second.status_code == 503
        assert "Another form is being carried out" in second.text
        assert second.headers["Retry-After"]
    finally:
        store.may.set()
        first.join()


class Counting(MemoryStore):
    """Counts what is asked of it."""

    calls = 0

    def get(self, key: str) -> bytes:
        self.calls += 1
        return super().get(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        self.calls += 1
        return super().list(prefix, limit=limit)


def test_a_move_is_told_from_few_reads_however_many_versions_there_are(
    fill: Callable[..., Filled], client: Client
) -> None:
    store = Counting()
    filled = fill(store, nights=24)
    before = Registry(store).manifest(filled.production).parent
    store.calls = 0
    shown = client(store, answering=seen_by()).get(f"/act/rollback/{before}").text
    assert "<form" in shown
    assert store.calls <= 12
