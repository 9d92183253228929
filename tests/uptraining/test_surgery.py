"""A `ner` is replaced by one of other labels that keeps what the old one knew."""

import filecmp
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language
from thinc.api import fix_random_seed

from techner.core.policy import TrainingPolicy
from techner.starter import slot_examples
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train
from techner.uptraining.pipeline import component_entities, load_pipeline, ner, pretrained_labels
from techner.uptraining.surgery import graft, inherit, initialise_ner, shape_of

TEXTS = [example.text for example in slot_examples("general", 60, seed=5)]


@pytest.fixture(scope="module", params=["upper", "no upper"])
def nlp(base_model: Path, request: pytest.FixtureRequest) -> Language:
    """Return a trained pipeline; without an upper layer, as above a transformer, the lower has the labels."""
    base = load_pipeline(base_model)
    return base if request.param == "upper" else without_upper(base)


def without_upper(base: Language) -> Language:
    """Train a `ner` of the same encoder whose lower layer scores the actions."""
    made = Language(base.vocab, make_doc=base.tokenizer)
    config = shape_of(base, "ner")
    config["model"]["use_upper"] = False
    made.add_pipe("ner", config=config)
    examples = slot_examples("general", 200, seed=1)
    egs = gold(made, examples, frozenset(pretrained_labels(base)))
    fix_random_seed(0)
    made.initialize(lambda: egs)
    for _ in train(made, "ner", Material(new=egs), TrainingPolicy(epochs=4, batch_words=200)):
        pass
    return made


def heir_of(nlp: Language, labels: list[str], *, layers: int | None = None, **renamed: str) -> Language:
    """Make a pipeline with one `ner` that inherits from that of `nlp`."""
    made = Language(nlp.vocab, make_doc=nlp.tokenizer)
    heir = made.add_pipe("ner", config=shape_of(nlp, "ner", layers=layers))
    initialise_ner(made, heir, labels, gold(nlp, slot_examples("general", 10, seed=5), frozenset()))
    inherit(ner(made, "ner"), ner(nlp, "ner"), renamed)
    return made


def found(nlp: Language) -> list[tuple[tuple[int, int, str], ...]]:
    return [
        tuple((span.start, span.end, span.label) for span in spans)
        for spans in component_entities(nlp, "ner", TEXTS)
    ]


def test_an_heir_of_the_same_labels_in_another_order_finds_the_same(nlp: Language) -> None:
    assert found(heir_of(nlp, sorted(pretrained_labels(nlp), reverse=True))) == found(nlp)


def test_a_renamed_label_is_found_under_its_new_name_where_the_old_one_was(nlp: Language) -> None:
    assert any(label == "PERSON" for spans in found(nlp) for *_, label in spans)
    labels = [{"PERSON": "HUMAN"}.get(label, label) for label in pretrained_labels(nlp)]
    expected = [
        tuple((start, end, {"PERSON": "HUMAN"}.get(label, label)) for start, end, label in spans)
        for spans in found(nlp)
    ]
    assert found(heir_of(nlp, labels, PERSON="HUMAN")) == expected


def test_a_label_that_joins_another_does_not_replace_it(nlp: Language) -> None:
    kept = [label for label in pretrained_labels(nlp) if label != "ORG"]
    joined, retired = found(heir_of(nlp, kept, ORG="PERSON")), found(heir_of(nlp, kept))
    assert joined == retired


def test_a_retired_label_is_not_found_any_more_and_the_others_still_are(nlp: Language) -> None:
    kept = [label for label in pretrained_labels(nlp) if label != "PERSON"]
    heir = heir_of(nlp, kept)
    assert "PERSON" not in ner(heir, "ner").labels
    before = {(row, *span) for row, spans in enumerate(found(nlp)) for span in spans if span[2] != "PERSON"}
    after = {(row, *span) for row, spans in enumerate(found(heir)) for span in spans}
    assert len(before & after) > 0.9 * len(before)


def test_a_shallower_heir_has_the_first_layers_and_the_last(nlp: Language) -> None:
    heir = heir_of(nlp, list(pretrained_labels(nlp)), layers=2)
    ours, theirs = (
        [
            node
            for node in ner(made, "ner").model.get_ref("tok2vec").walk(order="dfs_pre")
            if node.has_param("W") is True
        ]
        for made in (heir, nlp)
    )
    assert len(theirs) - len(ours) == 2
    for heirs, parents in ((ours[0], theirs[0]), (ours[2], theirs[2]), (ours[-1], theirs[-1])):
        assert np.array_equal(heirs.get_param("W"), parents.get_param("W"))


def test_what_was_not_replaced_keeps_its_bytes(base_model: Path, tmp_path: Path) -> None:
    work = load_pipeline(base_model)
    for text in ("Zarquon", "Blorptown"):
        work(f"{text} was here.")
    graft(work, "ner", base_model, tmp_path / "out")
    for path in (p.relative_to(base_model) for p in base_model.rglob("*") if p.is_file()):
        if path.parts[0] not in ("config.cfg", "meta.json", "ner"):
            assert filecmp.cmp(base_model / path, tmp_path / "out" / path, shallow=False), path
    assert "Zarquon" not in load_pipeline(tmp_path / "out").vocab.strings
