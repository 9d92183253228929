"""No batch is taught again, skipped or forgotten because it stands in a part of the lineage."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.delivery import BatchMetadata, BatchRef
from techner.core.errors import BatchError, IntegrityError, StoreError
from techner.core.examples import digest
from techner.core.policy import Policies
from techner.core.run_documents import Plan
from techner.inbox.submit import submit
from techner.inbox.survey import Status, learnt_by, survey
from techner.night.plan import plan
from techner.operate.rollback import roll_back
from techner.operate.verify import verify_all
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.lineage import PART_BATCHES, continued
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.store import FolderStore
from tests.registry.making import WHEN, manifest

WHY = Word(who="ada", when=WHEN, why="finds ghosts")


def deliver(run: Run, name: str) -> BatchRef:
    data = f"{uuid.uuid4()}\n".encode()
    run.store.create(f"inbox/{name}", data)
    return BatchRef(name=name, digest=digest(data))


def learn(run: Run, more: list[BatchRef]) -> None:
    """Move production to a version that has learnt these batches too."""
    live, production = run.registry.production()
    lineage = continued(run.store, production.lineage, more)
    made = replace(production, number=production.number + 1, parent=live, origin="0000", lineage=lineage)
    run.registry.move(run.registry.create(made), expected=live, who="test", why="test", when=WHEN)


def refs(count: int) -> list[BatchRef]:
    """Return batches that no other test has: a process remembers the parts that it has read."""
    return [BatchRef(name=f"{at:04d}.jsonl", digest=digest(uuid.uuid4().bytes)) for at in range(count)]


def part_key(run: Run) -> str:
    return blob_key(run.registry.production()[1].lineage.parts[0].sha256)


@pytest.fixture
def near(tmp_path: Path) -> Run:
    """Return a run on a store whose production, the second version, has learnt one delivery."""
    run = Run(store=FolderStore(tmp_path / "store"), id="run-1", cache=tmp_path / "cache")
    files = (save_bytes(run.store, b"model", path="config.cfg"),)
    origin = run.registry.create(manifest(files=files))
    run.registry.move(origin, expected=None, who="test", why="test", when=WHEN)
    learn(run, [deliver(run, "first.jsonl")])
    return run


@pytest.fixture
def far(near: Run) -> Run:
    """Return one whose production has learnt it in a part, with 255 others; a second delivery is new."""
    learn(near, refs(PART_BATCHES))
    deliver(near, "second.jsonl")
    return near


def back(run: Run) -> tuple[str, ...]:
    """Roll back by one version, and return the names of the held batches."""
    return roll_back(run, WHY, query=lambda folder, texts: [() for _ in texts])[1]


class Down(FolderStore):
    """Does not answer when a blob is read."""

    def get(self, key: str) -> bytes:
        if key.startswith("blobs/"):
            raise StoreError(f"no answer for {key}")
        return super().get(key)


def test_a_plan_has_what_no_part_lists(far: Run) -> None:
    planned = plan(far, Policies())
    assert planned
    assert [batch.name for batch in planned.batches] == ["second.jsonl"]


def test_nothing_is_planned_while_a_part_is_missing(far: Run) -> None:
    far.store.delete(part_key(far))
    with pytest.raises(IntegrityError, match=r"lineage/1\.json: blob .* is missing"):
        plan(far, Policies())
    assert far.find(Plan) is None


def test_nothing_is_planned_while_a_part_cannot_be_read_and_the_next_try_plans_what_is_new(far: Run) -> None:
    with pytest.raises(StoreError):
        plan(replace(far, store=Down(Path(far.store.url.removeprefix("file://")))), Policies())
    assert far.find(Plan) is None
    planned = plan(far, Policies())
    assert planned
    assert [batch.name for batch in planned.batches] == ["second.jsonl"]


def test_a_delivery_tells_which_version_learnt_it_and_takes_no_other_scope(far: Run, tmp_path: Path) -> None:
    data = far.store.get("inbox/first.jsonl")
    states = survey(far.store, Policies(), cache=far.cache)
    state = next(state for state in states if state.ref.digest == digest(data))
    assert state.status is Status.IN_PRODUCTION
    _, first, third = far.registry.versions()
    assert learnt_by(far.store, state.ref) == first
    assert learnt_by(far.store, far.registry.production()[1].lineage.batches[-1]) == third
    assert learnt_by(far.store, BatchRef(name="new", digest="0" * 64)) is None
    (tmp_path / "first.jsonl").write_bytes(data)
    with pytest.raises(BatchError, match="is in production"):
        submit(far.store, tmp_path / "first.jsonl", metadata=BatchMetadata(scope=("PROTOCOL",)))


def test_a_rollback_holds_what_stands_in_parts_of_the_later_version_alone(near: Run) -> None:
    more = refs(PART_BATCHES)
    learn(near, more)
    assert back(near) == tuple(batch.name for batch in more)
    states = survey(near.store, Policies(), cache=near.cache)
    assert [state.status for state in states] == [Status.IN_PRODUCTION]


def test_a_rollback_needs_no_part_that_both_versions_have(far: Run) -> None:
    more = refs(2)
    learn(far, more)
    far.store.delete(part_key(far))
    assert back(far) == tuple(batch.name for batch in more)


def test_the_examinations_of_what_parts_list_are_verified(far: Run) -> None:
    faults = {(damage.where, damage.what) for damage in verify_all(far.store)}
    assert {("first.jsonl", "report.json"), ("0000.jsonl", "report.json")} <= faults
