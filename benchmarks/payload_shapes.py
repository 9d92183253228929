"""What hostile deliveries look like: broken, huge, nested, packed, or dear to a tokenizer."""

import gzip
import json
import zlib
from collections.abc import Callable
from itertools import cycle, islice, permutations

from benchmarks.quality import LABELS, delivery

MIB = 1 << 20
LIMIT = 128 * MIB


def _rows(texts: list[str], spans: Callable[[str], list[list[object]]]) -> bytes:
    return b"\n".join(json.dumps({"text": text, "entities": spans(text)}).encode() for text in texts)


def _label_studio(regions: int) -> bytes:
    result = [
        {"id": str(n), "type": "labels", "from_name": "l", "to_name": "t",
         "value": {"start": n, "end": n + 500, "labels": ["NOPE"]}}
        for n in range(regions)
    ]  # fmt: skip
    return json.dumps(
        [{"id": 1, "data": {"text": "We use Rust"}, "annotations": [{"result": result}]}]
    ).encode()


def _runs(piece: str, chars: int) -> bytes:
    rows = 2 * MIB // (chars + 60)
    texts = [f"{(piece * chars)[:chars]}{n} uses Rust" for n in range(rows)]
    return _rows(texts, lambda text: [[0, 3, "TOOL"]])


def _unlike_labels(rows: int) -> bytes:
    texts = [f"use {n}" for n in range(rows)]
    return _rows(texts, lambda text: [[0, 3, f"TO{text[4:]}"]])


def _scopes(count: int) -> bytes:
    return b"\n".join(
        json.dumps({"text": "use Rust", "entities": [], "scope": [*scope]}).encode()
        for scope in islice(cycle(permutations(LABELS, 3)), count)
    )


def _document(names: int, rows: int) -> bytes:
    features = [{"name": "ner_tags", "type": {"feature": {"names": ["O", "B-" + "X" * names]}}}]
    return json.dumps({"features": features, "rows": [{"row": {}}] * rows}).encode()


def _docbin(word: int, tokens: int) -> bytes:
    from spacy.tokens import Doc, DocBin
    from spacy.vocab import Vocab

    docs = DocBin(attrs=["ORTH", "ENT_IOB", "ENT_TYPE"])
    doc = Doc(Vocab(), words=["x" * word] * tokens)
    doc.set_ents([], default="outside")
    for _ in range(200):
        docs.add(doc)
    return docs.to_bytes()


def _many_spans(text: str, spans: list[list[object]]) -> bytes:
    return b"\n".join(
        json.dumps({"text": f"{n} {text}", "entities": spans}, ensure_ascii=False).encode() for n in range(20)
    )


def _covering(count: int) -> bytes:
    text = "wörd " * 3900
    spans = [
        {"start": n % 50, "end": len(text) - n // 50, "text": "q", "label": "TOOL"} for n in range(count)
    ]
    return json.dumps({"text": text, "spans": spans, "_task_hash": 1}).encode()


PAYLOADS: dict[str, Callable[[], bytes]] = {
    "a million broken lines, gzip": lambda: gzip.compress(b"x\n" * 1_000_000),
    "a million broken rows after a good one, gzip": lambda: gzip.compress(
        delivery(1, faulty=False) + b"\n" + b"{x\n" * 999_999
    ),
    "16 MiB of line ends and braces, gzip": lambda: gzip.compress(b"{\n" * (8 * MIB)),
    "zeros, gzip": lambda: gzip.compress(bytes(1 << 30)),
    "one row of 100 MiB": lambda: _rows(["word " * (20 * MIB)], lambda text: []),
    "one row of a million spans": lambda: _rows(["word " * 4000], lambda text: [[0, 4, "TOOL"]] * 1_000_000),
    "100 rows of 2 000 misplaced spans": lambda: _rows(
        [f"wörd\n{n} " * 2000 for n in range(100)], lambda text: [[n, n + 3, "TOOL"] for n in range(2000)]
    ),
    "12 000 regions of one task": lambda: _label_studio(12_000),
    "nested lists": lambda: b'{"text": "a", "entities": ' + b"[" * 5_000_000 + b"]" * 5_000_000 + b"}",
    "one list of 16 M empty lists": lambda: b"[" + b"[]," * (16 * MIB) + b"[]]",
    "one row of 16 M empty lists": lambda: b'{"text": "a", "entities": [' + b"[]," * (16 * MIB) + b"[]]}",
    "zlib of zeros, as DocBin": lambda: zlib.compress(bytes(1 << 30)),
    "long runs of marks": lambda: _runs("\"'", 8000),
    "runs of marks at the limit": lambda: _runs("=", 100),
    "10 000 names with one first word": lambda: _rows(
        [f"Server {n // 3} is here, {n}" for n in range(30_000)],
        lambda text: [[0, text.index(" is"), "TOOL"]],
    ),
    "100 000 labels that resemble ours": lambda: _unlike_labels(100_000),
    "20 rows of 20 000 spans in one word": lambda: _many_spans(
        "a" * 19_000, [[n, n + 1, "TOOL"] for n in range(3, 19_000)]
    ),
    "50 000 Prodigy spans that cover a text": lambda: _covering(50_000),
    "3 000 long runs of words and hyphens": lambda: _rows(
        [f"{n}" + "-abc" * 4900 for n in range(3000)], lambda text: [[0, 1, "TOOL"]]
    ),
    "names of 58 lengths and their first word": lambda: (
        _rows(
            [f"ab {'x' * n} {k}" for n in range(1, 56) for k in range(4)],
            lambda text: [[0, text.rindex(" "), "TOOL"]],
        )
        + b"\n"
        + _rows([f"{n} " + "ab " * 6000 for n in range(100)], lambda text: [])
    ),
    "20 000 copies of one text with scopes": lambda: _scopes(20_000),
    "a document with long features": lambda: _document(1_000_000, 100_000),
    "DocBin of one long word": lambda: _docbin(100_000, 100),
    "30 records of 4 MB of lists": lambda: b"\n".join(
        [b'{"text": "a", "entities": [], "more": [' + b"[]," * (1_390_000) + b"[]]}"] * 30
    ),
    "one object of 12 MB of lists": lambda: (
        b'{"examples": [{"text": "a", "entities": [], "more": [' + b"[]," * (4_100_000) + b"[]]}]}"
    ),
    "a list of 100 MiB with one emoji": lambda: (
        b"["
        + json.dumps({"text": "\U0001f680", "entities": []}, ensure_ascii=False).encode()
        + b","
        + delivery(700_000, faulty=False).replace(b"\n", b",")
        + b"]"
    ),
    "CoNLL without a blank line": lambda: b"a O\nb B-TOOL\n" * (4 * MIB),
    "CoNLL with one line of 60 MiB": lambda: b"use O\nit B-TOOL\n\n" * 9000 + b"ab " * (20 * MIB) + b" O\n",
    "a JSON row, then 60 MiB of words": lambda: delivery(200, faulty=False) + b"\n" + b"ab " * (20 * MIB),
    "a million rows of one character": lambda: b'{"text":"a","entities":[]}\n' * 1_000_000,
    "500 000 rows, each twice": lambda: (
        delivery(250_000, faulty=False) + b"\n" + delivery(250_000, faulty=False)
    ),
    "a million sentences of one letter": lambda: b"".join(b"%x O\n\n" % n for n in range(1_000_000)),
    "regional indicators": lambda: _runs("\U0001f1e6", 90),
    "Hangul jamo": lambda: _runs("\u1100", 90),
    "zero-width characters": lambda: _runs("\u200b", 90),
    "combining marks": lambda: _runs("\u0301", 90),
    "a Python literal of nested lists": lambda: b"TRAIN_DATA = " + b"[" * 3_000_000 + b"]" * 3_000_000,
    "a Python literal of a million rows": lambda: (
        b"TRAIN_DATA = [" + b"('a', {'entities': []})," * 1_000_000 + b"]"
    ),
}


def unpacked_bytes(data: bytes) -> int:
    """Return how much there is to read, compressed data up to the limit."""
    if not data.startswith((b"\x1f\x8b", b"\x78")):
        return len(data)
    return max(len(data), len(zlib.decompressobj(47).decompress(data, LIMIT)))
