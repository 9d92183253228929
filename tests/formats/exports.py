"""What each tool would export of the same examples."""

import gzip
import json
from collections.abc import Callable, Iterable
from typing import Any

Tokens = tuple[list[str], list[tuple[int, int, str]]]
"""Words, and spans over words."""


def text_and_entities(example: Tokens) -> tuple[str, list[list[Any]]]:
    words, spans = example
    starts = [len(" ".join([*words[:at], ""])) for at in range(len(words))]
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    return " ".join(words), [[starts[first], ends[last - 1], label] for first, last, label in spans]


def _lines(records: Iterable[object]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _jsonl(examples: list[Tokens]) -> bytes:
    return _lines({"text": text, "entities": said} for text, said in map(text_and_entities, examples))


def _classic(examples: list[Tokens]) -> bytes:
    pairs = ([text, {"entities": said}] for text, said in map(text_and_entities, examples))
    return json.dumps(list(pairs), indent=1).encode()


def _doccano(examples: list[Tokens]) -> bytes:
    return _lines({"id": 1, "text": text, "label": said} for text, said in map(text_and_entities, examples))


def _objects(said: list[list[Any]], start: str, end: str) -> list[dict[str, Any]]:
    return [{start: first, end: last, "label": label} for first, last, label in said]


def _doccano_relations(examples: list[Tokens]) -> bytes:
    return _lines(
        {"text": text, "entities": _objects(said, "start_offset", "end_offset"), "relations": []}
        for text, said in map(text_and_entities, examples)
    )


def _prodigy(examples: list[Tokens]) -> bytes:
    return _lines(
        {"text": text, "spans": _objects(said, "start", "end"), "answer": "accept"}
        for text, said in map(text_and_entities, examples)
    )


def _regions(said: list[list[Any]]) -> list[dict[str, Any]]:
    return [{"start": first, "end": last, "labels": [label]} for first, last, label in said]


def _label_studio(examples: list[Tokens]) -> bytes:
    tasks = [
        {
            "data": {"text": text},
            "annotations": [{"result": [{"type": "labels", "value": region} for region in _regions(said)]}],
        }
        for text, said in map(text_and_entities, examples)
    ]
    return json.dumps(tasks, ensure_ascii=False).encode()


def _label_studio_min(examples: list[Tokens]) -> bytes:
    records = [
        {"text": text, "annotation_id": 1, **({"ner": _regions(said)} if said else {})}
        for text, said in map(text_and_entities, examples)
    ]
    return json.dumps(records, indent=2).encode()


def tags(example: Tokens, *, biluo: bool) -> list[str]:
    words, spans = example
    tagged = ["O"] * len(words)
    for first, last, label in spans:
        tagged[first:last] = [f"B-{label}"] + [f"I-{label}"] * (last - first - 1)
        if biluo:
            tagged[last - 1] = f"L-{label}" if last - first > 1 else f"U-{label}"
    return tagged


def _columns(examples: list[Tokens], *, biluo: bool, between: str) -> bytes:
    sentences = (
        "".join(
            f"{word}{between}{tag}\n"
            for word, tag in zip(example[0], tags(example, biluo=biluo), strict=True)
        )
        for example in examples
    )
    return "\n".join(sentences).encode()


def _huggingface(examples: list[Tokens]) -> bytes:
    return _lines({"tokens": example[0], "ner_tags": tags(example, biluo=False)} for example in examples)


def _python(examples: list[Tokens]) -> bytes:
    pairs = [
        (text, {"entities": [tuple(span) for span in said]})
        for text, said in map(text_and_entities, examples)
    ]
    return f"# made by hand\nimport random\n\nTRAIN_DATA = {pairs!r}\n".encode()


def _to_json(examples: list[Tokens]) -> bytes:
    return _lines(
        {"text": text, "ents": _objects(said, "start", "end"), "tokens": []}
        for text, said in map(text_and_entities, examples)
    )


def _dataturks(examples: list[Tokens]) -> bytes:
    return _lines(
        {
            "content": text,
            "annotation": [
                {"label": [label], "points": [{"start": first, "end": last - 1, "text": text[first:last]}]}
                for first, last, label in said
            ],
        }
        for text, said in map(text_and_entities, examples)
    )


def _lighttag(examples: list[Tokens]) -> bytes:
    texts = [
        {
            "example_id": number,
            "content": text,
            "annotations": [
                {"start": first, "end": last, "tag": label, "value": text[first:last]}
                for first, last, label in said
            ],
        }
        for number, (text, said) in enumerate(map(text_and_entities, examples))
    ]
    return json.dumps({"relations": [], "examples": texts, "schema": {}}).encode()


def _spacy_2(examples: list[Tokens]) -> bytes:
    documents = [
        {
            "id": number,
            "paragraphs": [
                {
                    "raw": text_and_entities(example)[0],
                    "sentences": [
                        {
                            "tokens": [
                                {"orth": word, "ner": tag}
                                for word, tag in zip(example[0], tags(example, biluo=True), strict=True)
                            ]
                        }
                    ],
                }
            ],
        }
        for number, example in enumerate(examples)
    ]
    return json.dumps(documents).encode()


def docbin(examples: list[Tokens]) -> bytes:
    from spacy.tokens import Doc, DocBin, Span
    from spacy.vocab import Vocab

    vocab, bin_ = Vocab(), DocBin()
    for words, spans in examples:
        doc = Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
        doc.ents = [Span(doc, first, last, label=label) for first, last, label in spans]
        bin_.add(doc)
    return bin_.to_bytes()


EXPORTS: dict[str, Callable[[list[Tokens]], bytes]] = {
    "JSONL": _jsonl,
    "gzip": lambda examples: gzip.compress(_jsonl(examples)),
    "classic": _classic,
    "doccano": _doccano,
    "doccano with relations": _doccano_relations,
    "Prodigy": _prodigy,
    "Label Studio": _label_studio,
    "JSON-MIN": _label_studio_min,
    "IOB2 with tabs": lambda examples: _columns(examples, biluo=False, between="\t"),
    "BILUO with spaces": lambda examples: _columns(examples, biluo=True, between=" "),
    "Hugging Face": _huggingface,
    "Python": _python,
    "spaCy JSON": _to_json,
    "DataTurks": _dataturks,
    "LightTag": _lighttag,
    "spaCy 2": _spacy_2,
    "DocBin": docbin,
}
