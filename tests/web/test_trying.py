"""*Try it*: who reads a sentence, what is shown of it, and a child that dies, hangs or takes too much."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from techner.core.errors import ModelError
from techner.core.examples import Span
from techner.settings import load_settings
from techner.store import Store
from techner.web.trying import Turns, make_try_page
from techner.web.trying_apart import _PROGRAM, ReadingLimits, read_apart
from techner.web.whole_store import make_reading
from tests.counting import CountingStore
from tests.world import World, tech_batch

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
LIMITS = ReadingLimits(memory_bytes=2**30)
TEXT = "David uses TLS at ACME."
FOUND: list[tuple[Span, ...]] = [
    (Span(0, 5, "PERSON"), Span(18, 22, "ORG")),
    (Span(0, 5, "PERSON"), Span(11, 14, "PROTOCOL")),
]
BEFORE_LOADING = _PROGRAM.partition("import spacy")[0]


def page_with(store: Store, read: Callable[..., Any], turns: Turns | None = None) -> TestClient:
    app = FastAPI()
    app.include_router(
        make_try_page(
            make_reading(lambda: store, load_settings), load_settings, None, APIRoute, read=read, turns=turns
        )
    )
    return TestClient(app, raise_server_exceptions=False)


def found(folders: Sequence[Path], *_: object) -> list[tuple[Span, ...]]:
    """Read as the models of `TEXT` would."""
    return FOUND[: len(folders)]


def never(*_: object) -> list[tuple[Span, ...]]:
    raise AssertionError("no model is to read this")


def rows_of(html: str) -> list[str]:
    """Return the words of each model's row."""
    parts = html.partition('id="found"')[2].split("<h3>")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in parts]


def test_three_models_read_a_sentence_in_another_process(judged: World, client: Client) -> None:
    text = tech_batch(0, 1)[0].text
    answer = client(judged.store).get("/try", params={"text": text, "run": "run-2"})
    assert answer.status_code == 200, answer.text
    rows = rows_of(answer.text)
    assert [row.split()[0] for row in rows] == ["Pretrained", "Production", "Candidate"]
    assert "of run run-2" in rows[2]
    assert re.search(r"\b[A-Z_]{6,}, new\b", rows[1]), rows[1]  # production learnt the tech labels
    models = [path.name for path in (load_settings().cache / "models").iterdir()]
    assert sorted(name[:5] for name in models) == ["0000-", "0001-"]
    assert not list(load_settings().cache.glob("run-*"))


def test_what_a_model_finds_otherwise_than_the_one_above_is_marked(filled: Filled) -> None:
    rows = rows_of(page_with(filled.store, found).get("/try", params={"text": TEXT}).text)
    assert "David PERSON uses TLS at ACME ORG ." in rows[0]
    assert "new" not in rows[0]
    assert "David PERSON uses TLS PROTOCOL, new at ACME. lost ACME ORG" in rows[1]


@pytest.mark.parametrize(("run", "calls"), [("", 12), ("run-2", 15)])
def test_models_that_were_fetched_before_are_tried_with_few_calls(
    run: str, calls: int, judged: World
) -> None:
    asked, store = {"text": TEXT, "run": run}, CountingStore(inner=judged.store)

    def read(folders: Sequence[Path], *_: object) -> list[tuple[Span, ...]]:
        return [() for _ in folders]

    assert page_with(store, read).get("/try", params=asked).status_code == 200
    store.calls.clear()
    assert page_with(store, read).get("/try", params=asked).status_code == 200
    assert len(store.calls) <= calls, store.calls


def test_the_candidate_of_a_rejected_run_is_gone(filled: Filled) -> None:
    rows = rows_of(
        page_with(filled.store, found).get("/try", params={"text": TEXT, "run": "scheduled-9"}).text
    )
    assert "not published, and is not in the store any longer" in rows[2]


@pytest.mark.parametrize("run", ["nowhere", "../..", "x" * 2000, "a\\b", "\0"])
def test_an_unknown_run_is_not_found(run: str, filled: Filled, client: Client) -> None:
    assert client(filled.store).get("/try", params={"text": TEXT, "run": run}).status_code == 404


def test_a_text_that_is_too_long_is_read_by_nobody(filled: Filled) -> None:
    answer = page_with(filled.store, never).get("/try", params={"text": "x" * 1001})
    assert answer.status_code == 422
    assert "The text has 1001 characters; 1000 are allowed" in answer.text


@pytest.mark.parametrize("text", ["", " \n "])
def test_the_empty_form_reads_nothing(text: str, filled: Filled) -> None:
    answer = page_with(filled.store, never).get("/try", params={"text": text})
    assert answer.status_code == 200
    assert "<form" in answer.text
    assert 'id="found"' not in answer.text


def test_hostile_texts_and_labels_are_text(filled: Filled) -> None:
    text = "<script>alert(1)</script>\u202e\0 moc"

    def hostile(folders: Sequence[Path], *_: object) -> list[tuple[Span, ...]]:
        return [(Span(0, 8, "<b>"),)] * len(folders)

    answer = page_with(filled.store, hostile).get("/try", params={"text": text, "run": "scheduled-9"})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text
    assert "&lt;/script&gt;\u202e\0 moc</bdi>" in answer.text  # it turns nothing around but itself


@pytest.mark.parametrize(
    ("program", "timeout_s", "told"),
    [
        ("import os; os.kill(os.getpid(), 9)", 60.0, "its process was ended by SIGKILL"),
        ("import time; time.sleep(600)", 0.3, "no answer within 0.3 s; the process was ended"),
        ("raise ValueError('<i>broken</i>')", 60.0, "did not answer: ValueError: &lt;i&gt;broken&lt;/i&gt;"),
        ("import no_such_module as spacy", 60.0, "No module named"),
        ("raise ModuleNotFoundError(\"No module named 'spacy'\")", 60.0, "pip install"),
    ],
)
def test_a_child_that_dies_or_hangs_is_told_and_the_page_goes_on(
    program: str, timeout_s: float, told: str, filled: Filled
) -> None:
    def read(folders: Sequence[Path], text: str, limits: ReadingLimits) -> list[tuple[Span, ...]]:
        return read_apart(folders, text, replace(limits, timeout_s=timeout_s), program=program)

    answer = page_with(filled.store, read).get("/try", params={"text": TEXT})
    assert answer.status_code == 500
    assert told in answer.text
    assert TEXT in answer.text  # it can be sent again


def test_the_model_that_failed_is_named() -> None:
    program = "print('[]'); raise ValueError('broken')"
    with pytest.raises(ModelError, match=r"^second did not answer: ValueError: broken"):
        read_apart([Path("first"), Path("second")], TEXT, LIMITS, program=program)


def test_a_model_gets_no_more_memory_than_it_may_take() -> None:
    with pytest.raises(ModelError, match=r"model needs more than the 1\.1 GB of memory"):
        read_apart([Path("model")], TEXT, LIMITS, program=f"{BEFORE_LOADING}\nbytearray(2 * 10**9)")


def test_a_model_is_not_told_what_the_server_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow:secret@db")
    told = f"{BEFORE_LOADING}\nimport os\nprint(json.dumps([[0, 1, name] for name in os.environ]))"
    (names,) = read_apart([Path("model")], TEXT, LIMITS, program=told)
    assert {name.label for name in names} <= {
        *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR"),
        *("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"),
    }


def test_one_sentence_is_read_at_a_time_and_few_wait(filled: Filled) -> None:
    turns = Turns(waiting=1, wait_s=0.05)
    page = page_with(filled.store, never, turns)
    with turns.turn():
        late = page.get("/try", params={"text": TEXT})
        assert (late.status_code, "another sentence is being read" in late.text) == (503, True)
        assert turns._places.acquire(blocking=False)  # one waits
        refused = page.get("/try", params={"text": TEXT})
        assert (refused.status_code, "other sentences are being read" in refused.text) == (503, True)
        turns._places.release()
    with turns.turn():
        pass  # every place was given back
