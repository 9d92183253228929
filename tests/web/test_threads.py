"""Threads of the app's own, and what they read a moment ago."""

import itertools
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from anyio.to_thread import current_default_thread_limiter

from techner.core.errors import Busy, StoreError
from techner.settings import Settings
from techner.store import Store
from techner.store.wrapped import WrappedStore
from techner.web import Opener
from techner.web.recent import KEPT_S, Recent
from techner.web.threads import Threads
from tests.waiting import LIMIT_S


async def beside_a_call_that_hangs(threads: Threads, check: Callable[[], Awaitable[None]]) -> None:
    """Run `check` while the only place is taken."""
    inside, leave = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        leave.wait(LIMIT_S)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(threads.run, hang)
        try:
            await anyio.to_thread.run_sync(inside.wait, LIMIT_S)
            await check()
        finally:
            leave.set()


def test_a_request_beyond_those_that_may_wait_is_sent_away() -> None:
    threads = Threads(1, waiting=0, wait_s=LIMIT_S)

    async def check() -> None:
        with pytest.raises(Busy, match="too many requests wait"):
            await threads.run(lambda: None)

    anyio.run(beside_a_call_that_hangs, threads, check)


def test_a_request_that_gets_no_place_in_time_is_sent_away() -> None:
    threads = Threads(1, wait_s=0.01)

    async def check() -> None:
        with pytest.raises(Busy, match="the store is slow"):
            await threads.run(lambda: None)

    anyio.run(beside_a_call_that_hangs, threads, check)


def test_a_call_takes_none_of_the_threads_that_all_share() -> None:
    threads = Threads(1)

    async def check() -> None:
        assert current_default_thread_limiter().borrowed_tokens == 0

    anyio.run(beside_a_call_that_hangs, threads, check)


def test_the_place_of_a_call_that_failed_is_free_again() -> None:
    threads = Threads(1, waiting=0)

    def fail() -> None:
        raise StoreError("no answer")

    async def twice() -> int:
        with pytest.raises(StoreError):
            await threads.run(fail)
        return await threads.run(lambda: 7)

    assert anyio.run(twice) == 7


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_read_counts_for_a_second() -> None:
    clock = Clock()
    recent, answers = Recent[str](clock=clock), iter(["first", "second"])
    found = []
    for clock.now in (0.0, KEPT_S - 0.1, KEPT_S):
        found.append(recent.get("production", lambda: next(answers)))
    assert found == ["first", "first", "second"]


def test_a_failed_read_is_not_kept() -> None:
    recent = Recent[str](clock=Clock())

    def fail() -> str:
        raise StoreError("no answer")

    with pytest.raises(StoreError):
        recent.get("production", fail)
    assert recent.get("production", lambda: "found") == "found"


def test_one_reads_for_all_who_ask_the_same_at_once() -> None:
    recent, start = Recent[int](clock=Clock()), threading.Barrier(8)
    reads = itertools.count(1)

    def ask(_: int) -> int:
        start.wait()
        return recent.get("production", lambda: next(reads))

    with ThreadPoolExecutor(8) as many:
        assert set(many.map(ask, range(8))) == {1}


@pytest.fixture
def in_a_bucket() -> Settings:
    return Settings(store="s3://bucket/ner", s3_endpoint="http://127.0.0.1:1")


@pytest.mark.usefixtures("moto_endpoint")  # for its region
def test_pages_and_api_wait_seconds_for_the_store(in_a_bucket: Settings) -> None:
    store: Store = Opener(lambda: in_a_bucket)()
    while isinstance(store, WrappedStore):
        store = store.inner
    config = store._client.meta.config  # type: ignore[attr-defined]
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries["total_max_attempts"] == 2


@pytest.mark.usefixtures("moto_endpoint")
def test_the_store_is_kept_for_a_minute(in_a_bucket: Settings) -> None:
    clock = Clock()
    opener = Opener(lambda: in_a_bucket, clock=clock)
    first = opener()
    clock.now = 59.0
    assert opener() is first
    clock.now = 60.0
    assert opener() is not first


@pytest.mark.usefixtures("moto_endpoint")
def test_changed_settings_open_another_store(in_a_bucket: Settings) -> None:
    other = in_a_bucket.model_copy(update={"store": "s3://bucket/other"})
    settings = iter([in_a_bucket, other])
    opener = Opener(lambda: next(settings))
    assert [opener().url, opener().url] == ["s3://bucket/ner", "s3://bucket/other"]
