"""Every row of a batch ends in exactly one place, with its bytes and its reasons."""

import base64
import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from techner.core.delivery import QualityReport
from techner.core.errors import IntegrityError
from techner.core.policy import QualityPolicy
from techner.documents import dump, parse
from techner.quality.expectations import expect
from techner.quality.metrics import Metric
from tests.conftest import marked
from tests.quality.examining import Found, clean, examined, line, row, rulebook

BAD = row("no such label", [0, 2, "PLANET"])
LATIN_1 = '{"text": "café", "entities": []}'.encode("latin-1")


def zipped(lines: list[bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("batch.jsonl", b"\n".join(lines))
    return file.getvalue()


def set_aside(found: Found) -> list[dict[str, Any]]:
    return [json.loads(one) for one in found.quarantine.splitlines()]


def raw(found: Found) -> dict[int, bytes]:
    return {item["row"]: base64.b64decode(item["raw"]) for item in set_aside(found)}


def codes(found: Found) -> set[str]:
    return {issue.code for issue in found.report.issues}


def is_whole(found: Found) -> bool:
    """Tell whether counts, examples and quarantine agree about where every row is."""
    report = found.report
    return (
        report.read == report.accepted + report.quarantined + report.rejected
        and report.accepted == len(found.accepted)
        and report.quarantined + report.rejected == len(set_aside(found)) == len(raw(found))
    )


def test_clean_batch_is_accepted_as_it_is() -> None:
    examples = [marked("we use [[nginx|TOOL]] on [[Linux|OS]]"), marked("nothing here")]
    found = examined([line(one) for one in examples])
    assert [(one.text, one.spans) for one in found.accepted] == [(one.text, one.spans) for one in examples]
    assert (found.report.action, found.report.issues, found.quarantine) == ("accept", (), b"")


def test_accepted_spans_are_counted_by_label() -> None:
    examples = [marked("[[nginx|TOOL]] and [[Redis|TOOL]] on [[Linux|OS]]"), marked("[[curl|TOOL]] only")]
    assert examined([line(one) for one in examples]).report.labels == {"OS": 1, "TOOL": 3}


@pytest.fixture(scope="module")
def partly() -> Found:
    both = row("text with \ufffd", 5)
    return examined([*clean(9), BAD, LATIN_1, b"", both])


def test_batch_with_few_faults_is_quarantined_in_part(partly: Found) -> None:
    report = partly.report
    assert (report.action, report.read, report.accepted, report.quarantined, report.rejected) == (
        "quarantine", 12, 9, 3, 0,
    )  # fmt: skip
    assert is_whole(partly)


def test_quarantine_keeps_raw_bytes_by_line_number(partly: Found) -> None:
    assert raw(partly) == {10: BAD, 11: LATIN_1, 13: row("text with \ufffd", 5)}


def test_quarantine_names_every_reason(partly: Found) -> None:
    reasons = {
        item["row"]: [reason.partition(":")[0] for reason in item["reasons"]] for item in set_aside(partly)
    }
    assert reasons == {10: ["label"], 11: ["encoding"], 13: ["mojibake", "shape"]}


def test_quarantined_rows_are_not_among_the_accepted(partly: Found) -> None:
    assert {one.text[:9] for one in partly.accepted} == {"clean row"}


def test_report_is_written_and_read_back(partly: Found) -> None:
    assert parse(QualityReport, dump(partly.report), where="report.json") == partly.report


@pytest.mark.parametrize(
    ("data", "code", "read"),
    [
        ("\n".join(one.decode() for one in clean(3)).encode("utf-16"), "encoding", 0),
        (gzip.compress(b"\n".join(clean(3)))[:-4], "encoding", 0),
        (zipped(clean(3)), "encoding", 0),
        (b"", "empty", 0),
        (b"\r\n \n", "empty", 0),
        (b"[]", "empty", 0),
        (b"\xef\xbb\xbf[\n]", "empty", 0),
        ([*clean(8), BAD, LATIN_1, b"5"], "quarantine_share", 11),
        ([row("no entity here"), row("nor here")], "no_entities", 2),
        ([BAD], "quarantine_share", 1),
    ],
    ids=[
        "UTF-16",
        "gzip cut off",
        "zip",
        "empty",
        "blank",
        "no items",
        "no items after BOM",
        "too many faults",
        "no entities",
        "all bad",
    ],
)
def test_whole_batch_is_rejected(data: bytes | list[bytes], code: str, read: int) -> None:
    found = examined(data)
    assert found.report.action == "reject"
    assert code in {issue.code for issue in found.report.issues if issue.row is None}
    assert (found.report.read, found.report.rejected, found.accepted) == (read, read, ())


def test_rejected_batch_is_kept_whole() -> None:
    found = examined([*clean(1), BAD])
    assert raw(found) == {1: clean(1)[0], 2: BAD}
    assert set_aside(found)[0]["reasons"] == ["the whole batch was rejected"]


def test_share_of_faults_at_the_limit_is_not_rejected() -> None:
    assert examined([*clean(3), BAD]).report.action == "quarantine"  # 25 %


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n".join(clean(2)) + b"\r\n",
        b"\n".join(clean(2)),
        b"\xef\xbb\xbf" + b"\n".join(clean(2)),
        b"\n\n".join(clean(2)) + b"\n \n",
        b"[" + b",\n".join(clean(2)) + b"]",
        b'[["clean row 0 uses nginx", {"entities": [[17, 22, "TOOL"]]}], ["b", {"entities": []}]]',
        b'["clean row 0 uses nginx", {"entities": [[17, 22, "TOOL"]]}]\n["b", {"entities": []}]\n',
        '{"text": "Linux\u2028runs", "entities": [[0, 5, "OS"]]}\n{"text": "b", "entities": []}'.encode(),
    ],
    ids=[
        "CRLF",
        "no trailing newline",
        "BOM",
        "blank lines",
        "array",
        "classic array",
        "classic lines",
        "U+2028",
    ],
)
def test_both_rows_are_accepted(data: bytes) -> None:
    report = examined(data).report
    assert (report.action, report.read, report.accepted) == ("accept", 2, 2)


def test_detail_with_a_lone_surrogate_can_be_written() -> None:
    report = examined([*clean(3), b'{"text": "x", "entities": ["\\ud800"]}']).report
    assert parse(QualityReport, dump(report), where="report.json") == report


def test_expectation_that_finds_no_row_for_a_flag_is_an_error() -> None:
    with pytest.raises(IntegrityError, match="the expectation for 'label' could not be evaluated"):
        expect([1, 2, 3], {"label": {2, 7}}, policy=QualityPolicy())


def test_a_figure_that_great_expectations_judges_otherwise_is_an_error() -> None:
    class Lying(Metric):
        @property
        def passed(self) -> bool:
            return not super().passed

    figure = Lying(code="copies", value=1.0, most=0.5, detail="all of them")
    with pytest.raises(IntegrityError, match="the expectation for 'copies' could not be evaluated"):
        expect([1], {}, [figure], policy=QualityPolicy())


def test_expectations_over_rows_find_the_flagged_ones() -> None:
    found = {
        item.code: item.failing
        for item in expect([1, 2, 3], {"label": {2, 3}}, policy=QualityPolicy()).expectations
    }
    assert (found["label"], found["json"]) == (2, 0)


_OFFSETS = st.integers(-2, 30) | st.floats() | st.booleans() | st.none() | st.text(max_size=3)
_ENTITIES = st.lists(
    st.lists(_OFFSETS | st.sampled_from(["OS", "TOOL", "PLANET"]), max_size=4)
    | st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(["OS", "TOOL"])).map(list)
    | st.text(max_size=3),
    max_size=4,
)  # fmt: skip
_TEXTS = st.sampled_from(["nginx runs on Linux", "same text"]) | st.text() | st.none() | st.integers()
_ROWS = st.fixed_dictionaries(
    {}, optional={"text": _TEXTS, "entities": _ENTITIES | st.none(), "meta": st.integers()}
)
_LINES = _ROWS.map(lambda record: json.dumps(record).encode()) | st.binary(max_size=40).filter(
    lambda b: b"\n" not in b
)


@settings(max_examples=20)
@given(lines=st.lists(_LINES, max_size=25), share=st.sampled_from([0.25, 1.0]))
def test_arbitrary_lines_are_each_in_one_place(lines: list[bytes], share: float) -> None:
    found = examined([*clean(1), *lines], rulebook(max_quarantine_share=share))
    assert found.report.read == 1 + sum(bool(one.strip()) for one in lines)
    assert is_whole(found)


@settings(max_examples=10)
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@example(b"[[[[")
@example(b"[{}]")
@example(b"\xff\xfe")
@example(b"\0")
def test_arbitrary_bytes_never_raise_and_are_never_accepted(data: bytes) -> None:
    found = examined(data)
    assert is_whole(found)
    assert found.report.action == "reject"
