"""Texts that come more than once: exact copies, copies that disagree, and near copies."""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from techner.core.examples import Example, fold
from techner.quality.found import Fault
from techner.quality.scope import disagree
from techner.quality.spill import Spilled, restored
from techner.quality.text import words


@dataclass(slots=True)
class Copies:
    """A hash of each text and one of its words alone: 24 bytes a row, whatever the texts are."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    texts: "array[int]" = field(default_factory=lambda: array("q"))
    words: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, number: int, folded: str) -> None:
        self.numbers.append(number)
        self.texts.append(hash(folded))
        self.words.append(hash(b" ".join(words(folded)) or folded))

    def exact(self, spilled: Iterable[Spilled], scope: tuple[str, ...] | None) -> Iterator[tuple[int, Fault]]:
        """Yield a fault for later exact copies; where copies disagree for all, because none can be trusted.

        Copies of other scopes are neither, as long as they say the same of what both looked for.
        """
        wanted = {self.numbers[place] for group in _groups(self.texts) for place in group}
        if not wanted:
            return
        by_text: dict[str, dict[int, Example]] = {}
        for one in spilled:
            number, text, *_ = one
            if number in wanted:
                by_text.setdefault(fold(text), {})[number] = restored(one, scope)
        for copies in by_text.values():
            yield from _copy_faults(copies)

    def near(self, bad: Collection[int]) -> Iterator[tuple[int, Fault]]:
        """Yield a fault for later texts with the words of an earlier one, but not its text."""
        for group in _groups(self.words):
            places = [place for place in group if self.numbers[place] not in bad]
            seen = {self.texts[place] for place in places[:1]}
            for place in places[1:]:
                if self.texts[place] not in seen:
                    seen.add(self.texts[place])
                    what = f"differs from row {self.numbers[places[0]]} in punctuation or space alone"
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


def _copy_faults(copies: dict[int, Example]) -> Iterator[tuple[int, Fault]]:
    if disagree(copies.values()):
        others = ", ".join(map(str, list(copies)[:10])) + (", …" if len(copies) > 10 else "")  # noqa: PLR2004
        for number in copies:
            yield number, Fault("conflict", f"rows {others} have this text and disagree")
        return
    first: dict[object, int] = {}
    for number, example in copies.items():
        said = example.spans, example.scope
        if first.setdefault(said, number) != number:
            yield number, Fault("duplicate", f"same as row {first[said]}")
