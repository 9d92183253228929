"""One loaded model that answers for months without using more memory (ADR 20)."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from techner.client.one_thread import OneThread
from techner.core.errors import ModelError

if TYPE_CHECKING:
    from spacy.language import Language

ZONE_TEXTS = 128
"""Texts per memory zone: enough for spaCy's batches, few enough that other threads get their turn."""
WORDS_PER_INDEX = 10_000
"""Words that the vocabulary reads before its indexes are rebuilt; more if its strings are many."""

MAX_USUAL = 10_000
"""Words with their marks that the tokenizer remembers, as many as spaCy's does by itself."""
_MARKS = ".,;:!?()[]\"'"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity as plain data: it outlives the model that found it."""

    start: int
    """Offset of the first character in the text, from 0, in Unicode code points."""
    end: int
    """Offset after the last character."""
    label: str
    text: str


class Served:
    """One model and its version: take it once per request, so that the answer and the version agree."""

    def __init__(self, version: str, nlp: "Language", *, reload: Callable[[], "Language"]) -> None:
        """Serve `nlp`; `reload` loads the same version again if an error left the vocabulary unusable."""
        self.version = version
        self._nlp, self._reload = nlp, reload
        self._usual: set[str] = set()
        # A zone replaces the pool of the whole vocabulary: two at once would free each other's words.
        # In turn in the threads of the callers, each would have a heap of its own, and keep it.
        self._reader = OneThread()

    @property
    def nlp(self) -> "Language":
        """The pipeline itself. It remembers every word that it reads; never call it while `entities` runs."""
        return self._nlp

    def entities(self, texts: Iterable[str]) -> list[tuple[Entity, ...]]:
        """Return one tuple of entities per text, in order; what the vocabulary learnt from them is freed.

        Safe to call from several threads: they take turns, `ZONE_TEXTS` texts at a time. Safe in a process
        that was forked after loading. Raises ModelError for a text longer than the pipeline's `max_length`,
        before any text is read.
        """
        texts = list(texts)
        longest = max(map(len, texts), default=0)
        if longest > self._nlp.max_length:
            raise ModelError(
                f"a text has {longest} characters, and the pipeline reads at most {self._nlp.max_length}: "
                "cut it into shorter texts"
            )
        pending = iter(texts)
        answers: list[tuple[Entity, ...]] = []
        while batch := list(islice(pending, ZONE_TEXTS)):
            answers += self._reader.call(partial(self._answer, batch))
        return answers

    def _answer(self, batch: list[str]) -> list[tuple[Entity, ...]]:
        if _is_open(self._nlp):  # left open by the last error, and the reload failed too
            self._renew()
        if len(self._nlp.vocab) > max(WORDS_PER_INDEX, 4 * len(self._nlp.vocab.strings)):
            _renew_indexes(self._nlp)
        self._remember_usual(batch)
        try:
            with self._nlp.memory_zone():
                return list(_plain(self._nlp, batch))
        except BaseException as error:
            # Its frames hold documents whose words are freed: to print one would read freed memory.
            traceback.clear_frames(error.__traceback__)
            if _is_open(self._nlp):
                self._renew()
            raise

    def _renew(self) -> None:
        self._nlp = self._reload()
        self._usual.clear()

    def _remember_usual(self, batch: list[str]) -> None:
        """Cut words that the model knows once outside a zone: inside, the tokenizer remembers none.

        Others are not: what was served stays in no vocabulary.
        """
        known, usual = self._nlp.vocab.strings, self._usual
        for text in batch:
            for word in text.split():
                if word not in usual and len(usual) < MAX_USUAL and word.strip(_MARKS) in known:
                    self._nlp.make_doc(word)
                    usual.add(word)


def _is_open(nlp: "Language") -> bool:
    return bool(nlp.vocab.in_memory_zone)  # type: ignore[attr-defined] # missing from spaCy's stub


def _renew_indexes(nlp: "Language") -> None:
    """Free the places of words that are gone: a zone frees a word, but never its place in an index.

    Another word rarely gets that place, so the indexes would keep doubling.
    """
    vocab: Any = nlp.vocab  # spaCy's stub lacks the getters
    getters, parts = dict(vocab.lex_attr_getters), ("vectors", "lookups")  # the parts do not grow
    vocab.from_bytes(vocab.to_bytes(exclude=parts), exclude=parts)
    vocab.lex_attr_getters.update(getters)  # it wrapped one of them once more


def _plain(nlp: "Language", batch: list[str]) -> Iterator[tuple[Entity, ...]]:
    for doc in nlp.pipe(batch):
        yield tuple(Entity(ent.start_char, ent.end_char, ent.label_, ent.text) for ent in doc.ents)
