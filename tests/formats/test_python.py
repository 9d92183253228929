"""Python source is parsed, never run: one list of training data, within bounds."""

import tracemalloc

import pytest

from techner.core.errors import BatchError
from techner.formats import Row, read_rows
from techner.formats.python_scan import lists_in

PAIR = '("use TLS", {"entities": [(4, 7, "PROTOCOL")]})'


def read(source: str) -> list[Row]:
    name, rows = read_rows(source.encode())
    assert name.endswith(", Python")
    return list(rows)


@pytest.mark.parametrize(
    "source",
    [
        f"training_data = [{PAIR}]",
        f"[{PAIR},\n]",
        f"({PAIR},)",
        f"{PAIR},\n",
        f"TRAIN_DATA: list[tuple[str, dict]] = [\n  # one\n  {PAIR},\n]\n",
        f'"""Data: [1]."""\nimport spacy\n\nLABELS = ["P"]\nn = {{}}\nDATA = [{PAIR}]\nprint(len(DATA))\n',
        "TRAIN = [['use TLS', {'entities': [[4, 7, 'PROTOCOL']]}]]",
        'TRAIN = [("use " "TLS", {"entities": [(4, 7, "PROTOCOL")]})]',
        'TRAIN = [("""use TLS""", {"entities": [(4, 7, "PROTOCOL")]})]',
        "{'text': 'use TLS', 'entities': [[4, 7, 'PROTOCOL']]}\n",
        "x = [{'text': 'use TLS', 'entities': [{'start': 4, 'end': 7, 'label': 'PROTOCOL'}]}]",
        '[["use TLS", {"entities": [[4, 7, "PROTOCOL"]]}],\n]',
        f"TRAIN = [{PAIR}\\\n]",
        f"A = []\nA.append(1)\nA = [{PAIR}]\nAB = A\nassert A == A\nshuffle(A)\nfit(\n  A=A,\n  B=B)",
        f"A = [{PAIR}]\nfit(\n  B=B,\n  A=A\n)\ndef f(\n  A=A\n): pass\nB[A] = A[0]\nB.append(A)",
        f"%pip install x\nA = [{PAIR}]\nLABELS = [\n  'A.append(x)',\n]\n# A = 1\n'A = 1'",
    ],
)
def test_one_list_of_training_data_is_read(source: str) -> None:
    assert [(row.text, row.entities) for row in read(source)] == [("use TLS", [[4, 7, "PROTOCOL"]])]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (f"A = [{PAIR}]\nB = [{PAIR}]\n", r"several lists of training data \(lists: A, B\)"),
        ("A = [1, 2]\nB = (3,)\n", r"no list of training data \(lists: A, B\)"),
        (f"A = [{PAIR}, make()]", "would have to be run, 'make' on line 1"),
        (f"A = [{PAIR}]\nA.append(x)", "changes A on line 2"),
        (f"A = [{PAIR}]\nA += B", "changes A on line 2"),
        (f"A = [{PAIR}]\nA = [one for one in A if one]", "changes A on line 2"),
        (f"A: list = [{PAIR}]\nif B:\n    A = A + B", "changes A on line 3"),
        (f"A = [{PAIR}]\ndel A[3:]", "changes A on line 2"),
        (f"A = [{PAIR}]\nA.clear()", "changes A on line 2"),
        (f"A = [{PAIR}]\nA *= 2", "changes A on line 2"),
        (f"A = [{PAIR}]\nA[0] = B", "changes A on line 2"),
        (f"A = [\n{PAIR},\n{PAIR},\n]\nA.append(x)", "changes A on line 5"),
        (f"A = [{PAIR}]\nA, B = A[:1], A[1:]", "changes A on line 2"),
        (f"A = [{PAIR}]\nfor B, A in x: pass", "changes A on line 2"),
        (f"A = [{PAIR}]\nA[0][1]['entities'].append(x)", "changes A on line 2"),
        (f"A = [{PAIR}]\ndel A[0][1]['entities'][0]", "changes A on line 2"),
        (f"A = [{PAIR}]\nB = [\n1,\n2]\nfrom x import y as A", "changes A on line 5"),
        (f"A = [{PAIR}]\nprint A", r"cannot be read after A \(.*line 2\)"),
        (f"A = [{PAIR}]\nB = {'-' * 300_000}1", "characters after A"),
        (f"A = [{PAIR}] + B", r"would have to be run, '\+' on line 1"),
        (f"A = [{PAIR}, (f'x', {{'entities': []}})]", "would have to be run, "),
        (f"A = [{PAIR}, {'[' * 50}{']' * 50}]", "would have to be run, "),
        (f"A = [{PAIR}, {'-' * 100_000}1]", "would have to be run, "),
        (f"A = [{PAIR}", "is not closed"),
        (f"A = [{PAIR}, ('x", "breaks off in a string on line 1"),
    ],
)
def test_anything_else_is_refused_with_what_was_seen(source: str, says: str) -> None:
    with pytest.raises(BatchError, match=f"^format: Python .*{says}"):
        read(source)


def test_lists_without_a_name_are_read_one_after_the_other() -> None:
    texts = [f'("use TLS {number}", {{"entities": [[4, 7, "PROTOCOL"]]}})' for number in range(5)]
    source = f"[{texts[0]}, {texts[1]}]\n[{texts[2]}, {texts[3]}, {texts[4]}]\n"
    assert [row.text for row in read(source)] == [f"use TLS {number}" for number in range(5)]


def test_nothing_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(read(f"print('run')\nA = [{PAIR}]\nprint('run')\n")) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("item", ["('a', {'entities': [], 'entities': []})", "('a', {1: 2})", "{1}"])
def test_item_that_is_no_json_value_is_a_faulty_row(item: str) -> None:
    rows = read(f"A = [{PAIR}, {item}]")
    assert rows[1].fault is not None


@pytest.mark.parametrize("item", ["('a', {1: 2})", "('a' 1)"])
def test_items_beside_a_faulty_one_are_read(item: str) -> None:
    rows = read(f"A = [{PAIR}, {item}, {PAIR}]")
    assert [row.text for row in rows if not row.fault] == ["use TLS", "use TLS"]


def test_large_file_is_read_in_little_memory() -> None:
    source = f"A = [{', '.join([PAIR] * 8_000)}]"
    tracemalloc.start()
    count = sum(1 for _ in read_rows(source.encode())[1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 8_000
    assert peak < 20 * len(source)


def test_item_too_long_for_a_syntax_tree_is_a_faulty_row() -> None:
    rows = read(f"A = [{PAIR}, ('x', {{'entities': [{'1, ' * 200_000}]}})]")
    assert rows[1].fault is not None
    assert "too long" in rows[1].fault.detail


def test_the_places_of_many_short_items_take_little_memory() -> None:
    source = f"A = [{'(1, {}), ' * 50_000}]"
    tracemalloc.start()
    (found,) = lists_in(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.count == 50_000
    assert peak < 4 * len(source)
