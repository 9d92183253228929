"""How sure a pipeline is of its entities."""

from pathlib import Path
from statistics import mean

import spacy

from techner.registry import Registry
from techner.starter import slot_examples
from techner.uptraining.confidence import confident_entities
from techner.uptraining.pipeline import load_pipeline, predict
from tests.world import World, tech_batch

TEXTS = [example.text for example in (*slot_examples("general", 30, seed=5), *tech_batch(0, 30))]


def test_every_entity_of_the_pipeline_has_a_share_and_nothing_else_has(promoted: World) -> None:
    _, manifest = Registry(promoted.store).production()
    with promoted.run().workspace.model(manifest.files) as folder:
        nlp = load_pipeline(folder)
    found = confident_entities(nlp, TEXTS)
    assert [tuple(sorted(one)) for one in found] == predict(nlp, TEXTS)
    shares = [sure for one in found for sure in one.values()]
    assert all(0 <= sure <= 1.0001 for sure in shares)
    # Not all: where the other `ner` left no room, a span is found that this one alone would not take.
    assert sum(sure > 0 for sure in shares) > 0.8 * len(shares)


def test_the_model_is_surer_of_what_is_right(base_model: Path) -> None:
    gold = slot_examples("general", 200, seed=11)
    found = confident_entities(load_pipeline(base_model), [example.text for example in gold])
    sure: dict[bool, list[float]] = {True: [], False: []}
    for example, one in zip(gold, found, strict=True):
        for span, share in one.items():
            if share:  # that no parse has it says much already
                sure[span in example.spans].append(share)
    assert mean(sure[True]) > mean(sure[False])


def test_an_entity_of_another_component_is_not_sure() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "OS", "pattern": "Linux"}])  # type: ignore[attr-defined]
    assert [list(one.values()) for one in confident_entities(nlp, ["We run Linux"])] == [[0.0]]
