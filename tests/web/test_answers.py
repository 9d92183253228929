"""The form on the page of a run: who may answer, what is checked, and what is kept."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from techner.core.policy import Policies
from techner.core.records import RunEnd
from techner.core.run_documents import Candidate, Changes, Corpus, Evaluation, Judged, Plan
from techner.core.verdict import Verdict
from techner.registry.blobs import save_bytes
from techner.runs.answers import answered
from techner.runs.documents import RunDocuments
from techner.runs.endings import begin
from techner.runs.judgements import Word
from techner.store import MemoryStore
from techner.web import Answering
from tests.web.conftest import FAILED

RUN = "manual/2026-11-20"
Client = Callable[..., TestClient]
ASKED = Verdict(checks=tuple(replace(check, name="<b>rare</b>") for check in FAILED.checks[2:]))


@pytest.fixture
def run() -> RunDocuments:
    """Return a run about which the gate asks."""
    run = RunDocuments(store=MemoryStore(), id=RUN)
    run.write(Plan(batches=(), production="p", origin="o", reference="r", policies=Policies()))
    for kind in (Corpus, Candidate, Evaluation, Changes):
        run.store.put(run.key(kind), b"{}")
    run.write(save_bytes(run.store, b"what was lost", path="report.html"))
    run.write(Judged(verdict=ASKED, scores=()))
    return run


def answering(who: str | None = "airflow:ada") -> Answering:
    return Answering(person=lambda: who, secret=lambda: b"secret")


def send(page: TestClient, token: str | None = None, **fields: str) -> httpx.Response:
    """Send the form as a browser does."""
    if token is None:
        found = re.search(r'name="token" value="(\w+)"', page.get(f"/run/{RUN}").text)
        token = found[1] if found else ""
    sent: httpx.Response = page.post(f"/run/{RUN}", data={"token": token} | fields, follow_redirects=False)
    return sent


def said(run: RunDocuments) -> tuple[Any, ...] | None:
    found = answered(run)
    return (found.word, found.who, found.why) if found else None


def test_an_answer_is_kept_with_name_and_reason(run: RunDocuments, client: Client) -> None:
    page = client(run.store, answering=answering())
    sent = send(page, end="publish", why=" read <i>forty</i> examples ")
    assert (sent.status_code, sent.headers["Location"]) == (303, "?")
    assert said(run) == (RunEnd.PUBLISH, "airflow:ada", "read <i>forty</i> examples")
    shown = page.get(f"/run/{RUN}").text
    assert "airflow:ada</bdi> said publish" in shown
    assert "read &lt;i&gt;forty&lt;/i&gt; examples" in shown
    assert "<form" not in shown


def test_a_form_that_is_too_long_to_be_one_is_not_read(run: RunDocuments, client: Client) -> None:
    sent = send(client(run.store, answering=answering()), end="reject", why="read", filling="x" * 2**16)
    assert sent.status_code == 422
    assert said(run) is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"end": "publish", "why": " \n"}, "A yes needs a reason"),
        ({"end": "publish", "why": "x" * 2001}, "The reason has 2001 characters; 2000 are allowed"),
        ({"end": "abandon", "why": "late"}, "Choose publish or reject"),
        ({"why": "late"}, "Choose publish or reject"),
    ],
)
def test_a_faulty_answer_is_told_beside_the_form_and_nothing_is_kept(
    run: RunDocuments, client: Client, fields: dict[str, str], told: str
) -> None:
    answer = send(client(run.store, answering=answering()), **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert fields["why"].strip() in answer.text
    assert said(run) is None


def test_a_no_needs_no_reason(run: RunDocuments, client: Client) -> None:
    assert send(client(run.store, answering=answering()), end="reject", why="").status_code == 303
    assert said(run) == (RunEnd.REJECT, "airflow:ada", "")


def test_a_form_that_another_site_made_is_refused(run: RunDocuments, client: Client) -> None:
    page = client(run.store, answering=answering())
    assert send(page, token="0" * 64, end="publish", why="trust me").status_code == 422
    assert send(page, token="", end="publish", why="trust me").status_code == 422
    assert said(run) is None


def test_a_form_of_another_person_or_an_earlier_verdict_is_refused(run: RunDocuments, client: Client) -> None:
    form = client(run.store, answering=answering("airflow:bob")).get(f"/run/{RUN}").text
    token = re.findall(r'name="token" value="(\w+)"', form)[0]
    assert send(client(run.store, answering=answering()), token=token, end="reject").status_code == 422
    run.write(Judged(verdict=Verdict(checks=ASKED.checks[:1]), scores=()))
    assert (
        send(client(run.store, answering=answering("airflow:bob")), token=token, end="reject").status_code
        == 422
    )
    assert said(run) is None


def test_who_may_not_answer_sees_no_form_and_is_refused(run: RunDocuments, client: Client) -> None:
    page = client(run.store, answering=answering(None))
    assert "<form" not in page.get(f"/run/{RUN}").text
    assert send(page, token="", end="reject").status_code == 403
    assert said(run) is None


def test_a_server_without_logins_takes_no_answer(run: RunDocuments, client: Client) -> None:
    page = client(run.store)
    assert "<form" not in page.get(f"/run/{RUN}").text
    assert send(page, token="", end="reject").status_code == 403


def test_a_dry_run_asks_nobody(run: RunDocuments, client: Client) -> None:
    judged = run.read(Judged)
    run.write(replace(run.read(Plan), dry_run=True))
    run.seen.clear()
    run.write(replace(judged, made_from={}))
    page = client(run.store, answering=answering()).get(f"/run/{run.id}").text
    assert "<form" not in page


def test_the_second_of_two_answers_is_told(run: RunDocuments, client: Client) -> None:
    page = client(run.store, answering=answering())
    assert send(page, end="reject").status_code == 303
    second = send(page, token="", end="publish", why="no, yes")
    assert second.status_code == 409
    assert "airflow:ada</bdi> said reject" in second.text


@pytest.mark.parametrize(("minutes", "times"), [(1, 0), (20, 1)])
def test_an_answer_that_nothing_came_of_is_flagged_with_what_to_do(
    run: RunDocuments, client: Client, minutes: int, times: int
) -> None:
    when = datetime.now(UTC) - timedelta(minutes=minutes)
    begin(run, RunEnd.PUBLISH, Word(who="airflow:ada", when=when, why="read them"))
    shown = client(run.store).get(f"/run/{RUN}").text
    assert shown.count("answered, not continued") == times
    assert shown.count(f"techner run approve '{RUN}'") == times


def test_the_page_shows_open_checks_and_lets_no_label_write_html(run: RunDocuments, client: Client) -> None:
    shown = client(run.store).get(f"/run/{RUN}").text
    assert "&lt;b&gt;rare&lt;/b&gt;" in shown
    assert "<b>rare" not in shown


def test_the_page_may_send_its_own_form_and_frame_its_own_report_and_no_more(
    run: RunDocuments, client: Client
) -> None:
    policy = client(run.store).get(f"/run/{RUN}").headers["Content-Security-Policy"]
    assert "form-action 'self'; frame-src 'self'" in policy
    assert "default-src 'none'" in policy
