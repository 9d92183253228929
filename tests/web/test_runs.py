"""Reports of runs, decided or not yet, promoted or not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from techner.core.policy import Policies
from techner.core.run_documents import Candidate, Changes, Corpus, Evaluation, Judged, Plan
from techner.core.verdict import Verdict
from techner.registry.blobs import save_bytes
from techner.registry.trust import trusted
from techner.runs.documents import RunDocuments
from techner.runs.judgements import judgements
from techner.store import MemoryStore, Store

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py


def test_page_links_to_the_report_of_a_rejected_run(filled: Filled, client: Client) -> None:
    page = client(filled.store)
    assert 'href="run/scheduled-9"' in page.get("/").text
    assert page.get("/run/scheduled-9?report=true").text == "<!doctype html><title>scheduled-9</title>"


@pytest.mark.parametrize("run", ["scheduled__2026-11-20T02:00:00+00:00", "backfill/2026-11/20"])
def test_report_of_an_open_question_is_found_by_its_run(client: Client, run: str) -> None:
    """Nobody has decided yet, so no log knows the run."""
    store = MemoryStore()
    planned = RunDocuments(store=store, id=run)
    planned.write(Plan(batches=(), production="p", origin="o", reference="r", policies=Policies()))
    for kind in (Corpus, Candidate, Evaluation, Changes):
        store.put(planned.key(kind), b"{}")
    planned.write(save_bytes(store, b"what was lost", path="report.html"))
    planned.write(Judged(verdict=Verdict(checks=()), scores=()))
    assert client(store).get(f"/run/{quote(run)}?report=true").text == "what was lost"


@pytest.mark.parametrize("run", ["nowhere", "%2E%2E", "x" * 2000, "a%5Cb"])
def test_report_of_an_unknown_run_is_not_found(filled: Filled, run: str, client: Client) -> None:
    assert client(filled.store).get(f"/run/{run}").status_code == 404


@pytest.mark.parametrize(("run", "home"), [("a", "../"), ("a/b/c", "../../../")])
def test_the_way_back_from_an_unknown_run_leads_to_the_overview(
    filled: Filled, run: str, home: str, client: Client
) -> None:
    assert f'href="{home}"' in client(filled.store).get(f"/run/{run}").text


def test_reports_run_in_no_origin_but_their_own(filled: Filled, client: Client) -> None:
    page = client(filled.store)
    for path in ("/run/scheduled-9?report=true", f"/report/{filled.production}"):
        assert page.get(path).headers["Content-Security-Policy"].endswith("; sandbox")
    assert "sandbox" not in page.get("/").headers["Content-Security-Policy"]  # its links download


def test_a_judgement_that_nobody_signed_serves_no_page_and_is_counted(
    fill: Callable[[Store], Filled], client: Client
) -> None:
    bucket = MemoryStore()
    signed = trusted(bucket, (), Ed25519PrivateKey.from_private_bytes(bytes(32)))
    fill(signed)
    newest = judgements(signed).newest()
    assert newest
    page = save_bytes(bucket, b"<script>alert(1)</script>", path="report.html")
    forged = replace(newest.record, id="forged", report=page, signature=None)
    assert judgements(bucket).append(forged, after=newest.generation)
    assert client(signed).get("/run/forged").status_code == 404
    assert client(signed).get("/run/scheduled-9").status_code == 200
    assert "1 record of a run is not signed" in client(signed).get("/").text
    assert "forged" not in client(signed).get("/").text
