"""Deliveries that change while nights run, and what the cache of their digests may say of them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.delivery import QualityReport
from techner.core.errors import BatchGone, IntegrityError
from techner.core.examples import Example
from techner.documents import dump
from techner.formats import write_examples
from techner.inbox.survey import Status, survey
from techner.night.admit import admit
from techner.night.plan import plan
from techner.registry import Registry
from techner.store import FolderStore
from techner.store.base import Stored
from tests.world import POLICIES, WHEN, World, tech_batch

NAME = "inbox/first.jsonl"


class Forgetful(FolderStore):
    """Never changes an object's mark, as where somebody sets all times back."""

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return (replace(entry, tag="same") for entry in super().list(prefix, limit=limit))


@pytest.fixture
def forgetful(world: World) -> World:
    return replace(world, store=Forgetful(Path(world.store.url.removeprefix("file://"))))


def planned(world: World, run_id: str) -> str:
    made = plan(world.run(run_id), POLICIES)
    assert made is not None
    (batch,) = made.batches
    return batch.digest


def status(world: World) -> list[Status]:
    return [state.status for state in survey(world.store, POLICIES, cache=world.cache)]


def test_a_file_replaced_with_its_time_kept_is_a_new_delivery(promoted: World) -> None:
    assert status(promoted) == [Status.IN_PRODUCTION]
    path = Path(promoted.store.url.removeprefix("file://"), NAME)
    before = path.stat()
    path.write_bytes(write_examples(tech_batch(300, 320)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status(promoted) == [Status.PENDING]


def test_a_night_reads_what_is_there_though_the_mark_of_the_old_content_was_kept(forgetful: World) -> None:
    forgetful.deliver("first.jsonl", tech_batch(0, 20))
    old = planned(forgetful, "run-1")
    forgetful.store.put(NAME, write_examples(tech_batch(20, 60)))
    with pytest.raises(BatchGone, match="let the next run take what is there"):
        admit(forgetful.run("run-1"), old)
    new = planned(forgetful, "run-2")
    assert new != old
    assert admit(forgetful.run("run-2"), new).read == 40


def test_metadata_replaced_under_its_old_mark_is_read_by_the_next_night(forgetful: World) -> None:
    forgetful.deliver("first.jsonl", tech_batch(0, 20))
    forgetful.store.create(f"{NAME}.meta.json", b'{"scope": ["PROTOCOL"]}')
    planned(forgetful, "run-1")
    forgetful.store.put(f"{NAME}.meta.json", b'{"scope": ["HARDWARE"]}')
    assert "HARDWARE" in str(admit(forgetful.run("run-2"), planned(forgetful, "run-2")).issues)


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"0123456789abcdef", b"f" * 65])
def test_an_entry_of_the_digest_cache_without_a_digest_is_read_again(left: bytes, world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    before = survey(world.store, POLICIES, cache=world.cache)
    for entry in (world.cache / "deliveries").iterdir():
        entry.write_bytes(left)
    assert survey(world.store, POLICIES, cache=world.cache) == before
    planned(world, "run-1")


def test_a_folder_in_the_place_of_an_entry_of_the_digest_cache_goes(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    before = survey(world.store, POLICIES, cache=world.cache)
    for entry in [*(world.cache / "deliveries").iterdir()]:
        entry.unlink()
        (entry / "below").mkdir(parents=True)
    assert survey(world.store, POLICIES, cache=world.cache) == before
    assert all(entry.is_file() for entry in (world.cache / "deliveries").iterdir())


class Racing(FolderStore):
    """Lets another night examine the same batch while this one is about to write its first file."""

    other = ""

    def create(self, key: str, data: bytes) -> None:
        other, self.other = self.other, ""
        if other and key.startswith("batches/"):
            admit(World(FolderStore(self.root), self.root.parent / "cache").run("other"), other)
        super().create(key, data)


DRIFTED = tuple(
    Example(example.text, tuple(span for span in example.spans if span.label == "PROTOCOL"))
    for example in tech_batch(300, 400)
)


def test_two_nights_on_two_productions_examine_one_batch_at_once(promoted: World) -> None:
    """What compares with production differs between them; the first report holds, and is what both return."""
    promoted.deliver("second.jsonl", DRIFTED)
    live, manifest = Registry(promoted.store).production()
    batch = planned(promoted, "other")
    assert manifest.parent
    Registry(promoted.store).move(manifest.parent, expected=live, who="test", why="test", when=WHEN)
    plan(promoted.run("run-2"), POLICIES, batches=("second.jsonl",))
    store = Racing(Path(promoted.store.url.removeprefix("file://")))
    store.other = batch
    report = admit(replace(promoted.run("run-2"), store=store), batch)
    assert "label_drift" in {found.code for found in report.warnings}  # the origin has learnt no labels
    assert report == admit(promoted.run("other"), batch)
    page = next(e.key for e in promoted.store.list("batches/") if batch in e.key and "report.html" in e.key)
    assert b"label_drift" in promoted.store.get(page)


class Disagreeing(FolderStore):
    """Holds a report that says something else, just before this night writes its own."""

    report: QualityReport

    def create(self, key: str, data: bytes) -> None:
        if key.endswith("/report.json"):
            super().create(key, dump(replace(self.report, accepted=self.report.accepted + 1)))
        super().create(key, data)


def test_a_report_that_differs_in_what_decides_is_refused(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    batch = planned(world, "run-1")
    store = Disagreeing(Path(world.store.url.removeprefix("file://")))
    store.report = admit(world.run("run-1"), batch)
    for entry in list(world.store.list("batches/")):
        world.store.delete(entry.key)
    with pytest.raises(IntegrityError, match="differs from this examination"):
        admit(replace(world.run("run-1"), store=store), batch)


def test_rows_with_other_bytes_than_this_examination_would_write_are_refused(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    batch = planned(world, "run-1")
    admit(world.run("run-1"), batch)
    found = {entry.key.rpartition("/")[2]: entry.key for entry in world.store.list("batches/")}
    world.store.delete(found["report.json"])
    world.store.put(found["examples.jsonl"], b"")
    with pytest.raises(IntegrityError, match=r"examples\.jsonl differs from this examination"):
        admit(world.run("run-1"), batch)
