"""The policies of deploy/policies: each role may do what it is for, and nothing that another one is for."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from techner.inbox.deliveries import INBOX
from techner.night.limits import TOUCHES
from techner.night.order import TASKS
from techner.registry.log import PROBES
from techner.registry.trust import SIGNED
from techner.runs.documents import RUNS

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


def test_an_annotator_delivers_and_reads_no_model_and_no_report() -> None:
    assert places("annotator", PUT) == {INBOX}
    assert places("annotator", GET) == {INBOX, "aliases/"}
    assert may("annotator", GET, "versions/0001-0123456789abcdef/manifest.json")
    assert not places("annotator", DELETE)


def test_a_service_reads_models_and_writes_nothing() -> None:
    assert places("service", GET) == {"aliases/", "versions/", "blobs/"}
    assert not places("service", PUT) | places("service", DELETE)


def test_the_pipeline_writes_all_but_deliveries_and_deletes_working_files_alone() -> None:
    assert places("pipeline", GET) == PLACES
    assert places("pipeline", PUT) == PLACES - {INBOX, "gc/"}
    assert places("pipeline", DELETE) == {RUNS, PROBES}


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
