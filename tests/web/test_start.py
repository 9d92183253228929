"""The page that starts a night: what it shows, what it refuses, and what it passes on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from techner.core.errors import RegistryError
from techner.core.policy import Policies, TrainingPolicy
from techner.documents import dump
from techner.inbox.survey import survey
from techner.settings import Settings
from techner.web import Starting
from techner.web.forms import make_token
from tests.web.conftest import HOSTILE, PLAN

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
HELD, DUE = "2026-11-02.jsonl", HOSTILE


@dataclass
class Runs:
    """A scheduler that notes what it is asked, and takes no id twice, as Airflow does."""

    who: str | None = "airflow:ada"
    paused: bool = False
    started: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: dict[str, datetime] | None = field(default_factory=dict)
    ended_badly: tuple[str, ...] | None = ()
    told_state: str = "running"

    def is_paused(self) -> bool:
        return self.paused

    def start(self, run_id: str, conf: Mapping[str, Any]) -> None:
        if run_id in self.started:
            raise RegistryError("Airflow refused: it has this run")
        self.started[run_id] = conf

    def address(self, run_id: str) -> str | None:
        return f"/dags/nightly/runs/{run_id}" if run_id in self.started else None

    def state(self, run_id: str) -> str | None:
        return self.told_state if run_id in self.started else None

    def asking(self) -> dict[str, datetime] | None:
        return self.asked

    def failed(self) -> tuple[str, ...] | None:
        return self.ended_badly

    def times(self, run_id: str) -> tuple[tuple[str, float], ...]:
        return (("uptrain", 3725.0),) if run_id in self.started else ()


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def page(filled: Filled, client: Client, runs: Runs) -> TestClient:
    return client(filled.store, starting=Starting(scheduler=lambda: runs, secret=lambda: b"secret"))


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found[1] if found else ""


def send(page: TestClient, **fields: Any) -> httpx.Response:
    """Send the form as a browser does."""
    form = page.get("/start").text
    whole = {"token": hidden(form, "token"), "run": hidden(form, "run")}
    blank = {"strategy": "", "seed": "", "epochs": ""}
    sent: httpx.Response = page.post("/start", data=whole | blank | fields, follow_redirects=False)
    return sent


def test_a_night_is_started_with_what_was_chosen_and_nothing_else(page: TestClient, runs: Runs) -> None:
    sent = send(page, batches=[HELD, DUE], epochs=" 33 ", dry_run="true")
    assert sent.status_code == 303
    (run_id,) = runs.started
    assert runs.started[run_id] == {"batches": [HELD, DUE], "epochs": 33, "dry_run": True}
    shown = page.get("/start" + sent.headers["Location"]).text
    assert f'href="/dags/nightly/runs/{run_id}"' in shown.replace("&#43;", "+")


def test_a_form_with_nothing_chosen_starts_a_night_as_set(page: TestClient, runs: Runs) -> None:
    assert send(page).status_code == 303
    assert list(runs.started.values()) == [{}]


@pytest.fixture
def asking(filled: Filled, runs: Runs) -> str:
    """Return a run that asks about the batch that is due."""
    (due,) = (
        state.ref
        for state in survey(filled.store, Policies(), cache=Settings().cache)
        if state.ref.name == DUE
    )
    filled.store.put("runs/asks/plan.json", dump(replace(PLAN, batches=(due,))))
    runs.asked = {"asks": datetime.now(UTC)}
    return "asks"


@pytest.mark.usefixtures("asking")
def test_a_batch_that_waits_for_an_answer_cannot_be_ticked_and_leads_to_its_run(page: TestClient) -> None:
    shown = page.get("/start").text
    assert re.findall(r'name="batches" value="([^"]*)"', shown) == [HELD]
    assert '<a href="run/asks">answer first</a>' in shown
    assert "all that are due, 0 now" in shown
    assert "2 more cannot be used" in shown


@pytest.mark.usefixtures("asking")
def test_a_batch_that_waits_for_an_answer_is_refused_before_a_run_exists(
    page: TestClient, runs: Runs
) -> None:
    sent = send(page, batches=[DUE])
    assert sent.status_code == 422
    assert "answer or reject asks first" in sent.text
    assert runs.started == {}


def test_only_due_and_held_batches_can_be_ticked_and_no_name_writes_html(page: TestClient) -> None:
    shown = page.get("/start").text
    ticks = re.findall(r'name="batches" value="([^"]*)"', shown)
    assert ticks == [HELD, "&lt;script&gt;alert(1)&lt;/script&gt;.jsonl"]
    assert re.findall(r'</bdi> <span class="chip \w+">(\w+)', shown) == ["held", "pending"]
    assert "2 more cannot be used" in shown
    assert "<script>alert" not in shown


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (TrainingPolicy(epochs=33, seed=5), ("as set: 33 epochs; 1000 at most", "as set: 5;")),
        (
            TrainingPolicy(),
            ("it takes to present 32 000 examples, from 4 to 40", "as set: extend"),
        ),
    ],
)
def test_todays_settings_stand_beside_each_field(
    filled: Filled, client: Client, runs: Runs, training: TrainingPolicy, told: tuple[str, ...]
) -> None:
    starting = Starting(scheduler=lambda: runs, secret=lambda: b"secret")
    page = client(filled.store, starting=starting, settings=lambda: Settings(training=training))
    shown = page.get("/start").text
    assert all(sentence in shown for sentence in told)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("seed", "-1", "seed is &#39;-1&#39;: give a whole number from 0 to 4294967295, or nothing"),
        ("epochs", "abc", "epochs is &#39;abc&#39;: give a whole number from 1 to 1000, or nothing"),
        ("strategy", "exted", "strategy is &#39;exted&#39;: give extend or blend"),
        ("dry_run", "maybe", "dry_run is &#39;maybe&#39;: give true or false"),
        ("batches", "nowhere.jsonl", "not in the inbox: nowhere.jsonl"),
        ("batches", "2026-10-30.jsonl", "cannot be used: 2026-10-30.jsonl (in production)"),
    ],
)
def test_an_error_stands_beside_its_field_and_no_run_exists(
    page: TestClient, runs: Runs, name: str, value: str, told: str
) -> None:
    sent = send(page, **({"epochs": "7"} | {name: value}))
    assert sent.status_code == 422
    assert runs.started == {}
    assert re.search(rf'id="{name}-problem"><bdi>{re.escape(told)}', sent.text)
    assert f'aria-invalid="true" aria-describedby="{name}-problem {name}-set"' in sent.text
    assert name in ("epochs", "batches") or 'name="epochs" value="7"' in sent.text  # the rest is kept


def test_an_unknown_field_is_refused(page: TestClient, runs: Runs) -> None:
    sent = send(page, epoch="3")
    assert sent.status_code == 422
    assert "&#39;epoch&#39; is no option of a run: did you mean epochs?" in sent.text
    assert runs.started == {}


def test_hostile_values_are_harmless_where_they_are_told(page: TestClient) -> None:
    sent = send(page, epochs="<script>alert(1)</script>", seed="\u202e" + "9" * 9000)
    assert sent.status_code == 422
    assert "<script>alert" not in sent.text


def test_one_form_starts_one_night_however_often_it_is_sent(page: TestClient, runs: Runs) -> None:
    form = page.get("/start").text
    whole = {name: hidden(form, name) for name in ("token", "run")}
    first, second = (page.post("/start", data=whole, follow_redirects=False) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "it has this run" in second.text
    assert len(runs.started) == 1


def test_a_form_of_another_person_or_site_is_refused(page: TestClient, runs: Runs) -> None:
    form = page.get("/start").text
    runs.who = "airflow:bob"
    for token in (hidden(form, "token"), "0" * 64, ""):
        assert send(page, token=token, run=hidden(form, "run")).status_code == 422
    assert runs.started == {}


def test_a_form_that_is_too_long_to_be_one_is_not_read(page: TestClient, runs: Runs) -> None:
    assert send(page, batches=["x" * 1000] * 100).status_code == 422
    assert runs.started == {}


def test_a_form_that_was_left_open_is_looked_at_again(page: TestClient, runs: Runs) -> None:
    then = datetime.now(UTC) - timedelta(hours=1, seconds=1)
    run_id = f"manual__{then.isoformat(timespec='microseconds')}"
    token = make_token(b"secret", "start", run_id, "airflow:ada")
    sent = send(page, run=run_id, token=token, epochs="7")
    assert sent.status_code == 422
    assert "more than an hour old" in sent.text
    assert 'name="epochs" value="7"' in sent.text
    assert runs.started == {}


def test_who_may_not_start_sees_no_form_and_is_refused(page: TestClient, runs: Runs) -> None:
    runs.who = None
    shown = page.get("/start").text
    assert "<form" not in shown
    assert "Airflow does not let you trigger the DAG" in shown
    assert send(page).status_code == 403
    assert runs.started == {}


def test_without_airflow_the_page_names_the_command(filled: Filled, client: Client) -> None:
    page = client(filled.store)
    assert "techner run night" in page.get("/start").text
    assert send(page).status_code == 403


def test_what_unpausing_does_is_told_where_the_dag_is_paused(page: TestClient, runs: Runs) -> None:
    told = "Unpausing also starts the run of last night"
    assert told not in page.get("/start").text
    runs.paused = True
    assert told in page.get("/start").text
    assert "The DAG is not paused" not in page.get("/start").text


@pytest.mark.parametrize("run", ["manual__2026-11-20T02:00:00.000000+00:00", "<b>", "scheduled-1"])
def test_a_link_cannot_make_the_page_say_that_a_night_was_started(page: TestClient, run: str) -> None:
    assert '<span class="chip good">started' not in page.get("/start", params={"run": run}).text
