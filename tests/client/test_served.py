"""A model that serves for months: what it reads leaves nothing behind, in any thread, after any error."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from techner.client import Entity, Served
from techner.client.served import WORDS_PER_INDEX, ZONE_TEXTS
from techner.core.errors import ModelError

STUMBLES = "stumbles on this"


@pytest.fixture
def nlp(base_model: Path) -> Language:
    return spacy.load(base_model)


@pytest.fixture
def served(nlp: Language, base_model: Path) -> Served:
    return Served("0000-a", nlp, reload=lambda: spacy.load(base_model))


def fresh_words(count: int, *, start: int = 0) -> list[str]:
    """Return texts of words that no vocabulary has."""
    return [f"David wrote qx{number}zt in Paris." for number in range(start, start + count)]


def bare(nlp: Language, texts: list[str]) -> list[tuple[Entity, ...]]:
    return [
        tuple(Entity(ent.start_char, ent.end_char, ent.label_, ent.text) for ent in doc.ents)
        for doc in nlp.pipe(texts)
    ]


def test_entities_are_those_that_the_pipeline_finds(served: Served, base_model: Path) -> None:
    texts = ["", *fresh_words(2 * ZONE_TEXTS), "Grace Hopper left Berlin."]
    assert served.entities(texts) == bare(spacy.load(base_model), texts)
    assert any(served.entities(texts))


def test_what_was_read_leaves_no_word_behind(served: Served) -> None:
    served.entities(fresh_words(3))
    before = len(served.nlp.vocab.strings)
    served.entities(fresh_words(3 * ZONE_TEXTS))
    assert len(served.nlp.vocab.strings) == before
    assert "qx1zt" not in served.nlp.vocab.strings


def test_words_that_the_model_knows_are_cut_once_and_others_each_time(served: Served) -> None:
    known = next(word for word in served.nlp.vocab.strings if word.isalpha() and word.islower())
    tokenizer: Any = served.nlp.tokenizer  # spaCy's stub knows less of it
    cut, search = list[str](), tokenizer.suffix_search

    def noting(word: str) -> Any:
        cut.append(word)
        return search(word)

    tokenizer.suffix_search = noting
    served.entities([f"{known} {known}, qx1zt"])
    cut.clear()
    for _ in range(2):
        served.entities([f"{known} {known}, qx1zt"])
    assert cut == ["qx1zt", "qx1zt"]


def test_threads_that_read_at_once_get_the_answers_of_one_that_reads_alone(
    served: Served, base_model: Path
) -> None:
    parts = [fresh_words(60, start=60 * part) for part in range(8)]
    alone = spacy.load(base_model)
    expected = [bare(alone, part) for part in parts]
    before = len(served.nlp.vocab.strings)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(served.entities, parts)) == expected
    assert len(served.nlp.vocab.strings) == before


def test_one_batch_is_read_at_a_time_however_many_threads_ask(served: Served) -> None:
    """Two zones at once would free each other's words, and mostly nothing would show it."""
    reading: set[int] = set()
    together: list[int] = []

    @Language.component("techner_test_counts")
    def counts(doc: Doc) -> Doc:
        reading.add(threading.get_ident())
        time.sleep(0.001)  # gives the other threads their turn
        together.append(len(reading))
        reading.discard(threading.get_ident())
        return doc

    served.nlp.add_pipe("techner_test_counts")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(served.entities, [fresh_words(20)] * 4))
    assert together == [1] * 80  # none by a pipeline that was loaded anew because it found a zone open


def test_a_process_that_was_forked_after_reading_reads_too(base_model: Path) -> None:
    """As a server's workers are, where it loads the model before it forks them."""
    script = f"""
import os, spacy
from concurrent.futures import ThreadPoolExecutor
from techner.client import Served
served = Served("0000-a", spacy.load({str(base_model)!r}), reload=lambda: None)
texts = ["David wrote it in Paris."]
expected = served.entities(texts)
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with ThreadPoolExecutor(2) as threads:
    os._exit(list(threads.map(served.entities, [texts] * 4)) != [expected] * 4)
"""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", script], timeout=120, check=False)
    assert ran.returncode == 0


def test_a_request_that_ends_after_the_main_thread_is_answered(base_model: Path) -> None:
    """As a server's are that it still answers while it ends."""
    script = f"""
import spacy, threading
from techner.client import Served
served = Served("0000-a", spacy.load({str(base_model)!r}), reload=lambda: None)
texts = ["David wrote it in Paris."]
expected = served.entities(texts)
def late():
    threading.main_thread().join()
    print(served.entities(texts) == expected)
threading.Thread(target=late).start()
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], timeout=120, check=False, capture_output=True, text=True
    )
    assert ran.stdout == "True\n", ran.stderr


def test_no_thread_stays_of_a_model_that_is_served_no_more(nlp: Language, base_model: Path) -> None:
    before = {*threading.enumerate()}
    served = Served("0000-a", nlp, reload=lambda: spacy.load(base_model))
    served.entities(["Paris"])
    (reader,) = {*threading.enumerate()} - before
    del served
    reader.join(timeout=60)
    assert not reader.is_alive()


@Language.component("techner_test_stumbles")
def stumbles(doc: Doc) -> Doc:
    if doc.text == STUMBLES:
        raise ValueError(f"cannot read {doc.text!r}")
    return doc


def test_an_error_leaves_no_word_behind_and_the_next_call_answers(served: Served) -> None:
    served.nlp.add_pipe("techner_test_stumbles")
    expected, before = served.entities(fresh_words(2)), len(served.nlp.vocab.strings)
    with pytest.raises(ValueError, match="stumbles"):
        served.entities([*fresh_words(5, start=100), STUMBLES])
    assert len(served.nlp.vocab.strings) == before
    assert served.entities(fresh_words(2)) == expected


def test_an_error_holds_no_document_whose_words_are_freed(served: Served) -> None:
    served.nlp.add_pipe("techner_test_stumbles")
    with pytest.raises(ValueError, match="stumbles") as raised:
        served.entities([STUMBLES])
    below = [entry.frame.f_locals for entry in raised.traceback if entry.path != Path(__file__)]
    held = [value for variables in below for value in variables.values() if isinstance(value, Doc)]
    assert held == []


def leave_zones_open(nlp: Language) -> None:
    """Make a pipeline whose memory zone stays open after an error."""
    zone, opened = nlp.memory_zone, []

    @contextmanager
    def memory_zone() -> Iterator[Any]:
        opened.append(zone())
        yield opened[-1].__enter__()
        opened.pop().__exit__(None, None, None)

    nlp.memory_zone = memory_zone  # type: ignore[assignment]


def test_a_vocabulary_that_an_error_left_in_its_zone_is_loaded_anew(nlp: Language, base_model: Path) -> None:
    nlp.add_pipe("techner_test_stumbles")
    leave_zones_open(nlp)
    served = Served("0000-a", nlp, reload=lambda: spacy.load(base_model))
    expected = served.entities(fresh_words(2))
    with pytest.raises(ValueError, match="stumbles"):
        served.entities([STUMBLES])
    assert served.nlp is not nlp
    assert served.entities(fresh_words(2)) == expected


def test_where_loading_anew_fails_too_the_next_call_tries_again(nlp: Language, base_model: Path) -> None:
    nlp.add_pipe("techner_test_stumbles")
    leave_zones_open(nlp)
    tries: list[Path] = [base_model / "away", base_model]

    def reload() -> Language:
        return spacy.load(tries.pop(0))

    served = Served("0000-a", nlp, reload=reload)
    expected = served.entities(fresh_words(2))
    with pytest.raises(OSError, match="away"):
        served.entities([STUMBLES])
    assert served.entities(fresh_words(2)) == expected


def test_a_text_over_the_limit_is_refused_before_any_is_read(served: Served) -> None:
    served.nlp.max_length = 50
    with pytest.raises(ModelError, match="51 characters, and the pipeline reads at most 50"):
        served.entities(["fine", "x" * 51])


def ruled() -> Served:
    """Return a small pipeline that finds one word, by the form that its normal form looks up."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PROTOCOL", "pattern": [{"NORM": "tls"}]}])  # type: ignore[attr-defined]
    nlp.vocab.lookups.add_table("lexeme_norm", {"tee-el-es": "tls"})
    nlp.vocab.from_bytes(nlp.vocab.to_bytes())  # as after loading
    return Served("0000-a", nlp, reload=lambda: nlp)


def many_words(number: int) -> str:
    """Return a text with more fresh words than an index is kept for, and one that is found."""
    fresh = " ".join(f"q{word}" for word in range(number * WORDS_PER_INDEX, (number + 1) * WORDS_PER_INDEX))
    return f"{fresh} and it isn't TLS"


def test_the_indexes_of_the_vocabulary_do_not_grow_with_the_words_that_were_freed() -> None:
    served = ruled()
    sizes = []
    for number in range(4):
        (found,) = served.entities([many_words(number)])
        assert [(entity.label, entity.text) for entity in found] == [("PROTOCOL", "TLS")]
        strings: Any = served.nlp.vocab.strings  # spaCy's stub lacks the map
        sizes.append(strings._map.capacity)
    assert sizes == sizes[:1] * 4


def test_renewed_indexes_wrap_no_getter_of_the_vocabulary_again() -> None:
    served = ruled()
    vocab: Any = served.nlp.vocab
    before = dict(vocab.lex_attr_getters)
    for number in range(2):
        served.entities([many_words(number)])
    assert vocab.lex_attr_getters == before
    assert len(vocab) < 2 * WORDS_PER_INDEX  # they were renewed
