"""spaCy's English tokenizer without spaCy cuts where spaCy cuts."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from techner.quality.english_tokenizer import english_tokenizer
from tools.english_tokenizer import FILE, written

ROOT = Path(__file__).parents[2]
SPACY: Any = spacy.blank("en").tokenizer
SPECIALS = sorted(word for word in SPACY.rules if not any(map(str.isspace, word)))
MARKS = [*".,:;-_/\\'\"()[]{}<>*&^%$#@!?~|+=…–—’“”", "...", "--", "://", "'s", "n't", "\u200d", "😀"]
WORDS = ["http", "www.example.org", "C++", "v2", "10", "km", "a.m", "U.S", "é", "中", "TLS", "x", "Z", "°C"]


def ranges(word: str) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in SPACY(word)]


def test_the_rules_are_those_of_the_spacy_that_is_locked() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "run `python -m tools.english_tokenizer`"


@pytest.mark.parametrize("folder", ["examples", "docs", "techner"])
def test_every_word_of_our_own_texts_is_cut_as_spacy_cuts_it(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".jsonl", ".md", ".py", ".txt"}]
    words = {word for path in files for word in path.read_text(encoding="utf-8").split()}
    assert len(words) > 1000
    tokenize = english_tokenizer()
    assert [word for word in sorted(words) if tokenize(word) != ranges(word)] == []


def test_every_special_case_is_cut_as_spacy_cuts_it_between_marks_too() -> None:
    tokenize = english_tokenizer()
    tried = [form.format(word) for word in SPECIALS for form in ("{}", "({}),", "x-{}/y", "{}...")]
    assert [word for word in tried if tokenize(word) != ranges(word)] == []


@pytest.mark.parametrize(
    "word",
    [
        "x😀(╯°□°）╯︵┻━┻x",  # noqa: RUF001 - the special case of the most tokens, between others
        "n't&?:o):()😀",  # two special cases that share their last token
        ".°F.😀M",  # a suffix that depends on a character which was cut off as a prefix
        ":-(((",
        "°k.",
    ],
)
def test_an_odd_word_is_cut_as_spacy_cuts_it(word: str) -> None:
    assert english_tokenizer()(word) == ranges(word)


@settings(max_examples=1000)
@given(st.lists(st.sampled_from([*MARKS, *WORDS]) | st.sampled_from(SPECIALS), max_size=8).map("".join))
def test_whatever_is_put_together_is_cut_as_spacy_cuts_it(word: str) -> None:
    assert english_tokenizer()(word) == ranges(word)
