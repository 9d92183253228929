"""Few rows of a good batch that were counted otherwise: the suggestion is what was marked, not more of it."""

import pytest

from tests.conftest import marked
from tests.quality.examining import clean, examined, row, rulebook
from tests.quality.test_batch_codes import counted, one_lf, stripped, utf8, utf16

regex = pytest.importorskip("regex")


def graphemes(text: str) -> int:
    return len(regex.findall(r"\X", text))


def two_for_lf(text: str) -> int:
    return len(text.replace("\n", "\r\n"))


def suggestions(lines: list[bytes], *, of_clean: int = 40) -> list[str | None]:
    found = examined([*clean(of_clean), *lines], rulebook(max_quarantine_share=1.0))
    return [issue.suggestion for issue in found.report.issues if issue.row is not None]


@pytest.mark.parametrize(
    ("text", "count", "meant"),
    [
        ("👨🏻‍🚒 firemen code in [[Rust|LANG]] at work", utf16, "[21, 25, LANG] 'Rust'"),
        ("👩🏽‍💻 Noor prefers [[Haskell|LANG]] to most", utf16, "[18, 25, LANG] 'Haskell'"),
        ("👨🏻‍🚒 firemen code in [[Rust|LANG]] at work", graphemes, "[21, 25, LANG] 'Rust'"),
        ("Le café réécrit en [[Kotlin|LANG]] ici", utf8, "[19, 25, LANG] 'Kotlin'"),
        ("Hi,\r\n\r\nmove to the [[TLS|TOOL]] now", one_lf, "[19, 22, TOOL] 'TLS'"),
        ("Hi,\n\nmove to the [[TLS|TOOL]] now", two_for_lf, "[17, 20, TOOL] 'TLS'"),
        ("     moved to [[TLS|TOOL]] now", stripped, "[14, 17, TOOL] 'TLS'"),
        ("ok 🚀🚀🚀 we use [[Rust|LANG]]", utf16, "[14, 18, LANG] 'Rust'"),
        ("Hi,\n\n\n\nwe use [[TLS|TOOL]]", two_for_lf, "[14, 17, TOOL] 'TLS'"),
    ],
    ids=["UTF-16", "two fit", "graphemes", "bytes", "CR LF", "LF", "stripped", "outside", "LF, outside"],
)  # fmt: skip
def test_single_rows_are_suggested_in_our_count(text: str, count: object, meant: str) -> None:
    assert set(suggestions(counted([marked(text)], count))) == {meant}


@pytest.mark.parametrize(("start_by", "end_by"), [(0, -1), (1, 1), (-1, -1), (1, 0), (-1, 0)], ids=str)
def test_a_mark_beside_a_shifted_span_is_not_taken_in(start_by: int, end_by: int) -> None:
    found = suggestions(counted([marked("They use [[Docker|TOOL]], mostly")], len, start_by, end_by))
    assert set(found) == {"[9, 15, TOOL] 'Docker'"}


def test_the_way_that_explains_more_of_the_batch_is_suggested() -> None:
    texts = ["👨🏻‍🚒 firemen code in [[Rust|LANG]] at work", "👩🏽‍💻 Noor prefers [[Haskell|LANG]] to most",
             "🤷🏼‍♂️ why is [[MQTT|TOOL]] down", "ok 👍🏻👍🏻 the [[Parquet|LIB]] dump"]  # fmt: skip
    found = suggestions(counted([marked(text) for text in texts], graphemes))
    assert [one and one.split("'")[1] for one in found] == ["Rust", "Haskell", "MQTT", "Parquet"]


def test_one_emoji_does_not_turn_a_space_into_another_way_of_counting() -> None:
    lines = [row("🤷🏼‍♂️ why is MQTT down again today", [9, 13, "TOOL"])]
    assert suggestions(lines) == ["[10, 12, TOOL] 'is'"]


def test_a_way_that_would_misplace_a_right_span_is_not_suggested() -> None:
    lines = [row("🚀 uses Rust and Haskell here", [7, 11, "LANG"], [17, 23, "LANG"])]
    assert suggestions(lines) == ["[16, 23, LANG] 'Haskell'"]


def test_a_word_in_plain_text_that_no_way_explains_grows_to_its_token() -> None:
    assert suggestions([row("all about PostgreSQL", [12, 16, "TOOL"])]) == ["[10, 20, TOOL] 'PostgreSQL'"]
