"""techner's own lines: the same examples give the same bytes, and come back equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techner.core.errors import IntegrityError
from techner.core.examples import Example, Span
from techner.formats import read_examples, write_examples
from tests.conftest import marked

_SPANS = st.builds(Span, st.integers(0, 99), st.integers(0, 99), st.text(st.characters(codec="utf-8")))
_EXAMPLES = st.builds(Example, st.text(st.characters(codec="utf-8")), st.lists(_SPANS, max_size=3).map(tuple))


@given(st.lists(_EXAMPLES, max_size=5))
def test_written_examples_are_read_back_equal(examples: list[Example]) -> None:
    assert read_examples(write_examples(examples), where="here") == tuple(examples)


def test_bytes_are_one_record_a_line() -> None:
    written = write_examples([marked("café [[TLS|PROTOCOL]]"), Example("b")])
    expected = '{"text": "café TLS", "entities": [[5, 8, "PROTOCOL"]]}\n{"text": "b", "entities": []}\n'
    assert written == expected.encode()


def test_no_examples_are_no_bytes() -> None:
    assert write_examples([]) == b""


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff",
        b"5",
        b'{"text": 5, "entities": []}',
        b'{"text": "a"}',
        b'{"text": "a", "entities": {}}',
        b'{"text": "a", "entities": [[0, 1]]}',
        b'{"text": "a", "entities": [7]}',
        b'{"text": "a", "entities": [["0", null, 3]]}',
    ],
    ids=str,
)
def test_anything_else_is_an_integrity_error_that_names_the_line(line: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"memory\.jsonl, line 2"):
        read_examples(b'{"text": "a", "entities": []}\n' + line, where="memory.jsonl")
