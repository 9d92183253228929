"""The pages of deliveries: states, search, and what was found in one of them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.policy import Policies
from techner.core.records import BatchWord
from techner.core.scheme import label_scheme
from techner.inbox.admissions import examined
from techner.inbox.correction import correction
from techner.inbox.decisions import decide
from techner.inbox.survey import survey
from techner.registry import Registry
from techner.store import MemoryStore
from techner.web.ahead import Ahead
from techner.web.inbox_look import READ_S, look_into_inbox
from techner.web.known import Known
from techner.web.reading import Reading
from tests.waiting import until
from tests.web.conftest import HOSTILE, WHEN
from tests.world import POLICIES, World

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
FAULTY = [
    {"text": "TLS is old", "entities": [[0, 3, "PROTOCOL"]]},
    {"text": " SSH is older", "entities": [[0, 4, "PROTOCOL"]]},
    *({"text": f"Use <b>FTP</b> {n} times", "entities": [[7, 10, "<i>PROTO</i>"]]} for n in range(3)),
    *({"text": f"HTTP runs {n} times", "entities": [[0, 4, "PROTOCOL"]]} for n in range(20)),
]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def digest_of(world: World, name: str) -> str:
    (found,) = (s.ref for s in survey(world.store, POLICIES, cache=world.cache) if s.ref.name == name)
    return found.digest


@pytest.fixture
def faulty(promoted: World) -> World:
    """Return a world in which a night has examined a batch with faults, and trained nothing yet."""
    data = b"".join(json.dumps(row).encode() + b"\n" for row in FAULTY)
    promoted.store.create("inbox/faulty.jsonl", data)
    promoted.until("admit", "run-2")
    return promoted


def test_states_are_chips_with_counts_that_filter(filled: Filled, client: Client) -> None:
    asked = client(filled.store)
    chips = re.findall(r'href="(batches[^"]*)".*?chip[^>]*>([^<]+)<', asked.get("/batches").text)
    assert chips == [
        ("batches", "4 in all"),
        ("batches?state=held", "1 held"),
        ("batches?state=pending", "1 pending"),
        ("batches?state=in%20production", "2 in production"),
    ]
    held = asked.get("/batches?state=held").text
    assert re.findall(r'batches/\w{64}"><bdi>([^<]+)<', held) == ["2026-11-02.jsonl"]
    assert 'state=held" aria-current="true"' in held


@pytest.mark.parametrize(
    ("query", "found"), [("10-3", 2), ("SCRIPT", 1), (" 11-02 ", 1), ("none", 0), ("%", 0)]
)
def test_search_looks_into_names(query: str, found: int, filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/batches", params={"q": query}).text
    assert len(re.findall(r'<th scope="row"', page)) == found
    assert f'name="q" value="{query}"' in page


def test_search_finds_the_beginning_of_a_digest(promoted: World, client: Client) -> None:
    digest = digest_of(promoted, "first.jsonl")
    assert "first.jsonl" in client(promoted.store).get(f"/batches?q={digest[:8]}").text


def test_a_search_is_kept_on_the_next_page(client: Client, fill: Callable[..., Filled]) -> None:
    store = MemoryStore()
    fill(store)
    for number in range(60):
        store.create(f"inbox/a&b={number:02}.jsonl", b"%d" % number)
    asked = client(store)
    until(lambda: "not read here yet" not in asked.get("/batches").text, "the inbox to be read")
    page = asked.get("/batches", params={"q": "a&b", "state": "pending"}).text
    assert len(re.findall(r'<th scope="row"', page)) == 50
    (link,) = re.findall(r'rel="next" href="([^"]+)"', page)
    following = asked.get(f"/batches{link.replace('&amp;', '&')}").text
    assert len(re.findall(r'<th scope="row"', following)) == 10


def test_counts_stay_once_a_batch_is_in_production(promoted: World, client: Client) -> None:
    version, _ = Registry(promoted.store).production()
    found = examined(promoted.store, survey(promoted.store, POLICIES, cache=promoted.cache)[0].ref, POLICIES)
    assert found
    listed = text_of(client(promoted.store).get("/batches").text)
    counts = f"{found.read} {found.accepted} {found.quarantined + found.rejected}"
    assert f"first.jsonl in production {counts} learnt by {version}" in listed
    page = text_of(client(promoted.store).get(f"/batches/{digest_of(promoted, 'first.jsonl')}").text)
    assert f"learnt by {version}" in page
    assert f"{found.read} rows read = {found.accepted} accepted" in page


def test_counts_stay_when_the_settings_change(
    promoted: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHNER_QUALITY__MAX_TEXT_CHARS", "1234")
    assert re.search(
        r"first\.jsonl in production \d+ \d+ \d+", text_of(client(promoted.store).get("/batches").text)
    )


def test_each_batch_names_the_version_that_was_first_to_learn_it(twice: World, client: Client) -> None:
    second, manifest = Registry(twice.store).production()
    first = manifest.parent
    page = text_of(client(twice.store).get("/batches").text)
    assert re.search(rf"first\.jsonl in production [\d ]+ learnt by {first}", page)
    assert re.search(rf"second\.jsonl in production [\d ]+ learnt by {second}", page)


def test_identical_faults_are_one_with_their_rows(faulty: World, client: Client) -> None:
    page = client(faulty.store).get(f"/batches/{digest_of(faulty, 'faulty.jsonl')}").text
    shown = text_of(page)
    assert "25 rows read = 21 accepted + 4 set aside" in shown
    assert re.search(r"label: 3 Expected: .*?× 3 rows 3, 4, 5", shown)
    assert "&lt;i&gt;PROTO&lt;/i&gt;" in page
    assert "<i>PROTO" not in page
    assert "suggested: [1, 4, PROTOCOL]" in shown


def test_the_rows_to_correct_are_those_of_batch_fix(faulty: World, client: Client) -> None:
    digest = digest_of(faulty, "faulty.jsonl")
    ref = next(s.ref for s in survey(faulty.store, POLICIES, cache=faulty.cache) if s.ref.digest == digest)
    report = examined(faulty.store, ref, POLICIES)
    assert report
    manifest = Registry(faulty.store).production()[1]
    made = correction(faulty.store, report, label_scheme(manifest.pretrained_labels, POLICIES))
    asked = client(faulty.store)
    answer = asked.get(f"/batches/{digest}/fix")
    assert answer.content == made.lines
    assert answer.headers["Content-Disposition"] == 'attachment; filename="faulty-fixed.jsonl"'
    beside = asked.get(f"/batches/{digest}/fix-metadata")
    assert json.loads(beside.content)["corrects"] == digest
    assert beside.headers["Content-Disposition"] == 'attachment; filename="faulty-fixed.jsonl.meta.json"'


def test_a_batch_without_rows_to_correct_says_so(promoted: World, client: Client) -> None:
    digest = digest_of(promoted, "first.jsonl")
    asked = client(promoted.store)
    assert "Rows to correct" not in asked.get(f"/batches/{digest}").text
    answer = asked.get(f"/batches/{digest}/fix")
    assert (answer.status_code, "No row" in answer.text) == (404, True)


def test_the_report_with_texts_can_do_nothing(faulty: World, client: Client) -> None:
    answer = client(faulty.store).get(f"/batches/{digest_of(faulty, 'faulty.jsonl')}/report")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert "&lt;b&gt;" in answer.text
    assert "<b>FTP" not in answer.text


def test_all_decisions_are_shown_newest_first(filled: Filled, client: Client, tmp_path: Any) -> None:
    states = survey(filled.store, Policies(), cache=tmp_path)
    (held,) = (state.ref for state in states if state.status == "held")
    decide(filled.store, held, BatchWord.RELEASE, who="ada", why="read", when=WHEN + timedelta(days=1))
    decide(filled.store, held, BatchWord.EXCLUDE, who="bob", why="bad", when=WHEN + timedelta(days=2))
    page = client(filled.store).get(f"/batches/{held.digest}").text
    log = page.partition('id="words"')[2]
    assert re.findall(r"chip[^>]*>(\w+)<", log) == ["exclude", "release", "hold"]
    assert f"act/release/{held.digest}" in page
    assert f"act/exclude/{held.digest}" not in page


def test_a_batch_that_left_the_inbox_is_still_shown_once_learned(promoted: World, client: Client) -> None:
    digest = digest_of(promoted, "first.jsonl")
    promoted.store.delete("inbox/first.jsonl")
    answer = client(promoted.store).get(f"/batches/{digest}")
    assert answer.status_code == 200
    assert "learnt by" in answer.text


def test_what_is_ignored_is_a_state_of_its_own(filled: Filled, client: Client) -> None:
    filled.store.create("inbox/<i>.tmp", b"half")
    page = client(filled.store).get("/batches?state=ignored").text
    assert "&lt;i&gt;.tmp its name is that of a temporary file" in text_of(page)
    assert "None." in text_of(client(filled.store).get("/batches?state=held&q=zzz").text)


def test_a_hostile_name_makes_a_harmless_file_name(promoted: World, client: Client) -> None:
    data = b"".join(json.dumps(row).encode() + b"\n" for row in FAULTY)
    name = f'x"; a=b{HOSTILE}'
    promoted.store.create(f"inbox/{name}", data)
    promoted.until("admit", "run-2")
    answer = client(promoted.store).get(f"/batches/{digest_of(promoted, name)}/fix")
    assert re.fullmatch(r'attachment; filename="[\w.-]+"', answer.headers["Content-Disposition"])


def test_deliveries_that_take_too_long_to_read_are_read_at_the_next_look(tmp_path: Any) -> None:
    store = MemoryStore()
    for number in range(3):
        store.create(f"inbox/{number}.jsonl", b"%d" % number)
    idle = Ahead[Reading](lambda *_: None)
    here = Reading(store=store, known=Known(), policies=Policies(), cache=tmp_path, ahead=idle)
    times = iter([0.0, 0.0, READ_S + 1])
    first = look_into_inbox(here, lambda: next(times))
    assert [batch.name for batch in first.batches] == ["0.jsonl"]
    assert first.later == ("1.jsonl", "2.jsonl")
    assert first.ignored == ()
    assert len(look_into_inbox(here).batches) == 3
