"""Sentences a line, each with the tags of its words."""

import pytest

from techner.core.errors import FileError
from techner.formats import Row, read_rows

FOUND = [("use TLS, say", [[4, 8, "P"]]), ("none here", [])]


def read(data: str) -> list[Row]:
    return list(read_rows(data.encode())[1])


@pytest.mark.parametrize(
    "data",
    [
        'text,labels\n"use TLS, say",O B-P O\nnone here,O O\n',
        """Sentence #,Sentence,Tag\n1,"use TLS, say","['O', 'B-P', 'O']"\n2,none here,"['O', 'O']"\n""",
        "sentence\tword_labels\r\nuse TLS, say\tO B-P O\r\n\r\nnone here\tO O\r\n",
    ],
    ids=["tags with spaces", "Python lists", "tabs"],
)
def test_each_line_is_a_sentence_and_its_raw_bytes_read_alone(data: str) -> None:
    rows = read(data)
    assert [(row.text, row.entities) for row in rows] == FOUND
    assert [(row.text, row.entities) for row in read(rows[0].raw.decode())] == FOUND[:1]


def test_words_without_a_tag_set_their_line_aside_and_no_other() -> None:
    rows = read("text,labels\n" + "use TLS,O B-P\n" * 20 + 'use TLS now,O B-P\n"cut,O\nuse,O\n')
    assert [row.fault and row.fault.detail for row in rows[20:]] == [
        "3 words, 2 tags: each word needs one",
        "a line cannot be cut into columns (unexpected end of data)",
        None,
    ]


def test_line_that_is_not_utf_8_is_a_fault_of_the_encoding() -> None:
    data = b"text,labels\n" + b"use TLS,O B-P\n" * 20 + "caf\u00e9 in,O O\n".encode("latin-1")
    assert [row.fault.code for row in read_rows(data)[1] if row.fault] == ["encoding"]


def test_one_word_a_line_is_no_table_of_sentences() -> None:
    with pytest.raises(FileError, match="lines of 2 columns separated by commas"):
        read("text,tag\n" + "TLS,B-P\n" * 5)


def test_row_of_one_word_reads_alone() -> None:
    rows = read("text,labels\n" + "use TLS,O B-P\n" * 20 + "TLS,B-P\n")
    assert [(row.text, row.entities) for row in read(rows[-1].raw.decode())] == [("TLS", [[0, 3, "P"]])]


def test_list_of_tags_that_would_fill_the_memory_is_not_parsed() -> None:
    long = "[" + "'O', " * 50_000 + "'O']"
    rows = read("text\ttags\n" + "use TLS\t['O', 'B-P']\n" * 20 + f"TLS\t{long}\n")
    assert "at most 131,072 are read" in str(rows[-1].fault)
