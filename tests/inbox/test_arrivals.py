"""What begins a night by arrival."""

from techner.inbox.arrivals import Arrivals, listing
from techner.store import Store


def looks(arrivals: Arrivals, store: Store, times: int = 1) -> list[tuple[str, ...]]:
    return [arrivals.look(listing(store)) for _ in range(times)]


def test_an_arrival_is_told_once_when_the_inbox_is_at_rest(store: Store) -> None:
    store.create("inbox/a.jsonl", b"1")
    assert looks(Arrivals(), store, 4) == [(), ("a.jsonl",), (), ()]


def test_files_that_go_on_arriving_are_told_together(store: Store) -> None:
    arrivals = Arrivals()
    for name in "ab":
        store.create(f"inbox/{name}.jsonl", b"1")
        assert looks(arrivals, store) == [()]
    assert looks(arrivals, store) == [("a.jsonl", "b.jsonl")]


def test_a_file_that_is_delivered_anew_is_an_arrival(store: Store) -> None:
    arrivals = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    looks(arrivals, store, 2)
    store.put("inbox/a.jsonl", b"22")
    assert looks(arrivals, store, 2) == [(), ("a.jsonl",)]


def test_a_removal_is_no_arrival(store: Store) -> None:
    arrivals = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    store.create("inbox/b.jsonl", b"2")
    looks(arrivals, store, 2)
    store.delete("inbox/a.jsonl")
    assert looks(arrivals, store, 3) == [(), (), ()]


def test_a_later_watcher_tells_only_what_came_meanwhile(store: Store) -> None:
    first = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    looks(first, store, 2)
    assert looks(Arrivals(first.mark), store, 3) == [(), (), ()]


def test_a_later_watcher_tells_of_arrivals_while_nobody_watched(store: Store) -> None:
    first = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    looks(first, store, 2)
    store.create("inbox/b.jsonl", b"2")
    assert looks(Arrivals(first.mark), store, 2)[1] == ("a.jsonl", "b.jsonl")


def test_what_was_removed_and_came_back_while_nobody_watched_is_an_arrival(store: Store) -> None:
    first = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    store.create("inbox/b.jsonl", b"2")
    looks(first, store, 2)
    store.delete("inbox/b.jsonl")
    later = Arrivals(first.mark)
    looks(later, store, 2)
    store.create("inbox/b.jsonl", b"2")
    assert looks(later, store, 2)[1] == ("b.jsonl",)


def test_a_watcher_that_has_not_looked_yet_passes_on_what_it_was_told(store: Store) -> None:
    first = Arrivals()
    store.create("inbox/a.jsonl", b"1")
    looks(first, store, 2)
    assert Arrivals(first.mark).mark == first.mark
