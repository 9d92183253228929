"""What each visitor sees, and where those go who have not logged in."""

import re
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.params import Depends
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from techner.core.policy import Policies
from techner.core.run_documents import Changes
from techner.inbox.survey import survey
from techner.night.admit import admit
from techner.night.plan import plan
from techner.runs.documents import RunDocuments
from techner.store import MemoryStore
from techner.web import Answering, Visitor, create_app
from tests.world import World

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VIEWER = Visitor(name="airflow:vic")
EVERYBODY = {
    "/",
    "/openapi.json",
    "/run/{run_id:path}",  # its report is guarded apart
    "/start",
    "/models",
    "/models/{version}",
    "/compare",
    "/batches",
    "/batches/{digest}",  # its findings are counted for all, and quoted for who may read texts
    "/runs",
    "/card/{version}",
    "/act/{name}/{about}",
    "/v1/aliases/{alias}",
    "/v1/versions/{version}/manifest",
}
TEXTS = {
    "/report/{version}",
    "/batches/{digest}/report",
    "/batches/{digest}/fix",
    "/batches/{digest}/fix-metadata",
    "/try",
}
FILES = {"/download/{version}", "/v1/versions/{version}/files/{path:path}", "/v1/versions/{version}/archive"}


def seen_by(visitor: Visitor, **options: Any) -> Answering:
    return Answering(
        person=lambda: visitor.name, secret=lambda: b"secret", visitor=lambda: visitor, **options
    )


def guards(app: FastAPI) -> dict[str, set[str]]:
    """Return the name of each guard by the path of the routes that have it."""
    return {
        route.path: {
            dependency.dependency.__qualname__.partition(".")[0]
            for dependency in route.dependencies
            if isinstance(dependency, Depends) and dependency.dependency
        }
        for route in app.routes
        if isinstance(route, APIRoute)
    }


def test_each_address_says_what_it_shows() -> None:
    """An address that is new must be put into one of the sets."""
    found = guards(create_app(MemoryStore, answering=seen_by(VIEWER)))
    assert {path for path, names in found.items() if "texts_only_for" in names} == TEXTS
    assert {path for path, names in found.items() if "files_only_for" in names} == FILES
    assert set(found) == EVERYBODY | TEXTS | FILES


@pytest.mark.parametrize("path", ["/report/{}", "/run/scheduled-9?report=true", "/try"])
def test_who_may_not_read_texts_reads_no_report(path: str, filled: Filled, client: Client) -> None:
    address = path.format(filled.production)
    refused = client(filled.store, answering=seen_by(VIEWER)).get(address, headers=BROWSER)
    assert refused.status_code == 403
    assert "You may see counts, but not texts" in refused.text
    assert "Not allowed" in refused.text
    reader = Visitor(may_read=True)
    assert client(filled.store, answering=seen_by(reader)).get(address).status_code == 200


def test_the_page_of_a_run_has_no_report_for_who_may_not_read_texts(filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by(VIEWER)).get("/run/scheduled-9").text
    assert "PERSON" in page  # a check, by its label
    assert "<iframe" not in page


def test_findings_are_counted_but_not_quoted_for_who_may_not_read_texts(world: World, client: Client) -> None:
    row = b'{"text": "The secret word is Xyzzy.", "label": [[19, 99, "PROTOCOL"]]}\n'
    world.store.create("inbox/monday.jsonl", row)
    run = world.run()
    plan(run, Policies())
    (state,) = survey(world.store, Policies(), cache=world.cache)
    report = admit(run, state.ref.digest)
    assert report.issues
    shown = {
        may_read: client(world.store, answering=seen_by(Visitor(may_read=may_read))).get("/batches").text
        for may_read in (True, False)
    }
    for text in shown.values():
        assert report.issues[0].code in text
    assert report.issues[0].detail in shown[True].replace("&#39;", "'")
    assert report.issues[0].detail not in shown[False].replace("&#39;", "'")


def test_the_sentences_of_a_run_are_only_for_who_may_read_texts(refused: World, client: Client) -> None:
    changes = RunDocuments(store=refused.store, id="run-2").read(Changes)
    texts = {escape(change.text) for change in changes.shown}
    shown = {
        may_read: client(refused.store, answering=seen_by(Visitor(may_read=may_read))).get("/run/run-2").text
        for may_read in (True, False)
    }
    words = {may_read: re.sub(r"<[^>]+>", "", page) for may_read, page in shown.items()}
    assert any(text[:20] in words[True] for text in texts)
    assert not any(text in words[False] or text[:20] in words[False] for text in texts)


def test_faults_of_a_batch_are_counted_but_not_quoted_for_who_may_not_read(
    world: World, client: Client
) -> None:
    row = b'{"text": "The secret word is Xyzzy.", "label": [[19, 99, "PROTOCOL"]]}\n'
    world.store.create("inbox/monday.jsonl", row)
    run = world.run()
    plan(run, Policies())
    (state,) = survey(world.store, Policies(), cache=world.cache)
    detail = admit(run, state.ref.digest).issues[0].detail
    for may_read in (True, False):
        answering = seen_by(Visitor(may_read=may_read))
        page = client(world.store, answering=answering).get(f"/batches/{state.ref.digest}").text
        assert (detail in page.replace("&#39;", "'")) is may_read
        assert "quarantine_share" in page


def test_nobody_is_offered_what_is_refused_to_them(filled: Filled, client: Client) -> None:
    offers = ("download/", "report/")
    for path in ("/", f"/models/{filled.production}"):
        seen = client(filled.store, answering=seen_by(VIEWER)).get(path).text
        assert not any(offer in seen for offer in offers)
    anybody = client(filled.store).get(f"/models/{filled.production}").text
    assert all(offer in anybody for offer in offers)


def test_a_browser_is_told_which_methods_an_address_has(filled: Filled, client: Client) -> None:
    answer = client(filled.store).post("/models", headers=BROWSER)
    assert answer.status_code == 405
    assert answer.headers["Allow"] in ("GET", "HEAD")


@pytest.mark.parametrize(
    "path", ["/download/{}", "/v1/versions/{}/files/config.cfg", "/v1/versions/{}/archive"]
)
def test_who_may_not_download_gets_no_file(path: str, filled: Filled, client: Client) -> None:
    page = client(filled.store, answering=seen_by(VIEWER))
    address = path.format(filled.production)
    refused = page.get(address)
    assert refused.status_code == 403
    assert refused.json() == {"detail": "You may look, but not download the files of a model."}
    assert page.head(address).status_code == 403
    assert page.get(f"/v1/versions/{filled.production}/manifest").status_code == 200
    may = Visitor(may_download=True)
    assert client(filled.store, answering=seen_by(may)).get(address).status_code == 200


def stranger() -> Visitor:
    raise HTTPException(401, "Not authenticated")


def nobody() -> str | None:
    raise HTTPException(401, "Not authenticated")


def to_login(request: Request, error: HTTPException) -> str | None:
    return f"/login?next={request.url.path}" if error.status_code == 401 else None


@pytest.fixture
def closed(filled: Filled, client: Client) -> TestClient:
    """Return an app into which nobody has logged in."""
    return client(
        filled.store,
        answering=Answering(person=nobody, secret=lambda: b"", visitor=stranger, login=to_login),
    )


@pytest.mark.parametrize("path", ["/batches", "/run/scheduled-9", "/act/rollback/0001-0123456789abcdef"])
def test_a_browser_without_login_is_sent_there_and_led_back(path: str, closed: TestClient) -> None:
    sent = closed.get(path, headers=BROWSER, follow_redirects=False)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/login?next={path}")
    assert sent.headers["Cache-Control"] == "no-store"


def test_a_client_of_the_api_without_login_gets_401_as_json(filled: Filled, closed: TestClient) -> None:
    address = f"/v1/versions/{filled.production}/archive"
    for headers in ({}, BROWSER):  # whatever it says that it accepts
        refused = closed.get(address, headers=headers, follow_redirects=False)
        assert (refused.status_code, refused.json()) == (401, {"detail": "Not authenticated"})
    assert closed.get("/batches").json() == {"detail": "Not authenticated"}


def test_a_refusal_that_a_login_does_not_help_is_a_page(filled: Filled, client: Client) -> None:
    answering = seen_by(VIEWER, login=to_login)
    refused = client(filled.store, answering=answering).get(f"/report/{filled.production}", headers=BROWSER)
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert 'href="../"' in refused.text


def test_an_address_that_does_not_exist_is_a_page_for_a_browser(filled: Filled, client: Client) -> None:
    answer = client(filled.store).get("/no/such/page", headers=BROWSER)
    assert answer.status_code == 404
    assert 'href="../../"' in answer.text
