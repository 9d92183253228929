"""Figures of the nights, and the files in deploy/monitoring that read them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from techner.core.records import BatchWord
from techner.core.verdict import CheckState, Verdict
from techner.inbox.decisions import decide
from techner.inbox.survey import survey
from techner.night import measures
from techner.night.plan import plan
from techner.registry import Registry
from techner.runs.judgements import judgements
from tests.night.test_telling import CHECK
from tests.world import POLICIES, WHEN, World, tech_batch

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
SENT = {
    measures.MOVED_AT,
    measures.PLANNED_AT,
    *measures.BATCHES.values(),
    *measures.F1.values(),
    *measures.VERDICTS.values(),
    *measures.SECONDS.values(),
}


def test_every_state_of_a_batch_is_counted_and_empty_ones_too(world: World) -> None:
    world.deliver("a.jsonl", tech_batch(0, 5))
    world.deliver("b.jsonl", tech_batch(5, 10))
    held = survey(world.store, POLICIES, cache=world.cache)[0].ref
    decide(world.store, held, BatchWord.HOLD, who="test", why="worse", when=WHEN)
    found: dict[str, float] = {}
    plan(world.run(), POLICIES, on_states=lambda states: found.update(measures.of_batches(states)))
    assert (found["techner.batches.pending"], found["techner.batches.held"]) == (1, 1)
    assert sum(found.values()) == 2
    assert set(found) == set(measures.BATCHES.values())


def test_the_age_of_production_follows_from_its_last_move(promoted: World) -> None:
    newest = Registry(promoted.store).log().newest()
    assert newest is not None
    assert measures.of_production(promoted.store) == {measures.MOVED_AT: newest.record.when.timestamp()}


def test_only_scores_that_were_measured_are_told() -> None:
    new = replace(CHECK, name="new micro F1", candidate=None, state=CheckState.INSUFFICIENT)
    assert measures.of_verdict(Verdict(checks=(CHECK, new))) == {"techner.f1.pretrained": 0.81}


def test_a_judged_candidate_has_each_score(promoted: World) -> None:
    newest = judgements(promoted.store).newest()
    assert newest is not None
    assert set(measures.of_verdict(newest.record.verdict)) == set(measures.F1.values())


def test_the_dashboard_finds_counts_with_the_suffix_of_opentelemetry_too() -> None:
    told = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    asked = " ".join(target["expr"] for panel in told for target in panel["targets"])
    for name in measures.VERDICTS.values():
        assert f'{{__name__=~"airflow_{name.replace(".", "_")}(_total)?"}}' in asked


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_dashboard_and_alerts_read_figures_that_are_sent(file: str) -> None:
    read = set(re.findall(r"\bairflow_(techner_\w+)", (MONITORING / file).read_text()))
    assert read
    assert read <= {name.replace(".", "_") for name in SENT}


def test_every_panel_has_a_title_and_asks_for_something() -> None:
    board = json.loads((MONITORING / "dashboard.json").read_text())
    assert all(panel["title"] and panel["targets"][0]["expr"] for panel in board["panels"])


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [
        "TechnerNoNight",
        "TechnerProductionOld",
        "TechnerBatchesHeld",
    ]
    assert all(rule["expr"] and rule["annotations"]["description"] for rule in rules)
