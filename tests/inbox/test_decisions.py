"""Words on batches, of which the newest counts."""

from datetime import UTC, datetime

import pytest

from techner.core.delivery import BatchRef
from techner.core.errors import RegistryError
from techner.core.records import BatchWord
from techner.inbox.decisions import decide, last_word
from techner.store import MemoryStore

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
BATCH = BatchRef(name="monday.jsonl", digest="0" * 64)


def test_a_word_on_what_was_seen_is_refused_if_another_came_first() -> None:
    store = MemoryStore()
    decide(store, BATCH, BatchWord.EXCLUDE, who="ada", why="wrong", when=WHEN, seen=0)
    with pytest.raises(RegistryError, match=r"another decision on 'monday.jsonl' was just made"):
        decide(store, BATCH, BatchWord.RELEASE, who="bob", why="right", when=WHEN, seen=0)
    said = last_word(store, BATCH)
    assert said
    assert (said.word, said.who) == (BatchWord.EXCLUDE, "ada")
    assert decide(store, BATCH, BatchWord.RELEASE, who="bob", why="right", when=WHEN, seen=1)
