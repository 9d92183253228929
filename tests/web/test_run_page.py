"""The page of a run that nights really made: what it shows first, and what remains of it later."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.delivery import BatchRef
from techner.core.examples import Span
from techner.core.run_documents import Candidate, Changes, Corpus, Gone, Judged
from techner.core.verdict import CheckState, Verdict
from techner.night.reject import reject
from techner.runs.run import Run
from techner.web import Starting
from techner.web.curve import curves, kept_epoch
from tests.counting import CountingStore
from tests.nights import rewrite
from tests.web.test_start import Runs
from tests.world import WORD, World

Client = Callable[..., TestClient]
HOSTILE = "<script>alert(1)</script>"


def page(world: World, client: Client, run: str = "run-2", **options: Any) -> str:
    return str(client(world.store, **options).get(f"/run/{run}").text)


def words(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def change_verdict(run: Run, states: Mapping[str, CheckState]) -> None:
    """Give checks of a judged run other states, and labels another name."""
    judged = run.read(Judged)
    checks = [replace(check, state=states.get(check.name, check.state)) for check in judged.verdict.checks]
    rewrite(run, replace(judged, verdict=Verdict(checks=tuple(checks))))


def test_what_did_not_pass_comes_first_and_what_passed_is_folded(refused: World, client: Client) -> None:
    html = page(refused, client)
    before, _, folded = html.partition("<details>")
    assert "new micro F1: " in before.replace("<bdi>", "")
    assert '<span class="chip bad">failed</span>' in before
    assert '<span class="chip good">passed</span>' not in before
    passed = re.search(r"<summary>(\d+) passed</summary>", html)
    assert passed
    assert folded.count('<li class="passed">') == int(passed[1]) > 3


def test_failed_checks_stand_before_open_ones_and_remarks_are_folded(refused: World, client: Client) -> None:
    change_verdict(refused.run("run-2"), {"pretrained micro F1": CheckState.INSUFFICIENT})
    first, remarks, *_ = page(refused, client).split("<details>")
    states = re.findall(r'<li class="(\w+)">', first)
    assert states == sorted(states)  # failed, insufficient
    assert set(states) == {"failed", "insufficient"}
    assert re.search(r"<summary>\d+ remarks?, which decides? nothing</summary>", remarks)


def test_a_batch_that_was_left_out_is_named_with_what_became_of_it(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    left = Gone(batch=BatchRef(name=HOSTILE, digest="1" * 64), why="it was removed after the plan")
    rewrite(run, replace(run.read(Corpus), gone=(left,)))
    html = page(refused, client)
    assert HOSTILE not in html
    told = words(html).partition("left out ")[2]
    assert told.startswith("&lt;script&gt;alert(1)&lt;/script&gt; (it was removed after the plan); the next")


def test_each_interval_is_drawn_and_told(refused: World, client: Client) -> None:
    html = page(refused, client)
    pictures = re.findall(r'<svg class="interval"[^>]*aria-label="([^"]+)"', html)
    assert len(pictures) > 5
    assert all(f'<span class="figures">{text}</span>' in html for text in pictures)


def test_no_passed_check_is_called_worse(refused: World, client: Client) -> None:
    assert "worse" not in words(page(refused, client))


def test_the_speed_has_a_figure(refused: World, client: Client) -> None:
    assert "Speed: 1.00 of the origin&#39;s, 1 words per second against 1;" in page(refused, client)


def test_the_training_is_drawn_with_a_table_of_the_same(refused: World, client: Client) -> None:
    html = page(refused, client)
    candidate = refused.run("run-2").read(Candidate)
    assert html.count('<svg class="curve"') == len(curves(candidate)) > 0
    assert f"{len(candidate.losses)} epochs; the weights of epoch {kept_epoch(candidate)} were kept" in html
    assert f"{candidate.losses[0]:.4f}</td>" in html


def test_a_number_of_the_table_chooses_its_sentences(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    label = run.read(Changes).shown[0].span.label
    shown = client(refused.store)
    links = re.findall(r'<a href="(\?[^"]*label=[^"]*)#sentences"', shown.get("/run/run-2").text)
    assert links
    chosen = shown.get(f"/run/run-2{links[0]}".replace("&amp;", "&")).text
    assert 'aria-current="true"' in chosen
    headings = re.findall(r"<article>\s*<h3><bdi>([^<]+)</bdi>", chosen)
    assert len(set(headings)) == 1
    only = shown.get("/run/run-2", params={"label": label, "kind": "lost"}).text
    assert set(re.findall(r"<article>\s*<h3><bdi>([^<]+)</bdi>", only)) == {label}


def test_a_choice_that_nothing_fits_is_told_and_not_echoed(refused: World, client: Client) -> None:
    answer = client(refused.store).get("/run/run-2", params={"label": HOSTILE, "kind": HOSTILE})
    assert answer.status_code == 200
    assert "No sentence is kept for this choice" in answer.text
    assert "alert(1)" not in answer.text


def test_a_table_by_an_older_techner_counts_what_it_shows(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    rewrite(run, replace(run.read(Changes), by_label={}))
    assert "only those with a sentence are counted" in page(refused, client)


def test_texts_and_labels_write_no_html(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    changes = run.read(Changes)
    span = Span(0, 8, HOSTILE)
    evil = replace(
        changes.shown[0], text=f"{HOSTILE}\u202e" + "x" * 100_000, span=span, readings={"gold": (span,)}
    )
    rewrite(run, replace(changes, shown=(evil,), by_label={HOSTILE: {"regression lost": 1}}))
    html = page(refused, client)
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 2
    assert '<dd dir="auto">' in html


def test_what_remains_is_shown_when_the_documents_are_gone(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    reject(run, WORD)
    for entry in list(refused.store.list("runs/run-2/")):
        refused.store.delete(entry.key)
    html = page(refused, client)
    assert '<span class="chip bad">rejected</span>' in html
    assert '<svg class="interval"' in html
    assert '<iframe title="What was lost and gained" src="?report=true">' in html
    assert 'id="training"' not in html
    assert "speed against the origin: passed" in html


def test_documents_of_another_try_are_not_shown_as_this_runs(refused: World, client: Client) -> None:
    run = refused.run("run-2")
    reject(run, WORD)
    other = replace(run.read(Candidate), losses=(9.875,))
    run.write(other)
    html = page(refused, client)
    assert '<iframe title="What was lost and gained"' in html
    assert "1 words per second" not in html
    assert "9.875" not in html


def test_the_page_reads_each_document_once(refused: World, client: Client) -> None:
    store = CountingStore(inner=refused.store)
    assert client(store).get("/run/run-2").status_code == 200
    read = [call for call in store.calls if call.startswith("get")]
    assert len(read) == len(set(read)) <= 14


def test_airflows_tasks_and_their_times_are_linked_where_airflow_has_the_run(
    refused: World, client: Client
) -> None:
    runs = Runs(started={"run-2": {}})
    starting = Starting(scheduler=lambda: runs, secret=lambda: b"")
    html = page(refused, client, starting=starting)
    assert '<a href="/dags/nightly/runs/run-2" target="_top">' in html
    assert "uptrain 1 h 02 min" in words(html)
    runs.started.clear()
    assert 'id="times"' not in page(refused, client, starting=starting)


@pytest.mark.parametrize(
    ("losses", "dev_f1", "kept"),
    [((3.0, 2.0, 1.0), (), 3), ((3.0, 2.0, 1.0), (0.5, 0.7, 0.7), 2), ((), (), 0)],
)
def test_the_kept_epoch_is_the_first_best_on_the_dev_part(
    losses: tuple[float, ...], dev_f1: tuple[float, ...], kept: int
) -> None:
    assert kept_epoch(Candidate(files=(), new_labels=(), losses=losses, dev_f1=dev_f1)) == kept


def test_a_training_of_one_epoch_is_a_point() -> None:
    (curve,) = curves(Candidate(files=(), new_labels=(), losses=(2.0,)))
    assert len(curve.points) == 1
    assert curve.kept == 0
