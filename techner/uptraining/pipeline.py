"""The parts of a pipeline: its pretrained `ner`, the `ner` that techner adds, and the labels of both."""

import filecmp
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import spacy
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # it is compiled
from spacy.tokens import Doc
from spacy.util import load_meta
from thinc.api import require_cpu, require_gpu

from techner.core.errors import ModelError, SettingsError
from techner.core.examples import Span
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.listening import upstream_of

NEW_NER = "ner_techner"
STRINGS = Path("vocab", "strings.json")
BATCH_SIZE = 128
"""Texts at a time; 1 000 are slower."""
BATCH_CHARS = 60_000
"""Characters at a time, though at least one text: a parser holds some 3 kB a token of its batch."""


def use_device(gpu: int | None) -> None:
    """Run models that are loaded from now on on this GPU, or on the CPU (None).

    Raises SettingsError if the GPU cannot be used.
    """
    if gpu is None:
        require_cpu()
        return
    try:
        require_gpu(gpu)
    except ValueError as error:
        raise SettingsError(
            f"cannot use GPU {gpu} ({error}): install cupy for your CUDA version, or unset TECHNER_GPU"
        ) from error


def load_pipeline(folder: Path, *, beside: Language | None = None) -> Language:
    """Load a pipeline; raises ModelError, with the cause, if spaCy cannot load it.

    It shares the vocabulary of the pipeline `beside`, whose folder must still be there, if both have the same
    on disk. Words and vectors are nearly all that a pipeline with vectors holds in memory: 250 of 265 MB of
    en_core_web_md.
    """
    try:
        if beside is None or not have_same_vocabulary(folder, beside):
            return spacy.load(folder)
        if not filecmp.cmp(folder / STRINGS, beside.path / STRINGS, shallow=False):
            for word in json.loads((folder / STRINGS).read_bytes()):
                beside.vocab.strings.add(word)
        return spacy.load(folder, vocab=beside.vocab, exclude=["vocab"])
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"spaCy cannot load {folder}: {error}") from error


def have_same_vocabulary(folder: Path, nlp: Language) -> bool:
    """Tell whether both have the same language, vectors and tables, byte for byte; words may differ."""
    names, others = (
        {path.relative_to(where) for path in (where / "vocab").rglob("*") if path.is_file()} - {STRINGS}
        for where in (folder, nlp.path)
    )
    is_alike = partial(filecmp.cmp, shallow=False)
    return (
        names == others
        and load_meta(folder / "meta.json")["lang"] == nlp.lang
        and all(is_alike(folder / name, nlp.path / name) for name in names)
    )


def pretrained_ner(nlp: Language) -> str | None:
    """Return the name of the base model's own `ner`, or None; raises ModelError if it has several."""
    names = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == "ner" and name != NEW_NER]
    if len(names) > 1:
        raise ModelError(f"the pipeline has several `ner` components ({', '.join(names)}); keep one of them")
    return names[0] if names else None


def ner(nlp: Language, name: str) -> EntityRecognizer:
    return cast("EntityRecognizer", nlp.get_pipe(name))


def pretrained_labels(nlp: Language) -> tuple[str, ...]:
    """Return the labels of the pretrained `ner`."""
    name = pretrained_ner(nlp)
    return tuple(sorted(ner(nlp, name).labels)) if name else ()


def new_labels(nlp: Language) -> tuple[str, ...]:
    """Return the labels of the second `ner`, which techner added."""
    return tuple(sorted(ner(nlp, NEW_NER).labels)) if NEW_NER in nlp.pipe_names else ()


def tokens(nlp: Language, text: str) -> list[tuple[int, int]]:
    """Return the character ranges of the tokens, half-open."""
    return [(token.idx, token.idx + len(token)) for token in nlp.make_doc(text)]


def cuts_at_space(nlp: Language) -> bool:
    """Tell whether the tokenizer always cuts at white space, so that pieces of a text can be cut alone."""
    tokenizer = nlp.tokenizer
    return isinstance(tokenizer, Tokenizer) and not any(len(rule.split()) > 1 for rule in tokenizer.rules)


def taught_labels(nlp: Language, origin: Language) -> tuple[str, ...]:
    """Return the labels that the pipeline has and its origin has not, whichever strategy taught them."""
    return tuple(sorted({*pretrained_labels(nlp), *new_labels(nlp)} - set(pretrained_labels(origin))))


def predict(nlp: Language, texts: list[str]) -> list[tuple[Span, ...]]:
    """Return the entities of each text, found by the whole pipeline."""
    return [entities(doc) for some in batches(texts) for doc in nlp.pipe(some, batch_size=BATCH_SIZE)]


def component_entities(
    nlp: Language, name: str, texts: Iterable[str], outputs: FrozenOutputs | None = None
) -> list[tuple[Span, ...]]:
    """Return the entities of each text, found by one `ner` alone.

    Where the `ner` listens to a component before it, `outputs` spares running that again.
    """
    component, outputs = ner(nlp, name), outputs or FrozenOutputs(nlp, upstream_of(nlp, name))
    found = []
    for some in batches(texts):
        docs = [nlp.make_doc(text) for text in some]
        with outputs.on(docs):
            found += [entities(doc) for doc in component.pipe(docs)]
    return found


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in lists that a pipeline reads at once."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == BATCH_SIZE or size + len(text) > BATCH_CHARS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def entities(doc: Doc) -> tuple[Span, ...]:
    return tuple(sorted(Span(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents))
