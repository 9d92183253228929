"""Figures of the nights, and the files in deploy/monitoring that read them."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
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
from techner.store import MemoryStore
from techner.store.base import Stored
from techner.store.wrapped import WrappedStore
from tests.night.test_telling import CHECK
from tests.world import POLICIES, WHEN, World, tech_batch

DUE = ("pending", "accepted", "held")
MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
SENT = {
    measures.MOVED_AT,
    measures.PLANNED_AT,
    measures.READ_S,
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
    assert measures.of_production(promoted.store)[measures.MOVED_AT] == newest.record.when.timestamp()


class SlowStore(WrappedStore):
    """A store that takes a while to list."""

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        time.sleep(0.02)
        return self.inner.list(prefix, limit=limit)


def test_the_latency_of_the_store_is_told_also_before_the_first_promotion() -> None:
    told = measures.of_production(SlowStore(inner=MemoryStore()))
    assert set(told) == {measures.READ_S}
    assert told[measures.READ_S] >= 0.02


def test_only_scores_that_were_measured_are_told() -> None:
    new = replace(CHECK, name="new micro F1", candidate=None, state=CheckState.INSUFFICIENT)
    assert measures.of_verdict(Verdict(checks=(CHECK, new))) == {"techner.f1.pretrained": 0.81}


def test_a_judged_candidate_has_each_score(promoted: World) -> None:
    newest = judgements(promoted.store).newest()
    assert newest is not None
    assert set(measures.of_verdict(newest.record.verdict)) == set(measures.F1.values())


def figure(name: str, model: str | None = None) -> str:
    """Return the name of a figure in Prometheus, as plugins/techner_metrics.py sends it."""
    named = name if model is None else name.replace("techner.", f"techner.{model}.", 1)
    return f"airflow_{named}".replace(".", "_")


@pytest.mark.parametrize("model", [None, "legal", "our_night"])
def test_the_dashboard_finds_each_model_by_a_figure_of_it_and_reads_figures_that_are_sent(
    model: str | None,
) -> None:
    board = json.loads((MONITORING / "dashboard.json").read_text())
    variable = next(one for one in board["templating"]["list"] if one["name"] == "figures")
    asked = re.findall(r'=~"(.+)"}', variable["query"]["query"])[0]
    choose = re.compile(variable["regex"].strip("/").replace("(?<", "(?P<"))
    known = [figure(name, model) for name in SENT]
    (chosen,) = (found for name in known if re.fullmatch(asked, name) and (found := choose.match(name)))
    assert chosen["text"] == model
    read = set(re.findall(r"\$\{figures}(\w+)", json.dumps(board["panels"])))
    assert {measures.PLANNED_AT.removeprefix("techner."), "batches_held"} & read
    assert {chosen["value"] + name for name in read} <= set(known)


def test_each_panel_is_shown_for_each_model() -> None:
    board = json.loads((MONITORING / "dashboard.json").read_text())
    row, *panels = board["panels"]
    assert (row["type"], row["repeat"]) == ("row", "figures")
    assert all(panel["title"] for panel in panels)
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert all("${figures}" in expr and "airflow_" not in expr for expr in asked)


def test_the_dashboard_finds_counts_with_the_suffix_of_opentelemetry_too() -> None:
    asked = (MONITORING / "dashboard.json").read_text()
    for name in measures.VERDICTS.values():
        counted = name.removeprefix("techner.").replace(".", "_")
        assert f'{{__name__=~\\"${{figures}}{counted}(_total)?\\"}}' in asked


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_alerts_fire_for_one_model_and_for_each_of_several() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", str(Path(__file__).with_name("alerts.yaml"))],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_read_figures_that_are_sent() -> None:
    tried = Path(__file__).with_name("alerts.yaml").read_text()
    read = set(re.findall(r"airflow_techner_(?:legal_|our_batches_)?(\w+)", tried))
    assert read == {"night_planned_at", "production_moved_at", *(f"batches_{name}" for name in DUE)}
    assert {figure(f"techner.{name}") for name in read} - {figure(name) for name in SENT} == set()


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    alerts = [rule for rule in rules if "alert" in rule]
    assert [rule["alert"] for rule in alerts] == [
        "TechnerNoNight",
        "TechnerProductionOld",
        "TechnerBatchesHeld",
    ]
    assert all(rule["expr"] and rule["annotations"]["description"] for rule in alerts)
