"""Texts that occur more than once: exact copies, copies that disagree, and near copies."""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from techner.core.examples import Example, Span, fold, folded_key
from techner.formats import Fault
from techner.quality.examples_on_disk import Spilled, restored
from techner.quality.scope import disagree
from techner.quality.text import words

MAX_AT_ONCE = 200_000
"""Rows compared at once; if more have copies, the batch is read again."""
_NAMED = 10
Said = tuple[tuple[Span, ...], tuple[str, ...] | None]
"""Spans and scope."""


@dataclass(slots=True)
class Copies:
    """A hash of each text and a hash of its words: 24 bytes a row, however long the texts are."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    texts: "array[int]" = field(default_factory=lambda: array("q"))
    words: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, number: int, folded: str) -> None:
        self.numbers.append(number)
        self.texts.append(hash(folded))
        self.words.append(hash(b" ".join(words(folded)) or folded))

    def exact(self, spilled: Iterable[Spilled], scope: tuple[str, ...] | None) -> Iterator[tuple[int, Fault]]:
        """Yield a fault for later exact copies; if copies disagree, for all, because none can be trusted.

        Copies with different scopes have no fault if they agree on the labels that both looked for.
        """
        for wanted in self._wanted():
            by_text: dict[str, _Copied] = {}
            for one in spilled:
                if one[0] in wanted:
                    by_text.setdefault(folded_key(fold(one[1])), _Copied()).add(one[0], restored(one, scope))
            for copied in by_text.values():
                yield from copied.faults()

    def _wanted(self) -> Iterator[set[int]]:
        """Yield the rows that have copies, about `MAX_AT_ONCE` at a time."""
        wanted: set[int] = set()
        for group in _groups(self.texts):
            wanted.update(self.numbers[place] for place in group)
            if len(wanted) >= MAX_AT_ONCE:
                yield wanted
                wanted = set()
        if wanted:
            yield wanted

    def near(self, bad: Collection[int]) -> Iterator[tuple[int, Fault]]:
        """Yield a fault for later texts with the same words as an earlier one but another text."""
        for group in _groups(self.words):
            places = [place for place in group if self.numbers[place] not in bad]
            seen = {self.texts[place] for place in places[:1]}
            for place in places[1:]:
                if self.texts[place] not in seen:
                    seen.add(self.texts[place])
                    what = f"differs from row {self.numbers[places[0]]} only in punctuation or space"
                    yield self.numbers[place], Fault("near_duplicate", what)


def _groups(hashes: "array[int]") -> Iterator[list[int]]:
    """Yield the places, ascending, of every hash that occurs more than once."""
    import numpy as np

    values = np.frombuffer(hashes, dtype=np.int64) if len(hashes) else np.zeros(0, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    borders = np.flatnonzero(np.diff(values[order])) + 1
    starts, ends = np.concatenate(([0], borders)), np.concatenate((borders, [len(order)]))
    is_group = ends - starts > 1
    for start, end in zip(starts[is_group].tolist(), ends[is_group].tolist(), strict=True):
        yield order[start:end].tolist()


@dataclass(slots=True)
class _Copied:
    """The rows of one text: each annotation once, with the first row that has it."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    said: dict[Said, int] = field(default_factory=dict)
    later: "array[int]" = field(default_factory=lambda: array("q"))
    """Pairs: a row that says the same as an earlier row, and the earlier row."""
    differs: bool = False

    def add(self, number: int, example: Example) -> None:
        self.numbers.append(number)
        if self.differs:
            return
        said = example.spans, example.scope
        first = self.said.setdefault(said, number)
        if first != number:
            self.later.extend((number, first))
        elif example.scope is None and len(self.said) > 1:
            self.differs = disagree(Example("", *one) for one in (said, next(iter(self.said))))

    def faults(self) -> Iterator[tuple[int, Fault]]:
        if self.differs or disagree(Example("", *said) for said in self.said):
            first, more = self.numbers[:_NAMED], len(self.numbers) > _NAMED
            others = ", ".join(map(str, first)) + (", …" if more else "")
            for number in self.numbers:
                yield number, Fault("conflict", f"rows {others} have this text and disagree")
            return
        for place in range(0, len(self.later), 2):
            yield self.later[place], Fault("duplicate", f"same as row {self.later[place + 1]}")
