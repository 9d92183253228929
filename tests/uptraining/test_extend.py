"""`extend`: new labels are learnt, everything else of the pipeline stays as it was, bit for bit."""

import filecmp
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from techner.core.errors import ModelError
from techner.core.examples import Example, Span
from techner.core.policy import TrainingPolicy
from techner.starter import slot_examples
from techner.uptraining import Step, TrainingCorpus, make_candidate
from techner.uptraining.gold import gold
from techner.uptraining.pipeline import NEW_NER, load_pipeline, new_labels, predict, pretrained_labels
from tests.world import tech_batch

POLICY = TrainingPolicy(epochs=3, batch_words=100)
NER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
}
GENERAL = slot_examples("general", 120, seed=3)
CORPUS = TrainingCorpus(train=tech_batch(0, 120), rehearsal=GENERAL)
# Where it does not matter how much is learnt.
BRIEF = replace(POLICY, epochs=2)
SMALL = TrainingCorpus(train=tech_batch(0, 40), rehearsal=GENERAL[:20])

pytestmark = pytest.mark.xdist_group("extend")  # two workers would both train what the tests share


@pytest.fixture(scope="module")
def uptrained(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uptrained") / "model"
    make_candidate(base_model, CORPUS, POLICY, out)
    return out


@pytest.fixture(scope="module")
def brief(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("brief") / "model"
    make_candidate(base_model, SMALL, BRIEF, out)
    return out


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_candidate_knows_old_and_new_labels(uptrained: Path, base_model: Path) -> None:
    nlp = load_pipeline(uptrained)
    assert pretrained_labels(nlp) == pretrained_labels(load_pipeline(base_model))
    assert set(new_labels(nlp)) == {span.label for example in CORPUS.train for span in example.spans}
    assert nlp.pipe_names == [NEW_NER, "ner"]


def test_the_pretrained_weights_are_the_same_bytes(uptrained: Path, base_model: Path) -> None:
    for path in sorted(files(base_model) - {"config.cfg", "meta.json", "vocab/strings.json"}):
        assert filecmp.cmp(base_model / path, uptrained / path, shallow=False), path


def test_old_entities_are_still_found_beside_new_ones(uptrained: Path) -> None:
    found = predict(load_pipeline(uptrained), [example.text for example in CORPUS.train])
    assert {span.label for spans in found for span in spans} & {"PROTOCOL", "FILE_FORMAT"}
    general = predict(load_pipeline(uptrained), [example.text for example in GENERAL])
    assert {span.label for spans in general for span in spans} & {"PERSON", "GPE"}


def test_the_same_inputs_and_seed_give_the_same_bytes(brief: Path, base_model: Path, tmp_path: Path) -> None:
    make_candidate(base_model, SMALL, BRIEF, tmp_path / "again")
    assert files(tmp_path / "again") == files(brief)
    for path in files(brief):
        assert filecmp.cmp(brief / path, tmp_path / "again" / path, shallow=False), path


def test_another_seed_gives_other_weights(brief: Path, base_model: Path, tmp_path: Path) -> None:
    make_candidate(base_model, SMALL, replace(BRIEF, seed=7), tmp_path / "other")
    assert not filecmp.cmp(brief / NEW_NER / "model", tmp_path / "other" / NEW_NER / "model", shallow=False)


def test_texts_that_were_trained_on_do_not_grow_the_string_store(uptrained: Path, base_model: Path) -> None:
    before, after = (set(load_pipeline(folder).vocab.strings) for folder in (base_model, uptrained))
    assert after - before == {span.label for example in CORPUS.train for span in example.spans} - before


def test_a_second_night_goes_on_from_the_first_and_adds_a_label(uptrained: Path, tmp_path: Path) -> None:
    text = "The board runs on a Zynq."
    corpus = TrainingCorpus(train=(*CORPUS.train, Example(text, (Span(20, 24, "CHIP"),))), rehearsal=GENERAL)
    made = make_candidate(uptrained, corpus, replace(POLICY, epochs=1), tmp_path / "second")
    assert set(made.new_labels) == {*new_labels(load_pipeline(uptrained)), "CHIP"}
    first, second = (
        predict(load_pipeline(f), [eg.text for eg in CORPUS.train]) for f in (uptrained, tmp_path / "second")
    )
    right = [
        sum(len(set(eg.spans) & set(spans)) for eg, spans in zip(CORPUS.train, found, strict=True))
        for found in (first, second)
    ]
    assert right[1] >= right[0] * 0.8  # from scratch, one epoch finds next to nothing


def test_a_label_that_the_pretrained_model_has_is_left_to_it(base_model: Path, tmp_path: Path) -> None:
    train = (*CORPUS.train[:30], Example("Acme ships it.", (Span(0, 4, "ORG"),)))
    made = make_candidate(
        base_model, TrainingCorpus(train=train, rehearsal=()), replace(POLICY, epochs=1), tmp_path / "m"
    )
    assert "ORG" not in made.new_labels


def test_steps_tell_epochs_and_losses(base_model: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    corpus = TrainingCorpus(train=CORPUS.train[:30], rehearsal=())
    made = make_candidate(base_model, corpus, replace(POLICY, epochs=2), tmp_path / "m", on_step=steps.append)
    assert [step.epoch for step in steps if step.ends_epoch] == [1, 2]
    assert steps[-1].done == steps[-1].total == 2 * 29  # one is of the dev part
    assert len(made.losses) == 2
    assert made.losses[1] < made.losses[0]


def test_a_corpus_without_a_new_label_is_refused(base_model: Path, tmp_path: Path) -> None:
    corpus = TrainingCorpus(train=(Example("nothing here"),), rehearsal=GENERAL)
    with pytest.raises(ModelError, match="no span of a new label"):
        make_candidate(base_model, corpus, POLICY, tmp_path / "m")


def shared_tok2vec() -> Language:
    """Make a pipeline whose tagger and ner listen to one tok2vec."""
    nlp = spacy.blank("en")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    nlp.add_pipe("tok2vec")
    tagger = nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    tagger.add_label("X")  # type: ignore[attr-defined]
    nlp.add_pipe("ner", config={"model": NER | {"tok2vec": listener}})
    egs = gold(nlp, GENERAL[:40], frozenset({"PERSON", "GPE"}))
    for eg in egs:
        for token in eg.reference:
            token.tag_ = "X" if token.is_alpha else "Y"
    nlp.initialize(lambda: egs)
    for _ in range(3):
        nlp.update(egs)
    return nlp


def test_a_ner_that_shares_its_tok2vec_is_extended_and_the_tagger_does_not_change(tmp_path: Path) -> None:
    shared_tok2vec().to_disk(tmp_path / "shared")
    corpus = TrainingCorpus(train=CORPUS.train[:40], rehearsal=GENERAL[:20])
    made = make_candidate(tmp_path / "shared", corpus, replace(POLICY, epochs=1), tmp_path / "out")
    before, after = load_pipeline(tmp_path / "shared"), load_pipeline(tmp_path / "out")
    assert made.new_labels
    assert after.pipe_names == ["tok2vec", "tagger", NEW_NER, "ner"]
    for text in (example.text for example in GENERAL[40:60]):
        one, two = before(text), after(text)
        assert [token.tag_ for token in one] == [token.tag_ for token in two]
        assert (one.tensor == two.tensor).all()


def test_a_pipeline_without_any_ner_gets_one(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    made = make_candidate(tmp_path / "blank", SMALL, replace(POLICY, epochs=1), tmp_path / "out")
    assert load_pipeline(tmp_path / "out").pipe_names == [NEW_NER]
    assert "PROTOCOL" in made.new_labels


def test_two_pretrained_ner_components_are_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    for name in ("one", "two"):
        nlp.add_pipe("ner", name=name).add_label("PERSON")  # type: ignore[attr-defined]
    nlp.initialize()
    nlp.to_disk(tmp_path / "two")
    with pytest.raises(ModelError, match="one, two"):
        make_candidate(tmp_path / "two", CORPUS, POLICY, tmp_path / "out")


def test_a_folder_that_is_no_pipeline_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot load"):
        load_pipeline(tmp_path)


@pytest.mark.parametrize("strategy", ["extend", "blend"])
def test_a_ner_without_an_upper_layer_is_uptrained_for_two_nights(strategy: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 32}
    tok2vec |= {"depth": 4, "embed_size": 300, "window_size": 1, "maxout_pieces": 2, "subword_features": True}
    nlp.add_pipe("ner", config={"model": NER | {"tok2vec": tok2vec, "use_upper": False}})
    egs = gold(nlp, GENERAL[:40], frozenset({"PERSON", "GPE"}))
    nlp.initialize(lambda: egs)
    nlp.to_disk(tmp_path / "base")
    policy = replace(POLICY, strategy=strategy, epochs=1)
    corpus = TrainingCorpus(train=CORPUS.train[:40], rehearsal=GENERAL[:20])
    make_candidate(tmp_path / "base", corpus, policy, tmp_path / "one")
    made = make_candidate(tmp_path / "one", corpus, policy, tmp_path / "two", origin=tmp_path / "base")
    assert made.new_labels
