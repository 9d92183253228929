"""The policies of deploy/policies: each role may do what it is for, and nothing that another one is for."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.inbox.deliveries import INBOX
from techner.inbox.survey import Status, survey
from techner.night.limits import TOUCHES
from techner.night.order import TASKS
from techner.registry.log import PROBES
from techner.registry.trust import SIGNED
from techner.runs.documents import RUNS
from techner.store.wrapped import WrappedStore
from tests.world import POLICIES, WHEN, World, tech_batch

FOLDER = Path(__file__).parents[1] / "deploy" / "policies"
ROLES: dict[str, Any] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.iterdir()}
PLACES = {*SIGNED, INBOX, PROBES, "blobs/", "reference/"}
GET, PUT, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


def may(role: str, action: str, key: str) -> bool:
    """Tell whether a policy, all of whose statements allow something, allows this."""
    return any(
        action in _listed(statement["Action"])
        and any(fnmatchcase(f"arn:aws:s3:::BUCKET/PREFIX/{key}", to) for to in _listed(statement["Resource"]))
        for statement in ROLES[role]["Statement"]
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def places(role: str, action: str) -> set[str]:
    return {place for place in PLACES if may(role, action, f"{place}x")}


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_only_allows_and_names_every_action(role: str) -> None:
    for statement in ROLES[role]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert {*_listed(statement["Action"])} <= {GET, PUT, DELETE, "s3:ListBucket"}


def test_an_annotator_delivers_and_reads_no_model_and_no_run() -> None:
    assert places("annotator", PUT) == {INBOX}
    assert places("annotator", GET) == {INBOX, "batches/", "decisions/", "aliases/"}
    assert may("annotator", GET, "versions/0001-0123456789abcdef/manifest.json")
    assert not places("annotator", DELETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class As(WrappedStore):
    """The store as a role may read it."""

    role: str

    def get(self, key: str) -> bytes:
        assert may(self.role, GET, key), f"{self.role} may not read {key}"
        return self.inner.get(key)


def test_an_annotator_sees_what_became_of_each_delivery(world: World) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 5))
    world.deliver("tuesday.jsonl", tech_batch(5, 10))
    world.until("assemble")
    (batch, _) = survey(world.store, POLICIES, cache=world.cache)
    decide(world.store, batch.ref, BatchWord.EXCLUDE, who="ada", why="not ours", when=WHEN)
    found = survey(As(inner=world.store, role="annotator"), POLICIES, cache=world.cache)
    assert [state.status for state in found] == [Status.EXCLUDED, Status.ACCEPTED]


def test_a_service_reads_models_and_writes_nothing() -> None:
    assert places("service", GET) == {"aliases/", "versions/", "blobs/"}
    assert not places("service", PUT) | places("service", DELETE)


def test_the_pipeline_writes_all_but_deliveries_and_deletes_working_files_alone() -> None:
    assert places("pipeline", GET) == PLACES
    assert places("pipeline", PUT) == PLACES - {INBOX, "gc/"}
    assert places("pipeline", DELETE) == {RUNS, PROBES}


def test_logs_of_tasks_are_written_apart_from_the_store() -> None:
    assert not places("logs", GET) | places("logs", PUT) | places("logs", DELETE)
    writing = [one for one in ROLES["logs"]["Statement"] if PUT in _listed(one["Action"])]
    assert [one["Resource"] for one in writing] == ["arn:aws:s3:::BUCKET/LOGS/*"]


def test_the_pipeline_may_write_what_every_task_says_that_it_writes() -> None:
    for task in (*TASKS, "publish", "reject"):
        __import__(f"techner.night.{task}")
    kept = {prefix for touches in TOUCHES.values() for prefix in touches.keeps}
    assert kept
    assert [prefix for prefix in kept if not may("pipeline", PUT, f"{prefix}x")] == []


def test_only_the_collector_deletes_versions_and_nobody_deletes_deliveries_or_what_was_said() -> None:
    assert {role for role in ROLES if may(role, DELETE, "versions/x")} == {"collector"}
    for place in (INBOX, "aliases/", "decisions/", "judgements/", "batches/", "reference/"):
        assert not [role for role in ROLES if may(role, DELETE, f"{place}x")]
