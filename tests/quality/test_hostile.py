"""What a hostile delivery must not cost: work and memory grow with its size, not with the square of it."""

import json
import tracemalloc
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from techner.core.errors import BatchError
from techner.core.examples import Example, Span
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Fault, Row, read_rows
from techner.formats.conll import is_tagged
from techner.formats.evidence import same
from techner.quality.fix import _once
from techner.quality.offline import examine_offline
from techner.quality.scope import disagree
from techner.quality.spans import span_faults
from techner.quality.surfaces import MAX_SHAPES, _shapes
from techner.quality.tokens import MAX_KNOWN_BYTES, Bounds


def rows_of(data: bytes) -> list[Row]:
    return list(read_rows(data)[1])


def test_copies_are_compared_label_by_label_and_not_with_each_other() -> None:
    asked: list[str] = []

    class Counted(Example):
        def looked_for(self, label: str) -> bool:
            asked.append(label)
            return Example.looked_for(self, label)

    labels = [f"L{n}" for n in range(12)]
    copies = [
        Counted("", tuple(Span(labels.index(label), 12, label) for label in scope), scope)
        for scope in combinations(labels, 4)
    ]
    assert not disagree(copies)
    assert len(asked) <= len(copies) * len(labels)
    assert disagree([*copies, Counted("", (), ("L3",))])


def test_of_large_records_few_are_held_at_once() -> None:
    line = json.dumps({"text": "a", "entities": [], "more": [0] * 400_000}).encode()
    data = b"\n".join([line] * 30)
    tracemalloc.start()
    rows = read_rows(data)[1]
    next(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(line)  # all thirty: more than eighty


def test_line_too_long_for_a_token_is_not_cut() -> None:
    assert is_tagged(b"use O")
    assert not is_tagged(b"use " * 2000 + b"O")


def test_sentence_of_very_long_lines_is_a_faulty_row() -> None:
    row = rows_of(b"use O\nTLS B-P\n\n" * 9000 + b"a" * (5 << 20) + b" O\n\nuse O\n")[-2]
    assert row.fault is not None
    assert row.fault.code == "shape"


def docbin(words: list[str], docs: int) -> bytes:
    vocab = Vocab()
    bin_ = DocBin(attrs=["ORTH", "ENT_IOB", "ENT_TYPE"])
    for _ in range(docs):
        doc = Doc(vocab, words=words)
        doc.set_ents([], default="outside")
        bin_.add(doc)
    return bin_.to_bytes()


def test_docbin_whose_tokens_name_one_long_word_does_not_unfold_it() -> None:
    (row,) = rows_of(docbin(["x" * 100_000] * 20, 1))
    assert row.fault == Fault("shape", "document 1: more than 1,000,000 characters")
    with pytest.raises(BatchError, match="large: the texts of the DocBin"):
        rows_of(docbin(["x" * 900_000], 9))


def test_document_that_repeats_long_features_for_each_row_is_refused() -> None:
    features = [{"name": "ner_tags", "type": {"feature": {"names": ["O", "B-" + "X" * 100_000]}}}]
    rows = [{"row": {"tokens": ["a"], "ner_tags": [0]}}] * 1000
    with pytest.raises(BatchError, match="has long features"):
        rows_of(json.dumps({"features": features, "rows": rows}).encode())


@pytest.mark.parametrize("start", [[0] * 1000, "9" * 1000, 10**1000, {"a": 0}])
def test_offset_that_many_labels_would_repeat_is_a_fault_of_its_row(start: Any) -> None:
    value = {"start": start, "end": 3, "labels": ["A"] * 100}
    result = [{"type": "labels", "value": value}]
    task = {"data": {"text": "TLS"}, "annotations": [{"result": result}]}
    spans = [{"label": ["A"] * 100, "points": [{"start": start, "end": 2, "text": "TLS"}]}]
    for record in (task, {"content": "TLS", "annotation": spans}):
        (row,) = rows_of(json.dumps(record).encode())
        assert row.fault is not None
        assert row.fault.code == "shape"


def test_entities_of_a_row_are_not_compared_with_each_other() -> None:
    class Uncompared(list[Any]):
        def __eq__(self, other: object) -> bool:
            raise AssertionError(other)

        __hash__ = None

    entities = [Uncompared([n, n + 1, "A"]) for n in range(100)]
    once, fixes = _once([*entities, Uncompared([5, 6, "A"])])
    assert (len(once), fixes) == (100, ["a span was given twice"])


def checked(data: bytes, policy: QualityPolicy) -> Any:
    scheme = LabelScheme(frozenset(policy.labels))
    return examine_offline(data, "made", scheme=scheme, policy=policy, holdout=frozenset({"none"}))


def test_rows_are_read_no_further_once_the_rejection_is_certain() -> None:
    rows = [json.dumps({"text": f"use {n}", "entities": [[0, 3, "NOPE"]]}) for n in range(1500)]
    policy = replace(QualityPolicy(), max_quarantine_share=0.0001)
    examined = checked("\n".join(rows).encode(), policy)
    (issue,) = [issue for issue in examined.report.issues if issue.row is None]
    assert issue.detail.startswith("1001 of the first 1001 rows are faulty (the rest was not read)")
    assert examined.report.read == examined.report.rejected == len(list(examined.quarantine)) == 1001


def test_borders_that_are_remembered_take_bounded_memory() -> None:
    cut: list[str] = []

    def tokenize(text: str) -> list[tuple[int, int]]:
        cut.append(text)
        return [(0, 1)] * (MAX_KNOWN_BYTES // 200)

    bounds = Bounds(tokenize, cuts_at_space=True)
    for piece in ("a-b", "a-c", "a-d", "a-b"):
        bounds.starts(piece, 1)
    assert cut == ["a-b", "a-c", "a-d", "a-b"]


def test_of_spans_that_cover_a_text_over_and_over_only_that_is_said() -> None:
    text = "é " * 1000 + "é"
    spans = tuple(Span(0, len(text) - n, "A") for n in range(0, 100, 2))
    bounds = Bounds(lambda _: [], cuts_at_space=True)
    assert {fault.code for fault in span_faults(Example(text, tuple(sorted(spans))), bounds)} == {"overlap"}


def test_lengths_of_names_that_begin_with_one_word_are_bounded() -> None:
    names = [f"Server {'x' * n}" for n in range(1, 50)]
    assert len(_shapes(names)["Server"]) == MAX_SHAPES


def test_texts_of_other_lengths_are_not_compared_word_by_word() -> None:
    assert same("use  TLS\n now", "use TLS now")
    assert not same("a" + " " * 1000, "a")


def test_items_of_a_list_longer_than_a_window_keep_their_bytes() -> None:
    items = [
        json.dumps({"text": f"é🚀{n}" * (n % 7 * 9000), "entities": []}, ensure_ascii=False)
        for n in range(40)
    ]
    data = ("[\n" + " ,\n".join(items) + "\n]").encode()
    assert [row.raw.decode() for row in rows_of(data)] == items
    with pytest.raises(BatchError, match="item 41 of the list, line 42"):
        rows_of(data[:-1] + b", {x}]")


def test_row_whose_span_ends_in_a_run_of_many_marks_is_set_aside_uncut() -> None:
    rows = [
        {"text": f"{n} Rust{'=' * 40}", "entities": [[2 if n < 9 else 3, 6 if n < 9 else 7, "A"]]}
        for n in (1, 12)
    ]
    rows += [{"text": f"case {n} of Rust {'=' * 40}", "entities": [[10, 14, "A"]]} for n in range(10, 40)]
    examined = checked("\n".join(map(json.dumps, rows)).encode(), QualityPolicy(labels=("A",)))
    issues = [issue for issue in examined.report.issues if issue.code == "marks"]
    assert [issue.row for issue in issues] == [1, 2]
    assert "beside a span" in issues[0].detail


def test_brackets_and_commas_in_strings_do_not_end_an_item_of_python() -> None:
    text = "a), ('b', [#"
    data = f"X = [({text + chr(34)!r}, {{'entities': []}}), ('''{text}''', {{'entities': [(0, 1, '')]}})]\n"
    assert [row.text for row in rows_of(data.encode())] == [text + '"', text]
