"""The production model as the second reader of a delivery."""

from spacy.language import Language

from techner.quality.disagreement import SecondReader
from techner.uptraining.confidence import confident_entities
from techner.uptraining.pipeline import new_labels, pretrained_labels


def second_reader(nlp: Language) -> SecondReader:
    return SecondReader(
        labels=frozenset(pretrained_labels(nlp) + new_labels(nlp)),
        read=lambda texts: confident_entities(nlp, texts),
    )
