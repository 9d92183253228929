"""Annotated text: spans, examples, and the digests that name a text and an example."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of Unicode code points, with its label."""

    start: int
    end: int
    label: str


def overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its spans, sorted by position."""

    text: str
    spans: tuple[Span, ...] = ()
    scope: tuple[str, ...] | None = None
    """Labels that its annotators looked for, sorted; the text says nothing about others. None: all labels."""
    is_silver: bool = False
    """Whether the origin labelled it: its spans cannot judge a model that was trained to differ (ADR 29)."""

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(span.label for span in self.spans)

    def looked_for(self, label: str) -> bool:
        """Tell whether its annotators looked for `label`, so that a missing span means that there is none."""
        return self.scope is None or label in self.scope

    def in_scope(self, labels: frozenset[str]) -> frozenset[str]:
        """Return those of `labels` that its annotators looked for."""
        return labels if self.scope is None else labels.intersection(self.scope)

    def only(self, labels: frozenset[str]) -> "Example":
        """Return the example with the spans of `labels` alone."""
        return replace(self, spans=tuple(span for span in self.spans if span.label in labels))


def fold(text: str) -> str:
    """Return `text` without differences that do not matter: case, white space, Unicode form."""
    if text.isascii():  # the same, in a tenth of the time
        return " ".join(text.lower().split())
    # Casefolding can leave text denormalised again, hence the second pass (Unicode 3.13, D146).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def text_key(text: str) -> str:
    """Return a text's name, which ignores case, white space and Unicode form: SHA-256 in hex."""
    return folded_key(fold(text))


def folded_key(folded: str) -> str:
    """Return the name of a text that is folded already."""
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()


_ONE_SIGN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
_VARIANTS = frozenset("\u034f\u115f\u1160\ufe0e\ufe0f")
"""Invisible characters that are not format characters (Cf)."""
_NUMBER = re.compile(r"\(?\d{1,3}[.)]\s+(?=\S)")


def leak_key(folded: str) -> str:
    """Return the name of a folded text for comparison with texts that score; it ignores marks at the edges.

    Full stops, quotes, brackets, dashes, bullets, list numbers, invisible characters, and variants of one
    sign make no difference. `text_key`, which divides texts between sets, is finer and must not change.
    """
    text = folded
    if text.isascii() and text[:1].isalpha() and text[-1].isalnum():  # no mark at an edge
        return folded_key(text)
    if not text.isascii():
        visible = (char for char in text if unicodedata.category(char) != "Cf" and char not in _VARIANTS)
        text = " ".join("".join(visible).translate(_ONE_SIGN).split())
    start = _first(text, 0)
    if found := _NUMBER.match(text, start):
        start = _first(text, found.end())
    end = len(text)
    while end > start and _is_edge(text[end - 1], keep="#%&@+"):
        end -= 1
    return folded_key(text[start:end] or folded)


def _first(text: str, at: int) -> int:
    while at < len(text) and _is_edge(text[at], keep="@"):
        at += 1
    return at


def _is_edge(char: str, *, keep: str) -> bool:
    """Tell whether a mark at an edge is not part of the text; `C#`, `C++`, `5 %` and `$9` keep theirs."""
    return not char.isalnum() and char not in keep and unicodedata.category(char) not in ("Sc", "Mn", "Mc")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def example_digest(example: Example) -> str:
    """Return the digest of an example's exact text, spans and scope."""
    spans = [[span.start, span.end, span.label] for span in example.spans]
    scope = [] if example.scope is None else [example.scope]
    return digest(json.dumps([example.text, spans, *scope], ensure_ascii=True).encode())


def share_of(key: str, *, salt: str = "") -> float:
    """Map a key to a fixed, evenly distributed value in [0, 1); another `salt` gives an independent value."""
    if salt:
        key = digest(f"{salt}:{key}".encode())
    return int(key[:13], 16) / 16**13
