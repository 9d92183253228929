"""Pages go first: what is read ahead of them waits until they are done, or wait themselves."""

import threading
from collections.abc import Callable

import anyio
import pytest

from techner.core.errors import StillReading
from techner.core.records import Generation
from techner.store import MemoryStore, Stored
from techner.web.ahead import Ahead
from techner.web.known import Known
from techner.web.precedence import Precedence
from techner.web.row_reader import AT_ONCE_BYTES, RowReader
from techner.web.threads import Threads
from tests.waiting import LIMIT_S, until


def begin(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_who_gives_way_goes_on_when_no_page_is_at_work() -> None:
    pages, order = Precedence(LIMIT_S), list[str]()

    def other() -> None:
        pages.give_way()
        order.append("other")

    def page() -> threading.Thread:
        thread = begin(other)
        thread.join(0.01)
        order.append("page")
        return thread

    pages.first(page).join(LIMIT_S)
    assert order == ["page", "other"]


def test_a_page_that_only_waits_holds_nobody_up() -> None:
    pages = Precedence(LIMIT_S)

    def page() -> None:
        with pages.aside():
            pages.give_way()

    thread = begin(lambda: pages.first(page))
    thread.join(LIMIT_S / 8)
    assert not thread.is_alive()


def test_a_page_that_takes_long_holds_others_up_for_a_while_only() -> None:
    pages = Precedence(0.001)
    thread = begin(lambda: pages.first(pages.give_way))
    thread.join(LIMIT_S / 8)
    assert not thread.is_alive()


def test_a_request_holds_up_what_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Precedence(LIMIT_S)
    for module in ("ahead", "threads"):
        monkeypatch.setattr(f"techner.web.{module}.PAGES", pages)
    ahead, read = Ahead[None](lambda look, ahead: None), list[int]()

    def request() -> tuple[threading.Thread, list[int]]:
        thread = begin(lambda: ahead.each([1, 2], read.append))
        thread.join(0.01)
        return thread, [*read]

    thread, meanwhile = anyio.run(Threads().run, request)
    thread.join(LIMIT_S)
    assert (meanwhile, sorted(read)) == ([], [1, 2])


def test_large_documents_are_read_ahead_though_they_are_few() -> None:
    done = threading.Event()

    def work(look: RowReader, ahead: Ahead[RowReader]) -> None:
        del look, ahead
        done.wait(LIMIT_S)

    ahead = Ahead[RowReader](work)
    reader = RowReader(store=MemoryStore(), known=Known(), ahead=ahead)
    with pytest.raises(StillReading):
        reader.rows([Stored("versions/one/manifest.json", AT_ONCE_BYTES + 1, "1")], Generation)
    done.set()
    until(lambda: not ahead.is_under_way, "the thread to end")


def test_a_page_waits_once_for_what_is_read_ahead() -> None:
    class Counted(Ahead[RowReader]):
        looks = 0

        def read(self, look: RowReader) -> None:
            del look
            self.looks += 1

    ahead = Counted(lambda look, ahead: None)
    reader = RowReader(store=MemoryStore(), known=Known(), ahead=ahead)
    reader.read_ahead()
    reader.read_ahead()
    assert ahead.looks == 1
