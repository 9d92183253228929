"""One contract for all readers: a sample of each tool's export is read to the same examples."""

import json
import random
import re
import textwrap
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techner.core.errors import FileError
from techner.formats import Row, read_rows
from techner.formats.records import RECORD_FORMATS
from tests.formats.exports import EXPORTS, Tokens, text_and_entities

SAMPLES = Path(__file__).parent / "samples"
EXAMPLES = [
    ("David often uses TLS over SSL", [[17, 20, "PROTOCOL"], [26, 29, "PROTOCOL"]]),
    ("Müller plugged the Cisco ASA 5506 into port 1", [[19, 33, "HARDWARE"]]),
    ("Nobody wrote anything about the network", []),
    ("OpenSSH nginx moved to the new router 🙂", [[0, 7, "SOFTWARE"], [8, 13, "SOFTWARE"]]),
]
FORMATS = {
    "jsonl.jsonl": "JSONL",
    "jsonl.jsonl.gz": "JSONL, gzip",
    "classic_lines.jsonl": "classic spaCy",
    "classic_list.json": "classic spaCy",
    "doccano_label.jsonl": "doccano",
    "doccano_data.jsonl": "doccano",
    "doccano_labels.jsonl": "doccano",
    "doccano_annotations.json": "doccano",
    "doccano_relations.jsonl": "doccano",
    "label_studio.json": "Label Studio",
    "label_studio_min.json": "Label Studio JSON-MIN",
    "prodigy.jsonl": "Prodigy",
    "label_studio_target.jsonl": "Label Studio",
    "ner_annotator.json": "classic spaCy",
    "training_data.py.txt": "classic spaCy, Python",
    "entity_objects.jsonl": "JSONL",
    "spacy_to_json.json": "spaCy JSON",
    "spacy2.json": "spaCy 2 JSON",
    "dataturks.jsonl": "DataTurks",
    "lighttag.json": "entity objects",
    "ubiai.jsonl": "entity objects",
    "germeval.tsv": "CoNLL",
    "conllu.conllu": "CoNLL",
    "huggingface_words.jsonl": "Hugging Face",
    "kaggle.csv": "word table",
    "sentences.csv": "sentence table",
    "iob1.conll": "CoNLL",
    "iob2.tsv": "CoNLL",
    "biluo.txt": "CoNLL",
    "counted.tsv": "CoNLL",
    "docbin.spacy": "DocBin",
    "huggingface.jsonl": "Hugging Face",
    "huggingface_features.jsonl": "Hugging Face",
    "huggingface_viewer.json": "Hugging Face",
}
DOCUMENTS = ("huggingface_viewer.json", "ner_annotator.json", "lighttag.json")
RECORDS = [name for name in FORMATS if name.endswith((".json", ".jsonl")) and name not in DOCUMENTS]
LINES = [name for name in RECORDS if name.endswith(".jsonl")]

sample = pytest.mark.parametrize("name", FORMATS)


def content(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def read(data: bytes) -> list[Row]:
    return list(read_rows(data)[1])


def parts(data: bytes) -> list[tuple[object, object]]:
    return [(row.text, row.entities) for row in read(data)]


def records(name: str) -> list[object]:
    data = content(name)
    whole: list[object] = (
        json.loads(data) if name.endswith(".json") else list(map(json.loads, data.splitlines()))
    )
    return whole


def test_every_sample_has_its_case() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(FORMATS)


@sample
def test_sample_is_read_to_the_examples(name: str) -> None:
    assert parts(content(name)) == EXAMPLES


def test_every_sample_in_the_docs_is_read_to_the_same_example() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text()
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^(?: {4}.*)?\n)+", docs, re.MULTILINE)]
    found = []
    for block in filter(str.strip, blocks):
        whole = block.strip().startswith(("[{", "-DOC"))
        found += [parts(one.encode()) for one in ([block] if whole else block.strip().split("\n"))]
    assert found == [[("use TLS", [[4, 7, "PROTOCOL"]])]] * 23


@sample
def test_format_is_named(name: str) -> None:
    assert read_rows(content(name))[0] == FORMATS[name]


@sample
def test_rows_are_numbered_upwards_and_have_no_fault(name: str) -> None:
    rows = read(content(name))
    assert [row.number for row in rows] == sorted({row.number for row in rows})
    assert not any(row.fault for row in rows)


@sample
def test_raw_bytes_of_a_row_are_a_delivery_of_that_row(name: str) -> None:
    for row in read(content(name)):
        assert parts(row.raw) == [(row.text, row.entities)]


@pytest.mark.parametrize("name", RECORDS)
def test_record_is_recognised_by_one_reader_alone(name: str) -> None:
    for record in records(name):
        assert [found.name for found in RECORD_FORMATS if found.recognises(record)] == [FORMATS[name]]


@pytest.mark.parametrize("second", LINES)
@pytest.mark.parametrize("first", LINES)
def test_two_formats_in_one_file_are_refused_with_their_rows(first: str, second: str) -> None:
    data = content(first) + content(second)
    if FORMATS[first] == FORMATS[second]:
        assert parts(data) == EXAMPLES + EXAMPLES
    else:
        said = f"^mixed: row 1 is {FORMATS[first]}, row 5 is {FORMATS[second]}: "
        with pytest.raises(FileError, match=said):
            read(data)


@pytest.mark.parametrize("name", ["iob1.conll", "iob2.tsv"])
def test_lines_of_json_and_columns_in_one_file_are_refused(name: str) -> None:
    with pytest.raises(FileError, match=r"^mixed: row 1 is JSONL, row 81 is CoNLL"):
        read(content("jsonl.jsonl") * 20 + content(name))
    with pytest.raises(FileError, match=r"^mixed: line \d+ is JSON, most lines are CoNLL"):
        read(content(name) + content("jsonl.jsonl"))


@sample
def test_sample_cut_off_anywhere_raises_nothing_but_file_error(name: str) -> None:
    data = content(name)
    for cut in random.Random(0).sample(range(len(data)), 25):  # noqa: S311 - a test's choice
        with suppress(FileError):
            assert all(row.raw for row in read(data[:cut]))


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters="#"),
    min_size=1,
    max_size=6,
)
_LABELS = st.sampled_from(["PROTOCOL", "B-SIDE", "ÄRA", "x"])


@st.composite
def _tokens(draw: st.DrawFn) -> Tokens:
    words = draw(st.lists(_WORDS, min_size=1, max_size=6))
    spans, at = [], 0
    while at < len(words):
        length = draw(st.integers(0, len(words) - at))
        if length and draw(st.booleans()):
            spans.append((at, at + length, draw(_LABELS)))
        at += max(1, length)
    return words, spans


@pytest.mark.parametrize("write", EXPORTS.values(), ids=EXPORTS)
@given(st.lists(_tokens(), min_size=1, max_size=4))
@settings(max_examples=25)
def test_what_a_tool_exports_is_read_back(
    write: Callable[[list[Tokens]], bytes], examples: list[Tokens]
) -> None:
    assert parts(write(examples)) == [text_and_entities(example) for example in examples]


KEYS: tuple[tuple[str, object], ...] = (
    ("entities", []), ("entities", [{"start_offset": 0}]), ("spans", []), ("label", [[0, 1, "A"]]),
    ("labels", []), ("annotations", []), ("data", {"text": "a"}), ("data", "a"), ("relations", []),
    ("_task_hash", 1), ("annotation_id", 1), ("tokens", ["a"]), ("tags", ["O"]), ("ner_tags", [0]),
    ("text", "a"), ("answer", "accept"), ("ents", []), ("paragraphs", []),
    ("content", "a"), ("annotation", None), ("words", ["a"]), ("ner", ["O"]), ("classes", []),
    ("task", {"data": {}}), ("result", []), ("annotations", [{"start": 0, "end": 1, "tag": "A"}]),
    ("annotation", [{"start": 0, "end": 1, "tag": "A"}]), ("mentions", [[0, 1, "A"]]),
)  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_record_is_recognised_by_two_readers(count: int) -> None:
    for pairs in combinations(KEYS, count):
        record = dict(pairs)
        assert sum(found.recognises(record) for found in RECORD_FORMATS) <= 1, record
