"""The deliveries of the demo, made from the corpus under `examples/`."""

from pathlib import Path

from techner.core.examples import Example, Span
from techner.core.policy import TECH_LABELS
from techner.formats import write_examples
from techner.starter import corpus_examples, slot_examples

TECH = frozenset(TECH_LABELS)
SLOT_SENTENCES = 1200


def write_batches(folder: Path) -> tuple[list[Path], Path]:
    """Write the first night's two batches and the second night's poor one, annotated for the tech labels."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [example.only(TECH) for example in corpus_examples("tech_train")]
    parts = {
        "forum-2026-11-20.jsonl": written,
        "slots-2026-11-20.jsonl": [eg.only(TECH) for eg in slot_examples("tech", SLOT_SENTENCES, seed=1)],
        # The same texts exported again with the labels mixed up: the last delivery of a text counts.
        "poor-2026-11-21.jsonl": [_swap(example) for example in written],
    }
    for name, examples in parts.items():
        (folder / name).write_bytes(write_examples(examples))
    *good, poor = (folder / name for name in parts)
    return good, poor


def holdout() -> tuple[Example, ...]:
    """Return the sentences that only score; a tenth of their surfaces is in no batch."""
    return tuple(example.only(TECH) for example in corpus_examples("tech_holdout"))


def _swap(example: Example) -> Example:
    """Give every span the next label, as a mixed-up export would."""
    following = dict(zip(TECH_LABELS, (*TECH_LABELS[1:], TECH_LABELS[0]), strict=True))
    return Example(example.text, tuple(Span(s.start, s.end, following[s.label]) for s in example.spans))
