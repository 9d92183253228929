"""spaCy's English tokenizer without spaCy: the same borders, to check a file offline (ADR 26).

`english_tokenizer.json` holds spaCy's own rules, written by `tools/english_tokenizer.py`;
the tests compare both tokenizers.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from typing import Any

Special = tuple[str, ...]
"""The tokens of a string that a special case cuts, rather than its marks."""


class EnglishTokenizer:
    """Cuts one word, a piece between two white spaces, into spaCy's tokens."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self._prefix, self._suffix, self._infix, self._url = (
            re.compile(rules[name]) for name in ("prefix", "suffix", "infix", "url")
        )
        self._specials: dict[str, Special] = {word: tuple(cut) for word, cut in rules["specials"].items()}
        # A special case may also occur cut up between marks: it is recognised by the resulting tokens.
        self._fallen = {
            tuple(self._cut(word, specials={})): cut
            for word, cut in self._specials.items()
            if self._prefix.search(word) or self._suffix.search(word) or self._infix.search(word)
        }
        self._longest = max(map(len, self._fallen), default=0)
        self._first = {tokens[0] for tokens in self._fallen}

    def __call__(self, text: str) -> list[tuple[int, int]]:
        """Return the start and end of each token of a text without white space."""
        tokens = self._put_together(self._cut(text, specials=self._specials))
        return list(pairwise(accumulate(map(len, tokens), initial=0)))

    def _cut(self, text: str, *, specials: dict[str, Special]) -> list[str]:
        before: list[str] = []
        after: list[str] = []
        last = -1
        while text and len(text) != last and text not in specials:
            last = len(text)
            start, end = _found(self._prefix, text), 0
            if text[start:] in specials:
                before.append(text[:start])
                text = text[start:]
                break
            end = _found(self._suffix, text[start:])
            if end and text[:-end] in specials:
                after.append(text[-end:])
                text = text[:-end]
                break
            if start:
                before.append(text[:start])
            if end:
                after.append(text[-end:])
            text = text[start : len(text) - end]
        return [*before, *self._middle(text, specials), *reversed(after)]

    def _middle(self, text: str, specials: dict[str, Special]) -> Sequence[str]:
        if text in specials:
            return specials[text]
        if self._url.match(text):
            return (text,)
        return list(self._between(text))

    def _between(self, text: str) -> Iterator[str]:
        start = 0
        for found in self._infix.finditer(text):
            if found.start() != start:
                yield text[start : found.start()]
            yield found.group()
            start = found.end()
        if text[start:]:
            yield text[start:]

    def _put_together(self, tokens: list[str]) -> list[str]:
        """Cut the special cases among the tokens by their rules: the longest first, then the leftmost."""
        ranges = [
            (end - start, -start)
            for start in [place for place, token in enumerate(tokens) if token in self._first]
            for end in range(start + 1, min(start + self._longest, len(tokens)) + 1)
            if tuple(tokens[start:end]) in self._fallen
        ]
        if not ranges:
            return tokens
        taken: set[int] = set()
        chosen: dict[int, int] = {}
        for length, negative in sorted(ranges, reverse=True):
            start = -negative
            if not {start, start + length - 1} & taken:
                chosen[start] = length
            taken.update(range(start, start + length))
        cut: list[str] = []
        place = 0
        while place < len(tokens):
            length = chosen.get(place, 1)
            whole = tuple(tokens[place : place + length])
            cut += self._fallen[whole] if place in chosen else whole
            place += length
        return cut


def _found(pattern: "re.Pattern[str]", text: str) -> int:
    match = pattern.search(text)
    return match.end() - match.start() if match else 0


@cache
def english_tokenizer() -> EnglishTokenizer:
    rules = resources.files("techner.quality").joinpath("english_tokenizer.json").read_text(encoding="utf-8")
    return EnglishTokenizer(json.loads(rules))
