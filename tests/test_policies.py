"""The policies of deploy/policies: each role may do what it is for, and nothing that another one is for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from techner.core.errors import StoreRefused
from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.inbox.deliveries import INBOX
from techner.inbox.survey import Status, survey
from techner.night.limits import TOUCHES
from techner.night.order import TASKS
from techner.operate.backup import Copied, back_up
from techner.operate.prune import prune
from techner.registry.log import PROBES
from techner.registry.trust import SIGNED
from techner.runs.documents import RUNS
from techner.runs.judgements import Word
from techner.store import FolderStore, Stored
from techner.store.wrapped import WrappedStore
from tests.operate.test_backup import NOW, fill, make
from tests.world import POLICIES, WHEN, World, tech_batch

FOLDER = Path(__file__).parents[1] / "deploy" / "policies"
ROLES: dict[str, Any] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.iterdir()}
PLACES = {*SIGNED, INBOX, PROBES, "blobs/", "reference/"}
GET, PUT, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


def may(role: str, action: str, key: str, *, bucket: str = "BUCKET", overwrites: bool = False) -> bool:
    """Tell whether a policy, all of whose statements allow something, allows this."""
    return _allows(role, action, f"arn:aws:s3:::{bucket}/PREFIX/{key}", overwrites=overwrites)


def _allows(role: str, action: str, resource: str, *, overwrites: bool = False) -> bool:
    return any(
        action in _listed(statement["Action"])
        and not (overwrites and "s3:if-none-match" in statement.get("Condition", {}).get("Null", {}))
        and any(fnmatchcase(resource, to) for to in _listed(statement["Resource"]))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited(WrappedStore):
    """The store, or the backup, as a role may use it."""

    role: str
    bucket: str

    def get(self, key: str) -> bytes:
        self._require(GET, key)
        return self.inner.get(key)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        self._require(GET, key)
        return self.inner.chunks(key, start=start)

    def create(self, key: str, data: bytes) -> None:
        self._require(PUT, key)
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._require(PUT, key, overwrites=True)
        self.inner.put(key, data)

    def upload(self, key: str, path: Path) -> None:
        self._require(PUT, key)
        self.inner.upload(key, path)

    def delete(self, key: str) -> None:
        self._require(DELETE, key)
        self.inner.delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        assert _allows(self.role, "s3:ListBucket", f"arn:aws:s3:::{self.bucket}")
        return self.inner.list(prefix, limit=limit)

    def _require(self, action: str, key: str, *, overwrites: bool = False) -> None:
        if not may(self.role, action, key, bucket=self.bucket, overwrites=overwrites):
            raise StoreRefused(f"AccessDenied: {self.role} may not {action} {self.bucket}/{key}")


def test_who_backs_up_and_who_prunes_need_no_more_than_their_policies(tmp_path: Path) -> None:
    store, backup = FolderStore(tmp_path / "store"), FolderStore(tmp_path / "backup")
    fill(store)
    for number in (3, 4):
        make(store, number)

    def back() -> Copied:
        return back_up(
            Limited(inner=store, role="backup", bucket="BUCKET"),
            Limited(inner=backup, role="backup", bucket="BACKUP"),
            scratch=tmp_path,
            clock=lambda: WHEN,
        )

    assert back().faults == ()
    store.put("inbox/monday.jsonl", b"{}")  # replaced: the copy is overwritten
    assert back().faults == ()
    pruned = prune(Limited(inner=backup, role="pruner", bucket="BACKUP"), Word(who="ada", when=NOW))
    assert (len(pruned.versions), len(pruned.blobs)) == (2, 2)
    assert not any(backup.list("backup/writing/"))
    assert back().objects == 4


def test_who_backs_up_deletes_nothing_and_writes_to_the_backup_alone() -> None:
    for bucket in ("BUCKET", "BACKUP"):
        assert not [place for place in PLACES if may("backup", DELETE, f"{place}x", bucket=bucket)]
    assert not places("backup", PUT)
    write_once = ("blobs/x", "reference/r/about.json", "versions/v/manifest.json", "aliases/production/x")
    for key in write_once:
        assert may("backup", PUT, key, bucket="BACKUP")
        assert not may("backup", PUT, key, bucket="BACKUP", overwrites=True)


def test_who_prunes_knows_no_store_and_keeps_deliveries_and_what_was_said() -> None:
    assert not places("pruner", GET) | places("pruner", PUT) | places("pruner", DELETE)
    deleted = {place for place in PLACES if may("pruner", DELETE, f"{place}x", bucket="BACKUP")}
    assert deleted == {"versions/", "blobs/", RUNS, "gc/"}
    written = {place for place in PLACES if may("pruner", PUT, f"{place}x", bucket="BACKUP")}
    assert written == {"gc/"}
    assert not may("pruner", DELETE, "backup/taken.json", bucket="BACKUP")
