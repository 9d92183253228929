"""The page of a run without a verdict: what is known of it, from the store and from what runs the nights."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.run_documents import Progress
from techner.documents import dump
from techner.runs.documents import RunDocuments
from techner.runs.gone import say_gone
from techner.store import FolderStore, Store
from techner.web import Starting
from techner.web.begun import look_at_begun
from tests.web.conftest import PLAN
from tests.web.test_start import Runs

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
STATES = {
    "queued": "It waits for its turn in Airflow.",
    "running": "It is under way in Airflow.",
    "failed": "The run failed in Airflow",
    "success": "It found nothing to do",
}


def begin(store: Store, run: str = "tonight") -> None:
    store.put(f"runs/{run}/plan.json", dump(PLAN))


def words(page: str) -> str:
    body = page.partition("<main")[2]
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", body, flags=re.DOTALL).split())


def known_to(runs: Runs) -> dict[str, Any]:
    return {"starting": Starting(scheduler=lambda: runs, secret=lambda: b"secret")}


def test_a_run_that_trains_shows_its_plan_and_how_far_it_came(filled: Filled, client: Client) -> None:
    begin(filled.store)
    told = Progress(epoch=5, epochs=33, minutes_left=12.5, when=datetime.now(UTC))
    filled.store.put("runs/tonight/corpus.json", b"{}")
    filled.store.put("runs/tonight/progress", dump(told))
    answer = client(filled.store).get("/run/tonight")
    assert answer.status_code == 200
    shown = words(answer.text)
    for fact in (
        "&lt;script&gt;alert(1)&lt;/script&gt;.jsonl",
        "goes on from 0001-0123456789abcdef",
        "training extend, seed 0, as many epochs as its examples take",
        "admit done",
        "uptrain under way : epoch 6 of 33, at most 13 minutes left",
    ):
        assert fact in shown


def test_a_run_that_goes_on_without_some_batches_says_how_many(filled: Filled, client: Client) -> None:
    begin(filled.store)
    say_gone(RunDocuments(store=filled.store, id="tonight"), PLAN.batches[0], "it was removed")
    shown = words(client(filled.store).get("/run/tonight").text)
    assert "left out 1 batch, overwritten or removed after the plan; the next night takes" in shown


def test_a_run_that_was_stopped_says_what_to_do_where_nobody_knows_its_state(
    filled: Filled, client: Client
) -> None:
    begin(filled.store)
    shown = words(client(filled.store).get("/run/tonight").text)
    assert "techner run abandon" in shown
    assert "admit next" in shown


def test_a_document_that_cannot_be_read_is_told_and_hides_no_other(filled: Filled, client: Client) -> None:
    begin(filled.store)
    filled.store.put("runs/tonight/corpus.json", b"[]")
    shown = words(client(filled.store).get("/run/tonight").text)
    assert "damaged runs/tonight/corpus.json" in shown
    assert "goes on from" in shown


@pytest.mark.parametrize("state", STATES)
def test_a_run_that_only_airflow_knows_says_so_and_leads_there(
    state: str, filled: Filled, client: Client
) -> None:
    runs = Runs(started={"manual__1": {}}, told_state=state)
    answer = client(filled.store, **known_to(runs)).get("/run/manual__1")
    assert answer.status_code == 200
    assert STATES[state] in words(answer.text)
    assert 'href="/dags/nightly/runs/manual__1" target="_top"' in answer.text


@pytest.mark.parametrize("run", ["nowhere", "%2E%2E", "a%5Cb"])
def test_a_run_that_nobody_knows_is_not_found(run: str, filled: Filled, client: Client) -> None:
    runs = Runs(started={"..": {}})
    assert client(filled.store, **known_to(runs)).get(f"/run/{run}").status_code == 404


def test_the_store_is_not_asked_for_a_run_that_cannot_be(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    begin(store)
    assert look_at_begun(store, "x" * 2000, datetime.now(UTC)) is None


def test_a_run_of_which_another_id_is_the_beginning_is_not_that_run(filled: Filled, client: Client) -> None:
    begin(filled.store, "backfill/2026")
    assert client(filled.store).get("/run/backfill").status_code == 404
    assert client(filled.store).get("/run/backfill/2026").status_code == 200


def test_overview_and_runs_lead_to_a_run_that_was_begun(filled: Filled, client: Client) -> None:
    begin(filled.store)
    for path in ("/", "/runs"):
        assert 'href="./run/tonight"' in client(filled.store).get(path).text


def test_nobody_answers_a_run_that_does_not_ask(filled: Filled, client: Client) -> None:
    begin(filled.store)
    assert client(filled.store).post("/run/tonight", data={"end": "publish"}).status_code == 403
