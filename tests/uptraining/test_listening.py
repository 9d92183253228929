"""The second `ner` listens to the tok2vec that others share, where there is one that it can use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example as SpacyExample
from thinc.api import fix_random_seed, list2array

from techner.core.examples import Example
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.gold import gold
from techner.uptraining.listening import mixing_layer, upstream, with_listener, without_listener
from techner.uptraining.pipeline import NEW_NER, load_pipeline, ner
from techner.uptraining.surgery import inherit, initialise_ner, shape_of
from tests.uptraining.test_full_pipelines import (
    CORPUS,
    GENERAL,
    LISTENER,
    PARSER,
    POLICY,
    TEXTS,
    TOK2VEC,
    full,
)
from tests.world import once, tech_batch

SMALL = TrainingCorpus(train=tech_batch(0, 60), rehearsal=GENERAL[:20])
EMPTY = Example("")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "full-own", lambda folder: full(shared=False).to_disk(folder))


@pytest.fixture(scope="module")
def earlier(pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model as it was made before the second `ner` listened to anything."""
    return once(tmp_path_factory, "earlier", lambda folder: earlier_model(pretrained).to_disk(folder))


def earlier_model(pretrained: Path) -> Language:
    nlp = load_pipeline(pretrained)
    nlp.add_pipe("ner", name=NEW_NER, config=shape_of(nlp, "ner"), before="ner")
    fix_random_seed(0)
    initialise_ner(nlp, ner(nlp, NEW_NER), ["PROTOCOL"], egs_of(nlp))
    return nlp


def egs_of(nlp: Language) -> list[SpacyExample]:
    return gold(nlp, GENERAL[:10], frozenset())


def listener_weights(nlp: Language) -> Any:
    mix = mixing_layer(ner(nlp, NEW_NER))
    assert mix
    weights: Any = mix.get_param("W")
    return weights[:, mix.get_dim("nO") :]


def small(*, embed: bool = True, ner_first: bool = False, **model: object) -> Language:
    nlp = spacy.blank("en")
    own = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 32, "depth": 1, "embed_size": 100}
    own |= {"window_size": 1, "maxout_pieces": 2, "subword_features": True, "pretrained_vectors": None}
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC if embed else own})
    config = {"model": PARSER | {"state_type": "ner", "tok2vec": TOK2VEC if embed else own} | model}
    nlp.add_pipe("ner", config=config, first=ner_first or None)
    return nlp


def of_unknown_width() -> Language:
    nlp = small()
    tok2vec: Any = nlp.get_pipe("tok2vec")
    tok2vec.model = list2array()
    return nlp


@pytest.fixture(scope="module")
def extended(pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(
        tmp_path_factory,
        "full-own-extended",  # that of test_full_pipelines.py
        lambda folder: make_candidate(pretrained, CORPUS, POLICY, folder),
    )


def test_training_makes_the_second_ner_listen_to_the_shared_tok2vec(
    pretrained: Path, extended: Path, tmp_path: Path
) -> None:
    first = load_pipeline(extended)
    assert (
        first.config["components"][NEW_NER]["model"]["tok2vec"]["embed"]["*"]["read"]["*"]["listener"]
        == LISTENER
    )
    assert np.abs(listener_weights(first)).max() > 0.001
    make_candidate(extended, SMALL, POLICY, tmp_path / "second", origin=pretrained)
    second = load_pipeline(tmp_path / "second")
    assert second.config["components"][NEW_NER] == first.config["components"][NEW_NER]
    assert (
        np.corrcoef(listener_weights(first).ravel(), listener_weights(second).ravel())[0, 1] > 0.5
    )  # it inherits


def read_by(nlp: Language, *names: str) -> list[Any]:
    docs = [nlp.get_pipe("tok2vec")(nlp.make_doc(text)) for text in TEXTS]
    return [ner(nlp, name).model.get_ref("tok2vec").predict(docs) for name in names]


def heir(nlp: Language, name: str, config: dict[str, Any], parent: str) -> None:
    nlp.add_pipe("ner", name=name, config=config, before="ner")
    initialise_ner(nlp, ner(nlp, name), ner(nlp, "ner").labels, egs_of(nlp))
    inherit(ner(nlp, name), ner(nlp, parent))


def test_an_heir_that_begins_to_listen_reads_a_text_at_first_as_if_it_did_not(pretrained: Path) -> None:
    nlp = load_pipeline(pretrained)
    shallow = shape_of(nlp, "ner", layers=2)
    heir(nlp, "alone", shallow, parent="ner")
    heir(nlp, "listens", with_listener(shallow, nlp, "tok2vec"), parent="ner")
    ours, theirs = read_by(nlp, "listens", "alone")
    assert np.array_equal(ours, theirs)


def test_the_second_ner_of_an_older_model_begins_to_listen(
    pretrained: Path, earlier: Path, tmp_path: Path
) -> None:
    assert mixing_layer(ner(load_pipeline(earlier), NEW_NER)) is None
    make_candidate(earlier, SMALL, POLICY, tmp_path / "next", origin=pretrained)
    assert np.abs(listener_weights(load_pipeline(tmp_path / "next"))).max() > 0.001


def test_a_second_ner_that_ceases_to_listen_keeps_its_other_layers(pretrained: Path) -> None:
    nlp = load_pipeline(pretrained)
    config = with_listener(shape_of(nlp, "ner"), nlp, "tok2vec")
    assert without_listener(config)["model"] == nlp.config["components"]["ner"]["model"]
    heir(nlp, "listens", config, parent="ner")
    heir(nlp, "alone", without_listener(config), parent="listens")
    ours, theirs = read_by(nlp, "alone", "ner")
    assert np.array_equal(ours, theirs)


def test_a_text_without_tokens_stops_no_night(pretrained: Path, tmp_path: Path) -> None:
    corpus = TrainingCorpus(train=(EMPTY, *SMALL.train), rehearsal=(EMPTY, *SMALL.rehearsal))
    make_candidate(pretrained, corpus, POLICY, tmp_path / "out")
    assert load_pipeline(tmp_path / "out")("").ents == ()


def test_by_the_setting_the_second_ner_of_a_night_listens_to_nothing(
    pretrained: Path, tmp_path: Path
) -> None:
    alone = replace(POLICY, shared_tok2vec=False)
    make_candidate(pretrained, SMALL, alone, tmp_path / "out")
    assert mixing_layer(ner(load_pipeline(tmp_path / "out"), NEW_NER)) is None


@pytest.mark.parametrize(
    ("nlp", "expected"),
    [
        (small(), "tok2vec"),
        (small(tok2vec=LISTENER), "tok2vec"),
        (small(ner_first=True), None),
        (small(embed=False), None),
        (of_unknown_width(), None),
    ],
    ids=["own tok2vec", "shared tok2vec", "after the ner", "in one piece", "of unknown width"],
)
def test_it_listens_to_what_comes_before_the_pretrained_ner_and_can_be_joined(
    nlp: Language, expected: str | None
) -> None:
    assert upstream(nlp, "ner") == expected
