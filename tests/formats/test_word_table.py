"""A word a line under a header that names the columns."""

import pytest

from techner.formats import Fault, Row, read_rows

FOUND = [("use TLS ,", [[4, 7, "P"]]), ("none", [])]


def read(data: str) -> list[Row]:
    return list(read_rows(data.encode())[1])


@pytest.mark.parametrize(
    "data",
    [
        'Sentence #,Word,POS,Tag\nSentence: 1,use,VB,O\n,TLS,NN,B-P\n,",",",",O\nSentence: 2,none,NN,O\n',
        "Sentence #;Word;Tag\n1;use;O\n1;TLS;B-P\n1;,;O\n2;none;O\n",
        "token\tlabel\nuse\tO\nTLS\tB-P\n,\tO\n\nnone\tO\n",
        "Word Tag\r\nuse O\r\nTLS B-P\r\n, O\r\n\r\nnone O\r\n",
        "token\tner_tag\n\nuse\tO\nTLS\tB-P\n,\tO\n\nnone\tO",
    ],
    ids=["Kaggle", "semicolons", "tabs", "spaces", "blank line first"],
)
def test_columns_are_told_by_their_names(data: str) -> None:
    rows = read(data)
    assert [(row.text, row.entities) for row in rows] == FOUND
    assert [(row.text, row.entities) for row in read(rows[0].raw.decode())] == FOUND[:1]


@pytest.mark.parametrize(
    "header",
    [
        "sentence_number,word,tag",
        "sent,token,label",
        "SentenceId,Word,NER",
        "doc_id,word,tag",
        "Doc #,word,tag",
    ],
)
def test_column_that_names_sentences_is_told_by_its_words(header: str) -> None:
    assert [
        (row.text, row.entities) for row in read(f'{header}\n1,use,O\n1,TLS,B-P\n1,",",O\n2,none,O\n')
    ] == FOUND


def test_number_of_a_sentence_counts_within_its_document() -> None:
    one_each = "doc_id,sent_id,word,tag\na,0,use,O\na,0,TLS,B-P\nb,0,none,O\nb,1,SSL,B-P\n"
    assert [row.text for row in read(one_each)] == ["use TLS", "none", "SSL"]
    at_first_words = "doc_id;sent_id;word;tag\na;0;use;O\n;;TLS;B-P\n;1;none;O\nb;;SSL;B-P\n;;now;O\n"
    assert [row.text for row in read(at_first_words)] == ["use TLS", "none", "SSL now"]


def test_line_without_a_word_sets_its_sentence_aside_and_no_other() -> None:
    rows = read("Sentence #,Word,Tag\n1,use,O\n" + "2,TLS,B-P\n" * 20 + "3,,O\n4,SSL,O\n")
    assert [row.number for row in rows] == [2, 3, 23, 24]
    assert [row.fault and row.fault.code for row in rows] == [None, None, "shape", None]


def test_line_that_is_not_utf_8_is_a_fault_of_the_encoding_and_says_where() -> None:
    data = b"Word,Tag\nok,O\nok,O\n\n" + b"TLS,B-P\n" * 20 + "caf\u00e9,O\n".encode("latin-1")
    found = [row.fault for row in read_rows(data)[1]]
    assert found == [None, Fault("encoding", "line 25: byte 3 is not UTF-8")]


def test_table_without_sentences_is_said_to_have_none() -> None:
    assert read("word,tag\n" + "TLS,B-P\n" * 60)[0].remarks == ("sentences",)
