"""Every fault that has a code is found, and only where it is. All cases are examined as one batch."""

from typing import NamedTuple

import pytest

from techner.core.codes import BATCH_CODES, CODES, ROW_CODES
from techner.core.examples import Example
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Row
from techner.quality.checks import parse_row
from tests.quality.examining import Found, clean, examined, row, rulebook

FROZEN = "Nginx proxies every request to Gunicorn."
ALSO_FROZEN = "Another text that scores"  # one text in two cases would be a duplicate
MAX_TEXT_CHARS = 200
ELSEWHERE = {
    "answer",
    "binary",
    "model_disagreement",
}  # no line of a file has the one; the other needs a model


class Case(NamedTuple):
    """Some lines, and which of them (from 0) carry the code; the others carry none."""

    code: str
    lines: list[bytes]
    faulty: tuple[int, ...] = (0,)


def said(start: int, end: int, text: str) -> dict[str, object]:
    return {"start": start, "end": end, "label": "OS", "text": text}


CASES = {
    "latin-1": Case("encoding", ['{"text": "café", "entities": []}'.encode("latin-1")]),
    "cut off": Case("json", [b'{"text": "a cut off row", "ent']),
    "key twice": Case("json", [b'{"text": "key", "text": "twice", "entities": []}']),
    "NaN": Case("json", [b'{"text": "not a number", "entities": [[NaN, 3, "OS"]]}']),
    "number": Case("shape", [b"42"]),
    "string": Case("shape", [b'"just text"']),
    "no label given": Case("shape", [row("no label given", [0, 2])]),
    "fourth element": Case("shape", [row("fourth element", [0, 6, "OS", "x"])]),
    "entity as object": Case("shape", [row("entity as object", {"start": 0, "end": 6})]),
    "covers another word": Case("covered", [row("use Debian or BSD", said(4, 10, "BSD"))]),
    "bounds were moved": Case("stale_text", [row("run Arch Linux now", said(4, 14, "Linux"))]),
    "no text": Case("text_type", [b'{"entities": []}']),
    "text is a list": Case("text_type", [row(["text"])]),
    "empty": Case("text_empty", [row("")]),
    "blank": Case("text_empty", [row(" \t\u00a0\u2028\n")]),
    "long": Case("text_long", [row("x" * (MAX_TEXT_CHARS + 1)), row("y" * MAX_TEXT_CHARS)]),
    "many marks": Case("marks", [row("a line " + "=" * 101), row("a short line " + "=" * 100)]),
    "NUL": Case("control", [row("a\0nul")]),
    "escape": Case("control", [row("an \x1b[1mescape")]),
    "delete": Case("control", [row("a \x7f delete")]),
    "C1": Case("control", [row("a \x85 C1")]),
    "lone surrogate": Case("control", [b'{"text": "half \\ud83d a pair", "entities": []}']),
    "tab and line ends are text": Case("control", [row("x\x01"), row("tab\tand\r\nline end")]),
    "lost bytes": Case("mojibake", [row("caf\ufffd")]),
    "no entities": Case("entities_type", [b'{"text": "nobody looked at this"}']),
    "null entities": Case("entities_type", [b'{"text": "null entities", "entities": null}']),
    "float": Case("offset_type", [row("float offset", [0.0, 5, "OS"])]),
    "bool": Case("offset_type", [row("bool offset", [False, 4, "OS"])]),
    "string offset": Case("offset_type", [row("string offset", ["0", 6, "OS"])]),
    "swapped": Case("offset_range", [row("swapped offsets", [7, 0, "OS"])]),
    "nothing": Case("offset_range", [row("nothing inside", [3, 3, "OS"])]),
    "negative": Case("offset_range", [row("negative start", [-5, 3, "OS"])]),
    "past": Case("offset_range", [row("past the end", [9, 13, "OS"]), row("at the end", [7, 10, "OS"])]),
    "unknown label": Case("label", [row("unknown label", [0, 7, "PLANET"])]),
    "other case": Case("label", [row("label in other case", [0, 5, "os"])]),
    "null label": Case("label", [row("null label", [0, 4, None])]),
    "list label": Case("label", [row("list label", [0, 4, ["OS"]])]),
    "label with CR": Case("label", [row("label with CR", [0, 5, "OS\r"])]),
    "scope of unknown labels": Case("scope", [row("scoped", [0, 6, "OS"], scope=["OS", "PLANET"])]),
    "empty scope": Case("scope", [row("looked for nothing", scope=[])]),
    "scope is a string": Case("scope", [row("scope is a string", [0, 5, "OS"], scope="OS")]),
    "out of scope": Case(
        "scope",
        [row("not looked for", [0, 3, "OS"], scope=["LIB"]), row("scope is null", [0, 5, "OS"], scope=None)],
    ),
    "trailing space": Case("span_edge", [row("trailing space", [0, 9, "OS"])]),
    "no-break space": Case("span_edge", [row("no-break\u00a0 space", [0, 9, "OS"])]),
    "zero-width space": Case("zero_width", [row("Re\u200bdis hides", [0, 6, "OS"])]),
    "soft hyphen": Case("zero_width", [row("Ku\u00adbernetes hides", [0, 11, "OS"])]),
    "half a word": Case("misaligned", [row("inclusive end", [0, 8, "OS"]), row("whole word", [0, 5, "OS"])]),
    "word starts late": Case("misaligned", [row("late start here", [1, 4, "OS"])]),
    "same span": Case("duplicate_span", [row("span given twice", [0, 4, "OS"], [0, 4, "OS"])]),
    "overlapping": Case("overlap", [row("overlapping spans here", [0, 17, "OS"], [12, 22, "OS"])]),
    "nested": Case("overlap", [row("spans nested in spans", [0, 21, "OS"], [6, 12, "OS"])]),
    "two labels": Case("overlap", [row("same range twice", [0, 4, "OS"], [0, 4, "LIB"])]),
    "touching is fine": Case(
        "overlap", [row("x y z", [0, 3, "OS"], [2, 5, "OS"]), row("C#", [0, 1, "OS"], [1, 2, "OS"])]
    ),
    "repeated": Case("duplicate", [row("said twice", [0, 4, "OS"])] * 3, (1, 2)),
    "repeated in capitals": Case("duplicate", [row("said loudly"), row("SAID  Loudly")], (1,)),
    "contradicted": Case("conflict", [row("he said, she", [0, 2, "OS"]), row("he said, she")], (0, 1)),
    "one of three differs": Case(
        "conflict", [row("two to one"), row("two to one"), row("two to one", [0, 3, "OS"])], (0, 1, 2)
    ),
    "scoring text": Case("leak", [row(FROZEN, [0, 5, "TOOL"])]),
    "UTF-8 read as Windows-1252": Case("mojibake", [row("a cafÃ© nearby"), row("MANHÃ, “NÃO”")]),
    "emoji read as Windows-1252": Case("mojibake", [row("a launch ðŸš€ today")]),
    "writing direction": Case("zero_width", [row("Po\u202estgres hides", [0, 9, "OS"])]),
    "look-alike label": Case("label", [row("look-alike label", [0, 4, "\u041eS"])]),
    "label with prefix": Case("label", [row("label with prefix", [0, 5, "B-OS"])]),
    "nested in the first of three": Case(
        "overlap", [row("a b c d e f nested", [0, 11, "OS"], [2, 3, "OS"], [8, 9, "LIB"])]
    ),
    "full stop": Case(
        "edge_punctuation",
        [
            row("ends with Debian.", [10, 17, "OS"]),
            row("the U.S. and f(x) too", [4, 8, "OS"], [13, 17, "LIB"]),
        ],
    ),
    "quoted": Case("edge_punctuation", [row("a “Ubuntu” here", [2, 10, "OS"])]),
    "accents apart": Case("not_nfc", [row("caf\u0065\u0301 apart"), row("caf\u00e9 as one")]),
    "another mark": Case(
        "near_duplicate", [row("all of it but the mark"), row("all of it but the mark!")], (1,)
    ),
    "two labels for one name": Case(
        "surface_conflict",
        [row(f"{n} times Kubernetes", [8, 18, "TOOL" if n else "LIB"]) for n in range(3)],
    ),
    "forgotten": Case(
        "missing_annotation",
        [row(f"Postgres, {n}th time", [0, 8, "TOOL"]) for n in range(8)]
        + [row("Postgres is forgotten here")],
        (8,),
    ),
    "scoring text in capitals": Case("leak", [row(f"  {ALSO_FROZEN.upper()} ")]),
}


def number_of(case: str, place: int) -> int:
    """Return the row number that a line of a case has in the batch."""
    names = list(CASES)
    return 1 + sum(len(CASES[name].lines) for name in names[: names.index(case)]) + place


@pytest.fixture(scope="module")
def found() -> Found:
    lines = [line for case in CASES.values() for line in case.lines] + clean(3)
    against = rulebook(max_quarantine_share=1.0, max_text_chars=MAX_TEXT_CHARS, frozen=[FROZEN, ALSO_FROZEN])
    return examined(lines, against, recorded=True)


def codes_of(found: Found, number: int) -> set[str]:
    return {i.code for i in (*found.report.issues, *found.report.warnings) if i.row == number}


def test_every_code_of_a_row_has_a_case() -> None:
    assert {case.code for case in CASES.values()} == set(ROW_CODES) - ELSEWHERE


@pytest.mark.parametrize("name", CASES)
def test_faulty_rows_carry_their_code_and_no_other(found: Found, name: str) -> None:
    case = CASES[name]
    carried = {place: codes_of(found, number_of(name, place)) for place in range(len(case.lines))}
    assert carried == {place: {case.code} if place in case.faulty else set() for place in carried}


def test_rows_without_critical_fault_are_accepted(found: Found) -> None:
    critical = [case for case in CASES.values() if ROW_CODES[case.code].severity == "critical"]
    rows = sum(len(case.lines) for case in CASES.values()) + 3
    assert found.report.accepted == len(found.accepted) == rows - sum(len(case.faulty) for case in critical)


@pytest.mark.parametrize("code", sorted(set(ROW_CODES) - ELSEWHERE))
def test_expectation_of_a_code_fails_with_its_rows(found: Found, code: str) -> None:
    expectation = next(item for item in found.report.expectations if item.code == code)
    expected = sum(len(case.faulty) for case in CASES.values() if case.code == code)
    assert (expectation.passed, expectation.failing) == (False, expected)


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_row_that_its_annotator_did_not_accept_is_set_aside(answer: str) -> None:
    row = Row(number=7, raw=b"{}", text="fine", entities=[], answer=answer)
    example, faults = parse_row(row, QualityPolicy(), LabelScheme(None))
    assert (example, [fault.code for fault in faults]) == (None, ["answer"])


def test_row_that_its_annotator_accepted_is_an_example() -> None:
    row = Row(number=7, raw=b"{}", text="fine", entities=[], answer="accept")
    assert parse_row(row, QualityPolicy(), LabelScheme(None)) == (Example("fine"), [])


def test_expectations_pass_where_nothing_is_wrong() -> None:
    report = examined(clean(5), recorded=True).report
    assert all((item.passed, item.failing) == (True, 0) for item in report.expectations)
    assert {item.code for item in report.expectations} == (set(ROW_CODES) | set(BATCH_CODES)) - {
        "label_drift",  # there is no history
        "model_disagreement",  # and no model
    }


def test_every_expectation_says_what_it_expects_and_how_much_it_weighs(found: Found) -> None:
    said = {item.code: (item.description, item.severity) for item in found.report.expectations}
    assert said == {code: (CODES[code].sentence, CODES[code].severity) for code in said}


def test_row_with_several_faults_carries_all_of_them() -> None:
    several = row("Re\u200bdis  caf\ufffd", [0, "7", "NOPE"])
    spans = row("nginx and Re\u200bdis", [0, 6, "OS"], [4, 16, "OS"])
    report = examined([*clean(8), several, row("", 5), spans]).report
    carried = {number: {i.code for i in report.issues if i.row == number} for number in (9, 10, 11)}
    assert carried == {
        9: {"mojibake"},  # what cannot be read is not looked into further
        10: {"text_empty", "shape"},
        11: {"span_edge", "zero_width", "misaligned", "overlap"},
    }
