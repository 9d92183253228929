"""The overview: last night in one sentence, what needs a person, what runs, and what is in production."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.delivery import Action
from techner.core.policy import Policies
from techner.core.records import RunEnd, RunOutcome
from techner.core.run_documents import Judged, Progress
from techner.core.verdict import Verdict
from techner.documents import dump
from techner.inbox.admissions import admission_digest, admission_folder
from techner.inbox.survey import survey
from techner.registry import Registry
from techner.runs.documents import RunDocuments
from techner.runs.endings import begin
from techner.runs.judgements import Word, judgements
from techner.store import FolderStore, MemoryStore, Store
from techner.web import Starting
from techner.web.known import Known
from techner.web.overview import look_over
from techner.web.reading import Reading
from techner.web.run_view import LATE
from techner.web.undecided import MOST
from tests.web.conftest import FAILED, HOSTILE, NAMES, PASSED, PLAN, WHEN, judge, report_on, save_version
from tests.web.test_start import Runs
from tests.world import World

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py


def section(page: str, name: str) -> str:
    found = page.partition(f'id="{name}"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def view_of(store: Store, tmp_path: Path, now: datetime) -> Any:
    reading = Reading(store=store, known=Known(), policies=Policies(), cache=tmp_path, now=now)
    return look_over(reading)


def test_the_last_rejected_night_is_one_sentence_with_its_figures(filled: Filled, client: Client) -> None:
    shown = section(client(filled.store).get("/").text, "last")
    assert (
        "Rejected on 2026-11-02 02:14 UTC: PERSON lost 0.021 against the origin (0.861 → 0.840), "
        "0.010 allowed ; "
        "rare against the origin: not measured; lost at most 0.010, with 95 % confidence . What" in shown
    )


def test_the_last_promoted_night_says_what_was_learned_and_gained(promoted: World, client: Client) -> None:
    shown = section(client(promoted.store).get("/").text, "last")
    found = re.search(
        r"Promoted on .*: 1 batch learnt; new labels at F1 (0\.\d+), old labels ([+-]0\.\d+)", shown
    )
    assert found
    checks = {(check.name, check.against): check for check in promoted_checks(promoted)}
    assert found[1] == f"{checks['new micro F1', 'floor'].candidate:.3f}"
    assert found[2] == f"{checks['pretrained micro F1', 'origin'].observed:+.3f}"


def promoted_checks(world: World) -> Any:
    verdict = Registry(world.store).production()[1].verdict
    assert verdict
    return verdict.checks


@pytest.mark.parametrize(("hours", "is_last"), [(1, True), (23, True), (25, False)])
def test_a_night_is_last_night_for_a_day(
    hours: int,
    is_last: bool,  # noqa: FBT001
    filled: Filled,
    tmp_path: Path,
) -> None:
    view = view_of(filled.store, tmp_path, WHEN + timedelta(hours=hours))
    assert view.is_last_night is is_last


def test_a_skipped_run_says_nothing_about_the_model(filled: Filled, client: Client) -> None:
    newest = judgements(filled.store).newest()
    assert newest
    skipped = replace(
        newest.record, id="later", outcome=RunOutcome.SKIPPED, verdict=Verdict(checks=()), report=None
    )
    assert judgements(filled.store).append(skipped, after=newest.generation)
    page = client(filled.store).get("/").text
    assert "Rejected on" in section(page, "last")
    assert "run/later" not in page  # it has no page


def test_thirty_nights_are_in_the_line(filled_for: Callable[[int], Filled], client: Client) -> None:
    page = client(filled_for(34).store).get("/").text
    line = page.partition('class="nights"')[2].partition("</ol>")[0]
    assert len(re.findall("<li>", line)) == 30
    assert re.findall(r'class="(good|bad)" href="run/([^"]+)"', line)[-2:] == [
        ("good", "scheduled-34"),
        ("bad", "scheduled-9"),
    ]


def test_production_is_shown_with_date_person_and_labels(filled: Filled, client: Client) -> None:
    shown = section(client(filled.store).get("/").text, "production")
    for fact in (
        f"Night 2 {filled.production}",
        "since 2026-11-04 02:14 UTC by airflow:schedule why gate: all 2 checks passed (run scheduled-2)",
        "learnt from 2 batches, on starter",
        "new labels PROGRAMMING_LANGUAGE, PROTOCOL",
        "2.3 MB in 4 files",
    ):
        assert fact in shown


def test_held_batches_and_odd_files_need_a_person(filled: Filled, client: Client) -> None:
    filled.store.create("inbox/<i>.tmp", b"half")
    page = client(filled.store).get("/").text
    needs = page.partition('id="needs"')[2].partition("</section>")[0]
    assert re.findall(r'href="([^"]+)">([^<]+)<', needs) == [
        ("batches?state=held", "1 batch held"),
        ("batches?state=ignored", "1 file ignored"),
    ]


def test_a_delivery_that_was_rejected_needs_a_person(filled: Filled, client: Client, tmp_path: Path) -> None:
    _, manifest = Registry(filled.store).production()
    ref = next(one.ref for one in survey(filled.store, Policies(), cache=tmp_path) if one.ref.name == HOSTILE)
    admission = admission_digest(ref, Policies(), manifest)
    report = replace(report_on(ref, admission), action=Action.REJECT)
    filled.store.create(f"{admission_folder(ref, admission)}/report.json", dump(report))
    needs = client(filled.store).get("/").text.partition('id="needs"')[2].partition("</section>")[0]
    assert re.search('href="batches\\?state=rejected">1 batch rejected<', needs)


def test_a_store_in_which_all_is_done_needs_nobody(client: Client) -> None:
    store = MemoryStore()
    origin = save_version(store, number=0, parent=None, origin=None)
    Registry(store).move(origin, expected=None, who="cli:ada", why="made", when=WHEN)
    page = client(store).get("/").text
    assert section(page, "needs").endswith("Needs you Nothing.")
    assert section(page, "running").endswith("No run.")
    assert section(page, "last").endswith("No run has been judged yet.")


@pytest.mark.parametrize(
    ("before", "task"), [("assemble", "admit"), ("evaluate", "evaluate"), ("judge", "judge")]
)
def test_a_run_under_way_is_shown_with_its_task(
    before: str, task: str, undisturbed: dict[str, Path], client: Client
) -> None:
    store = FolderStore(undisturbed[before])
    assert f"run-1 {task} " in section(client(Unwritten(store.root)).get("/").text, "running")


def test_a_training_is_shown_with_its_epoch_and_the_minutes_left(
    filled: Filled, client: Client, tmp_path: Path
) -> None:
    train(filled.store, Progress(epoch=5, epochs=33, minutes_left=12.5, when=datetime.now(UTC)))
    shown = section(client(filled.store).get("/").text, "running")
    assert "tonight uptrain epoch 6 of 33, at most 13 minutes left (heard at " in shown
    now = datetime.now(UTC) + timedelta(minutes=10)
    (run,) = view_of(filled.store, tmp_path, now).running
    assert run.training.minutes_left == 3


@pytest.mark.parametrize("told", [b"{}", b"", None])
def test_a_training_that_nothing_is_heard_of_is_shown_all_the_same(
    told: bytes | None, filled: Filled, client: Client
) -> None:
    train(filled.store, told)
    assert "tonight uptrain the candidate is trained" in section(
        client(filled.store).get("/").text, "running"
    )


def train(store: Store, told: Progress | bytes | None) -> None:
    """Bring a run to its training, as far as pages see; `told` is what it tells of its progress."""
    store.put("runs/tonight/plan.json", dump(PLAN))
    store.put("runs/tonight/corpus.json", b"{}")
    if told is not None:
        store.put("runs/tonight/progress", told if isinstance(told, bytes) else dump(told))


def test_a_damaged_plan_is_told_of_its_run_and_hides_no_other(asked: World, client: Client) -> None:
    asked.store.put("runs/broken/plan.json", b"{}")
    for path in ("/", "/runs"):
        page = client(asked.store).get(path)
        assert page.status_code == 200
        assert "broken" in page.text
        assert "damaged" in page.text
        assert "the gate asks" in page.text.lower()


def test_runs_that_were_stopped_hide_no_question(asked: World, client: Client) -> None:
    plan = asked.store.get("runs/run-2/plan.json")
    for number in range(MOST + 1):
        asked.store.put(f"runs/stopped-{number}/plan.json", plan)
    overview, runs = (client(asked.store).get(path).text for path in ("/", "/runs"))
    assert "The gate asks: run-2" in section(overview, "needs")
    assert "the gate asks" in runs
    for page in (overview, runs):
        assert "2 runs are not shown" in page


class Unwritten(FolderStore):
    """The store of other tests too."""

    def put(self, key: str, data: bytes) -> None:
        pass


@pytest.fixture
def asked(refused: World) -> World:
    """Return a world in which the gate asks about the second night."""
    run = RunDocuments(store=refused.store, id="run-2")
    judged = run.read(Judged)
    run.write(replace(judged, verdict=Verdict(checks=FAILED.checks[2:])))
    return refused


def test_a_question_of_the_gate_needs_a_person(asked: World, client: Client) -> None:
    page = client(asked.store).get("/").text
    assert "The gate asks: run-2 insufficient: rare against origin" in section(page, "needs")
    assert section(page, "running").endswith("No run.")


def test_a_question_says_until_when_it_waits(asked: World, client: Client) -> None:
    runs = Runs(asked={"run-2": WHEN})
    page = client(asked.store, starting=Starting(scheduler=lambda: runs, secret=bytes)).get("/").text
    assert "rejected at 2026-11-02 14:14 UTC if nobody answers" in section(page, "needs")


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        ((), "Needs you 1 batch held"),
        (("b",), "A night failed: b the logs in Airflow"),
        (("c", "b"), "2 nights failed, the last one: c the logs in Airflow"),
        (None, "Whether a night failed, Airflow does not tell you."),
    ],
)
def test_a_night_that_failed_since_the_last_success_needs_a_person(
    failed: tuple[str, ...] | None, told: str, filled: Filled, client: Client
) -> None:
    runs = Runs(ended_badly=failed)
    page = client(filled.store, starting=Starting(scheduler=lambda: runs, secret=bytes)).get("/").text
    assert told in section(page, "needs")


@pytest.mark.parametrize(("late", "where"), [(-1, "running"), (1, "needs")])
def test_an_answer_that_nothing_comes_of_needs_a_person(
    late: int, where: str, asked: World, tmp_path: Path
) -> None:
    begin(RunDocuments(store=asked.store, id="run-2"), RunEnd.PUBLISH, Word(who="ada", when=WHEN, why="read"))
    view = view_of(asked.store, tmp_path, WHEN + LATE + timedelta(seconds=late))
    names = {"running": [run.id for run in view.running], "needs": [need.name for need in view.needs]}
    assert "run-2" in names[where]
    assert [*names["running"], *names["needs"]].count("run-2") == 1


def test_a_promotion_that_no_run_recorded_is_shown(filled: Filled, client: Client) -> None:
    judge(filled.store, "by <b>ada</b>", PASSED, version=filled.production, batches=())
    page = client(filled.store).get("/").text
    assert "Promoted on" in section(page, "last")
    assert "<b>ada" not in page


def test_states_are_counted(filled: Filled, client: Client) -> None:
    shown = section(client(filled.store).get("/").text, "deliveries")
    assert shown.endswith(f"1 held 1 pending {len(NAMES) - 2} in production")
