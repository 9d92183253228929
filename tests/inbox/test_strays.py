"""What in the inbox is no delivery is named with its reason, hangs nothing, and hides no delivery."""

import logging
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from techner.core.errors import BatchError, ObjectMissing, StoreError
from techner.core.policy import Policies
from techner.inbox.deliveries import Inbox, read_inbox
from techner.inbox.submit import submit
from techner.inbox.survey import survey_all
from techner.store import FolderStore, MemoryStore
from tests.world import World

STRAYS = tuple(
    """
    .DS_Store .monday.jsonl.Xa81Qz _SUCCESS team/_temporary/0/part-0000 b.jsonl.tmp b.jsonl.part
    b.jsonl.crdownload b.jsonl.CRDOWNLOAD b.jsonl~ ~$b.docx #b.jsonl# .b.jsonl.swp b.jsonl.filepart
    b.jsonl._COPYING_ Thumbs.db __MACOSX/b.jsonl .~lock.b.csv# _started_77 team_$folder$ b.jsonl.bak
    .hidden/b.jsonl @eaDir/b.jsonl
    _delta_log/00.json""".split()  # noqa: SIM905 - names, not code
)
DELIVERIES = tuple(
    """
    monday.jsonl part-00000 a.part1.jsonl team~1.jsonl _ours.jsonl tmp.jsonl x/y.z.jsonl lock.json b.jsonl.2
    temporary.conll success""".split()  # noqa: SIM905
)


def names(inbox: Inbox) -> list[str]:
    return [batch.name for batch in inbox.batches]


def reasons(inbox: Inbox) -> dict[str, str]:
    return {one.name: one.why for one in inbox.ignored}


def filled(*names: str) -> MemoryStore:
    store = MemoryStore()
    for name in names:
        store._objects[f"inbox/{name}"] = name.encode()
    return store


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail, instead of hanging, where something waits for a writer."""

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("stray", STRAYS)
def test_stray_is_named_with_why_and_logged(
    stray: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        inbox = read_inbox(filled(stray, "tuesday.jsonl"), tmp_path)
    assert (names(inbox), list(reasons(inbox))) == (["tuesday.jsonl"], [stray])
    assert f"inbox/{stray} is not read: {reasons(inbox)[stray]}" in caplog.text


@pytest.mark.parametrize("name", DELIVERIES)
def test_delivery_with_an_odd_name_is_read(name: str, tmp_path: Path) -> None:
    inbox = read_inbox(filled(name), tmp_path)
    assert (names(inbox), inbox.ignored) == ([name], ())


@pytest.mark.parametrize("marker", ["team/", "team", ""])
def test_empty_object_that_stands_for_a_folder_is_named(marker: str, tmp_path: Path) -> None:
    store = filled("team/b.jsonl")
    store._objects[f"inbox/{marker}"] = b""
    inbox = read_inbox(store, tmp_path)
    assert (names(inbox), list(reasons(inbox).values())) == (["team/b.jsonl"], ["it marks a folder"])


@pytest.mark.parametrize(
    "copy",
    ["t/.b.jsonl.Xa81Qz", "t/b.jsonl.part", "t/b.jsonl.filepart", "t/.b.jsonl.part", "t/b.jsonl._COPYING_"],
)
def test_delivery_that_is_being_copied_waits(copy: str, tmp_path: Path) -> None:
    inbox = read_inbox(filled("t/b.jsonl", copy, "t/c.jsonl"), tmp_path)
    assert names(inbox) == ["t/c.jsonl"]
    assert copy in reasons(inbox)["t/b.jsonl"]


def test_delivery_waits_for_its_metadata(tmp_path: Path) -> None:
    store = filled("b.jsonl", "b.jsonl.meta.json", ".b.jsonl.meta.json.Xa81Qz")
    inbox = read_inbox(store, tmp_path)
    assert (names(inbox), len(inbox.ignored)) == ([], 3)


def test_a_name_cannot_write_a_line_of_its_own_into_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = tmp_path / "store" / "inbox"
    inbox.mkdir(parents=True)
    for name in ("a\nproduction is fine.jsonl", "\x1b[2J.jsonl", "\u202egnp.jsonl", "b\n.jsonl.meta.json"):
        (inbox / name).write_bytes(b"{}")
    with caplog.at_level(logging.WARNING):
        read_inbox(FolderStore(tmp_path / "store"), tmp_path / "cache")
    assert len(caplog.messages) == 4
    assert all(message.isprintable() for message in caplog.messages)


def test_checksum_beside_a_delivery_is_none(tmp_path: Path) -> None:
    inbox = read_inbox(filled("b.jsonl", "b.jsonl.sha256", "c.md5"), tmp_path)
    assert (names(inbox), list(reasons(inbox))) == (["b.jsonl", "c.md5"], ["b.jsonl.sha256"])


def test_size_that_changes_between_listing_and_reading_is_no_delivery_yet(tmp_path: Path) -> None:
    class Growing(MemoryStore):
        def get(self, key: str) -> bytes:
            return super().get(key) + b"more"

    store = Growing()
    store.create("inbox/b.jsonl", b"half")
    assert "its size changed" in reasons(read_inbox(store, tmp_path))["b.jsonl"]
    assert not list(tmp_path.rglob("*.*"))  # nothing is remembered of it


def test_file_that_goes_while_it_is_read_stops_nothing(tmp_path: Path) -> None:
    class Leaving(MemoryStore):
        def get(self, key: str) -> bytes:
            if key == "inbox/b.jsonl":
                raise ObjectMissing(key)
            return super().get(key)

    store = Leaving()
    store.create("inbox/b.jsonl", b"gone")
    store.create("inbox/c.jsonl", b"here")
    inbox = read_inbox(store, tmp_path)
    assert (names(inbox), list(reasons(inbox))) == (["c.jsonl"], ["b.jsonl"])


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the whole path may be too long for a socket
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def linked_pipe(path: Path) -> None:
    os.mkfifo(path.parent / ".p")
    path.symlink_to(".p")


SPECIAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "named pipe"),
    "socket": (listening, "socket"),
    "link to a device": (lambda path: path.symlink_to("/dev/zero"), "device"),
    "link to itself": (lambda path: path.symlink_to(path), "cannot be read"),
    "broken link": (lambda path: path.symlink_to(path.parent / "nowhere"), "cannot be read"),
    "link to a folder": (lambda path: path.symlink_to(path.parent.parent), "folder"),
    "link to a pipe": (linked_pipe, "named pipe"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_named_and_never_waited_for(kind: str, tmp_path: Path) -> None:
    make, said = SPECIAL[kind]
    store = FolderStore(tmp_path / "store")
    store.create("inbox/a.jsonl", b"a")
    make(tmp_path / "store" / "inbox" / "b.jsonl")
    with at_most(10):
        inbox = read_inbox(store, tmp_path / "cache")
        assert names(inbox) == ["a.jsonl"]
        assert said in reasons(inbox)["b.jsonl"]
        with pytest.raises((StoreError, ObjectMissing)):
            store.get("inbox/b.jsonl")


@pytest.mark.parametrize("key", ["aliases/production/1.json", "blobs/sha256/ab"])
def test_pipe_among_our_own_objects_is_an_error(key: str, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / key).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / key)
    with at_most(10), pytest.raises(StoreError, match="named pipe"):
        store.get(key)


@pytest.mark.parametrize("name", ["b.jsonl", "team/b.jsonl"])
def test_what_may_not_be_read_is_named(name: str, as_anybody: Path) -> None:
    store = FolderStore(as_anybody / "store")
    store.create("inbox/a.jsonl", b"a")
    store.create(f"inbox/{name}", b"b")
    closed = as_anybody / "store" / "inbox" / name.partition("/")[0]
    closed.chmod(0)
    try:
        inbox = read_inbox(store, as_anybody / "cache")
    finally:
        closed.chmod(stat.S_IRWXU)
    assert names(inbox) == ["a.jsonl"]
    assert "denied" in next(iter(reasons(inbox).values())).lower()


@pytest.mark.parametrize("name", [".monday.jsonl.Xa81Qz", "monday.jsonl.part"])
def test_file_that_would_be_ignored_is_not_submitted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(BatchError, match="rename it"):
        submit(MemoryStore(), tmp_path / name)


def test_strays_do_not_stop_a_survey(world: World) -> None:

    world.store.create("inbox/.monday.jsonl.Xa81Qz", b'{"text": "half')
    found = survey_all(world.store, Policies(), cache=world.cache)
    assert (found.batches, [one.name for one in found.ignored]) == ((), [".monday.jsonl.Xa81Qz"])
