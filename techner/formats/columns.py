"""How the lines of a CoNLL file are cut, and which columns hold the word and the tag.

The columns are recognised by their content and cross-checked; an ambiguous file is refused.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from techner.core.errors import FileError
from techner.formats.rows import ShapeError
from techner.formats.tags import TAG, spans

HEAD_BYTES = 1 << 16
DOCUMENT = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")
_JSON = re.compile(r"""\s*(?:\{\s*"|\[\s*["\[{])""")
_COUNT = re.compile(r"[0-9]+([-.][0-9]+)?")  # CoNLL-U has 1-2 and 1.1 too
_IN_MISC = re.compile(r"(?:^|\|)(?:NER|NE|ner|name|Entity)=(?P<tag>[^|]+)")
_CONLLU_COLUMNS = 10
_MISC = 9
_CHUNKS = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "PNP", "NX", "WHNP")
)
_NUMBERS = re.compile(r"[0-9]+([-.:][0-9]+)*")
_MOST_OTHERS = 0.6
"""The largest share of words in a column that are numbers, empty, or equal to the word before."""
_BARE = re.compile(r"[A-Z][A-Z_]+")
_LEAST_LETTERS = 25
_MOST_LETTERS = 0.95
_LEAST_TAGS = 0.9


@dataclass(frozen=True, slots=True)
class Columns:
    """How the lines of a file are cut."""

    tabs: bool
    token: int
    """Which column is the word: the second if the first counts them, as in CoNLL-U and GermEval."""
    tag: int = -1
    """Which column is the tag: the last one if the number of columns varies."""
    inner: int | None = None
    """The column of GermEval's nested entities, which are left out."""
    in_misc: bool = False
    """Whether the tag is part of CoNLL-U's last column: `NER=B-X`."""

    def cut(self, line: str) -> list[str]:
        """Cut a line; without tabs, at any white space."""
        line = line.rstrip(" \t\r\n")
        return line.split("\t") if self.tabs else _SPACES.split(line)

    def tag_of(self, columns: Sequence[str]) -> str | None:
        """Return the tag of a line; None if it has none."""
        if len(columns) <= max(1, self.token, self.tag):
            return None
        if self.in_misc:
            found = _IN_MISC.search(columns[_MISC])
            return found["tag"] if found else "O"
        return columns[self.tag] if TAG.fullmatch(columns[self.tag]) else None

    def has_tag(self, line: str) -> bool:
        """Say whether the line has a token and a tag."""
        cut = self.cut(line)
        return self.tag_of(cut) is not None and cut[self.token].strip() != ""


def is_comment(line: str, columns: Columns) -> bool:
    """Say whether a line is a comment; `#` with a tag is a token."""
    return line.startswith("#") and not columns.has_tag(line)


def columns_of(data: bytes) -> Columns | None:
    """Return how the columns are cut; None if most of the first lines do not end with a tag.

    Raises FileError if there are columns but it is unclear which one holds the entity tags.
    """
    head = data[:HEAD_BYTES].decode("utf-8", "replace").split("\n")
    if len(data) > HEAD_BYTES:
        del head[-1]
    lines = [line for line in head if line.strip() and not line.startswith(DOCUMENT)]
    if all(map(_JSON.match, lines)):  # `E-mail` in a text is no tag
        return None
    tabs = sum("\t" in line for line in lines) * 2 > len(lines)
    columns = Columns(tabs, token=0)
    lines = [line for line in lines if not is_comment(line, columns)]
    cut = [columns.cut(line) for line in lines]
    count, times = Counter(map(len, cut)).most_common(1)[0] if cut else (0, 0)
    token = 1 if _are_counted(cut) else 0
    if tabs and count == _CONLLU_COLUMNS and token:
        return _conllu(cut)
    whole = [line for line in cut if len(line) == count] if times >= _LEAST_TAGS * len(cut) else []
    entities = _entity_columns(whole, token)
    if not entities:
        if sum(map(columns.has_tag, lines)) * 2 <= len(lines):
            return None
        _refuse_other_tags(cut, count)
        return _checked(Columns(tabs, token), cut)
    if len(entities) == 1:
        return _checked(Columns(tabs, token, entities[0] if entities[0] < count - 1 else -1), cut)
    outer, inner = entities[:2]
    is_germeval = token == 1 and (outer, inner, count) == (2, 3, 4)
    if len(entities) == len((outer, inner)) and is_germeval and _nest(whole, outer, inner):
        return _checked(Columns(tabs, token, outer, inner), cut)
    named = " and ".join(str(place + 1) for place in entities)
    raise _unsure(f"columns {named} both hold entity tags (gold and predicted?)", "keep the right one")


def _conllu(cut: list[list[str]]) -> Columns:
    """Return the columns of CoNLL-U; raises FileError if none holds entities."""
    if any(len(line) == _CONLLU_COLUMNS and _IN_MISC.search(line[_MISC]) for line in cut):
        return Columns(tabs=True, token=1, tag=_MISC, in_misc=True)
    if any(TAG.fullmatch(line[-1]) for line in cut):
        return _checked(Columns(tabs=True, token=1), cut)
    raise _unsure("CoNLL-U without entities in its last column", "add them as NER=B-LABEL")


def _entity_columns(whole: list[list[str]], token: int) -> list[int]:
    """Return the columns after the word that hold entity tags: not only `O`, and not chunks."""
    found = []
    for place in range(token + 1, len(whole[0]) if whole else 0):
        tags = [line[place] for line in whole if TAG.fullmatch(line[place])]
        labels = {tag[2:] for tag in tags if tag != "O"}
        if len(tags) >= _LEAST_TAGS * len(whole) and labels and not labels <= _CHUNKS:
            found.append(place)
    return found


def _refuse_other_tags(cut: list[list[str]], count: int) -> None:
    """Raise FileError if the last column holds chunks, or labels without B- or I-."""
    last = [line[-1] for line in cut]
    labels = {tag[2:] for tag in last if TAG.fullmatch(tag) and tag != "O"}
    if labels and labels <= _CHUNKS:
        raise _unsure("the last column holds chunks (NP, VP), and none holds entities", "export entity tags")
    bare = [tag for tag in last if _BARE.fullmatch(tag)]
    if not labels and bare and all(tag == "O" or _BARE.fullmatch(tag) for tag in last):
        raise _unsure(
            f"{count} columns, and the last one has labels without B- or I-, such as {bare[0][:40]!r}",
            "write B- where a span begins and I- where it goes on",
        )
    others = [tag for tag in last if not TAG.fullmatch(tag)]
    if not labels and others:
        raise _unsure(f"the last column holds no tag but O, and {others[0][:40]!r}", "write B-, I- and O")


def _nest(whole: list[list[str]], outer: int, inner: int) -> bool:
    """Say whether the spans of one column lie inside those of another, and none equals its outer span."""
    try:
        around, inside = (spans([line[place] for line in whole]) for place in (outer, inner))
    except ShapeError:
        return False
    starts = {(first, last): label for first, last, label in around}
    place = 0
    for first, last, label in inside:
        while place < len(around) and around[place][1] < first:
            place += 1
        if place == len(around) or not around[place][0] <= first <= last <= around[place][1]:
            return False
        if starts.get((first, last)) == label:
            return False
    return True


def _checked(columns: Columns, cut: list[list[str]]) -> Columns:
    """Return the columns; raises FileError if the words are mostly letters, numbers, empty or repeated."""
    words = [line[columns.token] for line in cut if len(line) > columns.token]
    if len(words) >= _LEAST_LETTERS and max(map(len, cut)) > len(("word", "tag")):
        numbers = sum(_NUMBERS.fullmatch(word) is not None for word in words)
        again = sum(one == other for one, other in pairwise(words))
        for count, what in (
            (words.count(""), "nothing"),
            (numbers, "numbers"),
            (again, "the same word over and over"),
        ):
            if count > _MOST_OTHERS * len(words):
                place = f"column {columns.token + 1}, where the words should be, holds {what}"
                raise _unsure(f"{place}, such as {words[-1][:40]!r}", "remove it")
    letters = sum(len(word) == 1 for word in words)
    if len(words) >= _LEAST_LETTERS and letters > _MOST_LETTERS * len(words):
        raise _unsure("one character a line: the words cannot be told apart", "export the text with offsets")
    return columns


def _unsure(seen: str, do: str) -> FileError:
    return FileError("format", f"CoNLL, {seen}: {do}, in lines of a word and one tag")


def _are_counted(lines: list[list[str]]) -> bool:
    """Say whether the first of three or more columns counts the tokens."""
    first = [columns[0] for columns in lines if len(columns) >= len(("number", "token", "tag"))]
    return len(first) == len(lines) > 1 and all(map(_COUNT.fullmatch, first)) and {"1", "2"} <= set(first)
