"""Compressed files and DocBin: bounded, and refused as a whole where they are damaged."""

import gzip
import json
import zlib

import pytest
import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from techner.core.errors import BatchError
from techner.formats import Fault, Row, read_rows
from techner.formats.compressed import MAX_RATIO, MAX_UNPACKED_BYTES, RATIO_COUNTS_FROM_BYTES
from tests.formats.exports import docbin

RECORD = b'{"text": "use TLS", "entities": [[4, 7, "PROTOCOL"]]}\n'


def read(data: bytes) -> list[Row]:
    return list(read_rows(data)[1])


def test_joined_and_padded_gzip_files_are_one() -> None:
    data = gzip.compress(RECORD) + b"\0" * 100 + gzip.compress(RECORD * 2) + b"\0" * 512
    assert len(read(data)) == 3


def test_gzip_over_many_slices_is_whole() -> None:
    records = [{"text": str(number) * 40, "entities": []} for number in range(20_000)]
    data = gzip.compress("\n".join(map(json.dumps, records)).encode(), 1)
    assert len(data) > 1 << 17
    assert [row.text for row in read(data)] == [record["text"] for record in records]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(RECORD)[:-4], "the gzip data breaks off: deliver it again"),
        (gzip.compress(RECORD)[:15], "the gzip data breaks off: deliver it again"),
        (gzip.compress(RECORD)[:-5] + b"12345", "the gzip data is damaged"),
        (gzip.compress(RECORD) + b"more", "the gzip data is damaged"),
    ],
    ids=["end", "begin", "checksum", "more"],
)
def test_damaged_gzip_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BatchError, match=f"^encoding: {said}"):
        read(data)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_unpacks_to_too_much_is_refused_before_it_fills_the_memory(pack: object) -> None:
    bomb = pack(b" " * (RATIO_COUNTS_FROM_BYTES + (8 << 20)))  # type: ignore[operator]
    assert len(bomb) * MAX_RATIO < RATIO_COUNTS_FROM_BYTES < MAX_UNPACKED_BYTES
    with pytest.raises(BatchError, match=r"^encoding: the \w+ ?\w* unpacks to more than 16 MiB"):
        read(bomb)


def test_docbin_of_docs_that_nobody_annotated_has_no_entities() -> None:
    vocab = Vocab()
    data = DocBin(docs=[Doc(vocab, words=["use", "TLS"])]).to_bytes()
    assert [(row.text, row.entities) for row in read(data)] == [("use TLS", None)]


def test_docbin_annotated_in_part_is_a_fault() -> None:
    doc = Doc(Vocab(), words=["use", "TLS"])
    doc.set_ents([], missing=[doc[1:2]], default="outside")
    assert read(DocBin(docs=[doc]).to_bytes())[0].fault == Fault(
        "shape",
        "document 1: some of its tokens are not annotated",
    )


def changed(**parts: object) -> bytes:
    message = srsly.msgpack_loads(zlib.decompress(docbin([(["use", "TLS"], [(1, 2, "P")])])))
    message = {key: value for key, value in (message | parts).items() if value is not None}
    return zlib.compress(srsly.msgpack_dumps(message))


def test_docbin_whose_strings_are_lost_is_a_fault_of_the_row() -> None:
    fault = read(changed(strings=[]))[0].fault
    assert fault
    assert fault.code == "shape"


@pytest.mark.parametrize(
    "parts",
    [
        {"attrs": None},
        {"attrs": []},
        {"strings": [5]},
        {"lengths": b"123"},
        {"tokens": b"1"},
        {"spaces": None},
    ],
    ids=str,
)
def test_zlib_data_that_is_no_docbin_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(BatchError, match=r"^encoding: the file is zlib data but not a DocBin"):
        read(changed(**parts))


@pytest.mark.parametrize("lengths", [[1], [3], [-1, 3], [1, 1]], ids=str)
def test_lengths_that_do_not_add_up_to_the_documents_are_refused(lengths: list[int]) -> None:
    data = b"".join(length.to_bytes(4, "little", signed=True) for length in lengths)
    flags: list[dict[str, object]] = [{}] * (1 if lengths == [1, 1] else len(lengths))
    with pytest.raises(BatchError, match=r"^encoding: .* its lengths do not add up"):
        read(changed(lengths=data, flags=flags))


def test_token_that_looks_like_zlib_is_a_token() -> None:
    assert [row.text for row in read(b"x^2\tO\nTLS\tB-P\n")] == ["x^2 TLS"]


def test_docbin_without_documents_is_empty() -> None:
    with pytest.raises(BatchError, match=r"^empty: the DocBin has no documents"):
        read(docbin([]))


@pytest.mark.parametrize(
    "part", [b"\x90", b"\x80", b"\x91\x90", b"\xcd\x02\x01"], ids=["lists", "maps", "nested", "numbers"]
)
def test_docbin_of_nothing_but_parts_is_stopped(part: bytes) -> None:
    count = 5_100_000 // (len(part) if part == b"\x91\x90" else 1)
    data = b"\x81\xa5attrs\xdd" + count.to_bytes(4, "big") + part * count
    with pytest.raises(BatchError, match=r"exceeds max_array_len|more than 5,000,000 parts"):
        list(read_rows(zlib.compress(data))[1])
