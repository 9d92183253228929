"""No batch is taught again, skipped or forgotten because it stands in a part of the lineage."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.delivery import BatchMetadata, BatchRef
from techner.core.errors import BatchError, IntegrityError, StoreError
from techner.core.examples import digest
from techner.core.run_documents import Plan
from techner.inbox.submit import submit
from techner.inbox.survey import Status, learnt_by, survey, survey_one
from techner.night.plan import plan
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.lineage import PART_BATCHES, continued
from techner.runs.judgements import Word
from techner.store import FolderStore
from tests.moves import roll_back
from tests.world import POLICIES, WHEN, World, tech_batch

WHY = Word(who="ada", when=WHEN, why="finds ghosts")


def learn(world: World, count: int) -> list[BatchRef]:
    """Move production to a version that has learnt so many more batches; no other test has them."""
    live, manifest = Registry(world.store).production()
    more = [BatchRef(name=f"{at:04d}.jsonl", digest=digest(uuid.uuid4().bytes)) for at in range(count)]
    lineage = continued(world.store, manifest.lineage, more)
    made = replace(manifest, number=manifest.number + 1, parent=live, lineage=lineage)
    Registry(world.store).move(
        Registry(world.store).create(made), expected=live, who="test", why="test", when=WHEN
    )
    return more


def part_key(world: World) -> str:
    _, manifest = Registry(world.store).production()
    return blob_key(manifest.lineage.parts[0].sha256)


@pytest.fixture
def far(promoted: World) -> World:
    """Return a world whose production has learnt its one delivery in a part; a second one is new."""
    learn(promoted, PART_BATCHES)
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    return promoted


class Down(FolderStore):
    """Does not answer when a blob is read."""

    def get(self, key: str) -> bytes:
        if key.startswith("blobs/"):
            raise StoreError(f"no answer for {key}")
        return super().get(key)


def test_a_plan_has_what_no_part_lists(far: World) -> None:
    planned = plan(far.run(), POLICIES)
    assert planned
    assert [batch.name for batch in planned.batches] == ["second.jsonl"]


def test_nothing_is_planned_while_a_part_is_missing(far: World) -> None:
    far.store.delete(part_key(far))
    with pytest.raises(IntegrityError, match=r"lineage/1\.json: blob .* is missing"):
        plan(far.run(), POLICIES)
    assert far.run().find(Plan) is None


def test_nothing_is_planned_while_a_part_cannot_be_read_and_the_next_try_plans_what_is_new(
    far: World,
) -> None:
    down = replace(far, store=Down(Path(far.store.url.removeprefix("file://"))))
    with pytest.raises(StoreError):
        plan(down.run(), POLICIES)
    assert far.run().find(Plan) is None
    planned = plan(far.run(), POLICIES)
    assert planned
    assert [batch.name for batch in planned.batches] == ["second.jsonl"]


def test_a_delivery_tells_which_version_learnt_it_and_takes_no_other_scope(
    far: World, tmp_path: Path
) -> None:
    data = far.store.get("inbox/first.jsonl")
    state = survey_one(far.store, digest(data), POLICIES, cache=far.cache)
    assert state.status is Status.IN_PRODUCTION
    first = next(name for name in Registry(far.store).versions() if name.startswith("0001"))
    assert learnt_by(far.store, state.ref) == first
    _, manifest = Registry(far.store).production()
    assert learnt_by(far.store, manifest.lineage.batches[-1]) == Registry(far.store).production()[0]
    assert learnt_by(far.store, BatchRef(name="new", digest="0" * 64)) is None
    (tmp_path / "first.jsonl").write_bytes(data)
    with pytest.raises(BatchError, match="is in production"):
        submit(far.store, tmp_path / "first.jsonl", metadata=BatchMetadata(scope=("PROTOCOL",)))


def test_a_rollback_holds_what_stands_in_parts_of_the_later_version_alone(promoted: World) -> None:
    more = learn(promoted, PART_BATCHES)
    _, held = roll_back(promoted.run("rollback"), WHY)
    assert held == tuple(batch.name for batch in more)
    states = survey(promoted.store, POLICIES, cache=promoted.cache)
    assert [state.status for state in states] == [Status.IN_PRODUCTION]


def test_a_rollback_needs_no_part_that_both_versions_have(far: World) -> None:
    more = learn(far, 2)
    far.store.delete(part_key(far))
    _, held = roll_back(far.run("rollback"), WHY)
    assert held == tuple(batch.name for batch in more)


def test_the_examinations_of_what_parts_list_are_verified(far: World) -> None:
    faults = {(damage.where, damage.what) for damage in verify_all(far.store)}
    assert ("0000.jsonl", "report.json") in faults
    assert not any(where == "first.jsonl" for where, _ in faults)
