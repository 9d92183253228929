"""CoNLL columns and Hugging Face tags: what a tag says, and where it says nothing."""

import json
import time

import pytest

from techner.core.errors import FileError
from techner.formats import Fault, Row, read_rows


def read(data: str | bytes) -> list[Row]:
    return list(read_rows(data if isinstance(data, bytes) else data.encode())[1])


def entities(*tags: str) -> object:
    """Return the entities of words `a`, `bb`, `ccc`, … that have these tags."""
    words = [letter * length for length, letter in enumerate("abcdef"[: len(tags)], 1)]
    (row,) = read(
        "x\tO\n" * 8 + "x\tB-Z\n" + "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True))
    )
    if row.fault:
        return row.fault
    text, found = row.text, row.entities
    return [f"{text[start:end]} {label}" for start, end, label in found[1:]]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["I-X", "I-X", "O"], ["a bb X"]),
        (["O", "I-X", "I-Y"], ["bb X", "ccc Y"]),
        (["B-X", "I-Y"], ["a X", "bb Y"]),
        (["B-X", "B-X", "I-X"], ["a X", "bb ccc X"]),
        (["U-X", "I-X"], ["a X", "bb X"]),
        (["B-X", "L-X", "L-Y"], Fault("shape", "token 12: 'L-Y' ends a span that has no beginning")),
        (["S-X", "B-X", "I-X", "E-X", "S-X"], ["a X", "bb ccc dddd X", "eeeee X"]),
        (["B-X-1", "I-X-1"], ["a bb X-1"]),
        (["B-"], ["a "]),
        (["X"], Fault("shape", "line 10 has no token or no tag")),
        (["b-X"], Fault("shape", "line 10 has no token or no tag")),
        (["_"], Fault("shape", "line 10 has no token or no tag")),
    ],
    ids=str,
)
def test_tags_become_spans(tags: list[str], found: object) -> None:
    assert entities(*tags) == found


def test_sentence_is_numbered_by_its_first_line_and_keeps_its_bytes() -> None:
    rows = read("-DOCSTART- -X- O\n\n# a note\nuse VB O\nTLS NN B-P\n\n\n \n-DOCSTART- O\nSSL B-P\r\n")
    assert [(row.number, row.raw) for row in rows] == [
        (3, b"# a note\nuse VB O\nTLS NN B-P"),
        (9, b"-DOCSTART- O\nSSL B-P"),
    ]
    assert [(row.text, row.entities) for row in rows] == [("use TLS", [[4, 7, "P"]]), ("SSL", [[0, 3, "P"]])]


def test_count_of_columns_may_vary() -> None:
    assert [row.text for row in read("use X Y O\nTLS B-P\n\nover X O\n")] == ["use TLS", "over"]


def test_hash_with_a_tag_is_a_token() -> None:
    assert read("# a comment\n# O\nTLS B-P\n")[0].text == "# TLS"


def test_numbers_with_a_word_and_tag_are_counts_and_alone_are_tokens() -> None:
    assert read("1\tuse\tO\n2\tTLS\tB-P\n")[0].text == "use TLS"
    assert read("1\tO\n2\tB-P\n")[0].text == "1 2"
    assert read("7 CD O\n3 CD O\n")[0].text == "7 3"


def test_bytes_of_another_encoding_are_a_fault_of_their_sentence() -> None:
    data = "Müller\tO\n".encode("latin-1") + b"TLS\tB-P\n\nSSL\tB-P\n\nok\tO\n"
    rows = read(data)
    assert rows[0].fault == Fault("encoding", "line 1: byte 1 is not UTF-8")
    assert [row.text for row in rows[1:]] == ["SSL", "ok"]


def test_line_separator_is_part_of_a_token() -> None:
    assert read("a\u2028b\tO\nTLS\tB-P\n")[0].text == "a\u2028b TLS"


def test_few_tagged_lines_make_no_columns() -> None:
    with pytest.raises(FileError, match=r"^format: the format is not supported: lines that are not JSON"):
        read("use O\nplain text here\nmore\n")


NAMES = {"feature": {"names": ["O", "B-P", "I-P"]}}


def row_of(**record: object) -> Row:
    return read(json.dumps({"tokens": ["use", "TLS"], **record}))[0]


@pytest.mark.parametrize(
    "features", [NAMES, {"feature": NAMES}, NAMES["feature"]], ids=["list", "deep", "plain"]
)
def test_numbers_are_read_by_the_names_in_features(features: object) -> None:
    assert row_of(ner_tags=[0, 1], features={"ner_tags": features}).entities == [[4, 7, "P"]]


def test_numbers_without_names_are_a_fault_that_says_what_to_do() -> None:
    fault = row_of(ner_tags=[0, 1]).fault
    assert fault
    assert fault.code == "shape"
    assert "numbers without names: write strings, or give the names in 'features'" in fault.detail


@pytest.mark.parametrize(
    "record",
    [
        {"ner_tags": [0, 3], "features": {"ner_tags": NAMES}},
        {"ner_tags": [0, -1], "features": {"ner_tags": NAMES}},
        {"ner_tags": [0, True], "features": {"ner_tags": NAMES}},
        {"ner_tags": ["O"]},
        {"ner_tags": ["O", None]},
        {"ner_tags": {"0": "O"}},
        {"ner_tags": ["O", "P"]},
        {"tokens": "use TLS", "ner_tags": ["O"] * 7},
        {"tokens": ["use", 5], "ner_tags": ["O", "O"]},
        {"tokens": None, "ner_tags": []},
    ],
    ids=str,
)
def test_tags_that_do_not_fit_are_a_fault(record: dict[str, object]) -> None:
    fault = row_of(**record).fault
    assert fault
    assert fault.code == "shape"


def test_cut_cells_of_the_row_viewer_are_refused() -> None:
    row = {"row": {"tokens": ["use"], "ner_tags": [0]}, "truncated_cells": ["tokens"]}
    data = json.dumps({"features": [], "rows": [row]})
    with pytest.raises(FileError, match=r"^shape: row 1 of the document is cut off"):
        read(data)


def lines(*rows: str, repeat: int = 1) -> str:
    return "\n".join(row.replace(" ", "\t") for row in rows * repeat) + "\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lines("Ada NNP B-NP B-P", "sat VBD B-VP O"), ["Ada"]),
        (lines("Ada B-P NNP B-NP", "sat O VBD B-VP"), ["Ada"]),
        (lines("Ada B-P NNP", "sat O VBD"), ["Ada"]),
        (lines("Ada O B-P", "sat O O"), ["Ada"]),
        (lines("1 Ada B-P O", "2 sat O O"), ["Ada"]),
        (lines("Ada -X- B-P", "sat -X- O"), ["Ada"]),
    ],
    ids=["CoNLL-2003", "chunks last", "part of speech last", "filler", "no inner", "filler -X-"],
)
def test_the_one_column_of_entity_tags_is_read_wherever_it_stands(data: str, words: list[str]) -> None:
    (row,) = read(data)
    assert [row.text[start:end] for start, end, _ in row.entities] == words


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lines("Ada B-P B-Q", "sat O O"), "columns 2 and 3 both hold entity tags"),
        (lines("1 Ada B-P B-P", "2 sat O O"), "columns 3 and 4 both hold entity tags"),
        (lines("1 Ada B-P O", "2 sat O B-Q"), "columns 3 and 4 both hold entity tags"),
        (lines("Ada NNP B-NP", "sat VBD B-VP"), "chunks"),
        (lines("Ada PERSON", "sat O", "down O"), "without B- or I-"),
        (lines("a B-P", "b O", "c O", repeat=9), "one character a line"),
        (
            "1\tAda\t_\tX\t_\t_\t_\t_\t_\t_\n2\tsat\t_\tX\t_\t_\t_\t_\t_\tSpaceAfter=No\n",
            "CoNLL-U without entities",
        ),
    ],
)
def test_columns_that_may_mean_two_things_are_refused(data: str, says: str) -> None:
    with pytest.raises(FileError, match=f"^format: .*{says}"):
        read(data)


def test_inner_tags_are_left_out_and_said() -> None:
    (row,) = read(lines("1 Ada B-ORG B-PER", "2 Ltd I-ORG O"))
    assert (row.entities, row.remarks) == ([[0, 7, "ORG"]], ("left_out",))


def test_written_words_and_spaces_of_conllu_are_honoured() -> None:
    rest = "\t_\tX\t_\t_\t_\t_\t_\t"
    data = "".join(
        f"{number}\t{word}{rest}{misc}\n"
        for number, word, misc in [
            ("1-2", "don't", "_"),
            ("1", "do", "_"),
            ("2", "n't", "_"),
            ("2.1", "ghost", "_"),
            ("3", "TLS", "SpaceAfter=No|NER=B-P"),
            ("4", ".", "_"),
        ]
    )
    (row,) = read(data)
    assert (row.text, row.entities) == ("don't TLS.", [[6, 9, "P"]])


@pytest.mark.parametrize(("words", "remarks"), [(39, ()), (60, ("sentences",))])
def test_file_of_one_long_sentence_is_remarked(words: int, remarks: tuple[str, ...]) -> None:
    (row,) = read("Ada B-P\n" + "word O\n" * words)
    assert row.remarks == remarks


def test_document_mark_ends_a_sentence() -> None:
    assert [row.text for row in read("Ada B-P\n-DOCSTART- O\nBo B-P\n")] == ["Ada", "Bo"]


def test_sentence_of_very_many_lines_is_a_faulty_row() -> None:
    (row,) = read("Ada B-P\n" * 20_001)
    assert row.fault == Fault(
        "shape",
        "20001 lines, 160007 bytes without a blank line: put one after each sentence",
    )


def test_long_line_of_an_unknown_format_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(FileError, match=r"^format: the format is not supported"):
        read("9" * 100_000 + ",9\n")
    assert time.process_time() - began < 30  # takes hundredths; by the square of the length it takes minutes
