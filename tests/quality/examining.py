"""What the tests of quality share: an admission, and deliveries made of lines."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import spacy

from techner.core.delivery import BatchRef, QualityReport
from techner.core.examples import Example, fold, leak_key
from techner.core.policy import QualityPolicy, SchemePolicy
from techner.core.scheme import LabelScheme
from techner.quality.examine import assess, examine
from techner.quality.scan import Rulebook
from tests.conftest import marked

BATCH = BatchRef(name="monday.jsonl", digest="d")
LABELS = ("LANG", "LIB", "OS", "TOOL")
NO_MOVES = SchemePolicy()
_TOKENIZER = spacy.blank("en").tokenizer


def tokenize(text: str) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in _TOKENIZER(text) if not token.is_space]


def rulebook(
    *,
    max_quarantine_share: float = 0.25,
    max_text_chars: int = 20_000,
    frozen: Iterable[str] = (),
    moves: SchemePolicy = NO_MOVES,
    metadata: bytes | None = None,
    **policy: Any,
) -> Rulebook:
    policy = {"max_quarantine_share": max_quarantine_share, "max_text_chars": max_text_chars} | policy
    return Rulebook(
        scheme=LabelScheme(frozenset(LABELS), moves),
        policy=QualityPolicy(labels=LABELS, **policy),
        frozen_texts=frozenset(leak_key(fold(text)) for text in frozen),
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


@dataclass(frozen=True)
class Found:
    """All that an examination gives, taken at once."""

    report: QualityReport
    accepted: tuple[Example, ...]
    quarantine: bytes


def examined(
    data: bytes | list[bytes],
    against: Rulebook | None = None,
    *,
    history: Mapping[str, int] | None = None,
    recorded: bool = False,
) -> Found:
    """Examine bytes, or lines that are joined to a file; the record of Great Expectations takes a second."""
    whole = data if isinstance(data, bytes) else b"\n".join(data) + b"\n"
    done = (examine if recorded else assess)(whole, BATCH, against or rulebook(), history=history)
    return Found(done.report, tuple(done.accepted), b"".join(done.quarantine))
