"""What takes a tokenizer or a search long is bounded, and real text does not notice."""

import base64
import cProfile
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from techner.core.examples import Span
from techner.core.policy import QualityPolicy, SchemePolicy
from techner.quality.disagreement import SecondReader, disagreements
from techner.quality.examples_on_disk import Spilled
from techner.quality.text import MAX_MARKS, text_faults
from tests.quality.examining import clean, examined, row, rulebook, tokenize

CHANCE = random.Random(0)  # noqa: S311 - the same text every time


def letters(first: int, last: int) -> str:
    return "".join(chr(CHANCE.randint(first, last)) for _ in range(5000))


@pytest.mark.parametrize("piece", ["\"'", "(", ":):)", "=", "$", "😀", "'s", "US$", "“", "a'", "...", "°C"])
@pytest.mark.parametrize("around", ["{}", "word{}", "{}word", "before {} after", "(see{}"])
def test_long_run_of_marks_is_named(piece: str, around: str) -> None:
    text = around.format(piece * 200)
    assert [fault.code for fault in text_faults(text, QualityPolicy())] == ["marks"]


@pytest.mark.parametrize(
    "text",
    [
        letters(0x4E00, 0x9FA5),
        "\uff0c\u3002".join(letters(0x4E00, 0x9FA5)[:12] for _ in range(400)),
        letters(0x0E01, 0x0E3A),
        base64.b64encode(CHANCE.randbytes(4000)).decode(),
        "https://example.org/" + "a/b?c=d&e=%20" * 200,
        "function(a,b){return a.b(c)+d[e];}" * 100,
        "x" * 15_000,
        "=" * MAX_MARKS,
        "-" * 80 + " title " + "-" * 80,
    ],
    ids=["Chinese", "Chinese sentences", "Thai", "base64", "URL", "minified", "letters", "line", "two lines"],
)
def test_real_text_without_white_space_is_fine(text: str) -> None:
    assert list(text_faults(text, QualityPolicy())) == []


def test_row_with_a_long_run_of_marks_is_never_cut_into_tokens() -> None:
    def impatient(text: str) -> list[tuple[int, int]]:
        assert len(text) < 200, "this takes seconds"
        return tokenize(text)

    slow = replace(rulebook(), tokenize=impatient)
    found = examined([*clean(8), row("(" * 8000 + "nginx", [8000, 8005, "TOOL"])], slow)
    assert [(issue.row, issue.code) for issue in found.report.issues] == [(9, "marks")]


def test_many_names_with_one_first_word_take_no_more_work_than_as_many_with_others() -> None:
    def calls(name: str) -> int:
        """Count the function calls of an examination: unlike seconds, the same on every machine."""
        lines = [
            row(f"{name.format(n)} was here, again {k}", [0, len(name.format(n)), "TOOL"])
            for n in range(300)
            for k in range(3)
        ]
        profile = cProfile.Profile()
        assert profile.runcall(examined, lines).report.accepted == len(lines)
        return sum(entry.callcount for entry in profile.getstats())

    assert calls("Server {}") < 2 * calls("Server{} x")


def test_forgotten_name_is_found_with_a_mark_before_it_and_inside() -> None:
    lines = [row(f".NET-Core 3 is at {n}", [0, 11, "LIB"]) for n in range(9)]
    found = examined([*lines, row("so .NET-Core 3, it was"), row("x.NET-Core 3 is else")])
    assert [
        (one.row, one.suggestion) for one in found.report.warnings if one.code == "missing_annotation"
    ] == [(10, "[3, 14, LIB]")]


@pytest.mark.parametrize(("rows", "words", "most"), [(2000, 10, 2000), (2000, 1000, 60), (9, 100_000, 0)])
def test_second_reader_is_bounded_by_words(rows: int, words: int, most: int) -> None:
    read: list[str] = []

    def note(texts: Sequence[str]) -> list[dict[Span, float]]:
        read.extend(texts)
        return [{} for _ in texts]

    spilled: list[Spilled] = [(number, "word " * words, [], None) for number in range(rows)]
    reader = SecondReader(labels=frozenset(), read=note)
    disagreements(spilled, 2000, reader, scope=(), moves=SchemePolicy(), policy=QualityPolicy())
    assert len(read) <= most
    assert (len(read) > most / 2) is (most > 0)
