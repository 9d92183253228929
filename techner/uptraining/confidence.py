"""How sure a pipeline is of its entities."""

from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc

from techner.core.examples import Span
from techner.uptraining.pipeline import NEW_NER, batches, entities, ner, new_labels, pretrained_ner

BEAM_WIDTH = 16
BEAM_DENSITY = 0.0001
"""As spaCy's authors advise: parses that score below this share of the best one are dropped."""


def confident_entities(nlp: Language, texts: Sequence[str]) -> list[dict[Span, float]]:
    """Return the entities of each text, each with its share of the parses of its `ner`, from 0 to 1.

    The parses come from a beam search (spaCy issue 881) on a `ner` that was trained greedily: entities with
    high values are right far more often, but the values are not calibrated probabilities. The value is 0 if
    another component than a `ner` found the entity, or if no parse of its `ner` alone has it.
    """
    return [read for some in batches(texts) for read in _confident(nlp, some)]


def _confident(nlp: Language, texts: list[str]) -> list[dict[Span, float]]:
    docs = list(nlp.pipe(texts, batch_size=len(texts)))
    found = [dict.fromkeys(entities(doc), 0.0) for doc in docs]
    taught = frozenset(new_labels(nlp))
    for name in (NEW_NER, pretrained_ner(nlp)):
        if name is not None and name in nlp.pipe_names:
            for known, scored in zip(found, _scored(nlp, name, docs), strict=True):
                known |= {
                    span: score
                    for span, score in scored.items()
                    if span in known and (span.label in taught) is (name == NEW_NER)
                }
    return found


def _scored(nlp: Language, name: str, docs: Sequence[Doc]) -> list[dict[Span, float]]:
    """Return every span that some parse of this `ner` has, with its share."""
    for doc in docs:
        doc.set_ents([], default="missing")  # entities that are set already count as certain
    component, found = ner(nlp, name), []
    beams = component.beam_parse(docs, beam_width=BEAM_WIDTH, beam_density=BEAM_DENSITY)
    for doc, scores in zip(docs, component.scored_ents(beams), strict=True):
        ranges = {key: doc[key[0] : key[1]] for key in scores}
        found.append(
            {Span(part.start_char, part.end_char, key[2]): scores[key] for key, part in ranges.items()}
        )
    return found
