"""What rejects a whole batch, or is worth a warning about all of it."""

import json
import unicodedata

import pytest

from techner.core.codes import BATCH_CODES
from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.quality.scan import scanned
from tests.conftest import marked
from tests.quality.examining import Found, clean, examined, line, row, rulebook

EMOJI = [
    marked("🚀 [[nginx|TOOL]] is live on [[Debian|OS]] 🎉 with [[Rust|LANG]]"),
    marked("👍🏽 for [[pandas|LIB]] and [[curl|TOOL]], really"),
    marked("🐧 runs [[Linux|OS]] and (mostly) [[Kotlin|LANG]]."),
]
ACCENTS = [
    marked("Le café été [[nginx|TOOL]] marche sur [[Debian|OS]], vraiment"),
    marked("Déjà là: [[pandas|LIB]] et [[curl|TOOL]] à côté"),
    marked("Ça réécrit [[Kotlin|LANG]] (en été) sur [[Linux|OS]]."),
]
LINES = [
    marked("one\r\ntwo [[nginx|TOOL]] here\r\nand [[Debian|OS]], too"),
    marked("first\r\n\r\nthen [[pandas|LIB]] or [[curl|TOOL]]."),
    marked("a b\r\nc [[Kotlin|LANG]] d\r\n"),
]
INDENTED = [marked(f"   {'  ' * n}we use [[nginx|TOOL]] on [[Debian|OS]], then") for n in range(3)]
APART = [
    Example(unicodedata.normalize("NFD", eg.text), tuple(_nfd_spans))
    for eg in ACCENTS
    for _nfd_spans in [
        [
            type(span)(
                len(unicodedata.normalize("NFD", eg.text[: span.start])),
                len(unicodedata.normalize("NFD", eg.text[: span.end])),
                span.label,
            )
            for span in eg.spans
        ]
    ]
]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def utf8(text: str) -> int:
    return len(text.encode())


def one_lf(text: str) -> int:
    return len(text.replace("\r\n", "\n"))


def stripped(text: str) -> int:
    return len(text.lstrip())


def nfc(text: str) -> int:
    return len(unicodedata.normalize("NFC", text))


def counted(examples: list[Example], count: object = len, start_by: int = 0, end_by: int = 0) -> list[bytes]:
    """Write examples whose offsets are counted in another way."""
    assert callable(count)
    return [
        row(
            eg.text,
            *(
                [count(eg.text[: s.start]) + start_by, count(eg.text[: s.end]) + end_by, s.label]
                for s in eg.spans
            ),
        )
        for eg in examples
    ]


def batch_issue(found: Found, code: str) -> str | None:
    issues = (*found.report.issues, *found.report.warnings)
    return next((i.detail for i in issues if i.row is None and i.code == code), None)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (counted(EMOJI, utf16), "UTF-16 units, as"),
        (counted(ACCENTS, utf8), "UTF-8 bytes: count"),
        (counted(LINES, one_lf), "CR LF as one"),
        (counted(INDENTED, stripped), "leave out the white space"),
        (counted(APART, nfc), "form NFC"),
        (counted(EMOJI, end_by=-1), "ends are inclusive: add 1 to every end"),
        (counted(EMOJI, start_by=1, end_by=1), "count from 1: take 1 off every start and end"),
        (counted(EMOJI, start_by=1), "count from 1, ends are inclusive"),
        (counted(EMOJI, start_by=-1, end_by=-1), "one too low: add 1 to every start and end"),
        (counted(EMOJI, start_by=-1), "starts are one too low"),
        (counted(EMOJI, end_by=1), "ends are one too high"),
        (counted(EMOJI, utf16, end_by=-1), "UTF-16 units, ends are inclusive"),
        (counted(ACCENTS, utf8, end_by=-1), "UTF-8 bytes, ends are inclusive"),
        (counted(EMOJI, lambda text: len(text) // 2), "no single shift or unit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_offsets_counted_otherwise_reject_the_batch_and_say_how(lines: list[bytes], says: str) -> None:
    found = examined(lines)
    assert found.report.action == "reject"
    assert says in (batch_issue(found, "systematic") or "")


def test_line_feeds_that_were_counted_as_two_are_named() -> None:
    texts = [marked("one\ntwo [[nginx|TOOL]] here\nand [[Debian|OS]], too"), marked("a\n\nb [[curl|TOOL]].")]
    found = examined(counted(texts, lambda text: len(text.replace("\n", "\r\n"))))
    assert "as two characters" in (batch_issue(found, "systematic") or "")


def test_a_few_misplaced_spans_are_no_system() -> None:
    found = examined([*clean(20), *counted(EMOJI[:2], utf16)])
    assert (found.report.action, found.report.quarantined) == ("quarantine", 2)
    assert batch_issue(found, "systematic") is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_that_makes_a_system_is_a_setting(share: float) -> None:
    lines = [*clean(2), *counted(EMOJI[:2], end_by=-1)]
    found = examined(lines, rulebook(max_quarantine_share=1.0, systematic_share=share))
    assert (batch_issue(found, "systematic") is None) is (share == 1.0)


def test_a_label_with_few_spans_is_a_warning() -> None:
    found = examined([*clean(60), row("on Linux", [3, 8, "OS"])])
    assert found.report.action == "accept"
    assert batch_issue(found, "few_examples") == "fewer than 10 spans: OS 1"


def test_a_small_batch_is_not_asked_for_many_spans() -> None:
    assert batch_issue(examined(clean(5)), "few_examples") is None


def test_labels_distributed_otherwise_than_what_was_learnt_are_a_warning() -> None:
    found = examined(clean(5), history={"TOOL": 10, "OS": 30})
    assert "OS -75%, TOOL +75%" in (batch_issue(found, "label_drift") or "")


def test_labels_distributed_as_what_was_learnt_are_none() -> None:
    assert batch_issue(examined(clean(5), history={"TOOL": 80, "OS": 20}), "label_drift") is None


def test_a_warning_that_is_made_critical_rejects_the_batch() -> None:
    against = rulebook(severities={"few_examples": "critical"})
    found = examined([*clean(60), row("on Linux", [3, 8, "OS"])], against)
    assert (found.report.action, found.report.rejected) == ("reject", 61)


def test_texts_that_two_annotators_did_alike_are_read_once_and_said_in_one_finding() -> None:
    report = examined(clean(60) * 2).report
    assert (report.action, report.accepted, report.quarantined) == ("quarantine", 60, 60)
    (said,) = [found.detail for found in report.warnings if found.code == "copies"]
    assert said.startswith("60 of 120 rows repeat the text and annotation of an earlier row")
    assert [(issue.row, issue.code) for issue in report.issues] == [
        (row, "duplicate") for row in range(61, 71)
    ]
    assert report.left_out == {"duplicate": 50}


def test_where_two_annotators_disagree_both_rows_are_named_and_the_others_are_read() -> None:
    other = line(marked("clean row 3 uses nginx"))
    report = examined([*clean(20), *clean(3), other, *clean(20)[4:]]).report
    assert (report.action, report.accepted) == ("quarantine", 19)
    conflicts = [(issue.row, issue.detail) for issue in report.issues if issue.code == "conflict"]
    assert conflicts == [(row, "rows 4, 24 have this text and disagree") for row in (4, 24)]
    (said,) = [found.detail for found in report.warnings if found.code == "copies"]
    assert said.endswith("; 2 rows in which copies disagree are set aside (conflict)")


def test_copies_that_agree_hide_no_faulty_rows() -> None:
    faulty = [row(f"faulty row {number}", [0, 99, "OS"]) for number in range(4)]
    report = examined([*clean(10) * 3, *faulty]).report
    (said,) = [found.detail for found in report.issues if found.code == "quarantine_share"]
    assert said.startswith("4 of 14 rows are faulty, more than 25%: ")


def test_a_batch_with_too_many_faulty_rows_names_the_fault_that_most_have() -> None:
    rows = [*clean(2), b"{", *[row(f"faulty row {number}", [0, 99, "OS"]) for number in range(3)]]
    (said,) = [found.detail for found in examined(rows).report.issues if found.code == "quarantine_share"]
    assert said.endswith("; most often offset_range (3 rows), such as row 4: 0-99 in a text of 12")


def test_a_reader_that_gives_no_row_gives_an_empty_batch() -> None:
    with pytest.raises(BatchError, match=r"^empty"):
        scanned(iter(()), rulebook(), None)


def test_a_long_word_without_borders_is_widened_to_the_whole() -> None:
    long = "a" * 15_000
    found = examined([*clean(9), row(f"see {long} now", [5, 10, "TOOL"])])
    assert [i.suggestion for i in found.report.issues] == [f"[4, 15004, TOOL] '{'a' * 40}…'"]


def test_a_warning_about_a_row_that_is_made_critical_sets_it_aside() -> None:
    lines = [*clean(4), row("ends with Debian.", [10, 17, "OS"])]
    assert examined(lines).report.action == "accept"
    found = examined(lines, rulebook(severities={"edge_punctuation": "critical"}))
    assert (found.report.action, [i.row for i in found.report.issues]) == ("quarantine", [5])


def test_a_fault_that_is_made_a_warning_lets_the_row_through() -> None:
    found = examined([row("caf\ufffd on Linux", [8, 13, "OS"])], rulebook(severities={"mojibake": "warning"}))
    assert (found.report.action, found.report.accepted) == ("accept", 1)
    assert [issue.code for issue in found.report.warnings] == ["mojibake"]


def test_every_code_of_a_batch_is_recorded_where_there_is_a_history() -> None:
    report = examined(clean(5), history={"OS": 1}, recorded=True).report
    recorded = {item.code: item.passed for item in report.expectations if item.code in BATCH_CODES}
    assert recorded == dict.fromkeys(BATCH_CODES, True) | {"label_drift": False}


def test_texts_that_were_never_reached_are_a_warning() -> None:
    done = ", ".join(
        json.dumps([eg["text"], {"entities": eg["entities"]}]) for eg in map(json.loads, clean(5))
    )
    document = f'{{"classes": ["TOOL"], "annotations": [{done}, null, null, null]}}'
    found = examined(document.encode())
    assert (found.report.action, found.report.accepted) == ("accept", 5)
    assert (batch_issue(found, "unreached") or "").startswith("3 texts were never reached")
