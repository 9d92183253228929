"""Documents are strict and canonical."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError
from techner.core.manifest import FileEntry, LabelScore, Lineage, Manifest, Part
from techner.core.policy import Policies, QualityPolicy
from techner.core.records import BatchWord, Decision, Generation, Judgement, RunOutcome
from techner.core.run_documents import Plan
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.documents import document_digest, dump, parse

BATCH = BatchRef(name="inbox/münchen 日.jsonl", digest="d" * 64)
ENTRY = FileEntry(path="ner/model", sha256="0" * 64, size_bytes=12)
CHECK = Check(
    name="micro F1",
    against=Against.ORIGIN,
    rule="not worse",
    baseline=0.8,
    candidate=0.1 + 0.2,
    low=None,
    high=None,
    margin=0.005,
    support=100,
    state=CheckState.FAILED,
)
GENERATION = Generation(
    id="1",
    alias="production",
    number=1,
    version="v2",
    manifest="0" * 64,
    previous=None,
    before=None,
    who="me",
    why="“better”",
    when=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
)
MANIFEST = Manifest(
    number=1,
    parent="p",
    origin="o",
    base="en_core_web_sm",
    pretrained_labels=("ORG", "PERSON"),
    new_labels=("PROTOCOL",),
    files=(ENTRY,),
    records={"memory": ENTRY},
    lineage=Lineage(
        batches=(BATCH,), reference="r", seed=0, code="c", libraries={"spacy": "3.8", "numpy": "2"}
    ),
    scores=(
        LabelScore(
            label="ORG",
            part=Part.NEW,
            support=1,
            origin=None,
            production=0.5,
            candidate=0.6,
            low=-0.1,
            high=0.1,
        ),
    ),
    verdict=Verdict(checks=(CHECK,)),
)
PLAN = Plan(batches=(BATCH,), production="p", origin="o", reference="r", policies=Policies())
DECISION = Decision(id="d", word=BatchWord.HOLD, who="x", why="x", when=GENERATION.when)
JUDGEMENT = Judgement(
    id="run", outcome=RunOutcome.DRY_RUN, reason="x", production="p", version=None, batches=(), scores=(),
    verdict=Verdict(checks=()), when=GENERATION.when,
)  # fmt: skip


def altered(document: Any, **changes: object) -> bytes:
    return json.dumps(json.loads(dump(document)) | changes).encode()


@pytest.mark.parametrize(
    "document", [BATCH, ENTRY, GENERATION, MANIFEST, PLAN, QualityPolicy()], ids=lambda d: type(d).__name__
)
def test_document_is_read_back_equal(document: object) -> None:
    assert parse(type(document), dump(document), where="here") == document


def test_same_value_gives_the_same_bytes_whatever_the_order_of_its_dictionaries() -> None:
    one = Lineage(reference="r", code="c", libraries={"a": "1", "b": "2"})
    two = Lineage(reference="r", code="c", libraries={"b": "2", "a": "1"})
    assert dump(one) == dump(two)


def test_bytes_of_a_document_are_sorted_indented_utf8_with_a_newline() -> None:
    written = '{\n "digest": "d",\n "metadata": null,\n "name": "münchen"\n}\n'
    assert dump(BatchRef(name="münchen", digest="d")) == written.encode()


def test_digest_of_a_document_changes_with_its_value() -> None:
    assert document_digest(QualityPolicy()) != document_digest(QualityPolicy(max_text_chars=1))


def test_derived_facts_are_not_stored() -> None:
    assert "size_bytes" not in json.loads(dump(MANIFEST))
    assert list(json.loads(dump(MANIFEST))["verdict"]) == ["checks"]


def test_unknown_key_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"versions/1 is not a Manifest: surprise: "):
        parse(Manifest, altered(MANIFEST, surprise=1), where="versions/1")


def test_unknown_key_inside_is_refused_with_its_place() -> None:
    inner = json.loads(dump(ENTRY)) | {"surprise": 1}
    with pytest.raises(IntegrityError, match=r"files\.0\.surprise: "):
        parse(Manifest, altered(MANIFEST, files=[inner]), where="here")


def test_missing_key_is_refused() -> None:
    document = json.loads(dump(MANIFEST))
    del document["base"]
    with pytest.raises(IntegrityError, match=r"base: Field required"):
        parse(Manifest, json.dumps(document).encode(), where="here")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number", "1"),
        ("number", 1.5),
        ("number", True),
        ("number", None),
        ("base", 5),
        ("pretrained_labels", "ORG"),
        ("new_labels", [1]),
        ("files", {}),
        ("records", []),
        ("verdict", "promote"),
    ],
)
def test_wrong_type_is_refused(key: str, value: object) -> None:
    with pytest.raises(IntegrityError, match=f"is not a Manifest: {key}"):
        parse(Manifest, altered(MANIFEST, **{key: value}), where="here")


@pytest.mark.parametrize(
    ("document", "key"),
    [(DECISION, "word"), (JUDGEMENT, "outcome"), (MANIFEST.scores[0], "part"), (CHECK, "against")],
)
def test_a_word_that_no_version_wrote_is_refused_with_those_that_are_known(
    document: object, key: str
) -> None:
    with pytest.raises(
        IntegrityError, match=f"is not a {type(document).__name__}: {key}.*: Input should be '"
    ):
        parse(type(document), altered(document, **{key: "maybe"}), where="here")


def test_a_word_is_written_as_it_always_was() -> None:
    written = json.loads(dump(JUDGEMENT)), json.loads(dump(DECISION))
    assert (written[0]["outcome"], written[1]["word"]) == ("dry run", "hold")


def test_wrong_type_of_a_time_is_refused() -> None:
    with pytest.raises(IntegrityError, match="is not a Generation: when"):
        parse(Generation, altered(GENERATION, when=1767322800), where="here")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"{} {}"])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="aliases/1 is not a BatchRef"):
        parse(BatchRef, data, where="aliases/1")
