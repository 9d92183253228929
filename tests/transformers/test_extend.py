"""`extend` on a transformer: the second `ner` listens to it too, and nothing of it changes."""

import filecmp
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc

from techner.core.errors import ModelError
from techner.core.examples import Example, Span
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.calibrate import offset_of, set_offset
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.pipeline import NEW_NER, component_entities, load_pipeline, ner, new_labels, predict
from tests.checkpoints import Kept
from tests.transformers.conftest import CORPUS, POLICY
from tests.world import tech_batch

TEXTS = [example.text for example in (*CORPUS.train, *CORPUS.rehearsal[:200])]
SMALL = TrainingCorpus(train=CORPUS.train[:40], rehearsal=CORPUS.rehearsal[:20])
PLAIN = """
import json, sys
sys.modules["techner"] = None
import spacy
nlp = spacy.load(sys.argv[1])
print(json.dumps([[ent.label_ for ent in doc.ents] for doc in nlp.pipe(json.load(sys.stdin))]))
"""
pytestmark = pytest.mark.transformers


class Counting:
    """A transformer that counts the texts it has read."""

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer
        self.read = 0

    def pipe(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        for doc in self.transformer.pipe(docs):
            self.read += 1
            yield doc


def test_the_candidate_learns_the_new_labels_on_the_one_transformer(extended: Path) -> None:
    nlp = load_pipeline(extended)
    assert nlp.pipe_names == ["transformer", NEW_NER, "ner"]
    assert not any(node.shims for node in ner(nlp, NEW_NER).model.walk())
    unseen = tech_batch(200, 300)
    found = component_entities(nlp, NEW_NER, [example.text for example in unseen])
    right = sum(len(set(eg.spans) & set(spans)) for eg, spans in zip(unseen, found, strict=True))
    assert right >= 0.3 * sum(len(example.spans) for example in unseen)


def test_the_pretrained_components_keep_their_bytes(extended: Path, bert_base: Path) -> None:
    kept = [path.relative_to(bert_base) for path in bert_base.rglob("*") if path.is_file()]
    kept = [path for path in kept if path.parts[0] in ("transformer", "ner", "tokenizer")]
    assert len(kept) >= 6
    for path in kept:
        assert filecmp.cmp(bert_base / path, extended / path, shallow=False), path


def test_where_nothing_new_is_found_the_old_entities_are_the_same(extended: Path, bert_base: Path) -> None:
    candidate = load_pipeline(extended)
    set_offset(ner(candidate, NEW_NER), 0.0)
    before, after = predict(load_pipeline(bert_base), TEXTS), predict(candidate, TEXTS)
    new = set(new_labels(candidate))
    pairs = [
        (was, now) for was, now in zip(before, after, strict=True) if not {span.label for span in now} & new
    ]
    assert sum(len(was) for was, _ in pairs) > 50
    assert [now for _, now in pairs] == [was for was, _ in pairs]


def test_plain_spacy_reads_the_candidate_without_techner_and_empty_texts_too(extended: Path) -> None:
    texts = ["", *TEXTS[:40], ""]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(extended)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [[span.label for span in spans] for spans in predict(load_pipeline(extended), texts)]
    assert json.loads(done.stdout) == expected
    assert expected[0] == expected[-1] == []
    assert any(expected)


def test_calibration_moves_the_offset_and_an_offset_finds_more(extended: Path) -> None:
    nlp = load_pipeline(extended)
    assert offset_of(ner(nlp, NEW_NER)) > 0
    calibrated = sum(map(len, component_entities(nlp, NEW_NER, TEXTS)))
    set_offset(ner(nlp, NEW_NER), 0.0)
    assert sum(map(len, component_entities(nlp, NEW_NER, TEXTS))) < calibrated


def test_a_second_night_inherits_labels_and_weights(extended: Path, bert_base: Path, tmp_path: Path) -> None:
    text = "The board runs on a Zynq."
    corpus = replace(SMALL, train=(*SMALL.train, Example(text, (Span(20, 24, "CHIP"),))))
    policy = replace(POLICY, epochs=1, learning_rate=1e-6)
    made = make_candidate(extended, corpus, policy, tmp_path / "second", origin=bert_base)
    assert set(made.new_labels) == {*new_labels(load_pipeline(extended)), "CHIP"}
    first, second = (load_pipeline(folder) for folder in (extended, tmp_path / "second"))
    set_offset(ner(first, NEW_NER), 0.0)
    set_offset(ner(second, NEW_NER), 0.0)
    found, again = (component_entities(nlp, NEW_NER, TEXTS) for nlp in (first, second))
    same = sum(len(set(was) & set(now)) for was, now in zip(found, again, strict=True))
    assert same >= 0.95 * sum(map(len, found)) > 0


def test_the_same_inputs_and_seed_give_the_same_bytes(bert_base: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_candidate(bert_base, SMALL, replace(POLICY, epochs=1), tmp_path / name)
    for path in (tmp_path / "one").rglob("*"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.is_dir() or filecmp.cmp(path, other, shallow=False), path


def test_a_training_that_goes_on_from_a_checkpoint_gives_the_same_bytes(
    bert_base: Path, tmp_path: Path
) -> None:
    kept, policy = Kept(), replace(POLICY, epochs=3)
    made = make_candidate(bert_base, SMALL, policy, tmp_path / "one", checkpoints=kept)
    again = Kept(kept.states[0])
    assert make_candidate(bert_base, SMALL, policy, tmp_path / "two", checkpoints=again) == made
    assert again.states == kept.states[1:]
    for path in (tmp_path / "one").rglob("*"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.is_dir() or filecmp.cmp(path, other, shallow=False), path


@pytest.mark.parametrize(("kept_bytes", "times"), [(1 << 30, 1), (0, 2)])
def test_the_transformer_reads_a_text_once_as_far_as_memory_allows(
    extended: Path, kept_bytes: int, times: int
) -> None:
    nlp, texts = load_pipeline(extended), sorted(set(TEXTS))
    outputs = FrozenOutputs(nlp, "transformer", kept_bytes=kept_bytes)
    outputs.component = Counting(outputs.component)
    found = [component_entities(nlp, NEW_NER, texts, outputs) for _ in range(2)]
    assert outputs.component.read == times * len(texts)
    assert found[0] == found[1] == component_entities(nlp, NEW_NER, texts)


def test_outputs_are_on_the_texts_only_while_they_are_read(extended: Path) -> None:
    nlp = load_pipeline(extended)
    doc = nlp.make_doc(TEXTS[0])
    with FrozenOutputs(nlp, "transformer").on([doc]):
        assert doc._.trf_data is not None
    assert doc._.trf_data is None


def test_blend_is_refused_because_it_would_train_a_copy_of_the_transformer(
    bert_base: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="use the strategy extend"):
        make_candidate(bert_base, SMALL, replace(POLICY, strategy="blend"), tmp_path / "out")


def test_a_ner_with_a_transformer_of_its_own_is_refused(bert_base: Path, tmp_path: Path) -> None:
    nlp = load_pipeline(bert_base)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.to_disk(tmp_path / "alone")
    with pytest.raises(ModelError, match="holds weights of PyTorch"):
        make_candidate(tmp_path / "alone", SMALL, POLICY, tmp_path / "out")
