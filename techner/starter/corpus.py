"""The written corpus, and further sentences made by filling slots, which never score."""

import random
import re
from functools import cache
from pathlib import Path

import spacy

from techner.core.examples import Example, Span, text_key
from techner.formats import read_examples, strict_json

_SLOT = re.compile(r"\{([A-Z_]+)\}")


def corpus_folder() -> Path:
    """Return the folder of the corpus, in the installed package or in the repository."""
    packaged = Path(__file__).parents[1] / "_corpus"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "examples" / "corpus"


def corpus_examples(name: str) -> tuple[Example, ...]:
    """Return a written part, `general`, `tech_train` or `tech_holdout`, annotated for all labels."""
    path = corpus_folder() / f"{name}.jsonl"
    return read_examples(path.read_bytes(), where=str(path))


def slot_examples(kind: str, count: int, *, seed: int) -> tuple[Example, ...]:
    """Fill the slots of the `general` or `tech` templates `count` times, without repeating a text."""
    slots, tokenizer = _slots(), spacy.blank("en").tokenizer
    draw = random.Random(f"{kind}:{seed}")  # noqa: S311 - reproducible on purpose
    made: dict[str, Example] = {}
    while len(made) < count:
        example = _fill(draw.choice(slots["templates"][kind]), slots["fillers"], draw)
        doc = tokenizer(example.text)
        # "C." at the end of a sentence is one token, so such a text could not teach the span.
        if all(doc.char_span(span.start, span.end) for span in example.spans):
            made.setdefault(text_key(example.text), example)
    return tuple(made.values())


def _fill(template: str, fillers: dict[str, list[str]], draw: random.Random) -> Example:
    text, spans, used, end = "", [], set[str](), 0
    for slot in _SLOT.finditer(template):
        label = slot[1]
        filler = draw.choice([filler for filler in fillers[label] if filler not in used])
        used.add(filler)
        text += template[end : slot.start()]
        spans.append(Span(len(text), len(text) + len(filler), label))
        text += filler
        end = slot.end()
    return Example(text + template[end:], tuple(spans))


@cache
def _slots() -> dict[str, dict[str, list[str]]]:
    return dict(strict_json.loads((corpus_folder() / "slots.json").read_text(encoding="utf-8")))
