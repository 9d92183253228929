"""The overview: what it shows, and that nothing in it can do harm."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient

from techner.core.errors import StoreError
from techner.store import MemoryStore, Store
from techner.web import create_app

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_page_shows_what_is_in_production_since_when_by_whom_and_why(filled: Filled, client: Client) -> None:
    answer = client(filled.store).get("/")
    assert answer.status_code == 200
    section = text_of(answer.text.partition('id="production"')[2].partition("</section>")[0])
    for shown in (
        filled.production,
        "2026-11-04 02:14 UTC",
        "airflow:schedule",
        "gate: all 2 checks passed (run scheduled-2)",
        "2 batches",
        "ORG, PERSON",
        "PROGRAMMING_LANGUAGE, PROTOCOL",
        "2.3 MB in 4 files",
    ):
        assert shown in section


def test_page_shows_the_last_verdict_with_scores_and_checks(filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/").text
    section = text_of(page.partition('id="verdict"')[2].partition("</section>")[0])
    assert "rejected failed: PERSON against origin" in section
    assert "PERSON pretrained 412 0.861 0.858 0.864 -0.021 … -0.006 worse" in section
    assert "PROGRAMMING_LANGUAGE new 412 – 0.858 0.864 +0.012 … +0.050 better" in section
    assert "0.861 0.840 -0.021 -0.0300 … +0.0090 0.010 400 failed" in section
    assert "0.861 – – – 0.010 – insufficient" in section
    assert "400 insufficient remark" in section


def test_page_shows_the_history_newest_first(filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/").text
    section = page.partition('id="history"')[2]
    assert re.findall(r'data-of="move">(\d+)<', section) == ["3", "2", "1"]
    assert section.index(filled.production) < section.index(filled.origin)


def test_page_shows_at_most_twenty_moves_and_runs(
    filled_for: Callable[[int], Filled], client: Client
) -> None:
    page = client(filled_for(24).store).get("/").text
    assert len(re.findall(r"<tr>", page.partition('id="history"')[2])) == 21
    runs = page.partition('id="runs"')[2].partition('id="history"')[0]
    assert len(re.findall(r"<tr>", runs)) == 21


def test_page_shows_every_delivery_with_its_status(filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/").text
    section = text_of(page.partition('id="deliveries"')[2].partition("</section>")[0])
    assert "2026-10-31.jsonl in production" in section
    assert "2026-11-02.jsonl held – – – failed: PERSON against origin" in section
    assert "2 in production" in section


def test_page_names_what_is_ignored_and_why(filled: Filled, client: Client) -> None:
    filled.store.create("inbox/<i>.tmp", b"half")
    page = client(filled.store).get("/").text
    section = text_of(page.partition('id="deliveries"')[2].partition("</section>")[0])
    assert "1 ignored" in section
    assert "&lt;i&gt;.tmp its name is that of a temporary file" in section


def test_hostile_batch_name_is_escaped(filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/").text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.jsonl" in page


def test_page_forbids_scripts_and_network(filled: Filled, client: Client) -> None:
    for path in ("/", f"/report/{filled.production}", "/run/scheduled-9", "/report/none"):
        policy = client(filled.store).get(path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")


PLACES = (
    *("/", "/openapi.json", "/report/{}", "/run/scheduled-9", "/download/{}", "/report/none"),
    *("/v1/aliases/production", "/v1/versions/{}/manifest", "/v1/versions/{}/files/config.cfg"),
    "/v1/versions/{}/archive",
)


@pytest.mark.parametrize("place", PLACES)
def test_head_is_answered_as_get_is_without_a_body(place: str, filled: Filled, client: Client) -> None:
    asked = client(filled.store)
    whole, head = (ask(place.format(filled.production)) for ask in (asked.get, asked.head))
    assert (head.status_code, head.headers, head.content) == (whole.status_code, whole.headers, b"")


def test_empty_store_says_how_to_begin(client: Client) -> None:
    answer = client(MemoryStore()).get("/")
    assert answer.status_code == 200
    assert "techner init" in answer.text


def test_store_that_is_down_is_said_in_one_sentence() -> None:
    def down() -> Store:
        raise StoreError("s3://models: no answer; check <TECHNER_S3_ENDPOINT>")

    answer = TestClient(create_app(down), raise_server_exceptions=False).get("/")
    assert answer.status_code == 503
    assert "no answer; check &lt;TECHNER_S3_ENDPOINT&gt;" in answer.text


def test_page_works_below_a_prefix(filled: Filled) -> None:
    outer = FastAPI()
    outer.mount("/some/techner", create_app(lambda: filled.store))
    page = TestClient(outer)
    links = re.findall(r'href="([^"]+)"', page.get("/some/techner/").text)
    assert f"download/{filled.production}" in links
    addresses = [urljoin("/some/techner/", link) for link in links]
    assert {page.get(address).status_code for address in addresses} == {200}
    back = re.search(r'href="([^"]+)"', page.get("/some/techner/report/none").text)
    assert back
    assert urljoin("/some/techner/report/none", back[1]) == "/some/techner/"


def test_dependencies_guard_every_address(filled: Filled, client: Client) -> None:
    def refuse() -> None:
        raise HTTPException(401)

    guarded = client(filled.store, dependencies=[Depends(refuse)])
    for path in (
        "/",
        f"/download/{filled.production}",
        f"/report/{filled.production}",
        "/run/scheduled-9",
        "/openapi.json",
        "/v1/aliases/production",
        f"/v1/versions/{filled.production}/manifest",
        f"/v1/versions/{filled.production}/files/config.cfg",
        f"/v1/versions/{filled.production}/archive",
    ):
        assert guarded.get(path).status_code == 401
    for path in ("/docs", "/redoc"):
        assert guarded.get(path).status_code == 404


def test_page_needs_neither_airflow_nor_spacy() -> None:
    heavy = ("airflow", "spacy", "numpy", "boto3", "great_expectations", "pandas")
    program = f"import sys, techner.web; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
