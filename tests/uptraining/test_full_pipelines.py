"""Whole pipelines: tagger, parser, vectors, a `ner` of its own or on a shared tok2vec."""

import filecmp
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.training import Example as SpacyExample
from thinc.api import fix_random_seed

from techner.core.examples import Example
from techner.core.policy import TrainingPolicy
from techner.starter import slot_examples
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.pipeline import NEW_NER, load_pipeline
from tests.world import once, tech_batch

GENERAL = slot_examples("general", 80, seed=3)
CORPUS = TrainingCorpus(train=tech_batch(0, 60), rehearsal=GENERAL[:40])
POLICY = TrainingPolicy(epochs=1, batch_words=200)
TEXTS = [example.text for example in (*GENERAL[40:], *tech_batch(100, 120))]
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
}
TOK2VEC = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 32,
        "attrs": ["NORM", "SHAPE"],
        "rows": [500, 500],
        "include_static_vectors": True,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 32,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 2,
    },
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "tok2vec"}


def full(*, shared: bool) -> Language:
    """Make a pipeline as the pretrained ones are: everything but, perhaps, `ner` on one tok2vec."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    words = sorted({token.text for example in GENERAL for token in nlp.make_doc(example.text)})
    rows = np.random.default_rng(0).normal(size=(len(words), 300)).astype("float32")
    nlp.vocab.vectors = spacy.vectors.Vectors(data=rows, keys=words, strings=nlp.vocab.strings)
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}})
    nlp.add_pipe("parser", config={"model": PARSER | {"state_type": "parser", "tok2vec": LISTENER}})
    own = LISTENER if shared else TOK2VEC
    nlp.add_pipe("ner", config={"model": PARSER | {"state_type": "ner", "tok2vec": own}})
    egs = [annotated(nlp, example) for example in GENERAL[:40]]
    nlp.initialize(lambda: egs)
    for _ in range(5):
        nlp.update(egs, drop=0.1)
    return nlp


def annotated(nlp: Language, example: Example) -> SpacyExample:
    """Annotate every token, somehow."""
    doc = nlp.make_doc(example.text)
    entities = [(s.start, s.end, s.label) for s in example.spans if s.label in ("PERSON", "GPE", "ORG")]
    return SpacyExample.from_dict(
        doc,
        {
            "entities": entities,
            "tags": ["X" if token.is_alpha else "Y" for token in doc],
            "heads": [len(doc) // 2] * len(doc),
            "deps": ["ROOT" if token.i == len(doc) // 2 else "dep" for token in doc],
        },
    )


@pytest.fixture(scope="session", params=["own", "shared"])
def pretrained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(
        tmp_path_factory,
        f"full-{request.param}",
        lambda folder: full(shared=request.param == "shared").to_disk(folder),
    )


@pytest.fixture(scope="session")
def extended(pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(
        tmp_path_factory,
        f"{pretrained.name}-extended",
        lambda folder: make_candidate(pretrained, CORPUS, POLICY, folder),
    )


@pytest.fixture(scope="session")
def blended(pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(
        tmp_path_factory,
        f"{pretrained.name}-blended",
        lambda folder: make_candidate(pretrained, CORPUS, replace(POLICY, strategy="blend"), folder),
    )


def run(*command: object, **options: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def annotations(nlp: Language) -> list[tuple[bytes, tuple[tuple[str, str, int], ...]]]:
    """Return what every component but `ner` says, to the bit."""
    return [
        (
            doc.tensor.tobytes(),
            tuple((token.tag_, token.dep_, token.head.i) for token in doc),
        )
        for doc in nlp.pipe(TEXTS)
    ]


def test_every_other_component_says_the_same_bit_for_bit(
    pretrained: Path, extended: Path, blended: Path
) -> None:
    before = annotations(load_pipeline(pretrained))
    assert any(tag for _, tags in before for tag, *_ in tags)
    assert annotations(load_pipeline(extended)) == before
    assert annotations(load_pipeline(blended)) == before


@pytest.mark.parametrize("strategy", ["extend", "blend"])
def test_a_second_night_changes_no_other_component_either(
    pretrained: Path, strategy: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    first = request.getfixturevalue({"extend": "extended", "blend": "blended"}[strategy])
    make_candidate(first, CORPUS, replace(POLICY, strategy=strategy), tmp_path / "second", origin=pretrained)
    assert annotations(load_pipeline(tmp_path / "second")) == annotations(load_pipeline(pretrained))


def test_vectors_keep_their_bytes_and_are_in_no_component(pretrained: Path, extended: Path) -> None:
    for name in ("vectors", "key2row", "vectors.cfg"):
        assert filecmp.cmp(pretrained / "vocab" / name, extended / "vocab" / name, shallow=False)
    nlp = load_pipeline(extended)
    component = srsly.msgpack_loads((extended / NEW_NER / "model").read_bytes())
    shapes = [value.shape for node in component["params"] for value in node.values() if value is not None]
    assert len(shapes) > 5
    assert nlp.vocab.vectors.shape not in shapes


def test_without_the_second_ner_the_entities_are_the_pretrained_ones(
    pretrained: Path, extended: Path
) -> None:
    before, after = load_pipeline(pretrained), load_pipeline(extended)
    after.disable_pipe(NEW_NER)
    for text in TEXTS:
        assert [(e.start, e.label_) for e in before(text).ents] == [
            (e.start, e.label_) for e in after(text).ents
        ]


@pytest.mark.parametrize("pretrained", ["own"], indirect=True)
def test_a_packaged_candidate_answers_the_same_without_techner(extended: Path, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    arguments = ["--name", "uptrained", "--version", "1.2.3", "--build", "none"]
    run(sys.executable, "-m", "spacy", "package", extended, tmp_path / "dist", *arguments)
    package = tmp_path / "dist" / "en_uptrained-1.2.3"
    install = ("pip", "install", "--offline", "--no-deps", "--no-build-isolation", "--python", sys.executable)
    run(sys.executable, "-m", "uv", *install, "--target", tmp_path / "site", package)
    ask = (
        "import en_uptrained, json, sys; nlp = en_uptrained.load(); "
        "assert 'techner' not in sys.modules; "
        "print(json.dumps([[(e.start_char, e.end_char, e.label_) for e in nlp(t).ents] "
        "for t in json.load(sys.stdin)]))"
    )
    site = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    answered = run(sys.executable, "-c", ask, input=json.dumps(TEXTS), env=site)
    nlp = load_pipeline(extended)
    expected = [[[e.start_char, e.end_char, e.label_] for e in nlp(text).ents] for text in TEXTS]
    assert json.loads(answered) == expected
