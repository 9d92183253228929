"""Examples → spaCy examples: what the annotators looked for is taught, and nothing is claimed of the rest."""

from collections.abc import Iterable, Sequence

from spacy.language import Language
from spacy.training import Example as SpacyExample

from techner.core.examples import Example, Span, overlap


def gold(
    nlp: Language,
    examples: Iterable[Example],
    labels: frozenset[str],
    *,
    silver: Sequence[tuple[Span, ...]] | None = None,
    teacher_labels: frozenset[str] = frozenset(),
) -> list[SpacyExample]:
    """Make spaCy examples of the spans of `labels`.

    For a label outside an example's scope, the spans of a teacher stand in (`silver`, one tuple per example),
    if the teacher knows the label (`teacher_labels`). A token without a span is `O` if annotators or teacher
    cover every label, else it is missing. A text without tokens is left out: it teaches nothing, and spaCy
    takes it for one that a shared tok2vec has not read.
    """
    golds = []
    for position, example in enumerate(examples):
        unsaid = labels - example.in_scope(labels)
        spans = [span for span in example.spans if span.label in labels]
        if unsaid and silver is not None:
            spans += _beside(spans, (span for span in silver[position] if span.label in unsaid))
        golds.append(_example(nlp, example.text, spans, missing=bool(unsaid - teacher_labels)))
    return [eg for eg in golds if len(eg.reference)]


def _beside(spans: Sequence[Span], others: Iterable[Span]) -> list[Span]:
    return [o for o in others if not any(overlap(span, o) for span in spans)]


def _example(nlp: Language, text: str, spans: Iterable[Span], *, missing: bool) -> SpacyExample:
    predicted, reference = nlp.make_doc(text), nlp.make_doc(text)
    ents = [reference.char_span(span.start, span.end, label=span.label) for span in sorted(spans)]
    # A span that cuts a token (another tokenizer than at admission) teaches nothing about its tokens.
    cut = [
        piece
        for span, ent in zip(sorted(spans), ents, strict=True)
        if ent is None and (piece := reference.char_span(span.start, span.end, alignment_mode="expand"))
    ]
    kept = [ent for ent in ents if ent is not None]
    taken = {token.i for ent in kept for token in ent}
    unclear = [piece for piece in cut if not taken & {token.i for token in piece}]
    if missing:
        reference.set_ents(kept, default="missing")
    else:
        reference.set_ents(kept, missing=unclear, default="outside")
    return SpacyExample(predicted, reference)
