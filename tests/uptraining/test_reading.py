"""The second `ner` reads characters, and listens to a tok2vec that others share, where it can use one."""

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
from techner.uptraining.listening import upstream
from techner.uptraining.pipeline import NEW_NER, load_pipeline, ner
from techner.uptraining.reading import CHARACTERS, readings_of, with_readings
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


def weights_of(nlp: Language, reading: str, *, name: str = NEW_NER) -> Any:
    """Return what a `ner` lets through of one of its readings; None where it does not read it."""
    readings = readings_of(ner(nlp, name))
    if readings.mix is None or reading not in readings.columns:
        return None
    weights: Any = readings.mix.get_param("W")
    return weights[:, readings.columns[reading]]


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


@pytest.mark.parametrize("reading", ["listener", "characters"])
def test_training_makes_the_second_ner_use_all_that_it_reads(
    pretrained: Path, extended: Path, tmp_path: Path, reading: str
) -> None:
    first = load_pipeline(extended)
    assert np.abs(weights_of(first, reading)).max() > 0.001
    make_candidate(extended, SMALL, POLICY, tmp_path / "second", origin=pretrained)
    second = load_pipeline(tmp_path / "second")
    assert second.config["components"][NEW_NER] == first.config["components"][NEW_NER]
    inherited = np.corrcoef(weights_of(first, reading).ravel(), weights_of(second, reading).ravel())[0, 1]
    assert inherited > 0.5


def read_by(nlp: Language, *names: str) -> list[Any]:
    docs = [nlp.get_pipe("tok2vec")(nlp.make_doc(text)) for text in TEXTS]
    return [ner(nlp, name).model.get_ref("tok2vec").predict(docs) for name in names]


def heir(nlp: Language, name: str, config: dict[str, Any], parent: str) -> None:
    nlp.add_pipe("ner", name=name, config=config, before="ner")
    initialise_ner(nlp, ner(nlp, name), ner(nlp, "ner").labels, egs_of(nlp))
    inherit(ner(nlp, name), ner(nlp, parent))


def trained(nlp: Language, name: str) -> None:
    """Stand in for a training: weights of all that the component joins to its own layer."""
    readings, draw = readings_of(ner(nlp, name)), np.random.default_rng(0)
    assert readings.mix
    assert readings.characters
    for layer in (readings.mix, *readings.characters.walk()):
        for param in layer.param_names:
            weights: Any = layer.get_param(param)
            weights[...] = draw.normal(size=weights.shape)


@pytest.mark.parametrize("shared", [None, "tok2vec"])
def test_an_heir_that_begins_to_read_more_reads_a_text_at_first_as_its_parent_does(
    pretrained: Path, shared: str | None
) -> None:
    nlp = load_pipeline(pretrained)
    shallow = shape_of(nlp, "ner", layers=2)
    heir(nlp, "alone", shallow, parent="ner")
    heir(nlp, "more", with_readings(shallow, nlp, shared), parent="ner")
    ours, theirs = read_by(nlp, "more", "alone")
    assert np.array_equal(ours, theirs)
    read = {"embed", "characters", "listener"} if shared else {"embed", "characters"}
    assert readings_of(ner(nlp, "more")).columns.keys() == read


@pytest.mark.parametrize(("before", "after"), [("tok2vec", "tok2vec"), (None, None), (None, "tok2vec")])
def test_the_next_nights_ner_reads_at_first_as_the_one_before_it(
    pretrained: Path, before: str | None, after: str | None
) -> None:
    nlp = load_pipeline(pretrained)
    heir(nlp, "parent", with_readings(shape_of(nlp, "ner"), nlp, before), parent="ner")
    trained(nlp, "parent")
    heir(nlp, "heir", with_readings(shape_of(nlp, "parent"), nlp, after), parent="parent")
    ours, theirs = read_by(nlp, "heir", "parent")
    assert np.array_equal(ours, theirs)


def test_a_ner_that_only_listened_reads_at_first_as_before_once_it_reads_characters(pretrained: Path) -> None:
    nlp = load_pipeline(pretrained)
    config = with_readings(shape_of(nlp, "ner"), nlp, "tok2vec")
    del config["model"]["tok2vec"]["embed"]["*"]["read"]["*"]["characters"]
    heir(nlp, "listens", config, parent="ner")
    mix = readings_of(ner(nlp, "listens")).mix
    assert mix
    weights: Any = mix.get_param("W")
    weights[...] = np.random.default_rng(0).normal(size=weights.shape)
    heir(nlp, "more", with_readings(shape_of(nlp, "listens"), nlp, "tok2vec"), parent="listens")
    assert weights_of(nlp, "characters", name="more") is not None
    ours, theirs = read_by(nlp, "more", "listens")
    assert np.array_equal(ours, theirs)


def test_a_second_ner_that_ceases_to_listen_keeps_all_else_that_it_reads(pretrained: Path) -> None:
    nlp = load_pipeline(pretrained)
    heir(nlp, "listens", with_readings(shape_of(nlp, "ner"), nlp, "tok2vec"), parent="ner")
    trained(nlp, "listens")
    heir(nlp, "alone", with_readings(shape_of(nlp, "listens"), nlp, None), parent="listens")
    for reading in ("embed", "characters"):
        ours, theirs = (weights_of(nlp, reading, name=name) for name in ("alone", "listens"))
        assert np.array_equal(ours, theirs)
    assert weights_of(nlp, "listener", name="alone") is None


def test_the_second_ner_of_an_older_model_begins_to_listen_and_to_read_characters(
    pretrained: Path, earlier: Path, tmp_path: Path
) -> None:
    assert readings_of(ner(load_pipeline(earlier), NEW_NER)).mix is None
    make_candidate(earlier, SMALL, POLICY, tmp_path / "next", origin=pretrained)
    for reading in ("listener", "characters"):
        assert np.abs(weights_of(load_pipeline(tmp_path / "next"), reading)).max() > 0.001


def test_a_pretrained_ner_that_reads_characters_has_no_second_reading_of_them(pretrained: Path) -> None:
    nlp = load_pipeline(pretrained)
    config = {"model": {"tok2vec": {"embed": CHARACTERS, "encode": TOK2VEC["encode"]}}}
    assert with_readings(config, nlp, None) == config


def test_a_text_without_tokens_stops_no_night(pretrained: Path, tmp_path: Path) -> None:
    corpus = TrainingCorpus(train=(EMPTY, *SMALL.train), rehearsal=(EMPTY, *SMALL.rehearsal))
    make_candidate(pretrained, corpus, POLICY, tmp_path / "out")
    assert load_pipeline(tmp_path / "out")("").ents == ()


def test_by_the_setting_the_second_ner_of_a_night_listens_to_nothing(
    pretrained: Path, tmp_path: Path
) -> None:
    alone = replace(POLICY, shared_tok2vec=False)
    make_candidate(pretrained, SMALL, alone, tmp_path / "out")
    assert weights_of(load_pipeline(tmp_path / "out"), "listener") is None


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
