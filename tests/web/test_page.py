"""All pages: that nothing in them can do harm, that they are guarded, and that their links lead somewhere."""

import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin
from zoneinfo import ZoneInfo

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient

from techner.core.errors import StoreError
from techner.core.policy import Policies
from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.inbox.survey import survey
from techner.registry import Registry
from techner.store import FolderStore, MemoryStore, Store
from techner.web import create_app
from techner.web.pages import SCRIPT

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
Fill = Callable[[Store], Filled]
WHEN = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
PAGES = ("/", "/models", "/models/{0}", "/compare?a={0}&b={0}", "/batches", "/runs")


@pytest.mark.parametrize("path", [*PAGES, "/run/scheduled-9", "/start", "/models/none"])
def test_a_page_allows_its_one_script_by_its_hash_and_nothing_from_the_network(
    path: str, filled: Filled, client: Client
) -> None:
    page = client(filled.store).get(path.format(filled.production))
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*)", policy) == [f"'sha256-{allowed}'"]


def test_a_report_runs_no_script(filled: Filled, client: Client) -> None:
    page = client(filled.store)
    for path in (f"/report/{filled.production}", "/run/scheduled-9?report=true"):
        policy = page.get(path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "script" not in policy


PLACES = (
    *PAGES,
    *("/openapi.json", "/report/{}", "/run/scheduled-9", "/download/{}", "/report/none"),
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


ELSEWHERE = re.compile(r"/some/techner/(?:try|start|act/.*)$")
"""Addresses of pages with tests of their own."""


def test_every_link_of_every_page_leads_somewhere_below_a_prefix(filled: Filled) -> None:
    outer = FastAPI()
    outer.mount("/some/techner", create_app(lambda: filled.store))
    client, seen, todo = TestClient(outer), set(), ["/some/techner/"]
    while todo:
        here = todo.pop()
        answer = client.get(here)
        assert answer.status_code == 200, here
        seen.add(here)
        links = re.findall(r'(?:href|action)="([^"]+)"', answer.text)
        found = {urljoin(here, unescape(link)).partition("#")[0] for link in links}
        assert all(address.startswith("/some/techner/") for address in found), found
        todo += [one for one in found - seen - {*todo} if not ELSEWHERE.search(one) and "/compare" not in one]
    assert {
        "/some/techner/models",
        "/some/techner/batches?state=held",
        "/some/techner/run/scheduled-9",
    } <= seen


def test_a_page_that_fails_leads_back_to_the_overview(filled: Filled) -> None:
    outer = FastAPI()
    outer.mount("/some/techner", create_app(lambda: filled.store))
    page = TestClient(outer)
    for path in ("report/none", "run/none/of/these", "run/none%2Fof", "models/none", "batches/none"):
        answer = page.get(f"/some/techner/{path}")
        assert answer.status_code == 404
        back = re.search(r'class="button" href="([^"]+)"', answer.text)
        assert back
        assert urljoin(f"/some/techner/{path}", back[1]) == "/some/techner/"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "models/none",
            "No version or alias &#39;none&#39;; <code>techner model list</code> shows all versions.",
        ),
        ("run/a`<b>", "No run &#39;a`&lt;b&gt;&#39;; `techner run list` shows the judged ones."),
        ("no/such/page", "There is no page at this address."),
    ],
)
def test_an_error_is_a_sentence_with_its_commands_marked(
    path: str, told: str, filled: Filled, client: Client
) -> None:
    page = client(filled.store).get(f"/{quote(path)}", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert f"<p>{told}</p>" in re.sub("</?bdi>", "", page.text)


def test_the_part_that_a_page_belongs_to_is_marked_in_the_header(filled: Filled, client: Client) -> None:
    for path, part in (
        ("/", "Overview"),
        (f"/models/{filled.origin}", "Models"),
        ("/run/scheduled-9", "Runs"),
    ):
        page = client(filled.store).get(path).text
        assert re.findall(r'aria-current="page">(\w+)<', page) == [part]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_one_main_and_one_script(
    path: str, filled: Filled, client: Client
) -> None:
    page = client(filled.store).get(path.format(filled.production)).text.replace(SCRIPT, "", 1)
    assert len(re.findall(r"<h1\b", page)) == len(re.findall(r"<main\b", page)) == 1
    assert not re.search(r"<script(?!></script>)|<link|\son\w+=|src=|javascript:", page)


def test_texts_of_people_are_escaped_and_kept_to_their_place(
    filled: Filled, client: Client, tmp_path: Path
) -> None:
    why = "\u202e<script>alert(1)</script> " + "x" * 100_000
    who = '"><img src=x>'
    (held,) = (
        state.ref for state in survey(filled.store, Policies(), cache=tmp_path) if state.status == "held"
    )
    decide(filled.store, held, BatchWord.HOLD, who=who, why=why, when=WHEN)
    Registry(filled.store).move(filled.origin, expected=filled.production, who=who, why=why, when=WHEN)
    for path in (*PAGES, f"/batches/{held.digest}", f"/models/{filled.origin}"):
        page = client(filled.store).get(path.format(filled.production)).text
        assert "<script>alert" not in page
        assert "<img" not in page
        for start in (found.start() for found in re.finditer("\u202e", page)):
            assert page[:start].endswith("<bdi>")
    listed = client(filled.store).get("/batches").text
    assert len(listed) < 30_000


def test_a_file_name_that_is_not_text_is_shown(tmp_path: Path, fill: Fill, client: Client) -> None:
    store = FolderStore(tmp_path / "store")
    fill(store)
    (tmp_path / "store" / "inbox" / os.fsdecode(b"caf\xe9.jsonl")).write_bytes(b"{}")
    page = client(store).get("/batches?state=ignored")
    assert page.status_code == 200
    assert "caf\\udce9.jsonl" in page.text


def test_times_are_shown_in_the_zone_of_the_app(filled: Filled, client: Client) -> None:
    page = client(filled.store, zone=ZoneInfo("Asia/Tokyo")).get("/").text
    assert '<time datetime="2026-11-04T02:14:00+00:00">2026-11-04 11:14 JST</time>' in page


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, ""])
def test_a_number_of_a_page_that_there_is_not_gives_one_that_there_is(
    number: str, filled: Filled, client: Client
) -> None:
    answer = client(filled.store).get(f"/runs?page={number}")
    assert answer.status_code == 200
    assert "scheduled-9" in answer.text


def test_dependencies_guard_every_address(filled: Filled, client: Client) -> None:
    def refuse() -> None:
        raise HTTPException(401)

    guarded = client(filled.store, dependencies=[Depends(refuse)])
    for path in (
        *(path.format(filled.production) for path in PAGES),
        f"/card/{filled.production}",
        f"/batches/{'0' * 64}",
        f"/batches/{'0' * 64}/report",
        f"/batches/{'0' * 64}/fix",
        f"/batches/{'0' * 64}/fix-metadata",
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
