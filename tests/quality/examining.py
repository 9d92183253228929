"""What the tests of quality share: an admission, and deliveries made of lines."""

import json
from collections.abc import Iterable

import spacy

from techner.core.examples import Example, text_key
from techner.core.manifest import BatchRef
from techner.core.policy import QualityPolicy, SchemePolicy
from techner.core.scheme import LabelScheme
from techner.quality.examine import Admission, Examined, examine
from tests.conftest import marked

BATCH = BatchRef(name="monday.jsonl", digest="d")
LABELS = ("LANG", "LIB", "OS", "TOOL")
NO_MOVES = SchemePolicy()
_TOKENIZER = spacy.blank("en").tokenizer


def tokenize(text: str) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in _TOKENIZER(text) if not token.is_space]


def admission(
    *,
    max_quarantine_share: float = 0.25,
    max_text_chars: int = 20_000,
    frozen: Iterable[str] = (),
    moves: SchemePolicy = NO_MOVES,
    metadata: bytes | None = None,
) -> Admission:
    policy = QualityPolicy(
        labels=LABELS, max_quarantine_share=max_quarantine_share, max_text_chars=max_text_chars
    )
    return Admission(
        scheme=LabelScheme(frozenset(LABELS), moves),
        policy=policy,
        frozen_texts=frozenset(text_key(text) for text in frozen),
        tokenize=tokenize,
        digest="policy and reference",
        metadata=metadata,
    )


def row(text: object, *entities: object, **more: object) -> bytes:
    """Write one line as an annotation tool would."""
    return json.dumps({"text": text, "entities": list(entities)} | more).encode()


def line(example: Example) -> bytes:
    return row(example.text, *([span.start, span.end, span.label] for span in example.spans))


def clean(count: int) -> list[bytes]:
    return [line(marked(f"clean row {number} uses [[nginx|TOOL]]")) for number in range(count)]


def examined(data: bytes | list[bytes], against: Admission | None = None) -> Examined:
    """Examine bytes, or lines that are joined to a file."""
    whole = data if isinstance(data, bytes) else b"\n".join(data) + b"\n"
    return examine(whole, BATCH, against or admission())
